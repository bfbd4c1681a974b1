// The session over which a desk was called is over: signed out, ended from elsewhere, its time is up. Its audio stops at once, on
// whichever node the call is, and no packet of it is listened to any more. The customer is not hung up on:
//
//   a colleague is asked and has answered   has the customer now
//   the person may come back                music; the desk that the person opens next goes on with the call (reattach.ts);
//                                           nobody within reattachSeconds: the front of the queue, or the end where there is none
//   nobody comes back (`mayReturn` false)   the front of the queue at once; where there is none, as above
//
// An own telephone needs no page: it goes only with the last session, and only when that was taken away.

import type { SessionEnd } from '../../identity/identity.ts';
import type { PersonId, SessionId } from '../../shared/ids.ts';
import { type AgentParty, agentPartyOf, type CallState, type Centre, isOver, ringingOf } from '../call-state.ts';
import { unattended } from '../parts.ts';
import { deviceOfParty } from '../queue/ring-desk.ts';
import { endMonitor } from '../supervise/monitor.ts';
import { agentMediaWentAway } from './reattach.ts';

export interface OverSession {
  id: SessionId;
  personId: PersonId;
}

/** Cuts audio now. */
export function cutSession(centre: Centre, { id, personId }: OverSession): void {
  for (const call of [...centre.calls.values()]) {
    if (isOver(call)) continue;
    const asked = call.consultation?.alerting;
    for (const { leg } of [...ringingOf(call), ...(asked ? [asked] : [])])
      if (leg?.sessionId === id) unattended(call.log, 'stop ringing a desk that is closed', leg.end('unreachable'));
    for (const monitor of call.monitors)
      if (monitor.party?.leg.sessionId === id) endMonitor(centre, call, monitor.personId, 'signed-out');
    const party = agentPartyOf(call, personId);
    if (party?.leg.sessionId === id) cutParty(centre, call, party);
  }
}

/** What becomes of the calls of somebody whose session is over; `left`: there is another session. */
export function settleSession(
  centre: Centre,
  { personId }: OverSession,
  { because, left }: { because: SessionEnd; left: boolean },
): void {
  if (because !== 'revoked' || left) return;
  // First the state afterwards: between the two nothing may be offered.
  void centre.acd.apply({ kind: 'agentSignedOut', personId });
  for (const call of [...centre.calls.values()]) {
    const party = isOver(call) ? undefined : agentPartyOf(call, personId);
    if (!party) continue;
    if (deviceOfParty(party) === 'telephone') cutParty(centre, call, party);
    // Where there is no queue to go back to, the customer is held for a while: perhaps somebody signs in again.
    if (call.agent !== party || call.queue || call.consultation?.state === 'answered')
      centre.agentGaveUp(call, personId);
  }
}

function cutParty(centre: Centre, call: CallState, party: AgentParty): void {
  const { personId, leg, endpoint } = party;
  call.log.info({ personId }, 'the session of this desk is over: its audio stops');
  party.attaching?.abort();
  agentMediaWentAway(centre, call, personId, { mayRing: false });
  unattended(call.log, 'end the leg of a closed desk', leg.end('forbidden'));
  unattended(call.log, 'free the media of a closed desk', endpoint.close());
}
