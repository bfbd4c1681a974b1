// Requests for help, as the event log tells them, kept in a table inside the transaction that inserts the events.

import type { EngawaEvent, HelpAbout, HelpAnswer, HelpEnd } from '../../shared/events.ts';
import type { CallId, HelpRequestId, PersonId } from '../../shared/ids.ts';
import type { HelpRequest, HelpRequests } from '../help-requests.ts';
import type { Database, Queryable } from './database.ts';

/** Applies events that this transaction has just inserted; the same event twice changes nothing. */
export async function applyHelpEvents(connection: Queryable, events: readonly EngawaEvent[]): Promise<void> {
  for (const event of events) {
    if (event.type === 'help-asked')
      await connection.query(
        `INSERT INTO help_requests (id, person_id, call_id, about, asked_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING`,
        [event.helpId, event.personId, event.callId ?? null, event.about, event.at],
      );
    else if (event.type === 'help-answered')
      await connection.query(
        `UPDATE help_requests SET answered_at = coalesce(answered_at, $2), answered_by = $3, answer = $4
         WHERE id = $1 AND ended_at IS NULL`,
        [event.helpId, event.at, event.by, event.answer],
      );
    else if (event.type === 'help-ended')
      await connection.query(
        'UPDATE help_requests SET ended_at = $2, ended_by = $3, ended_because = $4 WHERE id = $1 AND ended_at IS NULL',
        [event.helpId, event.at, event.by, event.because],
      );
  }
}

interface TableRow {
  id: HelpRequestId;
  person_id: PersonId;
  call_id: CallId | null;
  about: HelpAbout;
  asked_at: number;
  answered_at: number | null;
  answered_by: PersonId | null;
  answer: HelpAnswer | null;
  ended_at: number | null;
  ended_by: PersonId | null;
  ended_because: HelpEnd | null;
}

export function createHelpRequests(database: Database, settled: () => Promise<unknown>): HelpRequests {
  return {
    async list({ open, fromMs, before, limit = 50 }) {
      await settled();
      const rows = await database.query<TableRow>(
        `SELECT * FROM help_requests
         WHERE ($1::boolean IS NULL OR (ended_at IS NULL) = $1) AND ($2::bigint IS NULL OR asked_at >= $2)
           AND ($3::text IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4`,
        [open ?? null, fromMs ?? null, before ?? null, Math.min(1000, Math.max(1, limit))],
      );
      return rows.map(toRequest);
    },
  };
}

function toRequest(row: TableRow): HelpRequest {
  return {
    id: row.id,
    personId: row.person_id,
    callId: row.call_id,
    about: row.about,
    askedAt: row.asked_at,
    answeredAt: row.answered_at,
    answeredBy: row.answered_by,
    answer: row.answer,
    endedAt: row.ended_at,
    endedBy: row.ended_by,
    endedBecause: row.ended_because,
  };
}
