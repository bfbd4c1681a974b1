// Asks a company service for the flow, while the caller hears nothing or what is still being said. The event says which service, and what
// kind of answer came; neither question nor answer.

import { tell } from '../../parts.ts';
import type { LookupOutcome } from '../../services/lookups.ts';
import type { ActionOf, FlowStep, StepResult } from '../flow-step.ts';

export async function lookUp(step: FlowStep, action: ActionOf<'lookup'>): Promise<StepResult> {
  const { centre, call } = step;
  const { lookups, clock, vault } = centre.parts;
  const startedAt = clock.now();
  const { service, parameters, callerNumber } = action;
  const number = callerNumber.length > 0 && call.alias ? await vault.recall(call.alias) : undefined;
  const outcome: LookupOutcome = lookups
    ? await lookups.ask({ service, parameters: parameters.entries(), callerNumber: { as: callerNumber, number } })
    : { kind: 'failed', because: 'no-such-service' };
  const because = outcome.kind === 'failed' ? { because: outcome.because } : {};
  const answered = outcome.kind === 'notFound' ? 'not-found' : outcome.kind;
  const tookMs = clock.now() - startedAt;
  tell(centre.parts, { type: 'lookup-made', callId: call.id, service, outcome: answered, tookMs, ...because });
  if (outcome.kind === 'failed') call.log.warn({ service, ...because, tookMs }, 'a lookup failed');
  return call.over.signal.aborted ? 'left' : outcome;
}
