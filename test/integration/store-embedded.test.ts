// The PostgreSQL that we start ourselves: kept private, stopped with us, back after a crash.

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/shared/clock.ts';
import { newId } from '../../src/shared/ids.ts';
import { createLogger, silentLogger as log } from '../../src/shared/logger.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { createStore } from '../../src/store/create-store.ts';
import { startEmbeddedCluster } from '../../src/store/embedded/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { sql } from '../support/servers/database.ts';

const settings = { fsync: 'off' };

/** A folder that is removed after everything registered for teardown later has run. */
function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-test-cluster-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

t.test('a store without a URL starts its own PostgreSQL, and stops it', { timeout: 60_000 }, async (t) => {
  const root = folderFor(t);
  const progress: string[] = [];
  const open = () =>
    createStore({
      clock: systemClock,
      log,
      dataFolder: root,
      journalFolder: join(root, 'journal'),
      onProgress: (sentence) => progress.push(sentence),
    });
  const store = await open();
  t.equal(store.kind, 'embedded');
  t.match(progress, [/first time/, /starting/]);
  const personId = newId('person');
  await store.events.append({ type: 'agent-state', personId, from: 'offline', to: 'not-ready', because: null });
  t.equal(statSync(join(root, 'postgres')).mode & 0o777, 0o700);
  t.equal(statSync(join(root, 'postgres', 'password')).mode & 0o777, 0o600);
  await store.close();
  t.notOk(existsSync(join(root, 'postgres', 'cluster', 'postmaster.pid')), 'it has been shut down cleanly');

  const again = await open();
  t.equal((await again.events.read({ personId })).length, 1, 'what was written is there after a restart');
  await again.close();
});

const needsRoot = process.getuid?.() === 0 ? undefined : 'needs root: only then another account is used';

t.test(
  'a data folder of root’s is opened to the server’s account alone',
  { skip: needsRoot, timeout: 60_000 },
  async (t) => {
    const data = folderFor(t);
    chmodSync(data, 0o700);
    const said: string[] = [];
    const log = createLogger({ destination: { write: (line) => void said.push(line) } });
    const cluster = await startEmbeddedCluster({ folder: join(data, 'postgres'), log, settings });
    await cluster.stop();
    t.equal(statSync(data).mode & 0o777, 0o710);
    t.not(statSync(data).gid, 0);
    t.strictSame(said, [], 'it needed no capability of root’s');
  },
);

t.test(
  'below a closed folder the server still starts, and that is told',
  { skip: needsRoot, timeout: 60_000 },
  async (t) => {
    const closed = folderFor(t);
    chmodSync(closed, 0o700);
    const said: string[] = [];
    const log = createLogger({ destination: { write: (line) => void said.push(line) } });
    const cluster = await startEmbeddedCluster({ folder: join(closed, 'engawa', 'data', 'postgres'), log, settings });
    t.strictSame(await sql(cluster.url, 'SELECT 1 AS one'), [{ one: 1 }]);
    await cluster.stop();
    t.equal(statSync(closed).mode & 0o777, 0o700, 'what is not ours stays as it is');
    t.match(said.join(''), /others may not enter/);
  },
);

t.test('nobody gets in without the password', { timeout: 60_000 }, async (t) => {
  const cluster = await startEmbeddedCluster({ folder: folderFor(t), log, settings });
  t.teardown(cluster.stop);
  const url = new URL(cluster.url);
  url.password = 'wrong';
  await t.rejects(sql(url.href, 'SELECT 1'), { code: '28P01' });
});

t.test('a server that dies is started again on the same port', { timeout: 60_000 }, async (t) => {
  const cluster = await startEmbeddedCluster({ folder: folderFor(t), log, settings });
  t.teardown(cluster.stop);
  const pid = cluster.serverPid()!;
  process.kill(pid, 'SIGKILL');
  await eventually('it is gone', () => !isAlive(pid));
  await eventually('it answers again', () => sql(cluster.url, 'SELECT 1'), { withinMs: 20_000 });
  t.not(cluster.serverPid(), pid);
});

t.test('a server that hangs is left to itself in the end, and ends when it goes on', { timeout: 90_000 }, async (t) => {
  const folder = folderFor(t);
  const cluster = await startEmbeddedCluster({ folder, log, settings });
  const pid = cluster.serverPid()!;
  t.teardown(() => isAlive(pid) && process.kill(pid, 'SIGKILL'));
  process.kill(pid, 'SIGSTOP');
  await cluster.stop();
  t.ok(isAlive(pid), 'nobody waits for it any more');
  process.kill(pid, 'SIGCONT');
  await eventually('it has ended', () => !isAlive(pid), { withinMs: 30_000 });
});

t.test('the mark of a server that is no more does not keep ours from starting', { timeout: 60_000 }, async (t) => {
  const folder = folderFor(t);
  await (await startEmbeddedCluster({ folder, log, settings })).stop();
  const file = join(folder, 'cluster', 'postmaster.pid');
  writeFileSync(file, `${process.pid}\n${join(folder, 'cluster')}\n1\n5432\n\n127.0.0.1\n  1 1\nready\n`);
  const cluster = await startEmbeddedCluster({ folder, log, settings });
  t.strictSame(await sql(cluster.url, 'SELECT 1 AS one'), [{ one: 1 }]);
  await cluster.stop();
});

async function startedByChild(t: Test, folder: string): Promise<{ kill: () => void; serverPid: number }> {
  const source = `
    import { startEmbeddedCluster } from ${JSON.stringify(join(projectRoot, 'src/store/embedded/cluster.ts'))};
    import { createLogger, silentLogger as log } from ${JSON.stringify(join(projectRoot, 'src/shared/logger.ts'))};
    const cluster = await startEmbeddedCluster({ folder: ${JSON.stringify(folder)}, log });
    console.log(cluster.serverPid());
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => void child.kill('SIGKILL'));
  const serverPid = await new Promise<number>((resolve) =>
    child.stdout.once('data', (chunk) => resolve(Number(chunk))),
  );
  return { kill: () => void child.kill('SIGKILL'), serverPid };
}

t.test(
  'the server ends when our program is killed, and the next start finds its data',
  { timeout: 60_000 },
  async (t) => {
    const folder = folderFor(t);
    const { kill, serverPid } = await startedByChild(t, folder);
    t.ok(isAlive(serverPid));
    kill();
    const cluster = await startEmbeddedCluster({ folder, log });
    t.notOk(isAlive(serverPid), 'the old server was waited for');
    t.strictSame(await sql(cluster.url, 'SELECT 1 AS one'), [{ one: 1 }]);
    await cluster.stop();
  },
);
