// A whole recording: taps in, an age file out that the age command line opens and any Opus player plays.

import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { createRecorder } from '../../src/recording/create-recorder.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { createMemoryRecordings } from '../support/recording/memory-recordings.ts';
import { ageOpen, listen, run } from '../support/recording/opened-audio.ts';
import { filesBelow, recordingBench } from '../support/recording/recording-bench.ts';

t.test('the age command line opens a recording and each side is on its own channel', async (t) => {
  const { recorder, recordings, open, path, identityFile, openWithUs } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 4990 });
  await tap.close();
  await recorder.stop(recordingId);

  const row = recordings.rows.get(recordingId)!;
  t.match(row, { state: 'complete', durationMs: 4990 });
  const sealed = readFileSync(path(recordingId));
  t.equal(row.bytes, sealed.length);
  t.equal(row.sha256, createHash('sha256').update(sealed).digest('hex'));

  const opened = ageOpen(path(recordingId), identityFile);
  t.equal(opened.status, 0, opened.stderr);
  const heard = listen(opened.stdout);
  t.ok(Math.abs(heard.durationMs - 4990) <= 20, `${heard.durationMs} ms is the duration within a frame`);
  t.ok(heard.level('left', 440, 500, 4500) > 7000, 'the left tone is left');
  t.ok(heard.level('right', 660, 500, 4500) > 6000, 'the right tone is right');
  t.ok(heard.level('left', 660, 500, 4500) < 20, 'the right tone is not left');
  t.ok(heard.level('right', 440, 500, 4500) < 20, 'the left tone is not right');
  t.ok(heard.level('left', 440, 10, 110) > 6000, 'the first tenth of a second is there');
  t.same(Buffer.from((await openWithUs(recordingId)).ogg), opened.stdout, 'our own way of opening gives the same');
});

t.test('opusinfo finds nothing to complain about and opusdec plays it', async (t) => {
  const { recorder, open, path, identityFile, home } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 0, ms: 3000 });
  await tap.close();
  await recorder.stop(recordingId);
  const ogg = ageOpen(path(recordingId), identityFile).stdout;
  const file = join(home, 'opened.opus');
  writeFileSync(file, ogg);
  const info = run('opusinfo', [file]);
  t.notMatch(info.stdout.toString() + info.stderr, /warning|error/i);
  t.match(info.stdout.toString(), /Playback length: 0m:03\.000s/);
  const decoded = run('opusdec', ['--quiet', '--rate', '8000', '-', '-'], ogg);
  t.equal(decoded.stdout.length, 3000 * 8 * 4);
});

t.test('no plaintext of a recording is ever in a file, and only the owner may read what is', async (t) => {
  const { recorder, open, folder } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  const marks = ['OggS', 'OpusHead', 'OpusTags', 'ENGAWA_RECORDING'];
  const kinds = new Set<string>();
  for (let second = 0; second < 30; second++) {
    await tap.send({ leftHz: 440, rightHz: 660, ms: 1000 });
    await eventually('a tail', () => filesBelow(folder).some(({ path }) => path.includes('.tail-')));
    for (const { path, bytes, mode } of filesBelow(folder)) {
      kinds.add(/\.(part|tail|json)/.exec(path)?.[1] ?? 'other');
      const found = marks.filter((mark) => bytes.includes(mark));
      if (found.length > 0) t.fail(`${path} holds ${found}`);
      if (mode !== 0o600) t.fail(`${path} has mode ${mode.toString(8)}`);
    }
  }
  await tap.close();
  await recorder.stop(recordingId);
  t.same([...kinds].sort(), ['json', 'part', 'tail'], 'every kind of file was looked at');
  const left = filesBelow(folder);
  t.equal(left.length, 1, 'nothing but the finished file is left');
  t.equal(statSync(dirname(left[0]!.path)).mode & 0o777, 0o700);
});

t.test('several recipients: each of them opens it alone, with the age command line', async (t) => {
  const otherKey = run('age-keygen', []).stdout.toString();
  const otherRecipient = /public key: (\S+)/.exec(otherKey)![1]!;
  const { recorder, open, path, identityFile, home } = await recordingBench(t, { alsoRecipients: [otherRecipient] });
  const otherFile = join(home, 'other.txt');
  writeFileSync(otherFile, otherKey);
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 1000 });
  await tap.close();
  await recorder.stop(recordingId);
  const byFirst = ageOpen(path(recordingId), identityFile);
  const byOther = ageOpen(path(recordingId), otherFile);
  t.equal(byFirst.status, 0);
  t.equal(byOther.status, 0);
  t.same(byFirst.stdout, byOther.stdout);
  const stranger = join(home, 'stranger.txt');
  run('age-keygen', ['-o', stranger]);
  t.not(ageOpen(path(recordingId), stranger).status, 0, 'a stranger does not');
});

t.test('what a recipient may not be is said before anything is recorded', async (t) => {
  const refused: [string[], RegExp][] = [
    [[], /at least one recipient/],
    [['AGE-SECRET-KEY-1QQ'], /private key was given/],
    [['age1nonsense'], /must be an age public key/],
  ];
  for (const [recipients, sentence] of refused) {
    const options = {
      clock: systemClock,
      log: silentLogger,
      recordings: createMemoryRecordings(),
      folder: t.testdir(),
    };
    await t.rejects(createRecorder({ ...options, recipients }), { code: 'config-invalid', message: sentence });
  }
});
