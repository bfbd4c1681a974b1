// The own security of whoever is signed in: passkeys, authenticator app, recovery codes, password. What makes it easier to come in as
// this person needs a step-up.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { AuditAct } from '../../../identity/audit/audit.ts';
import { noPassword } from '../../../identity/password.ts';
import {
  Enrolled,
  NewPasskey,
  PasskeyChange,
  PasswordChange,
  RecoveryCodesView,
  SecurityView,
  TotpConfirmation,
  TotpStart,
  WebAuthnJson,
} from '../../contracts/sign-in.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf, personOf } from '../../guard/caller.ts';
import type { ApiLimits, ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import {
  refusalOf,
  relyingPartyOf,
  requireRelyingParty,
  requireRight,
  type SignInNeeds,
  withPasswordCodes,
} from './signing-in.ts';

interface Needs extends ApiNeeds {
  limits: ApiLimits;
  signIn: SignInNeeds;
}

const tags = ['security'];
const signedIn = { needs: 'signed-in' as const };
const steppedUp = { needs: 'signed-in' as const, stepUp: true as const };
const PasskeyParams = Type.Object({ passkeyId: Type.String({ maxLength: 128, pattern: '^[\\w-]+$' }) });

export function securityRoutes(app: App, needs: Needs): void {
  const { listen, signIn } = needs;
  const { factors } = signIn;

  app.get(
    '/api/v1/security',
    { config: signedIn, schema: { tags, summary: 'By what you prove who you are', response: { 200: SecurityView } } },
    async (request) => {
      const person = personOf(request);
      const { passkeys, totpSince, recoveryCodesLeft } = await factors.view(person.id);
      return {
        passwordSet: person.passwordHash !== noPassword,
        minimumPasswordCharacters: signIn.minimumPasswordCharacters,
        passkeysPossible: relyingPartyOf(request, listen) !== undefined,
        passkeys: passkeys.map(({ id, name, createdAt, lastUsedAt, backedUp }) => ({
          ...{ id, name, createdAt, lastUsedAt, backedUp },
        })),
        totpSince,
        recoveryCodesLeft,
        required: !factors.suffices(person, request.ip, undefined),
      };
    },
  );

  app.put(
    '/api/v1/security/password',
    {
      config: signedIn,
      bodyLimit: 8192,
      schema: {
        tags,
        summary: 'Change the own password',
        description: 'All other sessions end.',
        body: PasswordChange,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const person = personOf(request);
      const caller = callerOf(request);
      const keep = caller.kind === 'session' ? caller.session.id : undefined;
      requireRight(await needs.identity.provePassword(person.id, request.body.old, request.ip));
      await withPasswordCodes(() => needs.identity.setPassword(person.id, request.body.new, keep));
      await tell(request, needs, 'password-changed');
      return reply.code(204).send(null);
    },
  );

  passkeyRoutes(app, needs);
  totpRoutes(app, needs);

  app.post(
    '/api/v1/security/recovery-codes',
    {
      config: steppedUp,
      schema: {
        tags,
        summary: 'Make new recovery codes',
        description: 'They are in this answer and nowhere else; earlier ones are worth nothing any more.',
        response: { 200: RecoveryCodesView },
      },
    },
    async (request) => {
      const { id } = personOf(request);
      if ((await factors.ways(id)).length === 0)
        throw new HttpProblem(409, 'Recovery codes stand in for another second factor: add one first.', {
          code: 'no-factor',
        });
      const recoveryCodes = await factors.renewRecoveryCodes(id);
      await tell(request, needs, 'second-factor-added', { factor: 'recovery-codes' });
      return { recoveryCodes };
    },
  );
}

async function tell(
  request: FastifyRequest,
  { audit }: Needs,
  act: AuditAct,
  details: Record<string, string> = {},
): Promise<void> {
  const { id } = personOf(request);
  await audit?.write({ act, by: actorOf(request), target: { kind: 'person', id }, outcome: 'done', details });
}

/** Whoever needs a second factor does not remove the last one. */
async function requireAnother(
  request: FastifyRequest,
  { signIn: { factors } }: Needs,
  removed: 'passkey' | 'totp',
): Promise<void> {
  const person = personOf(request);
  if (factors.suffices(person, request.ip, undefined)) return;
  const { passkeys, totpSince } = await factors.view(person.id);
  const left = passkeys.length + (totpSince === null ? 0 : 1) - 1;
  const isThere = removed === 'totp' ? totpSince !== null : passkeys.length > 0;
  if (isThere && left === 0)
    throw new HttpProblem(409, 'You need a second factor: add another one before you remove the last.', {
      code: 'last-factor',
    });
}

function passkeyRoutes(app: App, needs: Needs): void {
  const { listen } = needs;
  const { factors } = needs.signIn;
  const nothing = () => new HttpProblem(404, 'There is no such passkey.');

  app.post(
    '/api/v1/security/passkeys/options',
    { config: steppedUp, schema: { tags, summary: 'Begin to add a passkey', response: { 200: WebAuthnJson } } },
    async (request) => factors.passkeys.beginEnrolment(personOf(request), requireRelyingParty(request, listen)),
  );

  app.post(
    '/api/v1/security/passkeys',
    {
      config: steppedUp,
      bodyLimit: 32_768,
      schema: { tags, summary: 'Add a passkey', body: NewPasskey, response: { 201: Enrolled } },
    },
    async (request, reply) => {
      const { name, passkey } = request.body;
      const at = requireRelyingParty(request, listen);
      const enrolled = await factors.enrolPasskey(personOf(request).id, name, passkey, at);
      if (!enrolled) throw refusalOf({ kind: 'wrong' })!;
      await tell(request, needs, 'second-factor-added', { factor: 'passkey' });
      const { recoveryCodes } = enrolled;
      return reply.code(201).send(recoveryCodes ? { recoveryCodes } : {});
    },
  );

  app.patch(
    '/api/v1/security/passkeys/:passkeyId',
    {
      config: signedIn,
      schema: {
        tags,
        summary: 'Name a passkey',
        params: PasskeyParams,
        body: PasskeyChange,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const renamed = await factors.passkeys.rename(personOf(request).id, request.params.passkeyId, request.body.name);
      if (!renamed) throw nothing();
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/security/passkeys/:passkeyId',
    {
      config: steppedUp,
      schema: { tags, summary: 'Remove a passkey', params: PasskeyParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      await requireAnother(request, needs, 'passkey');
      if (!(await factors.removePasskey(personOf(request).id, request.params.passkeyId))) throw nothing();
      await tell(request, needs, 'second-factor-removed', { factor: 'passkey' });
      return reply.code(204).send(null);
    },
  );
}

function totpRoutes(app: App, needs: Needs): void {
  const { factors } = needs.signIn;

  app.post(
    '/api/v1/security/totp/options',
    {
      config: steppedUp,
      schema: { tags, summary: 'Begin to add an authenticator app', response: { 200: TotpStart } },
    },
    async (request) => {
      const begun = await factors.totp.begin(personOf(request));
      if (!begun)
        throw new HttpProblem(409, 'There is an authenticator app already: remove it first.', { code: 'factor-there' });
      return begun;
    },
  );

  app.post(
    '/api/v1/security/totp',
    {
      config: steppedUp,
      schema: {
        tags,
        summary: 'Add the authenticator app by its first code',
        body: TotpConfirmation,
        response: { 201: Enrolled },
      },
    },
    async (request, reply) => {
      const { id } = personOf(request);
      const { recoveryCodes } = requireRight(await factors.enrolTotp(id, request.body.code, request.ip));
      await tell(request, needs, 'second-factor-added', { factor: 'totp' });
      return reply.code(201).send(recoveryCodes ? { recoveryCodes } : {});
    },
  );

  app.delete(
    '/api/v1/security/totp',
    {
      config: steppedUp,
      schema: { tags, summary: 'Remove the authenticator app', response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      await requireAnother(request, needs, 'totp');
      if (!(await factors.removeTotp(personOf(request).id)))
        throw new HttpProblem(404, 'There is no authenticator app.');
      await tell(request, needs, 'second-factor-removed', { factor: 'totp' });
      return reply.code(204).send(null);
    },
  );
}
