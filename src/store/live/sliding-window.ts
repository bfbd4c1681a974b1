// Counting uses of keys in the last so many milliseconds, on this node alone: what takeToken does in memory, and while the server
// is away. Keeps the times of the uses that count, and forgets the keys longest unused first.

export interface SlidingWindows {
  take(key: string, limit: number, windowMs: number, nowMs: number): { allowed: boolean; retryAfterMs: number };
}

const mostKeys = 20_000;

export function createSlidingWindows(): SlidingWindows {
  const uses = new Map<string, number[]>();
  return {
    take(key, limit, windowMs, nowMs) {
      const counted = (uses.get(key) ?? []).filter((at) => at > nowMs - windowMs);
      const allowed = counted.length < limit;
      if (allowed) counted.push(nowMs);
      uses.delete(key);
      uses.set(key, counted);
      if (uses.size > mostKeys) uses.delete(uses.keys().next().value!);
      return { allowed, retryAfterMs: allowed ? 0 : (counted[0] ?? nowMs) + windowMs - nowMs };
    },
  };
}
