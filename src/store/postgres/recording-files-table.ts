// The files of finished recordings: age headers, and what the payloads in the storage must be like.

import type { RecordingId } from '../../shared/ids.ts';
import type { RecordingFileRow, RecordingFiles } from '../recording-files.ts';
import type { Database, Queryable } from './database.ts';
import { type RecordingTableRow, toRecording } from './recordings-table.ts';

interface FileTableRow {
  recording_id: RecordingId;
  name: string;
  header: Buffer | null;
  header_bytes: number;
  header_sha256: string;
  recipients: string[];
  payload_key: string;
  payload_bytes: number;
  payload_sha256: string;
}

export function createRecordingFiles(database: Database): RecordingFiles {
  return {
    ofRecording: (id) => filesOf(database, id),
    put: (id, files, storedAt) =>
      database.transaction(async (connection) => {
        for (const file of files)
          await connection.query(
            `INSERT INTO recording_files (recording_id, name, header, header_bytes, header_sha256, recipients,
               payload_key, payload_bytes, payload_sha256)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (recording_id, name) DO NOTHING`,
            [
              ...[id, file.name, file.header, file.headerBytes, file.headerSha256, file.recipients],
              ...[file.payloadKey, file.payloadBytes, file.payloadSha256],
            ],
          );
        await connection.query('UPDATE recordings SET stored_at = coalesce(stored_at, $2) WHERE id = $1', [
          id,
          storedAt,
        ]);
      }),
    async replaceHeader({ recordingId, name }, from, to) {
      const changed = await database.query(
        `UPDATE recording_files SET header = $4, header_bytes = $5, header_sha256 = $6, recipients = $7
         WHERE recording_id = $1 AND name = $2 AND header IS NOT NULL AND header_sha256 = $3 RETURNING name`,
        [...[recordingId, name, from.headerSha256], ...[to.header, to.header.length, to.headerSha256, to.recipients]],
      );
      return changed.length === 1;
    },
    async unchained(limit) {
      const rows = await database.query<RecordingTableRow>(
        `SELECT * FROM recordings WHERE stored_at IS NOT NULL AND chained_at IS NULL AND shredding_since IS NULL
         ORDER BY id LIMIT $1`,
        [limit],
      );
      return rows.map(toRecording);
    },
    async chained(id, at) {
      await database.query('UPDATE recordings SET chained_at = coalesce(chained_at, $2) WHERE id = $1', [id, at]);
    },
    async unstored({ after, limit }) {
      const rows = await database.query<RecordingTableRow>(
        `SELECT * FROM recordings
         WHERE stored_at IS NULL AND state <> 'open' AND shredded_at IS NULL AND ($1::text IS NULL OR id > $1)
         ORDER BY id LIMIT $2`,
        [after ?? null, limit],
      );
      return rows.map(toRecording);
    },
  };
}

export async function filesOf(connection: Queryable, id: RecordingId): Promise<RecordingFileRow[]> {
  const rows = await connection.query<FileTableRow>(
    'SELECT * FROM recording_files WHERE recording_id = $1 ORDER BY name',
    [id],
  );
  return rows.map((row) => ({
    recordingId: row.recording_id,
    name: row.name,
    header: row.header,
    headerBytes: row.header_bytes,
    headerSha256: row.header_sha256,
    recipients: row.recipients,
    payloadKey: row.payload_key,
    payloadBytes: row.payload_bytes,
    payloadSha256: row.payload_sha256,
  }));
}
