// Opening a recording where it is kept: what there is of it is found, and opened by open-parts.ts.
// Plaintext stays in memory; writing it anywhere is the caller's decision. The server that records has no private key.

import type { Decrypter } from 'age-encryption';
import { AppError } from '../shared/errors.ts';
import { type OpenedRecording, openParts } from './open-parts.ts';
import { type RecordingStorage, recordingName } from './storage.ts';

/** The files of one recording: one when it is complete, its parts and tails otherwise. */
export async function sealedNames(storage: Pick<RecordingStorage, 'list'>, recordingId: string): Promise<string[]> {
  return (await storage.list(`${recordingName(recordingId)}.`)).filter((name) =>
    /\.opus\.age(\.part|\.tail-\d+)?$/.test(name),
  );
}

export async function openRecording(options: {
  storage: RecordingStorage;
  recordingId: string;
  identities: Decrypter;
}): Promise<OpenedRecording> {
  const { storage, recordingId, identities } = options;
  const names = await sealedNames(storage, recordingId);
  if (names.length === 0) throw new AppError('not-found', `There is no recording ${recordingId} in this folder.`);
  return openParts({ names, read: (name) => storage.read(name) }, identities);
}
