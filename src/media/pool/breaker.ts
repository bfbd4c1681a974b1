// A circuit breaker: a server that fails again and again is left alone for a while, then proved before it is used again.
// Pure; the time is passed in.
//
//   closed ─`failures` within `windowMs`▶ open ─openMs over▶ half-open ─proved▶ closed
//                                          ▲                     └─failed (twice as long) ┘

export interface BreakerSettings {
  failures: number;
  windowMs: number;
  /** The first time; doubled with each proof that fails, up to `longestOpenMs`. */
  openMs: number;
  longestOpenMs: number;
}

export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open';
  /** For how long it is to be left alone, when this opened it. */
  failed(nowMs: number): { openMs: number } | undefined;
  /** `openMs` are over: it may be proved. */
  halfOpen(): void;
  proved(): void;
}

export const breakerDefaults: BreakerSettings = { failures: 5, windowMs: 10_000, openMs: 2000, longestOpenMs: 60_000 };

export function createBreaker(settings: BreakerSettings): Breaker {
  let state: Breaker['state'] = 'closed';
  let failures: number[] = [];
  let openMs = settings.openMs;

  function open(): { openMs: number } {
    const forMs = openMs;
    state = 'open';
    failures = [];
    openMs = Math.min(openMs * 2, settings.longestOpenMs);
    return { openMs: forMs };
  }

  return {
    get state() {
      return state;
    },
    failed(nowMs) {
      if (state === 'open') return undefined;
      if (state === 'half-open') return open();
      failures = [...failures.filter((at) => at > nowMs - settings.windowMs), nowMs];
      return failures.length >= settings.failures ? open() : undefined;
    },
    halfOpen() {
      if (state === 'open') state = 'half-open';
    },
    proved() {
      state = 'closed';
      failures = [];
      openMs = settings.openMs;
    },
  };
}
