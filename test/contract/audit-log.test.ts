// The audit log on a real PostgreSQL: one chain over several nodes, append-only, and what happens while the database is away.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import { newId } from '../../src/shared/ids.ts';
import { chain, type NewAuditRecord } from '../../src/store/audit/chain.ts';
import { eventually } from '../support/eventually.ts';
import { cuttableWire, sql, testDatabase, testStore } from '../support/servers/database.ts';

// One cluster for the whole file.
await testDatabase(t);

const entry = (more: Partial<NewAuditRecord> = {}): NewAuditRecord => ({
  id: newId('auditEntry'),
  at: 1000,
  act: 'signed-in',
  outcome: 'done',
  personId: 'p_1',
  details: { address: '192.0.2.1' },
  salt: randomBytes(32).toString('hex'),
  ...more,
});

t.test('entries of several nodes at once are one chain', async (t) => {
  const url = await testDatabase(t);
  const nodes = await Promise.all([1, 2, 3].map(() => testStore(t, { url })));
  const entries = nodes.flatMap((node, at) =>
    Array.from({ length: 20 }, (_, n) => {
      const made = entry({ act: n % 2 ? 'signed-in' : 'signed-out', about: n % 3 ? [] : ['p_2'] });
      return { made, kept: node.audit.append(made, (n + at) % 4 ? 'journal' : 'refuse') };
    }),
  );
  await Promise.all(entries.map(({ kept }) => kept));
  const found = await nodes[0]!.audit.read({ after: 0 });
  t.equal(found.length, 60);
  t.strictSame(new Set(found.map(({ id }) => id)), new Set(entries.map(({ made }) => made.id)));
  const again = chain(
    found.map(({ details, salt, ...rest }) => ({ ...rest, details: details!, salt: salt! })),
    undefined,
  );
  t.strictSame(
    found.map(({ seq, hash }) => ({ seq, hash })),
    again.map(({ seq, hash }) => ({ seq, hash })),
    'what is read makes the same hashes as what was written',
  );
  t.strictSame(await nodes[1]!.audit.head(), { seq: 60, hash: again.at(-1)!.hash });
});

t.test('an entry that is written twice is there once, and any text survives', async (t) => {
  const store = await testStore(t);
  const odd = { purpose: 'a\u0000b \ud83d 調査 😀', more: { n: 1e21, half: 0.1, tiny: 5e-324, none: null, yes: true } };
  const made = entry({ details: odd });
  await store.audit.append(made, 'refuse');
  await store.audit.append(made, 'journal');
  const [found, ...more] = await store.audit.read({ after: 0 });
  t.strictSame(more, []);
  t.strictSame(found!.details, { ...odd, purpose: 'a\ufffdb \ufffd 調査 😀' });
  const { details, salt, ...rest } = found!;
  t.equal(chain([{ ...rest, details: details!, salt: salt! }], undefined)[0]!.hash, found!.hash);
});

t.test('the database refuses to change it, and the program needs no right to', async (t) => {
  const url = await testDatabase(t);
  const owner = await testStore(t, { url });
  await owner.audit.append(entry(), 'refuse');
  for (const change of [
    "UPDATE audit_entries SET act = 'x'",
    'DELETE FROM audit_entries',
    'TRUNCATE audit_entries CASCADE',
    "UPDATE audit_details SET body = '{}'",
    'DELETE FROM audit_details',
    'TRUNCATE audit_details',
  ])
    await t.rejects(sql(url, change), { message: /append-only/ }, change);

  await sql(
    url,
    `CREATE ROLE app_writer LOGIN PASSWORD 'x';
     GRANT ALL ON ALL TABLES IN SCHEMA public TO app_writer;
     GRANT CREATE ON SCHEMA public TO app_writer;
     REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries, audit_details FROM app_writer`,
  );
  t.teardown(() => sql(url, 'DROP OWNED BY app_writer; DROP ROLE app_writer'));
  const asWriter = new URL(url);
  asWriter.username = 'app_writer';
  asWriter.password = 'x';
  const writer = await testStore(t, { url: asWriter.href });
  await writer.audit.append(entry(), 'refuse');
  await writer.audit.append(entry(), 'journal');
  t.equal((await writer.audit.search({})).length, 3);
  await t.rejects(sql(asWriter.href, "SET engawa.forgets = 'yes'; DELETE FROM audit_details"), /permission denied/);
});

t.test('while the database is away, an entry is refused or kept in the journal, and chained later', async (t) => {
  const url = await testDatabase(t);
  const wire = await cuttableWire(t, url);
  const journalFolder = t.testdir();
  const store = await testStore(t, { url: wire.url, journalFolder });
  const [before, refused, kept] = [entry(), entry({ act: 'recording-played' }), entry({ act: 'signed-out' })];
  await store.audit.append(before, 'refuse');
  await wire.cut();
  await t.rejects(store.audit.append(refused, 'refuse'), { code: 'database-unavailable' });
  await store.audit.append(kept, 'journal');
  t.match(readFileSync(join(journalFolder, 'audit', 'journal.ndjson'), 'utf8'), kept.id);
  await wire.mend();
  const found = await eventually('the journal is in the database', async () => {
    const rows = await store.audit.read({ after: 0 }).catch(() => []);
    return rows.length === 2 ? rows : undefined;
  });
  t.strictSame(
    found.map(({ id }) => id),
    [before.id, kept.id],
  );
});

t.test('it is searched by who, what, to whom and when, page by page', async (t) => {
  const store = await testStore(t);
  const write = (more: Partial<NewAuditRecord>) => store.audit.append(entry(more), 'refuse');
  await write({ personId: 'p_1', act: 'signed-in', at: 1 });
  await write({
    personId: 'p_1',
    act: 'recording-played',
    target: { kind: 'recording', id: 'r_1' },
    about: ['p_2'],
    at: 2,
  });
  await write({ personId: 'p_2', act: 'person-changed', target: { kind: 'person', id: 'p_1' }, at: 3 });
  await write({ keyId: 'k_1', personId: undefined as never, act: 'api-called', outcome: 'refused', at: 4 });
  const seqs = async (query: Parameters<typeof store.audit.search>[0]) =>
    (await store.audit.search(query)).map(({ seq }) => seq);
  t.strictSame(await seqs({}), [4, 3, 2, 1]);
  t.strictSame(await seqs({ oldestFirst: true, after: 2 }), [3, 4]);
  t.strictSame(await seqs({ after: 3, limit: 1 }), [2]);
  t.strictSame(await seqs({ personId: 'p_1' }), [2, 1]);
  t.strictSame(await seqs({ keyId: 'k_1' }), [4]);
  t.strictSame(await seqs({ target: { kind: 'recording' } }), [2]);
  t.strictSame(await seqs({ target: { kind: 'recording', id: 'r_2' } }), []);
  t.strictSame(await seqs({ concerning: 'p_2' }), [2]);
  t.strictSame(await seqs({ concerning: 'p_1', notBy: 'p_1' }), [3]);
  t.strictSame(await seqs({ acts: ['signed-in', 'api-called'] }), [4, 1]);
  t.strictSame(await seqs({ outcome: 'refused' }), [4]);
  t.strictSame(await seqs({ fromMs: 2, toMs: 4 }), [3, 2]);
});

t.test('two connections that hold the lock one after the other do not fork the chain', async (t) => {
  const url = await testDatabase(t);
  const store = await testStore(t, { url });
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  t.teardown(() => holder.end());
  await holder.query('BEGIN');
  await holder.query('SELECT pg_advisory_xact_lock(7305981043)');
  const waiting = store.audit.append(entry(), 'journal');
  await eventually('it waits for the lock', async () => {
    const [row] = await sql<{ n: number }>(
      url,
      "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
    );
    return row!.n === 1;
  });
  await holder.query('COMMIT');
  await waiting;
  t.equal((await store.audit.head())?.seq, 1);
});
