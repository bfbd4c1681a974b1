// The database of an installation, for a command: that of the running program while it runs, not started a second time.

import { join } from 'node:path';
import type { Config } from '../config.ts';
import { loadSecrets } from '../secrets.ts';
import { systemClock } from '../shared/clock.ts';
import { createLogger } from '../shared/logger.ts';
import { createStore } from '../store/create-store.ts';
import { urlOfRunningCluster } from '../store/embedded/running.ts';
import type { Store } from '../store/store.ts';

export async function withStore<T>(config: Config, use: (store: Store) => Promise<T>): Promise<T> {
  const { dataFolder, database } = config;
  const url =
    database.kind === 'postgres'
      ? loadSecrets(dataFolder).databaseUrl
      : urlOfRunningCluster(join(dataFolder, 'postgres'));
  const log = createLogger({ level: 'error' });
  const store = await createStore({ clock: systemClock, log, dataFolder, ...(url ? { url } : {}) });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
