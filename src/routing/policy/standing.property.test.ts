// The keys that the ACD files people and calls under: equal keys must mean equal decisions, whoever and whenever, until the time
// that `standing` names. Random rules, people, calls and times; the seed is printed.

import { test } from 'tap';
import { type Random, seededRandom } from '../../shared/random.ts';
import { parseCalendars } from '../hours.ts';
import { calendarData } from './clockwork.ts';
import { compilePolicy } from './compile-policy.ts';
import type { CallFacts, Operation, PersonFacts } from './policy.ts';
import type { CallCondition, Need, PolicyRules, Rule } from './rules.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const day = 86_400_000;
const start = Date.parse('2026-02-27T20:00Z');
const operations = ['normal', 'partly-home', 'all-home'] as const;
const label = { ja: '札', en: 'label' };
const yaml = 'calendars: { days: { days: { mon-fri: [09:00-12:00, 13:00-18:00] }, closed: [03-03] } }';
const calendar = parseCalendars(yaml, 'c.yaml').calendars.get('days')!;

/** Draws of one seed: small sets, so that equal facts and equal keys do happen. */
function drawing(random: Random) {
  const chance = (share: number) => random.next() < share;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!;
  const few = <T>(items: readonly T[]): T[] => items.filter(() => chance(0.5));
  const maybe = <T extends object>(share: number, make: () => T): T | Record<string, never> =>
    chance(share) ? make() : {};
  /** Around now, so that limits are crossed within the run. */
  const lately = (days: number) => start + Math.round((random.next() - 0.8) * days * day);
  const classIds = ['none', 'personal', 'sensitive'];

  const need = (): Need => ({
    ...maybe(0.4, () => ({ places: few(['centre', 'home'] as const) })),
    ...maybe(0.2, () => ({ employment: few(['regular', 'temporary', 'outsourced'] as const) })),
    ...maybe(0.2, () => ({ yearsOfService: pick([0.5, 1, 3]) })),
    ...maybe(0.3, () => ({ trainings: [{ training: pick(['a', 'b']), ...maybe(0.5, () => ({ withinDays: 3 })) }] })),
    ...maybe(0.2, () => ({
      pledge: { ...maybe(0.5, () => ({ version: '2' })), ...maybe(0.5, () => ({ withinDays: 4 })) },
    })),
    ...maybe(0.2, () => ({ devices: few(['managed', 'enrolled'] as const) })),
    ...maybe(0.2, () => ({ connectionCheck: maybe(0.7, () => ({ withinHours: 30 })) })),
    ...maybe(0.1, () => ({ clearance: pick(classIds) })),
  });
  const calls = (): CallCondition => ({
    ...maybe(0.3, () => ({ classes: few(classIds) })),
    ...maybe(0.3, () => ({ classAtLeast: pick(classIds) })),
    ...maybe(0.3, () => ({ reasons: few(['x', 'y']) })),
    ...maybe(0.2, () => ({ queues: few(['q', 'r']) })),
    ...maybe(0.2, () => ({ directions: [pick(['inbound', 'outbound'] as const)] })),
    ...maybe(0.2, () => ({ steps: few(['whole', 'identify', 'handed-over'] as const) })),
    ...maybe(0.2, () => ({ verified: pick([true, false, ['code']]) })),
  });
  const rule = (_: unknown, at: number): Rule => ({
    ...{ name: `rule-${at}`, says: null, calls: calls() },
    operations: chance(0.4) ? few(operations) : null,
    hours: chance(0.3) ? { calendar: 'days', open: chance(0.5) } : null,
    oneOf: Array.from({ length: pick([1, 1, 2, 3]) }, need),
  });
  return {
    pick,
    operation: () => pick<Operation>(operations),
    rules: (): PolicyRules => ({
      classes: classIds.map((id) => ({ id, label })),
      reasons: {},
      timeZone: 'Asia/Tokyo',
      handedOver: chance(0.7) ? { verified: chance(0.5) ? ['code'] : [], classes: { personal: 'none' } } : null,
      rules: Array.from({ length: Math.floor(random.next() * 6) }, rule),
      operation: { usual: 'normal', schedule: [] },
      calendars: { days: calendarData(calendar) },
    }),
    person: (): PersonFacts => ({
      clearance: pick([...classIds, 'forgotten']),
      place: pick(['centre', 'home', 'unknown']),
      ...maybe(0.8, () => ({ employment: pick(['regular', 'temporary', 'outsourced'] as const) })),
      ...maybe(0.8, () => ({ employedSince: lately(800) })),
      ...maybe(0.9, () => ({
        trainings: { ...maybe(0.7, () => ({ a: lately(6) })), ...maybe(0.7, () => ({ b: lately(6) })) },
      })),
      ...maybe(0.8, () => ({ pledge: { version: pick(['1', '2']), signedAt: lately(8) } })),
      ...maybe(0.8, () => ({ device: pick(['managed', 'enrolled', 'unknown', 'revoked'] as const) })),
      ...maybe(0.8, () => ({ connectionCheck: { passed: chance(0.9), at: lately(3) } })),
      ...maybe(0.2, () => ({
        keptAway: Array.from({ length: pick([0, 1, 2]) }, (_, at) => ({
          rule: `device:${at}`,
          classAtLeast: pick([null, ...classIds, 'forgotten']),
          words: label,
        })),
      })),
    }),
    call: (): CallFacts => ({
      direction: pick(['inbound', 'outbound']),
      ...maybe(0.8, () => ({ piiClass: pick([...classIds, 'forgotten']) })),
      ...maybe(0.8, () => ({ reason: pick(['x', 'y', 'z']) })),
      ...maybe(0.8, () => ({ queue: pick(['q', 'r', 's']) })),
      ...maybe(0.5, () => ({ verified: few(['code', 'birth']) })),
      ...maybe(0.7, () => ({ step: pick(['whole', 'identify', 'handed-over'] as const) })),
    }),
    later: (from: number, until: number) => from + Math.floor(random.next() * (until - from)),
  };
}

const said = ({ allowed, rule }: { allowed: boolean; rule: string | null }) => `${allowed} by ${rule}`;

test(`equal keys are equal decisions, until the time that is told (SEED=${seed})`, async (t) => {
  const draw = drawing(seededRandom(seed));
  let compared = 0;
  for (let round = 0; round < 300; round++) {
    const policy = compilePolicy({ version: String(round), rules: draw.rules() });
    const people = Array.from({ length: 25 }, draw.person);
    const calls = Array.from({ length: 25 }, draw.call);
    const [operation, at] = [draw.operation(), draw.later(start, start + 5 * day)];
    const standings = people.map((person) => policy.standing(person, operation, at));
    for (const call of calls) {
      const byKey = new Map<string, { decision: string; who: PersonFacts; times: number[] }>();
      for (const [i, person] of people.entries()) {
        const { key, untilMs } = standings[i]!;
        if (untilMs !== null && untilMs <= at) throw new Error(`standing ends before it begins, SEED=${seed}`);
        const decision = said(policy.decide(person, call, operation, at));
        const end = (untilMs ?? start + 20 * day) - 1;
        for (const time of [end, draw.later(at, end + 1)]) {
          const then = said(policy.decide(person, call, operation, time));
          if (then !== decision)
            t.fail(`SEED=${seed} round ${round}: it changes at ${time} before ${untilMs}`, {
              decision,
              then,
              person,
              call,
            });
          compared += 1;
        }
        const other = byKey.get(key);
        if (other && other.decision !== decision)
          t.fail(`SEED=${seed} round ${round}: the key ${key} decides in two ways`, { person, other, decision, call });
        byKey.set(key, { decision, who: person, times: [] });
      }
    }
    const byNeed = new Map<string, string>();
    for (const call of calls) {
      const decisions = people.map((person) => said(policy.decide(person, call, operation, at))).join();
      const key = policy.needKey(call);
      if ((byNeed.get(key) ?? decisions) !== decisions)
        t.fail(`SEED=${seed} round ${round}: the need ${key} is answered in two ways`, { call });
      byNeed.set(key, decisions);
    }
  }
  t.ok(compared > 300_000, `${compared} comparisons`);
});

test(`of 10,000 people there are few keys (SEED=${seed})`, async (t) => {
  const draw = drawing(seededRandom(seed));
  const rules: Rule[] = [
    ['centre-only', { places: ['centre'] }],
    ['trained', { trainings: [{ training: 'a' }] }],
    ['pledged', { pledge: { withinDays: 365 } }],
    ['own-people', { employment: ['regular', 'temporary'] }],
    ['managed-device', { devices: ['managed'] }],
  ].map(([name, need]) => ({ name, says: null, calls: {}, operations: null, hours: null, oneOf: [need] }) as Rule);
  const policy = compilePolicy({ version: '', rules: { ...draw.rules(), rules } });
  const keys = new Set<string>();
  for (let i = 0; i < 10_000; i++) keys.add(policy.standing(draw.person(), 'normal', start).key);
  // What keeps a person away for now: nothing, one rule or two, each from one of four classes on.
  const keptAway = 1 + 4 + 4 * 4;
  t.ok(keys.size <= 3 * 2 ** rules.length * keptAway, `${keys.size} keys`);
});
