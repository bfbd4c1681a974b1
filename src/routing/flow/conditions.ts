// Whether a condition of a `when` node holds for this call. Pure. What is not known makes no condition hold.

import type { Operation } from '../policy/policy.ts';
import type { CallerFacts, Condition, Language } from './flow.ts';

export interface CallNow {
  caller: CallerFacts | undefined;
  language: Language;
  operation: Operation;
  reason: string | undefined;
  verified: ReadonlySet<string>;
  variable(name: string): string | undefined;
}

/** Each part that is given must hold; an empty condition always does. */
export function holds(condition: Condition, now: CallNow): boolean {
  return partsOf(condition, now).every(Boolean);
}

/** One part is enough: what `unless` asks. */
export function anyHolds(condition: Condition, now: CallNow): boolean {
  return partsOf(condition, now).some(Boolean);
}

function partsOf(condition: Condition, now: CallNow): boolean[] {
  const { caller } = now;
  const parts: boolean[] = [];
  const among = (list: readonly string[] | undefined, value: string | null | undefined) => {
    if (list) parts.push(value !== undefined && value !== null && list.includes(value));
  };
  among(condition.dialled, caller?.dialled);
  among(condition.trunk, caller?.trunk);
  among(condition.language, now.language);
  among(condition.operation, now.operation);
  among(condition.reason, now.reason);
  if (condition.withheld !== undefined) parts.push(caller !== undefined && caller.withheld === condition.withheld);
  if (condition.known !== undefined) parts.push(caller !== undefined && caller.known === condition.known);
  for (const factor of condition.verified ?? []) parts.push(now.verified.has(factor));
  for (const [name, values] of Object.entries(condition.variables ?? {})) among(values, now.variable(name));
  return parts;
}
