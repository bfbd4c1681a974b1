// Keeps the rows of recordings true, also while the database is away and across `kill -9`.
// Each recording under way has a slip of paper, `open/ID.json` in the recordings folder, with its row (ids, times, public
// keys: nothing personal). It goes when the final row is in the database. What is left of it at the next start is a
// recording that nobody ended: `recover` looks at its files and writes what became of it.

import { createHash } from 'node:crypto';
import type { Clock } from '../shared/clock.ts';
import { asError } from '../shared/errors.ts';
import type { RecordingId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { RecordingRow, Recordings } from '../store/records.ts';
import type { RecordingStorage } from './storage.ts';

const firstRetryMs = 200;
const lastRetryMs = 5000;
/** A file that changed more recently than this may still be written to: pages come every 0.5 s. */
const stillWritingMs = 4000;
/** Rows looked through at the start for recordings that were never ended. */
const pageSize = 500;
/** No recording is under way for so long: its node has lost it. */
const abandonedMs = 24 * 3600 * 1000;

export interface RowKeeper {
  /** Writes the row as soon as it can be. */
  begin(row: RecordingRow): void;
  /** Resolves when the final row is in the database. */
  finish(id: RecordingId, change: Partial<RecordingRow>): Promise<void>;
  /** Settles what earlier runs, begun before `startedBefore`, left open. */
  recover(startedBefore: number): Promise<{ complete: number; interrupted: number }>;
  trouble(): string | undefined;
  close(): Promise<void>;
}

const slipName = (id: string) => `open/${id}.json`;

export function createRowKeeper(needs: {
  clock: Clock;
  log: Logger;
  recordings: Recordings;
  storage: RecordingStorage;
  /** Others write rows, too: one that has neither a slip nor a file here may be under way elsewhere. */
  shared?: boolean | undefined;
  /** Called when a final row is in the database, before its slip goes: who takes the files from here. */
  handOver?: (row: Pick<RecordingRow, 'id'>) => Promise<void>;
}): RowKeeper {
  const { clock, log, recordings, storage, shared, handOver } = needs;
  const begun = new Map<RecordingId, Promise<void>>();
  const underWay = new Set<Promise<void>>();
  let failing = 0;
  let closed = false;

  /** Repeats until the database takes it; only closing ends it early. */
  async function insist(write: () => Promise<void>): Promise<void> {
    let counted = false;
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(delayMs * 2, lastRetryMs)) {
      try {
        await write();
        if (counted) failing--;
        return;
      } catch (thrown) {
        const err = asError(thrown);
        if (closed) throw err;
        if (!counted) failing++;
        counted = true;
        log.warn({ err }, 'row of a recording waits for the database');
        await new Promise<void>((resolve) => clock.after(delayMs, resolve));
      }
    }
  }

  async function leaveSlip(row: RecordingRow): Promise<void> {
    const file = await storage.create(slipName(row.id));
    try {
      await file.writeAt(Buffer.from(JSON.stringify(row)), 0);
    } finally {
      await file.close();
    }
  }

  function track(work: Promise<void>): Promise<void> {
    underWay.add(work);
    const done = () => void underWay.delete(work);
    work.then(done, done);
    return work;
  }

  const filesOf = ({ path }: RecordingRow) => storage.list(path.replace(/\.opus\.age$/, '.'));

  async function isOurs(row: RecordingRow): Promise<boolean> {
    return !shared || clock.now() - row.startedAt > abandonedMs || (await filesOf(row)).length > 0;
  }

  /** A recorder process that lost its parent finishes its files by itself: while it still writes, wait for it. */
  async function look(row: RecordingRow) {
    for (;;) {
      const names = await filesOf(row);
      const infos = await Promise.all(names.map((name) => storage.info(name)));
      const changedAt = Math.max(row.startedAt, ...infos.map((info) => info.changedAt));
      const bytes = infos.reduce((sum, info) => sum + info.bytes, 0);
      const complete = names.length === 1 && names[0] === row.path;
      if (complete || closed || clock.now() - changedAt > stillWritingMs) return { changedAt, bytes, complete };
      await new Promise<void>((resolve) => clock.after(1000, resolve));
    }
  }

  async function settle(row: RecordingRow): Promise<'complete' | 'interrupted'> {
    const ended = await recordings.byId(row.id);
    if (ended && ended.state !== 'open') {
      await handOver?.(ended);
      await storage.remove([slipName(row.id)]);
      return ended.state;
    }
    const { changedAt: endedAt, bytes, complete } = await look(row);
    const sha256 = complete
      ? createHash('sha256')
          .update(await storage.read(row.path))
          .digest('hex')
      : null;
    const state = complete ? 'complete' : 'interrupted';
    const final: RecordingRow = { ...row, endedAt, durationMs: endedAt - row.startedAt, bytes, sha256, state };
    await insist(async () => {
      await recordings.create(final);
      await recordings.update(row.id, final);
    });
    await handOver?.(final);
    await storage.remove([slipName(row.id)]);
    return state;
  }

  async function leftOpen(): Promise<Map<RecordingId, RecordingRow>> {
    const found = new Map<RecordingId, RecordingRow>();
    for (const name of await storage.list('open/')) {
      try {
        const row = JSON.parse((await storage.read(name)).toString()) as RecordingRow;
        found.set(row.id, row);
      } catch (thrown) {
        log.warn({ err: asError(thrown), name }, 'note of a recording under way is unreadable');
      }
    }
    for (const row of await recordings.list({ limit: pageSize }))
      if (row.state === 'open' && !found.has(row.id) && (await isOurs(row))) found.set(row.id, row);
    return found;
  }

  return {
    begin(row) {
      const slip = leaveSlip(row).catch((thrown: unknown) =>
        log.warn({ err: asError(thrown), recordingId: row.id }, 'no note could be left of a recording under way'),
      );
      const written = track(Promise.all([slip, insist(() => recordings.create(row))]).then(() => {}));
      written.catch(() => {}); // Only closing gives up, and then `finish` or the slip tells.
      begun.set(row.id, written);
    },
    finish: (id, change) =>
      track(
        (async () => {
          await begun.get(id);
          begun.delete(id);
          await insist(() => recordings.update(id, change));
          await handOver?.({ id });
          await storage.remove([slipName(id)]);
        })(),
      ),
    async recover(startedBefore) {
      const counts = { complete: 0, interrupted: 0 };
      for (const row of (await leftOpen()).values()) {
        if (row.startedAt < startedBefore) counts[await settle(row)]++;
      }
      if (counts.complete + counts.interrupted > 0) log.warn(counts, 'recordings of an earlier run were settled');
      return counts;
    },
    trouble: () =>
      failing > 0 ? 'The database does not take rows of recordings; they are kept and tried again.' : undefined,
    async close() {
      closed = true;
      await Promise.allSettled(underWay);
    },
  };
}
