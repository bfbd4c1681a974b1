// Outbound call lists: made, filled and looked at by supervisors and the company's systems, worked on at desks.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type Added, type CustomerRow, readCustomers } from '../../../call/lists/add-customers.ts';
import type { CallListWork } from '../../../call/lists/call-list-work.ts';
import { refusalCode } from '../../../call/outbound/refusals.ts';
import { defaultRetryRules, figuresOf } from '../../../routing/call-list.ts';
import type { CallListId, ListEntryId, PersonId } from '../../../shared/ids.ts';
import { newId } from '../../../shared/ids.ts';
import type { CallList, ListEntry } from '../../../store/call-lists.ts';
import type { Store } from '../../../store/store.ts';
import { list, PlacedCall } from '../../contract.ts';
import {
  CallListChange,
  CallListFigures,
  CallListView,
  ChooseCallList,
  CustomersAdded,
  DeskCallList,
  DoNotCall,
  Judgement,
  ListEntryView,
  NewCallList,
  NewCustomers,
} from '../../contracts/call-list.ts';
import { HttpProblem, requireOk } from '../../errors.ts';
import { deskOwnerOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import { PageQuery, page } from '../../paging.ts';
import type { App } from '../../server.ts';

export interface CallListNeeds {
  work: CallListWork;
  add(listId: CallListId, rows: readonly CustomerRow[], firstRow: number): Promise<Added>;
  /** What of a list names something that is not there (reason, calendar, queue, number of the company). */
  unknownIn(list: Partial<CallList>): string | undefined;
  /** The alias of a number, for the list of those who are not to be called. */
  aliasOf(number: string): Promise<string | undefined>;
}

const ListParams = Type.Object({ listId: Type.String({ maxLength: 64 }) });
const noSuchList = () => new HttpProblem(404, 'There is no such call list.', { code: 'no-such-list' });

const outsideQueue = () => new HttpProblem(422, 'There is no such queue.');

/** Throws for one that does not exist, and for one outside the caller's queues alike. */
async function coveredList(request: FastifyRequest, { callLists }: Pick<Store, 'callLists'>, id: string) {
  const found = await callLists.byId(id as CallListId);
  if (!found) throw noSuchList();
  request.server.scoped.requireQueue(request, found.queue, noSuchList);
  return found;
}

export function callListRoutes(app: App, needs: ApiNeeds): void {
  if (!needs.callLists) return;
  listRoutes(app, needs, needs.callLists);
  entryRoutes(app, needs, needs.callLists);
  doNotCallRoutes(app, needs, needs.callLists);
  deskListRoutes(app, needs.callLists.work);
}

function listRoutes(app: App, { store, clock }: ApiNeeds, { unknownIn }: CallListNeeds): void {
  const lists = store.callLists;
  const refuseUnknown = (given: Partial<CallList>) => {
    const unknown = unknownIn(given);
    if (unknown) throw new HttpProblem(422, unknown);
  };

  app.get(
    '/api/v1/call-lists',
    {
      config: { needs: 'signed-in' },
      schema: { tags: ['call lists'], summary: 'All call lists', response: { 200: list(CallListView) } },
    },
    async (request) => {
      const reach = request.server.scoped.of(request);
      return { items: (await lists.list()).filter(({ queue }) => !reach || reach.queue(queue)), nextCursor: null };
    },
  );

  app.post(
    '/api/v1/call-lists',
    {
      config: { needs: 'call-lists:change' },
      schema: {
        tags: ['call lists'],
        summary: 'Make a call list; it is paused until its state is changed',
        body: NewCallList,
        response: { 201: CallListView },
      },
    },
    async (request, reply) => {
      refuseUnknown(request.body);
      request.server.scoped.requireQueue(request, request.body.queue, outsideQueue);
      const made: CallList = {
        retry: defaultRetryRules,
        ...request.body,
        id: newId('callList'),
        state: 'paused',
        createdAt: clock.now(),
      };
      if ((await lists.create(made)) === 'name-taken') throw new HttpProblem(409, 'There is a call list of this name.');
      void reply.header('location', `/api/v1/call-lists/${made.id}`);
      return reply.code(201).send(made);
    },
  );

  app.patch(
    '/api/v1/call-lists/:listId',
    {
      config: { needs: 'call-lists:change' },
      schema: {
        tags: ['call lists'],
        summary: 'Change a call list, start it, pause it, end it',
        params: ListParams,
        body: CallListChange,
        response: { 200: CallListView },
      },
    },
    async (request) => {
      refuseUnknown(request.body);
      const known = await coveredList(request, store, request.params.listId);
      request.server.scoped.requireQueue(request, request.body.queue ?? known.queue, outsideQueue);
      const changed = await lists.update(known.id, request.body);
      if (!changed) throw noSuchList();
      return changed;
    },
  );

  app.get(
    '/api/v1/call-lists/:listId/figures',
    {
      config: { needs: 'call-lists:read' },
      schema: {
        tags: ['call lists'],
        summary: 'Attempts, answers and what came of them',
        params: ListParams,
        response: { 200: CallListFigures },
      },
    },
    async (request) => {
      const known = await coveredList(request, store, request.params.listId);
      return figuresOf(await lists.totals(known.id));
    },
  );
}

function entryRoutes(app: App, { store }: ApiNeeds, { add }: CallListNeeds): void {
  const lists = store.callLists;
  app.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.post(
    '/api/v1/call-lists/:listId/customers',
    {
      config: { needs: 'call-lists:change' },
      schema: {
        tags: ['call lists'],
        summary: 'Put customers on a list',
        description:
          'JSON rows, or text/csv with a first line of names: number or alias, reference, not_before, and columns of your own that the agent sees. ' +
          'A number becomes an alias at once and is told nobody.',
        params: ListParams,
        body: NewCustomers,
        response: { 200: CustomersAdded },
      },
    },
    async (request) => {
      const { params, body } = request;
      const known = await coveredList(request, store, params.listId);
      return typeof body === 'string' ? add(known.id, readCustomers(body), 2) : add(known.id, body.customers, 1);
    },
  );

  app.get(
    '/api/v1/call-lists/:listId/customers',
    {
      config: { needs: 'call-lists:read' },
      schema: {
        tags: ['call lists'],
        summary: 'Customers on a list, newest first',
        params: ListParams,
        querystring: Type.Object({
          ...PageQuery,
          state: Type.Optional(
            Type.Unsafe<ListEntry['state']>({ type: 'string', enum: ['waiting', 'reserved', 'calling', 'closed'] }),
          ),
        }),
        response: { 200: list(ListEntryView) },
      },
    },
    async (request) => {
      const { cursor, limit, state } = request.query;
      const { id: listId } = await coveredList(request, store, request.params.listId);
      const before = cursor as ListEntryId | undefined;
      return page(
        limit,
        (size) => lists.entries({ listId, limit: size, ...(before ? { before } : {}), ...(state ? { state } : {}) }),
        entryView,
      );
    },
  );

  app.delete(
    '/api/v1/call-lists/:listId/customers/:entryId',
    {
      config: { needs: 'call-lists:change' },
      schema: {
        tags: ['call lists'],
        summary: 'Take a customer off a list',
        params: Type.Object({ listId: Type.String({ maxLength: 64 }), entryId: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { params } = request;
      await coveredList(request, store, params.listId);
      const entry = await lists.entryById(params.entryId as ListEntryId);
      if (!entry || entry.listId !== params.listId)
        throw new HttpProblem(404, 'There is no such customer on this list.');
      await lists.settle(entry.id, { kind: 'close', because: 'withdrawn' });
      return reply.code(204).send(null);
    },
  );
}

const entryView = (entry: ListEntry) => ({
  ...deskEntry(entry),
  reference: entry.reference,
  personId: entry.reservedBy,
  closedBecause: entry.closedBecause,
});

function deskEntry({ id, alias, facts, state, attempts, notBefore, callId, lastOutcome }: ListEntry) {
  return { id, alias, facts: { ...facts }, state, attempts, notBefore, callId, lastOutcome };
}

function doNotCallRoutes(app: App, { store, clock }: ApiNeeds, { aliasOf }: CallListNeeds): void {
  app.post(
    '/api/v1/do-not-call',
    {
      config: { needs: 'call-lists:change' },
      schema: {
        tags: ['call lists'],
        summary: 'A customer is not to be called from any list',
        body: DoNotCall,
        response: { 200: Type.Object({ alias: Type.String() }) },
      },
    },
    async ({ body }) => {
      const alias = body.alias ?? (body.number === undefined ? undefined : await aliasOf(body.number));
      if (alias === undefined) throw new HttpProblem(422, 'Give a number that can be read, or an alias.');
      await store.callLists.addDoNotCall([{ alias, because: body.because, since: clock.now() }]);
      return { alias };
    },
  );

  app.delete(
    '/api/v1/do-not-call/:alias',
    {
      config: { needs: 'call-lists:change' },
      schema: {
        tags: ['call lists'],
        summary: 'A customer may be called again',
        params: Type.Object({ alias: Type.String({ maxLength: 32 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { params } = request;
      // It holds for every list there is.
      if (request.server.scoped.of(request)) throw new HttpProblem(403, 'This concerns lists of the whole company.');
      if (!(await store.callLists.removeDoNotCall(params.alias)))
        throw new HttpProblem(404, 'This alias is not on the list of those who are not to be called.');
      return reply.code(204).send(null);
    },
  );
}

function deskListRoutes(app: App, work: CallListWork): void {
  const view = async (personId: PersonId) => {
    const at = await work.atDesk(personId);
    if (!at) return { list: null, entry: null, because: null };
    const { id, label, mode, reason, script } = at.list;
    return {
      list: { id, label, mode, reason, script },
      entry: at.entry && deskEntry(at.entry),
      because: at.because && (refusalCode(at.because) ?? at.because),
    };
  };
  const desk = { config: { needs: 'desk' as const } };

  app.get(
    '/api/v1/desk/call-list',
    {
      ...desk,
      schema: { tags: ['desk'], summary: 'The list worked on, and its customer', response: { 200: DeskCallList } },
    },
    async (request) => view(deskOwnerOf(request).id),
  );

  app.put(
    '/api/v1/desk/call-list',
    {
      ...desk,
      schema: {
        tags: ['desk'],
        summary: 'Begin work on a list, or end it with null',
        body: ChooseCallList,
        response: { 200: DeskCallList },
      },
    },
    async (request) => {
      const { id } = deskOwnerOf(request);
      const outcome = await work.choose(id, request.body.listId as CallListId | null);
      if (outcome.kind === 'not-found') throw noSuchList();
      requireOk(outcome);
      return view(id);
    },
  );

  const command = (name: 'next' | 'skip', summary: string) =>
    app.post(
      `/api/v1/desk/call-list/${name}`,
      { ...desk, schema: { tags: ['desk'], summary, response: { 200: DeskCallList } } },
      async (request) => {
        const { id } = deskOwnerOf(request);
        requireOk(await work[name](id));
        return view(id);
      },
    );
  command('next', 'Show the next customer');
  command('skip', 'The customer shown goes back to the list for a while');

  app.post(
    '/api/v1/desk/call-list/call',
    { ...desk, schema: { tags: ['desk'], summary: 'Call the customer shown', response: { 201: PlacedCall } } },
    async (request, reply) => {
      const outcome = await work.call(deskOwnerOf(request).id);
      if (outcome.kind !== 'ok') {
        requireOk(outcome, { code: 'unknown-alias', detail: 'Nobody is known by this alias.' });
        throw noSuchList();
      }
      return reply.code(201).send({ callId: outcome.callId });
    },
  );

  app.post(
    '/api/v1/desk/call-list/outcome',
    {
      ...desk,
      schema: { tags: ['desk'], summary: 'What came of the call', body: Judgement, response: { 200: DeskCallList } },
    },
    async (request) => {
      const { id } = deskOwnerOf(request);
      requireOk(await work.judge(id, request.body));
      return view(id);
    },
  );
}
