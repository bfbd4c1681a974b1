// Not a test: the program that store-kill.test.ts kills. Appends as fast as it can and says each event on standard output
// once its append has resolved.

import { writeSync } from 'node:fs';
import { systemClock } from '../../src/shared/clock.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';

const [url, journalFolder, migrationsFolder] = process.argv.slice(2) as [string, string, string];
const store = await openPostgresStore({ clock: systemClock, log: silentLogger, url, journalFolder, migrationsFolder });
const personId = newId('person');

async function append(): Promise<void> {
  for (;;) {
    const { id } = await store.events.append({
      type: 'agent-state',
      personId,
      from: 'available',
      to: 'not-ready',
      because: null,
    });
    writeSync(1, `${id} ${store.writing}\n`);
  }
}
await Promise.all(Array.from({ length: 20 }, append));
