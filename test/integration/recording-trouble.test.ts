// A full disk, a folder that cannot be written, a database that is away: calls go on, somebody is told, nothing is lost
// below the limit that was set.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { ageOpen, listen } from '../support/recording/opened-audio.ts';
import { filesBelow, recordingBench } from '../support/recording/recording-bench.ts';
import { mountSmallDisk, noSmallDisk } from '../support/recording/small-disk.ts';

t.test(
  'a full disk in the middle of a recording: audio waits in memory and nothing is lost',
  { skip: noSmallDisk },
  async (t) => {
    const disk = mountSmallDisk(t, 1024);
    const { recorder, recordings, open, path, identityFile } = await recordingBench(t, { folder: disk.folder });
    const told: string[] = [];
    recorder.on('failed', ({ because }) => told.push(because));
    recorder.on('recovered', () => told.push('recovered'));
    const { recordingId, tapUrl } = await open();
    const tap = await connectTap(tapUrl);
    await tap.send({ leftHz: 440, rightHz: 660, ms: 20_000 });
    await eventually('a tail', () => filesBelow(disk.folder).some(({ path: name }) => name.includes('.tail-')));
    disk.fill();
    await tap.send({ leftHz: 1000, rightHz: 350, ms: 40_000 });
    await eventually('somebody is told', () => told.length > 0);
    t.match(told, [/recordings folder is full \(ENOSPC\).*Make room/]);
    t.match(recorder.health(), { ok: false, because: /is full/ });
    await tap.send({ leftHz: 440, rightHz: 660, ms: 5000 });
    const stopped = recorder.stop(recordingId);
    disk.makeRoom();
    await tap.close();
    await stopped;
    await eventually('the end of the trouble is told', () => told.includes('recovered'));
    t.same(recorder.health(), { ok: true });
    t.match(recordings.rows.get(recordingId), { state: 'complete', durationMs: 65_000 });
    const opened = ageOpen(path(recordingId), identityFile);
    t.equal(opened.status, 0, opened.stderr);
    const heard = listen(opened.stdout);
    t.equal(heard.durationMs, 65_000);
    t.ok(heard.level('left', 440, 500, 19_500) > 7000, 'before');
    t.ok(heard.level('left', 1000, 20_500, 59_500) > 6000, 'while the disk was full');
    t.ok(heard.level('right', 660, 60_500, 64_500) > 6000, 'after');
  },
);

t.test(
  'beyond the limit of memory audio is lost, that is told, and the time line stays right',
  { skip: noSmallDisk },
  async (t) => {
    const disk = mountSmallDisk(t, 1024);
    const settings = { folder: disk.folder, memoryLimitBytes: 30_000 };
    const { recorder, open, path, identityFile } = await recordingBench(t, settings);
    const told: string[] = [];
    recorder.on('failed', ({ because }) => told.push(because));
    const { recordingId, tapUrl } = await open();
    disk.fill();
    const tap = await connectTap(tapUrl);
    await tap.send({ leftHz: 440, rightHz: 660, ms: 60_000 });
    await eventually('loss is told', () => told.some((because) => /audio is being lost/.test(because)));
    disk.makeRoom();
    await eventually('recovered', () => recorder.health().ok);
    // In pieces and at most four times as fast as a call: all at once would not fit into the same memory on a slow machine.
    for (let sentMs = 0; sentMs < 2000; sentMs += 200) {
      await tap.send({ leftHz: 1000, rightHz: 350, ms: 200 });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await tap.close();
    await recorder.stop(recordingId);
    const heard = listen(ageOpen(path(recordingId), identityFile).stdout);
    t.ok(Math.abs(heard.durationMs - 62_000) <= 20, `${heard.durationMs} ms`);
    t.ok(heard.level('left', 440, 100, 5000) > 7000, 'what fitted is there');
    t.ok(heard.loudness('left', 40_000, 59_000) < 20, 'what did not is silence');
    t.ok(heard.level('left', 1000, 60_500, 61_500) > 6000, 'what came later is at its place');
  },
);

t.test('a folder that cannot be written at the start is written as soon as it can be', async (t) => {
  const { recorder, open, path, identityFile, folder } = await recordingBench(t);
  writeFileSync(folder, 'not a folder');
  const told: string[] = [];
  recorder.on('failed', ({ because }) => told.push(because));
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 3000 });
  await eventually('somebody is told', () => told.length > 0);
  t.match(told[0], /recordings folder cannot be written/);
  rmSync(folder);
  mkdirSync(folder);
  await tap.close();
  await recorder.stop(recordingId);
  t.equal(listen(ageOpen(path(recordingId), identityFile).stdout).durationMs, 3000);
});

t.test('a database that is away delays the row, not the recording', async (t) => {
  const { recorder, recordings, open, folder } = await recordingBench(t);
  recordings.away = true;
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 1000 });
  await tap.close();
  const stopped = recorder.stop(recordingId);
  await eventually('the file is finished', () => filesBelow(folder).some(({ path }) => path.endsWith('.opus.age')));
  await eventually('health tells', () => !recorder.health().ok);
  t.match(recorder.health().because, /database does not take rows/);
  t.equal(recordings.rows.size, 0);
  recordings.away = false;
  await stopped;
  t.match(recordings.rows.get(recordingId), { state: 'complete', durationMs: 1000 });
  t.same(
    filesBelow(folder).filter(({ path }) => path.endsWith('.json')),
    [],
    'its slip is gone',
  );
});

t.test('closing finishes what is being recorded', async (t) => {
  const { recorder, recordings, open, path, identityFile } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.play({ leftHz: 440, rightHz: 660, ms: 500 });
  await recorder.close();
  t.equal(recordings.rows.get(recordingId)!.state, 'complete');
  t.equal(ageOpen(path(recordingId), identityFile).status, 0);
  await t.rejects(open(), { code: 'shutting-down' });
});
