// One recording on its way to the storage: pages go in, a sealed file grows, and what is not in it yet lies beside it in
// small sealed pieces ("tails"). See docs/decisions/0010-crash-safe-sealed-recordings.md.
//
//   NAME.opus.age.part            an age file that grows by whole 64 KiB chunks
//   NAME.opus.age.tail-OFFSET     complete age files: the plaintext from OFFSET on, one per page; removed once in the part
//   NAME.opus.age                 the part, finished; nothing else is left
//
// Invariant: after each step, the part and the tails that are on the storage hold every page of the steps before.
// Only `run` writes; while the storage refuses, it repeats the same write and pages wait in memory.

import { createHash } from 'node:crypto';
import type { Clock } from '../shared/clock.ts';
import { asError } from '../shared/errors.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { SealedStream, Sealer } from './sealing.ts';
import type { RecordingStorage, StoredFile } from './storage.ts';

const retryMs = 500;

export interface SealedFileEvents {
  /** The storage refuses; told once until `recovered`. */
  onTrouble(error: Error): void;
  onRecovered(): void;
}

export interface SealedFile {
  append(page: Uint8Array): void;
  /** The storage refuses at the moment. */
  readonly troubled: boolean;
  /** Writes what is left and gives the file its name. Waits for as long as the storage refuses. */
  finish(): Promise<{ bytes: number; sha256: string }>;
}

export interface SealedFileOptions extends SealedFileEvents {
  clock: Clock;
  storage: RecordingStorage;
  sealer: Sealer;
  budget: MemoryBudget;
  /** Without ending. */
  name: string;
  /** True: tails are pushed to the disk itself, so that a power cut also costs no more than two seconds. */
  syncTails: boolean;
}

export function createSealedFile(options: SealedFileOptions): SealedFile {
  const { clock, storage, sealer, budget, syncTails } = options;
  const finalName = `${options.name}.opus.age`;
  const partName = `${finalName}.part`;
  const hash = createHash('sha256');
  let waiting: Uint8Array[] = [];
  let ending = false;
  let troubled = false;
  let wake: () => void = () => {};
  let stream: SealedStream;
  let part: StoredFile;
  let partBytes = 0;
  let pageBytes = 0;
  let tails: { name: string; end: number }[] = [];
  const running = run();
  running.catch(options.onTrouble); // `finish` hands the fault on as well, but that may be an hour away.

  /** Repeats until the storage obeys. */
  async function insist<T>(write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await write();
        if (troubled) options.onRecovered();
        troubled = false;
        return result;
      } catch (thrown) {
        if (!troubled) options.onTrouble(asError(thrown));
        troubled = true;
        await new Promise<void>((resolve) => clock.after(retryMs, resolve));
      }
    }
  }

  async function writePart(sealed: Uint8Array): Promise<void> {
    if (sealed.length === 0) return;
    hash.update(sealed);
    await insist(() => part.writeAt(sealed, partBytes));
    partBytes += sealed.length;
  }

  async function writeTail(plaintext: Uint8Array, offset: number): Promise<void> {
    const name = `${finalName}.tail-${String(offset).padStart(12, '0')}`;
    const sealed = await sealer.sealWhole(plaintext);
    await insist(async () => {
      const file = await storage.create(name);
      try {
        await file.writeAt(sealed, 0);
        if (syncTails) await file.sync();
      } finally {
        await file.close();
      }
    });
    tails.push({ name, end: offset + plaintext.length });
  }

  async function step(pages: Uint8Array): Promise<void> {
    const start = pageBytes;
    pageBytes += pages.length;
    const sealed = await stream.add(pages);
    const covered = stream.coveredBytes;
    // What the new chunks do not reach is safe in a tail before the chunks are written, and older tails go after that.
    const from = Math.max(start, covered);
    await writeTail(pages.subarray(from - start), from);
    if (sealed.length === 0) return;
    await writePart(sealed);
    if (covered === 0) return;
    await insist(() => part.sync());
    const gone = tails.filter((tail) => tail.name !== tails.at(-1)!.name);
    tails = tails.slice(-1);
    await insist(() => storage.remove(gone.map(({ name }) => name)));
  }

  async function run(): Promise<{ bytes: number; sha256: string }> {
    stream = await sealer.createSealedStream();
    part = await insist(() => storage.create(partName));
    while (!ending || waiting.length > 0) {
      if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const taken = waiting;
      waiting = [];
      if (taken.length === 0) continue;
      const pages = Buffer.concat(taken);
      await step(pages);
      budget.release(pages.length);
    }
    await writePart(await stream.end());
    await insist(() => part.sync());
    await part.close();
    await insist(() => storage.rename(partName, finalName));
    await insist(() => storage.remove(tails.map(({ name }) => name)));
    return { bytes: partBytes, sha256: hash.digest('hex') };
  }

  return {
    get troubled() {
      return troubled;
    },
    append(page) {
      budget.take(page.length);
      waiting.push(page);
      wake();
    },
    finish() {
      ending = true;
      wake();
      return running;
    },
  };
}
