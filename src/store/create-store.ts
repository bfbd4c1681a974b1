// Chooses the maker: the given PostgreSQL, or one of our own when none is configured.

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
  /** Where the embedded PostgreSQL keeps its data; not used with `url`. */
  dataFolder: string;
  /** Where events wait while the database is away. */
  journalFolder: string;
  migrationsFolder?: string;
  maxConnections?: number;
  startWaitMs?: number;
  onProgress?: (sentence: string) => void;
}

export async function createStore(needs: StoreNeeds): Promise<PostgresStore> {
  const { clock, log, journalFolder, maxConnections, startWaitMs } = needs;
  const migrationsFolder = needs.migrationsFolder ?? join(projectRoot, 'migrations');
  const common = { clock, log, journalFolder, migrationsFolder, maxConnections, startWaitMs };
  if (needs.url !== undefined) return openPostgresStore({ ...common, url: needs.url });

  const cluster = await startEmbeddedCluster({ folder: needs.dataFolder, log, onProgress: needs.onProgress });
  try {
    return await openPostgresStore({ ...common, url: cluster.url, kind: 'embedded', onClosed: cluster.stop });
  } catch (thrown) {
    await cluster.stop();
    throw thrown;
  }
}
