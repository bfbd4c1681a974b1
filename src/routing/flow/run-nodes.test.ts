// What a run does at the nodes that branch, look up, listen, verify, call sub-flows, wait and call back.

import { inspect } from 'node:util';
import { test } from 'tap';
import { parseCalendars } from '../hours.ts';
import { parseReasons } from '../reasons.ts';
import { parseFlow } from './file/load.ts';
import type { CallerFacts, Flow, FlowAction, FlowInput } from './flow.ts';
import { type RunNeeds, startFlow } from './run.ts';

const { reasons } = parseReasons('reasons: { contract: { label: { ja: 契約, en: Contract }, class: personal } }', 'r');
const { calendars } = parseCalendars(
  'calendars: { week: { days: { mon-fri: 09:00-18:00 }, national-holidays: closed } }',
  'c',
);
const noon = Date.parse('2026-11-16T12:00:00+09:00');
const caller: CallerFacts = { dialled: '0120000111', trunk: 'a', withheld: false, known: true, alias: 'K7Q2' };
const done: FlowInput = { kind: 'done' };
const digits = (keyed: string): FlowInput => ({ kind: 'digits', digits: keyed });

function flowOf(nodes: string, head = ''): Flow {
  const parsed = parseFlow(`flow: main\n${head}start: s\nnodes:\n${nodes}`, 'x', {});
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 1));
  return parsed.flow;
}

function walk(flow: Flow, inputs: FlowInput[], needs: Partial<RunNeeds> = {}, now = noon) {
  const run = startFlow(flow, { reasons, calendars, caller, ...needs });
  const actions = [{ kind: 'started' } as FlowInput, ...inputs].map((input) => run.step(input, now));
  return { run, actions, last: actions.at(-1)! };
}

/** The words at the end tell which way was taken. */
const out = (name: string) => `  ${name}: { hang-up: { ja: ${name}, en: ${name} } }\n`;
const wayOf = (action: FlowAction) =>
  action.kind === 'hangup' && action.say && 'ja' in action.say ? action.say.ja : action.kind;
const say = '{ ja: あ, en: A }';

test('conditions are asked in order, and what is not known makes none of them hold', async (t) => {
  const flow = flowOf(`  s:
    when:
      - { if: { trunk: b }, go: trunk }
      - { if: { withheld: true }, go: withheld }
      - { if: { operation: all-home }, go: home }
      - { if: { known: true, dialled: ["0120000111", "0312345678"] }, unless: { language: en }, go: known }
    else: other
${['trunk', 'withheld', 'home', 'known', 'other'].map(out).join('')}`);
  const way = (change: Partial<CallerFacts>, needs: Partial<RunNeeds> = {}) =>
    wayOf(walk(flow, [], { caller: { ...caller, ...change }, ...needs }).last);
  t.equal(way({}), 'known');
  t.equal(way({ trunk: 'b' }), 'trunk');
  t.equal(way({ withheld: true }), 'withheld');
  t.equal(way({}, { operation: () => 'all-home' }), 'home');
  t.equal(way({}, { language: 'en' }), 'other');
  t.equal(way({ dialled: '0399999999' }), 'other');
  t.equal(wayOf(walk(flow, [], { caller: undefined }).last), 'other');
});

test('a lookup has parameters, gives variables and the reason, and has a way for each outcome', async (t) => {
  const flow = flowOf(`  s: { collect: ${say}, variable: member, max-digits: 4, next: ask }
  ask:
    lookup: crm
    with: { member: "{member}", from: "{caller.number}", spoken: "{call.language}" }
    reason-from: why
    reasons: [contract]
    found: tier
    not-found: unknown
    on-failure: down
  tier: { switch: tier, cases: { gold: fast }, else: slow }
  fast: { set: { variables: { hello: "{tier}-{member:digits}" }, priority: 7 }, next: wait }
  wait: { queue: contracts, priority: 1 }
${['slow', 'unknown', 'down'].map(out).join('')}`);
  const asked = walk(flow, [digits('1234')]).last;
  t.match(asked, { kind: 'lookup', service: 'crm', callerNumber: ['from'] });
  if (asked.kind !== 'lookup') return;
  t.same(asked.parameters.entries(), [
    ['member', '1234'],
    ['spoken', 'ja'],
  ]);
  t.notMatch(
    inspect(asked, { depth: 9, showHidden: true }) + JSON.stringify(asked),
    '1234',
    'it does not print itself',
  );
  const found = (values: Record<string, string>): FlowInput => ({ kind: 'found', values });
  const gold = walk(flow, [digits('1234'), found({ tier: 'gold', why: 'contract' }), done]);
  t.match(gold.actions.slice(-2), [
    { kind: 'setReason', reason: { id: 'contract' } },
    { kind: 'queue', priority: 8 },
  ]);
  t.equal(gold.run.collected('hello'), 'gold-1 2 3 4');
  t.match(walk(flow, [digits('1234'), found({ tier: 'gold', why: 'nonsense' })]).last, { kind: 'queue' });
  t.equal(wayOf(walk(flow, [digits('1234'), found({})]).last), 'slow');
  t.equal(wayOf(walk(flow, [digits('1234'), { kind: 'notFound' }]).last), 'unknown');
  t.equal(wayOf(walk(flow, [digits('1234'), { kind: 'failed', because: 'time-out' }]).last), 'down');
});

test('what a caller says is understood, keyed instead, asked again, and falls back to a menu', async (t) => {
  const flow = flowOf(`  s:
    listen: ${say}
    phrases: { contract: [契約, 契約の変更, contract], product: [商品] }
    choices: { 1: contract }
    retries: 1
    on-nothing: menu
    on-failure: down
${['contract', 'product', 'menu', 'down'].map(out).join('')}`);
  const heard = (text: string): FlowInput => ({ kind: 'heard', text });
  t.match(walk(flow, []).last, {
    kind: 'listen',
    language: 'ja',
    phrases: ['契約', '契約の変更', 'contract', '商品'],
    maxDigits: 1,
  });
  t.equal(wayOf(walk(flow, [heard('え と 契 約 の 変 更 です')]).last), 'contract');
  t.equal(wayOf(walk(flow, [heard('My CONTRACT, please')]).last), 'contract');
  t.equal(wayOf(walk(flow, [digits('1')]).last), 'contract');
  t.equal(wayOf(walk(flow, [heard('はい'), heard('契約と商品')]).last), 'menu', 'two meanings are none');
  t.equal(wayOf(walk(flow, [{ kind: 'timeout' }, { kind: 'timeout' }]).last), 'menu');
  t.equal(wayOf(walk(flow, [{ kind: 'failed', because: 'no service' }]).last), 'down');
});

test('a verified factor is known for the rest of the call; a wrong one is asked again, but not when told it is final', async (t) => {
  const flow =
    flowOf(`  s: { verify: birth, ask: ${say}, check: code, max-digits: 8, retries: 1, verified: who, not-verified: no, on-failure: down }
  who: { when: [{ if: { verified: birth }, go: yes }], else: strange }
${['yes', 'no', 'down', 'strange'].map(out).join('')}`);
  const no: FlowInput = { kind: 'notVerified' };
  t.match(walk(flow, []).last, { kind: 'verify', factor: 'birth', check: { kind: 'code' }, attempt: 1, minDigits: 8 });
  const right = walk(flow, [no, { kind: 'verified' }]);
  t.match(right.actions[1], { attempt: 2 });
  t.equal(wayOf(right.last), 'yes');
  t.same(right.run.verified, ['birth']);
  t.equal(wayOf(walk(flow, [no, { kind: 'timeout' }]).last), 'no');
  t.equal(wayOf(walk(flow, [{ kind: 'notVerified', final: true }]).last), 'no');
  t.equal(wayOf(walk(flow, [{ kind: 'failed', because: 'nobody answers' }]).last), 'down');
  t.equal(wayOf(walk(flow, [digits('19700101')]).last), 'down', 'digits are no answer: they stay outside');
});

test('a sub-flow has variables of its own, returns a word and gives what it says', async (t) => {
  const main = flowOf(`  s: { set: { variables: { tier: gold, secret: x } }, next: call }
  call: { sub-flow: who, with: { member: "m-{tier}" }, returns: { good: good }, next: other }
  good: { hang-up: { ja: "{name}/{tier}/{inner}", en: A } }
${out('other')}`);
  const who = {
    ...flowOf(
      `  s: { menu: { ja: "{member}{secret}", en: A }, choices: { 1: keep, 2: bad }, on-timeout: hang-up }
  keep: { set: { variables: { inner: y } }, next: fine }
  fine: { return: good, give: { name: "n-{member}" } }
  bad: { return: nonsense }
`,
      'parameters: [member]\n',
    ),
    id: 'who',
  };
  const flows = new Map([['who', who]]);
  const asked = walk(main, [], { flows });
  t.match(asked.last, { kind: 'digits', say: { ja: 'm-gold' } });
  t.equal(asked.run.node, 'who/s');
  t.match(walk(main, [digits('1')], { flows }).last, { say: { ja: 'n-m-gold/gold/' } });
  t.equal(wayOf(walk(main, [digits('2')], { flows }).last), 'other');
  t.equal(wayOf(walk(main, []).last), 'other', 'a flow that is gone returns a word that nobody expects');
  const round = { ...flowOf('  s: { sub-flow: main, next: e }\n  e: { return: true }\n'), id: 'main' };
  t.equal(walk(round, [], { flows: new Map([['main', round]]) }).last.kind, 'hangup', 'calling itself comes to an end');
});

test('opening hours tell a holiday and a closure by hand from closed', async (t) => {
  const flow = flowOf(`  s: { hours: week, open: open, closed: closed, holiday: holiday, closure: closure }
${['open', 'closed', 'holiday', 'closure'].map(out).join('')}`);
  const at = (time: string, needs = {}) => wayOf(walk(flow, [], needs, Date.parse(time)).last);
  t.equal(at('2026-11-16T12:00:00+09:00'), 'open');
  t.equal(at('2026-11-16T19:00:00+09:00'), 'closed');
  t.equal(at('2026-11-23T12:00:00+09:00'), 'holiday', 'Labour Thanksgiving Day');
  const closures = { closedByHand: (calendar: string) => calendar === 'week' };
  t.equal(at('2026-11-16T12:00:00+09:00', { closures }), 'closure');
});

test('a queue is left by its cause, or by a key', async (t) => {
  const flow = flowOf(`  s:
    queue: contracts
    timeout-seconds: 60
    on-timeout: late
    on-nobody: nobody
    keys: { 5: call }
    skills: { english: 2 }
    sticky-seconds: 30
${['late', 'nobody', 'call'].map(out).join('')}`);
  const overflow = (cause: 'timeout' | 'full' | 'nobody' | 'left-empty'): FlowInput => ({ kind: 'overflow', cause });
  t.match(walk(flow, []).last, {
    kind: 'queue',
    overflow: ['timeout', 'nobody'],
    keys: ['5'],
    skills: { english: 2 },
    sticky: { to: 'last-agent', seconds: 30 },
  });
  t.equal(wayOf(walk(flow, [{ kind: 'timeout' }]).last), 'late');
  t.equal(wayOf(walk(flow, [overflow('nobody')]).last), 'nobody');
  t.equal(wayOf(walk(flow, [overflow('full')]).last), 'late', 'a cause without a way: as the time-out');
  t.equal(wayOf(walk(flow, [digits('5')]).last), 'call');
  t.same(walk(flow, [done]).last, { kind: 'hangup', say: null });
});

test('a callback has its number confirmed: the own one, or one that is keyed', async (t) => {
  const flow =
    flowOf(`  s: { callback: contracts, confirm: { ja: "{number}でよろしいですか", en: A }, ask: ${say}, retries: 1, next: kept, on-failure: none }
${['kept', 'none'].map(out).join('')}`);
  const failed: FlowInput = { kind: 'failed', because: 'no such number' };
  const kinds = (...inputs: FlowInput[]) => walk(flow, inputs).actions.map(wayOf);
  t.match(walk(flow, []).last, { kind: 'digits', speaksNumber: 'caller', say: { ja: '{number}でよろしいですか' } });
  t.match(walk(flow, [digits('1')]).last, { kind: 'callback', queue: 'contracts', number: 'caller' });
  t.same(kinds(digits('1'), done), ['digits', 'callback', 'kept']);
  t.same(kinds(digits('1'), failed), ['digits', 'callback', 'none']);
  const other = walk(flow, [digits('2'), done, digits('1')]);
  t.match(other.actions.slice(1), [
    { kind: 'number' },
    { speaksNumber: 'keyed' },
    { kind: 'callback', number: 'keyed' },
  ]);
  t.same(kinds(digits('7'), digits('8')), ['digits', 'digits', 'none']);
  t.same(kinds(digits('2'), failed), ['digits', 'number', 'none']);
  t.equal(
    walk(flow, [], { caller: { ...caller, withheld: true } }).last.kind,
    'number',
    'a withheld number is not read',
  );
});

test('a message is taken, and the language changes what follows', async (t) => {
  const flow = flowOf(`  s: { language: en, next: mail }
  mail: { voicemail: office, greeting: ${say}, max-seconds: 60, next: kept, on-failure: none }
${['kept', 'none'].map(out).join('')}`);
  const first = walk(flow, []);
  t.match(first.last, { kind: 'voicemail', mailbox: 'office', maxSeconds: 60, silenceSeconds: 5 });
  t.equal(first.run.language, 'en');
  t.equal(wayOf(walk(flow, [done]).last), 'kept');
  t.equal(wayOf(walk(flow, [{ kind: 'failed', because: 'silence' }]).last), 'none');
});
