// A few questions to a PostgreSQL, for `engawa doctor`.

import pg from 'pg';
import { AppError, asError } from '../shared/errors.ts';

export interface DatabaseProbe {
  /** Such as `15.18 (Debian …)`. */
  version: string;
  /** The server's clock, and ours in the middle of asking, both epoch milliseconds. */
  clockMs: number;
  askedAtMs: number;
  superuser: boolean;
}

/** Rejects with AppError 'database-unavailable' and a sentence that does not show the password. */
export async function probeDatabase(url: string): Promise<DatabaseProbe> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  try {
    await client.connect();
    const before = Date.now();
    const { rows } = await client.query<{ version: string; clock: number; superuser: string }>(
      `select current_setting('server_version') as version, current_setting('is_superuser') as superuser,
              extract(epoch from clock_timestamp())::float8 * 1000 as clock`,
    );
    const [row] = rows;
    return {
      version: row?.version ?? 'unknown',
      clockMs: row?.clock ?? 0,
      askedAtMs: (before + Date.now()) / 2,
      superuser: row?.superuser === 'on',
    };
  } catch (cause) {
    const { host } = new URL(url);
    throw new AppError('database-unavailable', `PostgreSQL at ${host} does not answer: ${asError(cause).message}`, {
      cause,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}
