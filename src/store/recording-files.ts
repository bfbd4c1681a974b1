// What the database keeps of a finished recording besides its row: the age header of each of its files, what the payloads in the
// storage must be like, and what keeps it from being deleted. Never a key that opens one.

import type { PersonId, RecordingHoldId, RecordingId } from '../shared/ids.ts';
import type { RecordingRow } from './records.ts';

/** One age file: its header is here, its payload in the storage. A complete recording has one; a crash may leave several. */
export interface RecordingFileRow {
  recordingId: RecordingId;
  /** Name of the joined file, as `2026/11/22/r_….opus.age`. */
  name: string;
  /** The text up to and with its MAC line; null once it is shredded. */
  header: Uint8Array | null;
  headerBytes: number;
  /** Hex. Of the header that is here now, or was here last. */
  headerSha256: string;
  /** Public keys that the header was last written for; empty where that is not known. */
  recipients: string[];
  /** Where the storage has everything behind the header. */
  payloadKey: string;
  payloadBytes: number;
  payloadSha256: string;
}

export interface RecordingFiles {
  ofRecording(id: RecordingId): Promise<RecordingFileRow[]>;
  /** All files of a recording at once; those that are there already stay as they are. */
  put(id: RecordingId, files: readonly RecordingFileRow[], storedAt: number): Promise<void>;
  /** False: the header is another one by now, or gone. */
  replaceHeader(
    file: Pick<RecordingFileRow, 'recordingId' | 'name'>,
    from: { headerSha256: string },
    to: { header: Uint8Array; headerSha256: string; recipients: readonly string[] },
  ): Promise<boolean>;
  /** Those that are not in the audit log yet, or were stored before; oldest first. */
  unchained(limit: number): Promise<RecordingRow[]>;
  chained(id: RecordingId, at: number): Promise<void>;
  /** Finished recordings whose files were never taken into the archive. */
  unstored(query: { after?: RecordingId; limit: number }): Promise<RecordingRow[]>;
}

/** Somebody said that a recording must be kept, whatever the clock says. */
export interface RecordingHold {
  id: RecordingHoldId;
  recordingId: RecordingId;
  /** The case that it is kept for, as people call it. */
  matter: string;
  purpose: string;
  placedAt: number;
  placedBy: PersonId | null;
  releasedAt: number | null;
  releasedBy: PersonId | null;
  releasePurpose: string | null;
}

/** What is decided by: of the call, and of the message if it is one. */
export interface RecordingAbout {
  row: RecordingRow;
  queue: string | null;
  reason: string | null;
  piiClass: string | null;
  mailbox: string | null;
  held: boolean;
  /** A deletion was begun: headers are gone, payloads may not be. */
  shreddingSince: number | null;
  shreddedAt: number | null;
  storedAt: number | null;
}

export type ShredStart =
  | { kind: 'started'; files: RecordingFileRow[] }
  | { kind: 'held' }
  | { kind: 'open' }
  | { kind: 'gone' };

export interface RecordingLives {
  about(ids: readonly RecordingId[]): Promise<RecordingAbout[]>;
  /** Oldest first: finished before `endedBefore`, not shredded. Those on hold are among them. */
  finished(query: { endedBefore: number; after?: RecordingId; limit: number }): Promise<RecordingAbout[]>;
  /** Begun and not ended, by a node that stopped meanwhile. */
  halfShredded(): Promise<RecordingId[]>;
  placeHold(hold: Omit<RecordingHold, 'releasedAt' | 'releasedBy' | 'releasePurpose'>): Promise<'placed' | 'shredded'>;
  releaseHold(
    id: RecordingHoldId,
    release: { at: number; by: PersonId | null; purpose: string },
  ): Promise<RecordingHold | undefined>;
  holds(id: RecordingId): Promise<RecordingHold[]>;
  holdById(id: RecordingHoldId): Promise<RecordingHold | undefined>;
  /**
   * Removes the headers unless the recording is on hold or being made: in one transaction, so that a hold placed at the same
   * moment either prevents it or is refused. Started twice, it says the same.
   */
  startShredding(id: RecordingId, at: number): Promise<ShredStart>;
  endShredding(id: RecordingId, at: number): Promise<void>;
  /** One node at a time does what only one should; false: another one does it. */
  exclusively(job: string, work: () => Promise<void>): Promise<boolean>;
}
