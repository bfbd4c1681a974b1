// What the routes of signing in share: how a session begins in an answer, where passkeys can be used, and how a proof that is
// not right is answered.

import { isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Proof } from '../../../identity/attempts.ts';
import type { RelyingParty } from '../../../identity/factors/passkeys.ts';
import type { NextStep, SecondFactors } from '../../../identity/factors/second-factors.ts';
import type { HalfOpenSignIn, HalfOpenSignIns } from '../../../identity/half-open.ts';
import type { Invitations } from '../../../identity/invitations.ts';
import type { PasswordProblem } from '../../../identity/password.ts';
import { hasDesk } from '../../../identity/permissions.ts';
import type { SignedInOutcome } from '../../../identity/sign-in.ts';
import type { SingleSignOn } from '../../../identity/single-sign-on/single-sign-on.ts';
import { csrfTokenOf } from '../../../identity/tokens.ts';
import { canHearSomething } from '../../../recording/playback/may-hear.ts';
import { AppError } from '../../../shared/errors.ts';
import type { Person, Session } from '../../../store/records.ts';
import type { SessionView } from '../../contract.ts';
import type { HalfOpenView } from '../../contracts/sign-in.ts';
import { HttpProblem } from '../../errors.ts';
import { createOwnCookies } from '../../guard/cookies.ts';
import type { DeviceDoor } from '../../guard/device-door.ts';
import type { ApiNeeds, ListenSettings } from '../../needs.ts';
import type { ProblemCode } from '../../problem-codes.ts';
import { actorOf } from '../../trail/audited.ts';
import { personView } from '../../views.ts';

export interface SignInNeeds {
  factors: SecondFactors;
  halfOpen: HalfOpenSignIns;
  invitations: Invitations;
  minimumPasswordCharacters: number;
  singleSignOn?: SingleSignOn;
}

export interface SigningIn {
  view(person: Person, session: Session, token: string): SessionView;
  /** The session that this browser held before ends with the new one. */
  open(request: FastifyRequest, reply: FastifyReply, outcome: SignedInOutcome): Promise<SessionView>;
  halfOpen(
    reply: FastifyReply,
    of: { token: string; expiresAt: number; next: Exclude<NextStep, 'ask'>; person: Person },
  ): Promise<HalfOpenView>;
  /** The half-open sign-in of who asks. Rejects with 401 when there is none. */
  halfOpenOf(request: FastifyRequest): Promise<HalfOpenSignIn & { token: string }>;
}

export function createSigningIn(needs: ApiNeeds & { deviceDoor?: DeviceDoor }): SigningIn {
  const { identity, callCentre, company, listen, demo, signIn, audit } = needs;
  const cookies = createOwnCookies(listen);

  const view: SigningIn['view'] = (person, session, token) => ({
    person: { ...personView(person), hearsRecordings: canHearSomething(needs.playback?.rules ?? [], person.role) },
    csrfToken: csrfTokenOf(token),
    expiresAt: session.expiresAt,
    demo,
    company: company.name ?? '',
  });

  return {
    view,
    async open(request, reply, { token, session, person }) {
      const before = cookies.of(request, 'session');
      const previous = before ? await identity.bySessionToken(before) : undefined;
      if (previous) await identity.endSession(previous.session.id, 'asked');
      request.caller = { kind: 'session', session, person };
      await audit?.write({
        act: 'signed-in',
        by: actorOf(request),
        target: { kind: 'session', id: session.id },
        outcome: 'done',
        details: { secondFactor: session.secondFactor ?? null },
      });
      const maxAge = Math.max(1, Math.floor((session.expiresAt - session.createdAt) / 1000));
      cookies.set(reply, 'session', token, maxAge);
      if (cookies.of(request, 'half_open')) cookies.clear(reply, 'half_open');
      // A browser that was sent here shows a page next, which asks.
      if (request.method !== 'GET') await needs.deviceDoor?.enter({ kind: 'session', session, person }, request, token);
      if (hasDesk(person)) await callCentre.signIn(person.id);
      return view(person, session, token);
    },
    async halfOpen(reply, { token, expiresAt, next, person }) {
      const maxAge = Math.max(1, Math.floor((expiresAt - needs.clock.now()) / 1000));
      cookies.set(reply, 'half_open', token, maxAge);
      const { login, displayName, language } = person;
      const factors = (await signIn?.factors.ways(person.id)) ?? [];
      return { next, factors, person: { login, displayName, language }, expiresAt };
    },
    async halfOpenOf(request) {
      const token = cookies.of(request, 'half_open');
      const found = token && token.length <= 100 ? await signIn?.halfOpen.of(token) : undefined;
      if (!token || !found) throw new HttpProblem(401, 'Sign in with your password first.');
      return { ...found, token };
    },
  };
}

/**
 * For whom passkeys are made here (WebAuthn Level 3 §5.1.2): a host name, which is `http.publicUrl`'s, or localhost where the program
 * listens on loopback only. Under an address there are none.
 */
export function relyingPartyOf({ headers }: FastifyRequest, listen: ListenSettings): RelyingParty | undefined {
  const scheme = listen.tls ? 'https' : 'http';
  const url = listen.publicUrl ?? `${scheme}://${headers.host ?? ''}`;
  if (!URL.canParse(url)) return undefined;
  const { hostname, origin } = new URL(url);
  const isOurs = listen.publicUrl !== undefined || hostname === 'localhost' || hostname === listen.host;
  return isOurs && isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { id: hostname, origin } : undefined;
}

export function requireRelyingParty(request: FastifyRequest, listen: ListenSettings): RelyingParty {
  const at = relyingPartyOf(request, listen);
  if (!at)
    throw new HttpProblem(409, 'Passkeys need a host name: set http.publicUrl, or open these pages under it.', {
      code: 'no-passkeys-here',
    });
  return at;
}

/** What to answer a proof that is not right; undefined when it is. */
export function refusalOf(proof: Proof<unknown>): HttpProblem | undefined {
  if (proof.kind === 'right') return undefined;
  if (proof.kind === 'wrong')
    return new HttpProblem(422, 'That is not right. Check it and try again.', { code: 'proof-wrong' });
  return new HttpProblem(429, 'Too many failed attempts. Wait and try again.', {
    headers: { 'retry-after': String(proof.retryAfterSeconds) },
  });
}

export const firstFactorOver = () =>
  new HttpProblem(
    403,
    'You need a second factor, and the time for adding the first one has passed. Ask an administrator for a new invitation, or add it in the centre.',
    { code: 'first-factor-over' },
  );

/** The value of a proof, or the refusal is thrown. */
export function requireRight<T>(proof: Proof<T>): T {
  if (proof.kind === 'right') return proof.value;
  throw refusalOf(proof)!;
}

const passwordCodes: Record<PasswordProblem, ProblemCode> = {
  'too-short': 'password-too-short',
  'too-long': 'password-too-long',
  'contains-name': 'password-name',
  known: 'password-known',
};

/** Why a password was not taken, for a page that says it in words. */
export async function withPasswordCodes<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const problem = thrown instanceof AppError ? (thrown.details['problem'] as PasswordProblem | undefined) : undefined;
    if (!problem) throw thrown;
    throw new HttpProblem(422, (thrown as AppError).message, { code: passwordCodes[problem] });
  }
}
