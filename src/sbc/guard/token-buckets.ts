// How much each source may ask: a bucket of tokens per key, filled at a rate. Bounded: the oldest key gives way, and begins anew.

export interface TokenBuckets {
  /** False: this one is too many. */
  take(key: string, nowMs: number): boolean;
  readonly size: number;
}

export function createTokenBuckets(limits: { perSecond: number; burst: number; maxKeys?: number }): TokenBuckets {
  const { perSecond, burst, maxKeys = 20_000 } = limits;
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(key, nowMs) {
      let bucket = buckets.get(key);
      if (!bucket) {
        if (buckets.size >= maxKeys) buckets.delete(buckets.keys().next().value!);
        bucket = { tokens: burst, at: nowMs };
        buckets.set(key, bucket);
      }
      bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.at) / 1000) * perSecond);
      bucket.at = nowMs;
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
    get size() {
      return buckets.size;
    },
  };
}
