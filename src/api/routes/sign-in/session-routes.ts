// Signing in with a password, signing out, and who is signed in. What comes between the password and a session where a second factor
// is needed is in second-factor-routes.ts.

import { Type } from 'typebox';
import { asError } from '../../../shared/errors.ts';
import { SessionView, SignIn } from '../../contract.ts';
import { HalfOpenView, SignedOut, SignInOffer } from '../../contracts/sign-in.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf } from '../../guard/caller.ts';
import type { ApiLimits, ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import { firstFactorOver, refusalOf, relyingPartyOf, type SigningIn } from './signing-in.ts';

export function sessionRoutes(app: App, needs: ApiNeeds & { limits: ApiLimits }, signingIn: SigningIn): void {
  const { identity, callCentre, listen, limits, log } = needs;

  app.get(
    '/api/v1/sign-in',
    {
      config: { needs: 'public' },
      schema: { tags: ['session'], summary: 'By what one can sign in here', response: { 200: SignInOffer } },
    },
    async (request) => ({
      passkeys: needs.signIn !== undefined && relyingPartyOf(request, listen) !== undefined,
      singleSignOn: needs.signIn?.singleSignOn?.offer ?? null,
      demo: needs.demo,
    }),
  );

  app.post(
    '/api/v1/session',
    {
      config: { needs: 'public', rateLimit: { max: limits.signInsPerMinutePerAddress, timeWindow: 60_000 } },
      bodyLimit: 8192,
      schema: {
        tags: ['session'],
        summary: 'Sign in with a password',
        description: '202: the password is right, and a second factor comes next.',
        body: SignIn,
        response: { 200: SessionView, 202: HalfOpenView },
      },
    },
    async (request, reply) => {
      const { login, password } = request.body;
      const userAgent = request.headers['user-agent'] ?? '';
      const outcome = await identity.signIn({ login, password, address: request.ip, userAgent });
      if (outcome.kind === 'signed-in') return signingIn.open(request, reply, outcome);
      if (outcome.kind === 'half-open') {
        const halfOpen = await signingIn.halfOpen(reply, outcome);
        return reply.code(202).send(halfOpen);
      }
      if (outcome.kind === 'first-factor-over') {
        const by = { ...actorOf(request), personId: outcome.person.id };
        const details = { because: 'first-factor-over' };
        await needs.audit?.write({ act: 'sign-in-refused', by, outcome: 'refused', details });
        throw firstFactorOver();
      }
      // Who guesses on while being refused unheard fills no log.
      if (outcome.kind === 'throttled') throw refusalOf(outcome)!;
      await needs.audit?.write({ act: 'sign-in-refused', by: actorOf(request), outcome: 'refused' });
      throw new HttpProblem(401, 'Login or password is wrong.');
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
      return signingIn.view(caller.person, caller.session, app.ownCookies.of(request, 'session')!);
    },
  );

  app.delete(
    '/api/v1/session',
    {
      config: { needs: 'signed-in', device: 'not-needed' },
      schema: {
        tags: ['session'],
        summary: 'Sign out',
        description: '200: sign out at the single sign-on provider, too, by going there.',
        response: { 200: SignedOut, 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      app.ownCookies.clear(reply, 'session');
      if (caller.kind !== 'session') return reply.code(204).send(null);
      const url = await needs.signIn?.singleSignOn?.endUrl(caller.session.id);
      await identity.endSession(caller.session.id, 'asked');
      if (url !== undefined) return reply.code(200).send({ url });
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
