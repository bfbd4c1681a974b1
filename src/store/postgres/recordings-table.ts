// The table of recordings: where each sealed file is and what became of it. Never what is in it.

import type { CallId, RecordingId } from '../../shared/ids.ts';
import type { RecordingRow, Recordings } from '../records.ts';
import type { Database } from './database.ts';

export interface RecordingTableRow {
  id: RecordingId;
  call_id: CallId;
  started_at: number;
  ended_at: number | null;
  duration_ms: number | null;
  bytes: number | null;
  state: RecordingRow['state'];
  path: string;
  sha256: string | null;
  recipients: string[];
}

const columns: Record<Exclude<keyof RecordingRow, 'id'>, string> = {
  callId: 'call_id',
  startedAt: 'started_at',
  endedAt: 'ended_at',
  durationMs: 'duration_ms',
  bytes: 'bytes',
  state: 'state',
  path: 'path',
  sha256: 'sha256',
  recipients: 'recipients',
};

export function createRecordings(database: Database): Recordings {
  return {
    async create(row) {
      await database.query(
        `INSERT INTO recordings (id, call_id, started_at, ended_at, duration_ms, bytes, state, path, sha256, recipients)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING`,
        [
          row.id,
          row.callId,
          row.startedAt,
          row.endedAt,
          row.durationMs,
          row.bytes,
          row.state,
          row.path,
          row.sha256,
          row.recipients,
        ],
      );
    },
    async update(id, change) {
      const names = (Object.keys(columns) as (keyof typeof columns)[]).filter((name) => change[name] !== undefined);
      if (names.length === 0) return;
      await database.query(
        `UPDATE recordings SET ${names.map((name, index) => `${columns[name]} = $${index + 2}`).join(', ')} WHERE id = $1`,
        [id, ...names.map((name) => change[name])],
      );
    },
    async byId(id) {
      const rows = await database.query<RecordingTableRow>('SELECT * FROM recordings WHERE id = $1', [id]);
      return rows[0] && toRecording(rows[0]);
    },
    async list({ before, limit = 50, callId }) {
      const rows = await database.query<RecordingTableRow>(
        `SELECT * FROM recordings WHERE ($1::text IS NULL OR id < $1) AND ($2::text IS NULL OR call_id = $2)
         ORDER BY id DESC LIMIT $3`,
        [before ?? null, callId ?? null, Math.min(1000, Math.max(1, limit))],
      );
      return rows.map(toRecording);
    },
  };
}

export function toRecording(row: RecordingTableRow): RecordingRow {
  return {
    id: row.id,
    callId: row.call_id,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    durationMs: row.duration_ms,
    bytes: row.bytes,
    state: row.state,
    path: row.path,
    sha256: row.sha256,
    recipients: row.recipients,
  };
}
