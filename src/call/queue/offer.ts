// Carries out the ACD's offers: rings the agent's desk, joins who answers, reports who does not. With ring-all several desks are rung
// for one call, each with an offer of its own; the ACD says which answer was the first.

import { asError } from '../../shared/errors.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import { type Alerting, answeredAgent, type CallState, type Centre } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { agentDidNotAnswer } from '../ending/termination.ts';
import { queueSettings, tell } from '../parts.ts';
import { faultEndsCall, joinAgent, watchAgent } from '../talk/join.ts';
import { offerConsultation, withdrawConsultation } from '../transfer/consult.ts';
import { leaveQueue, tellAcd } from './queueing.ts';
import { confirmSecondsOf, type RingOutcome, ringDesk } from './ring-desk.ts';

/** `rule`: of the policy, which allows it. */
export function offerToAgent(
  centre: Centre,
  call: CallState,
  { asCall, personId, rule }: { asCall: CallId; personId: PersonId; rule: string },
): void {
  if (offerConsultation(centre, call, asCall, personId)) return;
  // It left the queue while the offer was on its way; the ACD hears of that next.
  if (call.phase !== 'queued') return;
  tell(centre.parts, { type: 'agent-reserved', callId: call.id, personId, queue: call.queue, rule });
  const alerting: Alerting = {
    personId,
    since: centre.parts.clock.now(),
    leg: undefined,
    withdrawn: new AbortController(),
  };
  call.rung.set(personId, alerting);
  centre.deskChanged(personId);
  void ringAgent(centre, call, alerting).catch((thrown: unknown) => {
    call.log.error({ err: asError(thrown), personId }, 'ringing the agent failed');
    notAnswered(centre, call, alerting, 'unreachable');
  });
}

/** The ACD takes an offer back (the caller left, or somebody else has it). */
export function withdrawOffer(centre: Centre, call: CallState, asCall: CallId, personId: PersonId): void {
  if (withdrawConsultation(centre, call, asCall, personId)) return;
  call.rung.get(personId)?.withdrawn.abort();
  if (call.rung.delete(personId)) centre.deskChanged(personId);
}

async function ringAgent(centre: Centre, call: CallState, alerting: Alerting): Promise<void> {
  const { parts, acd } = centre;
  const { personId } = alerting;
  const outcome = await ringDesk(centre, call, {
    personId,
    ringTimeoutSeconds: queueSettings(parts, call.queue)?.ringTimeoutSeconds ?? 20,
    signal: alerting.withdrawn.signal,
    onLeg(leg) {
      alerting.leg = leg;
      tell(parts, { type: 'agent-alerted', callId: call.id, personId, legId: leg.id });
      const moreSeconds = confirmSecondsOf(centre, personId);
      void acd.apply({ kind: 'alerting', callId: call.id, personId, ...(moreSeconds ? { moreSeconds } : {}) });
      centre.deskChanged(personId);
    },
  });
  if (call.rung.get(personId) !== alerting || call.phase !== 'queued') return discard(outcome);
  if (outcome.kind === 'not-answered') {
    return notAnswered(centre, call, alerting, agentDidNotAnswer(outcome.ended));
  }
  await answered(centre, call, alerting, outcome);
}

async function discard(outcome: RingOutcome): Promise<void> {
  if (outcome.kind === 'answered') await Promise.allSettled([outcome.leg.end('cancelled'), outcome.endpoint.close()]);
}

async function answered(
  centre: Centre,
  call: CallState,
  alerting: Alerting,
  outcome: Extract<RingOutcome, { kind: 'answered' }>,
): Promise<void> {
  const { parts, acd } = centre;
  const { personId } = alerting;
  const taken = await acd.apply({ kind: 'answered', callId: call.id, personId });
  if (call.rung.get(personId) !== alerting || call.phase !== 'queued' || !taken) {
    // The offer was taken back, somebody else was quicker, or the caller left, in the moment of the answer.
    if (call.rung.get(personId) === alerting) call.rung.delete(personId);
    if (taken) void acd.apply({ kind: 'agentCallEnded', callId: call.id, personId, afterCallWorkSeconds: 0 });
    if (taken) tellAcd(centre, call);
    centre.deskChanged(personId);
    return discard(outcome);
  }
  const place = acd.acd.agent(personId)?.place ?? 'unknown';
  leaveQueue(centre, call, 'answered');
  tell(parts, {
    type: 'agent-answered',
    callId: call.id,
    personId,
    legId: outcome.leg.id,
    place,
    ringMs: outcome.ringMs,
  });
  const agent = answeredAgent(
    { leg: outcome.leg, endpoint: outcome.endpoint, personId, place, asCall: call.id },
    parts.clock.now(),
  );
  // Together, so that the desk never shows that it has no call in between.
  call.agent = agent;
  call.rung.delete(personId);
  watchAgent(centre, call, agent);
  // Hung up while the answer was being agreed on.
  if (agent.leg.state === 'ended') return endCall(centre, call, { cause: 'normal', side: 'agent' });
  try {
    if (call.callbackOf) await centre.callbacks.answered(call, agent);
    else await joinAgent(centre, call, agent);
    centre.callbacks.talksWith(call);
    call.log.info({ personId, ringMs: outcome.ringMs }, 'agent answered');
    call.leaveQueue?.('connected');
  } catch (thrown) {
    faultEndsCall(centre, call, thrown);
  }
}

function notAnswered(
  centre: Centre,
  call: CallState,
  alerting: Alerting,
  because: 'timeout' | 'rejected' | 'unreachable',
): void {
  const { personId } = alerting;
  if (call.rung.get(personId) !== alerting) return;
  call.rung.delete(personId);
  tell(centre.parts, { type: 'agent-not-answered', callId: call.id, personId, because });
  call.log.info({ personId, because }, 'agent did not answer');
  void centre.acd.apply({ kind: 'notAnswered', callId: call.id, personId, because });
  centre.deskChanged(personId);
}
