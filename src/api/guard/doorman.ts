// Made-up session cookies cost a question to the database each. After some of them an address has its unknown ones refused
// unasked, until a while has passed; who has come in before, or has just signed in, is asked about all the same. So a flood costs
// little, and honest people behind the address that it comes from notice it only when they come back after a restart.

import { createHash } from 'node:crypto';
import type { Identity } from '../../identity/identity.ts';
import { createTokenBuckets } from '../../sbc/guard/token-buckets.ts';
import type { Clock } from '../../shared/clock.ts';
import type { App } from '../server.ts';

/** Unknown ones of one address that are looked up: so many at once, and so many a second. */
const atOnce = 200;
const perSecond = 5;
const mostKnown = 20_000;

export interface Doorman {
  identity: Identity;
  /** Sees whom a session is given to. */
  watch(app: App): void;
}

export function createDoorman(identity: Identity, clock: Clock): Doorman {
  const unknown = createTokenBuckets({ perSecond, burst: atOnce });
  /** Short hashes: enough to tell tokens apart, nothing to sign in with. */
  const known = new Set<string>();
  const short = (token: string): string => createHash('sha256').update(token).digest('base64url').slice(0, 16);

  function remember(token: string): void {
    if (known.size >= mostKnown) known.delete(known.values().next().value!);
    known.add(short(token));
  }

  const bySessionToken: Identity['bySessionToken'] = async (token, address) => {
    const before = known.has(short(token));
    if (!before && address !== undefined && !unknown.take(address, clock.now())) return undefined;
    const found = await identity.bySessionToken(token, address);
    if (found && !before) remember(token);
    return found;
  };
  return {
    identity: { ...identity, bySessionToken },
    watch(app) {
      const given = new RegExp(`^${app.ownCookies.nameOf('session')}=([^;]+)`);
      app.addHook('onSend', async (_request, reply) => {
        for (const cookie of [reply.getHeader('set-cookie') ?? []].flat()) {
          const token = given.exec(String(cookie))?.[1];
          if (token) remember(token);
        }
      });
    },
  };
}
