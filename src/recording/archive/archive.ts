// What the rest of the program may know about where a finished recording is: the age header of each of its files is in the
// database, everything behind the header in the storage. Joined, they are a standard age file (docs/decisions/0091).
// Nothing here can open one.

import type { Readable } from 'node:stream';
import type { RecordingId } from '../../shared/ids.ts';

export interface ArchivedFile {
  recordingId: RecordingId;
  /** Of the joined file, as `2026/11/22/r_….opus.age`. A recording that was cut off has parts and tails besides. */
  name: string;
  /** The age header: text, up to and with its MAC line. */
  header: Uint8Array;
  /** Everything behind the header: 16 bytes of nonce, then chunks. */
  payloadBytes: number;
  /** Hex; undefined while it waits on this node to be stored. */
  payloadSha256?: string;
}

/** Bytes `from` to `to`, both included, as in RFC 9110 §14.1.2. */
export interface ByteRange {
  from: number;
  to: number;
}

/**
 * `gone`: there was one, and it was deleted. `elsewhere`: it has not reached the storage yet and is on another node, or its file
 * is missing.
 */
export type ArchivedRecording =
  | { kind: 'files'; files: ArchivedFile[] }
  | { kind: 'open' }
  | { kind: 'shredded'; at: number }
  | { kind: 'elsewhere' }
  | { kind: 'unknown' };

export interface RecordingArchive {
  find(recordingId: RecordingId): Promise<ArchivedRecording>;
  /** The standard age file, header and payload joined, or a range of it. Fails with AppError `storage-unavailable`. */
  openJoined(file: ArchivedFile, range?: ByteRange): Promise<Readable>;
  /** Of what is behind the header alone. Fails with AppError `storage-unavailable`. */
  openPayload(file: ArchivedFile, range?: ByteRange): Promise<Readable>;
}

export const joinedBytes = (file: ArchivedFile): number => file.header.length + file.payloadBytes;
