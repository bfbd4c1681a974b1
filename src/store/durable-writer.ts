// Gets rows into PostgreSQL in order and never gives up on one.
//
//   direct   rows go to the database in batches; a row is acknowledged when its batch has been committed
//   journal  the database is away: rows are acknowledged when they are in the journal on disk; what is there goes to
//            the database, in order, as soon as it answers again; only then back to `direct`
//
// Only `pump` changes the state, and only one pump runs. It begins in `journal` if an earlier process left one behind.
// `write` must be idempotent: a batch whose commit was not confirmed is written again.

import type { Clock } from '../shared/clock.ts';
import { asError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import type { Journal } from './journal.ts';

export interface DurableWriter<Row> {
  /** Resolves once the row cannot be lost. Rejects only when this writer is closed. */
  put(row: Row): Promise<void>;
  /** Resolves when everything put so far is in the database. */
  flush(): Promise<void>;
  readonly state: 'direct' | 'journal';
  close(): Promise<void>;
}

interface Needs<Row> {
  journal: Journal;
  /** Writes a batch in one transaction; rejects if not all of it is in. */
  write: (rows: readonly Row[]) => Promise<void>;
  /** Resolves if the database takes requests. */
  probe: () => Promise<void>;
  /** False for an error that will come again however often the same row is tried. */
  isRetryable: (error: Error) => boolean;
  encode: (row: Row) => string;
  decode: (line: string) => Row;
  clock: Clock;
  log: Logger;
}

const maxBatch = 500;
const probeEveryMs = { first: 100, most: 1000 };
const closeGivesUpAfterMs = 5000;

interface Pending<Row> {
  row: Row;
  resolve: () => void;
}

export function createDurableWriter<Row>(needs: Needs<Row>): DurableWriter<Row> {
  const { journal, clock, log } = needs;
  const queue: Pending<Row>[] = [];
  const flushWaiters: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let state: 'direct' | 'journal' = journal.size > 0 ? 'journal' : 'direct';
  let replayedTo = 0;
  let reachable = true;
  let probeDelayMs = probeEveryMs.first;
  let pumping: Promise<void> | undefined;
  let closed = false;
  /** Closing has waited long enough for database and disk. */
  let abandoned = false;

  function pump(): void {
    pumping ??= run().finally(() => {
      pumping = undefined;
      const waitedFor = queue.length > 0 || (state === 'direct' && flushWaiters.length > 0);
      if (waitedFor && !closed) pump();
    });
  }

  async function run(): Promise<void> {
    // One turn of the event loop gathers what is appended together into one batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (!abandoned && (queue.length > 0 || (state === 'journal' && reachable && !closed))) {
      if (state === 'direct') await writeQueued();
      else if (queue.length > 0) await journalQueued();
      else await replaySome();
    }
    if (state === 'direct') for (const waiter of flushWaiters.splice(0)) waiter.resolve();
  }

  async function writeQueued(): Promise<void> {
    const batch = queue.slice(0, maxBatch);
    if (!(await tryToWrite(batch.map((pending) => pending.row)))) return leaveDatabase();
    queue.splice(0, batch.length);
    for (const pending of batch) pending.resolve();
  }

  async function journalQueued(): Promise<void> {
    const batch = queue.slice();
    try {
      await journal.append(batch.map((pending) => needs.encode(pending.row)));
    } catch (thrown) {
      log.fatal({ err: asError(thrown), waiting: queue.length }, 'neither database nor journal takes events');
      await new Promise<void>((resolve) => clock.after(500, resolve));
      return;
    }
    queue.splice(0, batch.length);
    for (const pending of batch) pending.resolve();
  }

  async function replaySome(): Promise<void> {
    const { lines, next } = await journal.read(replayedTo);
    if (lines.length > 0) {
      if (!(await tryToWrite(lines.map(needs.decode)))) return leaveDatabase();
      replayedTo = next;
    }
    if (replayedTo < journal.size || queue.length > 0) return;
    await journal.clear();
    replayedTo = 0;
    state = 'direct';
    log.info('database is back, the journal has been written to it');
  }

  /** False when the database is away. A row that it will never take is set aside and counts as written. */
  async function tryToWrite(rows: readonly Row[]): Promise<boolean> {
    try {
      await needs.write(rows);
      return true;
    } catch (thrown) {
      const error = asError(thrown);
      if (needs.isRetryable(error)) {
        log.warn({ err: error }, 'database does not take events');
        return false;
      }
      if (rows.length === 1) {
        log.error({ err: error }, 'an event was refused for good and put aside in rejected.ndjson');
        await journal.setAside(needs.encode(rows[0]!));
        return true;
      }
    }
    for (const row of rows) if (!(await tryToWrite([row]))) return false;
    return true;
  }

  function leaveDatabase(): void {
    if (state === 'direct') log.error('database is away, events go to the journal on disk');
    state = 'journal';
    reachable = false;
    probeDelayMs = probeEveryMs.first;
    probeLater();
  }

  function probeLater(): void {
    if (closed) return;
    clock.after(probeDelayMs * (0.75 + Math.random() / 2), () => {
      probeDelayMs = Math.min(probeDelayMs * 2, probeEveryMs.most);
      needs.probe().then(
        () => {
          reachable = true;
          if (!closed) pump();
        },
        (thrown) => {
          log.debug({ err: asError(thrown) }, 'database still away');
          probeLater();
        },
      );
    });
  }

  const idle = () => queue.length === 0 && state === 'direct' && !pumping;
  if (state === 'journal') pump();

  return {
    get state() {
      return state;
    },
    put(row) {
      if (closed) return Promise.reject(new Error('the store is closed'));
      return new Promise((resolve) => {
        queue.push({ row, resolve });
        pump();
      });
    },
    flush() {
      if (idle()) return Promise.resolve();
      return new Promise((resolve, reject) => {
        flushWaiters.push({ resolve, reject });
        pump();
      });
    },
    async close() {
      if (closed) return;
      const late = after(closeGivesUpAfterMs);
      const settled = async () => {
        while (queue.length > 0 && !abandoned) {
          pump();
          await pumping;
        }
        closed = true;
        await pumping;
      };
      await Promise.race([settled(), late.promise]);
      late.cancel();
      [closed, abandoned] = [true, true];
      if (queue.length > 0)
        log.fatal({ lost: queue.length }, 'closed with events that neither database nor journal took');
      for (const waiter of flushWaiters.splice(0)) waiter.reject(new Error('the store was closed'));
      await journal.close();
    },
  };
}

/** A timer that keeps the process alive: there may be nothing else left that does. */
function after(ms: number): { promise: Promise<void>; cancel(): void } {
  let handle: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => {
    handle = setTimeout(resolve, ms);
  });
  return { promise, cancel: () => clearTimeout(handle) };
}
