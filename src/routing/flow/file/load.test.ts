import { test } from 'tap';
import type { FlowProblem } from '../flow.ts';
import { parseFlow } from './load.ts';

const known = {
  queues: ['contracts', 'general'],
  reasons: ['contract-change', 'opening-hours'],
  prompts: ['greeting'],
  calendars: ['always'],
};
const parse = (yaml: string) => parseFlow(yaml, 'x.yaml', known);
const told = (problems: FlowProblem[]) =>
  problems.map(({ line, column, severity, message }) => `${line}:${column} ${severity}: ${message}`);

const whole = `flow: main
language: en
start: greeting
nodes:
  greeting: { say: { ja: ようこそ, ja-kana: ようこそ, en: Welcome }, next: music }
  music: { play: greeting, next: open }
  open: { hours: always, open: why, closed: bye }
  why:
    menu: { prompt: greeting }
    choices: { 1: contract, "*": bye, 9: repeat, 0: hang-up }
    retries: 1
  contract: { reason: contract-change, next: number }
  number:
    collect: { ja: 番号, en: Your number }
    max-digits: 8
    next: wait
    on-failure: wait
  wait:
    queue: contracts
    priority: 3
    timeout-seconds: 60
    on-timeout: out
    comfort: { ja: お待ちください, en: Please wait }
  out: { transfer: 03-1234-5678 }
  bye: { hang-up: true }
`;

test('a flow without mistakes becomes nodes with defaults filled in', async (t) => {
  const parsed = parse(whole);
  t.same(told(parsed.problems), []);
  if (!parsed.ok) return;
  const { flow } = parsed;
  t.match(flow, { id: 'main', language: 'en', start: 'greeting', file: 'x.yaml', version: /^[0-9a-f]{12}$/ });
  t.same(Object.fromEntries(flow.nodes), {
    greeting: { kind: 'say', say: { ja: 'ようこそ', jaKana: 'ようこそ', en: 'Welcome' }, next: 'music' },
    music: { kind: 'say', say: { prompt: 'greeting' }, next: 'open' },
    open: { kind: 'hours', calendar: 'always', open: 'why', closed: 'bye', holiday: 'bye', closure: 'bye' },
    why: {
      kind: 'menu',
      say: { prompt: 'greeting' },
      choices: { 0: 'hang-up', 1: 'contract', 9: 'why', '*': 'bye' },
      timeoutSeconds: 6,
      retries: 1,
      onTimeout: 'hang-up',
      onInvalid: 'hang-up',
    },
    contract: { kind: 'reason', reason: 'contract-change', next: 'number' },
    number: {
      kind: 'collect',
      say: { ja: '番号', en: 'Your number' },
      variable: 'number',
      minDigits: 8,
      maxDigits: 8,
      terminator: '#',
      timeoutSeconds: 6,
      retries: 2,
      next: 'wait',
      onFailure: 'wait',
    },
    wait: {
      kind: 'queue',
      queue: 'contracts',
      priority: 3,
      timeoutSeconds: 60,
      overflow: { timeout: 'out' },
      skills: {},
      sticky: null,
      announce: null,
      music: null,
      keys: {},
      comfort: { ja: 'お待ちください', en: 'Please wait' },
      comfortEverySeconds: 30,
    },
    out: { kind: 'transfer', number: '0312345678', ringTimeoutSeconds: 30, onFailure: 'hang-up' },
    bye: { kind: 'hangup', say: null },
    'hang-up': { kind: 'hangup', say: null },
  });
  const again = parse(`${whole}# a comment\n`);
  t.ok(again.ok && again.flow.version !== flow.version, 'another text is another version');
});

test('a telephone number needs no quotes to keep its plus and its zeros', async (t) => {
  for (const number of ['+81312345678', '0312345678', '110']) {
    const parsed = parse(`flow: a\nstart: out\nnodes:\n  out: { transfer: ${number} }\n`);
    t.same(told(parsed.problems), []);
    t.match(parsed.ok && parsed.flow.nodes.get('out'), { number });
  }
});

/** One mistake each, put into a flow that is right otherwise; where it is told, and how. */
const head = 'flow: a\nstart: s\nnodes:\n';
const end = '  e: { hang-up: true }\n';
const mistakes: [what: string, yaml: string, told: string[]][] = [
  [
    'an unknown key names the nearest known one',
    `${head}  s: { say: { ja: あ, en: a }, nxt: e, next: e }\n${end}`,
    ['4:31 error: node "s": "nxt" is not known here; did you mean "next"?'],
  ],
  [
    'a mistyped kind of node names the nearest one',
    `${head}  s: { qeue: general }\n`,
    ['4:8 error: node "s": "qeue" is not known; did you mean "queue"?'],
  ],
  [
    'a node that does two things',
    `${head}  s: { queue: general, transfer: 110 }\n`,
    ['4:3 error: node "s": "s" has "queue" and "transfer"; only one of them can be meant'],
  ],
  [
    'a node that does nothing',
    `${head}  s: {}\n`,
    [
      '4:3 error: node "s": "s" needs one of "say", "play", "menu", "collect", "listen", "lookup", "verify", "reason", "hours", "when", "switch", "set", "language", "sub-flow", "return", "queue", "callback", "voicemail", "transfer", "hang-up"',
    ],
  ],
  [
    'an unknown node',
    `${head}  s: { say: { ja: あ, en: a }, next: ebd }\n  end: { hang-up: true }\n`,
    ['4:37 error: node "s": there is no node "ebd"; did you mean "end"?'],
  ],
  [
    'an unknown start',
    `flow: a\nstart: strat\nnodes:\n  start: { hang-up: true }\n`,
    ['2:8 error: there is no node "strat"; did you mean "start"?'],
  ],
  ['a missing start', `flow: a\nnodes:\n${end}`, ['1:1 error: "start" is missing (the first node)']],
  [
    'a missing way on',
    `${head}  s: { say: { ja: あ, en: a } }\n`,
    ['4:3 error: node "s": "next" is missing (where to go on)'],
  ],
  [
    'an unknown queue, reason, calendar and prompt',
    `${head}  s: { hours: alwys, open: r, closed: p }\n  r: { reason: contract-chang, next: q }\n  q: { queue: contract }\n  p: { play: greetings, next: m }\n  m: { hang-up: { prompt: goodbye } }\n`,
    [
      '4:15 error: node "s": there is no calendar "alwys"; did you mean "always"?',
      '5:16 error: node "r": there is no reason "contract-chang"; did you mean "contract-change"?',
      '6:15 error: node "q": there is no queue "contract"; did you mean "contracts"?',
      '7:14 error: node "p": there is no prompt "greetings"; did you mean "greeting"?',
      '8:27 error: node "m": there is no prompt "goodbye"',
    ],
  ],
  [
    'text without English is a warning, without Japanese an error',
    `${head}  s: { say: { ja: あ }, next: f }\n  f: { hang-up: { en: bye } }\n`,
    [
      '4:8 warning: node "s": "say" has no English text ("en")',
      '5:8 error: node "f": "hang-up" needs one of "ja", "prompt", "text"',
    ],
  ],
  [
    'a reading with kanji in it',
    `${head}  s: { hang-up: { ja: 電話, ja-kana: お電話, en: Call } }\n`,
    ['4:36 warning: node "s": the reading contains kanji; write it in kana'],
  ],
  [
    'a key written twice',
    `${head}  s: { hang-up: true }\n  s: { hang-up: true }\n`,
    ['5:3 error: this key is written twice; keep one of the two'],
  ],
  [
    'a tab',
    `flow: a\nstart: s\nnodes:\n\ts: { hang-up: true }\n`,
    ['4:1 error: a tab is used for indentation; YAML takes spaces only'],
  ],
  [
    'a wrong type',
    `${head}  s: { queue: general, priority: high }\n`,
    ['4:34 error: node "s": "priority" must be a whole number from -100 to 100, not "high"'],
  ],
  [
    'a number out of range',
    `${head}  s: { queue: general, timeout-seconds: 0, on-timeout: e }\n${end}`,
    ['4:41 error: node "s": "timeout-seconds" must be a whole number from 1 to 7200, not 0'],
  ],
  ['a node that is a word', `${head}  s: hello\n`, ['4:6 error: node "s": "s" must be a set of keys, not "hello"']],
  [
    'text that is not told apart by language',
    `${head}  s: { hang-up: さようなら }\n`,
    [
      '4:17 error: node "s": "hang-up" must be text by language (ja and en) or a recorded prompt (prompt) or the name of a text (text) or true, not "さようなら"',
    ],
  ],
  [
    'a choice that no telephone has',
    `${head}  s: { menu: { prompt: greeting }, choices: { a: e, 1: e } }\n${end}`,
    ['4:47 error: node "s": "a" is not a choice: one to four of 0-9, * and # ("*" and "#" in quotes)'],
  ],
  [
    'a menu without choices',
    `${head}  s: { menu: { prompt: greeting }, choices: {} }\n`,
    ['4:36 error: node "s": "choices" is empty'],
  ],
  [
    'a choice that is the beginning of another',
    `${head}  s: { menu: { prompt: greeting }, choices: { 1: e, 12: e } }\n${end}`,
    ['4:47 warning: node "s": "1" is also the beginning of "12", so it is only taken after the time-out'],
  ],
  [
    'a queue with a time-out that leads nowhere',
    `${head}  s: { reason: opening-hours, next: q }\n  q: { queue: general, timeout-seconds: 60 }\n`,
    ['5:3 error: node "q": "timeout-seconds" needs "on-timeout": where does the caller go then?'],
  ],
  [
    'fewer digits at most than at least',
    `${head}  s: { collect: { prompt: greeting }, min-digits: 5, max-digits: 4, next: e }\n${end}`,
    ['4:51 error: node "s": "min-digits" is larger than "max-digits"'],
  ],
  [
    'a node that no way leads to',
    `${head}  s: { hang-up: true }\n  lost: { hang-up: true }\n`,
    ['5:3 warning: node "lost": no way leads here'],
  ],
  [
    'a circle in which nothing waits for the caller',
    `${head}  s: { say: { ja: あ, en: a }, next: t }\n  t: { reason: opening-hours, next: s }\n`,
    [
      '4:3 error: node "s": goes round in circles without waiting for the caller: s → t → s',
      '4:3 error: node "s": no way leads from here to a queue, a transfer or the end of the call',
    ],
  ],
  [
    'a node that leads to itself',
    `${head}  s: { hours: always, open: s, closed: e }\n${end}`,
    ['4:3 error: node "s": goes round in circles without waiting for the caller: s → s'],
  ],
  [
    'a menu that a silent caller never leaves',
    `${head}  s: { menu: { prompt: greeting }, choices: { 1: e }, on-timeout: s }\n${end}`,
    ['4:3 warning: node "s": a caller who keys nothing goes round for ever: s → s'],
  ],
  [
    'menus that nobody can leave',
    `${head}  s: { menu: { prompt: greeting }, choices: { 1: t }, on-timeout: t }\n  t: { menu: { prompt: greeting }, choices: { 1: s }, on-timeout: s }\n`,
    [
      '4:3 warning: node "s": a caller who keys nothing goes round for ever: s → t → s',
      '4:3 error: node "s": no way leads from here to a queue, a transfer or the end of the call',
    ],
  ],
  [
    'a queue that can be reached without a reason',
    `${head}  s: { queue: general }\n`,
    [
      '4:3 warning: node "s": a caller can come here without a reason, and is then only offered to agents cleared for everything',
    ],
  ],
  [
    'a node with a name that has a meaning',
    `flow: a\nstart: repeat\nnodes:\n  repeat: { hang-up: true }\n`,
    ['4:3 error: node "repeat": "repeat" has a meaning of its own; give the node another name'],
  ],
  [
    'an alias',
    `${head}  s: &x { hang-up: true }\n`,
    ['4:9 error: node "s": anchors and aliases (& and *) are not used here; write it out, or put it in quotes'],
  ],
  ['an empty file', '', ['1:1 error: the file must be a set of keys, not empty']],
  [
    'a second document',
    `${head}  s: { hang-up: true }\n---\na: b\n`,
    ['5:1 error: a second document begins here ("---"); one file holds one document'],
  ],
  ['brackets without end', '['.repeat(100_000), ['1:1 error: the file has more than 4000 brackets']],
  ['lists without end', '- '.repeat(100_000), ['1:1 error: lists are nested too deeply']],
  ['a file without end', '#'.repeat(300 * 1024), ['1:1 error: the file is larger than 256 KB']],
];

for (const [what, yaml, expected] of mistakes) {
  test(`${what} is told with line and column`, async (t) => {
    const parsed = parse(yaml);
    t.same(told(parsed.problems), expected);
    t.equal(parsed.ok, !expected.some((one) => one.includes(' error: ')));
  });
}

test('what is not known from outside is not checked, and names may come as an iterator', async (t) => {
  const yaml = `${head}  s: { reason: r, next: p }\n  p: { play: p, next: q }\n  q: { queue: q }\n`;
  t.ok(parseFlow(yaml, 'x', {}).ok);
  t.ok(
    parseFlow(`${head}  s: { reason: r, next: q }\n  q: { reason: r, next: hang-up }\n`, 'x', {
      reasons: new Map([['r', 1]]).keys(),
    }).ok,
  );
});
