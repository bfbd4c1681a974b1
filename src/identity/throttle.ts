// Slows guessing down (OWASP ASVS 5.0 §6.3.1). Failures are counted per key, a login or an address; beyond a free number
// each further one doubles the time in which that key is refused unheard. Old failures fade, one per `forgetMs`.
// Pure: time comes in. Keeps at most `mostKeys`, and forgets the longest unused first.

export interface ThrottleSettings {
  freeFailures: number;
  firstWaitMs: number;
  mostWaitMs: number;
  forgetMs: number;
  mostKeys?: number;
}

export interface Throttle {
  /** How long this key must wait; 0: go ahead. */
  waitMs(key: string, nowMs: number): number;
  failed(key: string, nowMs: number): void;
  /** Refused unheard until then, whatever was counted here. */
  refuse(key: string, untilMs: number, nowMs: number): void;
  /** Takes one failure back. */
  forgive(key: string): void;
  /** Takes all of them back. */
  succeeded(key: string): void;
}

interface Failures {
  count: number;
  lastAt: number;
  refusedUntil: number;
}

export function createThrottle(settings: ThrottleSettings): Throttle {
  const { freeFailures, firstWaitMs, mostWaitMs, forgetMs, mostKeys = 20_000 } = settings;
  const known = new Map<string, Failures>();

  function keep(key: string, failures: Failures): void {
    known.delete(key);
    known.set(key, failures);
    if (known.size > mostKeys) known.delete(known.keys().next().value!);
  }

  return {
    waitMs: (key, nowMs) => Math.max(0, (known.get(key)?.refusedUntil ?? 0) - nowMs),
    failed(key, nowMs) {
      const before = known.get(key);
      const faded = before ? Math.floor(Math.max(0, nowMs - before.lastAt) / forgetMs) : 0;
      const count = Math.max(0, (before?.count ?? 0) - faded) + 1;
      const over = count - freeFailures;
      const waitMs = over <= 0 ? 0 : Math.min(mostWaitMs, firstWaitMs * 2 ** Math.min(over - 1, 30));
      keep(key, { count, lastAt: nowMs, refusedUntil: nowMs + waitMs });
    },
    refuse(key, untilMs, nowMs) {
      const { count, lastAt, refusedUntil } = known.get(key) ?? { count: 0, lastAt: nowMs, refusedUntil: 0 };
      keep(key, { count, lastAt, refusedUntil: Math.max(refusedUntil, untilMs) });
    },
    forgive(key) {
      const failures = known.get(key);
      if (!failures) return;
      failures.count -= 1;
      if (failures.count <= freeFailures) failures.refusedUntil = 0;
      if (failures.count <= 0) known.delete(key);
    },
    succeeded: (key) => void known.delete(key),
  };
}
