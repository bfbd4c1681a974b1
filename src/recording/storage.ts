// Where sealed recordings are kept, and the maker for a folder. Sees sealed bytes only.
// Files are 0600 in folders 0700, by day (UTC) of the recording's id: `2026/11/21/r_….opus.age`.

import { constants, createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';

export interface StoredFile {
  /** Writes all of it or rejects; may be repeated at the same position. */
  writeAt(bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves when what was written survives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface RecordingStorage {
  /** Creates a file, or empties the one that is there. */
  create(name: string): Promise<StoredFile>;
  /** Gives a file its final name, at once and durably; may be repeated. */
  rename(from: string, to: string): Promise<void>;
  /** Removes what is there of the named files. */
  remove(names: readonly string[]): Promise<void>;
  /** Names that begin with `prefix`, sorted: `a/b` those of folder `a` that begin with b, `a/` all of them. */
  list(prefix: string): Promise<string[]>;
  /** Every file there is. */
  listAll(): Promise<string[]>;
  read(name: string): Promise<Buffer>;
  /** Bytes `from` to `to`, both included; to the end unless told. */
  stream(name: string, range?: { from: number; to?: number }): Readable;
  /** Removes a file after its first bytes were overwritten where they lie, as far as disk and file system obey. */
  wipe(name: string, bytes: number): Promise<void>;
  info(name: string): Promise<{ bytes: number; changedAt: number }>;
}

/** The day folder of a recording: its id begins with the time (UUIDv7), so a file is found without the database. */
export function recordingName(recordingId: string): string {
  const at = new Date(Number.parseInt(recordingId.replace(/^r_/, '').slice(0, 12), 16));
  const day = Number.isNaN(at.getTime()) ? '0000-00-00' : at.toISOString().slice(0, 10);
  return `${day.replaceAll('-', '/')}/${recordingId}`;
}

export function createFolderStorage({ folder }: { folder: string }): RecordingStorage {
  const at = (name: string) => join(folder, name);
  return {
    async create(name) {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
      const handle = await open(at(name), flags, 0o600).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        await mkdir(dirname(at(name)), { recursive: true, mode: 0o700 });
        return open(at(name), flags, 0o600);
      });
      return storedFile(handle);
    },
    async rename(from, to) {
      await rename(at(from), at(to)).catch((error) => unlessRenamed(error, at(to)));
      await syncFolder(dirname(at(to)));
    },
    async remove(names) {
      await Promise.all(names.map((name) => rm(at(name), { force: true })));
    },
    async list(prefix) {
      const within = prefix.endsWith('/') ? prefix : `${dirname(prefix)}/`;
      const names = await readdir(at(within)).catch(emptyIfMissing);
      return names
        .map((name) => within + name)
        .filter((name) => name.startsWith(prefix))
        .sort();
    },
    async listAll() {
      const names = await readdir(folder, { recursive: true }).catch(emptyIfMissing);
      return names.map((name) => name.split(sep).join('/'));
    },
    read: (name) => readFile(at(name)),
    stream: (name, { from = 0, to } = { from: 0 }) =>
      createReadStream(at(name), { start: from, ...(to === undefined ? {} : { end: to }) }),
    async wipe(name, bytes) {
      const handle = await open(at(name), constants.O_WRONLY | constants.O_NOFOLLOW).catch(undefinedIfMissing);
      if (!handle) return;
      try {
        await handle.write(Buffer.alloc(bytes), 0, bytes, 0);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await rm(at(name), { force: true });
    },
    async info(name) {
      const { size, mtimeMs } = await stat(at(name));
      return { bytes: size, changedAt: Math.round(mtimeMs) };
    },
  };
}

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function emptyIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

/** A rename that is repeated because making it durable failed finds the work done. */
async function unlessRenamed(error: NodeJS.ErrnoException, to: string): Promise<void> {
  if (error.code !== 'ENOENT') throw error;
  await stat(to);
}

function storedFile(handle: FileHandle): StoredFile {
  return {
    async writeAt(bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    },
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

/** A new name is durable only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
