// A day read out of events, and done again under other rules.

import { test } from 'tap';
import { defaultClasses } from '../../privacy/pii-class.ts';
import type { EngawaEvent, NewEvent } from '../../shared/events.ts';
import type { CallId, LegId, PersonId, SessionId } from '../../shared/ids.ts';
import { compilePolicy } from '../policy/compile-policy.ts';
import { parsePolicy } from '../policy/load-policy.ts';
import { readDay } from './day.ts';
import { asItWas, figuresOf } from './figures.ts';
import { simulateDay } from './simulate.ts';

const [taro, aoi] = ['p_taro', 'p_aoi'] as [PersonId, PersonId];
const second = 1000;
const span = { fromMs: 0, toMs: 3_600_000, before: 'normal' as const };
const settings = {
  ...{ name: 'contracts', label: { ja: '', en: '' }, ringTimeoutSeconds: 20, afterCallWorkSeconds: 0 },
  ...{ serviceLevelSeconds: 20, shortAbandonSeconds: 5 },
};
const people = [taro, aoi].map((personId) => ({ personId, queues: ['contracts'], clearance: 'personal' }));

function policyOf(yaml: string) {
  const reading = parsePolicy(yaml, 'policy.yaml', { classes: defaultClasses, reasons: new Map() });
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return compilePolicy(reading.source);
}
const inTheCentre = policyOf('rules: { stays: { operation: normal, needs: { place: centre } } }');

let count = 0;
const at = (seconds: number, event: NewEvent) =>
  ({ id: `v_${String(count++).padStart(6, '0')}`, at: seconds * second, ...event }) as unknown as EngawaEvent;

const signsIn = (personId: PersonId, place: 'centre' | 'home') => [
  at(0, { type: 'signed-in', personId, sessionId: 's' as SessionId, place }),
  at(0, { type: 'agent-state', personId, from: 'offline', to: 'not-ready', because: null }),
  at(1, { type: 'agent-state', personId, from: 'not-ready', to: 'available', because: null }),
];
const comes = (callId: CallId, seconds: number) => [
  at(seconds, {
    ...{ type: 'call-started', callId, direction: 'inbound', alias: callId, companyNumber: '0120', trunk: null },
  }),
  at(seconds, { type: 'reason-set', callId, reason: 'contract', piiClass: 'personal', by: 'flow' }),
  at(seconds, { type: 'queue-entered', callId, queue: 'contracts' }),
];
const taken = (callId: CallId, seconds: number, waitMs: number) => [
  at(seconds, { type: 'queue-left', callId, queue: 'contracts', outcome: 'answered', waitMs }),
  at(seconds, { type: 'agent-answered', callId, personId: taro, legId: 'l' as LegId, place: 'centre', ringMs: 2000 }),
  at(seconds, { type: 'agent-state', personId: taro, from: 'alerting', to: 'on-call', because: null }),
];
const ends = (callId: CallId, seconds: number, talkMs: number) => [
  at(seconds, { type: 'agent-left', callId, personId: taro, legId: 'l' as LegId, talkMs, holdMs: 0 }),
  at(seconds, { type: 'agent-state', personId: taro, from: 'on-call', to: 'available', because: null }),
  at(seconds, { type: 'call-ended', callId, cause: 'normal', side: 'customer', durationMs: 0 }),
];
const [a, b, c] = ['c_a', 'c_b', 'c_c'] as [CallId, CallId, CallId];

/** taro in the centre takes two calls of 100 s, one after the other; the third gives up. aoi at home is free all the time. */
const events = [
  ...[...signsIn(taro, 'centre'), ...signsIn(aoi, 'home')],
  ...[...comes(a, 10), ...comes(b, 11), ...comes(c, 12), ...taken(a, 12, 2 * second)],
  ...[
    at(72, { type: 'queue-left', callId: c, queue: 'contracts', outcome: 'abandoned', waitMs: 60 * second }),
    at(72, { type: 'call-ended', callId: c, cause: 'cancelled', side: 'customer', durationMs: 0 }),
  ],
  ...[...ends(a, 112, 100 * second), ...taken(b, 114, 103 * second), ...ends(b, 214, 100 * second)],
];
const day = readDay(events, span);

test('a day is read out of the log: calls, who was willing when and where, and how long it took', async (t) => {
  t.match(day.visits, [
    { callId: a, outcome: 'answered', waitMs: 2000, answeredBy: taro, ringMs: 2000, handleMs: 100_000 },
    { callId: b, outcome: 'answered', waitMs: 103_000, answeredBy: taro },
    { callId: c, outcome: 'abandoned', waitMs: 60_000, answeredBy: null, handleMs: null },
  ]);
  t.match(day.visits[0]?.facts, { direction: 'inbound', reason: 'contract', piiClass: 'personal', queue: 'contracts' });
  t.same(
    day.willing.map(({ personId, kind }) => `${personId} ${kind}`),
    ['taro', 'aoi'].flatMap((name) => ['signed-in', 'not-ready', 'ready'].map((kind) => `p_${name} ${kind}`)),
    'what comes of calls is no will',
  );
});

test('under the rules that held, the simulation gives the day that was', async (t) => {
  const simulated = simulateDay({ day, queues: [settings], policy: inTheCentre, people });
  t.same(
    simulated.map(({ outcome, waitMs, answeredBy }) => ({ outcome, waitMs, answeredBy })),
    day.visits.map(asItWas),
  );
  t.match(simulated[1]?.refused, [{ personId: aoi, rule: 'stays', because: /at home today$/ }]);
});

test('under other rules it says who would have taken what, and how long they would have waited', async (t) => {
  const free = simulateDay({ day, queues: [settings], policy: policyOf('rules: {}'), people });
  t.match(free, [
    { outcome: 'answered', waitMs: 2000, answeredBy: taro },
    { outcome: 'answered', waitMs: 2000, answeredBy: aoi },
    { outcome: 'abandoned', waitMs: 60_000, answeredBy: null },
  ]);
  const before = figuresOf(day.visits.map(asItWas), settings);
  const after = figuresOf(free, settings);
  t.match(before, { calls: 3, answered: 2, abandoned: 1, averageWaitMs: 52_500, longestWaitMs: 103_000 });
  t.match(after, { calls: 3, answered: 2, abandoned: 1, averageWaitMs: 2000, longestWaitMs: 60_000 });
  t.equal(after.byPerson.get(aoi), 1);
});

test('a mode of operation for all day, and what nobody may take any more', async (t) => {
  const home = { day, queues: [settings], policy: inTheCentre, people, operation: 'all-home' as const };
  t.equal(simulateDay(home)[1]?.answeredBy, aoi);
  const nobody = policyOf('rules: { nobody: { needs: { place: centre, employment: regular } } }');
  const simulated = simulateDay({ day, queues: [settings], policy: nobody, people });
  t.same(
    simulated.map(({ outcome }) => outcome),
    ['waiting', 'waiting', 'abandoned'],
  );
  t.equal(simulated[0]?.waitMs, 3_590_000, 'to the end of the day');
});
