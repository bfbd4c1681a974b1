// Chooses the maker: the given PostgreSQL, or one of our own when none is configured.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../shared/clock.ts';
import type { Logger } from '../shared/logger.ts';
import { projectRoot } from '../shared/paths.ts';
import { startEmbeddedCluster } from './embedded/cluster.ts';
import { openPostgresStore, type PostgresStore } from './postgres/postgres-store.ts';

export interface StoreNeeds {
  clock: Clock;
  log: Logger;
  /** A PostgreSQL to use, such as postgres://engawa:…@db/engawa; without one, ours is started. */
  url?: string;
  /** The program's data folder; the embedded PostgreSQL is in its sub-folder `postgres`. Not used with `url`. */
  dataFolder: string;
  /**
   * Where events wait while the database is away. One program per folder. Without it a temporary one is used, for a command
   * that runs briefly beside the program.
   */
  journalFolder?: string;
  migrationsFolder?: string;
  maxConnections?: number;
  startWaitMs?: number;
  onProgress?: (sentence: string) => void;
}

export async function createStore(needs: StoreNeeds): Promise<PostgresStore> {
  const { clock, log, maxConnections, startWaitMs } = needs;
  const journalFolder = needs.journalFolder ?? (await mkdtemp(join(tmpdir(), 'engawa-journal-')));
  const migrationsFolder = needs.migrationsFolder ?? join(projectRoot, 'migrations');
  const common = { clock, log, journalFolder, migrationsFolder, maxConnections, startWaitMs };
  if (needs.url !== undefined) return openPostgresStore({ ...common, url: needs.url });

  const cluster = await startEmbeddedCluster({
    folder: join(needs.dataFolder, 'postgres'),
    log,
    onProgress: needs.onProgress,
  });
  try {
    return await openPostgresStore({ ...common, url: cluster.url, kind: 'embedded', onClosed: cluster.stop });
  } catch (thrown) {
    await cluster.stop();
    throw thrown;
  }
}
