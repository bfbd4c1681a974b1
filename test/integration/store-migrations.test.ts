import { readdirSync } from 'node:fs';
import t from 'tap';
import { AppError } from '../../src/shared/errors.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { migrate } from '../../src/store/postgres/migrate.ts';
import { migrationsFolder as folder, sql, testDatabase } from '../support/servers/database.ts';

// One cluster for the whole file.
await testDatabase(t);

t.test('two programs that start together migrate once', async (t) => {
  const url = await testDatabase(t, { empty: true });
  const ran = await Promise.all(Array.from({ length: 4 }, () => migrate({ url, folder, log })));
  const all = readdirSync(folder).filter((name) => name.endsWith('.sql')).length;
  t.strictSame(
    ran.toSorted((a, b) => a - b),
    [0, 0, 0, all],
  );
  t.match(await sql(url, 'SELECT * FROM schema_migrations'), [{ number: 1, name: '0001_first.sql' }]);
});

t.test('a database newer than the program is refused and left alone', async (t) => {
  const url = await testDatabase(t);
  await sql(url, "INSERT INTO schema_migrations (number, name) VALUES (99, '0099_future.sql')");
  await t.rejects(migrate({ url, folder, log }), { code: 'database-newer-than-program', message: /version 99/ });
});

t.test('a migration that fails leaves nothing behind', async (t) => {
  const url = await testDatabase(t, { empty: true });
  const broken = t.testdir({
    '0001_good.sql': 'CREATE TABLE good (n int)',
    '0002_bad.sql': 'CREATE TABLE good (n int)',
  });
  await t.rejects(migrate({ url, folder: broken, log }), /already exists/);
  t.strictSame(await sql(url, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'"), []);
});

t.test('gaps and doubles in the numbers are refused', async (t) => {
  const url = await testDatabase(t, { empty: true });
  await t.rejects(migrate({ url, folder: t.testdir({ '0002_b.sql': '' }), log }), /numbered 1/);
});

t.test('a database that does not answer is named as the fault', async (t) => {
  const url = 'postgres://nobody@127.0.0.1:1/none';
  await t.rejects(migrate({ url, folder, log, waitMs: 0 }), { name: 'AppError', code: 'database-unavailable' });
  t.ok(new AppError('database-unavailable', 'x') instanceof Error);
});
