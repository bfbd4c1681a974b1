import { inspect } from 'node:util';
import { test } from 'tap';
import { parseCalendars } from '../hours.ts';
import { parseReasons } from '../reasons.ts';
import { parseFlow } from './file/load.ts';
import type { Flow, FlowAction, FlowInput, FlowNode } from './flow.ts';
import { startFlow } from './run.ts';

const { reasons } = parseReasons('reasons: { contract: { label: { ja: 契約, en: Contract }, class: personal } }', 'r');
const { calendars } = parseCalendars('calendars: { week: { days: { mon-fri: 09:00-18:00 } } }', 'c');
const needs = { reasons, calendars };
const mondayNoonInTokyo = Date.parse('2026-11-16T12:00:00+09:00');
const sunday = Date.parse('2026-11-15T12:00:00+09:00');

const flow = (() => {
  const parsed = parseFlow(
    `flow: main
start: hours
nodes:
  hours: { hours: week, open: greeting, closed: closed }
  closed: { hang-up: { ja: 終了, en: Closed } }
  greeting: { say: { ja: ようこそ, en: Welcome }, next: why }
  why:
    menu: { ja: 用件, en: Why }
    choices: { 1: contract, 2: out, 9: repeat, 0: hang-up, "#": number }
    retries: 1
    on-timeout: slow
    on-invalid: wrong
  slow: { hang-up: { ja: 遅, en: Slow } }
  wrong: { hang-up: { ja: 誤, en: Wrong } }
  contract: { reason: contract, next: wait }
  wait: { queue: contracts, timeout-seconds: 60, on-timeout: out }
  out: { transfer: 0312345678, on-failure: closed }
  number: { collect: { ja: 番号, en: Number }, min-digits: 4, max-digits: 8, retries: 1, next: wait, on-failure: out }
`,
    'x',
    {},
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.flow;
})();

/** Answers one after the other; gives what the flow asked for, in words. */
function walk(inputs: FlowInput[], now = mondayNoonInTokyo) {
  const run = startFlow(flow, needs);
  const actions = [{ kind: 'started' } as FlowInput, ...inputs].map((input) => run.step(input, now));
  return { run, actions, last: actions.at(-1)!, kinds: actions.map((action) => action.kind) };
}
const done: FlowInput = { kind: 'done' };
const digits = (keyed: string): FlowInput => ({ kind: 'digits', digits: keyed });
const timeout: FlowInput = { kind: 'timeout' };

test('a caller is greeted, asked, given a reason and queued', async (t) => {
  const { run, actions } = walk([done, digits('1'), done]);
  t.match(actions, [
    { kind: 'say', say: { ja: 'ようこそ' } },
    { kind: 'digits', minDigits: 1, maxDigits: 1, terminator: null, timeoutSeconds: 6 },
    { kind: 'setReason', reason: { id: 'contract', piiClass: 'personal' } },
    { kind: 'queue', queue: 'contracts', priority: 0, timeoutSeconds: 60, comfort: null },
  ]);
  t.equal(run.node, 'wait');
  t.equal(run.language, 'ja');
  t.equal(startFlow(flow, { ...needs, language: 'en' }).language, 'en');
});

test('outside of opening hours the other branch is taken', async (t) => {
  t.match(walk([], sunday).last, { kind: 'hangup', say: { ja: '終了' } });
  const gone = startFlow(flow, { reasons, calendars: new Map() });
  t.match(gone.step({ kind: 'started' }, mondayNoonInTokyo), { kind: 'hangup' }, 'a calendar that is gone is closed');
});

test('a menu asks again, then takes the branch for silence or for a wrong choice', async (t) => {
  t.same(walk([done, timeout]).kinds, ['say', 'digits', 'digits']);
  t.match(walk([done, timeout, timeout]).last, { kind: 'hangup', say: { en: 'Slow' } });
  t.match(walk([done, timeout, digits('7')]).last, { kind: 'hangup', say: { en: 'Wrong' } });
  t.match(walk([done, digits('')]).last, { kind: 'digits' });
  t.match(walk([done, { kind: 'failed', because: 'x' }, digits('__proto__')]).last, { kind: 'hangup' });
  t.same(walk([done, digits('0')]).last, { kind: 'hangup', say: null });
  // Choosing to hear it again counts as a new start.
  t.match(walk([done, timeout, digits('9'), timeout]).last, { kind: 'digits' });
});

test('a number is collected, asked for again when too short, and stays in the run', async (t) => {
  const { run, last } = walk([done, digits('#'), digits('123'), digits('98765')]);
  t.match(last, { kind: 'queue' });
  t.equal(run.collected('number'), '98765');
  t.equal(run.collected('other'), undefined);
  t.notMatch(inspect(run, { depth: 9, showHidden: true }) + JSON.stringify(run), /98765/);
  t.match(walk([done, digits('#'), timeout, digits('123456789')]).last, { kind: 'transfer', number: '0312345678' });
});

test('a queue that took too long and a transfer that failed go on to their branches', async (t) => {
  t.match(walk([done, digits('1'), done, timeout]).last, { kind: 'transfer', ringTimeoutSeconds: 30 });
  t.match(walk([done, digits('2'), { kind: 'failed', because: 'busy' }]).last, { kind: 'hangup', say: { ja: '終了' } });
  t.same(walk([done, digits('2'), done]).last, { kind: 'hangup', say: null });
});

test('after the end there is only the end', async (t) => {
  const { actions } = walk([done, digits('0'), done, digits('1'), { kind: 'started' }]);
  t.same(actions.slice(-3), Array(3).fill({ kind: 'hangup', say: null }));
});

test('a reason that is gone since the flow was published leaves the call without one', async (t) => {
  const run = startFlow(flow, { reasons: new Map(), calendars });
  for (const input of [{ kind: 'started' }, done] as FlowInput[]) run.step(input, mondayNoonInTokyo);
  t.match(run.step(digits('1'), mondayNoonInTokyo), { kind: 'queue' });
});

test('a flow that goes round without asking anything is hung up', async (t) => {
  const say = (next: string): FlowNode => ({ kind: 'say', say: { ja: 'あ' }, next });
  const hours = (to: string): FlowNode => ({
    kind: 'hours',
    ...{ calendar: 'none', open: to, closed: to, holiday: to, closure: to },
  });
  const round = (nodes: [string, FlowNode][]): Flow => ({ ...flow, start: 'a', nodes: new Map(nodes) });
  const countSteps = (made: Flow) => {
    const run = startFlow(made, needs);
    let steps = 0;
    for (let action: FlowAction = run.step({ kind: 'started' }, 0); action.kind !== 'hangup'; steps++) {
      if (steps > 2000) throw new Error('it goes round for ever');
      action = run.step(done, 0);
    }
    return steps;
  };
  t.equal(
    countSteps(
      round([
        ['a', say('b')],
        ['b', say('a')],
      ]),
    ),
    1000,
  );
  t.equal(
    countSteps(
      round([
        ['a', hours('b')],
        ['b', hours('a')],
      ]),
    ),
    0,
  );
  t.equal(countSteps(round([['a', say('nowhere')]])), 1);
});
