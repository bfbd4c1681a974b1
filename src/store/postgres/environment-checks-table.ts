// The table of checks before shifts.

import type { Place } from '../../shared/events.ts';
import type { EnvironmentCheckId, PersonId, SessionId } from '../../shared/ids.ts';
import type { EnvironmentCheckRow, EnvironmentChecks } from '../environment-checks.ts';
import type { Database } from './database.ts';
import { jsonbText } from './events-table.ts';

interface Row {
  id: EnvironmentCheckId;
  person_id: PersonId;
  session_id: SessionId;
  at: number;
  address: string;
  place: Place;
  passed: boolean;
  counts_until: number;
  stale_at: number | null;
  record: unknown;
}

const mostAtOnce = 200;
const withoutRecord = 'id, person_id, session_id, at, address, place, passed, counts_until, stale_at';

export function createEnvironmentChecks(database: Database): EnvironmentChecks {
  return {
    async put({ id, personId, sessionId, at, address, place, passed, countsUntil, staleAt, record }) {
      await database.query(
        `INSERT INTO environment_checks (id, person_id, session_id, at, address, place, passed, counts_until, stale_at, record)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [id, personId, sessionId, at, address, place, passed, countsUntil, staleAt, jsonbText(record)],
      );
    },
    async byId(id) {
      const [row] = await database.query<Row>('SELECT * FROM environment_checks WHERE id = $1', [id]);
      return row && toRow(row);
    },
    async latest(personId) {
      const [row] = await database.query<Row>(
        'SELECT * FROM environment_checks WHERE person_id = $1 ORDER BY id DESC LIMIT 1',
        [personId],
      );
      return row && toRow(row);
    },
    async latestOfAll() {
      const rows = await database.query<Row>(
        `SELECT DISTINCT ON (person_id) ${withoutRecord} FROM environment_checks ORDER BY person_id, id DESC`,
      );
      return rows.map(toRow);
    },
    async list({ personId = null, before = null, limit = 50 }) {
      const rows = await database.query<Row>(
        `SELECT * FROM environment_checks
         WHERE ($1::text IS NULL OR person_id = $1) AND ($2::text IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3`,
        [personId, before, Math.min(limit, mostAtOnce)],
      );
      return rows.map(toRow);
    },
    async makeStale(id, at) {
      const rows = await database.query<Row>(
        'UPDATE environment_checks SET stale_at = $2 WHERE id = $1 AND stale_at IS NULL RETURNING id',
        [id, at],
      );
      return rows.length > 0;
    },
    async forgetBefore(at) {
      await database.query(
        `DELETE FROM environment_checks old WHERE at < $1
         AND EXISTS (SELECT 1 FROM environment_checks newer WHERE newer.person_id = old.person_id AND newer.id > old.id)`,
        [at],
      );
    },
  };
}

const toRow = (row: Row): EnvironmentCheckRow => ({
  id: row.id,
  personId: row.person_id,
  sessionId: row.session_id,
  at: row.at,
  address: row.address,
  place: row.place,
  passed: row.passed,
  countsUntil: row.counts_until,
  staleAt: row.stale_at,
  record: row.record,
});
