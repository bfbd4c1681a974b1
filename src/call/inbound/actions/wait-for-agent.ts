// The flow sends the customer into a queue, and hears how that ended.

import { waitInQueue } from '../../queue/queueing.ts';
import { type ActionOf, type FlowStep, type StepResult, sayToSource } from '../flow-step.ts';

export async function waitForAgent(step: FlowStep, action: ActionOf<'queue'>): Promise<StepResult> {
  const { centre, call, run } = step;
  const how = await waitInQueue(centre, call, action, (say) => sayToSource(say, run.language));
  return how === 'timeout' ? { kind: 'timeout' } : 'left';
}
