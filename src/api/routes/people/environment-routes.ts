// The check before a shift: its owner begins it, sends what the browser found, and gets what the server made of it; supervisors
// see everybody's. What a check is made of is identity/environment's; here is who may ask.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import {
  type CheckItem,
  type CheckSettings,
  checkItems,
  type ReachClaim,
} from '../../../identity/environment/check.ts';
import type { CheckRecord, EnvironmentChecks } from '../../../identity/environment/environment-checks.ts';
import { checkReport, reportHtml, reportText } from '../../../identity/environment/report.ts';
import { stateOf } from '../../../identity/environment/standing.ts';
import { itemLabels } from '../../../identity/environment/words.ts';
import type { EnvironmentCheckId, PersonId } from '../../../shared/ids.ts';
import type { EnvironmentCheckRow } from '../../../store/environment-checks.ts';
import type { Person } from '../../../store/records.ts';
import {
  BegunCheck,
  DeskEnvironment,
  EnvironmentCheckView,
  EnvironmentClaims,
  SentReport,
} from '../../contracts/environment.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf, deskOwnerOf, may } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import { coveredPage, PageQuery } from '../../paging.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';

export interface EnvironmentApi {
  checks: Pick<EnvironmentChecks, 'begin' | 'finish' | 'stop' | 'standing' | 'lastStanding' | 'seenFrom'>;
  settings: CheckSettings;
  /** How long the line is measured. */
  seconds: number;
  ways: readonly { way: ReachClaim['way']; urls: readonly string[] }[];
  helpDesk: {
    mail: string | null;
    /** Undefined: no address is configured. */
    send?: (report: { json: unknown; text: string }) => Promise<{ sent: true } | { sent: false; because: string }>;
  };
  placeOf(person: Person): ReturnType<NonNullable<ApiNeeds['policy']>['placeOf']>;
}

const CheckParams = Type.Object({ checkId: Type.String({ maxLength: 64 }) });
const Language = Type.Union([Type.Literal('ja'), Type.Literal('en')]);

export function environmentRoutes(app: App, needs: ApiNeeds): void {
  const { environment } = needs;
  if (!environment) return;
  app.addHook('preHandler', async ({ caller, ip }) => {
    if (caller?.kind === 'session') environment.checks.seenFrom(caller.person.id, ip);
  });
  ownRoutes(app, needs, environment);
  commandRoutes(app, needs, environment);
  readingRoutes(app, needs);
  reportRoutes(app, needs, environment);
}

function ownRoutes(app: App, { store, clock }: ApiNeeds, environment: EnvironmentApi): void {
  const { settings, helpDesk, checks } = environment;
  app.get(
    '/api/v1/desk/environment',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['environment'],
        summary: 'What is checked before a shift, and where the person who asks stands',
        response: { 200: DeskEnvironment },
      },
    },
    async (request) => {
      const person = deskOwnerOf(request);
      const latest = await store.environmentChecks.latest(person.id);
      return {
        check: settings.check,
        items: checkItems.map((item: CheckItem) => ({ item, weight: settings.items[item], label: itemLabels[item] })),
        standing: checks.standing(person.id, await environment.placeOf(person)),
        latest: latest ? checkView(latest, clock.now()) : null,
        seconds: environment.seconds,
        ways: environment.ways.map(({ way, urls }) => ({ way, urls: [...urls] })),
        helpDesk: { mail: helpDesk.mail, post: helpDesk.send !== undefined },
      };
    },
  );
}

function commandRoutes(app: App, needs: ApiNeeds, environment: EnvironmentApi): void {
  const { checks } = environment;
  app.post(
    '/api/v1/desk/environment/checks',
    {
      config: { needs: 'desk', rateLimit: { max: 30, timeWindow: 60_000 } },
      schema: {
        tags: ['environment'],
        summary: 'Begin a check: the softphone is called and the line measured',
        description:
          'One at a time; not on a call, nor while one may come. Nothing is recorded. Without the figures of the browser (PUT) within ' +
          'two minutes there is no result.',
        response: { 201: BegunCheck },
      },
    },
    async (request, reply) => {
      const person = deskOwnerOf(request);
      const caller = callerOf(request);
      if (caller.kind !== 'session') throw new HttpProblem(403);
      const place = await environment.placeOf(person);
      const by = { personId: person.id, sessionId: caller.session.id, address: request.ip, place };
      const begun = checks.begin(by);
      if (begun.kind === 'begun') {
        const { id, callId, seconds } = begun;
        return reply.code(201).send({ id, callId, seconds });
      }
      if (begun.kind === 'too-often')
        throw new HttpProblem(429, 'So many checks were made in this hour that no more are for now.', {
          headers: { 'retry-after': String(begun.retryAfterSeconds) },
        });
      throw refusals[begun.because]();
    },
  );

  app.put(
    '/api/v1/desk/environment/checks/:checkId',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['environment'],
        summary: 'What the browser found; answers with the result',
        params: CheckParams,
        body: EnvironmentClaims,
        response: { 200: EnvironmentCheckView },
      },
    },
    async (request) => {
      const person = deskOwnerOf(request);
      const row = await checks.finish(idOf(request.params), person.id, request.body);
      if (!row)
        throw new HttpProblem(409, 'This check is over, or another server has it. Begin again.', {
          code: 'check-over',
        });
      await tell(needs, request, row);
      return checkView(row, needs.clock.now());
    },
  );

  app.delete(
    '/api/v1/desk/environment/checks/:checkId',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['environment'],
        summary: 'Give a check up',
        params: CheckParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      checks.stop(idOf(request.params), deskOwnerOf(request).id);
      return reply.code(204).send(null);
    },
  );
}

const refusals = {
  off: () => new HttpProblem(404, 'There is no check before a shift here.'),
  busy: () =>
    new HttpProblem(409, 'Not during a call, nor while one may come: be not ready first.', { code: 'check-not-now' }),
  running: () => new HttpProblem(409, 'A check of yours is running already.', { code: 'check-running' }),
  full: () => new HttpProblem(503, 'Many people make their check at this moment.', { code: 'check-full' }),
};

/** For whoever watches, and for the record of who did what. */
async function tell(needs: ApiNeeds, request: FastifyRequest, row: EnvironmentCheckRow): Promise<void> {
  const { result } = row.record as CheckRecord;
  const bad = result.items.filter(({ outcome, weight }) => weight === 'required' && outcome !== 'good');
  const { id: checkId, personId, passed } = row;
  await needs.store.events.append({
    ...{ type: 'environment-checked' as const, personId, checkId, passed },
    network: result.network.kind,
  });
  await needs.audit?.write({
    act: 'environment-checked',
    by: actorOf(request),
    target: { kind: 'person', id: row.personId },
    outcome: 'done',
    details: {
      ...{ check: row.id, passed: row.passed, network: result.network.kind },
      lacking: bad.map(({ item }) => item).join(' '),
    },
  });
}

function readingRoutes(app: App, needs: ApiNeeds): void {
  const { store, clock } = needs;
  app.get(
    '/api/v1/environment-checks',
    {
      config: { needs: 'agents:read' },
      schema: {
        tags: ['environment'],
        summary: 'Checks that people made, newest first',
        querystring: Type.Object({ ...PageQuery, personId: Type.Optional(Type.String({ maxLength: 64 })) }),
        response: {
          200: Type.Object({
            items: Type.Array(EnvironmentCheckView),
            nextCursor: Type.Union([Type.String(), Type.Null()]),
          }),
        },
      },
    },
    async (request) => {
      const { limit, cursor, personId } = request.query;
      const reach = request.server.scoped.of(request);
      return coveredPage(
        { limit, cursor, covers: reach && ((row: EnvironmentCheckRow) => reach.personById(row.personId)) },
        (size, after) =>
          store.environmentChecks.list({
            limit: size,
            ...(after === undefined ? {} : { before: after as EnvironmentCheckId }),
            ...(personId === undefined ? {} : { personId: personId as PersonId }),
          }),
        (row) => checkView(row, clock.now()),
      );
    },
  );

  app.get(
    '/api/v1/environment-checks/:checkId',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['environment'],
        summary: 'One check: the own, or anybody’s for a supervisor',
        params: CheckParams,
        response: { 200: EnvironmentCheckView },
      },
    },
    async (request) => checkView(await readable(needs, request), clock.now()),
  );
}

function reportRoutes(app: App, needs: ApiNeeds, { helpDesk }: EnvironmentApi): void {
  const loginOf = async (personId: PersonId) => (await needs.store.people.byId(personId))?.login ?? '—';

  app.get(
    '/api/v1/environment-checks/:checkId/report',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['environment'],
        summary: 'The report of a check, as a file: figures and the login, no name, address or number',
        params: CheckParams,
        querystring: Type.Object({
          format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('html'), Type.Literal('text')])),
          language: Type.Optional(Language),
        }),
      },
    },
    async (request, reply) => {
      const row = await readable(needs, request);
      const { format = 'json', language = 'ja' } = request.query;
      const login = await loginOf(row.personId);
      const file = `environment-check-${row.id}`;
      const attach = (ending: string) =>
        reply.header('content-disposition', `attachment; filename="${file}.${ending}"`);
      if (format === 'html')
        return attach('html')
          .type('text/html; charset=utf-8')
          .send(reportHtml(row, login, language));
      if (format === 'text')
        return attach('txt')
          .type('text/plain; charset=utf-8')
          .send(reportText(row, login, language));
      return attach('json')
        .type('application/json; charset=utf-8')
        .send(JSON.stringify(checkReport(row, login), null, 2));
    },
  );

  app.post(
    '/api/v1/environment-checks/:checkId/send',
    {
      config: { needs: 'signed-in', rateLimit: { max: 6, timeWindow: 60_000 } },
      schema: {
        tags: ['environment'],
        summary: 'Send the report to the help desk; answers with what was sent',
        params: CheckParams,
        body: Type.Object({ language: Type.Optional(Language) }),
        response: { 200: SentReport },
      },
    },
    async (request) => {
      const row = await readable(needs, request);
      if (!helpDesk.send) throw new HttpProblem(404, 'No help desk is configured.');
      const login = await loginOf(row.personId);
      const text = reportText(row, login, request.body.language ?? 'ja');
      const outcome = await helpDesk.send({ json: checkReport(row, login), text });
      await needs.audit?.write({
        act: 'environment-report-sent',
        by: actorOf(request),
        target: { kind: 'person', id: row.personId },
        outcome: 'done',
        details: { check: row.id, sent: outcome.sent },
      });
      if (!outcome.sent) needs.log.warn({ because: outcome.because }, 'the help desk did not take a report');
      return { sent: outcome.sent, text };
    },
  );
}

/** One’s own check, or one of a person whom the caller may see. Anything else is not there. */
async function readable(needs: ApiNeeds, request: FastifyRequest): Promise<EnvironmentCheckRow> {
  const missing = () => new HttpProblem(404, 'There is no such check.');
  const row = await needs.store.environmentChecks.byId(idOf(request.params as { checkId: string }));
  if (!row) throw missing();
  const caller = callerOf(request);
  if (caller.kind === 'session' && caller.person.id === row.personId) return row;
  if (!may(caller, 'agents:read')) throw missing();
  await request.server.scoped.requirePerson(request, row.personId, missing);
  return row;
}

const idOf = ({ checkId }: { checkId: string }) => checkId as EnvironmentCheckId;

function checkView(row: EnvironmentCheckRow, now: number): EnvironmentCheckView {
  const { result } = row.record as CheckRecord;
  const state = stateOf(row, now);
  const { network, line } = result;
  return {
    ...{ id: row.id, personId: row.personId, at: row.at, place: row.place, passed: row.passed },
    state: state === 'never' ? 'expired' : state,
    ...{ countsUntil: row.countsUntil, staleAt: row.staleAt },
    network: { ...network, signs: [...network.signs] },
    items: result.items.map((item) => ({ ...item })),
    line,
  };
}
