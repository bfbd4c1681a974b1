// The table of keys with which people hear recordings. Approving and ending are one statement each, so that of two
// administrators at the same moment one has done it.

import type { ListeningKeyId, PersonId } from '../../shared/ids.ts';
import type { ListeningKey, ListeningKeys } from '../listening-keys.ts';
import type { Database } from './database.ts';

interface TableRow {
  id: ListeningKeyId;
  person_id: PersonId;
  name: string;
  kind: ListeningKey['kind'];
  recipient: string;
  sealed_identity: Buffer | null;
  credential: string | null;
  created_at: number;
  approved_at: number | null;
  approved_by: PersonId | null;
  ended_at: number | null;
  ended_by: PersonId | null;
}

export function createListeningKeys(database: Database): ListeningKeys {
  const read = async (text: string, values: unknown[]) =>
    (await database.query<TableRow>(text, values)).map(toListeningKey);
  return {
    async create({ id, personId, name, kind, recipient, sealedIdentity, credential, createdAt }) {
      const made = await database.query(
        `INSERT INTO listening_keys (id, person_id, name, kind, recipient, sealed_identity, credential, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (recipient) DO NOTHING RETURNING id`,
        [id, personId, name, kind, recipient, sealedIdentity && Buffer.from(sealedIdentity), credential, createdAt],
      );
      return made.length > 0;
    },
    byId: async (id) => (await read('SELECT * FROM listening_keys WHERE id = $1', [id]))[0],
    ofPerson: (personId) => read('SELECT * FROM listening_keys WHERE person_id = $1 ORDER BY id DESC', [personId]),
    list: ({ inForce = false } = {}) =>
      read(
        `SELECT * FROM listening_keys WHERE NOT $1 OR (approved_at IS NOT NULL AND ended_at IS NULL)
         ORDER BY id DESC LIMIT 5000`,
        [inForce],
      ),
    approve: async (id, { at, personId }) =>
      (
        await read(
          `UPDATE listening_keys SET approved_at = $2, approved_by = $3
           WHERE id = $1 AND approved_at IS NULL AND ended_at IS NULL RETURNING *`,
          [id, at, personId],
        )
      )[0],
    end: async (id, { at, personId }) =>
      (
        await read(
          'UPDATE listening_keys SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL RETURNING *',
          [id, at, personId],
        )
      )[0],
  };
}

const toListeningKey = (row: TableRow): ListeningKey => ({
  id: row.id,
  personId: row.person_id,
  name: row.name,
  kind: row.kind,
  recipient: row.recipient,
  sealedIdentity: row.sealed_identity && new Uint8Array(row.sealed_identity),
  credential: row.credential,
  createdAt: row.created_at,
  approvedAt: row.approved_at,
  approvedBy: row.approved_by,
  endedAt: row.ended_at,
  endedBy: row.ended_by,
});
