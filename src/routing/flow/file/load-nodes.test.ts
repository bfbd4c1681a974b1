// The nodes that decide, look up, listen, verify and leave: what they become, and what is said of their mistakes.

import { test } from 'tap';
import type { FlowProblem } from '../flow.ts';
import { parseFlow, peekFlow } from './load.ts';
import { parsePart } from './load-part.ts';

const known = {
  queues: ['contracts'],
  reasons: ['contract-change'],
  calendars: ['always'],
  services: ['crm'],
  mailboxes: ['office'],
  destinations: ['billing'],
  prompts: { ja: ['greeting', 'tune'], en: ['tune'] },
  flows: new Map([
    ['who', { parameters: ['member'], words: ['yes', 'no'], calls: [] }],
    ['round', { parameters: [], words: ['done'], calls: ['other'] }],
    ['other', { parameters: [], words: [], calls: ['main'] }],
  ]),
};
const told = (problems: FlowProblem[]) =>
  problems.map(({ line, column, severity, message }) => `${line}:${column} ${severity}: ${message}`);
const head = 'flow: main\nstart: s\nnodes:\n';
const end = '  e: { hang-up: true }\n';
const say = '{ ja: あ, en: A }';

function nodes(yaml: string) {
  const parsed = parseFlow(yaml, 'x.yaml', known);
  if (!parsed.ok) throw new Error(told(parsed.problems).join('\n'));
  return Object.fromEntries(parsed.flow.nodes);
}

test('nodes that decide have their ways', async (t) => {
  const yaml = `${head}  s:
    when:
      - { if: { known: true, variables: { tier: [gold, "1"] }, verified: birth }, unless: { trunk: b }, go: w }
      - { unless: { operation: [normal, all-home] }, go: e }
    else: e
  w: { switch: tier, cases: { gold: h, 1: e }, else: l }
  h: { hours: always, open: v, closed: e, holiday: l }
  l: { language: en, next: v }
  v: { set: { variables: { a: "x{tier}" }, priority: 5, skills: { english: 3 }, sticky-seconds: 30 }, next: c }
  c: { sub-flow: who, with: { member: "{a}" }, returns: { yes: e }, next: hang-up }
${end}`;
  const { s, w, h, v, c } = nodes(yaml);
  t.same(s, {
    kind: 'when',
    ways: [
      {
        if: { known: true, verified: ['birth'], variables: { tier: ['gold', '1'] } },
        unless: { trunk: ['b'] },
        go: 'w',
      },
      { if: {}, unless: { operation: ['normal', 'all-home'] }, go: 'e' },
    ],
    otherwise: 'e',
  });
  t.same(w, {
    kind: 'switch',
    variable: 'tier',
    cases: new Map([
      ['gold', 'h'],
      ['1', 'e'],
    ]),
    otherwise: 'l',
  });
  t.match(h, { holiday: 'l', closure: 'e' });
  t.same(v, {
    kind: 'set',
    set: {
      variables: { a: 'x{tier}' },
      priority: 5,
      skills: { english: 3 },
      sticky: { to: 'last-agent', seconds: 30 },
    },
    next: 'c',
  });
  t.same(c, {
    kind: 'subFlow',
    flow: 'who',
    parameters: { member: '{a}' },
    returns: new Map([['yes', 'e']]),
    next: 'hang-up',
  });
});

test('nodes that ask the outside have theirs', async (t) => {
  const yaml =
    `${head}  s: { lookup: crm, with: { tel: "{caller.number}" }, reason-from: why, found: h, not-found: h, on-failure: h }
  h: { listen: ${say}, phrases: { v: [契約, contract] }, choices: { 1: v, 9: repeat }, on-nothing: v }
  v: { verify: birth, ask: ${say}, check: { lookup: crm }, max-digits: 8, verified: w, not-verified: e }
  w: { verify: card, ask: ${say}, check: { seal: billing }, max-digits: 16, verified: q, not-verified: e }
  q:
    queue: contracts
    keys: { 5: c }
    on-full: m
    on-nobody: m
    on-empty: m
    music: tune
    announce: { position: true, wait: true }
  c: { callback: contracts, confirm: ${say}, ask: ${say}, next: e, on-failure: q }
  m: { voicemail: office, greeting: ${say} }
${end}`.replace('music: tune', 'music: greeting');
  const { s, h, v, w, q, c, m } = nodes(yaml);
  t.match(s, { parameters: { tel: '{caller.number}' }, reasonFrom: 'why', notFound: 'h' });
  t.match(h, {
    phrases: [{ phrases: ['契約', 'contract'], go: 'v' }],
    choices: { 9: 'h' },
    onFailure: 'v',
    maxSeconds: 10,
  });
  t.match(v, { check: { kind: 'lookup', service: 'crm', digitsAs: 'birth' }, minDigits: 8, onFailure: 'e' });
  t.match(w, { check: { kind: 'seal', destination: 'billing' } });
  t.match(q, {
    overflow: { full: 'm', nobody: 'm', 'left-empty': 'm' },
    announce: { position: true, estimatedWait: true, everySeconds: 60 },
    keys: { 5: 'c' },
    music: 'greeting',
  });
  t.match(c, { queue: 'contracts', retries: 2, onFailure: 'q' });
  t.match(m, { mailbox: 'office', maxSeconds: 120, next: 'hang-up', onFailure: 'hang-up' });
});

const mistakes: [what: string, yaml: string, expected: string[]][] = [
  [
    'a service, a mailbox and a destination that do not exist',
    `${head}  s: { lookup: crn, found: v, not-found: v, on-failure: v }
  v: { verify: card, ask: ${say}, check: { seal: bill }, max-digits: 4, verified: m, not-verified: m }
  m: { voicemail: ofice }\n`,
    [
      '4:16 error: node "s": there is no service "crn"; did you mean "crm"?',
      '5:60 error: node "v": there is no destination "bill"',
      '6:19 error: node "m": there is no mailbox "ofice"; did you mean "office"?',
    ],
  ],
  [
    'a recording that is not there in a language that is spoken',
    `${head}  s: { language: en, next: p }\n  p: { play: greeting, next: e }\n${end}`,
    ['5:14 error: node "p": there is no English prompt "greeting"'],
  ],
  [
    'a condition with a reason that does not exist',
    `${head}  s: { when: [{ if: { reason: contract-chnge }, go: e }], else: e }\n${end}`,
    ['4:31 error: node "s": there is no reason "contract-chnge"; did you mean "contract-change"?'],
  ],
  [
    'a way to a node that does not exist, from a phrase, a case and a condition',
    `${head}  s: { listen: ${say}, phrases: { paid: [x] }, on-nothing: w }
  w: { switch: v, cases: { x: book }, else: k }
  k: { when: [{ if: { known: true }, go: call }], else: hang-up }\n`,
    [
      '4:45 error: node "s": there is no node "paid"',
      '5:16 warning: node "w": nothing in this flow sets the variable "v"',
      '5:31 error: node "w": there is no node "book"',
      '6:42 error: node "k": there is no node "call"',
    ],
  ],
  [
    'a way that is always taken',
    `${head}  s: { when: [{ go: e }], else: hang-up }\n${end}`,
    ['4:15 warning: node "s": this way is always taken; say when with "if" or "unless"'],
  ],
  [
    'a circle of decisions',
    `${head}  s: { when: [{ if: { known: true }, go: t }], else: hang-up }\n  t: { switch: v, cases: { a: s }, else: hang-up }\n`,
    [
      '4:3 error: node "s": goes round in circles without waiting for the caller: s → t → s',
      '5:16 warning: node "t": nothing in this flow sets the variable "v"',
    ],
  ],
  [
    'a circle through a queue that nobody serves',
    `${head}  s: { reason: contract-change, next: q }\n  q: { queue: contracts, on-nobody: a }\n  a: { say: ${say}, next: q }\n`,
    ['5:3 error: node "q": goes round in circles without waiting for the caller: q → a → q'],
  ],
  [
    'a sub-flow that does not exist, or does not fit',
    `${head}  s: { sub-flow: whoo, next: a }
  a: { sub-flow: who, with: { mamber: x }, returns: { yess: e }, next: e }
${end}`,
    [
      '4:18 error: node "s": there is no flow "whoo"; did you mean "who"?',
      '5:18 error: node "a": the flow "who" wants "member" in "with"',
      '5:31 error: node "a": the flow "who" has no parameter "mamber"',
      '5:55 warning: node "a": the flow "who" never returns "yess"; did you mean "yes"?',
    ],
  ],
  [
    'a sub-flow that comes back to its caller',
    `${head}  s: { sub-flow: round, next: hang-up }\n`,
    ['4:18 error: node "s": calls itself: main → round → other → main'],
  ],
  [
    'a variable that nothing sets',
    `${head}  s: { collect: ${say}, variable: member, max-digits: 4, next: t }
  t: { say: { ja: "{membr}と{call.language}", en: "{call.lang}" }, next: w }
  w: { switch: tier, cases: { a: e }, else: e }
${end}`,
    [
      '5:19 warning: node "t": nothing in this flow sets the variable "membr"; did you mean "member"?',
      '5:50 error: node "t": there is no "{call.lang}"; there is call.dialled, call.trunk, call.alias, call.language, call.reason',
      '6:16 warning: node "w": nothing in this flow sets the variable "tier"',
    ],
  ],
  [
    'the number of the caller in a text',
    `${head}  s: { say: { ja: "{caller.number}", en: A }, next: e }\n${end}`,
    [
      '4:19 error: node "s": the number of the caller goes to services only, as a parameter that is "{caller.number}" alone',
    ],
  ],
  [
    'a text that is not there',
    `flow: main\nstart: s\ntexts: { bye: ${say} }\nnodes:\n  s: { hang-up: { text: by } }\n`,
    ['5:25 error: node "s": there is no text "by"; did you mean "bye"?'],
  ],
  [
    'a part that is not there',
    `flow: main\ninclude: [comon]\nstart: s\nnodes:\n  s: { hang-up: true }\n`,
    ['2:11 error: there is no part "comon"; did you mean "common"?'],
  ],
];

for (const [what, yaml, expected] of mistakes) {
  test(`${what} is told with line and column`, async (t) => {
    const parts = new Map([['common', { name: 'common', texts: {}, nodes: {}, source: '' }]]);
    const parsed = parseFlow(yaml, 'x.yaml', { ...known, parts });
    t.same(told(parsed.problems), expected);
    t.equal(parsed.ok, !expected.some((one) => one.includes(' error: ')));
  });
}

const common = `part: common
texts: { bye: { ja: 失礼します, en: Goodbye } }
nodes:
  busy: { say: { ja: 混雑, en: Busy }, next: bye }
  bye: { hang-up: { text: bye } }
`;

test('a flow uses the nodes and texts of a part, and is another version when the part is', async (t) => {
  const { part, problems } = parsePart(common, 'common.yaml', known);
  t.same(problems, []);
  const yaml = 'flow: a\ninclude: [common]\nstart: s\nnodes:\n  s: { say: { text: common.bye }, next: common.busy }\n';
  const parse = (source: string) => {
    const parts = new Map([['common', { ...part!, source }]]);
    const parsed = parseFlow(yaml, 'a.yaml', { ...known, parts });
    t.same(parsed.problems, []);
    if (!parsed.ok) throw new Error('it is not taken');
    return parsed.flow;
  };
  const flow = parse(common);
  t.match(Object.fromEntries(flow.nodes), {
    s: { kind: 'say', say: { ja: '失礼します' }, next: 'common.busy' },
    'common.busy': { kind: 'say', next: 'common.bye' },
    'common.bye': { kind: 'hangup', say: { en: 'Goodbye' } },
  });
  t.not(parse(`${common}# changed`).version, flow.version);
});

test('a part with a mistake is told, and not taken', async (t) => {
  const { part, problems } = parsePart(common.replace('next: bye', 'next: by'), 'common.yaml', known);
  t.equal(part, undefined);
  t.same(told(problems), ['4:44 error: node "busy": there is no node "by"; did you mean "bye"?']);
});

test('what other flows must know of a flow is read without checking it', async (t) => {
  const yaml = `flow: who\nparameters: [member]\nstart: s\nnodes:\n  s: { sub-flow: round, next: y }\n  y: { return: yes }\n`;
  // YAML 1.2: yes is a word.
  t.same(peekFlow(yaml), {
    id: 'who',
    signature: { parameters: ['member'], words: ['yes'], calls: ['round'], gives: [] },
  });
  t.equal(peekFlow('['), undefined);
});
