// A hand that is raised at a desk, and supervisors who answer (call/supervise/help-desk.ts).

import { Type } from 'typebox';
import type { HelpDesk } from '../../../call/supervise/help-desk.ts';
import type { HelpRequestId, PersonId } from '../../../shared/ids.ts';
import type { HelpRequest } from '../../../store/help-requests.ts';
import { list } from '../../contract.ts';
import { AnswerHelp, AskForHelp, HelpView } from '../../contracts/help.ts';
import { HttpProblem } from '../../errors.ts';
import { deskOwnerOf, personOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import { coveredPage, PageQuery } from '../../paging.ts';
import type { App } from '../../server.ts';
import { requireDeskHere } from './tenure-routes.ts';

type Needs = ApiNeeds & { helpDesk: HelpDesk };

const tags = ['help'];
const HelpParams = Type.Object({ helpId: Type.String({ maxLength: 64 }) });
const nobodyAsks = () => new HttpProblem(404, 'Nobody asks for help under this name any more.');

export function helpRoutes(app: App, needs: Needs): void {
  ownRoutes(app, needs);
  supervisorRoutes(app, needs);
}

function viewsOf({ store }: Pick<Needs, 'store'>) {
  const named = async (id: PersonId) => ({ id, displayName: (await store.people.byId(id))?.displayName ?? id });
  return async (request: HelpRequest): Promise<HelpView> => {
    const { personId, answeredBy, endedBy: _, ...told } = request;
    const [person, answered] = await Promise.all([named(personId), answeredBy && named(answeredBy)]);
    return { ...told, person, answeredBy: answered };
  };
}

function ownRoutes(app: App, needs: Needs): void {
  const { callCentre, helpDesk } = needs;
  const view = viewsOf(needs);

  app.get(
    '/api/v1/desk/help',
    {
      config: { needs: 'desk' },
      schema: { tags, summary: 'The own raised hand, and who answered', response: { 200: HelpView } },
    },
    async (request) => {
      const own = helpDesk.openOf(deskOwnerOf(request).id);
      if (!own) throw nobodyAsks();
      return view(own);
    },
  );

  app.put(
    '/api/v1/desk/help',
    {
      config: { needs: 'desk' },
      schema: {
        tags,
        summary: 'Ask a supervisor for help',
        description: 'One hand at a time: asking about something else ends what was asked before.',
        body: AskForHelp,
        response: { 200: HelpView },
      },
    },
    async (request) => {
      const { id } = deskOwnerOf(request);
      requireDeskHere(request, needs);
      return view(await helpDesk.ask(id, request.body.about, callCentre.desk(id)?.call?.id ?? null));
    },
  );

  app.delete(
    '/api/v1/desk/help',
    {
      config: { needs: 'desk' },
      schema: { tags, summary: 'Take the own hand down', response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { id } = deskOwnerOf(request);
      const own = helpDesk.openOf(id);
      if (own) await helpDesk.end(own.id, id);
      return reply.code(204).send(null);
    },
  );
}

function supervisorRoutes(app: App, needs: Needs): void {
  const { helpDesk, store } = needs;
  const view = viewsOf(needs);

  app.get(
    '/api/v1/help-requests',
    {
      config: { needs: 'help:read' },
      schema: {
        tags,
        summary: 'Raised hands, newest first',
        querystring: Type.Object({
          ...PageQuery,
          open: Type.Optional(Type.Boolean({ description: 'Only those that still are, or that are not any more.' })),
          from: Type.Optional(Type.Integer({ description: 'Epoch milliseconds.' })),
        }),
        response: { 200: list(HelpView) },
      },
    },
    async (request) => {
      const { cursor, limit, open, from } = request.query;
      const reach = request.server.scoped.of(request);
      const covers = reach && ((found: HelpRequest) => reach.personById(found.personId));
      const found = await coveredPage(
        { limit, cursor, covers },
        (size, before) =>
          store.helpRequests.list({
            ...(open === undefined ? {} : { open }),
            ...(from === undefined ? {} : { fromMs: from }),
            ...(before === undefined ? {} : { before: before as HelpRequestId }),
            limit: size,
          }),
        (row) => row,
      );
      return { ...found, items: await Promise.all(found.items.map(view)) };
    },
  );

  async function reached(request: Parameters<typeof personOf>[0], helpId: string): Promise<HelpRequest> {
    const found = helpDesk.byId(helpId as HelpRequestId);
    if (!found) throw nobodyAsks();
    await request.server.scoped.requirePerson(request, found.personId, nobodyAsks);
    return found;
  }

  app.post(
    '/api/v1/help-requests/:helpId/commands/answer',
    {
      config: { needs: 'help:answer' },
      schema: {
        tags,
        summary: 'Tell whoever asks that help comes, by a phrase',
        description: 'It stays open until it is ended. Who begins to listen in on the person has answered `listening`.',
        params: HelpParams,
        body: AnswerHelp,
        response: { 200: HelpView },
      },
    },
    async (request) => {
      const found = await reached(request, request.params.helpId);
      if (!(await helpDesk.answer(found.id, personOf(request).id, request.body.answer))) throw nobodyAsks();
      return view(helpDesk.byId(found.id) ?? found);
    },
  );

  app.post(
    '/api/v1/help-requests/:helpId/commands/end',
    {
      config: { needs: 'help:answer' },
      schema: { tags, summary: 'The person was helped', params: HelpParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const found = await reached(request, request.params.helpId);
      if (!(await helpDesk.end(found.id, personOf(request).id))) throw nobodyAsks();
      return reply.code(204).send(null);
    },
  );
}
