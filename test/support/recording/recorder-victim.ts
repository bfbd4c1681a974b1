// A program with a recorder in it, to be killed: opens one recording in FOLDER for RECIPIENT and prints where to tap it.

import { createRecorder } from '../../../src/recording/create-recorder.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import type { CallId } from '../../../src/shared/ids.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { childPids } from '../servers/child-processes.ts';
import { createMemoryRecordings } from './memory-recordings.ts';

const [folder, recipient] = process.argv.slice(2) as [string, string];
const recordings = createMemoryRecordings();
const recorder = await createRecorder({
  clock: systemClock,
  log: silentLogger,
  recordings,
  folder,
  recipients: [recipient],
});
const opened = await recorder.open({ callId: 'c_victim' as CallId, startedAt: Date.now() });
console.log(JSON.stringify({ ...opened, recorderPid: childPids(process.pid, 'recorder-process')[0] }));
setInterval(() => {}, 60_000);
