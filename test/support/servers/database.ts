// A real PostgreSQL for tests: one throw-away cluster per test process, and a database of its own for each who asks, cloned
// from a template that has been migrated once. Also a wire that can be cut between program and database.

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { systemClock } from '../../../src/shared/clock.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { projectRoot } from '../../../src/shared/paths.ts';
import { type EmbeddedCluster, startEmbeddedCluster } from '../../../src/store/embedded/cluster.ts';
import { migrate } from '../../../src/store/postgres/migrate.ts';
import { openPostgresStore, type PostgresStore } from '../../../src/store/postgres/postgres-store.ts';

interface Teardown {
  teardown(run: () => void | Promise<void>): void;
}

export const migrationsFolder = join(projectRoot, 'migrations');
const template = 'engawa_template';

let cluster: Promise<EmbeddedCluster> | undefined;
let users = 0;
let made = 0;
let folder: string;

async function startCluster(): Promise<EmbeddedCluster> {
  folder = mkdtempSync(join(tmpdir(), 'engawa-test-db-'));
  // Nothing here is to outlive a power cut.
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
  const started = await startEmbeddedCluster({ folder, log: silentLogger, settings });
  await sql(started.url, `CREATE DATABASE ${template}`);
  await migrate({ url: urlOf(started, template), folder: migrationsFolder, log: silentLogger });
  return started;
}

function urlOf(of: EmbeddedCluster, database: string): string {
  const url = new URL(of.url);
  url.pathname = `/${database}`;
  return url.href;
}

async function release(): Promise<void> {
  users -= 1;
  if (users > 0 || !cluster) return;
  const stopping = await cluster;
  cluster = undefined;
  await stopping.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** The URL of a fresh, migrated database. Call at the top of a file, so that the cluster lives as long as the file's tests. */
export async function testDatabase(t: Teardown, { empty = false } = {}): Promise<string> {
  users += 1;
  t.teardown(release);
  cluster ??= startCluster();
  const running = await cluster;
  const name = `test_${++made}`;
  await sql(running.url, `CREATE DATABASE ${name}${empty ? '' : ` TEMPLATE ${template}`}`);
  return urlOf(running, name);
}

/** A store on a fresh database; closed with the test. */
export async function testStore(
  t: Teardown,
  { url, ...overrides }: { url?: string; journalFolder?: string; clock?: typeof systemClock } = {},
): Promise<PostgresStore> {
  const journalFolder = overrides.journalFolder ?? mkdtempSync(join(tmpdir(), 'engawa-test-journal-'));
  const store = await openPostgresStore({
    clock: overrides.clock ?? systemClock,
    log: silentLogger,
    url: url ?? (await testDatabase(t)),
    migrationsFolder,
    journalFolder,
  });
  t.teardown(async () => {
    await store.close();
    if (!overrides.journalFolder) rmSync(journalFolder, { recursive: true, force: true });
  });
  return store;
}

export async function sql<R extends object = Record<string, unknown>>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A wire to the database: `cut` drops every connection and refuses new ones, `mend` ends that. */
export async function cuttableWire(t: Teardown, url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const listener = () =>
    createServer((near) => {
      const far = connect(Number(target.port), target.hostname);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => {
          sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
  let server = listener();
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as { port: number };
  const cut = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  t.teardown(async () => {
    if (server.listening) await cut();
  });
  const through = new URL(url);
  through.port = String(port);
  return {
    url: through.href,
    cut,
    async mend() {
      server = listener();
      await listen(port);
    },
  };
}
