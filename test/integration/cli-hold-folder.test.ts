// One program per data folder.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { holdFolder } from '../../src/cli/hold-folder.ts';

t.test('a folder is held by one process, and free again when it lets go', async (t) => {
  const folder = t.testdir();
  const letGo = holdFolder(folder);
  t.throws(() => holdFolder(folder), { code: 'conflict', message: `process ${process.pid}` });
  letGo();
  t.notOk(existsSync(join(folder, 'engawa.pid')));
  holdFolder(folder)();
});

t.test('what a killed process left does not hold', async (t) => {
  const folder = t.testdir();
  const module = new URL('../../src/cli/hold-folder.ts', import.meta.url).pathname;
  const script = `const { holdFolder } = await import(${JSON.stringify(module)}); holdFolder(${JSON.stringify(folder)});
    console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  t.throws(() => holdFolder(folder), { code: 'conflict', message: `process ${child.pid}` });
  child.kill('SIGKILL');
  await once(child, 'exit');
  holdFolder(folder)();
});

t.test('another process that got the same number does not hold either', async (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, 'engawa.pid'), `${process.ppid} 1\n`);
  holdFolder(folder)();
  writeFileSync(join(folder, 'engawa.pid'), 'rubbish\n');
  holdFolder(folder)();
});
