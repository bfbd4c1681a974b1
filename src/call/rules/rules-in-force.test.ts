// The mode of operation over restarts and nodes, and rules that are published. The log and the clock are doubles; the rules and the
// queues are real.

import { test } from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { defaultClasses } from '../../privacy/pii-class.ts';
import { createAcd } from '../../routing/acd/distributor.ts';
import { parseCalendars } from '../../routing/hours.ts';
import { compilePolicy } from '../../routing/policy/compile-policy.ts';
import { parsePolicy } from '../../routing/policy/load-policy.ts';
import type { PolicySource } from '../../routing/policy/policy.ts';
import type { EngawaEvent, EventType, NewEvent } from '../../shared/events.ts';
import type { EventId, PersonId } from '../../shared/ids.ts';
import { silentLogger as log } from '../../shared/logger.ts';
import { createRulesInForce } from './rules-in-force.ts';

const midori = 'p_midori' as PersonId;
const { calendars } = parseCalendars('calendars: { days: { days: { mon-sun: 09:00-18:00 } } }', 'c.yaml');
function sourceOf(yaml: string): PolicySource {
  const reading = parsePolicy(yaml, 'policy.yaml', { classes: defaultClasses, reasons: new Map(), calendars });
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.source;
}
const plain = sourceOf('rules: { centre: { operation: normal, needs: { place: centre } } }');
const scheduled = sourceOf('operation: { schedule: [{ operation: all-home, while-closed: days }] }\nrules: {}');

function sharedLog(clock: { now(): number }) {
  const events: EngawaEvent[] = [];
  const listeners: ((event: EngawaEvent) => void)[] = [];
  return {
    events,
    async append<T extends EventType>(event: NewEvent<T>) {
      const id = `v_${String(events.length).padStart(6, '0')}` as EventId;
      const kept = { id, at: clock.now(), ...event } as unknown as EngawaEvent<T>;
      events.push(kept as EngawaEvent);
      for (const listener of listeners) listener(kept as EngawaEvent);
      return kept;
    },
    async read({ types }: { types?: readonly string[] }) {
      return events.filter(({ type }) => types?.includes(type)).slice(-1);
    },
    subscribe(listener: (event: EngawaEvent) => void) {
      listeners.push(listener);
      return () => void listeners.splice(listeners.indexOf(listener), 1);
    },
  };
}

/** Lets what was begun on the way come to its end. */
async function pass(clock: ReturnType<typeof createFakeClock>, ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise(setImmediate);
}

/** A program: its own queues, on a log that others may share. */
async function program(
  clock: ReturnType<typeof createFakeClock>,
  events: ReturnType<typeof sharedLog>,
  { source = plain, mayAct = true }: { source?: PolicySource; mayAct?: boolean } = {},
) {
  const rules = createRulesInForce({ clock, log, events, source, mayAct: () => mayAct });
  const acd = createAcd({ queues: [], policy: source, compilePolicy });
  rules.rule({
    rules: () => acd.rules,
    setRules: async (policy, operation) => void acd.apply({ kind: 'rulesChanged', policy, operation }, clock.now()),
  });
  await rules.start();
  return { rules, inQueues: () => acd.rules.operation };
}

test('a switch by hand holds at once, says who and why, and survives a restart', async (t) => {
  const clock = createFakeClock();
  const events = sharedLog(clock);
  const first = await program(clock, events);
  t.match(first.rules.operation(), { operation: 'normal', by: 'schedule', why: null });
  const by = { personId: midori };
  t.match(await first.rules.switchOperation('all-home', { by, why: 'Typhoon 14' }), {
    ...{ operation: 'all-home', by: 'hand', why: 'Typhoon 14', personId: midori, untilMs: null },
  });
  t.equal(first.inQueues(), 'all-home');
  t.match(
    events.events.filter(({ type }) => type === 'operation-changed'),
    [{ operation: 'all-home', from: 'normal', by: 'person', personId: midori, why: 'Typhoon 14' }],
  );
  first.rules.close();
  const again = await program(clock, events);
  t.equal(again.inQueues(), 'all-home');
  t.match(again.rules.operation(), { operation: 'all-home', by: 'hand', why: 'Typhoon 14', personId: midori });
  await again.rules.switchOperation('by-schedule', { by, why: null });
  t.equal(again.inQueues(), 'normal');
  again.rules.close();
  const last = await program(clock, events);
  t.match(last.rules.operation(), { operation: 'normal', by: 'schedule' });
  last.rules.close();
});

test('a switch with a time goes back to the schedule when it comes', async (t) => {
  const clock = createFakeClock();
  const events = sharedLog(clock);
  const { rules, inQueues } = await program(clock, events);
  await rules.switchOperation('partly-home', { by: { personId: midori }, why: null, untilMs: clock.now() + 60_000 });
  await pass(clock, 58_000);
  t.equal(inQueues(), 'partly-home');
  await pass(clock, 4_000);
  t.equal(inQueues(), 'normal');
  t.match(events.events.at(-1), { type: 'operation-changed', operation: 'normal', by: 'schedule', personId: null });
  rules.close();
});

test('the schedule switches by itself, on the one node that acts, and is told once', async (t) => {
  const clock = createFakeClock(Date.parse('2026-09-10T08:59:00Z'));
  const events = sharedLog(clock);
  const a = await program(clock, events, { source: scheduled });
  const b = await program(clock, events, { source: scheduled, mayAct: false });
  t.equal(a.inQueues(), 'normal');
  await pass(clock, 120_000);
  t.equal(a.inQueues(), 'all-home', '18:00 in Tokyo');
  const switched = events.events.filter(({ type }) => type === 'operation-changed');
  t.match(switched, [{ operation: 'all-home', by: 'schedule' }]);
  t.equal(switched.length, 1);
  t.match(b.rules.operation(), { by: 'schedule' });
  a.rules.close();
  b.rules.close();
});

test('what one node switches, the others know of, and the later of two switches holds', async (t) => {
  const clock = createFakeClock();
  const events = sharedLog(clock);
  const a = await program(clock, events);
  const b = await program(clock, events, { mayAct: false });
  await a.rules.switchOperation('all-home', { by: { personId: midori }, why: 'fire drill' });
  t.match(b.rules.operation(), { by: 'hand', why: 'fire drill' });
  await b.rules.switchOperation('normal', { by: { personId: midori }, why: 'over' });
  await pass(clock, 2_000);
  t.equal(a.inQueues(), 'normal', 'the node that acts puts right what it has not got yet');
  a.rules.close();
  b.rules.close();
});

test('other rules are in force at once, once, and the log tells their version', async (t) => {
  const clock = createFakeClock();
  const events = sharedLog(clock);
  const { rules } = await program(clock, events);
  const home = { clearance: 'none', place: 'home' } as const;
  const call = { direction: 'inbound', piiClass: 'none' } as const;
  t.notOk(rules.decide(home, call).allowed);
  const free = sourceOf('rules: {}');
  t.equal(await rules.publish(free, { personId: midori }), true);
  t.ok(rules.decide(home, call).allowed);
  t.equal(await rules.publish(free, null), false);
  const versions = events.events.flatMap((event) => (event.type === 'policy-changed' ? [event.version] : []));
  t.same(versions, [plain.version, free.version]);
  rules.close();
});
