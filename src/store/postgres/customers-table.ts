// What is kept of one customer (store/customers.ts says what is meant), read and erased in one transaction.

import type { Customers, KeptOfCustomer } from '../customers.ts';
import type { Database, Queryable } from './database.ts';

export function createCustomers(database: Database, settled: () => Promise<unknown>): Customers {
  return {
    async about(alias) {
      await settled();
      return read(database, alias);
    },
    async erase(alias) {
      await settled();
      return database.transaction(async (connection) => {
        const kept = await read(connection, alias);
        if (kept.recordings.length > 0 || kept.callbacksWaiting > 0) return undefined;
        await connection.query('DELETE FROM vault_rows WHERE alias = $1', [alias]);
        await connection.query('DELETE FROM verification_codes WHERE alias = $1', [alias]);
        await connection.query('DELETE FROM callbacks WHERE alias = $1', [alias]);
        await connection.query(
          `UPDATE call_list_entries SET alias = 'erased ' || id, reference = NULL, facts = '{}', state = 'closed',
             reserved_by = NULL, reserved_until = NULL, closed_because = coalesce(closed_because, 'withdrawn')
           WHERE alias = $1`,
          [alias],
        );
        return kept;
      });
    },
  };
}

async function read(connection: Queryable, alias: string): Promise<KeptOfCustomer> {
  const [counts] = await connection.query<Record<string, number>>(
    `SELECT (SELECT count(*)::int FROM vault_rows WHERE alias = $1) AS numbers,
            (SELECT count(*)::int FROM call_list_entries WHERE alias = $1) AS list_entries,
            (SELECT count(*)::int FROM verification_codes WHERE alias = $1) AS verification_codes,
            (SELECT count(*)::int FROM callbacks WHERE alias = $1) AS callbacks,
            (SELECT count(*)::int FROM callbacks WHERE alias = $1 AND ended_at IS NULL) AS callbacks_waiting,
            (SELECT count(*)::int FROM call_records WHERE alias = $1) AS calls`,
    [alias],
  );
  const recordings = await connection.query<{ id: string; held: boolean }>(
    `SELECT r.id, EXISTS (SELECT FROM recording_holds h WHERE h.recording_id = r.id AND h.released_at IS NULL) AS held
     FROM recordings r
     WHERE r.shredded_at IS NULL AND (r.call_id IN (SELECT id FROM call_records WHERE alias = $1)
       OR r.id IN (SELECT recording_id FROM voicemails WHERE alias = $1))
     ORDER BY r.id LIMIT 100`,
    [alias],
  );
  const of = (name: string): number => counts?.[name] ?? 0;
  return {
    ...{ numbers: of('numbers'), listEntries: of('list_entries'), verificationCodes: of('verification_codes') },
    ...{ callbacks: of('callbacks'), callbacksWaiting: of('callbacks_waiting'), calls: of('calls'), recordings },
  };
}
