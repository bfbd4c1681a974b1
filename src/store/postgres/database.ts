// A pool of connections to one PostgreSQL database: requests with a time limit, transactions, and faults as AppError.
// Knows no table. Numbers: int8 comes back as a JavaScript number (our times and sizes are far below 2^53).

import pg from 'pg';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { isRetryable, retry } from './retry.ts';

export type Row = Record<string, unknown>;

export interface Queryable {
  query<R extends object = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

export interface Database extends Queryable {
  /** Runs `work` in one transaction; rolled back if it rejects. Not tried again. */
  transaction<T>(work: (connection: Queryable) => Promise<T>): Promise<T>;
  /** One request that says whether the database is there, with a time limit of its own. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  url: string;
  log: Logger;
  maxConnections?: number;
  /** No request may take longer; then the database counts as away. */
  requestTimeoutMs?: number;
  connectTimeoutMs?: number;
}

const int8 = 20;

export function openDatabase(options: DatabaseOptions): Database {
  const { url, log, maxConnections = 10, requestTimeoutMs = 3000, connectTimeoutMs = 2000 } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: requestTimeoutMs,
    statement_timeout: requestTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'engawa',
    types: { getTypeParser: (id, format) => (id === int8 ? Number : pg.types.getTypeParser(id, format as 'text')) },
  });
  let closing = false;
  // Not the error itself: `pg` hangs the whole client on it.
  const brief = (error: Error) => ({ because: error.message, code: (error as { code?: unknown }).code });
  pool.on('error', (error) => {
    if (!closing) log.warn(brief(error), 'an idle database connection was lost');
  });

  async function withConnection<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    const onLost = (error: Error) => log.debug(brief(error), 'a database connection was lost during a request');
    client.on('error', onLost);
    let failure: Error | undefined;
    try {
      return await work(client);
    } catch (thrown) {
      failure = asError(thrown);
      throw failure;
    } finally {
      client.off('error', onLost);
      // A connection in an unknown state must not go back to the pool.
      client.release(failure !== undefined && isRetryable(failure));
    }
  }

  return {
    async query<R extends object>(text: string, values: readonly unknown[] = []) {
      try {
        return await retry(
          () => withConnection(async (client) => (await client.query(text, [...values])).rows as R[]),
          { withinMs: 500 },
        );
      } catch (thrown) {
        throw databaseFault(asError(thrown));
      }
    },
    transaction: (work) =>
      withConnection(async (client) => {
        await client.query('BEGIN');
        try {
          const result = await work({
            query: async <R extends object>(text: string, values: readonly unknown[] = []) =>
              (await client.query(text, [...values])).rows as R[],
          });
          await client.query('COMMIT');
          return result;
        } catch (thrown) {
          const error = asError(thrown);
          if (!isRetryable(error)) await client.query('ROLLBACK');
          throw error;
        }
      }),
    ping: () => withConnection(async (client) => void (await client.query('SELECT 1'))),
    close() {
      closing = true;
      return pool.end();
    },
  };
}

/** What a caller outside store/ gets to see. */
export function databaseFault(error: Error): Error {
  if (!isRetryable(error)) return error;
  return new AppError('database-unavailable', 'The database does not answer: check that it runs and can be reached.', {
    cause: error,
  });
}

/** True for a violated UNIQUE or PRIMARY KEY constraint. */
export function isDuplicate(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '23505';
}
