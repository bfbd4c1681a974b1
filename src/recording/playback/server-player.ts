// Where a company has given the server an identity: recordings opened here, any part of them, for many listeners at once. What is
// one age file is opened chunk by chunk as it is asked for; what a crash left in parts is put together in memory, within a limit.
// Plaintext is on no disk and in no cache of files.

import { Readable } from 'node:stream';
import type { Decrypter } from 'age-encryption';
import type { Clock, Timer } from '../../shared/clock.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { RecordingId } from '../../shared/ids.ts';
import { type ArchivedFile, type ByteRange, joinedBytes, type RecordingArchive } from '../archive/archive.ts';
import { readAll } from '../archive/create-archive.ts';
import { openParts } from '../open-parts.ts';
import { plaintextBytes, plaintextRange } from './age-payload.ts';

export interface PlayableRecording {
  /** Of the Ogg Opus stream. */
  bytes: number;
  open(range: ByteRange): Readable;
}

export interface ServerPlayer {
  /**
   * Undefined: it is not there any more, or not yet. Fails with AppError `forbidden` when this identity does not open it.
   */
  find(recordingId: RecordingId): Promise<PlayableRecording | undefined>;
}

const mebibyte = 1024 * 1024;
/** What nobody asked for again is not kept in the clear for longer. */
const keptMs = 5 * 60_000;

export function createServerPlayer(needs: {
  clock: Clock;
  archive: RecordingArchive;
  identities: Decrypter;
  /** How much plaintext of recordings in parts may be in memory. */
  partsLimitBytes?: number;
}): ServerPlayer {
  const { clock, archive, identities, partsLimitBytes = 128 * mebibyte } = needs;
  /** Newest last. Those that somebody has just listened to are asked for again, a few seconds further on. */
  const joined = new Map<RecordingId, { ogg: Promise<Uint8Array>; bytes: number; forgetting: Timer }>();

  async function fileKeyOf(file: ArchivedFile): Promise<Uint8Array> {
    try {
      return await identities.decryptHeader(file.header);
    } catch (thrown) {
      if (!/no identity matched/.test(asError(thrown).message)) throw thrown;
      throw new AppError('forbidden', 'playback.identity does not open this recording: it was sealed to others.', {
        details: { name: file.name },
      });
    }
  }

  function forget(recordingId: RecordingId): void {
    joined.get(recordingId)?.forgetting.cancel();
    joined.delete(recordingId);
  }

  function keep(recordingId: RecordingId, ogg: Promise<Uint8Array>, bytes: number): Promise<Uint8Array> {
    forget(recordingId);
    joined.set(recordingId, { ogg, bytes, forgetting: clock.after(keptMs, () => forget(recordingId)) });
    return ogg;
  }

  function makeRoom(bytes: number): void {
    const used = () => [...joined.values()].reduce((sum, one) => sum + one.bytes, 0);
    while (joined.size > 0 && used() + bytes > partsLimitBytes) forget(joined.keys().next().value!);
    if (bytes > partsLimitBytes)
      throw new AppError('too-large', 'This recording was left in parts and is too long to be put together here.');
  }

  function joinedOf(recordingId: RecordingId, files: readonly ArchivedFile[]): Promise<Uint8Array> {
    const known = joined.get(recordingId);
    if (known) return keep(recordingId, known.ogg, known.bytes);
    const bytes = files.reduce((sum, file) => sum + joinedBytes(file), 0);
    makeRoom(bytes);
    const names = files.map(({ name }) => name);
    const read = async (name: string) => readAll(await archive.openJoined(files.find((file) => file.name === name)!));
    const ogg = openParts({ names, read }, identities).then((opened) => opened.ogg);
    ogg.catch(() => forget(recordingId));
    return keep(recordingId, ogg, bytes);
  }

  return {
    async find(recordingId) {
      const found = await archive.find(recordingId);
      if (found.kind !== 'files') return undefined;
      const [file] = found.files;
      if (found.files.length === 1 && file && /\/r_[0-9a-f]+\.opus\.age$/.test(file.name)) {
        const fileKey = await fileKeyOf(file);
        const open = (range: ByteRange) => archive.openPayload(file, range);
        const { payloadBytes } = file;
        return {
          bytes: plaintextBytes(payloadBytes),
          open: (range) => Readable.from(plaintextRange({ fileKey, payloadBytes, open, range })),
        };
      }
      const ogg = await joinedOf(recordingId, found.files);
      return { bytes: ogg.length, open: ({ from, to }) => Readable.from(inPieces(ogg.subarray(from, to + 1))) };
    },
  };
}

function* inPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024);
}
