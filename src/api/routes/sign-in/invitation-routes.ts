// Invitations: an administrator gets a link for a person, hands it over, and may revoke or renew it; the person opens it and sets a
// password, and, where one is needed, goes on to the second factor.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { invitationLink, type NewInvitation } from '../../../identity/invitations.ts';
import type { PersonId } from '../../../shared/ids.ts';
import type { Person } from '../../../store/records.ts';
import { SessionView } from '../../contract.ts';
import {
  AcceptInvitation,
  HalfOpenView,
  InvitationState,
  InvitationView,
  InvitedPerson,
  OpenInvitation,
} from '../../contracts/sign-in.ts';
import { HttpProblem } from '../../errors.ts';
import type { ApiLimits, ApiNeeds, ListenSettings } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import {
  firstFactorOver,
  refusalOf,
  requireRight,
  type SignInNeeds,
  type SigningIn,
  withPasswordCodes,
} from './signing-in.ts';

interface Needs extends ApiNeeds {
  limits: ApiLimits;
  signIn: SignInNeeds;
}

const tags = ['users'];
const PersonParams = Type.Object({ personId: Type.String({ maxLength: 64 }) });

/** The link as the person opens it. */
export function invitationView(
  request: FastifyRequest,
  listen: ListenSettings,
  { token, expiresAt }: NewInvitation,
): { link: string; expiresAt: number } {
  const here = `${listen.tls ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}`;
  return { link: invitationLink(listen.publicUrl ?? here, token), expiresAt };
}

export function invitationRoutes(app: App, needs: Needs, signingIn: SigningIn): void {
  administratorRoutes(app, needs);
  invitedRoutes(app, needs, signingIn);
}

function administratorRoutes(app: App, needs: Needs): void {
  const { audit, clock, listen, store } = needs;
  const { invitations } = needs.signIn;

  async function personOf(request: FastifyRequest): Promise<Person> {
    const { personId } = request.params as { personId: string };
    const person = await store.people.byId(personId as PersonId);
    if (!person || request.server.scoped.of(request)?.person(person) === false)
      throw new HttpProblem(404, 'There is no such person.');
    return person;
  }

  app.get(
    '/api/v1/users/:personId/invitation',
    {
      config: { needs: 'people:read' },
      schema: {
        tags,
        summary: 'What became of a person’s invitation',
        params: PersonParams,
        response: { 200: InvitationState },
      },
    },
    async (request) => {
      const found = await invitations.of((await personOf(request)).id);
      if (!found) throw new HttpProblem(404, 'This person was never invited.');
      const { createdAt, expiresAt, ended } = found;
      const lives = expiresAt > clock.now() ? ('open' as const) : ('expired' as const);
      return { createdAt, expiresAt, state: ended ?? lives };
    },
  );

  app.post(
    '/api/v1/users/:personId/invitation',
    {
      config: { needs: 'people:change', stepUp: true },
      schema: {
        tags,
        summary: 'Invite a person again',
        description:
          'For who forgot the password, or lost the second factor. What was there is worth nothing from then on, and all sessions end.',
        params: PersonParams,
        response: { 201: InvitationView },
      },
    },
    async (request, reply) => {
      const person = await personOf(request);
      const invitation = await invitations.inviteAgain(person.id);
      const target = { kind: 'person' as const, id: person.id };
      await audit?.write({
        act: 'person-invited',
        by: actorOf(request),
        target,
        outcome: 'done',
        details: { again: true },
      });
      return reply.code(201).send(invitationView(request, listen, invitation));
    },
  );

  app.delete(
    '/api/v1/users/:personId/invitation',
    {
      config: { needs: 'people:change' },
      schema: { tags, summary: 'Revoke an invitation', params: PersonParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const person = await personOf(request);
      if (!(await invitations.revoke(person.id)))
        throw new HttpProblem(404, 'There is no invitation that could be revoked.');
      const target = { kind: 'person' as const, id: person.id };
      await audit?.write({ act: 'invitation-revoked', by: actorOf(request), target, outcome: 'done' });
      return reply.code(204).send(null);
    },
  );
}

function invitedRoutes(app: App, needs: Needs, signingIn: SigningIn): void {
  const { company, identity, limits } = needs;
  const { factors, halfOpen, invitations, minimumPasswordCharacters } = needs.signIn;
  const config = {
    needs: 'public' as const,
    rateLimit: { max: limits.signInsPerMinutePerAddress, timeWindow: 60_000 },
  };
  const gone = () =>
    new HttpProblem(404, 'This invitation was used, revoked, or is too old. Ask for a new one.', {
      code: 'invitation-over',
    });

  app.post(
    '/api/v1/invitation',
    {
      config,
      bodyLimit: 8192,
      schema: { tags, summary: 'Whom a link invites', body: OpenInvitation, response: { 200: InvitedPerson } },
    },
    async (request) => {
      const proof = await invitations.open(request.body.token, request.ip);
      if (proof.kind === 'wrong') throw gone();
      const { login, displayName, language } = requireRight(proof);
      return { login, displayName, language, company: company.name ?? '', minimumPasswordCharacters };
    },
  );

  app.post(
    '/api/v1/invitation/acceptance',
    {
      config,
      bodyLimit: 8192,
      schema: {
        tags,
        summary: 'Accept an invitation by setting a password',
        description: '202: a second factor comes next, as after a password.',
        body: AcceptInvitation,
        response: { 200: SessionView, 202: HalfOpenView },
      },
    },
    async (request, reply) => {
      const { token, password } = request.body;
      const proof = await withPasswordCodes(() => invitations.accept(token, password, request.ip));
      if (proof.kind === 'wrong') throw gone();
      const refused = refusalOf(proof);
      if (refused) throw refused;
      const person = requireRight(proof);
      const target = { kind: 'person' as const, id: person.id };
      const by = { ...actorOf(request), personId: person.id };
      await needs.audit?.write({ act: 'invitation-accepted', by, target, outcome: 'done' });
      const next = await factors.nextStep(person, request.ip);
      if (next === 'ask') throw firstFactorOver();
      if (next) {
        const view = await signingIn.halfOpen(reply, { ...(await halfOpen.begin(person)), next, person });
        return reply.code(202).send(view);
      }
      const from = { address: request.ip, userAgent: request.headers['user-agent'] ?? '' };
      return signingIn.open(request, reply, await identity.openSession(person, from));
    },
  );
}
