// A recorder on a folder of its own with a key pair, for the tests of recording.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { createRecorder, type RecorderOptions } from '../../../src/recording/create-recorder.ts';
import { writeNewIdentity } from '../../../src/recording/identity.ts';
import { createIdentities } from '../../../src/recording/open-parts.ts';
import { openRecording } from '../../../src/recording/open-recording.ts';
import { createFolderStorage } from '../../../src/recording/storage.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { newId, type RecordingId } from '../../../src/shared/ids.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { createMemoryRecordings } from './memory-recordings.ts';

export async function recordingBench(
  t: Test,
  { alsoRecipients = [], ...options }: Partial<RecorderOptions> & { alsoRecipients?: string[] } = {},
) {
  const home = t.testdir();
  const identityFile = join(home, 'identity.txt');
  const { recipient } = await writeNewIdentity(identityFile);
  const identity = readFileSync(identityFile, 'utf8').split('\n')[1]!;
  const recordings = createMemoryRecordings();
  const folder = options.folder ?? join(home, 'recordings');
  const settings = {
    clock: systemClock,
    log: silentLogger,
    recordings,
    recipients: [recipient, ...alsoRecipients],
    ...options,
    folder,
  };
  const recorder = await createRecorder(settings);
  t.teardown(() => recorder.close());
  const open = () => recorder.open({ callId: newId('call'), startedAt: Date.now() });
  const path = (recordingId: RecordingId) => join(folder, recordings.rows.get(recordingId)!.path);
  const openWithUs = (recordingId: RecordingId) =>
    openRecording({ storage: createFolderStorage({ folder }), recordingId, identities: createIdentities([identity]) });
  return { home, folder, identityFile, recipient, identity, recordings, recorder, settings, open, path, openWithUs };
}

/** Every file below a folder, with its permissions. */
export function filesBelow(folder: string): { path: string; mode: number; bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return entry.isFile() ? [{ path, mode: statSync(path).mode & 0o777, bytes: readFileSync(path) }] : [];
  });
}
