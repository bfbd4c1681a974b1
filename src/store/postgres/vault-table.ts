// The number vault's sealed rows. The first row of an alias stays; the same number sealed again changes nothing.

import type { VaultRow } from '../store.ts';
import type { Queryable } from './database.ts';

export async function insertVaultRows(connection: Queryable, rows: readonly VaultRow[]): Promise<void> {
  if (rows.length === 0) return;
  await connection.query(
    `INSERT INTO vault_rows (alias, number_hash, sealed_number, first_seen_at)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[])
     ON CONFLICT DO NOTHING`,
    [
      rows.map((row) => row.alias),
      rows.map((row) => row.numberHash),
      rows.map((row) => Buffer.from(row.sealedNumber)),
      rows.map((row) => row.firstSeenAt),
    ],
  );
}

export async function readVaultRow(connection: Queryable, alias: string): Promise<VaultRow | undefined> {
  const [row] = await connection.query<{
    alias: string;
    number_hash: string;
    sealed_number: Buffer;
    first_seen_at: number;
  }>('SELECT * FROM vault_rows WHERE alias = $1', [alias]);
  if (!row) return undefined;
  return {
    alias: row.alias,
    numberHash: row.number_hash,
    sealedNumber: new Uint8Array(row.sealed_number),
    firstSeenAt: row.first_seen_at,
  };
}
