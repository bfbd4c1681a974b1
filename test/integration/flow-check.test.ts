// `engawa flow check` on files: once as a process of its own, the rest without.

import { execFile } from 'node:child_process';
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
  t.equal(out, '2 flows checked: 0 errors, 0 warnings.\n');
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
