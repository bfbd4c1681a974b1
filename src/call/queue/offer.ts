// Carries out the ACD's offer: rings the agent's desk, joins who answers, reports who does not.

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

export function offerToAgent(centre: Centre, call: CallState, asCall: CallId, personId: PersonId): void {
  if (offerConsultation(centre, call, asCall, personId)) return;
  // It left the queue while the offer was on its way; the ACD hears of that next.
  if (call.phase !== 'queued') return;
  tell(centre.parts, { type: 'agent-reserved', callId: call.id, personId, queue: call.queue });
  const alerting: Alerting = {
    personId,
    since: centre.parts.clock.now(),
    leg: undefined,
    withdrawn: new AbortController(),
  };
  call.alerting = alerting;
  centre.deskChanged(personId);
  void ringAgent(centre, call, alerting).catch((thrown: unknown) => {
    call.log.error({ err: asError(thrown), personId }, 'ringing the agent failed');
    notAnswered(centre, call, alerting, 'unreachable');
  });
}

/** The ACD takes an offer back (the caller left, or somebody else has it). */
export function withdrawOffer(centre: Centre, call: CallState, asCall: CallId, personId: PersonId): void {
  if (withdrawConsultation(centre, call, asCall, personId) || call.alerting?.personId !== personId) return;
  call.alerting.withdrawn.abort();
  call.alerting = undefined;
  centre.deskChanged(personId);
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
  if (call.alerting !== alerting || call.phase !== 'queued') return discard(outcome);
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
  if (call.alerting !== alerting || call.phase !== 'queued' || !taken) {
    // The offer was taken back, or the caller left, in the moment of the answer.
    if (call.alerting === alerting) call.alerting = undefined;
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
  call.alerting = undefined;
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
  if (call.alerting !== alerting) return;
  call.alerting = undefined;
  tell(centre.parts, { type: 'agent-not-answered', callId: call.id, personId: alerting.personId, because });
  call.log.info({ personId: alerting.personId, because }, 'agent did not answer');
  void centre.acd.apply({ kind: 'notAnswered', callId: call.id, personId: alerting.personId, because });
  centre.deskChanged(alerting.personId);
}
