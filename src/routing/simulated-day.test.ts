// A day of a small contact centre, from first call to last, through the flow, the ACD and the figures: no telephone needed.
// People take breaks, do not answer, sign out; callers give up. Repeat a run with SEED=…

import { test } from 'tap';
import { mayHandle } from '../privacy/pii-class.ts';
import type { PiiClass } from '../shared/events.ts';
import type { CallId, PersonId } from '../shared/ids.ts';
import { type Random, seededRandom } from '../shared/random.ts';
import type { AcdEffect, AcdInput } from './acd/acd.ts';
import { createAcd } from './acd/distributor.ts';
import { parseFlow } from './flow/file/load.ts';
import type { FlowInput } from './flow/flow.ts';
import { startFlow } from './flow/run.ts';
import { averageHandleTimeMs, averageSpeedOfAnswerMs, occupancy, type QueueOutcome, serviceLevel } from './kpi.ts';
import { parseReasons } from './reasons.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const { reasons } = parseReasons(
  `reasons:
  contract: { label: { ja: 契約, en: Contract }, class: personal }
  product: { label: { ja: 商品, en: Product }, class: none }
`,
  'reasons.yaml',
);
const flow = `flow: main
start: why
nodes:
  why: { menu: { ja: 用件, en: Why }, choices: { 1: contract, 2: product }, retries: 1, on-timeout: unknown }
  contract: { reason: contract, next: contracts }
  product: { reason: product, next: general }
  unknown: { say: { ja: お待ちください, en: Please wait }, next: contracts }
  contracts: { queue: contracts }
  general: { queue: general }
`;
const hour = 3_600_000;
const opensAt = Date.parse('2026-11-16T09:00:00+09:00');
const closesAt = opensAt + 9 * hour;
const clearances: Record<string, PiiClass> = {
  home1: 'none',
  home2: 'none',
  home3: 'none',
  site1: 'sensitive',
  site2: 'personal',
};

/** Things that happen later, in order of their time. */
function createAgenda() {
  const entries: { at: number; order: number; run: (now: number) => void }[] = [];
  let order = 0;
  return {
    at(at: number, run: (now: number) => void) {
      entries.push({ at, order: order++, run });
    },
    next() {
      entries.sort((a, b) => a.at - b.at || a.order - b.order);
      return entries.shift();
    },
    first: () => Math.min(...entries.map((entry) => entry.at)),
  };
}

function simulate(random: Random) {
  const settings = {
    ringTimeoutSeconds: 20,
    afterCallWorkSeconds: 30,
    serviceLevelSeconds: 20,
    shortAbandonSeconds: 5,
  };
  const queues = ['general', 'contracts'].map((name) => ({ name, label: { ja: name, en: name }, ...settings }));
  const acd = createAcd({ queues });
  const agenda = createAgenda();
  const classOf = new Map<CallId, PiiClass | undefined>();
  const enteredAt = new Map<CallId, number>();
  const outcomes: QueueOutcome[] = [];
  const spent: Record<string, number> = {};
  const since = new Map<PersonId, number>();
  const forbidden: string[] = [];
  let calls = 0;
  let ringing = 0;

  const tell = (input: AcdInput, now: number) => {
    for (const effect of acd.apply(input, now)) follow(effect, now);
  };
  function follow(effect: AcdEffect, now: number): void {
    if (effect.kind === 'agentState') {
      const { personId, from } = effect;
      spent[from] = (spent[from] ?? 0) + now - (since.get(personId) ?? now);
      since.set(personId, now);
    }
    if (effect.kind !== 'offer') return;
    const { callId, personId } = effect;
    if (!mayHandle(clearances[personId], classOf.get(callId))) forbidden.push(`${callId} to ${personId}`);
    ringing += 1;
    agenda.at(now + 200, (then) => tell({ kind: 'alerting', callId, personId }, then));
    if (random.next() < 0.1) {
      agenda.at(now + 20_200, (then) => tell({ kind: 'notAnswered', callId, personId, because: 'timeout' }, then));
      agenda.at(now + 60_000, (then) => tell({ kind: 'agentReady', personId }, then));
    } else agenda.at(now + random.integer(2000, 9000), (then) => answer(callId, personId, then));
  }
  function answer(callId: CallId, personId: PersonId, now: number): void {
    if (acd.agent(personId)?.callId !== callId || acd.agent(personId)?.state === 'on-call') return;
    tell({ kind: 'answered', callId, personId }, now);
    outcomes.push({ outcome: 'answered', waitMs: now - enteredAt.get(callId)! });
    enteredAt.delete(callId);
    agenda.at(now + random.integer(30_000, 400_000), (then) =>
      tell({ kind: 'agentCallEnded', personId, callId, afterCallWorkSeconds: 30 }, then),
    );
    if (random.next() < 0.1) {
      agenda.at(now + 10_000, (then) => tell({ kind: 'agentNotReady', personId, because: 'break' }, then));
      agenda.at(now + 900_000, (then) => tell({ kind: 'agentReady', personId }, then));
    }
  }
  function arrive(now: number): void {
    const parsed = parseFlow(flow, 'main.yaml', {});
    if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
    const run = startFlow(parsed.flow, { reasons, calendars: new Map() });
    const callId = `c${calls++}` as CallId;
    let piiClass: PiiClass | undefined;
    let input: FlowInput = { kind: 'started' };
    for (;;) {
      const action = run.step(input, now);
      if (action.kind === 'setReason') piiClass = action.reason.piiClass;
      if (action.kind === 'queue') {
        classOf.set(callId, piiClass);
        enteredAt.set(callId, now);
        const facts = { direction: 'inbound' as const, piiClass };
        const call = { callId, queue: action.queue, enteredAt: now, facts, priority: 0 };
        tell({ kind: 'callWaiting', call }, now);
        break;
      }
      const keyed = random.pick(['1', '2', '2', '7']);
      input = action.kind === 'digits' ? { kind: 'digits', digits: keyed } : { kind: 'done' };
    }
    agenda.at(now + random.integer(20_000, 600_000), (then) => {
      if (!enteredAt.has(callId)) return;
      outcomes.push({ outcome: 'abandoned', waitMs: then - enteredAt.get(callId)! });
      enteredAt.delete(callId);
      tell({ kind: 'callGone', callId }, then);
    });
  }

  for (const [name, clearance] of Object.entries(clearances)) {
    const personId = name as PersonId;
    const place = name.startsWith('home') ? ('home' as const) : ('centre' as const);
    const agent = {
      personId,
      queues: name.startsWith('home') ? ['general'] : ['general', 'contracts'],
      clearance,
      place,
    };
    tell({ kind: 'agentSignedIn', agent }, opensAt);
    agenda.at(opensAt + random.integer(0, 60_000), (then) => tell({ kind: 'agentReady', personId }, then));
  }
  for (let at = opensAt; at < closesAt; at += -Math.log(1 - random.next()) * 75_000) agenda.at(at, arrive);
  for (;;) {
    const due = acd.nextDeadline();
    const first = agenda.first();
    if (due !== undefined && due <= first) {
      tell({ kind: 'tick' }, due);
      continue;
    }
    const entry = agenda.next();
    if (!entry) break;
    entry.run(entry.at);
  }
  return { acd, calls, outcomes, spent, forbidden, ringing, waiting: enteredAt.size, settings };
}

test(`a day of calls ends with every caller answered or gone, and figures that add up (SEED=${seed})`, async (t) => {
  const { acd, calls, outcomes, spent, forbidden, ringing, waiting, settings } = simulate(seededRandom(seed));
  t.same(forbidden, [], 'nobody was offered what they may not have');
  t.equal(outcomes.length, calls, 'every call was answered or given up');
  t.equal(waiting, 0);
  t.same(
    acd.queues(closesAt).map((queue) => queue.waiting),
    [0, 0],
  );
  for (const agent of acd.agents()) t.match(agent.state, /^(available|not-ready)$/, `${agent.personId} came to rest`);

  const answered = outcomes.filter((one) => one.outcome === 'answered');
  t.ok(
    calls > 200 && ringing >= answered.length && answered.length > calls / 2,
    `${calls} calls, ${answered.length} answered`,
  );
  const waited = answered.reduce((sum, one) => sum + one.waitMs, 0);
  const asa = averageSpeedOfAnswerMs(waited, answered.length)!;
  const time = { talkMs: spent['on-call']!, holdMs: 0, afterCallWorkMs: spent['after-call-work']! };
  const aht = averageHandleTimeMs(time, answered.length)!;
  t.ok(aht > 30_000 && aht < 430_000, `AHT ${Math.round(aht / 1000)} s`);
  t.ok(asa >= 2000 && asa < 600_000, `ASA ${Math.round(asa / 1000)} s`);
  const busy = occupancy({ ...time, alertingMs: spent['alerting']!, availableMs: spent['available']! }, true)!;
  t.ok(busy > 0 && busy < 1, `occupancy ${Math.round(busy * 100)} %`);
  const level = serviceLevel(outcomes, settings)!;
  t.ok(level > 0 && level <= 1, `service level ${Math.round(level * 100)} %`);
});
