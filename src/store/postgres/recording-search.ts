// Recordings beside the records of their calls and the messages they are, in one look.

import type { PersonId } from '../../shared/ids.ts';
import type { FoundRecording, RecordingSearch } from '../recording-search.ts';
import type { Database } from './database.ts';
import { type RecordingTableRow, toRecording } from './recordings-table.ts';

type FoundRow = RecordingTableRow & {
  mailbox: string | null;
  queue: string | null;
  reason: string | null;
  alias: string | null;
  direction: FoundRecording['direction'];
  person_ids: PersonId[] | null;
};

const found = `
  SELECT r.*, coalesce(f.recipients, r.recipients) AS recipients, v.mailbox, c.queue, coalesce(v.reason, c.record->>'reason') AS reason, coalesce(v.alias, c.alias) AS alias,
         c.record->>'direction' AS direction, c.person_ids
  FROM recordings r
  LEFT JOIN call_records c ON c.id = r.call_id
  LEFT JOIN voicemails v ON v.recording_id = r.id
  LEFT JOIN LATERAL (
    SELECT recipients FROM recording_files WHERE recording_id = r.id AND recipients <> '{}' ORDER BY name LIMIT 1
  ) f ON true`;

export function createRecordingSearch(database: Database): RecordingSearch {
  return {
    async byId(id) {
      const [row] = await database.query<FoundRow>(`${found} WHERE r.id = $1`, [id]);
      return row && toFound(row);
    },
    async search({ kind, fromMs, toMs, queue, reason, alias, personId, before, limit = 50 }) {
      const rows = await database.query<FoundRow>(
        `${found}
         WHERE r.state <> 'open' AND r.shredding_since IS NULL
           AND ($1::text IS NULL OR (v.recording_id IS NOT NULL) = ($1 = 'message'))
           AND ($2::bigint IS NULL OR r.started_at >= $2) AND ($3::bigint IS NULL OR r.started_at < $3)
           AND ($4::text IS NULL OR c.queue = $4)
           AND ($5::text IS NULL OR coalesce(v.reason, c.record->>'reason') = $5)
           AND ($6::text IS NULL OR coalesce(v.alias, c.alias) = $6)
           AND ($7::text IS NULL OR c.person_ids @> ARRAY[$7])
           AND ($8::text IS NULL OR r.id < $8)
         ORDER BY r.id DESC LIMIT $9`,
        [
          ...[kind ?? null, fromMs ?? null, toMs ?? null, queue ?? null, reason ?? null, alias ?? null],
          ...[personId ?? null, before ?? null, Math.min(1000, Math.max(1, limit))],
        ],
      );
      return rows.map(toFound);
    },
  };
}

const toFound = (row: FoundRow): FoundRecording => ({
  row: toRecording(row),
  kind: row.mailbox === null ? 'call' : 'message',
  direction: row.direction,
  // What was left for a mailbox was left instead of waiting: the mailbox says whose it is, not the queue before it.
  queue: row.mailbox === null ? row.queue : null,
  reason: row.reason,
  alias: row.alias,
  mailbox: row.mailbox,
  // Whoever talked with the caller before or after does not hear the message for that.
  personIds: row.mailbox === null ? (row.person_ids ?? []) : [],
});
