// CPU of recording: both channels taken over a WebSocket in real time, encoded as Ogg Opus and sealed with age as they are
// made. The recorder's own process is measured, the senders are not; tables are kept in memory.
// A run counts when every file is complete and as long as what was sent.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRecorder } from '../src/recording/create-recorder.ts';
import { writeNewIdentity } from '../src/recording/identity.ts';
import { systemClock } from '../src/shared/clock.ts';
import { newId } from '../src/shared/ids.ts';
import { createLogger } from '../src/shared/logger.ts';
import { createMemoryRecordings } from '../test/support/recording/memory-recordings.ts';
import { type Bench, type BenchContext, Repeats } from './figures.ts';
import { cpuMsOf, startChild } from './processes.ts';

const recordings = 20;
const name = `${recordings} recordings at once`;

/** Children of this process, to find the one that the recorder starts. */
function children(): number[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  );
}

async function oneRepeat(context: BenchContext, repeats: Repeats): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'engawa-bench-'));
  const { recipient } = await writeNewIdentity(join(home, 'identity.txt'));
  const before = new Set(children());
  const recorder = await createRecorder({
    clock: systemClock,
    log: createLogger({ level: 'warn' }),
    recordings: createMemoryRecordings(),
    folder: join(home, 'recordings'),
    recipients: [recipient],
    processes: 1,
  });
  const pid = children().find((each) => !before.has(each));
  const { child: source } = await startChild('tap-source.ts', 'hello');
  try {
    if (pid === undefined) throw new Error("the recorder's process was not found in /proc");
    const finished: { durationMs: number; bytes: number }[] = [];
    recorder.on('stopped', (stopped) => finished.push(stopped));
    const open = async () => recorder.open({ callId: newId('call'), startedAt: Date.now() });
    // A first, uncounted recording compiles the encoder.
    const first = await open();
    await source.ask({ urls: [first.tapUrl], seconds: 2 });
    await recorder.stop(first.recordingId);
    const opened = await Promise.all(Array.from({ length: recordings }, open));
    finished.length = 0;
    const cpuBefore = cpuMsOf(pid);
    const urls = opened.map((each) => each.tapUrl);
    const { sentSeconds } = await source.ask<{ sentSeconds: number }>(
      { urls, seconds: context.seconds },
      (context.seconds + 60) * 1000,
    );
    await Promise.all(opened.map((each) => recorder.stop(each.recordingId)));
    const cpu = cpuMsOf(pid) - cpuBefore;
    const short = finished.filter((each) => each.durationMs < sentSeconds * 1000 - 100 || each.bytes === 0).length;
    if (finished.length < recordings || short > 0) {
      repeats.refuse(`${recordings - finished.length} recordings are not complete, ${short} are too short`);
    }
    const callSeconds = recordings * sentSeconds;
    repeats.add(`${name}: encode and seal`, 'ms CPU per call-second', cpu / callSeconds);
    repeats.add(`${name}: for an hour`, 's CPU per recorded hour', (cpu / callSeconds) * 3.6);
    const bytes = finished.reduce((sum, each) => sum + each.bytes, 0);
    repeats.add(`${name}: file size`, 'MB per recorded hour', (bytes / callSeconds) * 0.0036);
  } finally {
    await source.stop();
    await recorder.close();
    rmSync(home, { recursive: true, force: true });
  }
}

export const bench: Bench = {
  name: 'encode-and-seal',
  async run(context) {
    const repeats = new Repeats();
    for (let repeat = 0; repeat < context.repeats && !repeats.refused; repeat++) {
      context.say(`repeat ${repeat + 1}`);
      await oneRepeat(context, repeats);
    }
    return repeats.figures({ name, unit: 'ms CPU per call-second' });
  },
};
