// The journal: a file of JSON lines that holds what could not go to PostgreSQL yet. A line counts once `append` resolved;
// it has been written and synced then, so it outlives `kill -9` and a power cut. A torn last line was never promised to
// anybody and is dropped when the file is opened. Does not know what the lines mean.

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../shared/make-folder.ts';

export interface Journal {
  readonly size: number;
  append(lines: readonly string[]): Promise<void>;
  /** Whole lines from a byte offset on, about `maxBytes` of them, and where to go on reading. */
  read(offset: number, maxBytes?: number): Promise<{ lines: string[]; next: number }>;
  /** Everything in it is in the database: empty it. */
  clear(): Promise<void>;
  /** Keeps a line that the database will never take, for a person to look at. */
  setAside(line: string): Promise<void>;
  close(): Promise<void>;
}

const NEWLINE = 0x0a;

export async function openJournal(folder: string): Promise<Journal> {
  makeFolder(folder);
  const file = await open(join(folder, 'journal.ndjson'), 'a+', 0o600);
  let size = await dropTornLine(file);
  let closed = false;

  return {
    get size() {
      return size;
    },
    async append(lines) {
      if (lines.length === 0) return;
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      try {
        await file.appendFile(bytes);
        await file.datasync();
      } catch (thrown) {
        await file.truncate(size);
        throw thrown;
      }
      size += bytes.length;
    },
    async read(offset, maxBytes = 256 * 1024) {
      const until = Math.min(size, offset + maxBytes);
      let bytes = await readExactly(file, offset, until - offset);
      let end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end === 0 && size > until) {
        bytes = await readExactly(file, offset, size - offset);
        end = bytes.indexOf(NEWLINE) + 1;
      }
      const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
      return { lines, next: offset + end };
    },
    async clear() {
      await file.truncate(0);
      await file.datasync();
      size = 0;
    },
    async setAside(line) {
      const rejected = await open(join(folder, 'rejected.ndjson'), 'a', 0o600);
      try {
        await rejected.appendFile(`${line}\n`);
        await rejected.datasync();
      } finally {
        await rejected.close();
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      await file.close();
    },
  };
}

async function readExactly(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function dropTornLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const block = 64 * 1024;
  for (let end = size; end > 0; end -= block) {
    const from = Math.max(0, end - block);
    const newline = (await readExactly(file, from, end - from)).lastIndexOf(NEWLINE);
    if (newline === -1) continue;
    const kept = from + newline + 1;
    if (kept < size) await file.truncate(kept);
    return kept;
  }
  if (size > 0) await file.truncate(0);
  return 0;
}
