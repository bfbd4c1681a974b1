// What became of every message that arrived: understood, answered by this layer itself, or dropped, each with its reason.
// `received` is the sum of the three; a test holds us to that.

export type Outcome = `understood-${string}` | `answered-${string}` | `dropped-${string}`;

export interface Counters {
  readonly values: Record<string, number>;
  /** One message came in. */
  received(): void;
  /** What became of it; exactly once per message. */
  outcome(what: Outcome): void;
  /** Anything else worth counting. */
  count(what: string): void;
}

export function createCounters(): Counters {
  const values: Record<string, number> = { received: 0 };
  const count = (what: string) => {
    values[what] = (values[what] ?? 0) + 1;
  };
  return { values, received: () => count('received'), outcome: count, count };
}
