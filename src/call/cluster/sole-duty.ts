// What only one node may do at a time: a lease that is taken when it is free, renewed, and taken by another node when this one
// stops renewing it. While the live state is away it stays with whoever had it.

import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Lease, LiveState } from '../../store/live-state.ts';

export interface SoleDuty {
  readonly mine: boolean;
  /** Gives it up, so that another node has it at once. */
  close(): Promise<void>;
}

const ttlMs = 9_000;
const tryEveryMs = 2_000;

export function createSoleDuty(needs: { live: LiveState; clock: Clock; log: Logger; name: string }): SoleDuty {
  const { live, clock, log, name } = needs;
  let lease: Lease | undefined;
  let busy = false;
  let closed = false;

  async function look(): Promise<void> {
    if (busy || closed) return;
    busy = true;
    try {
      const held = lease;
      if (held) lease = (await held.renew()) ? held : undefined;
      else lease = await live.acquireLease(name, ttlMs);
      if (held !== lease) log.info({ duty: name, mine: lease !== undefined }, 'a duty of one node');
    } catch (thrown) {
      log.debug({ err: asError(thrown), duty: name }, 'the live state does not say whose duty it is');
    } finally {
      busy = false;
    }
  }

  const timer = clock.every(tryEveryMs, () => void look());
  void look();
  return {
    get mine() {
      return lease !== undefined;
    },
    async close() {
      closed = true;
      timer.cancel();
      await lease?.release().catch(() => undefined);
    },
  };
}
