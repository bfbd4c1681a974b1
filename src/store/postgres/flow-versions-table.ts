// The tables of flow versions, their publications, and closures of calendars.

import type { PersonId } from '../../shared/ids.ts';
import type { Closure, FlowVersion, FlowVersions } from '../flow-versions.ts';
import type { Database } from './database.ts';

interface VersionRow {
  flow: string;
  version: string;
  text: string;
  parts: FlowVersion['parts'];
  kept_at: number;
}
interface PublicationRow {
  flow: string;
  version: string | null;
  at: number;
  by: PersonId | null;
}
interface ClosureRow {
  calendar: string;
  since: number;
  until: number | null;
  by: PersonId | null;
  because: string;
}

export function createFlowVersions(database: Database): FlowVersions {
  const touched = () => database.query("SELECT nextval('flow_changes')", []);
  return {
    async keep({ flow, version, text, parts, keptAt }) {
      await database.query(
        `INSERT INTO flow_versions (flow, version, text, parts, kept_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (flow, version) DO NOTHING`,
        [flow, version, text, JSON.stringify(parts), keptAt],
      );
    },
    async kept(flow, limit) {
      const rows = await database.query<VersionRow>(
        'SELECT * FROM flow_versions WHERE flow = $1 ORDER BY kept_at DESC, version LIMIT $2',
        [flow, limit],
      );
      return rows.map(toVersion);
    },
    async version(flow, version) {
      const [row] = await database.query<VersionRow>('SELECT * FROM flow_versions WHERE flow = $1 AND version = $2', [
        flow,
        version,
      ]);
      return row && toVersion(row);
    },
    async publish({ flow, version, at, by }) {
      await database.query('INSERT INTO flow_publications (flow, version, at, by) VALUES ($1, $2, $3, $4)', [
        ...[flow, version, at, by],
      ]);
      await touched();
    },
    publications: (flow, limit) =>
      database.query<PublicationRow>(
        'SELECT flow, version, at, by FROM flow_publications WHERE flow = $1 ORDER BY id DESC LIMIT $2',
        [flow, limit],
      ),
    async inForce() {
      const rows = await database.query<VersionRow>(
        `SELECT v.* FROM (SELECT DISTINCT ON (flow) flow, version FROM flow_publications ORDER BY flow, id DESC) p
         JOIN flow_versions v ON v.flow = p.flow AND v.version = p.version ORDER BY v.flow`,
        [],
      );
      return rows.map(toVersion);
    },
    async close({ calendar, since, until, by, because }) {
      await database.query(
        `INSERT INTO calendar_closures (calendar, since, until, by, because) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (calendar) DO UPDATE SET since = $2, until = $3, by = $4, because = $5`,
        [calendar, since, until, by, because],
      );
      await touched();
    },
    async open(calendar) {
      const rows = await database.query('DELETE FROM calendar_closures WHERE calendar = $1 RETURNING calendar', [
        calendar,
      ]);
      if (rows.length > 0) await touched();
      return rows.length > 0;
    },
    closures: async () =>
      (await database.query<ClosureRow>(
        'SELECT calendar, since, until, by, because FROM calendar_closures',
        [],
      )) satisfies Closure[],
    async changes() {
      const [row] = await database.query<{ value: number }>(
        'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS value FROM flow_changes',
        [],
      );
      return row?.value ?? 0;
    },
  };
}

const toVersion = ({ flow, version, text, parts, kept_at }: VersionRow): FlowVersion => ({
  flow,
  version,
  text,
  parts,
  keptAt: kept_at,
});
