// How fast a queue is served: the time between answers while callers wait, smoothed over about the last twenty. An answer that
// nobody waited for says nothing of it. Pure; plain data.

export interface Pace {
  /** Milliseconds between two answers; meaningless while `samples` is 0. */
  intervalMs: number;
  samples: number;
  /** The last answer, or when callers began to wait; null: nobody waits. */
  since: number | null;
}

export const noPace: Pace = { intervalMs: 0, samples: 0, since: null };

const smoothedOver = 20;
const fewest = 3;

/** `waiting`: callers for whom nobody is rung; `callers`: all who are not answered yet. */
export function paceAfter(
  before: Pace,
  now: { atMs: number; waiting: number; callers: number },
  answered: boolean,
): Pace {
  let { intervalMs, samples, since } = before;
  if (answered && since !== null) {
    samples = Math.min(samples + 1, smoothedOver);
    intervalMs += (now.atMs - since - intervalMs) / samples;
    since = now.atMs;
  }
  if (now.callers === 0) since = null;
  else if (now.waiting > 0) since ??= now.atMs;
  return { intervalMs, samples, since };
}

/** `position` is 1 for the next to be served. */
export function expectedWaitMs({ intervalMs, samples }: Pace, position: number): number | undefined {
  return samples < fewest ? undefined : Math.round(position * intervalMs);
}
