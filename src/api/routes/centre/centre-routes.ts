// The contact centre as it is now: queues, agents, trunks; and test calls in the demo.

import { Type } from 'typebox';
import { hasDesk } from '../../../identity/permissions.ts';
import { AgentViewSchema, list, PlaceTestCall, QueueViewSchema, TestCallView } from '../../contract.ts';
import { HttpProblem } from '../../errors.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import type { Views } from '../../views.ts';

const TrunkViewSchema = Type.Object({
  name: Type.String(),
  up: Type.Boolean(),
  because: Type.String(),
  registered: Type.Union([Type.Boolean(), Type.Null()]),
  activeCalls: Type.Integer(),
});
const whole = <T>(items: T[]) => ({ items, nextCursor: null });

export function centreRoutes(app: App, needs: ApiNeeds, views: Views): void {
  app.get(
    '/api/v1/queues',
    {
      config: { needs: 'queues:read' },
      schema: { tags: ['queues'], summary: 'Queues, now', response: { 200: list(QueueViewSchema) } },
    },
    async (request) => {
      const reach = request.server.scoped.of(request);
      return whole(views.queues().filter(({ name }) => !reach || reach.queue(name)));
    },
  );

  app.get(
    '/api/v1/agents',
    {
      config: { needs: 'agents:read' },
      schema: { tags: ['agents'], summary: 'Everybody with a desk, now', response: { 200: list(AgentViewSchema) } },
    },
    async (request) => {
      const reach = request.server.scoped.of(request);
      const people = (await needs.store.people.list()).filter((person) => !reach || reach.person(person));
      return whole(people.filter((person) => hasDesk(person) && !person.disabled).map(views.agent));
    },
  );

  app.get(
    '/api/v1/trunks',
    {
      config: { needs: 'trunks:read' },
      schema: { tags: ['trunks'], summary: 'Carriers, now', response: { 200: list(TrunkViewSchema) } },
    },
    async () => whole(needs.trunks().map((trunk) => ({ ...trunk }))),
  );

  if (needs.testCalls) testCallRoutes(app, needs.testCalls);
}

function testCallRoutes(app: App, testCalls: NonNullable<ApiNeeds['testCalls']>): void {
  app.post(
    '/api/v1/test-calls',
    {
      config: { needs: 'test-calls', rateLimit: { max: 60, timeWindow: 60_000 } },
      schema: {
        tags: ['demo'],
        summary: 'Have a simulated customer call in, as a carrier would',
        body: PlaceTestCall,
        response: { 201: TestCallView },
      },
    },
    async (request, reply) => reply.code(201).send(await testCalls.place(request.body)),
  );

  app.get(
    '/api/v1/test-calls/:testCallId',
    {
      config: { needs: 'test-calls' },
      schema: {
        tags: ['demo'],
        summary: 'What became of a test call',
        params: Type.Object({ testCallId: Type.String({ maxLength: 64 }) }),
        response: { 200: TestCallView },
      },
    },
    async (request) => {
      const found = testCalls.byId(request.params.testCallId);
      if (!found) throw new HttpProblem(404, 'There is no such test call.');
      return found;
    },
  );
}
