// The proof that no call is handed to a queue none of whose people may have it.

import { test } from 'tap';
import type { InformationClass } from '../../../privacy/pii-class.ts';
import { parseCalendars } from '../../hours.ts';
import { compilePolicy } from '../../policy/compile-policy.ts';
import { parsePolicy } from '../../policy/load-policy.ts';
import { parseReasons } from '../../reasons.ts';
import { parseFlow } from '../file/load.ts';
import type { Flow } from '../flow.ts';
import { type ProofPerson, prove } from './prove.ts';

const { reasons } = parseReasons(
  `reasons:
  contract: { label: { ja: 契約, en: Contract }, class: personal }
  payment: { label: { ja: 支払, en: Payment }, class: sensitive }
  product: { label: { ja: 商品, en: Product }, class: none }
`,
  'r',
);
const { calendars } = parseCalendars('calendars: { day: { days: { mon-fri: 09:00-18:00 } } }', 'c');
const classes: InformationClass[] = ['none', 'personal', 'sensitive'].map((id) => ({ id, label: { ja: id, en: id } }));

function policyOf(rules: string) {
  const parsed = parsePolicy(`rules:\n${rules}`, 'p', { classes, reasons, calendars });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return compilePolicy(parsed.source);
}
const personalAtCentre = policyOf('  centre: { calls: { class-at-least: personal }, needs: { place: centre } }\n');

const person = (name: string, queue: string, facts: Partial<ProofPerson['facts']> = {}): ProofPerson => ({
  name,
  queues: [queue],
  facts: { clearance: 'sensitive', place: 'centre', ...facts },
});
const centre = [person('sato', 'contracts'), person('suzuki', 'general')];

function flowOf(nodes: string, id = 'main'): Flow {
  const parsed = parseFlow(`flow: ${id}\nstart: s\nnodes:\n${nodes}`, `${id}.yaml`, {});
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 1));
  return parsed.flow;
}
const say = '{ ja: あ, en: A }';
const atMs = Date.parse('2026-11-16T12:00:00+09:00');
const proof = (flow: Flow, people: ProofPerson[], change = {}) =>
  prove(flow, { flows: new Map<string, Flow>(), reasons, policy: personalAtCentre, people, atMs, ...change });
const told = (flow: Flow, people: ProofPerson[], change = {}) =>
  proof(flow, people, change).findings.map(
    ({ kind, operation, path, reason }) => `${kind} ${operation} ${reason}: ${path.join(' → ')}`,
  );

const menu = flowOf(`  s: { menu: ${say}, choices: { 1: contract, 2: product }, on-timeout: wait-contracts }
  contract: { reason: contract, next: wait-contracts }
  product: { reason: product, next: wait-general }
  wait-contracts: { queue: contracts }
  wait-general: { queue: general }
`);

test('a flow whose queues can take what they are given has nothing found but the mode in which all are at home', async (t) => {
  const proven = proof(menu, centre);
  t.equal(proven.complete, true);
  t.equal(proven.handOvers, 3);
  t.same(told(menu, centre), [
    'not-in all-home null: s [nothing keyed] → wait-contracts',
    'not-in all-home contract: s [1] → contract → wait-contracts',
  ]);
});

test('a queue whose people are all at home is never given a call of a class that stays in the centre', async (t) => {
  const atHome = [person('sato', 'contracts', { place: 'home' }), person('suzuki', 'general', { place: 'home' })];
  const { findings } = proof(menu, atHome);
  t.same(
    findings.map(({ kind, path }) => [kind, path.join(' → ')]),
    [
      ['never', 's [nothing keyed] → wait-contracts'],
      ['never', 's [1] → contract → wait-contracts'],
    ],
  );
  t.match(findings[1]?.because?.en, /centre|home/);
  t.same(
    told(menu, [...atHome, person('tanaka', 'contracts')]).filter((one) => one.startsWith('never')),
    [],
    'one who may is enough',
  );
});

test('a clearance that is too low, and a queue without people, are found', async (t) => {
  const low = [person('sato', 'contracts', { clearance: 'none' })];
  t.same(told(menu, low), [
    'never normal null: s [nothing keyed] → wait-contracts',
    'never normal contract: s [1] → contract → wait-contracts',
    'empty normal product: s [2] → product → wait-general',
  ]);
});

test('a reason that a service names may be any', async (t) => {
  const flow = flowOf(`  s: { lookup: crm, reason-from: why, found: q, not-found: hang-up, on-failure: hang-up }
  q: { queue: general }
`);
  const low = [person('sato', 'general', { clearance: 'personal' })];
  t.same(
    told(flow, low).filter((one) => one.startsWith('never')),
    ['never normal null: s [found] → q', 'never normal payment: s [found: payment] → q'],
  );
});

test('a lookup that lists its reasons sets no other', async (t) => {
  const flow = flowOf(`  s: { reason: product, next: l }
  l: { lookup: crm, reason-from: why, reasons: [contract], found: q, not-found: hang-up, on-failure: hang-up }
  q: { queue: general }
`);
  const low = [person('sato', 'general', { clearance: 'none', place: 'home' })];
  t.same(told(flow, low), ['never normal contract: s → l [found: contract] → q']);
});

test('conditions on reason, verified factors and operation are decided; what is not known goes every way', async (t) => {
  const flow = flowOf(`  s: { reason: contract, next: ask }
  ask: { verify: birth, ask: ${say}, check: code, max-digits: 8, verified: where, not-verified: where }
  where:
    when:
      - { if: { verified: birth, known: true }, go: home }
      - { if: { operation: all-home }, go: hang-up }
    else: centre
  home: { queue: general }
  centre: { queue: contracts }
`);
  const verifiedOnly = policyOf('  v: { calls: { class: personal, verified: false }, needs: { place: centre } }\n');
  const people = [person('sato', 'general', { place: 'home' }), person('suzuki', 'contracts')];
  t.same(told(flow, people, { policy: verifiedOnly }), []);
  t.same(told(flow, people), ['never normal contract: s → ask [verified] → where [when 1] → home']);
});

test('a sub-flow is gone through from where it is called, and brings back what it found', async (t) => {
  const who = flowOf(
    `  s: { menu: ${say}, choices: { 1: pay, 2: no }, on-timeout: no }
  pay: { reason: payment, next: yes }
  yes: { return: paid }
  no: { return: other }
`,
    'who',
  );
  const main = flowOf(`  s: { reason: product, next: call }
  call: { sub-flow: who, returns: { paid: q }, next: hang-up }
  q: { queue: general }
`);
  const low = [person('sato', 'general', { clearance: 'none', place: 'home' })];
  t.same(told(main, low, { flows: new Map([['who', who]]) }), [
    'never normal payment: s → call → who/s [1] → who/pay → who/yes [paid] → q',
  ]);
});

test('a rule that holds at some hours only is found by the hour', async (t) => {
  const flow = flowOf('  s: { reason: contract, next: q }\n  q: { queue: contracts }\n');
  const nights = policyOf('  n: { calls: { class: personal }, while-closed: day, needs: { years-of-service: 30 } }\n');
  const { findings } = proof(flow, [person('sato', 'contracts', { employedSince: 0, trainings: {} })], {
    policy: nights,
  });
  t.same(findings, [], 'somebody may at night too');
  const found = proof(flow, [person('sato', 'contracts')], { policy: nights }).findings;
  t.match(found, [{ kind: 'not-always', atMs: Date.parse('2026-11-16T18:00:00+09:00') }]);
});

test('a callback hands the call to its queue too', async (t) => {
  const flow = flowOf(
    `  s: { reason: contract, next: c }\n  c: { callback: general, confirm: ${say}, ask: ${say}, next: hang-up }\n`,
  );
  t.same(told(flow, [person('sato', 'general', { clearance: 'none' })]), ['never normal contract: s → c']);
});

test('a flow with more states than can be looked at is not called proven', async (t) => {
  const factors = Array.from({ length: 18 }, (_, at) => `f${at}`);
  const nodes = factors.map((factor, at) => {
    const to = at === factors.length - 1 ? 'q' : `n${at + 1}`;
    const name = at === 0 ? 's' : `n${at}`;
    return `  ${name}: { verify: ${factor}, ask: ${say}, check: code, max-digits: 8, verified: ${to}, not-verified: ${to} }\n`;
  });
  t.equal(proof(flowOf(`${nodes.join('')}  q: { queue: contracts }\n`), centre).complete, false);
});
