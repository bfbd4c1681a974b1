// From the right password to a session: proving a second factor, or enrolling the first one. And signing in by a passkey alone, which
// is both factors. Whoever is half-open has no session: these routes are all that the cookie opens.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditAct } from '../../../identity/audit/audit.ts';
import type { HalfOpenSignIn } from '../../../identity/half-open.ts';
import type { Person, SecondFactor } from '../../../store/records.ts';
import { SessionView } from '../../contract.ts';
import {
  EnrolledSession,
  FactorProofBody,
  HalfOpenView,
  NewPasskey,
  PasskeyAnswer,
  TotpConfirmation,
  TotpStart,
  WebAuthnJson,
} from '../../contracts/sign-in.ts';
import { HttpProblem } from '../../errors.ts';
import type { ApiLimits, ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import {
  firstFactorOver,
  refusalOf,
  relyingPartyOf,
  requireRelyingParty,
  requireRight,
  type SignInNeeds,
  type SigningIn,
} from './signing-in.ts';

interface Needs extends ApiNeeds {
  limits: ApiLimits;
  signIn: SignInNeeds;
}

const tags = ['session'];
const bodyLimit = 32_768;

export function secondFactorRoutes(app: App, needs: Needs, signingIn: SigningIn): void {
  const rateLimit = { max: needs.limits.signInsPerMinutePerAddress, timeWindow: 60_000 };
  const open = { needs: 'public' as const, rateLimit };
  passkeySignIn(app, needs, signingIn, open);
  proving(app, needs, signingIn, open);
  enrolling(app, needs, signingIn, open);
}

type Open = { needs: 'public'; rateLimit: { max: number; timeWindow: number } };

/** Written as that person's, who has no session yet. */
async function tell(
  request: FastifyRequest,
  { audit }: Needs,
  { id }: Pick<Person, 'id'>,
  act: AuditAct,
  outcome: 'done' | 'refused',
  details: Record<string, string>,
): Promise<void> {
  const by = { ...actorOf(request), personId: id };
  await audit?.write({ act, by, target: { kind: 'person', id }, outcome, details });
}

function passkeySignIn(app: App, needs: Needs, signingIn: SigningIn, config: Open): void {
  const { identity, listen, store, signIn } = needs;

  app.post(
    '/api/v1/session/passkey/options',
    { config, schema: { tags, summary: 'Begin to sign in by a passkey alone', response: { 200: WebAuthnJson } } },
    async (request) => signIn.factors.passkeys.request(undefined, requireRelyingParty(request, listen)),
  );

  app.post(
    '/api/v1/session/passkey',
    {
      config,
      bodyLimit,
      schema: {
        tags,
        summary: 'Sign in by a passkey alone',
        description: 'Counts as both factors: the passkey, and what unlocks it.',
        body: PasskeyAnswer,
        response: { 200: SessionView },
      },
    },
    async (request, reply) => {
      const at = requireRelyingParty(request, listen);
      const proof = await signIn.factors.provePasskey(request.body.passkey, at, request.ip);
      if (proof.kind === 'wrong') {
        await needs.audit?.write({ act: 'sign-in-refused', by: actorOf(request), outcome: 'refused' });
        throw new HttpProblem(401, 'Nobody is known here by this passkey.', { code: 'proof-wrong' });
      }
      const person = await store.people.byId(requireRight(proof));
      if (!person || person.disabled) throw new HttpProblem(401, 'Nobody is known here by this passkey.');
      return signingIn.open(
        request,
        reply,
        await identity.openSession(person, { ...fromOf(request), secondFactor: 'passkey' }),
      );
    },
  );

  app.get(
    '/api/v1/session/half-open',
    {
      config,
      schema: { tags, summary: 'What comes next after the password', response: { 200: HalfOpenView } },
    },
    async (request, reply) => {
      const { person, token, expiresAt } = await signingIn.halfOpenOf(request);
      const next = (await signIn.factors.nextStep(person, request.ip)) ?? 'prove';
      if (next === 'ask') throw firstFactorOver();
      return signingIn.halfOpen(reply, { token, expiresAt, next, person });
    },
  );
}

const fromOf = (request: FastifyRequest) => ({
  address: request.ip,
  userAgent: request.headers['user-agent'] ?? '',
});

/** A session for who was half-open; of two requests at once, one gets it. */
async function finish(
  request: FastifyRequest,
  reply: FastifyReply,
  needs: Needs,
  signingIn: SigningIn,
  halfOpen: HalfOpenSignIn & { token: string },
  secondFactor: SecondFactor,
): Promise<SessionView> {
  if (!(await needs.signIn.halfOpen.finish(halfOpen.token)))
    throw new HttpProblem(401, 'Sign in with your password first.');
  const outcome = await needs.identity.openSession(halfOpen.person, { ...fromOf(request), secondFactor });
  if (halfOpen.signedOn) await needs.signIn.singleSignOn?.began(outcome.session.id, halfOpen.signedOn);
  return signingIn.open(request, reply, outcome);
}

function proving(app: App, needs: Needs, signingIn: SigningIn, config: Open): void {
  const { listen, signIn } = needs;

  app.post(
    '/api/v1/session/second-factor/options',
    {
      config,
      schema: { tags, summary: 'Begin to prove a passkey after the password', response: { 200: WebAuthnJson } },
    },
    async (request) => {
      const { person } = await signingIn.halfOpenOf(request);
      return signIn.factors.passkeys.request(person.id, requireRelyingParty(request, listen));
    },
  );

  app.post(
    '/api/v1/session/second-factor',
    {
      config,
      bodyLimit,
      schema: {
        tags,
        summary: 'Prove the second factor',
        body: FactorProofBody,
        response: { 200: SessionView },
      },
    },
    async (request, reply) => {
      const halfOpen = await signingIn.halfOpenOf(request);
      const { person } = halfOpen;
      const who = { personId: person.id, address: request.ip, at: relyingPartyOf(request, listen) };
      const proof = await signIn.factors.prove(who, request.body, 'sign-in');
      if (proof.kind === 'wrong')
        await tell(request, needs, person, 'sign-in-refused', 'refused', { because: 'second-factor' });
      const refused = refusalOf(proof);
      if (refused) throw refused;
      return finish(request, reply, needs, signingIn, halfOpen, requireRight(proof));
    },
  );
}

/** Only for who has none yet: otherwise a stolen password would be enough to add one. */
function enrolling(app: App, needs: Needs, signingIn: SigningIn, config: Open): void {
  const { listen, signIn } = needs;

  async function whoEnrols(request: FastifyRequest) {
    const halfOpen = await signingIn.halfOpenOf(request);
    if ((await signIn.factors.ways(halfOpen.person.id)).length > 0)
      throw new HttpProblem(409, 'There is a second factor already: prove it.', { code: 'factor-there' });
    if ((await signIn.factors.nextStep(halfOpen.person, request.ip)) === 'ask') throw firstFactorOver();
    return halfOpen;
  }

  app.post(
    '/api/v1/session/enrolment/passkey/options',
    { config, schema: { tags, summary: 'Begin to enrol the first passkey', response: { 200: WebAuthnJson } } },
    async (request) => {
      const { person } = await whoEnrols(request);
      return signIn.factors.passkeys.beginEnrolment(person, requireRelyingParty(request, listen));
    },
  );

  app.post(
    '/api/v1/session/enrolment/passkey',
    {
      config,
      bodyLimit,
      schema: { tags, summary: 'Enrol the first passkey', body: NewPasskey, response: { 200: EnrolledSession } },
    },
    async (request, reply) => {
      const halfOpen = await whoEnrols(request);
      const { name, passkey } = request.body;
      const at = requireRelyingParty(request, listen);
      const enrolled = await signIn.factors.enrolPasskey(halfOpen.person.id, name, passkey, at);
      if (!enrolled) throw refusalOf({ kind: 'wrong' })!;
      await tell(request, needs, halfOpen.person, 'second-factor-added', 'done', { factor: 'passkey' });
      const session = await finish(request, reply, needs, signingIn, halfOpen, 'passkey');
      return { session, ...(enrolled.recoveryCodes ? { recoveryCodes: enrolled.recoveryCodes } : {}) };
    },
  );

  app.post(
    '/api/v1/session/enrolment/totp/options',
    { config, schema: { tags, summary: 'Begin to enrol an authenticator app', response: { 200: TotpStart } } },
    async (request) => {
      const { person } = await whoEnrols(request);
      const begun = await signIn.factors.totp.begin(person);
      if (!begun) throw new HttpProblem(409, 'There is an authenticator app already.', { code: 'factor-there' });
      return begun;
    },
  );

  app.post(
    '/api/v1/session/enrolment/totp',
    {
      config,
      schema: {
        tags,
        summary: 'Enrol the authenticator app by its first code',
        body: TotpConfirmation,
        response: { 200: EnrolledSession },
      },
    },
    async (request, reply) => {
      const halfOpen = await whoEnrols(request);
      const { recoveryCodes } = requireRight(
        await signIn.factors.enrolTotp(halfOpen.person.id, request.body.code, request.ip),
      );
      await tell(request, needs, halfOpen.person, 'second-factor-added', 'done', { factor: 'totp' });
      const session = await finish(request, reply, needs, signingIn, halfOpen, 'totp');
      return { session, ...(recoveryCodes ? { recoveryCodes } : {}) };
    },
  );
}
