// What a recordings folder holds, and whether it is whole. Without a private key the form of an age file can be checked
// (its header and a length that is possible); with one, every byte is.

import type { Decrypter } from 'age-encryption';
import { asError } from '../shared/errors.ts';
import { ageHeaderBytes, payloadNonceBytes, sealedChunkBytes, tagBytes } from './age-format.ts';
import { openRecording } from './open-recording.ts';
import { type RecordingStorage, recordingName } from './storage.ts';

export interface InventoryEntry {
  recordingId: string;
  startedAt: number;
  /** `parts`: being made at the moment, or left by a crash. */
  state: 'complete' | 'parts';
  bytes: number;
}

/** Newest first. */
export async function listRecordings(storage: RecordingStorage): Promise<InventoryEntry[]> {
  const found = new Map<string, InventoryEntry>();
  for (const name of await storage.listAll()) {
    const [, recordingId, rest] = /\/(r_[0-9a-f]{32})((?:\.g\d+)?\.opus\.age(?:\.part|\.tail-\d+)?)$/.exec(name) ?? [];
    if (!recordingId || !rest) continue;
    const entry = found.get(recordingId) ?? {
      recordingId,
      startedAt: Number.parseInt(recordingId.slice(2, 14), 16),
      state: 'complete' as const,
      bytes: 0,
    };
    entry.bytes += (await storage.info(name)).bytes;
    if (rest !== '.opus.age') entry.state = 'parts';
    found.set(recordingId, entry);
  }
  return [...found.values()].sort((a, b) => (a.recordingId < b.recordingId ? 1 : -1));
}

export async function verifyRecording(options: {
  storage: RecordingStorage;
  recordingId: string;
  identities?: Decrypter;
}): Promise<{ ok: boolean; sentence: string }> {
  const { storage, recordingId, identities } = options;
  try {
    if (!identities) return verifyForm(await storage.read(`${recordingName(recordingId)}.opus.age`));
    const { state, durationMs, notes } = await openRecording({ storage, recordingId, identities });
    const seconds = `${(durationMs / 1000).toFixed(1)} s open`;
    if (notes.length > 0) return { ok: false, sentence: `${seconds}; ${notes.join(' ')}` };
    return { ok: true, sentence: state === 'complete' ? seconds : `${seconds}, from what a crash left` };
  } catch (thrown) {
    const { code, message } = asError(thrown) as NodeJS.ErrnoException;
    return {
      ok: false,
      sentence: code === 'ENOENT' ? 'There is no finished file; open it with a private key.' : message,
    };
  }
}

function verifyForm(sealed: Buffer): { ok: boolean; sentence: string } {
  const header = ageHeaderBytes(sealed);
  if (header === undefined) return { ok: false, sentence: 'This is not an age file.' };
  const payload = sealed.length - (header + payloadNonceBytes);
  const last = payload % sealedChunkBytes;
  const possible = payload >= tagBytes && (last === 0 || last >= tagBytes);
  return possible
    ? { ok: true, sentence: 'An age file of a possible length; only a private key can tell more.' }
    : { ok: false, sentence: 'The file was cut off.' };
}
