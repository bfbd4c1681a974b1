// Classes of personal information, and who may handle which.
// What is not known counts as the strictest class (ARCHITECTURE.md).

import type { PiiClass } from '../shared/events.ts';

export type { PiiClass } from '../shared/events.ts';

const rank: Record<PiiClass, number> = { none: 0, personal: 1, sensitive: 2 };

/** True if a person cleared up to `clearance` may handle a call of class `needed`; an unknown class needs `sensitive`. */
export function mayHandle(clearance: PiiClass | undefined, needed: PiiClass | undefined): boolean {
  return rank[clearance ?? 'none'] >= rank[needed ?? 'sensitive'];
}
