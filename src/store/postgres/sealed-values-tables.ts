// Pages of what lies sealed in the tables of number vault and second factors, and its replacement, a row each.

import type { SealedValues } from '../sealed-values.ts';
import type { Database } from './database.ts';

export function createSealedValues(database: Database): SealedValues {
  return {
    numbers: {
      page: (after, limit) =>
        database.query<{ id: string; sealed: string; hash: string }>(
          `SELECT alias AS id, encode(sealed_number, 'hex') AS sealed, number_hash AS hash
           FROM vault_rows WHERE alias > $1 ORDER BY alias LIMIT $2`,
          [after, limit],
        ),
      async replace(id, before, after) {
        const rows = await database.query(
          `UPDATE vault_rows SET sealed_number = decode($3, 'hex')
           WHERE alias = $1 AND sealed_number = decode($2, 'hex') RETURNING alias`,
          [id, before, after],
        );
        return rows.length > 0;
      },
    },
    authenticators: {
      page: (after, limit) =>
        database.query<{ id: string; sealed: string }>(
          'SELECT person_id AS id, sealed FROM totp_secrets WHERE person_id > $1 ORDER BY person_id LIMIT $2',
          [after, limit],
        ),
      async replace(id, before, after) {
        const rows = await database.query(
          'UPDATE totp_secrets SET sealed = $3 WHERE person_id = $1 AND sealed = $2 RETURNING person_id',
          [id, before, after],
        );
        return rows.length > 0;
      },
    },
  };
}
