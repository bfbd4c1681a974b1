// Customers put on a call list: from CSV or as rows. Each number becomes an alias at once and goes into the vault; what must not
// be dialled, or asked not to be called, does not come onto the list. A mistake in a row is told with its row and stops no other.

import { parse } from 'csv-parse/sync';
import { createNumberMask } from '../../privacy/mask.ts';
import type { Alias, Vault } from '../../privacy/vault.ts';
import type { Clock } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import { type CallListId, newId } from '../../shared/ids.ts';
import type { CallLists, ListEntry } from '../../store/call-lists.ts';
import type { CallParts } from '../parts.ts';

/** A customer by number or by alias. Other fields are as in ListEntry. */
export interface CustomerRow {
  number?: string;
  alias?: string;
  reference?: string;
  facts?: Readonly<Record<string, string>>;
  notBefore?: number;
}

export interface Added {
  added: number;
  /** On the list already. */
  present: number;
  doNotCall: number;
  /** `row` counts from 1; in CSV the line with the names is row 1. */
  refused: { row: number; because: string }[];
}

const mostColumns = 12;
const mostCharacters = 200;
const known = new Set(['number', 'alias', 'reference', 'not_before']);
/** What looks like a telephone number is no fact for a desk. */
const mask = createNumberMask({ policy: 'hide' });

/** Rejects with AppError 'invalid-argument' when the text is no CSV with a column `number` or `alias`. */
export function readCustomers(csv: string): CustomerRow[] {
  let rows: Record<string, string>[];
  try {
    rows = parse(csv, { bom: true, columns: true, skip_empty_lines: true, trim: true }) as Record<string, string>[];
  } catch (thrown) {
    const { lines } = thrown as { lines?: number };
    throw new AppError('invalid-argument', `This is not CSV: look at line ${lines ?? 1}.`, { cause: thrown });
  }
  const names = Object.keys(rows[0] ?? {});
  if (rows.length > 0 && !names.includes('number') && !names.includes('alias'))
    throw new AppError('invalid-argument', 'The first line must name the columns; one of them is “number” or “alias”.');
  if (names.length > mostColumns) throw new AppError('invalid-argument', `At most ${mostColumns} columns.`);
  return rows.map((row) => ({
    ...(row['number'] ? { number: row['number'] } : {}),
    ...(row['alias'] ? { alias: row['alias'] } : {}),
    ...(row['reference'] ? { reference: row['reference'] } : {}),
    ...(row['not_before'] ? { notBefore: Date.parse(row['not_before']) } : {}),
    facts: Object.fromEntries(Object.entries(row).filter(([name, value]) => !known.has(name) && value !== '')),
  }));
}

export async function addCustomers(
  needs: {
    clock: Clock;
    lists: Pick<CallLists, 'add' | 'doNotCall'>;
    vault: Vault;
    checkDial: CallParts['checkDial'];
    checkNumber: CallParts['checkNumber'];
  },
  listId: CallListId,
  rows: readonly CustomerRow[],
  firstRow = 1,
): Promise<Added> {
  const { clock, lists, vault } = needs;
  const refused: Added['refused'] = [];
  const wanted = new Map<string, Pick<ListEntry, 'id' | 'alias' | 'reference' | 'facts' | 'notBefore'>>();
  for (const [index, row] of rows.entries()) {
    const found = await customerOf(needs, row);
    if ('because' in found) refused.push({ row: index + firstRow, because: found.because });
    else {
      const { reference = null, facts = {}, notBefore = clock.now() } = row;
      wanted.set(found.alias, {
        id: newId('listEntry'),
        alias: found.alias,
        reference: reference?.slice(0, mostCharacters) ?? null,
        facts: Object.fromEntries(
          Object.entries(facts).map(([name, value]) => [
            mask(name.slice(0, mostCharacters)),
            mask(value.slice(0, mostCharacters)),
          ]),
        ),
        notBefore,
      });
    }
  }
  const forbidden = await lists.doNotCall([...wanted.keys()]);
  const allowed = [...wanted.values()].filter(({ alias }) => !forbidden.has(alias));
  const added = allowed.length > 0 ? await lists.add(listId, allowed) : new Set();
  const present = rows.length - refused.length - forbidden.size - added.size;
  return { added: added.size, present, doNotCall: forbidden.size, refused };

  async function customerOf(
    { checkDial, checkNumber }: typeof needs,
    row: CustomerRow,
  ): Promise<{ alias: Alias } | { because: string }> {
    if (row.notBefore !== undefined && !Number.isFinite(row.notBefore))
      return { because: 'not_before is no time: write it as 2026-12-01T10:00+09:00.' };
    if (row.number === undefined) {
      const number = row.alias === undefined ? undefined : await vault.recall(row.alias as Alias);
      if (!number) return { because: row.alias ? 'Nobody is known by this alias.' : 'Neither number nor alias.' };
      const decision = checkNumber(number);
      return decision.kind === 'refused' ? { because: decision.because } : { alias: row.alias as Alias };
    }
    const decision = checkDial(row.number);
    return decision.kind === 'refused'
      ? { because: decision.because }
      : { alias: await vault.remember(decision.number) };
  }
}
