// Digits that the company must have: sealed to its public key here (age), posted to its URL. What could not be delivered waits in
// the database as it was posted, and is tried again, by any node: nothing of ours can open it. No digit outlives `deliver`.

import { armor } from 'age-encryption';
import { createSealer, type Sealer } from '../../recording/sealing.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { SendGuarded } from '../../shared/http/guarded-request.ts';
import { type CallId, newId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { SealedPost, SealedPosts } from '../../store/verification.ts';
import type { DestinationSettings } from './verification-settings.ts';

export type Delivered =
  /** Taken; the company did not say that they are wrong. */
  | { kind: 'taken' }
  /** Taken, and the company says that they are wrong. */
  | { kind: 'wrong' }
  /** It waits, sealed, and is tried again. */
  | { kind: 'waits'; because: string }
  /** Nothing left this process. */
  | { kind: 'failed'; because: string };

export interface SealedDelivery {
  deliver(what: { destination: string; callId: CallId; factor: string; digits: string }): Promise<Delivered>;
  /** Tries again what waits; for tests and timers. */
  tryAgain(): Promise<void>;
  close(): void;
}

export interface SealedDeliveryNeeds {
  clock: Clock;
  log: Logger;
  posts: SealedPosts;
  /** Headers with their secrets filled in. */
  destinations: readonly DestinationSettings[];
  send: SendGuarded;
}

/** What was not delivered is tried again soon, then less and less often; the sweep finds what other nodes left. */
const againAfterMs = 3000;
const sweepEveryMs = 15_000;
const longestPauseMs = 15 * 60_000;
const perRound = 20;
const maxResponseBytes = 4096;
const plainBytes = 512;

export function createSealedDelivery({ clock, log, posts, destinations, send }: SealedDeliveryNeeds): SealedDelivery {
  const known = new Map<string, { settings: DestinationSettings; sealer: Sealer }>(
    destinations.map((settings) => [
      settings.name,
      { settings, sealer: createSealer(settings.recipients, `A recipient of the destination “${settings.name}”`) },
    ]),
  );

  /** Undefined: to be tried again. */
  async function post(
    { url, headers, timeoutSeconds }: DestinationSettings,
    { id, body }: Pick<SealedPost, 'id' | 'body'>,
  ): Promise<{ outcome: 'taken' | 'wrong' | 'refused' } | { because: string }> {
    const answer = await send({
      ...{ url, method: 'POST', body, timeoutMs: timeoutSeconds * 1000, maxResponseBytes },
      headers: { 'content-type': 'application/json', 'idempotency-key': id, ...headers },
    });
    if (answer.kind === 'failed') return { because: answer.because };
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408)
      return { because: String(answer.status) };
    if (answer.status < 200 || answer.status >= 300) return { outcome: 'refused' };
    return { outcome: saysWrong(answer.body) ? 'wrong' : 'taken' };
  }

  async function tryAgain(): Promise<void> {
    const leaseMs = 60_000;
    for (const waiting of await posts.take({ at: clock.now(), leaseMs, limit: perRound })) {
      const destination = known.get(waiting.destination)?.settings;
      const tooOld = !destination || clock.now() - waiting.createdAt > destination.keepHours * 3_600_000;
      const facts = { post: waiting.id, destination: waiting.destination, tries: waiting.tries };
      const how = tooOld ? { outcome: 'given up' as const } : await post(destination, waiting);
      if ('because' in how) {
        const pauseMs = Math.min(longestPauseMs, sweepEveryMs * 2 ** Math.min(waiting.tries - 2, 10));
        await posts.later(waiting.id, clock.now() + pauseMs);
        sweepAfter(pauseMs);
        continue;
      }
      await posts.remove(waiting.id);
      if (how.outcome === 'refused' || tooOld)
        log.error({ ...facts, outcome: how.outcome }, 'sealed digits are given up');
      else log.info(facts, 'sealed digits are delivered');
    }
  }

  const sweep = () => {
    tryAgain().catch((thrown: unknown) =>
      log.warn({ err: asError(thrown) }, 'sealed digits cannot be tried again now'),
    );
  };
  const timers = new Set<Timer>(known.size > 0 ? [clock.every(sweepEveryMs, sweep)] : []);

  function sweepAfter(delayMs: number): void {
    const timer = clock.after(delayMs, () => {
      timers.delete(timer);
      sweep();
    });
    timers.add(timer);
  }

  return {
    async deliver({ destination, callId, factor, digits }) {
      const to = known.get(destination);
      if (!to) return { kind: 'failed', because: 'no-such-destination' };
      const id = newId('sealedPost', clock.now());
      // Filled up with spaces: the length of what is sealed would tell how many digits there are.
      const plain = JSON.stringify({ callId, factor, digits }).padEnd(plainBytes);
      const sealed = await to.sealer.sealWhole(Buffer.from(plain));
      const body = JSON.stringify({ id, callId, factor, sealed: armor.encode(sealed) });
      const how = await post(to.settings, { id, body });
      if (!('because' in how))
        return how.outcome === 'refused' ? { kind: 'failed', because: 'refused' } : { kind: how.outcome };
      log.warn({ post: id, destination, callId, because: how.because }, 'sealed digits are not delivered yet');
      const now = clock.now();
      await posts.put({ id, destination, body, createdAt: now, tries: 1, nextAt: now + againAfterMs });
      sweepAfter(againAfterMs);
      return { kind: 'waits', because: how.because };
    },
    tryAgain,
    close() {
      for (const timer of timers) timer.cancel();
    },
  };
}

/** The company's answer may be `{"verified": false}`. Anything else: it has them. */
function saysWrong(body: Buffer): boolean {
  try {
    return (JSON.parse(body.toString('utf8')) as { verified?: unknown } | null)?.verified === false;
  } catch {
    return false;
  }
}
