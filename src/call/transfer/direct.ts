// A call goes to one person's desk, past the queues: a blind transfer to a person, a parked call that comes back. The customer
// hears music; nobody there, and the call goes to whom it came from, then to its queue, before all others.
//
//   directed ─answered▶ talking
//      └─ no answer, refused, not free ─▶ directed to the next one ─▶ queued, or ended when there is no queue

import type { PersonId } from '../../shared/ids.ts';
import type { Alerting, CallState, Centre } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { tell } from '../parts.ts';
import { enterQueue } from '../queue/queueing.ts';
import { audioFollows } from '../talk/arrange-audio.ts';
import { faultEndsCall, joinAgent, watchAgent } from '../talk/join.ts';
import { dismiss } from './end-of-party.ts';
import { whyNotTake } from './may-take.ts';
import { claim, release, ringColleague } from './ring-colleague.ts';

const returnPriority = 100;
const ringSeconds = 20;

/** `claimed`: this person is the call's already. `others` are asked after the first, in this order. */
export function direct(
  centre: Centre,
  call: CallState,
  { claimed, others }: { claimed?: PersonId; others: readonly PersonId[] },
): void {
  call.phase = 'directed';
  audioFollows(centre, call);
  void go(centre, call, claimed, others).catch((thrown: unknown) => faultEndsCall(centre, call, thrown));
}

async function go(
  centre: Centre,
  call: CallState,
  claimed: PersonId | undefined,
  others: readonly PersonId[],
): Promise<void> {
  if (claimed && (await ring(centre, call, claimed))) return;
  for (const personId of others) {
    if (isOver(call)) return;
    if (await whyNotTake(centre, call, personId)) continue;
    if (isOver(call) || (await claim(centre, call.id, personId, { inAnyState: true }))) continue;
    if (await ring(centre, call, personId)) return;
  }
  if (isOver(call)) return;
  if (!call.queue) return endCall(centre, call, { cause: 'no-answer', side: 'agent' });
  enterQueue(centre, call, { queue: call.queue, priority: returnPriority });
  audioFollows(centre, call);
}

/** True when the call needs nobody else: answered, or over. */
async function ring(centre: Centre, call: CallState, personId: PersonId): Promise<boolean> {
  const { parts } = centre;
  if (isOver(call)) {
    release(centre, call.id, personId);
    return true;
  }
  const alerting: Alerting = {
    personId,
    since: parts.clock.now(),
    leg: undefined,
    withdrawn: new AbortController(),
  };
  call.alerting = alerting;
  centre.deskChanged(personId);
  const rung = await ringColleague(centre, call, alerting, {
    asCall: call.id,
    ringTimeoutSeconds: ringSeconds,
  });
  if (call.alerting === alerting) call.alerting = undefined;
  if (rung.kind === 'not-answered') return isOver(call);
  const { party, ringMs } = rung;
  if (isOver(call)) {
    dismiss(call, party, 'cancelled');
    release(centre, call.id, personId);
    return true;
  }
  const { leg, place } = party;
  tell(parts, { type: 'agent-answered', callId: call.id, personId, legId: leg.id, place, ringMs });
  call.agent = party;
  watchAgent(centre, call, party);
  if (leg.state === 'ended') await endCall(centre, call, { cause: 'normal', side: 'agent' });
  else await joinAgent(centre, call, party);
  return true;
}
