// Who may take what: the rules in force, the mode of operation and its switch, and every offer that was made or refused.

import { Type } from 'typebox';
import type { Actor, OperationState, RulesInForce } from '../../../call/rules/rules-in-force.ts';
import type { InformationClass } from '../../../privacy/pii-class.ts';
import type { ProvenFacts } from '../../../routing/policy/policy.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { EngawaEvent, Place } from '../../../shared/events.ts';
import type { CallId, EventId, PersonId } from '../../../shared/ids.ts';
import type { YamlProblem } from '../../../shared/yaml/yaml-reader.ts';
import type { EventQuery } from '../../../store/event-log.ts';
import type { Person } from '../../../store/records.ts';
import type { Store } from '../../../store/store.ts';
import { list } from '../../contract.ts';
import {
  CheckPolicy,
  DecisionQuery,
  DecisionView,
  ExplainPolicy,
  Explanation,
  OperationView,
  PolicyProblems,
  PolicyView,
  ReloadedPolicy,
  SwitchOperation,
} from '../../contracts/policy.ts';
import { HttpProblem } from '../../errors.ts';
import { type Caller, callerOf } from '../../guard/caller.ts';
import type { Reach } from '../../guard/scoped.ts';
import { coveredPage, PageQuery } from '../../paging.ts';
import type { App } from '../../server.ts';

export interface PolicyNeeds {
  rules: RulesInForce;
  classes(): readonly InformationClass[];
  check(yaml: string): YamlProblem[];
  /** A file with a mistake leaves the rules in force. */
  reload(by: Actor | null): Promise<{ version: string; changed: boolean; problems: YamlProblem[] }>;
  placeOf(person: Person): Promise<Place>;
  /** What else the person's sessions prove, in place of what is registered. */
  provenOf?(person: Person): Promise<ProvenFacts>;
}

interface Needs {
  clock: Clock;
  store: Store;
  policy: PolicyNeeds;
}

const dayMs = 86_400_000;
const tags = ['policy'];
const noErrors = (problems: readonly YamlProblem[]) => problems.every(({ severity }) => severity !== 'error');
const actorOf = (caller: Caller): Actor =>
  caller.kind === 'session' ? { personId: caller.person.id } : { keyId: caller.key.id };

export function policyRoutes(app: App, needs: Needs): void {
  ruleRoutes(app, needs);
  operationRoutes(app, needs);
  decisionRoutes(app, needs);
}

const operationView = ({ untilMs, ...state }: OperationState) => ({ ...state, until: untilMs });

function ruleRoutes(app: App, { store, policy }: Needs): void {
  const { rules } = policy;

  app.get(
    '/api/v1/policy',
    {
      config: { needs: 'policy:read' },
      schema: { tags, summary: 'Classes, rules and the mode of operation in force', response: { 200: PolicyView } },
    },
    async () => ({
      version: rules.policy.source.version,
      classes: rules.policy.rules.classes.map(({ id, label, description }) => ({
        ...{ id, label },
        ...(description ? { description } : {}),
      })),
      rules: rules.policy.rules.rules.map(({ name, says }) => ({ name, says })),
      operation: operationView(rules.operation()),
    }),
  );

  app.post(
    '/api/v1/policy/check',
    {
      config: { needs: 'policy:read' },
      schema: {
        tags,
        summary: 'Look for mistakes in rules, without putting them in force',
        body: CheckPolicy,
        response: { 200: PolicyProblems },
      },
    },
    async (request) => {
      const problems = policy.check(request.body.yaml);
      return { ok: noErrors(problems), problems };
    },
  );

  app.post(
    '/api/v1/policy/reload',
    {
      config: { needs: 'policy:change' },
      schema: {
        tags,
        summary: 'Read the rules again',
        description: 'In force for the next offer, on all nodes. With a mistake those of before go on.',
        response: { 200: ReloadedPolicy },
      },
    },
    async (request) => policy.reload(actorOf(callerOf(request))),
  );

  app.post(
    '/api/v1/policy/explain',
    {
      config: { needs: 'policy:read' },
      schema: {
        tags,
        summary: 'Why a person may or may not take such a call, now',
        body: ExplainPolicy,
        response: { 200: Explanation },
      },
    },
    async (request) => {
      const { personId, call, place: told, operation: asked } = request.body;
      const person = await store.people.byId(personId as PersonId);
      if (!person || request.server.scoped.of(request)?.person(person) === false)
        throw new HttpProblem(404, 'There is no such person.');
      const place = told ?? (await policy.placeOf(person));
      const operation = asked ?? rules.operation().operation;
      const facts = { ...person.facts, ...(await policy.provenOf?.(person)), clearance: person.clearance, place };
      const direction = call.direction ?? 'inbound';
      return { ...rules.explain(facts, { ...call, direction }, operation), place, operation };
    },
  );
}

function operationRoutes(app: App, { clock, policy }: Needs): void {
  const { rules } = policy;

  app.get(
    '/api/v1/operation',
    {
      config: { needs: 'operation:read' },
      schema: { tags, summary: 'Where the company works from, now', response: { 200: OperationView } },
    },
    async () => operationView(rules.operation()),
  );

  app.put(
    '/api/v1/operation',
    {
      config: { needs: 'operation:change' },
      schema: {
        tags,
        summary: 'Switch where the company works from',
        description: 'The next offer obeys, on all nodes. `by-schedule` takes a switch back.',
        body: SwitchOperation,
        response: { 200: OperationView },
      },
    },
    async (request) => {
      const { operation, why = null, until = null } = request.body;
      if (until !== null && until <= clock.now()) throw new HttpProblem(400, 'The time in `until` is over.');
      const by = actorOf(callerOf(request));
      return operationView(await rules.switchOperation(operation, { by, why, untilMs: until }));
    },
  );
}

type Decided = EngawaEvent<'agent-reserved' | 'offer-refused'>;

function decisionRoutes(app: App, { clock, store }: Needs): void {
  app.get(
    '/api/v1/decisions',
    {
      config: { needs: 'decisions:read' },
      schema: {
        tags,
        summary: 'Every offer that was made or refused, newest first',
        querystring: Type.Object({ ...PageQuery, ...DecisionQuery }),
        response: { 200: list(DecisionView) },
      },
    },
    async (request) => {
      const { query } = request;
      const reach = request.server.scoped.of(request);
      const { cursor, limit, decision, personId, callId, alias, queue, rule, code, from, to } = query;
      const callIds = alias === undefined ? undefined : await callsOf(store, alias);
      if (callIds?.length === 0) return { items: [], nextCursor: null };
      const asked: EventQuery = {
        types: [
          ...(decision === 'refused' ? [] : (['agent-reserved'] as const)),
          ...(decision === 'offered' ? [] : (['offer-refused'] as const)),
        ],
        fromMs: from ?? clock.now() - dayMs,
        descending: true,
        fields: { ...(queue && { queue }), ...(rule && { rule }), ...(code && { code }) },
        ...(to === undefined ? {} : { toMs: to }),
        ...(personId ? { personId: personId as PersonId } : {}),
        ...(callId ? { callId: callId as CallId } : {}),
        ...(callIds ? { callIds } : {}),
      };
      const aliases = new Map<CallId, string | null>();
      return coveredPage(
        { limit, cursor, covers: reach && ((event: Decided) => coversDecision(reach, event)) },
        async (size, before) => {
          const after = before ? { before: before as EventId } : {};
          const events = (await store.events.read({ ...asked, ...after, limit: size })) as Decided[];
          for (const id of new Set(events.map((event) => event.callId)))
            aliases.set(id, (await store.calls.byId(id))?.alias ?? null);
          return events;
        },
        (event) => decisionView(event, aliases.get(event.callId) ?? null),
      );
    },
  );
}

/** By its queue; one that was made without, by its person. Which person of another site was offered a call is told nobody. */
async function coversDecision(reach: Reach, { queue, personId }: Decided): Promise<boolean> {
  return (!queue || reach.queue(queue)) && (await reach.personById(personId));
}

/** The newest of this customer. */
async function callsOf(store: Store, alias: string): Promise<CallId[]> {
  return (await store.calls.list({ alias, limit: 200 })).map(({ id }) => id);
}

function decisionView(event: Decided, alias: string | null): DecisionView {
  const { id, at, callId, personId, queue, rule = null } = event;
  const refused = event.type === 'offer-refused';
  return {
    ...{ id, at, callId, alias, personId, rule },
    decision: refused ? 'refused' : 'offered',
    queue: queue || null,
    because: refused ? { code: event.code ?? null, ja: event.ja ?? null, en: event.because } : null,
  };
}
