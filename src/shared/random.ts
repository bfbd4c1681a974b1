// Randomness as a dependency, so that a test can print its seed and repeat itself.

import { randomInt } from 'node:crypto';

export interface Random {
  /** A float in [0, 1). */
  next(): number;
  /** An integer in [from, to). */
  integer(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
}

function fromNext(next: () => number): Random {
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from));
  return { next, integer, pick: (items) => items[integer(0, items.length)]! };
}

export const systemRandom: Random = fromNext(() => randomInt(0, 2 ** 47) / 2 ** 47);

/** mulberry32: small, repeatable, good enough for tests. Never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return fromNext(() => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  });
}
