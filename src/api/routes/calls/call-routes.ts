// Calls: placing one, looking at them, commanding one. An agent reaches the own calls only, and is not told of others.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { hasDesk, roleMay } from '../../../identity/permissions.ts';
import type { CallId, PersonId } from '../../../shared/ids.ts';
import type { CallRecord } from '../../../store/records.ts';
import { CallView, list, PlaceCall, PlacedCall } from '../../contract.ts';
import { HttpProblem, requireOk } from '../../errors.ts';
import { FeedEvent } from '../../feed/feed-event.ts';
import { createFeedFilter } from '../../feed/feed-filter.ts';
import { callerOf, credentialOf, may, roleOf } from '../../guard/caller.ts';
import { createIdempotency } from '../../guard/idempotency.ts';
import type { ApiNeeds } from '../../needs.ts';
import { coveredPage, PageQuery } from '../../paging.ts';
import type { App } from '../../server.ts';
import { callView, mayDial } from '../../views.ts';
import { openDesk } from './desk-routes.ts';

export const CallParams = Type.Object({ callId: Type.String({ maxLength: 64 }) });
const noSuchCall = () => new HttpProblem(404, 'There is no such call.', { code: 'call-over' });

export function callRoutes(app: App, needs: ApiNeeds): void {
  const { callCentre, store, clock } = needs;
  const idempotency = createIdempotency(clock);

  app.post(
    '/api/v1/calls',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['calls'],
        summary: 'Place a call',
        description: 'Rings the desk, which answers by itself, then the customer. Send an Idempotency-Key to be safe.',
        body: PlaceCall,
        response: { 201: PlacedCall },
      },
    },
    async (request, reply) => {
      const personId = await whoCalls(request, needs);
      const { to, presentedNumber, reason } = request.body;
      const how = { ...(presentedNumber ? { presentedNumber } : {}), ...(reason ? { reason } : {}) };
      const key = request.headers['idempotency-key'];
      const outcome = await idempotency.once(
        {
          credential: credentialOf(callerOf(request)),
          key: typeof key === 'string' ? key : undefined,
          body: request.body,
        },
        () => callCentre.dial(personId, to, how),
      );
      if (outcome.kind !== 'ok') {
        requireOk(outcome, { code: 'unknown-alias', detail: 'Nobody is known by this alias.' });
        throw noSuchCall();
      }
      void reply.header('location', `/api/v1/calls/${outcome.callId}`);
      return reply.code(201).send({ callId: outcome.callId });
    },
  );

  app.get(
    '/api/v1/calls',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['calls'],
        summary: 'Calls, newest first',
        querystring: Type.Object({
          ...PageQuery,
          personId: Type.Optional(Type.String({ maxLength: 64 })),
          queue: Type.Optional(Type.String({ maxLength: 64 })),
          alias: Type.Optional(Type.String({ maxLength: 32 })),
        }),
        response: { 200: list(CallView) },
      },
    },
    async (request) => {
      const { cursor, limit, queue, alias } = request.query;
      const personId = onlyOwn(request) ?? (request.query.personId as PersonId | undefined);
      return coveredPage(
        { limit, cursor, covers: request.server.scoped.of(request)?.record },
        (size, before) =>
          store.calls.list({ before: before as CallId | undefined, limit: size, personId, queue, alias }),
        callView,
      );
    },
  );

  async function readable(request: FastifyRequest, callId: string): Promise<CallRecord> {
    const record = await store.calls.byId(callId as CallId);
    const own = onlyOwn(request);
    const mine = own === undefined || callCentre.agentOf(callId as CallId) === own;
    if (!record || !(mine || record.segments.some((segment) => segment.personId === own))) throw noSuchCall();
    const reach = own === undefined ? request.server.scoped.of(request) : undefined;
    if (reach && !(await reach.record(record))) throw noSuchCall();
    return record;
  }

  app.get(
    '/api/v1/calls/:callId',
    {
      config: { needs: 'signed-in' },
      schema: { tags: ['calls'], summary: 'One call', params: CallParams, response: { 200: CallView } },
    },
    async (request) => callView(await readable(request, request.params.callId)),
  );

  app.get(
    '/api/v1/calls/:callId/events',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['calls'],
        summary: 'What happened to a call, oldest first',
        params: CallParams,
        response: { 200: list(FeedEvent) },
      },
    },
    async (request) => {
      const record = await readable(request, request.params.callId);
      const filter = createFeedFilter({ own: onlyOwn(request) });
      const events = await store.events.read({ callId: record.id, limit: 1000 });
      return { items: events.flatMap((event) => filter.pass(event) ?? []), nextCursor: null };
    },
  );
}

/** The person whose calls alone may be seen; undefined: all may be. */
function onlyOwn(request: FastifyRequest): PersonId | undefined {
  const caller = callerOf(request);
  if (may(caller, 'calls:read-any')) return undefined;
  if (caller.kind === 'session' && may(caller, 'calls:read-own')) return caller.person.id;
  throw new HttpProblem(403);
}

const isEmergency = (typed: string): boolean =>
  /^(110|118|119|112|911|999|000)$/.test(typed.normalize('NFKC').replace(/\D/g, ''));

/** Whose desk makes the call, if the caller may have it make one. */
async function whoCalls(request: FastifyRequest, needs: ApiNeeds): Promise<PersonId> {
  const caller = callerOf(request);
  const { personId, to } = request.body as PlaceCall;
  const own = caller.kind === 'session' ? caller.person : undefined;
  // Whether an emergency call may be made is not a matter of roles: the call centre rules on it.
  if ('number' in to && !isEmergency(to.number) && !mayDial(roleOf(caller), needs.company.mayDialNumbers))
    throw new HttpProblem(403, 'This role may call an alias back, not dial a number.', { code: 'aliases-only' });
  if (personId !== undefined && personId !== own?.id) {
    if (!may(caller, 'calls:place-any')) throw new HttpProblem(403, 'Calls are placed from the own desk only.');
    const person = await needs.store.people.byId(personId as PersonId);
    const reach = request.server.scoped.of(request);
    if (!person || person.disabled || !hasDesk(person) || reach?.person(person) === false)
      throw new HttpProblem(404, 'Nobody with a desk has this id.');
    if (!needs.callCentre.desk(person.id))
      throw new HttpProblem(409, 'This person is not at the desk.', { code: 'not-at-the-desk' });
    return person.id;
  }
  if (!own) throw new HttpProblem(400, 'Say whose desk shall call: personId.');
  if (!roleMay(own.role, 'calls:place-own') || !hasDesk(own))
    throw new HttpProblem(403, 'There is no desk to call from.', { code: 'no-desk' });
  await openDesk(needs.callCentre, own.id);
  return own.id;
}
