// The flow sends the customer into a queue, and hears how that ended.

import { waitInQueue } from '../../queue/wait-in-queue.ts';
import { type ActionOf, type FlowStep, type StepResult, sayToSource } from '../flow-step.ts';

export async function waitForAgent(step: FlowStep, action: ActionOf<'queue'>): Promise<StepResult> {
  const { centre, call, run, digits, place } = step;
  const ended = await waitInQueue(centre, call, {
    action,
    digits,
    language: run.language,
    source: (say) => sayToSource(say, run.language),
    earlier: await step.earlier,
    placeSince: place.since,
  });
  place.since ??= call.wishes?.place.placeSince ?? call.queuedAt;
  if (ended.kind === 'key') return { kind: 'digits', digits: ended.digits };
  if (ended.kind !== 'overflow') return 'left';
  return ended.cause === 'timeout' ? { kind: 'timeout' } : ended;
}
