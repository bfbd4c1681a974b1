// Values that must be unique or hard to guess: branch, tag, Call-ID, RSeq start (RFC 3261 §8.1.1, §19.3), and SIP's date.
// Randomness is passed in.

import type { Random } from '../../shared/random.ts';

export const branchCookie = 'z9hG4bK';

export function newBranch(random: Random): string {
  return branchCookie + letters(random) + letters(random);
}

export function newTag(random: Random): string {
  return letters(random);
}

export function newCallId(random: Random): string {
  return `${letters(random)}-${letters(random)}-${letters(random)}`;
}

/** Date in the one form that SIP allows: RFC 1123, GMT (RFC 3261 §20.17). */
export function sipDate(nowMs: number): string {
  return new Date(nowMs).toUTCString();
}

/** About 46 bits of randomness, in base 36. */
function letters(random: Random): string {
  return random.integer(36 ** 8, 36 ** 9).toString(36);
}
