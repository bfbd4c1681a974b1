// A recording as its receiver gets it: downloaded sealed by a supervisor, opened with Debian's age, listened to.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordingView } from '../../../src/api/contract.ts';
import type { RunningEngawa } from '../centre/engawa.ts';
import { eventually } from '../eventually.ts';
import { ageOpen, type Heard, listen } from './opened-audio.ts';

/** Waits until the recording is complete. Throws what age says when it does not open. */
export async function downloadedRecording(engawa: RunningEngawa, recordingId: string): Promise<Heard> {
  await eventually(`recording ${recordingId} is complete`, async () => {
    const { state } = await engawa.get<RecordingView>(`/api/v1/recordings/${recordingId}`);
    return state === 'complete';
  });
  const folder = mkdtempSync(join(tmpdir(), 'engawa-opened-'));
  try {
    const sealed = join(folder, 'call.opus.age');
    writeFileSync(sealed, await engawa.getAs('midori', `/api/v1/recordings/${recordingId}/file`));
    const opened = ageOpen(sealed, join(engawa.dataFolder, 'recording-identity.txt'));
    if (opened.status !== 0) throw new Error(`age: ${opened.stderr}`);
    return listen(opened.stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
