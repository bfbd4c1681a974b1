// Signing in with a password. Every refusal looks the same from outside, except that one may be told to wait.
// The log names a login only when somebody has it: what else is typed there may be a password or a telephone number.

import type { Clock } from '../shared/clock.ts';
import { newId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { LiveState } from '../store/live-state.ts';
import type { Person, Session } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Passwords } from './password.ts';
import type { Places } from './places.ts';
import { createThrottle, type Throttle, type ThrottleSettings } from './throttle.ts';
import { hashOfSecret, newSessionToken } from './tokens.ts';

export interface SignInRequest {
  login: string;
  password: string;
  address: string;
  userAgent: string;
}

export type SignInOutcome =
  /** `token` goes to the browser and is kept nowhere. */
  | { kind: 'signed-in'; token: string; session: Session; person: Person }
  | { kind: 'refused' }
  | { kind: 'throttled'; retryAfterSeconds: number };

const minute = 60_000;
// A household or an office shares an address, so it gets more tries than one login does.
const loginLimit = { freeFailures: 5, firstWaitMs: 2000, mostWaitMs: 5 * minute, forgetMs: 5 * minute };
const addressLimit = { freeFailures: 50, firstWaitMs: 2000, mostWaitMs: 5 * minute, forgetMs: minute / 3 };

export function createSignIn(needs: {
  clock: Clock;
  log: Logger;
  store: Store;
  passwords: Passwords;
  absoluteMs: number;
  overNodes?: Pick<LiveState, 'takeToken'>;
  places?: Pick<Places, 'at'>;
}): (request: SignInRequest) => Promise<SignInOutcome> {
  const { clock, store, passwords, absoluteMs, overNodes } = needs;
  const perLogin = createThrottle(loginLimit);
  const perAddress = createThrottle(addressLimit);

  /**
   * Failures on all nodes together: twice what is free on one, since a success takes none of them back. Beyond it, each node that
   * sees a failure refuses for a while by itself.
   */
  async function countOverNodes(throttle: Throttle, what: string, key: string, limit: ThrottleSettings): Promise<void> {
    if (!overNodes) return;
    const { freeFailures, forgetMs, mostWaitMs } = limit;
    const { allowed, retryAfterMs } = await overNodes.takeToken(
      `sign-in ${what} ${key}`,
      2 * freeFailures,
      freeFailures * forgetMs,
    );
    const now = clock.now();
    if (!allowed) throttle.refuse(key, now + Math.min(retryAfterMs, mostWaitMs), now);
  }

  async function refuse(request: SignInRequest, because: 'unknown' | 'password' | 'throttled' | 'disabled') {
    const login = because === 'unknown' || because === 'throttled' ? await nameOfKnown(request.login) : request.login;
    await store.events.append({ type: 'sign-in-failed', login, because });
  }

  async function nameOfKnown(login: string): Promise<string> {
    return (await store.people.byLogin(login)) ? login : '(unknown)';
  }

  async function open(person: Person, { address, userAgent }: SignInRequest): Promise<SignInOutcome> {
    const now = clock.now();
    const token = newSessionToken();
    const session: Session = {
      id: newId('session', now),
      personId: person.id,
      tokenHash: hashOfSecret(token),
      createdAt: now,
      seenAt: now,
      expiresAt: now + absoluteMs,
      address,
      userAgent: userAgent.slice(0, 256),
    };
    await store.sessions.create(session);
    const place = needs.places?.at(address, person) ?? 'unknown';
    await store.events.append({ type: 'signed-in', personId: person.id, sessionId: session.id, place });
    return { kind: 'signed-in', token, session, person };
  }

  return async (request) => {
    const login = request.login.toLowerCase();
    const now = clock.now();
    const waitMs = Math.max(perLogin.waitMs(login, now), perAddress.waitMs(request.address, now));
    if (waitMs > 0) {
      await refuse({ ...request, login }, 'throttled');
      return { kind: 'throttled', retryAfterSeconds: Math.ceil(waitMs / 1000) };
    }
    // Counted before the answer is known, so that many at once do not all get the same free tries.
    perLogin.failed(login, now);
    perAddress.failed(request.address, now);
    const person = await store.people.byLogin(login);
    const right = await passwords.verify(person?.passwordHash, request.password);
    if (!person || !right || person.disabled) {
      await Promise.all([
        countOverNodes(perLogin, 'login', login, loginLimit),
        countOverNodes(perAddress, 'address', request.address, addressLimit),
      ]);
      await refuse({ ...request, login }, !person ? 'unknown' : !right ? 'password' : 'disabled');
      return { kind: 'refused' };
    }
    perLogin.succeeded(login);
    perAddress.forgive(request.address);
    return open(person, request);
  };
}
