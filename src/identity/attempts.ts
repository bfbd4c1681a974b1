// Tries to prove who one is, by whatever means: counted for the account and for the address that they come from, on all nodes
// together, and slowed down when too many fail (OWASP ASVS 5.0 §6.3.1). Nothing is ever locked for good.
//
// A household or an office shares an address, so it gets more tries than one account does.

import type { Clock } from '../shared/clock.ts';
import type { LiveState } from '../store/live-state.ts';
import { createThrottle, type Throttle, type ThrottleSettings } from './throttle.ts';

export type OverNodes = Pick<LiveState, 'takeToken'>;

export type Proof<T> = { kind: 'right'; value: T } | { kind: 'wrong' } | Throttled;
export type Throttled = { kind: 'throttled'; retryAfterSeconds: number };

export interface Attempts {
  /** `check` gives undefined when what was given is wrong; it is not called while one must wait. */
  attempt<T>(who: { account?: string; address: string }, check: () => Promise<T | undefined>): Promise<Proof<T>>;
}

const minute = 60_000;
const accountLimit = { freeFailures: 5, firstWaitMs: 2000, mostWaitMs: 5 * minute, forgetMs: 5 * minute };
const addressLimit = { freeFailures: 50, firstWaitMs: 2000, mostWaitMs: 5 * minute, forgetMs: minute / 3 };

/** `what` tells the tries of one kind from those of another: somebody who guesses at the sign-in must not lock the step-up. */
export function createAttempts(needs: { clock: Clock; what: string; overNodes?: OverNodes | undefined }): Attempts {
  const { clock, what, overNodes } = needs;
  const perAccount = createThrottle(accountLimit);
  const perAddress = createThrottle(addressLimit);

  /**
   * Failures on all nodes together: twice what is free on one, since a success takes none of them back. Beyond it, each node that
   * sees a failure refuses for a while by itself.
   */
  async function countOverNodes(throttle: Throttle, of: string, key: string, limit: ThrottleSettings): Promise<void> {
    if (!overNodes) return;
    const { freeFailures, forgetMs, mostWaitMs } = limit;
    const { allowed, retryAfterMs } = await overNodes.takeToken(
      `${what} ${of} ${key}`,
      2 * freeFailures,
      freeFailures * forgetMs,
    );
    const now = clock.now();
    if (!allowed) throttle.refuse(key, now + Math.min(retryAfterMs, mostWaitMs), now);
  }

  return {
    async attempt({ account, address }, check) {
      const now = clock.now();
      const accountWaitMs = account === undefined ? 0 : perAccount.waitMs(account, now);
      const waitMs = Math.max(accountWaitMs, perAddress.waitMs(address, now));
      if (waitMs > 0) return { kind: 'throttled', retryAfterSeconds: Math.ceil(waitMs / 1000) };
      // Counted before the answer is known, so that many at once do not all get the same free tries.
      if (account !== undefined) perAccount.failed(account, now);
      perAddress.failed(address, now);
      const value = await check().catch((thrown) => {
        // It was not heard: that says nothing about who tried.
        if (account !== undefined) perAccount.forgive(account);
        perAddress.forgive(address);
        throw thrown;
      });
      if (value === undefined) {
        await Promise.all([
          account === undefined ? undefined : countOverNodes(perAccount, 'account', account, accountLimit),
          countOverNodes(perAddress, 'address', address, addressLimit),
        ]);
        return { kind: 'wrong' };
      }
      if (account !== undefined) perAccount.succeeded(account);
      perAddress.forgive(address);
      return { kind: 'right', value };
    },
  };
}
