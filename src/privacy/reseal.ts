// Sealing again what lies in the database under an older key. A row at a time, each replaced only where it is still what it was, so it
// may be broken off anywhere, run twice, and run while the program works.

import { AppError } from '../shared/errors.ts';
import type { SealedNumberTable, SealedTable } from '../store/sealed-values.ts';
import { createNumberSealer } from './seal.ts';
import { createTextSealer } from './seal-text.ts';

export interface Resealed {
  /** Sealed by the newest key already. */
  current: number;
  /** Sealed again, or, when only counting, still to be. */
  older: number;
}

const pageSize = 500;

/** `keys`: those of the number vault, newest first. */
export function resealNumbers(
  table: SealedNumberTable,
  keys: readonly Uint8Array[],
  options: { count?: true } = {},
): Promise<Resealed> {
  const all = createNumberSealer(keys);
  const newest = createNumberSealer(keys.slice(0, 1));
  const isCurrent = (bytes: Buffer, hash: string) => {
    try {
      newest.open(bytes, hash);
      return true;
    } catch (thrown) {
      // By another key; what was tampered with is told below.
      if (thrown instanceof AppError && thrown.code === 'secret-missing') return false;
      throw thrown;
    }
  };
  return walk(table, options, ({ sealed, hash }) => {
    const bytes = Buffer.from(sealed, 'hex');
    if (isCurrent(bytes, hash)) return undefined;
    return () => Buffer.from(newest.seal(all.open(bytes, hash), hash)).toString('hex');
  });
}

/** Texts that `createTextSealer(keys, purpose)` sealed, each about `aboutOf` its id. */
export function resealTexts(
  table: SealedTable,
  keys: readonly Uint8Array[],
  { purpose, aboutOf, ...options }: { purpose: string; aboutOf: (id: string) => string; count?: true },
): Promise<Resealed> {
  const all = createTextSealer(keys, purpose);
  const newest = createTextSealer(keys.slice(0, 1), purpose);
  return walk(table, options, ({ id, sealed }) => {
    if (newest.open(sealed, aboutOf(id)) !== undefined) return undefined;
    return () => {
      const text = all.open(sealed, aboutOf(id));
      if (text === undefined)
        throw new AppError(
          'secret-missing',
          `What is sealed of ${id} opens with none of the keys: add the one it was sealed with.`,
        );
      return newest.seal(text, aboutOf(id));
    };
  });
}

async function walk<Row extends { id: string; sealed: string }>(
  table: {
    page(after: string, limit: number): Promise<Row[]>;
    replace(id: string, before: string, after: string): Promise<boolean>;
  },
  { count }: { count?: true },
  again: (row: Row) => (() => string) | undefined,
): Promise<Resealed> {
  const found = { current: 0, older: 0 };
  for (let after = ''; ; ) {
    const rows = await table.page(after, pageSize);
    for (const row of rows) {
      const sealed = again(row);
      if (!sealed) found.current += 1;
      else found.older += 1;
      if (sealed && !count) await table.replace(row.id, row.sealed, sealed());
    }
    if (rows.length < pageSize) return found;
    after = rows.at(-1)!.id;
  }
}
