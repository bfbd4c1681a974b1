// kill -9 of the recorder's process, of the program, and of both: all but the last two seconds open.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { createRecorder } from '../../src/recording/create-recorder.ts';
import { writeNewIdentity } from '../../src/recording/identity.ts';
import type { RecordingId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { ageOpen, listen } from '../support/recording/opened-audio.ts';
import { filesBelow, recordingBench } from '../support/recording/recording-bench.ts';
import { childPids } from '../support/servers/child-processes.ts';

/** The program with a recorder in it, as a process that can be killed. */
async function startVictim(folder: string, recipient: string) {
  const script = new URL('../support/recording/recorder-victim.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder, recipient], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await new Promise<string[]>((resolve) => lines.once('line', (text) => resolve([text])))) as [string];
  return { child, ...(JSON.parse(line) as { recordingId: RecordingId; tapUrl: string; recorderPid: number }) };
}

t.test('kill -9 of everything: the age command line opens all but the last two seconds, and so do we', async (t) => {
  const { folder, recipient, identityFile, openWithUs, settings, recordings } = await recordingBench(t);
  const victim = await startVictim(folder, recipient);
  const tap = await connectTap(victim.tapUrl);
  // Faster than life up to beyond the first age chunk, then in real time, as a call would.
  await tap.send({ leftHz: 440, rightHz: 660, ms: 50_000 });
  await eventually(
    'a whole chunk on disk',
    () => filesBelow(folder).some(({ path, bytes }) => path.endsWith('.part') && bytes.length > 65_536),
    { withinMs: 20_000 },
  );
  await tap.play({ leftHz: 1000, rightHz: 350, ms: 5000 });
  victim.child.kill('SIGKILL');
  process.kill(victim.recorderPid, 'SIGKILL');
  const sentMs = tap.sentMs;
  tap.terminate();

  const opened = await openWithUs(victim.recordingId);
  t.equal(opened.state, 'interrupted');
  t.ok(opened.durationMs > sentMs - 2000, `${opened.durationMs} ms of ${sentMs} ms open`);
  t.ok(opened.durationMs <= sentMs);
  const heard = listen(opened.ogg);
  t.ok(heard.level('left', 440, 1000, 49_000) > 7000);
  t.ok(heard.level('right', 350, 50_500, opened.durationMs - 100) > 6000, 'the last part is there, on its side');
  t.ok(heard.level('left', 350, 50_500, opened.durationMs - 100) < 20);

  const names = filesBelow(folder)
    .map(({ path }) => path)
    .filter((path) => path.includes('.opus.age'))
    .sort();
  const byHand = Buffer.concat(names.map((name) => ageOpen(name, identityFile).stdout));
  t.ok(listen(byHand).durationMs > sentMs - 2000, 'age and cat alone give as much');

  const next = await createRecorder(settings);
  t.teardown(() => next.close());
  const row = await eventually('the row is settled', () => recordings.rows.get(victim.recordingId), {
    withinMs: 15_000,
  });
  t.match(row, { state: 'interrupted', callId: 'c_victim', sha256: null });
  t.ok(row.bytes! > 65_536);
});

t.test('kill -9 of the program alone: its recorder finishes the files, and the next run says complete', async (t) => {
  const { folder, recipient, identityFile, settings, recordings } = await recordingBench(t);
  const victim = await startVictim(folder, recipient);
  const tap = await connectTap(victim.tapUrl);
  await tap.play({ leftHz: 440, rightHz: 660, ms: 1500 });
  victim.child.kill('SIGKILL');
  const whole = () => filesBelow(folder).find(({ path }) => path.endsWith('.opus.age'));
  await eventually('the file is finished', whole, { withinMs: 10_000 });
  await eventually('the recorder process is gone', () => !alive(victim.recorderPid), { withinMs: 10_000 });
  const opened = ageOpen(whole()!.path, identityFile);
  t.equal(opened.status, 0, opened.stderr);
  t.ok(listen(opened.stdout).durationMs >= 1500);

  const next = await createRecorder(settings);
  t.teardown(() => next.close());
  const row = await eventually('the row is settled', () => recordings.rows.get(victim.recordingId), {
    withinMs: 15_000,
  });
  t.match(row, { state: 'complete', bytes: whole()!.bytes.length });
  t.match(row.sha256, /^[0-9a-f]{64}$/);
});

t.test('kill -9 of the recorder process: the recording goes on in a second part at the same address', async (t) => {
  const { recorder, folder, recordings, open, openWithUs } = await recordingBench(t);
  const failures: string[] = [];
  recorder.on('failed', ({ because }) => failures.push(because));
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  const startedAt = performance.now();
  await tap.play({ leftHz: 440, rightHz: 0, ms: 3000 });
  process.kill(childPids(process.pid, 'recorder-process')[0]!, 'SIGKILL');
  await eventually(
    'a new tap is accepted',
    async () => {
      const again = await connectTap(tapUrl);
      await again.play({ leftHz: 0, rightHz: 660, ms: 2000 });
      await again.close();
      return true;
    },
    { withinMs: 15_000 },
  );
  await recorder.stop(recordingId);
  const tookMs = performance.now() - startedAt;

  t.match(failures, [/recorder process ended/]);
  t.match(recordings.rows.get(recordingId), { state: 'interrupted', sha256: null });
  t.same(recorder.health(), { ok: true });
  t.ok(filesBelow(folder).some(({ path }) => path.endsWith('.g1.opus.age')));
  const opened = await openWithUs(recordingId);
  t.ok(Math.abs(opened.durationMs - tookMs) < 1200, `${opened.durationMs} ms for ${Math.round(tookMs)} ms`);
  const heard = listen(opened.ogg);
  t.ok(heard.level('left', 440, 100, 1000) > 6000, 'before');
  t.ok(heard.level('right', 660, opened.durationMs - 1500, opened.durationMs - 200) > 6000, 'after');
  t.ok(heard.level('left', 660, opened.durationMs - 1500, opened.durationMs - 200) < 20);
});

t.test('a recording that was left in parts is not opened by a stranger', async (t) => {
  const { folder, openWithUs } = await recordingBench(t);
  const { recipient } = await writeNewIdentity(join(folder, '..', 'somebody-else.txt'));
  const victim = await startVictim(folder, recipient);
  const tap = await connectTap(victim.tapUrl);
  await tap.play({ leftHz: 440, rightHz: 660, ms: 1500 });
  victim.child.kill('SIGKILL');
  process.kill(victim.recorderPid, 'SIGKILL');
  await t.rejects(openWithUs(victim.recordingId), { code: 'forbidden' });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(join('/proc', String(pid), 'status'), 'utf8').includes('State:\tZ');
  } catch {
    return false;
  }
}
