// People and API keys: an administrator's.

import { Type } from 'typebox';
import type { ApiKeyId, PersonId } from '../../shared/ids.ts';
import type { ApiKey, WorkFacts } from '../../store/records.ts';
import { callerOf } from '../caller.ts';
import { ApiKeyView, ChangePerson, list, NewApiKey, NewPerson, PersonView } from '../contract.ts';
import { HttpProblem } from '../errors.ts';
import type { ApiNeeds } from '../needs.ts';
import { PageQuery, page } from '../paging.ts';
import type { App } from '../server.ts';
import { personWithFacts } from '../views.ts';

const PersonParams = Type.Object({ personId: Type.String({ maxLength: 64 }) });
const noSuchPerson = () => new HttpProblem(404, 'There is no such person.');

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

  function requireKnownClass(clearance: string | undefined): void {
    const classes = needs.policy?.classes().map(({ id }) => id);
    if (clearance !== undefined && classes?.includes(clearance) === false)
      throw new HttpProblem(400, `There is no class of personal information “${clearance}”: ${classes.join(', ')}.`);
  }

  app.get(
    '/api/v1/users',
    {
      config: { needs: 'people:read' },
      schema: {
        tags: ['users'],
        summary: 'People',
        querystring: Type.Object(PageQuery),
        response: { 200: list(PersonView) },
      },
    },
    async ({ query: { cursor, limit } }) =>
      page(limit, (size) => store.people.list({ after: cursor, limit: size }), personWithFacts),
  );

  app.get(
    '/api/v1/users/:personId',
    {
      config: { needs: 'people:read' },
      schema: { tags: ['users'], summary: 'One person', params: PersonParams, response: { 200: PersonView } },
    },
    async (request) => {
      const person = await store.people.byId(request.params.personId as PersonId);
      if (!person) throw noSuchPerson();
      return personWithFacts(person);
    },
  );

  app.post(
    '/api/v1/users',
    {
      config: { needs: 'people:change' },
      schema: { tags: ['users'], summary: 'Add a person', body: NewPerson, response: { 201: PersonView } },
    },
    async (request, reply) => {
      const { login, displayName, role, place, clearance, queues, language, password, facts } = request.body;
      requireKnownQueues(queues);
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
      });
      void onPersonChanged(person.id);
      void reply.header('location', `/api/v1/users/${person.id}`);
      return reply.code(201).send(personWithFacts(person));
    },
  );

  app.patch(
    '/api/v1/users/:personId',
    {
      config: { needs: 'people:change' },
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
      const facts = request.body.facts && (await changedFacts(id, request.body.facts));
      const change = { displayName, role, place, clearance, queues, language, disabled, password, facts };
      const person = await identity.changePerson(id, change);
      if (!person) throw noSuchPerson();
      void onPersonChanged(person.id);
      return personWithFacts(person);
    },
  );
}

function keyRoutes(app: App, needs: ApiNeeds): void {
  const { identity, store } = needs;
  const view = ({ id, name, role, createdAt, revokedAt }: ApiKey) => ({ id, name, role, createdAt, revokedAt });

  app.get(
    '/api/v1/api-keys',
    {
      config: { needs: 'keys:change' },
      schema: { tags: ['api-keys'], summary: 'API keys, without the keys', response: { 200: list(ApiKeyView) } },
    },
    async () => ({ items: (await store.apiKeys.list()).map(view), nextCursor: null }),
  );

  app.post(
    '/api/v1/api-keys',
    {
      config: { needs: 'keys:change' },
      schema: {
        tags: ['api-keys'],
        summary: 'Make an API key',
        description: 'The key is in this answer and nowhere else.',
        body: NewApiKey,
        response: { 201: ApiKeyView },
      },
    },
    async (request, reply) => {
      const { key, secret } = await identity.createApiKey({ name: request.body.name, role: request.body.role });
      return reply.code(201).send({ ...view(key), key: secret });
    },
  );

  app.delete(
    '/api/v1/api-keys/:apiKeyId',
    {
      config: { needs: 'keys:change' },
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
      return reply.code(204).send(null);
    },
  );
}
