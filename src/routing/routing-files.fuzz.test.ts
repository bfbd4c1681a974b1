// Mutated flows, parts, scenarios, people, reasons and calendars: whatever is written, the loaders answer with problems at a
// place in the text, and never throw. What they take for a flow can be run to its end. Repeat a run with SEED=…

import { test } from 'tap';
import { defaultClasses } from '../privacy/pii-class.ts';
import { type Random, seededRandom } from '../shared/random.ts';
import { drawFlow } from './flow/drawing/draw.ts';
import { parseFlow } from './flow/file/load.ts';
import { parsePart } from './flow/file/load-part.ts';
import type { FlowInput, FlowProblem } from './flow/flow.ts';
import { explore } from './flow/proof/explore.ts';
import { parseProofPeople } from './flow/proof/proof-people.ts';
import { startFlow } from './flow/run.ts';
import { playScenarios } from './flow/scenario/scenario.ts';
import { isOpen, parseCalendars } from './hours.ts';
import { compilePolicy } from './policy/compile-policy.ts';
import { parsePolicy } from './policy/load-policy.ts';
import type { PolicySource } from './policy/policy.ts';
import { parseReasons } from './reasons.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const runForMs = 3000;

const policyText = `time-zone: Asia/Tokyo
operation: { usual: normal, schedule: [{ operation: all-home, from: 2026-09-10 18:00, to: 2026-09-11 }] }
handed-over: { verified: any, leaves: { personal: none } }
rules:
  centre:
    calls: { class-at-least: personal, direction: inbound, verified: false }
    operation: [normal, partly-home]
    needs: { place: centre, years-of-service: 0.5 }
  home:
    one-of:
      - { place: home, employment: regular, trainings: [a, { training: b, within-days: 30 }] }
      - { pledge: { version: "2", within-days: 3 }, device: managed, connection-check: { within-hours: 1 } }
`;

const flowText = `flow: main
language: ja
start: hours
nodes:
  hours: { hours: always, open: greeting, closed: bye }
  greeting:
    say: { ja: お電話ありがとうございます, ja-kana: おでんわ, en: "Welcome" }
    next: why
  why:
    menu: { ja: 用件, en: Why }
    choices: { 1: contract, 2: number, 9: repeat, "*": hang-up }
    timeout-seconds: 6
    retries: 2
    on-timeout: wait
  number: { collect: { prompt: number }, max-digits: 8, next: contract, on-failure: out }
  contract: { reason: contract, next: wait }
  wait:
    queue: contracts # the queue
    timeout-seconds: 60
    on-timeout: out
  out: { transfer: +81312345678, on-failure: bye }
  bye: { hang-up: true }
`;
const richText = `flow: main
include: [common]
parameters: [member]
texts: { bye: { ja: さようなら, en: Bye } }
start: who
nodes:
  who:
    when: [{ if: { known: true, verified: [birth], variables: { tier: [gold, silver] } }, unless: { operation: all-home }, go: ask }]
    else: say
  ask: { lookup: crm, with: { m: "{member}", n: "{caller.number}" }, reason-from: why, found: tier, not-found: say, on-failure: say }
  tier: { switch: tier, cases: { gold: ahead, "1": say }, else: say }
  ahead: { set: { variables: { a: "{tier:digits}" }, priority: 5, skills: { english: 3 }, sticky-seconds: 9 }, next: say }
  say: { listen: { text: bye }, phrases: { call: [契約, contract] }, choices: { 1: call }, on-nothing: lang }
  lang: { language: en, next: call }
  call: { sub-flow: other, with: { x: "{member}" }, returns: { done: code }, next: mail }
  code: { verify: birth, ask: { text: bye }, check: { lookup: crm, digits-as: b }, max-digits: 8, verified: wait, not-verified: mail }
  wait: { queue: contracts, on-full: mail, keys: { 5: back }, announce: { position: true }, comfort: { text: common.bye } }
  back: { callback: contracts, confirm: { text: bye }, ask: { text: bye }, next: common.end }
  mail: { voicemail: office, greeting: { text: bye }, on-failure: give }
  give: { return: done, give: { tier: "{tier}" } }
`;
const partText = `part: common
texts: { bye: { ja: さようなら, en: Bye } }
nodes:
  end: { say: { text: bye }, next: bye }
  bye: { hang-up: { text: bye } }
`;
const scenarioText = `flow: main
scenarios:
  one: { known: true, at: 2026-11-16T12:00+09:00, steps: [{ keys: "1" }, { found: { tier: gold } }, { overflow: full }, { done: true }], expect: { path: [why], says: [a], reason: false, ends: queue } }
`;
const peopleText = `people:
  sato: { queues: [contracts], clearance: personal, place: home, employed-since: 2020-04-01, trainings: { a: 2026-01-01 }, pledge: { version: "1", signed: 2026-01-01 } }
`;
const reasonsText = 'reasons:\n  contract: { label: { ja: 契約, en: Contract }, class: personal }\n';
const calendarsText =
  'calendars:\n  always: { days: { mon-sun: [00:00-12:00, 13:00-24:00] }, closed: [12-29], national-holidays: closed }\n';

const pieces = [
  '\t',
  '\n',
  ' ',
  '  ',
  ': ',
  '- ',
  '? ',
  '[',
  ']',
  '{',
  '}',
  '&a ',
  '*a',
  '*',
  '#',
  '|',
  '>',
  '!!str ',
  '!x ',
  '%',
  '---\n',
  '...\n',
  '"',
  "'",
  '\\',
  '\u0000',
  '\ufeff',
  '\u2028',
  '😀',
  '\ud800',
  'null',
  'true',
  '~',
  '.nan',
  '-.inf',
  '0x1F',
  '1e999',
  '__proto__: ',
  'constructor: ',
  'toString',
  '<<: ',
  'hang-up',
  'repeat',
  'next: ',
  'why',
  '99999999999999999999',
  '\r\n',
];

function mutate(random: Random, text: string): string {
  let out = text;
  for (let edits = random.integer(1, 4); edits > 0; edits--) {
    const at = random.integer(0, out.length + 1);
    const length = random.integer(0, 1 + Math.min(40, out.length));
    const other = random.integer(0, out.length + 1);
    switch (random.integer(0, 6)) {
      case 0:
        out = out.slice(0, at) + out.slice(at + length);
        break;
      case 1:
        out = out.slice(0, at) + out.slice(other, other + length) + out.slice(at);
        break;
      case 2:
        out = out.slice(0, at) + String.fromCharCode(random.integer(0, 0x3100)) + out.slice(at + 1);
        break;
      case 3:
        out = out.slice(0, at) + random.pick(pieces).repeat(random.integer(1, 60)) + out.slice(at);
        break;
      case 4:
        // Lines change places, or come twice.
        out = out
          .split('\n')
          .toSorted(() => (random.next() - 0.5 > 0.45 ? 1 : -1))
          .join('\n');
        break;
      default:
        out = out.slice(0, at) + random.pick(pieces) + out.slice(at);
    }
  }
  return out;
}

function checkPlaces(text: string, problems: FlowProblem[]): void {
  const lines = text.split('\n').length;
  for (const { line, column, message } of problems) {
    if (!(line >= 1 && line <= lines + 1 && column >= 1) || message === '')
      throw new Error(`no place: ${line}:${column}`);
  }
}

function runToTheEnd(random: Random, parsed: ReturnType<typeof parseFlow>): void {
  if (!parsed.ok) return;
  const run = startFlow(parsed.flow, { reasons: new Map(), calendars: new Map() });
  let input: FlowInput = { kind: 'started' };
  for (let steps = 0; steps < 5000; steps++) {
    const action = run.step(input, 0);
    if (action.kind === 'hangup') return;
    const keyed: FlowInput = { kind: 'digits', digits: random.pick(['', '1', '2', '9', '12345678', '__proto__']) };
    input = action.kind === 'say' ? { kind: 'done' } : random.pick([keyed, { kind: 'timeout' }, { kind: 'done' }]);
  }
}

function decideByIt(source: PolicySource): void {
  const policy = compilePolicy(source);
  const call = { direction: 'inbound' } as const;
  policy.decide({ clearance: 'none', place: 'home', employedSince: 1 }, call, 'normal', 0);
  policy.standing({ clearance: 'none', place: 'home', employedSince: 1 }, 'normal', 0);
  policy.plannedOperation(0);
}

test(`mutated files never make the loaders throw (SEED=${seed})`, async (t) => {
  const random = seededRandom(seed);
  const names = { queues: ['contracts'], reasons: ['contract'], calendars: ['always'], prompts: ['number'] };
  const { part } = parsePart(partText, 'p', names);
  const flows = new Map([['other', { parameters: ['x'], words: ['done'], calls: [] }]]);
  const known = { ...names, services: ['crm'], mailboxes: ['office'], flows, parts: new Map([['common', part!]]) };
  const whole = parseFlow(flowText, 'x', known);
  const around = { reasons: new Map(), calendars: new Map(), flows: new Map(whole.ok ? [['main', whole.flow]] : []) };
  for (const text of [flowText, richText]) {
    const errors = parseFlow(text, 'x', known).problems.filter((one) => one.severity === 'error');
    t.same(errors, []);
  }
  const until = Date.now() + runForMs;
  let texts = 0;
  let taken = 0;
  // On a busy machine it takes longer until one is still a flow.
  while (Date.now() < until || (texts < 3000 && (taken === 0 || texts < 50))) {
    texts += 1;
    const text = mutate(
      random,
      random.pick([
        flowText,
        richText,
        richText,
        ...[reasonsText, calendarsText, partText, scenarioText, peopleText, policyText],
      ]),
    );
    try {
      const parsed = parseFlow(text, 'x', known);
      if (!parsed.ok && parsed.problems.length === 0) throw new Error('refused without a reason');
      if (parsed.ok) taken += 1;
      checkPlaces(text, parsed.problems);
      runToTheEnd(random, parsed);
      if (parsed.ok) explore(parsed.flow, { ...around, operation: 'normal' });
      if (parsed.ok) drawFlow(parsed.flow, random.pick(['ja', 'en'] as const));
      checkPlaces(text, parsePart(text, 'x', known).problems);
      checkPlaces(text, playScenarios(text, 'x', around).problems);
      checkPlaces(text, parseProofPeople(text, 'x').problems);
      checkPlaces(text, parseReasons(text, 'x').problems);
      const rules = parsePolicy(text, 'x', { classes: defaultClasses, reasons: new Map() });
      checkPlaces(text, rules.problems);
      if (rules.ok) decideByIt(rules.source);
      const { calendars, problems } = parseCalendars(text, 'x');
      checkPlaces(text, problems);
      for (const calendar of calendars.values()) isOpen(calendar, random.integer(0, 2 ** 31) * 1000);
    } catch (thrown) {
      throw new Error(`text ${texts}, SEED=${seed}: ${JSON.stringify(text)}`, { cause: thrown });
    }
  }
  t.comment(`${texts} texts, ${taken} taken for a flow`);
  t.ok(texts > 20);
  t.ok(taken > 0, 'some mutations do no harm');
});
