// Numbered migrations, forward only. All that are missing run in one transaction, each marked before its SQL runs, under an
// advisory lock: of two programs that start together one waits and then finds nothing to do.
// A database that a newer program has altered is refused.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { retry } from './retry.ts';

interface Migration {
  number: number;
  name: string;
  file: string;
}

/** Any constant will do, as long as every version of the program uses the same one. */
const lockKey = 7_305_981_042;
const migrationMayTakeMs = 10 * 60_000;

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return names.map((name, index) => {
    const number = Number(/^(\d{4})_[a-z0-9-]+\.sql$/.exec(name)?.[1]);
    if (number !== index + 1)
      throw new AppError('internal', `migrations/${name} must be numbered ${index + 1}, without gaps or doubles.`);
    return { number, name, file: join(folder, name) };
  });
}

/** Brings the database up to this program's version. Says how many migrations ran. */
export async function migrate(needs: {
  url: string;
  folder: string;
  log: Logger;
  /** How long to wait for a database that is still starting. */
  waitMs?: number;
}): Promise<number> {
  const migrations = await readMigrations(needs.folder);
  const client = await connect(needs.url, needs.waitMs ?? 15_000);
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query<{ number: number }>('SELECT number FROM schema_migrations');
    const done = new Set(rows.map((row) => row.number));
    refuseNewer(done, migrations.length);
    const missing = migrations.filter((migration) => !done.has(migration.number));
    for (const migration of missing) {
      await client.query('INSERT INTO schema_migrations (number, name) VALUES ($1, $2)', [
        migration.number,
        migration.name,
      ]);
      await client.query(await readFile(migration.file, 'utf8'));
      needs.log.info({ migration: migration.name }, 'database migrated');
    }
    await client.query('COMMIT');
    return missing.length;
  } finally {
    await client.end();
  }
}

function refuseNewer(done: ReadonlySet<number>, known: number): void {
  const newest = Math.max(0, ...done);
  if (newest <= known) return;
  throw new AppError(
    'database-newer-than-program',
    `The database is at version ${newest}, this program knows ${known}: start the newer program, or restore a backup made before it ran.`,
    { details: { newest, known } },
  );
}

async function connect(url: string, waitMs: number): Promise<pg.Client> {
  try {
    return await retry(
      async () => {
        const client = new pg.Client({
          connectionString: url,
          connectionTimeoutMillis: 5000,
          statement_timeout: migrationMayTakeMs,
          application_name: 'engawa-migrate',
        });
        // A connection that breaks between requests is reported by the next request.
        client.on('error', () => undefined);
        await client.connect();
        return client;
      },
      { withinMs: waitMs },
    );
  } catch (thrown) {
    const error = asError(thrown);
    throw new AppError(
      'database-unavailable',
      `The database cannot be used (${error.message}): check ENGAWA_DATABASE_URL, and that PostgreSQL runs and lets this program in.`,
      { cause: error },
    );
  }
}
