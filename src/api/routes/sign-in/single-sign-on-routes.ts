// Single sign-on: the browser is sent to the provider and comes back, by navigation. What it keeps meanwhile is sealed in a cookie that,
// other than the session's, comes along when another site leads back here. And the provider's word that somebody signed out there.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { SignedOn } from '../../../identity/single-sign-on/single-sign-on.ts';
import type { SessionId } from '../../../shared/ids.ts';
import { HttpProblem } from '../../errors.ts';
import { findCaller } from '../../guard/caller.ts';
import type { ApiLimits, ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import type { SignInNeeds, SigningIn } from './signing-in.ts';

interface Needs extends ApiNeeds {
  limits: ApiLimits;
  signIn: SignInNeeds & Required<Pick<SignInNeeds, 'singleSignOn'>>;
}

const tags = ['session'];
const path = '/api/v1/single-sign-on';
const keptSeconds = 600;

export function singleSignOnRoutes(app: App, needs: Needs, signingIn: SigningIn): void {
  const { identity, limits, log } = needs;
  const { singleSignOn } = needs.signIn;
  const config = {
    needs: 'public' as const,
    rateLimit: { max: limits.signInsPerMinutePerAddress, timeWindow: 60_000 },
  };
  const answers = { 302: Type.Null() };

  /** Only where somebody may be told more than that it did not work. */
  const back = (reply: FastifyReply, why: string) => reply.redirect(`/#sign-on=${why}`, 302);

  app.get(
    path,
    {
      config,
      schema: {
        tags,
        summary: 'Go to the single sign-on provider',
        querystring: Type.Object({ for: Type.Optional(Type.Literal('step-up')) }),
        response: answers,
      },
    },
    async (request, reply) => {
      const caller = request.query.for ? await findCaller(request, identity, false) : null;
      if (request.query.for && caller?.kind !== 'session') throw new HttpProblem(401);
      const session = caller?.kind === 'session' ? caller.session.id : undefined;
      try {
        const { url, kept } = await singleSignOn.begin(session);
        app.ownCookies.set(reply, 'sign_on', kept, keptSeconds);
        return reply.redirect(url, 302);
      } catch (err) {
        log.error({ err }, 'the single sign-on provider does not answer as it should');
        return back(reply, 'failed');
      }
    },
  );

  app.get(
    `${path}/callback`,
    { config, schema: { tags, summary: 'Back from the provider', response: answers } },
    async (request, reply) => {
      const kept = app.ownCookies.of(request, 'sign_on');
      app.ownCookies.clear(reply, 'sign_on');
      // Of what was asked only the query: an absolute target (RFC 9112 §3.2.2) names any host that its sender likes.
      const url = new URL(`${path}/callback`, needs.listen.publicUrl ?? 'https://localhost');
      url.search = request.url.split('?').slice(1).join('?');
      const outcome: SignedOn = kept ? await singleSignOn.finish(url, kept) : { kind: 'refused', because: 'failed' };
      if (outcome.kind === 'refused') {
        const details = { because: outcome.because, by: 'single-sign-on' };
        await needs.audit?.write({ act: 'sign-in-refused', by: actorOf(request), outcome: 'refused', details });
        return back(reply, outcome.because);
      }
      if (outcome.kind === 'stepped-up') return steppedUp(request, reply, outcome);
      return enter(request, reply, outcome);
    },
  );

  async function enter(
    request: FastifyRequest,
    reply: FastifyReply,
    { person, signedOn, isSecondFactor }: Extract<SignedOn, { kind: 'person' }>,
  ) {
    const from = { address: request.ip, userAgent: request.headers['user-agent'] ?? '' };
    const next = isSecondFactor ? undefined : await needs.signIn.factors.nextStep(person, request.ip);
    if (next === 'ask') {
      const by = { ...actorOf(request), personId: person.id };
      const details = { because: 'first-factor-over', by: 'single-sign-on' };
      await needs.audit?.write({ act: 'sign-in-refused', by, outcome: 'refused', details });
      return back(reply, 'first-factor');
    }
    if (next) {
      const begun = await needs.signIn.halfOpen.begin(person, signedOn);
      await signingIn.halfOpen(reply, { ...begun, next, person });
      return back(reply, 'second-factor');
    }
    const proven = isSecondFactor ? { secondFactor: 'single-sign-on' as const } : {};
    const opened = await identity.openSession(person, { ...from, ...proven });
    await singleSignOn.began(opened.session.id, signedOn);
    await signingIn.open(request, reply, opened);
    return reply.redirect('/', 302);
  }

  /** The cookie of the session does not come along from another site: what was kept says which one it is. */
  async function steppedUp(
    request: FastifyRequest,
    reply: FastifyReply,
    { sessionId, person }: Extract<SignedOn, { kind: 'stepped-up' }>,
  ) {
    const session = (await identity.sessionsOf(person.id)).find(({ id }) => id === sessionId);
    if (!session) return back(reply, 'failed');
    request.caller = { kind: 'session', session, person };
    const target = { kind: 'session' as const, id: session.id };
    await needs.audit?.write({ act: 'stepped-up', by: actorOf(request), target, outcome: 'done' });
    await identity.changeSession(session.id, { steppedUpAt: needs.clock.now() });
    return reply.redirect('/stepped-up.html', 302);
  }

  backChannel(app, needs);
}

/** OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8. A form, and no cookie: the token says and proves everything. */
function backChannel(app: App, needs: Needs): void {
  const { identity, limits } = needs;
  void app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 16_384 },
      async (_request: FastifyRequest, body: string | Buffer) =>
        Object.fromEntries(new URLSearchParams(body.toString())),
    );
    scope.post(
      `${path}/logout`,
      {
        config: {
          needs: 'public',
          rateLimit: { max: limits.signInsPerMinutePerAddress, timeWindow: 60_000 },
        },
        schema: {
          tags,
          summary: 'The provider says that somebody signed out there',
          body: Type.Object({ logout_token: Type.String({ maxLength: 16_384 }) }),
          response: { 200: Type.Null() },
        },
      },
      async (request, reply) => {
        const { logout_token: token } = request.body as { logout_token: string };
        const ended = await needs.signIn.singleSignOn.loggedOut(token);
        if (!ended) throw new HttpProblem(400, 'This logout token is not right.');
        for (const id of ended) await end(id);
        return reply.code(200).send(null);
      },
    );
  });

  async function end(id: SessionId): Promise<void> {
    await identity.endSession(id, 'asked');
    const target = { kind: 'session' as const, id };
    await needs.audit?.write({
      act: 'session-ended',
      by: {},
      target,
      outcome: 'done',
      details: { by: 'single-sign-on' },
    });
  }
}
