// The one 20 ms clock of an engine. It does not drift: tick n is due at start + n × 20 ms, however late tick n−1 ran.
// After a stall it catches up at once, but only by `maxCatchUp` ticks; what is beyond that is skipped, because a far end
// would rather hear a gap than a burst.

const tickMs = 20;
const maxCatchUp = 10;

export interface Ticker {
  /** Worst lateness since the last call. */
  takeWorstDelayMs(): number;
  stop(): void;
}

export function startTicker(onTick: (tick: number, nowMs: number) => void): Ticker {
  const startedAt = performance.now();
  let tick = 0;
  let worst = 0;
  let timer: NodeJS.Timeout;

  function run(): void {
    const now = performance.now();
    const due = Math.floor((now - startedAt) / tickMs);
    worst = Math.max(worst, now - (startedAt + (tick + 1) * tickMs));
    if (due - tick > maxCatchUp) tick = due - maxCatchUp;
    while (tick < due) {
      tick++;
      onTick(tick, now);
    }
    const wait = startedAt + (tick + 1) * tickMs - performance.now();
    // Timers cut fractions off, and a timer that is early means another.
    timer = setTimeout(run, Math.max(0, Math.ceil(wait)));
  }

  timer = setTimeout(run, tickMs);
  return {
    takeWorstDelayMs() {
      const value = worst;
      worst = 0;
      return value;
    },
    stop: () => clearTimeout(timer),
  };
}
