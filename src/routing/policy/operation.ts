// Which mode of operation is in force: what somebody has switched to goes before the schedule of the rules, until it is taken
// back or its time is over. Pure.

import type { CompiledPolicy } from './compile-policy.ts';
import type { Operation } from './policy.ts';

/** Switched by hand. `untilMs` null: until somebody switches again. */
export interface OperationByHand {
  operation: Operation;
  untilMs: number | null;
}

export interface OperationNow {
  operation: Operation;
  by: 'hand' | 'schedule';
  /** When it may be another by itself; null: not foreseen. */
  untilMs: number | null;
}

export function operationAt(
  byHand: OperationByHand | null,
  policy: Pick<CompiledPolicy, 'plannedOperation'>,
  atMs: number,
): OperationNow {
  if (byHand && (byHand.untilMs === null || atMs < byHand.untilMs)) return { ...byHand, by: 'hand' };
  return { ...policy.plannedOperation(atMs), by: 'schedule' };
}
