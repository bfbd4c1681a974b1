// The clock as a dependency.
// Production uses `systemClock`; tests use test/support/fake-clock.ts. Timers made here never keep the process alive.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls `run` once after `delayMs`, unless cancelled. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` every `intervalMs`, until cancelled. */
  every(intervalMs: number, run: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(intervalMs, run) {
    const handle = setInterval(run, intervalMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};
