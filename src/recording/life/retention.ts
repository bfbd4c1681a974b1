// How long a recording is kept, by the company's rules. Pure. Holds are not looked at here.
//
// Of several rules that are for a recording the longest counts, unless the company says the shortest: a duty to keep outlives a
// wish to forget. What no rule is for is kept for the default, or, without one, for good.

import { isFor, type RecordingSubject, type Which } from '../which.ts';

export interface RetentionRules {
  /** For what no rule is for. Absent: for good. */
  days?: number;
  rules: readonly (Which & { days: number })[];
  ofSeveral: 'longest' | 'shortest';
}

const dayMs = 24 * 3_600_000;

/** In days after its end; `rule` is its place in the list, null for the default. Undefined: for good. */
export function retentionOf(
  { days, rules, ofSeveral }: RetentionRules,
  about: RecordingSubject,
): { days: number; rule: number | null } | undefined {
  const fitting = rules.flatMap((one, rule) =>
    isFor(one, about, { unknownClass: false }) ? [{ days: one.days, rule }] : [],
  );
  const [first, ...others] = fitting;
  if (!first) return days === undefined ? undefined : { days, rule: null };
  const outlives = (left: number, right: number) => (ofSeveral === 'longest' ? left > right : left < right);
  return others.reduce((found, one) => (outlives(one.days, found.days) ? one : found), first);
}

/** Epoch milliseconds from which on it is to be deleted; null: never by itself. */
export function keepUntil(rules: RetentionRules, about: RecordingSubject, endedAt: number | null): number | null {
  const found = retentionOf(rules, about);
  return found === undefined || endedAt === null ? null : endedAt + found.days * dayMs;
}

/** Nothing that ended after this can be due; undefined: nothing ever is. */
export function shortestRetentionMs({ days, rules }: RetentionRules): number | undefined {
  const all = [...(days === undefined ? [] : [days]), ...rules.map((rule) => rule.days)];
  return all.length === 0 ? undefined : Math.min(...all) * dayMs;
}
