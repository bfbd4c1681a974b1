// A clock that moves only when told. Timers fire in order of their deadline, at exactly that time.

import type { Clock, Timer } from '../../src/shared/clock.ts';

export interface FakeClock extends Clock {
  /** Moves on by `ms`, firing what comes due on the way. */
  advance(ms: number): void;
  readonly pending: number;
}

export function createFakeClock(startAt = 1_700_000_000_000): FakeClock {
  let now = startAt;
  let order = 0;
  const timers = new Set<{ at: number; order: number; run: () => void }>();

  function after(delayMs: number, run: () => void): Timer {
    const timer = { at: now + delayMs, order: order++, run };
    timers.add(timer);
    return { cancel: () => void timers.delete(timer) };
  }

  return {
    now: () => now,
    after,
    every(intervalMs, run) {
      let current: Timer;
      const again = () => {
        current = after(intervalMs, again);
        run();
      };
      current = after(intervalMs, again);
      return { cancel: () => current.cancel() };
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const due = [...timers]
          .filter((timer) => timer.at <= until)
          .sort((a, b) => a.at - b.at || a.order - b.order)[0];
        if (!due) break;
        timers.delete(due);
        now = due.at;
        due.run();
      }
      now = until;
    },
    get pending() {
      return timers.size;
    },
  };
}
