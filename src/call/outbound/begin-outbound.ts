// What every call begins with that a desk makes: the agent is on it for the queues, and the own desk is rung first.

import type { Alias } from '../../privacy/vault.ts';
import type { Reason } from '../../routing/flow/flow.ts';
import { newId, type PersonId } from '../../shared/ids.ts';
import { type AgentParty, answeredAgent, type CallState, type Centre, isOver, newCall } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { tell } from '../parts.ts';
import { ringDesk } from '../queue/ring-desk.ts';
import { watchAgent } from '../talk/join.ts';

/** Undefined: the agent was reserved for another call in this very moment. */
export async function beginOutbound(
  centre: Centre,
  personId: PersonId,
  { presented, alias, reason }: { presented: string; alias: Alias | null; reason?: Reason | undefined },
): Promise<CallState | undefined> {
  const { parts, acd } = centre;
  const id = newId('call');
  if (!(await acd.apply({ kind: 'agentCallStarted', personId, callId: id }))) return undefined;
  const call = newCall({
    id,
    direction: 'outbound',
    startedAt: parts.clock.now(),
    companyNumber: presented,
    trunk: null,
    alias,
    log: parts.log.child({ callId: id }),
    phase: 'dialling',
  });
  call.reason = reason;
  call.alerting = { personId, since: call.startedAt, leg: undefined, withdrawn: call.over };
  centre.calls.set(id, call);
  tell(parts, {
    type: 'call-started',
    callId: id,
    direction: 'outbound',
    alias,
    companyNumber: presented,
    trunk: null,
    personId,
  });
  if (reason)
    tell(parts, { type: 'reason-set', callId: id, reason: reason.id, piiClass: reason.piiClass, by: 'agent' });
  call.log.info({ alias, personId }, 'outbound call started');
  centre.deskChanged(personId);
  return call;
}

/** Undefined: the desk did not answer, or the call is over; everything is told then. */
export async function ringOwnDesk(
  centre: Centre,
  call: CallState,
  personId: PersonId,
): Promise<AgentParty | undefined> {
  const { parts } = centre;
  const desk = await ringDesk(centre, call, {
    personId,
    ringTimeoutSeconds: parts.settings.deskAnswerSeconds,
    autoAnswer: 'outbound',
    signal: call.over.signal,
  });
  if (isOver(call)) {
    // Given up while the desk was being called: that is no fault of the desk.
    freeAgent(centre, call, personId, 'as-before');
    if (desk.kind === 'answered') await Promise.allSettled([desk.leg.end('cancelled'), desk.endpoint.close()]);
    return undefined;
  }
  if (desk.kind === 'not-answered') {
    freeAgent(centre, call, personId, 'not-ready');
    await endCall(centre, call, { cause: 'unreachable', side: 'agent' });
    return undefined;
  }
  const place = centre.acd.acd.agent(personId)?.place ?? 'unknown';
  const agent = answeredAgent(
    { leg: desk.leg, endpoint: desk.endpoint, personId, place, asCall: call.id },
    parts.clock.now(),
  );
  call.alerting = undefined;
  call.agent = agent;
  watchAgent(centre, call, agent);
  centre.deskChanged(personId);
  tell(parts, {
    type: 'agent-answered',
    callId: call.id,
    personId,
    legId: agent.leg.id,
    place: agent.place,
    ringMs: desk.ringMs,
  });
  return agent;
}

/** The desk never answered: the agent was on this call for the ACD, but had no part in it. */
function freeAgent(centre: Centre, call: CallState, personId: PersonId, state: 'not-ready' | 'as-before'): void {
  call.alerting = undefined;
  if (state === 'not-ready') void centre.acd.apply({ kind: 'agentNotReady', personId, because: 'no-softphone' });
  void centre.acd.apply({ kind: 'agentCallEnded', personId, callId: call.id, afterCallWorkSeconds: 0 });
  centre.deskChanged(personId);
}
