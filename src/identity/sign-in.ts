// Signing in with a password, and how a session begins. Every refusal looks the same from outside, except that one may be told
// to wait. The log names a login only when somebody has it: what else is typed there may be a password or a telephone number.

import type { Clock } from '../shared/clock.ts';
import { newId } from '../shared/ids.ts';
import type { Person, SecondFactor, Session } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { type Attempts, createAttempts, type OverNodes, type Throttled } from './attempts.ts';
import type { NextStep, SecondFactors } from './factors/second-factors.ts';
import type { HalfOpenSignIns } from './half-open.ts';
import type { Passwords } from './password.ts';
import type { Places } from './places.ts';
import { hashOfSecret, newSessionToken } from './tokens.ts';

export interface SignInRequest extends From {
  login: string;
  password: string;
}

/** Where somebody signs in from. */
export interface From {
  address: string;
  userAgent: string;
}

/** `token` goes to the browser and is kept nowhere. */
export type SignedInOutcome = { kind: 'signed-in'; token: string; session: Session; person: Person };

export type SignInOutcome =
  | SignedInOutcome
  /** The password is right, and a second factor comes next. `token` opens nothing but that (half-open.ts). */
  | { kind: 'half-open'; token: string; expiresAt: number; next: Exclude<NextStep, 'ask'>; person: Person }
  /** The password is right, a second factor is needed, and the time for adding the first one is over. */
  | { kind: 'first-factor-over'; person: Person }
  | { kind: 'refused' }
  | Throttled;

export interface SignIn {
  withPassword(request: SignInRequest): Promise<SignInOutcome>;
  /** A session for who has proven to be this person. With a second factor it counts as stepped up. */
  open(person: Person, from: From & { secondFactor?: SecondFactor }): Promise<SignedInOutcome>;
}

export function createSignIn(needs: {
  clock: Clock;
  store: Store;
  passwords: Passwords;
  absoluteMs: number;
  overNodes?: OverNodes;
  places?: Pick<Places, 'at'>;
  attempts?: Attempts;
  factors?: Pick<SecondFactors, 'nextStep'>;
  halfOpen?: HalfOpenSignIns;
}): SignIn {
  const { clock, store, passwords, absoluteMs, overNodes } = needs;
  const { attempt } = needs.attempts ?? createAttempts({ clock, what: 'sign-in', overNodes });

  async function refuse(login: string, because: 'unknown' | 'password' | 'throttled' | 'disabled') {
    const known = because === 'password' || because === 'disabled' || (await store.people.byLogin(login)) !== undefined;
    await store.events.append({ type: 'sign-in-failed', login: known ? login : '(unknown)', because });
  }

  async function open(person: Person, { address, userAgent, secondFactor }: From & { secondFactor?: SecondFactor }) {
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
      ...(secondFactor ? { secondFactor, steppedUpAt: now } : {}),
    };
    await store.sessions.create(session);
    const place = needs.places?.at(address, person) ?? 'unknown';
    await store.events.append({ type: 'signed-in', personId: person.id, sessionId: session.id, place });
    return { kind: 'signed-in' as const, token, session, person };
  }

  async function halfOpen(person: Person, address: string): Promise<SignInOutcome | undefined> {
    const next = await needs.factors?.nextStep(person, address);
    if (!next || !needs.halfOpen) return undefined;
    if (next === 'ask') return { kind: 'first-factor-over', person };
    return { kind: 'half-open', ...(await needs.halfOpen.begin(person)), next, person };
  }

  return {
    async withPassword(request) {
      const login = request.login.toLowerCase();
      let because: 'unknown' | 'password' | 'disabled' = 'unknown';
      const proof = await attempt({ account: login, address: request.address }, async () => {
        const person = await store.people.byLogin(login);
        const right = await passwords.verify(person?.passwordHash, request.password);
        because = !person ? 'unknown' : !right ? 'password' : 'disabled';
        return right && person && !person.disabled ? person : undefined;
      });
      if (proof.kind === 'right') return (await halfOpen(proof.value, request.address)) ?? open(proof.value, request);
      await refuse(login, proof.kind === 'throttled' ? 'throttled' : because);
      return proof.kind === 'throttled' ? proof : { kind: 'refused' };
    },
    open,
  };
}
