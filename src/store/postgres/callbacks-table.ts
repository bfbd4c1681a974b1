// Call backs as the event log tells them, kept in a table inside the transaction that inserts the events.

import type { EngawaEvent } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import type { CallbackRow, Callbacks } from '../waiting-work.ts';
import type { Database, Queryable } from './database.ts';

/** Applies events that this transaction has just inserted; the same event twice changes nothing. */
export async function applyCallbackEvents(connection: Queryable, events: readonly EngawaEvent[]): Promise<void> {
  for (const event of events) {
    if (event.type === 'callback-kept') await keep(connection, event);
    else if (event.type === 'callback-tried')
      await connection.query(
        'UPDATE callbacks SET attempts = greatest(attempts, $2), next_at = coalesce($3, next_at) WHERE call_id = $1',
        [event.callId, event.attempt, event.retryAt],
      );
    else if (event.type === 'callback-ended')
      await connection.query(
        `UPDATE callbacks SET ended_at = $2, ended_because = $3, person_id = $4
         WHERE call_id = $1 AND ended_at IS NULL`,
        [event.callId, event.at, event.because, event.personId],
      );
  }
}

async function keep(connection: Queryable, event: EngawaEvent<'callback-kept'>): Promise<void> {
  await connection.query(
    `INSERT INTO callbacks (call_id, alias, company_number, queue, priority, skills, reason, pii_class, waiting_since,
       requested_at, expires_at, next_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10) ON CONFLICT (call_id) DO NOTHING`,
    [
      ...[event.callId, event.alias, event.companyNumber, event.queue, event.priority, JSON.stringify(event.skills)],
      ...[event.reason, event.piiClass, event.waitingSince, event.at, event.expiresAt],
    ],
  );
}

interface TableRow {
  call_id: CallId;
  alias: string;
  company_number: string;
  queue: string;
  priority: number;
  skills: Record<string, number>;
  reason: string | null;
  pii_class: string | null;
  waiting_since: number;
  requested_at: number;
  expires_at: number;
  attempts: number;
  next_at: number;
  ended_at: number | null;
  ended_because: CallbackRow['endedBecause'];
  person_id: PersonId | null;
}

export function createCallbacks(database: Database, settled: () => Promise<unknown>): Callbacks {
  return {
    async byCall(callId) {
      await settled();
      const [row] = await database.query<TableRow>('SELECT * FROM callbacks WHERE call_id = $1', [callId]);
      return row && toRow(row);
    },
    async list({ waiting, queues, before, limit = 50 }) {
      await settled();
      const rows = await database.query<TableRow>(
        `SELECT * FROM callbacks
         WHERE ($1::boolean IS NULL OR (ended_at IS NULL) = $1) AND ($2::text[] IS NULL OR queue = ANY ($2))
           AND ($3::text IS NULL OR call_id < $3)
         ORDER BY call_id DESC LIMIT $4`,
        [waiting ?? null, queues ?? null, before ?? null, Math.min(1000, Math.max(1, limit))],
      );
      return rows.map(toRow);
    },
  };
}

function toRow(row: TableRow): CallbackRow {
  return {
    callId: row.call_id,
    alias: row.alias,
    companyNumber: row.company_number,
    queue: row.queue,
    priority: row.priority,
    skills: row.skills,
    reason: row.reason,
    piiClass: row.pii_class,
    waitingSince: row.waiting_since,
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
    attempts: row.attempts,
    nextAt: row.next_at,
    endedAt: row.ended_at,
    endedBecause: row.ended_because,
    personId: row.person_id,
  };
}
