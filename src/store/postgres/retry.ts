// The only place that tries a database request again, and the list of failures for which that can help.
// Only idempotent requests may come here: after a lost connection nobody knows whether the last one was carried out.

import { asError } from '../../shared/errors.ts';

/** SQLSTATE codes (PostgreSQL manual, appendix A) and socket errors that may go away by themselves. */
const retryableCodes = new Set([
  '08000', // connection_exception
  '08001', // sqlclient_unable_to_establish_sqlconnection
  '08003', // connection_does_not_exist
  '08004', // sqlserver_rejected_establishment_of_sqlconnection
  '08006', // connection_failure
  '25006', // read_only_sql_transaction: talking to a standby during a failover
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53000', // insufficient_resources
  '53100', // disk_full
  '53200', // out_of_memory
  '53300', // too_many_connections
  '55P03', // lock_not_available
  '57014', // query_canceled, by our time limit
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now: starting up or shutting down
  '57P04', // database_dropped
  '58030', // io_error
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
]);

/** What `pg` says without a code. */
const retryableMessages =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Connection lost)/i;

export function isRetryable(error: Error): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && retryableCodes.has(code)) return true;
  if (retryableMessages.test(error.message)) return true;
  if (error instanceof AggregateError) return error.errors.some((inner) => isRetryable(asError(inner)));
  return error.cause instanceof Error && isRetryable(error.cause);
}

export interface RetryLimits {
  /** Gives up when the next try would begin later than this after the first. */
  withinMs: number;
  firstDelayMs?: number;
  mostDelayMs?: number;
}

/** Runs it until it succeeds, with growing, jittered pauses. Rejects with the last error. */
export async function retry<T>(run: () => Promise<T>, limits: RetryLimits): Promise<T> {
  const { withinMs, firstDelayMs = 50, mostDelayMs = 1000 } = limits;
  const deadline = performance.now() + withinMs;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, mostDelayMs)) {
    try {
      return await run();
    } catch (thrown) {
      const error = asError(thrown);
      const pauseMs = delayMs * (0.5 + Math.random());
      if (!isRetryable(error) || performance.now() + pauseMs > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
