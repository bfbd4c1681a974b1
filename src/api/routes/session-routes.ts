// Signing in and out, and who is signed in.

import { Type } from 'typebox';
import { hasDesk } from '../../identity/permissions.ts';
import { csrfTokenOf } from '../../identity/tokens.ts';
import { asError } from '../../shared/errors.ts';
import type { Person, Session } from '../../store/records.ts';
import { callerOf, sessionCookie } from '../caller.ts';
import { SessionView, SignIn } from '../contract.ts';
import { HttpProblem } from '../errors.ts';
import type { ApiLimits, ApiNeeds } from '../needs.ts';
import type { App } from '../server.ts';
import { personView } from '../views.ts';

export function sessionRoutes(app: App, needs: ApiNeeds & { limits: ApiLimits }): void {
  const { identity, callCentre, company, listen, demo, limits, log } = needs;
  const cookieOptions = {
    path: '/',
    httpOnly: true,
    sameSite: 'strict' as const,
    secure: listen.tls !== undefined || listen.publicUrl?.startsWith('https:') === true,
  };

  const view = (person: Person, session: Session, token: string): SessionView => ({
    person: personView(person),
    csrfToken: csrfTokenOf(token),
    expiresAt: session.expiresAt,
    demo,
    company: company.name ?? '',
  });

  app.post(
    '/api/v1/session',
    {
      config: { needs: 'public', rateLimit: { max: limits.signInsPerMinutePerAddress, timeWindow: 60_000 } },
      bodyLimit: 8192,
      schema: { tags: ['session'], summary: 'Sign in', body: SignIn, response: { 200: SessionView } },
    },
    async (request, reply) => {
      const { login, password } = request.body;
      const userAgent = request.headers['user-agent'] ?? '';
      const outcome = await identity.signIn({ login, password, address: request.ip, userAgent });
      if (outcome.kind === 'throttled') {
        throw new HttpProblem(429, 'Too many failed attempts. Wait and try again.', {
          headers: { 'retry-after': String(outcome.retryAfterSeconds) },
        });
      }
      if (outcome.kind === 'refused') throw new HttpProblem(401, 'Login or password is wrong.');
      const { token, session, person } = outcome;
      // The session that this browser held before ends with the new one.
      const before = request.cookies[sessionCookie];
      const previous = before ? await identity.bySessionToken(before) : undefined;
      if (previous) await identity.endSession(previous.session.id, 'asked');
      if (hasDesk(person)) await callCentre.signIn(person.id);
      const maxAge = Math.max(1, Math.floor((session.expiresAt - session.createdAt) / 1000));
      void reply.setCookie(sessionCookie, token, { ...cookieOptions, maxAge });
      return view(person, session, token);
    },
  );

  app.get(
    '/api/v1/session',
    {
      config: { needs: 'signed-in' },
      schema: { tags: ['session'], summary: 'Who is signed in', response: { 200: SessionView } },
    },
    async (request) => {
      const caller = callerOf(request);
      if (caller.kind !== 'session') throw new HttpProblem(403, 'An API key has no session.');
      return view(caller.person, caller.session, request.cookies[sessionCookie]!);
    },
  );

  app.delete(
    '/api/v1/session',
    {
      config: { needs: 'signed-in' },
      schema: { tags: ['session'], summary: 'Sign out', response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      if (caller.kind === 'session') await identity.endSession(caller.session.id, 'asked');
      void reply.clearCookie(sessionCookie, cookieOptions);
      return reply.code(204).send(null);
    },
  );

  /** However a session ends: with the last of a person's the desk is left. */
  const off = identity.onSessionEnded(({ session }) => {
    needs.store.sessions
      .ofPerson(session.personId)
      .then((others) =>
        others.some((other) => other.id !== session.id) ? undefined : callCentre.signOut(session.personId),
      )
      .catch((thrown) => log.warn({ err: asError(thrown) }, 'a desk could not be left after its session ended'));
  });
  app.addHook('onClose', async () => off());
}
