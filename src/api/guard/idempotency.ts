// Idempotency-Key: a request that is sent again with the same key gets the first one's answer and does nothing more.
// Kept in memory for a day, per credential, at most `mostKept`: enough for a client that lost an answer, and no promise
// across a restart of this program.

import { createHash } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { HttpProblem } from '../errors.ts';

const keptMs = 24 * 3_600_000;
const mostKept = 10_000;

export interface Idempotency {
  /** Runs `work` once per key. The same key with another body is refused (422). A failure is not kept. */
  once<T>(request: { credential: string; key: string | undefined; body: unknown }, work: () => Promise<T>): Promise<T>;
}

export function createIdempotency(clock: Clock): Idempotency {
  const known = new Map<string, { bodyHash: string; answer: Promise<unknown>; at: number }>();

  return {
    once<T>(
      { credential, key, body }: { credential: string; key: string | undefined; body: unknown },
      work: () => Promise<T>,
    ) {
      if (key === undefined) return work();
      if (!/^[\x21-\x7e]{1,128}$/.test(key))
        throw new HttpProblem(400, 'An Idempotency-Key has 1 to 128 visible ASCII characters.');
      const name = `${credential} ${key}`;
      const bodyHash = createHash('sha256').update(JSON.stringify(body)).digest('base64');
      const before = known.get(name);
      if (before && clock.now() - before.at < keptMs) {
        if (before.bodyHash !== bodyHash)
          throw new HttpProblem(422, 'This Idempotency-Key was used for another request.');
        return before.answer as Promise<T>;
      }
      const answer = work();
      known.delete(name);
      known.set(name, { bodyHash, answer, at: clock.now() });
      if (known.size > mostKept) known.delete(known.keys().next().value!);
      answer.catch(() => known.delete(name));
      return answer;
    },
  };
}
