// Flows: what is in force, what is wrong with files, versions that are published and rolled back; calendars closed by hand.

import { Type } from 'typebox';
import { drawFlow } from '../../../routing/flow/drawing/draw.ts';
import type { Language } from '../../../routing/flow/flow.ts';
import type { PersonId } from '../../../shared/ids.ts';
import { CheckFlow, FlowProblems, FlowView, list } from '../../contract.ts';
import {
  CalendarView,
  CloseCalendar,
  type FlowOutcome,
  FlowState,
  FlowVersionView,
  PublishedFlow,
  PublishFlow,
  RollBackFlow,
} from '../../contracts/flow.ts';
import { HttpProblem, sendProblem } from '../../errors.ts';
import { type Caller, callerOf } from '../../guard/caller.ts';
import type { ApiNeeds, FlowCatalogue, FlowControl } from '../../needs.ts';
import type { App } from '../../server.ts';

const tags = ['flows'];
const whole = <T>(items: T[]) => ({ items, nextCursor: null });
const flowId = Type.Object({ flowId: Type.String({ maxLength: 128 }) });
const personOf = (caller: Caller): PersonId | null => (caller.kind === 'session' ? caller.person.id : null);

export function flowRoutes(app: App, { flows, flowControl }: ApiNeeds): void {
  catalogueRoutes(app, flows);
  if (!flowControl) return;
  versionRoutes(app, flowControl);
  publishingRoutes(app, flowControl);
  calendarRoutes(app, flowControl);
}

function catalogueRoutes(app: App, flows: FlowCatalogue): void {
  const view = ({ flow, numbers }: ReturnType<FlowCatalogue['list']>[number]): FlowView => ({
    id: flow.id,
    version: flow.version,
    language: flow.language,
    numbers: [...numbers],
    nodes: [...flow.nodes].map(([id, { kind }]) => ({ id, kind })),
  });

  app.get(
    '/api/v1/flows',
    {
      config: { needs: 'flows:read' },
      schema: { tags: ['flows'], summary: 'Flows in force', response: { 200: list(FlowView) } },
    },
    async () => whole(flows.list().map(view)),
  );

  app.get(
    '/api/v1/flows/:flowId',
    {
      config: { needs: 'flows:read' },
      schema: {
        tags: ['flows'],
        summary: 'One flow',
        params: flowId,
        response: { 200: FlowView },
      },
    },
    async (request) => {
      const found = flows.list().find(({ flow }) => flow.id === request.params.flowId);
      if (!found) throw new HttpProblem(404, 'There is no such flow.');
      return view(found);
    },
  );

  app.get(
    '/api/v1/flows/:flowId/drawing',
    {
      config: { needs: 'flows:read' },
      schema: {
        tags: ['flows'],
        summary: 'One flow as a drawing (SVG)',
        params: flowId,
        querystring: Type.Object({
          lang: Type.Optional(Type.Unsafe<Language>({ type: 'string', enum: ['ja', 'en'] })),
          version: Type.Optional(
            Type.String({ maxLength: 64, description: 'Says nothing: another one, another URL.' }),
          ),
        }),
      },
    },
    async (request, reply) => {
      const found = flows.list().find(({ flow }) => flow.id === request.params.flowId);
      if (!found) throw new HttpProblem(404, 'There is no such flow.');
      return reply.type('image/svg+xml').send(drawFlow(found.flow, request.query.lang ?? found.flow.language));
    },
  );

  app.post(
    '/api/v1/flows/check',
    {
      config: { needs: 'flows:check' },
      schema: {
        tags: ['flows'],
        summary: 'Look for mistakes in a flow, without putting it in force',
        body: CheckFlow,
        response: { 200: FlowProblems },
      },
    },
    async (request) => {
      const problems = await flows.check(request.body.yaml);
      return { ok: problems.every(({ severity }) => severity !== 'error'), problems };
    },
  );
}

function versionRoutes(app: App, control: FlowControl): void {
  app.get(
    '/api/v1/flow-files',
    {
      config: { needs: 'flows:read' },
      schema: { tags, summary: 'What is wrong with the files of flows, as last read', response: { 200: FlowState } },
    },
    async () => control.state(),
  );

  app.get(
    '/api/v1/flows/:flowId/versions',
    {
      config: { needs: 'flows:read' },
      schema: {
        tags,
        summary: 'Versions of a flow, newest first',
        params: flowId,
        response: { 200: list(FlowVersionView) },
      },
    },
    async ({ params }) => whole(await control.history(params.flowId)),
  );

  app.get(
    '/api/v1/flows/:flowId/versions/:version',
    {
      config: { needs: 'flows:read' },
      schema: {
        tags,
        summary: 'The text of one version',
        params: Type.Object({ ...flowId.properties, version: Type.String({ pattern: '^[0-9a-f]{12}$' }) }),
        response: { 200: CheckFlow },
      },
    },
    async ({ params }) => {
      const found = await control.source(params.flowId, params.version);
      if (!found) throw new HttpProblem(404, 'There is no such version.');
      return found;
    },
  );
}

function publishingRoutes(app: App, control: FlowControl): void {
  const change = (summary: string) => ({
    config: { needs: 'flows:change' } as const,
    schema: { tags, summary, params: flowId, response: { 200: PublishedFlow } },
  });
  const publish = change('Put a text in force on all nodes, or the file as it is now; calls under way keep theirs');
  app.post(
    '/api/v1/flows/:flowId/publish',
    { ...publish, schema: { ...publish.schema, body: PublishFlow } },
    (request, reply) => {
      const { params, body } = request;
      return told(reply, params.flowId, control.publish(params.flowId, personOf(callerOf(request)), body.yaml));
    },
  );

  const back = change('Go back to the version that was in force before, or to a named one');
  app.post(
    '/api/v1/flows/:flowId/roll-back',
    { ...back, schema: { ...back.schema, body: RollBackFlow } },
    (request, reply) => {
      const { params, body } = request;
      return told(reply, params.flowId, control.rollBack(params.flowId, personOf(callerOf(request)), body.version));
    },
  );

  app.post(
    '/api/v1/flows/:flowId/follow-file',
    change('Put the file in force again, and follow it'),
    (request, reply) =>
      told(reply, request.params.flowId, control.followFile(request.params.flowId, personOf(callerOf(request)))),
  );
}

async function told(reply: Parameters<typeof sendProblem>[0], flow: string, outcome: Promise<FlowOutcome>) {
  const { kind, ...came } = await outcome;
  if (kind === 'published') return { flow, ...(came as { version: string; problems: [] }) };
  if (kind === 'not-found') throw new HttpProblem(404, 'There is no such flow or version.');
  if (kind === 'other-flow') throw new HttpProblem(409, 'The text is that of another flow.');
  const problems = (came as { problems: { file: string; line: number; column: number; message: string }[] }).problems;
  const errors = problems.map(({ line, column, message }) => ({ path: `yaml:${line}:${column}`, message }));
  const { kind: unprocessable } = new HttpProblem(422);
  sendProblem(reply, { kind: unprocessable, code: 'flow-invalid', detail: 'The flow has mistakes.', errors });
  return reply;
}

function calendarRoutes(app: App, control: FlowControl): void {
  app.get(
    '/api/v1/calendars',
    {
      config: { needs: 'flows:read' },
      schema: { tags, summary: 'Opening hours, and what is closed by hand', response: { 200: list(CalendarView) } },
    },
    async () =>
      whole(
        control.calendars().map(({ calendar: { id, timeZone }, now, closure }) => {
          if (!closure) return { id, timeZone, now, closure };
          const { calendar, ...closed } = closure;
          return { id, timeZone, now, closure: { ...closed, all: calendar !== id } };
        }),
      ),
  );

  for (const [path, params] of [
    ['/api/v1/calendars/:calendar/closure', Type.Object({ calendar: Type.String({ maxLength: 64 }) })],
    ['/api/v1/closure', Type.Object({})],
  ] as const) {
    const nameOf = (given: object) => ('calendar' in given ? String(given.calendar) : null);
    const all = path === '/api/v1/closure' ? 'all calendars' : 'a calendar';
    app.put(
      path,
      {
        config: { needs: 'calendars:change' },
        schema: { tags, summary: `Close ${all} by hand`, params, body: CloseCalendar, response: { 204: Type.Null() } },
      },
      async (request, reply) => {
        const { until = null, because } = request.body;
        const closing = { calendar: nameOf(request.params), until, because, by: personOf(callerOf(request)) };
        if (!(await control.closeCalendar(closing))) throw new HttpProblem(404, 'There is no such calendar.');
        return reply.code(204).send(null);
      },
    );
    app.delete(
      path,
      {
        config: { needs: 'calendars:change' },
        schema: { tags, summary: `Open ${all} that was closed by hand`, params, response: { 204: Type.Null() } },
      },
      async (request, reply) => {
        const opened = await control.openCalendar(nameOf(request.params), personOf(callerOf(request)));
        if (!opened) throw new HttpProblem(404, 'It was not closed by hand.');
        return reply.code(204).send(null);
      },
    );
  }
}
