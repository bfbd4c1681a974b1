// Random flows of every kind of node, random answers: whatever the outside says, the run gives an action, comes to an end in a
// bounded number of steps without help, and never prints what callers keyed or services answered. Repeat a run with SEED=…

import { inspect } from 'node:util';
import { test } from 'tap';
import { type Random, seededRandom } from '../../shared/random.ts';
import type { Flow, FlowAction, FlowInput, FlowNode, Say } from './flow.ts';
import { startFlow } from './run.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const secret = '8675309';
const say: Say = { ja: 'あ {v} {number}' };
const reason = { id: 'r', label: { ja: 'り', en: 'r' }, piiClass: 'personal' as const };

function randomNode(random: Random, names: readonly string[]): FlowNode {
  const to = () => random.pick([...names, 'hang-up', 'nowhere']);
  const times = { timeoutSeconds: 5, retries: random.integer(0, 3) };
  const keys = { minDigits: 1, maxDigits: 7, terminator: '#' };
  const nodes: (() => FlowNode)[] = [
    () => ({ kind: 'say', say, next: to() }),
    () => ({ kind: 'menu', say, choices: { 1: to(), 2: to() }, ...times, onTimeout: to(), onInvalid: to() }),
    () => ({ kind: 'collect', say, variable: 'v', ...keys, ...times, next: to(), onFailure: to() }),
    () => ({
      ...{
        kind: 'listen',
        say,
        phrases: [{ phrases: ['はい'], go: to() }],
        choices: { 1: to() },
        maxSeconds: 5,
        ...times,
      },
      ...{ onNothing: to(), onFailure: to() },
    }),
    () => ({
      ...{
        kind: 'lookup',
        service: 'crm',
        parameters: { a: '{v}', b: '{caller.number}' },
        reasonFrom: 'why',
        reasons: null,
      },
      ...{ found: to(), notFound: to(), onFailure: to() },
    }),
    () => ({
      ...{ kind: 'verify', factor: random.pick(['a', 'b']), say, check: { kind: 'code' }, ...keys, ...times },
      ...{ verified: to(), notVerified: to(), onFailure: to() },
    }),
    () => ({ kind: 'reason', reason: random.pick(['r', 'gone']), next: to() }),
    () => ({ kind: 'hours', calendar: 'none', open: to(), closed: to(), holiday: to(), closure: to() }),
    () => ({ kind: 'when', ways: [{ if: { verified: ['a'] }, unless: { reason: ['r'] }, go: to() }], otherwise: to() }),
    () => ({ kind: 'switch', variable: 'v', cases: new Map([['', to()]]), otherwise: to() }),
    () => ({
      kind: 'set',
      set: { variables: { v: '{v}{v}', w: '{v:digits}' }, priority: 1, skills: { s: 1 }, sticky: null },
      next: to(),
    }),
    () => ({ kind: 'language', language: random.pick(['ja', 'en'] as const), next: to() }),
    () => ({
      ...{ kind: 'subFlow', flow: random.pick(['a', 'b', 'c', 'gone']), parameters: { v: '{v}' } },
      ...{ returns: new Map([['done', to()]]), next: to() },
    }),
    () => ({ kind: 'return', word: random.pick(['done', 'other']), give: { v: '{v}' } }),
    () => ({
      ...{ kind: 'queue', queue: 'q', priority: 0, skills: {}, sticky: null, timeoutSeconds: null, comfort: null },
      ...{
        comfortEverySeconds: 30,
        announce: null,
        music: null,
        overflow: { timeout: to(), full: to() },
        keys: { 5: to() },
      },
    }),
    () => ({
      ...{ kind: 'callback', queue: 'q', priority: 0, skills: {}, confirm: say, ask: say, ...times },
      ...{ next: to(), onFailure: to() },
    }),
    () => ({
      ...{ kind: 'voicemail', mailbox: 'm', say: null, maxSeconds: 9, silenceSeconds: 3 },
      ...{ next: to(), onFailure: to() },
    }),
    () => ({ kind: 'transfer', number: '0312345678', ringTimeoutSeconds: 9, onFailure: to() }),
    () => ({ kind: 'hangup', say: null }),
  ];
  return random.pick(nodes)();
}

function randomFlow(random: Random, id: string): Flow {
  const names = Array.from({ length: random.integer(1, 12) }, (_, at) => `n${at}`);
  const nodes = new Map(names.map((name) => [name, randomNode(random, names)]));
  const base = { version: 'v', language: 'ja', parameters: ['v'], file: 'x' } as const;
  return { id, ...base, start: names[0]!, nodes: nodes.set('hang-up', { kind: 'hangup', say: null }) };
}

const answers: FlowInput[] = [
  { kind: 'done' },
  { kind: 'digits', digits: secret },
  { kind: 'digits', digits: '1' },
  { kind: 'digits', digits: '2' },
  { kind: 'digits', digits: '' },
  { kind: 'digits', digits: '__proto__' },
  { kind: 'heard', text: 'はい' },
  { kind: 'found', values: { v: secret, why: 'r' } },
  { kind: 'found', values: { v: secret.repeat(1000) } },
  { kind: 'notFound' },
  { kind: 'verified' },
  { kind: 'notVerified' },
  { kind: 'notVerified', final: true },
  { kind: 'timeout' },
  { kind: 'overflow', cause: 'full' },
  { kind: 'overflow', cause: 'left-empty' },
  { kind: 'failed', because: 'x' },
];

test(`no answer brings a flow to hang, and nothing that was keyed is printed (SEED=${seed})`, async (t) => {
  const random = seededRandom(seed);
  const until = Date.now() + 2000;
  const seen = new Set<FlowAction['kind']>();
  let calls = 0;
  for (; calls < 500 || Date.now() < until; calls++) {
    const flows = new Map(['a', 'b', 'c'].map((id) => [id, randomFlow(random, id)]));
    const caller = { dialled: '1', trunk: null, withheld: random.integer(0, 2) === 0, known: true, alias: null };
    const run = startFlow(flows.get('a')!, { reasons: new Map([['r', reason]]), calendars: new Map(), flows, caller });
    let action = run.step({ kind: 'started' }, 0);
    for (let steps = 0; steps < 60 && action.kind !== 'hangup'; steps++) {
      seen.add(action.kind);
      // Words said to the caller may hold a value: that is what the designer wrote.
      const printout = inspect([run, { ...action, say: null }], { depth: 12, showHidden: true }) + JSON.stringify(run);
      if (printout.includes(secret))
        throw new Error(`SEED=${seed}, call ${calls}: ${action.kind} prints what was keyed`);
      action = run.step(random.pick(answers), 0);
    }
    // From here on nobody helps: the caller says and keys nothing, everything fails.
    let steps = 0;
    for (; action.kind !== 'hangup'; steps++) {
      if (steps > 5000) throw new Error(`SEED=${seed}, call ${calls}: goes on for ever at ${run.node}`);
      action = run.step({ kind: 'failed', because: 'x' }, 0);
    }
    if (run.step({ kind: 'done' }, 0).kind !== 'hangup') throw new Error('there is something after the end');
  }
  t.comment(`${calls} calls`);
  t.ok(calls > 50);
  t.same([...seen].sort(), [
    ...[
      'callback',
      'digits',
      'listen',
      'lookup',
      'number',
      'queue',
      'say',
      'setReason',
      'transfer',
      'verify',
      'voicemail',
    ],
  ]);
});
