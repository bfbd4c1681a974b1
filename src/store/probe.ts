// One question to a PostgreSQL, for `engawa doctor`.

import pg from 'pg';
import { AppError, asError } from '../shared/errors.ts';

/** The server's version. Rejects with AppError 'database-unavailable' and a sentence that does not show the password. */
export async function probeDatabase(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return `version ${rows[0]?.server_version ?? 'unknown'}`;
  } catch (cause) {
    const { host } = new URL(url);
    throw new AppError('database-unavailable', `PostgreSQL at ${host} does not answer: ${asError(cause).message}`, {
      cause,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}
