// What was acknowledged survives `kill -9`, with the database there and with the database away.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { projectRoot } from '../../src/shared/paths.ts';
import { cuttableWire, migrationsFolder, sql, testDatabase, testStore } from '../support/servers/database.ts';

const program = join(projectRoot, 'test/integration/store-kill-child.ts');

async function killAfter(t: Test, lines: number, meanwhile: (cut: () => Promise<void>) => Promise<void>) {
  const url = await testDatabase(t);
  const wire = await cuttableWire(t, url);
  const journalFolder = t.testdir();
  const child = spawn(process.execPath, ['--import', 'tsx', program, wire.url, journalFolder, migrationsFolder], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => void child.kill('SIGKILL'));
  let said = '';
  let wanted = 20;
  let enough = () => {};
  child.stdout.on('data', (chunk) => {
    said += chunk;
    if (said.split('\n').length > wanted) enough();
  });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      wanted = count;
      enough = resolve;
    });
  await until(20);
  await meanwhile(wire.cut);
  await until(said.split('\n').length + lines);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
  const acknowledged = said
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ') as [string, string]);

  const store = await testStore(t, { url, journalFolder });
  await store.events.flush();
  const kept = new Set((await sql<{ id: string }>(url, 'SELECT id FROM events')).map((row) => row.id));
  t.comment(`${acknowledged.length} acknowledged, ${kept.size} kept`);
  t.strictSame(
    acknowledged.filter(([id]) => !kept.has(id)),
    [],
    'nothing acknowledged is missing',
  );
  return acknowledged;
}

// One cluster for the whole file.
await testDatabase(t);

t.test('while events go straight to the database', { timeout: 60_000 }, async (t) => {
  const acknowledged = await killAfter(t, 500, async () => {});
  t.ok(acknowledged.every(([, writing]) => writing === 'direct'));
});

t.test('while the database is away', { timeout: 60_000 }, async (t) => {
  const acknowledged = await killAfter(t, 500, (cut) => cut());
  t.ok(acknowledged.filter(([, writing]) => writing === 'journal').length > 100, 'these were in the journal only');
});
