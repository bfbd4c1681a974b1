// Finds finished recordings and joins header and payload. What has not reached the storage yet is read where it was made.

import { Readable } from 'node:stream';
import { AppError } from '../../shared/errors.ts';
import type { RecordingFileRow, RecordingFiles, RecordingLives } from '../../store/recording-files.ts';
import { sealedNames } from '../open-recording.ts';
import type { RecordingStorage } from '../storage.ts';
import { type ArchivedFile, type ByteRange, joinedBytes, type RecordingArchive } from './archive.ts';
import { localFile } from './local-files.ts';
import { type PayloadStore, payloadKeyOf } from './payload-store.ts';

export interface ArchiveNeeds {
  files: RecordingFiles;
  lives: RecordingLives;
  payloads: PayloadStore;
  /** The folder in which this node's recordings are made. */
  local: RecordingStorage;
}

export function createArchive({ files, lives, payloads, local }: ArchiveNeeds): RecordingArchive {
  async function openPayload(file: ArchivedFile, range: ByteRange = wholeOf(file.payloadBytes)): Promise<Readable> {
    if (range.from > range.to) return Readable.from([]);
    if (file.payloadSha256 !== undefined) return payloads.open(payloadKeyOf(file.name), range);
    const here = await localFile(local, file.name).catch(undefinedIfMissing);
    if (here) return here.payload.read(range);
    // It was taken into the archive a moment ago.
    return payloads.open(payloadKeyOf(file.name), range);
  }

  return {
    async find(recordingId) {
      const [about] = await lives.about([recordingId]);
      if (!about) return { kind: 'unknown' };
      if (about.shreddingSince !== null) return { kind: 'shredded', at: about.shreddedAt ?? about.shreddingSince };
      if (about.row.state === 'open') return { kind: 'open' };
      const stored = (await files.ofRecording(recordingId)).flatMap(archived);
      if (stored.length > 0) return { kind: 'files', files: stored };
      const found: ArchivedFile[] = [];
      for (const name of await sealedNames(local, recordingId)) {
        const here = await localFile(local, name).catch(undefinedIfMissing);
        if (here) found.push({ recordingId, name, header: here.header, payloadBytes: here.payload.bytes });
      }
      if (found.length > 0) return { kind: 'files', files: found };
      // Between the two looks it may have been taken into the archive.
      const now = (await files.ofRecording(recordingId)).flatMap(archived);
      return now.length > 0 ? { kind: 'files', files: now } : { kind: 'elsewhere' };
    },
    async openJoined(file, range = wholeOf(joinedBytes(file))) {
      const { header } = file;
      const head = header.subarray(range.from, range.to + 1);
      if (range.to < header.length) return Readable.from(head.length > 0 ? [head] : []);
      const payload = await openPayload(file, {
        from: Math.max(0, range.from - header.length),
        to: range.to - header.length,
      });
      return head.length > 0 ? Readable.from(joined(head, payload)) : payload;
    },
    openPayload,
  };
}

const wholeOf = (bytes: number): ByteRange => ({ from: 0, to: bytes - 1 });

async function* joined(head: Uint8Array, payload: Readable): AsyncGenerator<Uint8Array> {
  yield head;
  for await (const piece of payload) yield piece as Uint8Array;
}

function archived(file: RecordingFileRow): ArchivedFile[] {
  const { recordingId, name, header, payloadBytes, payloadSha256 } = file;
  return header ? [{ recordingId, name, header, payloadBytes, payloadSha256 }] : [];
}

function undefinedIfMissing(thrown: NodeJS.ErrnoException): undefined {
  if (thrown.code !== 'ENOENT') throw thrown;
}

/** All of it, for what cannot be read in pieces. */
export async function readAll(stream: Readable, mostBytes = 1024 * 1024 * 1024): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    bytes += (piece as Buffer).length;
    if (bytes > mostBytes) throw new AppError('too-large', `A recording is longer than ${mostBytes} bytes.`);
    pieces.push(Buffer.from(piece as Buffer));
  }
  return Buffer.concat(pieces);
}
