// Nonces that prove themselves (RFC 7616 §5.4): time, randomness and a keyed hash over both, so that nothing is stored when a
// challenge goes out. Only nonces that were used are remembered, with their highest count, until they expire.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../shared/clock.ts';
import type { Random } from '../../../shared/random.ts';

export interface NoncesOptions {
  clock: Clock;
  random: Random;
  /** At least 32 bytes; may be new at each start, then clients are asked once more. */
  secret: Buffer;
  lifetimeMs?: number;
  /** Used nonces remembered at most; the oldest go first. */
  maxUsed?: number;
}

export interface Nonces {
  issue(): string;
  /**
   * `stale`: ours, but expired or its count was seen before: challenge again with stale=true. `forged`: not ours.
   * Counts the use, so call it once per request, after the response was verified.
   */
  use(nonce: string, nc: string | undefined): 'ok' | 'stale' | 'forged';
}

const dataBytes = 12;
const macBytes = 15;

export function createNonces({ clock, random, secret, lifetimeMs = 300_000, maxUsed = 50_000 }: NoncesOptions): Nonces {
  const used = new Map<string, number>();

  function sign(data: Buffer): Buffer {
    return createHmac('sha256', secret).update(data).digest().subarray(0, macBytes);
  }

  function issuedAt(nonce: string): number | undefined {
    const bytes = Buffer.from(nonce, 'base64url');
    if (bytes.length !== dataBytes + macBytes) return undefined;
    const data = bytes.subarray(0, dataBytes);
    return timingSafeEqual(sign(data), bytes.subarray(dataBytes)) ? data.readUIntBE(0, 6) : undefined;
  }

  return {
    issue() {
      const data = Buffer.alloc(dataBytes);
      data.writeUIntBE(clock.now(), 0, 6);
      data.writeUIntBE(random.integer(0, 2 ** 47), 6, 6);
      return Buffer.concat([data, sign(data)]).toString('base64url');
    },
    use(nonce, nc) {
      const at = issuedAt(nonce);
      if (at === undefined) return 'forged';
      if (clock.now() - at > lifetimeMs || clock.now() < at) return 'stale';
      // Without qop there is no count; such a nonce serves once.
      const count = nc === undefined ? 1 : Number.parseInt(nc, 16);
      if (!(count > (used.get(nonce) ?? 0))) return 'stale';
      used.delete(nonce);
      used.set(nonce, nc === undefined ? Number.MAX_SAFE_INTEGER : count);
      if (used.size > maxUsed) used.delete(used.keys().next().value!);
      return 'ok';
    },
  };
}
