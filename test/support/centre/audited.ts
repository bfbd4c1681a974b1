// A log of who did what, with a handful of entries, on a database that tests may tamper with.

import pg from 'pg';
import type { AuditEntry } from '../../../src/identity/audit/audit.ts';
import { createAudit } from '../../../src/identity/audit/create-audit.ts';
import { systemClock as clock } from '../../../src/shared/clock.ts';
import { newId } from '../../../src/shared/ids.ts';
import { silentLogger as log } from '../../../src/shared/logger.ts';
import { testDatabase, testStore } from '../servers/database.ts';

export async function auditedDatabase(t: { teardown(run: () => void | Promise<void>): void }, entries = 10) {
  const url = await testDatabase(t);
  const store = await testStore(t, { url });
  const audit = createAudit({ clock, log, rows: store.audit });
  const [hanako, taro] = [newId('person'), newId('person')];
  const write = (more: Partial<AuditEntry> = {}) =>
    audit.write({
      ...{ act: 'recording-played', by: { personId: hanako, origin: { address: '192.0.2.7', place: 'home' } } },
      ...{ target: { kind: 'recording', id: 'r_1' }, about: [taro], purpose: '品質の確認', outcome: 'done', ...more },
    });
  for (let n = 0; n < entries; n++) await write({ act: n % 2 ? 'recording-played' : 'signed-in' });

  /** As somebody who may do anything in the database: the triggers do not run. */
  async function asSuperuser(...statements: string[]): Promise<void> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('SET session_replication_role = replica');
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }
  return { url, store, audit, write, asSuperuser, hanako, taro };
}
