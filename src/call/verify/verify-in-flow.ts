// The verify node of a flow: asks once; the flow itself asks again. Nobody is on the line but the customer.

import { type ActionOf, type FlowStep, type StepResult, sayToSource } from '../inbound/flow-step.ts';
import { askInSecret } from './ask.ts';
import type { Check } from './verification.ts';

export async function verifyInFlow(step: FlowStep, action: ActionOf<'verify'>): Promise<StepResult> {
  const { centre, call, run, digits } = step;
  const { factor, say, minDigits, maxDigits, terminator, timeoutSeconds } = action;
  const asked = await askInSecret(centre, call, digits, {
    ...{ factor, minDigits, maxDigits, terminator, timeoutSeconds },
    check: filled(action.check),
    say: sayToSource(say, run.language),
    over: false,
    by: null,
    signal: call.over.signal,
  });
  switch (asked.kind) {
    case 'aborted':
      return 'left';
    case 'verified':
    case 'timeout':
      return { kind: asked.kind };
    case 'wrong':
      return { kind: 'notVerified' };
    case 'locked':
      return { kind: 'notVerified', final: true };
    case 'not-checked':
      return { kind: 'failed', because: asked.because };
  }
}

function filled(check: ActionOf<'verify'>['check']): Check {
  return check.kind === 'lookup' ? { ...check, parameters: check.parameters.entries() } : check;
}
