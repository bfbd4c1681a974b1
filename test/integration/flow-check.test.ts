// `engawa flow check`, `test` and `draw` on files: once as a process of its own, the rest without.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { run } from '../../src/cli/flow.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { printed } from '../support/printed.ts';

function flowProcess(args: string[], cwd: string): Promise<{ code: number; out: string; err: string }> {
  const command = ['--import', import.meta.resolve('tsx'), join(projectRoot, 'src/cli/engawa.ts'), 'flow', ...args];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, { cwd, timeout: 60_000 }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

/** The same without a process. */
async function flowCheck(args: string[], cwd: string): Promise<{ code: number; out: string; err: string }> {
  process.chdir(cwd);
  try {
    const { result, out, err } = await printed(() => run(args));
    return { code: result, out, err };
  } finally {
    process.chdir(projectRoot);
  }
}

const good = 'flow: good\nstart: a\nnodes:\n  a: { reason: contract-change, next: b }\n  b: { queue: contracts }\n';
const bad = 'flow: bad\nstart: a\nnodes:\n  a: { reason: contract-chang, next: b }\n  b: { queue: contacts }\n';
const warned = 'flow: warned\nstart: a\nnodes:\n  a: { queue: contracts }\n';

test('the demo company’s flows have no mistakes and no warnings', async (t) => {
  const { code, out, err } = await flowProcess(
    ['check', '--config', join(projectRoot, 'config/demo.yaml')],
    projectRoot,
  );
  t.equal(err, '');
  t.equal(out, '4 flows checked: 0 errors, 0 warnings.\n');
  t.equal(code, 0);
});

test('mistakes are printed as file, line, column and sentence, and fail the command', async (t) => {
  const folder = t.testdir({ 'good.yaml': good, 'bad.yaml': bad, 'warned.yaml': warned });
  const files = ['good.yaml', 'bad.yaml', 'warned.yaml', 'missing.yaml'];
  const { code, out } = await flowCheck(['check', ...files, '--queues', 'contracts,general'], folder);
  t.equal(code, 1);
  const lines = out.split('\n');
  t.same(lines.slice(0, 3), [
    'bad.yaml:4:16: error: node "a": there is no reason "contract-chang"; did you mean "contract-change"?',
    'bad.yaml:5:15: error: node "b": there is no queue "contacts"; did you mean "contracts"?',
    'warned.yaml:4:3: warning: node "a": a caller can come here without a reason, and is then only offered to agents cleared for everything',
  ]);
  t.match(lines[3], /^missing\.yaml:1:1: error: the file cannot be read: ENOENT/);
  t.equal(lines[4], '4 flows checked: 3 errors, 1 warning.');
});

test('warnings alone do not fail the command', async (t) => {
  const folder = t.testdir({ 'warned.yaml': warned });
  const { code, out } = await flowCheck(['check', 'warned.yaml'], folder);
  t.equal(code, 0);
  t.match(out, '1 flow checked: 0 errors, 1 warning.');
});

test('problems come as JSON for scripts', async (t) => {
  const folder = t.testdir({ 'bad.yaml': bad });
  const { code, out } = await flowCheck(['check', '--json', 'bad.yaml'], folder);
  t.equal(code, 1);
  t.match(JSON.parse(out), {
    files: ['bad.yaml'],
    errors: 1,
    problems: [{ severity: 'error', file: 'bad.yaml', line: 4, column: 16, message: /contract-chang/ }],
  });
});

test('a command line that is not understood is told, with exit code 2', async (t) => {
  const folder = t.testdir({});
  for (const args of [['chek'], ['check', '--quues', 'a'], []]) {
    const { code, out, err } = await flowCheck(args, folder);
    t.equal(code, 2, args.join(' '));
    t.ok(out + err);
  }
  const { code, out } = await flowCheck(['--help'], folder);
  t.equal(code, 0);
  t.match(out, /Usage: engawa flow check/);
});

const demo = ['--config', join(projectRoot, 'config/demo.yaml')];
const people = join(projectRoot, 'config/flows/proof/people.yaml');

test('of the demo company it is proven that every queue has somebody for what it is handed', async (t) => {
  const { code, out } = await flowCheck(['check', ...demo, '--people', people], projectRoot);
  t.equal(code, 0, out);
  t.match(out, /\nProven: each of \d+ ways of handing a call to a queue finds somebody who may have it\.\n$/);
});

test('a queue whose people may not have what a way leads to it is told with that way, and fails the command', async (t) => {
  const flow =
    'flow: a\nstart: why\nnodes:\n  why: { menu: { ja: 用, en: Why }, choices: { 1: contract, 2: wait }, on-timeout: hang-up }\n' +
    '  contract: { reason: contract-change, next: wait }\n  wait: { queue: general }\n';
  const folder = t.testdir({
    'a.yaml': flow,
    'people.yaml': 'people:\n  aoi: { queues: [general], clearance: none, place: home }\n',
    'typo.yaml': 'people:\n  aoi: { queues: [general], clearance: none, plce: home }\n',
  });
  const { code, out } = await flowCheck(['check', 'a.yaml', '--people', 'people.yaml'], folder);
  t.equal(code, 1);
  t.match(
    out,
    /^a\.yaml:6:3: error: node "wait": a call about "contract-change" \(personal\) can be handed to the queue "general", of whose people nobody may have it \(.+\); by a: why \[1\] → contract → wait$/m,
  );
  t.match(out, /a call without a reason can be handed/);
  const typo = await flowCheck(['check', 'a.yaml', '--people', 'typo.yaml'], folder);
  t.match(typo.out, 'people.yaml'.replace('people', 'typo') + ':2:');
  t.match(typo.out, 'did you mean "place"?');
  const none = await flowCheck(['check', 'a.yaml', '--people', 'none.yaml'], folder);
  t.equal(none.code, 2);
  t.match(none.err, /none\.yaml cannot be read/);
});

test('the scenarios of the demo company come out as they say', async (t) => {
  const { code, out } = await flowCheck(['test', ...demo], projectRoot);
  t.equal(code, 0, out);
  t.match(out, /^\d+ scenarios played: \d+ as expected, 0 not\.\n$/);
});

test('a scenario that comes out otherwise is told with line and column, and what was gone through', async (t) => {
  const folder = t.testdir({
    'a.yaml': good.replace('flow: good', 'flow: a'),
    tests: {
      'a.yaml':
        'flow: a\nscenarios:\n  right: { expect: { queue: contracts, path: [a, b] } }\n  wrong:\n    expect: { queue: general, path: [b, a] }\n' +
        '  strange:\n    steps: [{ verified: true }]\n    expect: { ends: queue }\n',
    },
  });
  const { code, out } = await flowCheck(['test', '--flows', folder], folder);
  t.equal(code, 1);
  t.same(out.trim().split('\n'), [
    'tests/a.yaml:5:22: error: scenario "wrong": expected "general", came to "contracts"; it went a → b',
    'tests/a.yaml:5:41: error: scenario "wrong": "a" was not passed here; it went a → b',
    'tests/a.yaml:7:13: error: scenario "strange": the call waits in a queue at "b", and "verified" is no answer to that; it went a → b',
    '3 scenarios played: 1 as expected, 2 not.',
  ]);
  const json = await flowCheck(['test', '--flows', folder, '--json'], folder);
  t.match(JSON.parse(json.out).files, [{ scenarios: [{ name: 'right', passed: true, path: ['a', 'b'] }] }]);
  const none = await flowCheck(['test', '--flows', t.testdirName], folder);
  t.equal(none.code, 1);
});

test('flows are drawn into a folder, one goes to standard output', async (t) => {
  const folder = t.testdir({});
  const { code, out } = await flowCheck(['draw', ...demo, '--out', folder, '--language', 'en'], projectRoot);
  t.equal(code, 0);
  t.same(readdirSync(folder).sort(), ['main.svg', 'members.svg', 'tokyo.svg', 'who-calls.svg']);
  t.equal(out.trim().split('\n').length, 4);
  t.match(readFileSync(join(folder, 'members.svg'), 'utf8'), /<title>who: sub-flow: who-calls<\/title>/);
  t.equal((await flowCheck(['draw', ...demo], projectRoot)).code, 2, 'several flows need a folder');
  t.equal((await flowCheck(['draw', ...demo, '--language', 'fr'], projectRoot)).code, 2);
});
