// Rings one person's desk for a call that is under way, past the queues: for a consultation, a transfer to a person, a parked
// call. For the ACD the person is on this call from the moment of ringing, so that nothing else is offered; a desk that does
// not answer becomes not ready, as with an offer (RONA).
//
//   free ─claim▶ rung ─answered▶ in the call        claim fails: on another call, or reserved in this very moment
//                  └─not answered, withdrawn▶ free (not ready unless withdrawn)

import type { CallId, PersonId } from '../../shared/ids.ts';
import { type AgentParty, type Alerting, answeredAgent, type CallState, type Centre } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { agentDidNotAnswer } from '../ending/termination.ts';
import { tell } from '../parts.ts';
import { canBeRung, confirmSecondsOf, ringDesk } from '../queue/ring-desk.ts';

type Refused = Extract<CommandOutcome, { kind: 'conflict' }>;

export type Rung =
  | { kind: 'answered'; party: AgentParty; ringMs: number }
  | { kind: 'not-answered'; because: 'timeout' | 'rejected' | 'unreachable' | 'withdrawn' };

/**
 * Undefined: the person is this call's now. `inAnyState`: also somebody who is not ready (a supervisor, or the person asks
 * for it); is so again afterwards.
 */
export async function claim(
  centre: Centre,
  asCall: CallId,
  personId: PersonId,
  { inAnyState = false } = {},
): Promise<Refused | undefined> {
  const { acd } = centre;
  const agent = acd.acd.agent(personId);
  if (!agent || agent.state === 'offline') return { kind: 'conflict', because: 'This person is not at the desk.' };
  const free = agent.state === 'available' || (inAnyState && agent.callId === null);
  if (!free) return { kind: 'conflict', because: 'This person is not free at the moment.' };
  if (!canBeRung(centre, personId)) return { kind: 'conflict', because: 'This person is not at the desk.' };
  if (!(await acd.apply({ kind: 'agentCallStarted', personId, callId: asCall })))
    return { kind: 'conflict', because: 'This person is not free at the moment.' };
  if (agent.state === 'not-ready')
    void acd.apply({ kind: 'agentNotReady', personId, because: agent.because ?? 'break' });
  return undefined;
}

/** Gives somebody back who was claimed. */
export function release(centre: Centre, asCall: CallId, personId: PersonId, afterCallWorkSeconds = 0): void {
  void centre.acd.apply({ kind: 'agentCallEnded', personId, callId: asCall, afterCallWorkSeconds });
  centre.deskChanged(personId);
}

/**
 * Rings somebody who was claimed; `alerting` is what the desk shows meanwhile. Not answered: given back here. `offeredByAcd`:
 * the ACD has reserved the person for this call, and is to be told by the caller what came of it.
 */
export async function ringColleague(
  centre: Centre,
  call: CallState,
  alerting: Alerting,
  ring: { asCall: CallId; ringTimeoutSeconds: number; answersByItself?: boolean; offeredByAcd?: boolean },
): Promise<Rung> {
  const { parts, acd } = centre;
  const { personId } = alerting;
  const outcome = await ringDesk(centre, call, {
    personId,
    ringTimeoutSeconds: ring.ringTimeoutSeconds,
    signal: AbortSignal.any([call.over.signal, alerting.withdrawn.signal]),
    ...(ring.answersByItself ? { autoAnswer: 'outbound' as const } : {}),
    onLeg(leg) {
      alerting.leg = leg;
      tell(parts, { type: 'agent-alerted', callId: call.id, personId, legId: leg.id });
      const moreSeconds = confirmSecondsOf(centre, personId);
      if (ring.offeredByAcd) void acd.apply({ kind: 'alerting', callId: ring.asCall, personId, moreSeconds });
      centre.deskChanged(personId);
    },
  });
  const withdrawn = call.over.signal.aborted || alerting.withdrawn.signal.aborted;
  if (outcome.kind === 'answered' && !withdrawn) {
    const place = acd.acd.agent(personId)?.place ?? 'unknown';
    const { leg, endpoint, ringMs } = outcome;
    return {
      kind: 'answered',
      ringMs,
      party: answeredAgent({ leg, endpoint, personId, place, asCall: ring.asCall }, parts.clock.now()),
    };
  }
  if (outcome.kind === 'answered') await Promise.allSettled([outcome.leg.end('cancelled'), outcome.endpoint.close()]);
  const because = outcome.kind === 'answered' || withdrawn ? ('withdrawn' as const) : agentDidNotAnswer(outcome.ended);
  if (because !== 'withdrawn') tell(parts, { type: 'agent-not-answered', callId: call.id, personId, because });
  if (ring.offeredByAcd) return { kind: 'not-answered', because };
  if (because !== 'withdrawn') {
    const why = { timeout: 'no-answer', rejected: 'rejected', unreachable: 'no-softphone' } as const;
    void acd.apply({ kind: 'agentNotReady', personId, because: why[because] });
  }
  release(centre, ring.asCall, personId);
  return { kind: 'not-answered', because };
}
