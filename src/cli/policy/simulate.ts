// `engawa policy simulate`: a day again under other rules, as a table: what was, what the same simulation gives for the rules in
// force (so that what the simulation leaves out can be told from what the rules do), and what it gives for the changed rules.

import { localTime } from '../../routing/hours.ts';
import { timeOf } from '../../routing/policy/clockwork.ts';
import type { CompiledPolicy } from '../../routing/policy/compile-policy.ts';
import type { Operation } from '../../routing/policy/policy.ts';
import { type Day, readDay, typesOfADay } from '../../routing/simulation/day.ts';
import { asItWas, type DayFigures, figuresOf } from '../../routing/simulation/figures.ts';
import { type SimulatedVisit, simulateDay } from '../../routing/simulation/simulate.ts';
import type { EngawaEvent } from '../../shared/events.ts';
import type { EventId } from '../../shared/ids.ts';
import type { Person } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { withStore } from '../with-store.ts';
import { type PolicyRequest, rulesOf } from './policy-request.ts';

const dayMs = 86_400_000;
/** Who was signed in as the day began, and what was waiting, is in the hours before. */
const readBeforeMs = dayMs;

interface Compared {
  day: Day;
  people: readonly Person[];
  before: SimulatedVisit[];
  after: SimulatedVisit[];
}

export async function simulatePolicy(request: PolicyRequest): Promise<number> {
  const { config, rest, values, operation } = request;
  if (!config) throw new Error('Say which installation: --config FILE.');
  const inForce = await rulesOf(request);
  const changed = await rulesOf(request, rest[0] ?? request.policyFile);
  if (!inForce || !changed) return 1;
  const { timeZone } = changed.policy.rules;
  const fromMs = values.day === undefined ? yesterday(timeZone) : timeOf(values.day, timeZone);
  if (!Number.isFinite(fromMs)) throw new Error(`--day must be a date such as 2026-09-10, not "${values.day}".`);
  const span = { fromMs, toMs: Math.min(fromMs + dayMs, Date.now()) };
  const { events, people, before } = await withStore(config, async (store) => ({
    events: await eventsOf(store, span),
    people: await store.people.list(),
    before: await operationBefore(store, span.fromMs, inForce.policy),
  }));
  const day = readDay(events, { ...span, before });
  const agents = people.map(({ id, queues, clearance, facts }) => ({ ...facts, personId: id, queues, clearance }));
  const run = (policy: CompiledPolicy, forced?: Operation) =>
    simulateDay({ day, queues: config.queues, policy, people: agents, ...(forced ? { operation: forced } : {}) });
  const compared = { day, people, before: run(inForce.policy), after: run(changed.policy, operation) };
  if (values.json) console.log(JSON.stringify(asJson(compared), null, 2));
  else print(compared, config.queues, timeZone, values.calls ?? false);
  return 0;
}

function yesterday(timeZone: string): number {
  const { date } = localTime(timeZone, Date.now());
  return timeOf(new Date(Date.parse(`${date}T00:00:00Z`) - dayMs).toISOString().slice(0, 10), timeZone);
}

async function eventsOf(store: Store, { fromMs, toMs }: { fromMs: number; toMs: number }): Promise<EngawaEvent[]> {
  const all: EngawaEvent[] = [];
  let after: EventId | undefined;
  for (;;) {
    const page = await store.events.read({
      ...{ types: typesOfADay, fromMs: fromMs - readBeforeMs, toMs, limit: 1000 },
      ...(after ? { after } : {}),
    });
    all.push(...page);
    after = page.at(-1)?.id;
    if (page.length < 1000) return all;
  }
}

async function operationBefore(store: Store, atMs: number, policy: CompiledPolicy): Promise<Operation> {
  const query = { types: ['operation-changed' as const], toMs: atMs, descending: true, limit: 1 };
  const [last] = await store.events.read(query);
  return last?.type === 'operation-changed' ? last.operation : policy.plannedOperation(atMs).operation;
}

type Queues = NonNullable<PolicyRequest['config']>['queues'];

function print({ day, people, before, after }: Compared, queues: Queues, timeZone: string, calls: boolean): void {
  const time = (at: number) => {
    const { date, minute } = localTime(timeZone, at);
    return `${date} ${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  };
  console.log(`${time(day.fromMs)} to ${time(day.toMs)}, ${day.visits.length} calls in queues\n`);
  for (const settings of queues) {
    const of = (visits: SimulatedVisit[]) => visits.filter(({ visit }) => visit.queue === settings.name);
    const columns = {
      'as it was': figuresOf(
        of(before).map(({ visit }) => asItWas(visit)),
        settings,
      ),
      'in force, simulated': figuresOf(of(before), settings),
      'changed, simulated': figuresOf(of(after), settings),
    };
    if (columns['as it was'].calls === 0) continue;
    printTable(settings.name, columns);
  }
  printPeople(people, before, after);
  if (calls) printCalls(people, before, after, time);
}

const seconds = (ms: number | null): string => (ms === null ? '—' : `${(ms / 1000).toFixed(0)} s`);
const rows: readonly [string, (figures: DayFigures) => string][] = [
  ['calls', ({ calls }) => String(calls)],
  ['answered', ({ answered }) => String(answered)],
  ['gave up', ({ abandoned }) => String(abandoned)],
  ['left by overflow', ({ overflowed }) => String(overflowed)],
  ['nobody took it', ({ waiting }) => String(waiting)],
  ['average wait of the answered', ({ averageWaitMs }) => seconds(averageWaitMs)],
  ['longest wait', ({ longestWaitMs }) => seconds(longestWaitMs)],
  ['service level', ({ serviceLevel }) => (serviceLevel === null ? '—' : `${(serviceLevel * 100).toFixed(0)} %`)],
];

function printTable(name: string, columns: Record<string, DayFigures>): void {
  const cell = (text: string) => text.padStart(21);
  console.log(`${name.padEnd(30)}${Object.keys(columns).map(cell).join('')}`);
  for (const [what, show] of rows)
    console.log(
      `  ${what.padEnd(28)}${Object.values(columns)
        .map((figures) => cell(show(figures)))
        .join('')}`,
    );
  console.log('');
}

function printPeople(people: readonly Person[], before: SimulatedVisit[], after: SimulatedVisit[]): void {
  const taken = (of: (one: SimulatedVisit) => string | null, visits: SimulatedVisit[], id: string) =>
    String(visits.filter((one) => of(one) === id).length).padStart(21);
  console.log(
    `${'answered by'.padEnd(30)}${['as it was', 'in force, simulated', 'changed, simulated'].map((text) => text.padStart(21)).join('')}`,
  );
  for (const { id, login } of people) {
    const was = taken(({ visit }) => asItWas(visit).answeredBy, before, id);
    const columns = [was, taken((one) => one.answeredBy, before, id), taken((one) => one.answeredBy, after, id)];
    if (columns.some((count) => count.trim() !== '0')) console.log(`  ${login.padEnd(28)}${columns.join('')}`);
  }
  console.log('');
}

function printCalls(
  people: readonly Person[],
  before: SimulatedVisit[],
  after: SimulatedVisit[],
  time: (at: number) => string,
): void {
  const nameOf = (id: string | null) => people.find((one) => one.id === id)?.login ?? id ?? '—';
  const told = ({ outcome, answeredBy, waitMs }: Pick<SimulatedVisit, 'outcome' | 'answeredBy' | 'waitMs'>) =>
    `${outcome === 'answered' ? nameOf(answeredBy) : outcome} (${seconds(waitMs)})`;
  for (const [i, one] of after.entries()) {
    const { visit, refused } = one;
    const head = `${time(visit.enteredAt)}  ${(visit.alias ?? '—').padEnd(12)}${(visit.facts.reason ?? '—').padEnd(20)}${visit.queue.padEnd(14)}`;
    console.log(`${head}${told(asItWas(visit)).padEnd(24)}${told(before[i]!).padEnd(24)}${told(one)}`);
    for (const { personId, rule, because } of refused) console.log(`    ${nameOf(personId)}: ${because} (${rule})`);
  }
}

function asJson({ day, people, before, after }: Compared): object {
  const nameOf = (id: string | null) => people.find((one) => one.id === id)?.login ?? id;
  const told = (one: Pick<SimulatedVisit, 'outcome' | 'answeredBy' | 'waitMs'>) => ({
    ...{ outcome: one.outcome, waitMs: one.waitMs, answeredBy: nameOf(one.answeredBy) },
  });
  return {
    ...{ fromMs: day.fromMs, toMs: day.toMs },
    calls: after.map((one, i) => ({
      ...{ callId: one.visit.callId, alias: one.visit.alias, queue: one.visit.queue, enteredAt: one.visit.enteredAt },
      reason: one.visit.facts.reason ?? null,
      asItWas: told(asItWas(one.visit)),
      inForce: told(before[i]!),
      changed: told(one),
      refused: one.refused.map(({ personId, rule, because }) => ({ login: nameOf(personId), rule, because })),
    })),
  };
}
