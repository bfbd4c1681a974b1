// The number vault on a real PostgreSQL: what it promises while the database is there, away, and back.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { aliasFromHash, hashNumber, longerAlias } from '../../src/privacy/alias.ts';
import { createNumberVault } from '../../src/privacy/number-vault.ts';
import { PhoneNumber } from '../../src/privacy/phone-number.ts';
import { createNumberSealer } from '../../src/privacy/seal.ts';
import type { Alias } from '../../src/privacy/vault.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import type { VaultRows } from '../../src/store/store.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { eventually } from '../support/eventually.ts';
import { cuttableWire, sql, testDatabase, testStore } from '../support/servers/database.ts';

const aliasKey = Buffer.alloc(32, 1);
const sealingKeys = [Buffer.alloc(32, 2)];
const url = await testDatabase(t); // Keeps the cluster alive for this file.

function number(canonical: string): PhoneNumber {
  return PhoneNumber.fromCanonical(canonical)!;
}

function vaultOn(rows: VaultRows, keys = { aliasKey, sealingKeys }) {
  return createNumberVault({ clock: systemClock, log: silentLogger, rows, keys });
}

t.test('a number keeps its alias across restarts, and only the vault knows the number', async (t) => {
  const store = await testStore(t, { url });
  const vault = vaultOn(store.vaultRows);
  const alias = await vault.remember(number('+819012345678'));
  t.match(alias, /^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
  t.equal(await vault.remember(number('+819012345678')), alias);
  t.not(await vault.remember(number('0120123456')), alias);

  const later = vaultOn(store.vaultRows);
  t.equal((await later.recall(alias))?.reveal(), '+819012345678');
  t.equal(await later.remember(number('+819012345678')), alias);
  t.equal(await later.recall('K7Q4-M2XD' as Alias), undefined);

  const table = await sql(url, 'SELECT * FROM vault_rows');
  t.equal(table.length, 2);
  t.same(
    findNumber(
      JSON.stringify(table, (_, value) =>
        value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
      ),
      '+819012345678',
    ),
    [],
  );
});

t.test('the same new number from many calls at once is one row', async (t) => {
  const own = await testDatabase(t);
  const store = await testStore(t, { url: own });
  const vault = vaultOn(store.vaultRows);
  const aliases = await Promise.all(Array.from({ length: 50 }, () => vault.remember(number('+819011112222'))));
  t.equal(new Set(aliases).size, 1);
  t.equal((await sql(own, 'SELECT * FROM vault_rows')).length, 1);
});

t.test('two numbers that share eight symbols: the second is longer by a group, and each recalls its own', async (t) => {
  const store = await testStore(t, { url: await testDatabase(t) });
  const hash = hashNumber('+819012345678', aliasKey);
  const short = aliasFromHash(hash);
  const otherHash = hash.slice(0, 10) + 'f'.repeat(54); // The first 40 bits are the alias.
  const sealedNumber = createNumberSealer(sealingKeys).seal('+819099999999', otherHash);
  await store.vaultRows.put({ alias: short, numberHash: otherHash, sealedNumber, firstSeenAt: 1 });

  const vault = vaultOn(store.vaultRows);
  const alias = await vault.remember(number('+819012345678'));
  t.equal(alias, longerAlias(short, hash));
  for (const reader of [vault, vaultOn(store.vaultRows)]) {
    t.equal((await reader.recall(alias))?.reveal(), '+819012345678');
    t.equal((await reader.recall(short))?.reveal(), '+819099999999');
    t.equal(await reader.remember(number('+819012345678')), alias);
  }
});

t.test(
  'while the database is away a call gets its alias at once, and the row is written when it is back',
  async (t) => {
    const own = await testDatabase(t);
    const wire = await cuttableWire(t, own);
    const store = await testStore(t, { url: wire.url });
    const vault = vaultOn(store.vaultRows);
    const known = await vault.remember(number('+819011111111'));
    await wire.cut();
    const from = performance.now();
    t.equal(await vault.remember(number('+819011111111')), known);
    const fresh = await vault.remember(number('+819022222222'));
    t.ok(performance.now() - from < 2000, `${Math.round(performance.now() - from)} ms`);
    t.equal((await vault.recall(known))?.reveal(), '+819011111111');
    t.equal((await vault.recall(fresh))?.reveal(), '+819022222222');
    await wire.mend();
    await eventually('the row is there', async () => (await sql(own, 'SELECT * FROM vault_rows')).length === 2, {
      withinMs: 15_000,
    });
    t.equal((await vaultOn(store.vaultRows).recall(fresh))?.reveal(), '+819022222222');
  },
);

t.test(
  'a number remembered while the database was away is not lost when the program ends before it is back',
  async (t) => {
    const own = await testDatabase(t);
    const journalFolder = mkdtempSync(join(tmpdir(), 'engawa-vault-journal-'));
    t.teardown(() => rmSync(journalFolder, { recursive: true, force: true }));
    const wire = await cuttableWire(t, own);
    const ends: (() => void | Promise<void>)[] = [];
    const store = await testStore({ teardown: (end) => ends.push(end) }, { url: wire.url, journalFolder });
    await wire.cut();
    const alias = await vaultOn(store.vaultRows).remember(number('+819033333333'));
    for (const end of ends) await end();
    await wire.mend();
    const again = await testStore(t, { url: own, journalFolder });
    await again.events.flush();
    t.equal((await vaultOn(again.vaultRows).recall(alias))?.reveal(), '+819033333333');
  },
);

t.test('an alias given while the database was away that turns out to be another number’s becomes longer', async (t) => {
  const own = await testDatabase(t);
  const hash = hashNumber('+819012345678', aliasKey);
  const short = aliasFromHash(hash);
  const direct = await testStore(t, { url: own });
  const otherHash = hash.slice(0, 10) + '0'.repeat(54);
  const sealedNumber = createNumberSealer(sealingKeys).seal('+819099999999', otherHash);
  await direct.vaultRows.put({ alias: short, numberHash: otherHash, sealedNumber, firstSeenAt: 1 });

  const wire = await cuttableWire(t, own);
  const store = await testStore(t, { url: wire.url });
  const vault = vaultOn(store.vaultRows);
  await wire.cut();
  t.equal(await vault.remember(number('+819012345678')), short);
  await wire.mend();
  await store.events.flush();
  let others = 10_000_000;
  const moved = await eventually(
    'the alias is looked up',
    async () => {
      await vault.remember(number(`+8180${others++}`)); // Any other call is the occasion.
      const alias = await vault.remember(number('+819012345678'));
      return alias === short ? undefined : alias;
    },
    { withinMs: 15_000, everyMs: 200 },
  );
  t.equal(moved, longerAlias(short, hash));
  await eventually(
    'its row is there',
    async () => (await vaultOn(direct.vaultRows).recall(moved))?.reveal() === '+819012345678',
  );
  t.equal((await vaultOn(direct.vaultRows).recall(short))?.reveal(), '+819099999999');
});

t.test(
  'keys rotate: new rows by the new key, old rows still open; without the old key a sentence says so',
  async (t) => {
    const store = await testStore(t, { url: await testDatabase(t) });
    const alias = await vaultOn(store.vaultRows).remember(number('+819012345678'));
    const newKey = Buffer.alloc(32, 3);
    const rotated = vaultOn(store.vaultRows, { aliasKey, sealingKeys: [newKey, ...sealingKeys] });
    t.equal((await rotated.recall(alias))?.reveal(), '+819012345678');
    t.equal(await rotated.remember(number('+819012345678')), alias);
    const later = await rotated.remember(number('+819012345679'));
    const withoutOld = vaultOn(store.vaultRows, { aliasKey, sealingKeys: [newKey] });
    t.equal((await withoutOld.recall(later))?.reveal(), '+819012345679');
    await t.rejects(withoutOld.recall(alias), { code: 'secret-missing', message: /not among the vault keys/ });
  },
);

t.test('what is known costs next to nothing', async (t) => {
  const store = await testStore(t, { url: await testDatabase(t) });
  const vault = vaultOn(store.vaultRows);
  await vault.remember(number('+819012345678'));
  const from = process.cpuUsage();
  for (let i = 0; i < 2000; i++) await vault.remember(number('+819012345678'));
  const { user, system } = process.cpuUsage(from);
  const microseconds = (user + system) / 2000;
  t.ok(microseconds < 500, `${microseconds.toFixed(0)} µs each`);
});
