// Park: the customer waits with music at a numbered slot that is said aloud in the room ("a call for you at 3"), and whoever the
// policy allows takes it. Nobody does in time: it comes back to whoever parked it, then to its queue, before all others.
//
//   talking ─park▶ parked ─retrieve, answered▶ talking
//                    └─time is over▶ directed (the parker) ─▶ queued

import type { PersonId } from '../../shared/ids.ts';
import { type Alerting, type CallState, type Centre, isOver } from '../call-state.ts';
import type { CommandOutcome, ParkedView } from '../desk.ts';
import { endCall } from '../ending/end-call.ts';
import { tell, unattended } from '../parts.ts';
import { agentLeaves } from '../talk/agent-leaves.ts';
import { audioFollows } from '../talk/arrange-audio.ts';
import { faultEndsCall, joinAgent, resumeCustomer, watchAgent } from '../talk/join.ts';
import { direct } from './direct.ts';
import { dismiss } from './end-of-party.ts';
import { whyNotTake } from './may-take.ts';
import { giveUpSlot } from './park-slots.ts';
import { consultationEnds } from './party-leaves.ts';
import { claim, release, ringColleague } from './ring-colleague.ts';

const deskSeconds = 10;

export async function park(centre: Centre, call: CallState): Promise<CommandOutcome> {
  const { parts } = centre;
  const { agent } = call;
  const isConnected = () => call.phase === 'talking' && call.agent === agent && call.customer;
  const notConnected: CommandOutcome = { kind: 'conflict', because: 'Nobody is connected to this call.' };
  if (!agent || !isConnected()) return notConnected;
  const slot = await centre.parkSlots.take(call.id);
  if (!slot) return { kind: 'conflict', because: 'All park slots are taken.' };
  if (!isConnected()) {
    centre.parkSlots.free(slot);
    return notConnected;
  }
  const { personId } = agent;
  consultationEnds(centre, call, 'parked');
  resumeCustomer(centre, call);
  tell(parts, { type: 'call-parked', callId: call.id, personId, slot });
  call.log.info({ slot, personId }, 'parked');
  agentLeaves(centre, call, { afterCallWork: 'none' });
  call.phase = 'parked';
  const timer = parts.clock.after(parts.settings.parkSeconds * 1000, () => comeBack(centre, call));
  call.parked = { slot, since: parts.clock.now(), by: personId, timer };
  audioFollows(centre, call);
  dismiss(call, agent);
  centre.callChanged(call);
  return { kind: 'ok' };
}

function comeBack(centre: Centre, call: CallState): void {
  const { parked } = call;
  // Somebody is about to take it.
  if (!parked || call.phase !== 'parked' || call.alerting) return;
  leaveSlot(centre, call, null);
  direct(centre, call, { others: [parked.by] });
}

function leaveSlot(centre: Centre, call: CallState, personId: PersonId | null): void {
  const { parked } = call;
  if (!parked) return;
  giveUpSlot(centre, call);
  const { clock } = centre.parts;
  tell(centre.parts, {
    type: 'call-unparked',
    callId: call.id,
    slot: parked.slot,
    by: personId,
    parkedMs: clock.now() - parked.since,
  });
  centre.callChanged(call);
}

/** The desk of who takes it is rung, and answers by itself. */
export async function retrieve(centre: Centre, call: CallState, personId: PersonId): Promise<CommandOutcome> {
  const notThere: CommandOutcome = { kind: 'conflict', because: 'This call is not parked any more.' };
  if (call.phase !== 'parked' || call.alerting) return notThere;
  const refused =
    (await whyNotTake(centre, call, personId)) ?? (await claim(centre, call.id, personId, { inAnyState: true }));
  if (refused) return refused;
  if (call.phase !== 'parked' || call.alerting) {
    release(centre, call.id, personId);
    return notThere;
  }
  const alerting: Alerting = {
    personId,
    since: centre.parts.clock.now(),
    leg: undefined,
    withdrawn: new AbortController(),
  };
  call.alerting = alerting;
  centre.deskChanged(personId);
  void take(centre, call, alerting).catch((thrown: unknown) => faultEndsCall(centre, call, thrown));
  return { kind: 'ok' };
}

async function take(centre: Centre, call: CallState, alerting: Alerting): Promise<void> {
  const { parts } = centre;
  const { personId } = alerting;
  const rung = await ringColleague(centre, call, alerting, {
    asCall: call.id,
    ringTimeoutSeconds: deskSeconds,
    answersByItself: true,
  });
  if (call.alerting === alerting) call.alerting = undefined;
  if (rung.kind === 'not-answered') {
    const left = call.parked && call.parked.since + parts.settings.parkSeconds * 1000 - parts.clock.now();
    if (left !== undefined && left <= 0) comeBack(centre, call);
    return;
  }
  const { party, ringMs } = rung;
  if (isOver(call) || call.phase !== 'parked') {
    dismiss(call, party, 'cancelled');
    return release(centre, call.id, personId);
  }
  leaveSlot(centre, call, personId);
  const { leg, place } = party;
  tell(parts, { type: 'agent-answered', callId: call.id, personId, legId: leg.id, place, ringMs });
  call.agent = party;
  watchAgent(centre, call, party);
  if (leg.state === 'ended') unattended(call.log, 'end', endCall(centre, call, { cause: 'normal', side: 'agent' }));
  else await joinAgent(centre, call, party);
}

export function parkedView(call: CallState): ParkedView | undefined {
  if (!call.parked) return undefined;
  const { slot, since, by } = call.parked;
  const reason = call.reason?.id ?? null;
  return { callId: call.id, slot, since, by, alias: call.alias, reason, queue: call.queue };
}
