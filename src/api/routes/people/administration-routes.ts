// People and API keys: an administrator's.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { isLimited } from '../../../identity/scopes.ts';
import type { ApiKeyId, PersonId } from '../../../shared/ids.ts';
import { type ApiKey, type Person, type Role, roles, type Scope, type WorkFacts } from '../../../store/records.ts';
import { ChangePerson, list, NewPerson, PersonView } from '../../contract.ts';
import { ApiKeyView, NewApiKey } from '../../contracts/people.ts';
import { AddedPerson } from '../../contracts/sign-in.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import { coveredPage, PageQuery } from '../../paging.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import { personWithFacts, scopeView } from '../../views.ts';
import { invitationView } from '../sign-in/invitation-routes.ts';

const PersonParams = Type.Object({ personId: Type.String({ maxLength: 64 }) });
const noSuchPerson = () => new HttpProblem(404, 'There is no such person.');

function requireKnownSites(company: ApiNeeds['company'], sites: readonly string[]): void {
  if (!sites.every((site) => company.sites?.includes(site)))
    throw new HttpProblem(400, 'One of these sites does not exist: policy.sites of the configuration names them.');
}

/** What of a person an auditor sees changed: names of what is another now, and the few values that matter most. */
function changesTold(before: Person, after: Person, password: boolean): Record<string, string | boolean> {
  const names = (['displayName', 'place', 'clearance', 'queues', 'language', 'facts', 'site', 'scope'] as const).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  return {
    ...(names.length > 0 ? { changed: names.join(' ') } : {}),
    ...(before.role === after.role ? {} : { role: after.role, roleBefore: before.role }),
    ...(before.disabled === after.disabled ? {} : { disabled: after.disabled }),
    ...(password ? { password: true } : {}),
  };
}

export function administrationRoutes(app: App, needs: ApiNeeds): void {
  peopleRoutes(app, needs);
  keyRoutes(app, needs);
}

function peopleRoutes(app: App, needs: ApiNeeds): void {
  const { identity, store, company, onPersonChanged = () => {} } = needs;

  function requireKnownQueues(queues: readonly string[] | undefined): void {
    if (queues?.every((name) => company.queues.some((queue) => queue.name === name)) === false)
      throw new HttpProblem(400, 'One of these queues does not exist.');
  }

  /** What is not named stays; null takes it away. */
  async function changedFacts(id: PersonId, change: Record<string, unknown>): Promise<WorkFacts> {
    const before = (await store.people.byId(id))?.facts ?? {};
    return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value != null));
  }

  /** Who administers reaches everything; and nobody is limited to what does not exist. */
  function requireGoodScope({ role, scope, site }: { role: Role; scope?: Scope | null; site?: string | null }): void {
    if (isLimited(scope ?? undefined) && role === 'administrator')
      throw new HttpProblem(400, 'An administrator is not limited to sites or queues.');
    requireKnownQueues(scope?.queues);
    requireKnownSites(company, [...(scope?.sites ?? []), ...(site == null ? [] : [site])]);
  }

  function requireKnownClass(clearance: string | undefined): void {
    const classes = needs.policy?.classes().map(({ id }) => id);
    if (clearance !== undefined && classes?.includes(clearance) === false)
      throw new HttpProblem(400, `There is no class of personal information “${clearance}”: ${classes.join(', ')}.`);
  }

  async function invite(request: FastifyRequest, { id }: Person) {
    const invitation = await needs.signIn?.invitations.invite(id);
    const target = { kind: 'person' as const, id };
    if (invitation) await needs.audit?.write({ act: 'person-invited', by: actorOf(request), target, outcome: 'done' });
    return invitation && invitationView(request, needs.listen, invitation);
  }

  app.get(
    '/api/v1/users',
    {
      config: { needs: 'people:read' },
      schema: {
        tags: ['users'],
        summary: 'People',
        querystring: Type.Object({
          ...PageQuery,
          search: Type.Optional(Type.String({ maxLength: 128, description: 'Part of a login or a name.' })),
          role: Type.Optional(Type.Unsafe<Role>({ type: 'string', enum: [...roles] })),
        }),
        response: { 200: list(PersonView) },
      },
    },
    async (request) => {
      const { cursor, limit, search, role } = request.query;
      const reach = request.server.scoped.of(request);
      return coveredPage(
        { limit, cursor, covers: reach?.person },
        (size, after) =>
          store.people.list({
            limit: size,
            ...(after === undefined ? {} : { after }),
            ...(search ? { search } : {}),
            ...(role ? { role } : {}),
          }),
        personWithFacts,
      );
    },
  );

  app.get(
    '/api/v1/users/:personId',
    {
      config: { needs: 'people:read' },
      schema: { tags: ['users'], summary: 'One person', params: PersonParams, response: { 200: PersonView } },
    },
    async (request) => {
      const person = await store.people.byId(request.params.personId as PersonId);
      if (!person || request.server.scoped.of(request)?.person(person) === false) throw noSuchPerson();
      return personWithFacts(person);
    },
  );

  app.get(
    '/api/v1/sites',
    {
      config: { needs: 'people:read' },
      schema: {
        tags: ['users'],
        summary: 'Sites that people may belong to',
        response: { 200: list(Type.Object({ name: Type.String() })) },
      },
    },
    async () => ({ items: (company.sites ?? []).map((name) => ({ name })), nextCursor: null }),
  );

  app.post(
    '/api/v1/users',
    {
      config: { needs: 'people:change', stepUp: true },
      schema: {
        tags: ['users'],
        summary: 'Add a person',
        description: 'Without a password the person is invited: the answer has the link to hand over.',
        body: NewPerson,
        response: { 201: AddedPerson },
      },
    },
    async (request, reply) => {
      const { login, displayName, role, place, clearance, queues, language, password, facts } = request.body;
      const { site, scope } = request.body;
      requireKnownQueues(queues);
      requireGoodScope(request.body);
      requireKnownClass(clearance);
      const person = await identity.createPerson({
        login,
        displayName,
        role,
        place,
        clearance,
        queues,
        language,
        password,
        ...(facts ? { facts } : {}),
        ...(site ? { site } : {}),
        ...(scope ? { scope } : {}),
      });
      await needs.audit?.write({
        act: 'person-added',
        by: actorOf(request),
        target: { kind: 'person', id: person.id },
        outcome: 'done',
        details: { role },
      });
      void onPersonChanged(person.id);
      void reply.header('location', `/api/v1/users/${person.id}`);
      const invitation = password === undefined ? await invite(request, person) : undefined;
      return reply.code(201).send({ ...personWithFacts(person), ...(invitation ? { invitation } : {}) });
    },
  );

  app.patch(
    '/api/v1/users/:personId',
    {
      config: { needs: 'people:change', stepUp: true },
      schema: {
        tags: ['users'],
        summary: 'Change a person',
        description: 'A new password, another role, or `disabled` signs the person out everywhere.',
        params: PersonParams,
        body: ChangePerson,
        response: { 200: PersonView },
      },
    },
    async (request) => {
      const id = request.params.personId as PersonId;
      const { displayName, role, place, clearance, queues, language, disabled, password } = request.body;
      requireKnownQueues(queues);
      requireKnownClass(clearance);
      const caller = callerOf(request);
      const self = caller.kind === 'session' && caller.person.id === id;
      if (self && (disabled === true || (role !== undefined && role !== 'administrator')))
        throw new HttpProblem(
          409,
          'Nobody takes the administration from themselves: have another administrator do it.',
        );
      const before = await store.people.byId(id);
      if (!before) throw noSuchPerson();
      const { site = before.site, scope = before.scope } = request.body;
      requireGoodScope({ role: role ?? before.role, site: request.body.site ?? null, scope: scope ?? null });
      const facts = request.body.facts && (await changedFacts(id, request.body.facts));
      const change = { displayName, role, place, clearance, queues, language, disabled, password, facts };
      const person = await identity.changePerson(id, { ...change, site: site ?? '', scope: scope ?? {} });
      if (!person) throw noSuchPerson();
      await needs.audit?.write({
        act: 'person-changed',
        by: actorOf(request),
        target: { kind: 'person', id },
        outcome: 'done',
        details: changesTold(before, person, password !== undefined),
      });
      void onPersonChanged(person.id);
      return personWithFacts(person);
    },
  );
}

function keyRoutes(app: App, needs: ApiNeeds): void {
  const { identity, store, company } = needs;
  const view = ({ id, name, role, createdAt, revokedAt, scope, expiresAt, lastUsedAt }: ApiKey) => ({
    ...{ id, name, role, createdAt, revokedAt },
    scope: scope ? scopeView(scope) : null,
    expiresAt: expiresAt ?? null,
    lastUsedAt: lastUsedAt ?? null,
  });

  app.get(
    '/api/v1/api-keys',
    {
      config: { needs: 'keys:read' },
      schema: { tags: ['api-keys'], summary: 'API keys, without the keys', response: { 200: list(ApiKeyView) } },
    },
    async () => ({ items: (await store.apiKeys.list()).map(view), nextCursor: null }),
  );

  app.post(
    '/api/v1/api-keys',
    {
      config: { needs: 'keys:change', stepUp: true },
      schema: {
        tags: ['api-keys'],
        summary: 'Make an API key',
        description: 'The key is in this answer and nowhere else.',
        body: NewApiKey,
        response: { 201: ApiKeyView },
      },
    },
    async (request, reply) => {
      const { name, role, scope, expiresAt } = request.body;
      if (scope?.queues?.every((queue) => company.queues.some((known) => known.name === queue)) === false)
        throw new HttpProblem(400, 'One of these queues does not exist.');
      requireKnownSites(company, scope?.sites ?? []);
      const { key, secret } = await identity.createApiKey({
        ...{ name, role },
        ...(scope ? { scope } : {}),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      });
      await needs.audit?.write({
        act: 'api-key-made',
        by: actorOf(request),
        target: { kind: 'api-key', id: key.id },
        outcome: 'done',
        details: { role, limited: isLimited(key.scope), expiresAt: expiresAt ?? null },
      });
      return reply.code(201).send({ ...view(key), key: secret });
    },
  );

  app.delete(
    '/api/v1/api-keys/:apiKeyId',
    {
      config: { needs: 'keys:change', stepUp: true },
      schema: {
        tags: ['api-keys'],
        summary: 'Revoke an API key',
        params: Type.Object({ apiKeyId: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      if (!(await identity.revokeApiKey(request.params.apiKeyId as ApiKeyId)))
        throw new HttpProblem(404, 'There is no such key, or it was revoked before.');
      await needs.audit?.write({
        act: 'api-key-revoked',
        by: actorOf(request),
        target: { kind: 'api-key', id: request.params.apiKeyId },
        outcome: 'done',
      });
      return reply.code(204).send(null);
    },
  );
}
