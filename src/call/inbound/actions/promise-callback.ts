// The caller has confirmed a number: the place in the queue is kept, and the caller may hang up.

import type { ActionOf, FlowStep, StepResult } from '../flow-step.ts';

export async function promiseCallback(step: FlowStep, action: ActionOf<'callback'>): Promise<StepResult> {
  const { centre, call, keyed, place } = step;
  const { vault, checkNumber, clock } = centre.parts;
  const alias = action.number === 'keyed' ? keyed.alias : call.alias;
  const number = alias === null ? undefined : await vault.recall(alias);
  if (alias === null || !number || checkNumber(number).kind !== 'allowed')
    return { kind: 'failed', because: 'not a number that may be called' };
  const { queue, priority, skills } = action;
  const waitingSince = place.since ?? clock.now();
  const kept = centre.callbacks.keep(call, { alias, queue, priority, skills, waitingSince });
  return kept ? { kind: 'done' } : { kind: 'failed', because: 'no call back' };
}
