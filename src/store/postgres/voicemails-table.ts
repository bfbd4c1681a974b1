// Messages that customers left, as the event log tells them, kept in a table inside the transaction that inserts the events.

import type { EngawaEvent } from '../../shared/events.ts';
import type { CallId, PersonId, RecordingId } from '../../shared/ids.ts';
import type { VoicemailRow, Voicemails } from '../waiting-work.ts';
import type { Database, Queryable } from './database.ts';

/** Applies events that this transaction has just inserted; the same event twice changes nothing. */
export async function applyVoicemailEvents(connection: Queryable, events: readonly EngawaEvent[]): Promise<void> {
  for (const event of events) {
    if (event.type === 'voicemail-left')
      await connection.query(
        `INSERT INTO voicemails (recording_id, call_id, mailbox, alias, reason, pii_class, left_at, duration_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (recording_id) DO NOTHING`,
        [
          ...[event.recordingId, event.callId, event.mailbox, event.alias, event.reason, event.piiClass],
          ...[event.at, event.durationMs],
        ],
      );
    else if (event.type === 'voicemail-done')
      await connection.query(
        'UPDATE voicemails SET done_at = $2, done_by = $3 WHERE recording_id = $1 AND done_at IS NULL',
        [event.recordingId, event.at, event.personId],
      );
  }
}

interface TableRow {
  recording_id: RecordingId;
  call_id: CallId;
  mailbox: string;
  alias: string | null;
  reason: string | null;
  pii_class: string | null;
  left_at: number;
  duration_ms: number;
  done_at: number | null;
  done_by: PersonId | null;
}

export function createVoicemails(database: Database, settled: () => Promise<unknown>): Voicemails {
  return {
    async byRecording(recordingId) {
      await settled();
      const [row] = await database.query<TableRow>('SELECT * FROM voicemails WHERE recording_id = $1', [recordingId]);
      return row && toRow(row);
    },
    async list({ mailboxes, open, before, limit = 50 }) {
      await settled();
      const rows = await database.query<TableRow>(
        `SELECT * FROM voicemails
         WHERE ($1::text[] IS NULL OR mailbox = ANY ($1)) AND ($2::boolean IS NULL OR (done_at IS NULL) = $2)
           AND ($3::text IS NULL OR recording_id < $3)
         ORDER BY recording_id DESC LIMIT $4`,
        [mailboxes ?? null, open ?? null, before ?? null, Math.min(1000, Math.max(1, limit))],
      );
      return rows.map(toRow);
    },
  };
}

function toRow(row: TableRow): VoicemailRow {
  return {
    recordingId: row.recording_id,
    callId: row.call_id,
    mailbox: row.mailbox,
    alias: row.alias,
    reason: row.reason,
    piiClass: row.pii_class,
    leftAt: row.left_at,
    durationMs: row.duration_ms,
    doneAt: row.done_at,
    doneBy: row.done_by,
  };
}
