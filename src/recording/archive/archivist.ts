// Takes finished recordings into the archive: payload into the storage, header into the database, their hash into the audit log,
// and then what is left where the recording was made goes. Each step may be cut off and is done again; nothing is removed before
// all that replaces it is kept. While storage or database are away, recordings wait where they were made, sealed.
//
//   waiting/ID   a slip in the recordings folder: this node still has files of that recording
//
//   finished ─▶ waiting ─▶ stored (headers and payloads kept) ─▶ chained (in the audit log) ─▶ nothing is left here

import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { RecordingFileRow, RecordingFiles } from '../../store/recording-files.ts';
import type { RecordingRow, Recordings } from '../../store/records.ts';
import { sealedNames } from '../open-recording.ts';
import type { RecordingStorage } from '../storage.ts';
import { sha256Hex } from './age-header.ts';
import { hashesOf, type LocalFile, localFile } from './local-files.ts';
import { type PayloadStore, payloadKeyOf } from './payload-store.ts';
import { sealDetails } from './seal.ts';

const firstRetryMs = 1000;
const lastRetryMs = 60_000;
/** How often what is being made is offered to a storage that takes it bit by bit, and old recordings are looked for. */
const roundMs = 60_000;
const pageSize = 200;

export interface Archivist {
  /** From now on what waits is taken into the archive. */
  start(): void;
  /** Resolves when the recording cannot be forgotten any more; it is taken into the archive soon after. */
  accept(row: Pick<RecordingRow, 'id'>): Promise<void>;
  /** Resolves when everything that waits now was tried once. */
  settle(): Promise<void>;
  health(): { ok: boolean; because?: string };
  close(): Promise<void>;
}

export interface ArchivistNeeds {
  clock: Clock;
  log: Logger;
  recordings: Recordings;
  files: RecordingFiles;
  payloads: PayloadStore;
  /** Where this node's recordings are made. */
  local: RecordingStorage;
  /** Puts the hash of a recording into the audit log. */
  chain?(id: RecordingId, details: Record<string, string | number>): Promise<void>;
}

const slipOf = (id: string) => `waiting/${id}`;

export function createArchivist(needs: ArchivistNeeds): Archivist {
  const { clock, log, recordings, files, payloads, local } = needs;
  let trouble: string | undefined;
  let retryMs = firstRetryMs;
  let closed = false;
  let started = false;
  let running: Promise<void> | undefined;
  let again = false;
  let adoptedUpTo: RecordingId | undefined;
  let timer: { cancel(): void } | undefined;

  async function leaveSlip(id: string): Promise<void> {
    const file = await local.create(slipOf(id));
    await file.sync();
    await file.close();
  }

  async function store(row: RecordingRow): Promise<RecordingFileRow[]> {
    const known = await files.ofRecording(row.id);
    if (known.length > 0) return known;
    const rows: RecordingFileRow[] = [];
    for (const name of await sealedNames(local, row.id)) {
      const file = await localFile(local, name);
      if (file) rows.push(await keepPayload(row, file));
      else log.warn({ recordingId: row.id, name }, 'a piece of a recording was cut off within its header');
    }
    if (rows.length === 0) return [];
    await files.put(row.id, rows, clock.now());
    return rows;
  }

  async function keepPayload(row: RecordingRow, file: LocalFile): Promise<RecordingFileRow> {
    const { payloadSha256, joinedSha256 } = await hashesOf(file);
    if (row.sha256 !== null && row.sha256 !== joinedSha256)
      log.error(
        { recordingId: row.id },
        'a recording is not what the recorder made any more: it was changed on the disk',
      );
    const payloadKey = payloadKeyOf(file.name);
    await payloads.put(payloadKey, file.payload);
    return {
      recordingId: row.id,
      name: file.name,
      header: file.header,
      headerBytes: file.header.length,
      headerSha256: sha256Hex(file.header),
      recipients: row.recipients,
      payloadKey,
      payloadBytes: file.payload.bytes,
      payloadSha256,
    };
  }

  async function chain(id: RecordingId, stored: readonly RecordingFileRow[]): Promise<void> {
    if (!needs.chain) return;
    await needs.chain(id, sealDetails(stored));
    await files.chained(id, clock.now());
  }

  async function clear(id: RecordingId, stored: readonly RecordingFileRow[]): Promise<void> {
    for (const name of await sealedNames(local, id))
      await local.wipe(name, stored.find((file) => file.name === name)?.headerBytes ?? 0);
    await local.remove([slipOf(id)]);
  }

  async function settleOne(id: RecordingId): Promise<void> {
    const row = await recordings.byId(id);
    // Whoever ends it, or finds it after a crash, leaves another slip.
    if (!row || row.state === 'open') return;
    const stored = await store(row);
    if (stored.length === 0) log.error({ recordingId: id }, 'a recording has no file: nothing of it can be kept');
    else await chain(id, stored);
    await clear(id, stored);
  }

  /** Recordings of before there was an archive, whose files lie here. */
  async function adopt(): Promise<void> {
    for (;;) {
      const rows = await files.unstored({ after: adoptedUpTo, limit: pageSize });
      for (const { id } of rows) if ((await sealedNames(local, id)).length > 0) await leaveSlip(id);
      if (rows.length === 0 || closed) return;
      adoptedUpTo = rows.at(-1)!.id;
    }
  }

  /** What is being made, for a storage that takes it bit by bit. */
  async function goAhead(): Promise<void> {
    if (!payloads.putAhead) return;
    for (const slip of await local.list('open/')) {
      const id = /(r_[0-9a-f]{32})\.json$/.exec(slip)?.[1];
      const part = id && (await sealedNames(local, id)).find((name) => /\/r_[0-9a-f]{32}\.opus\.age\.part$/.test(name));
      const file = part && (await localFile(local, part));
      if (file) await payloads.putAhead(payloadKeyOf(part.replace(/\.part$/, '')), file.payload);
    }
  }

  async function round(): Promise<void> {
    let failed: Error | undefined;
    const attempt = async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (thrown) {
        failed = asError(thrown);
      }
    };
    await attempt(adopt);
    for (const slip of await local.list('waiting/'))
      if (!closed) await attempt(() => settleOne(slip.slice('waiting/'.length) as RecordingId));
    if (!closed) await attempt(goAhead);
    if (!failed) {
      if (trouble) log.info({}, 'recordings are taken into the archive again');
      trouble = undefined;
      retryMs = firstRetryMs;
      return;
    }
    trouble = `Finished recordings wait, sealed, in this node's folder: ${failed.message}`;
    log.warn({ err: failed, retryMs }, 'recordings wait to be taken into the archive');
    retryMs = Math.min(retryMs * 2, lastRetryMs);
  }

  function run(): Promise<void> {
    if (running) {
      again = true;
      return running.then(() => undefined);
    }
    timer?.cancel();
    running = (async () => {
      do {
        again = false;
        await round();
      } while (again && !trouble && !closed);
    })()
      .catch((thrown: unknown) => log.error({ err: asError(thrown) }, 'the recordings folder cannot be looked through'))
      .finally(() => {
        running = undefined;
        if (!closed) timer = clock.after(trouble ? retryMs : roundMs, () => void run());
      });
    return running;
  }

  return {
    start() {
      started = true;
      timer = clock.after(0, () => void run());
    },
    async accept({ id }) {
      await leaveSlip(id);
      if (started && !closed) void run();
    },
    async settle() {
      await run();
      await running;
    },
    health: () => (trouble ? { ok: false, because: trouble } : payloads.health()),
    async close() {
      closed = true;
      timer?.cancel();
      await running;
    },
  };
}
