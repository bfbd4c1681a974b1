// The number vault on sealed rows (vault.ts says what it promises; alias.ts and seal.ts how names and rows are made).
//
// remember: known in memory → that alias. Else the table is asked who has the short alias: nobody or this number → it is
// ours; another number → one group longer, and so on. While the table does not answer, the short alias is given without
// asking and looked up afterwards (`unchecked`): if it then turns out to be another number's, this number moves to the
// longer one, and the log says so; among a million known numbers that happens to one new number in a million.

import type { Clock } from '../shared/clock.ts';
import { asError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import type { VaultRow, VaultRows } from '../store/store.ts';
import { aliasFits, aliasFromHash, hashNumber, longerAlias } from './alias.ts';
import { PhoneNumber } from './phone-number.ts';
import { createNumberSealer } from './seal.ts';
import type { Alias, Vault } from './vault.ts';

export interface VaultKeys {
  /** 32 bytes. Aliases are made with it: it never changes. */
  aliasKey: Uint8Array;
  /** 32 bytes each, newest first: the first seals, all open. */
  sealingKeys: readonly Uint8Array[];
}

export interface NumberVaultNeeds {
  clock: Clock;
  log: Logger;
  rows: VaultRows;
  keys: VaultKeys;
  /** How many numbers are kept in memory, sealed. */
  cacheSize?: number;
}

/** A call does not wait longer for the table. */
const patienceMs = 250;
/** After the table did not answer, it is left alone for this long. */
const restMs = 2000;
const maxUnchecked = 10_000;

export function createNumberVault({ clock, log, rows, keys, cacheSize = 10_000 }: NumberVaultNeeds): Vault {
  const sealer = createNumberSealer(keys.sealingKeys);
  const byHash = createBoundedMap<VaultRow>(cacheSize);
  const byAlias = createBoundedMap<VaultRow>(cacheSize);
  const underWay = new Map<string, Promise<Alias>>();
  const unchecked = new Map<string, VaultRow>();
  let restUntil = 0;

  function keep(row: VaultRow): Alias {
    byHash.set(row.numberHash, row);
    byAlias.set(row.alias, row);
    return row.alias as Alias;
  }

  /** Undefined: the table did not answer in time. */
  async function lookUp(alias: Alias): Promise<{ row: VaultRow | undefined } | undefined> {
    if (clock.now() < restUntil) return undefined;
    const asked = rows.byAlias(alias).then((row) => ({ row }));
    const found = await withinPatience(asked).catch((thrown) => {
      log.warn({ err: asError(thrown) }, 'number vault cannot read its table');
      return undefined;
    });
    if (!found) restUntil = clock.now() + restMs;
    else if (unchecked.size > 0) check();
    return found;
  }

  async function withinPatience<T>(work: Promise<T>): Promise<T | undefined> {
    let timer: { cancel(): void } | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = clock.after(patienceMs, () => resolve(undefined));
    });
    work.catch(() => {}); // After the time is up, nobody waits for it any more.
    try {
      return await Promise.race([work, late]);
    } finally {
      timer?.cancel();
    }
  }

  async function find(numberHash: string): Promise<{ alias: Alias; row?: VaultRow; certain: boolean }> {
    const short = aliasFromHash(numberHash);
    for (let alias = short; ; alias = longerAlias(alias, numberHash)) {
      const found = await lookUp(alias);
      if (!found) return { alias: short, certain: false };
      if (!found.row) return { alias, certain: true };
      if (found.row.numberHash === numberHash) return { alias, row: found.row, certain: true };
    }
  }

  async function rememberNew(number: PhoneNumber, numberHash: string): Promise<Alias> {
    const { alias, row: known, certain } = await find(numberHash);
    if (known) return keep(known);
    const sealedNumber = sealer.seal(number.reveal(), numberHash);
    const row: VaultRow = { alias, numberHash, sealedNumber, firstSeenAt: clock.now() };
    keep(row);
    if (!certain && unchecked.size < maxUnchecked) unchecked.set(numberHash, row);
    const put = rows.put(row).then(() => true);
    put.catch((thrown) => log.error({ err: asError(thrown), alias }, 'row of the number vault was refused'));
    // Normally a millisecond or two. If neither table nor journal takes it, the call goes on and the log has said why.
    await withinPatience(put).catch(() => undefined);
    return alias;
  }

  /** The table answers again: were the aliases that were given meanwhile free? */
  function check(): void {
    const given = [...unchecked.values()];
    unchecked.clear();
    void Promise.all(given.map(checkOne));
  }

  async function checkOne(row: VaultRow): Promise<void> {
    try {
      const inTable = await rows.byAlias(row.alias);
      if (!inTable || inTable.numberHash === row.numberHash) return;
      const { alias } = await find(row.numberHash);
      log.error(
        { shared: row.alias, alias },
        'an alias given while the database was away is another number’s; it is longer now',
      );
      const moved = { ...row, alias };
      byAlias.delete(row.alias);
      keep(moved);
      await rows.put(moved);
    } catch (thrown) {
      unchecked.set(row.numberHash, row);
      log.warn({ err: asError(thrown) }, 'alias given while the database was away could not be looked up yet');
    }
  }

  return {
    async remember(number) {
      const numberHash = hashNumber(number.reveal(), keys.aliasKey);
      const known = byHash.get(numberHash);
      if (known) return known.alias as Alias;
      let work = underWay.get(numberHash);
      if (!work) {
        work = rememberNew(number, numberHash).finally(() => underWay.delete(numberHash));
        underWay.set(numberHash, work);
      }
      return work;
    },
    async recall(alias) {
      const row = byAlias.get(alias) ?? (await rows.byAlias(alias));
      if (!row) return undefined;
      if (!aliasFits(alias, row.numberHash)) {
        log.error({ alias }, 'a row of the number vault does not belong to its alias');
        return undefined;
      }
      const number = PhoneNumber.fromCanonical(sealer.open(row.sealedNumber, row.numberHash));
      if (number) byAlias.set(alias, row);
      return number;
    },
  };
}

/** Forgets what was not used for longest. */
function createBoundedMap<Value>(limit: number) {
  const entries = new Map<string, Value>();
  return {
    get(key: string): Value | undefined {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key: string, value: Value): void {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size > limit) entries.delete(entries.keys().next().value!);
    },
    delete: (key: string) => void entries.delete(key),
  };
}
