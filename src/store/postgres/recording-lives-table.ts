// How long recordings live: what is decided by, holds, and the one transaction that begins a deletion.

import type { PersonId, RecordingHoldId, RecordingId } from '../../shared/ids.ts';
import type { RecordingAbout, RecordingHold, RecordingLives } from '../recording-files.ts';
import type { Database } from './database.ts';
import { filesOf } from './recording-files-table.ts';
import { type RecordingTableRow, toRecording } from './recordings-table.ts';

interface AboutTableRow extends RecordingTableRow {
  queue: string | null;
  reason: string | null;
  pii_class: string | null;
  mailbox: string | null;
  held: boolean;
  shredding_since: number | null;
  shredded_at: number | null;
  stored_at: number | null;
}

interface HoldTableRow {
  id: RecordingHoldId;
  recording_id: RecordingId;
  matter: string;
  purpose: string;
  placed_at: number;
  placed_by: PersonId | null;
  released_at: number | null;
  released_by: PersonId | null;
  release_purpose: string | null;
}

const aboutColumns = `r.*, c.queue, coalesce(v.reason, c.record ->> 'reason') AS reason,
  coalesce(v.pii_class, c.record ->> 'piiClass') AS pii_class, v.mailbox,
  EXISTS (SELECT 1 FROM recording_holds h WHERE h.recording_id = r.id AND h.released_at IS NULL) AS held`;
const aboutTables = `recordings r LEFT JOIN call_records c ON c.id = r.call_id
  LEFT JOIN voicemails v ON v.recording_id = r.id`;

export function createRecordingLives(database: Database): RecordingLives {
  return {
    async about(ids) {
      const rows = await database.query<AboutTableRow>(
        `SELECT ${aboutColumns} FROM ${aboutTables} WHERE r.id = ANY ($1) ORDER BY r.id DESC`,
        [ids],
      );
      return rows.map(toAbout);
    },
    async finished({ endedBefore, after, limit }) {
      const rows = await database.query<AboutTableRow>(
        `SELECT ${aboutColumns} FROM ${aboutTables}
         WHERE r.state <> 'open' AND r.stored_at IS NOT NULL AND r.shredded_at IS NULL AND r.ended_at < $1
           AND ($2::text IS NULL OR r.id > $2)
         ORDER BY r.id LIMIT $3`,
        [endedBefore, after ?? null, limit],
      );
      return rows.map(toAbout);
    },
    async halfShredded() {
      const rows = await database.query<{ id: RecordingId }>(
        'SELECT id FROM recordings WHERE shredding_since IS NOT NULL AND shredded_at IS NULL ORDER BY id LIMIT 1000',
      );
      return rows.map(({ id }) => id);
    },
    placeHold: (hold) =>
      database.transaction(async (connection) => {
        const [row] = await connection.query<{ shredding_since: number | null }>(
          'SELECT shredding_since FROM recordings WHERE id = $1 FOR UPDATE',
          [hold.recordingId],
        );
        if (!row || row.shredding_since !== null) return 'shredded';
        await connection.query(
          `INSERT INTO recording_holds (id, recording_id, matter, purpose, placed_at, placed_by)
           VALUES ($1, $2, $3, $4, $5, $6)`,
          [hold.id, hold.recordingId, hold.matter, hold.purpose, hold.placedAt, hold.placedBy],
        );
        return 'placed';
      }),
    async releaseHold(id, { at, by, purpose }) {
      const [row] = await database.query<HoldTableRow>(
        `UPDATE recording_holds SET released_at = $2, released_by = $3, release_purpose = $4
         WHERE id = $1 AND released_at IS NULL RETURNING *`,
        [id, at, by, purpose],
      );
      return row && toHold(row);
    },
    async holds(id) {
      const rows = await database.query<HoldTableRow>(
        'SELECT * FROM recording_holds WHERE recording_id = $1 ORDER BY id',
        [id],
      );
      return rows.map(toHold);
    },
    async holdById(id) {
      const [row] = await database.query<HoldTableRow>('SELECT * FROM recording_holds WHERE id = $1', [id]);
      return row && toHold(row);
    },
    startShredding: (id, at) => startShredding(database, id, at),
    async endShredding(id, at) {
      await database.query('UPDATE recordings SET shredded_at = coalesce(shredded_at, $2) WHERE id = $1', [id, at]);
    },
    exclusively: (job, work) =>
      database.transaction(async (connection) => {
        const [row] = await connection.query<{ taken: boolean }>(
          'SELECT pg_try_advisory_xact_lock(hashtext($1)) AS taken',
          [`engawa-${job}`],
        );
        if (!row?.taken) return false;
        await work();
        return true;
      }),
  };
}

function startShredding(database: Database, id: RecordingId, at: number): ReturnType<RecordingLives['startShredding']> {
  return database.transaction(async (connection) => {
    const [row] = await connection.query<{ state: string; stored_at: number | null; shredded_at: number | null }>(
      'SELECT state, stored_at, shredded_at FROM recordings WHERE id = $1 FOR UPDATE',
      [id],
    );
    if (!row || row.shredded_at !== null) return { kind: 'gone' };
    if (row.state === 'open' || row.stored_at === null) return { kind: 'open' };
    const holds = await connection.query(
      'SELECT 1 FROM recording_holds WHERE recording_id = $1 AND released_at IS NULL LIMIT 1',
      [id],
    );
    if (holds.length > 0) return { kind: 'held' };
    await connection.query('UPDATE recordings SET shredding_since = coalesce(shredding_since, $2) WHERE id = $1', [
      id,
      at,
    ]);
    await connection.query('UPDATE recording_files SET header = NULL WHERE recording_id = $1', [id]);
    return { kind: 'started', files: await filesOf(connection, id) };
  });
}

function toAbout(row: AboutTableRow): RecordingAbout {
  return {
    row: toRecording(row),
    queue: row.queue,
    reason: row.reason,
    piiClass: row.pii_class,
    mailbox: row.mailbox,
    held: row.held,
    shreddingSince: row.shredding_since,
    shreddedAt: row.shredded_at,
    storedAt: row.stored_at,
  };
}

function toHold(row: HoldTableRow): RecordingHold {
  return {
    id: row.id,
    recordingId: row.recording_id,
    matter: row.matter,
    purpose: row.purpose,
    placedAt: row.placed_at,
    placedBy: row.placed_by,
    releasedAt: row.released_at,
    releasedBy: row.released_by,
    releasePurpose: row.release_purpose,
  };
}
