// Time in a recording: taps that go away and come back, pauses, and what media servers do to frames.

import t from 'tap';
import { seededRandom } from '../../src/shared/random.ts';
import { eventually } from '../support/eventually.ts';
import { connectTap, stereo } from '../support/media/tap-client.ts';
import { listen } from '../support/recording/opened-audio.ts';
import { recordingBench } from '../support/recording/recording-bench.ts';

const left = { leftHz: 440, rightHz: 0 };
const right = { leftHz: 0, rightHz: 660 };

t.test('a tap that comes back goes on in the same recording, after silence as long as it was away', async (t) => {
  const { recorder, open, openWithUs } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const first = await connectTap(tapUrl);
  await first.play({ ...left, ms: 1000 });
  first.terminate();
  const awayFrom = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1500)); // The length of the gap is what is measured.
  const second = await connectTap(tapUrl);
  const gapMs = performance.now() - awayFrom;
  await second.play({ ...right, ms: 1000 });
  await second.close();
  await recorder.stop(recordingId);

  const heard = listen((await openWithUs(recordingId)).ogg);
  const expectedMs = 2000 + gapMs;
  t.ok(Math.abs(heard.durationMs - expectedMs) < 150, `${heard.durationMs} ms for ${Math.round(expectedMs)} ms`);
  t.ok(heard.level('left', 440, 100, 900) > 6000);
  t.ok(heard.loudness('left', 1200, 1000 + gapMs - 200) < 20, 'the gap is silent');
  t.ok(heard.loudness('right', 1200, 1000 + gapMs - 200) < 20);
  t.ok(heard.level('right', 660, 1000 + gapMs + 200, 1900 + gapMs) > 6000);
});

t.test('a tap that kept its audio while it was away says where it goes on, and nothing is doubled', async (t) => {
  const { recorder, open, openWithUs } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const first = await connectTap(tapUrl);
  await first.play({ ...left, ms: 1000 });
  await first.close();
  await new Promise((resolve) => setTimeout(resolve, 600));
  const second = await connectTap(tapUrl, { metadata: '{"callId":"c_test","resumedAtMs":1000}' });
  await second.send({ ...right, ms: 700 });
  await second.close();
  await recorder.stop(recordingId);
  const heard = listen((await openWithUs(recordingId)).ogg);
  t.ok(Math.abs(heard.durationMs - 1700) < 50, `${heard.durationMs} ms`);
  t.ok(heard.level('right', 660, 1100, 1650) > 6000);
});

t.test('pausing writes silence and the time line goes on', async (t) => {
  const { recorder, recordings, open, openWithUs } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.play({ leftHz: 440, rightHz: 660, ms: 600 });
  await recorder.setPaused(recordingId, true);
  await tap.play({ leftHz: 440, rightHz: 660, ms: 1000 });
  await recorder.setPaused(recordingId, false);
  await tap.play({ leftHz: 440, rightHz: 660, ms: 600 });
  await tap.close();
  await recorder.stop(recordingId);
  t.equal(recordings.rows.get(recordingId)!.durationMs, 2200);
  const heard = listen((await openWithUs(recordingId)).ogg);
  t.equal(heard.durationMs, 2200);
  t.ok(heard.level('left', 440, 100, 500) > 6000);
  t.ok(heard.loudness('left', 800, 1500) < 20, 'what is said in the pause is not there');
  t.ok(heard.loudness('right', 800, 1500) < 20);
  t.ok(heard.level('right', 660, 1800, 2150) > 6000);
});

t.test('a recording that ends while its tap is away lasts until its end', async (t) => {
  const { recorder, open, openWithUs } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.play({ ...left, ms: 500 });
  tap.terminate();
  const from = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1300));
  await recorder.stop(recordingId);
  const expectedMs = 500 + performance.now() - from;
  const { durationMs } = await openWithUs(recordingId);
  t.ok(Math.abs(durationMs - expectedMs) < 250, `${durationMs} ms for ${Math.round(expectedMs)} ms`);
});

t.test('bytes count, not frames; and what drachtio-fsmrf appends to the metadata does no harm', async (t) => {
  for (const metadata of ['{"callId":"c_1"}|true|false|', '|true|false|', 'not json', null]) {
    const { recorder, open, openWithUs } = await recordingBench(t);
    const { recordingId, tapUrl } = await open();
    const tap = await connectTap(tapUrl, { metadata });
    const pcm = stereo({ leftHz: 440, rightHz: 660, ms: 1000 });
    for (let at = 0, size = 1; at < pcm.length; at += size, size = (size * 7 + 3) % 2600) {
      size = Math.max(1, size);
      tap.sendRaw(pcm.subarray(at, at + size));
    }
    await tap.close();
    await recorder.stop(recordingId);
    const heard = listen((await openWithUs(recordingId)).ogg);
    t.equal(heard.durationMs, 1000, String(metadata));
    t.ok(heard.level('left', 440, 100, 900) > 6000);
    t.ok(heard.level('right', 440, 100, 900) < 20);
  }
});

t.test('without the token nobody gets in, and not after the end', async (t) => {
  const { recorder, open } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  await t.rejects(connectTap(tapUrl.replace(/[0-9a-f]{32}/, '0'.repeat(32))), /404/);
  await t.rejects(connectTap(tapUrl.replace('/tap/', '/')), /404/);
  await recorder.stop(recordingId);
  await t.rejects(connectTap(tapUrl), /404/);
});

t.test('the recorder tells what happens', async (t) => {
  const { recorder, open } = await recordingBench(t);
  const told: string[] = [];
  recorder.on('started', ({ recordingId }) => told.push(`started ${recordingId}`));
  recorder.on('stopped', ({ recordingId, durationMs }) => told.push(`stopped ${recordingId} ${durationMs}`));
  recorder.on('tapNeeded', ({ recordingId }) => told.push(`tapNeeded ${recordingId}`));
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.send({ ...left, ms: 100 });
  await eventually('started', () => told.length === 1);
  tap.terminate();
  await eventually('the tap is missed', () => told.length === 2);
  await recorder.stop(recordingId);
  await recorder.stop(recordingId);
  t.match(told, [`started ${recordingId}`, `tapNeeded ${recordingId}`, new RegExp(`stopped ${recordingId}`)]);
  t.equal(told.length, 3, 'stopping twice is harmless');
});

t.test('a call that nobody tapped gives a valid, empty recording', async (t) => {
  const { recorder, open, openWithUs } = await recordingBench(t);
  const { recordingId } = await open();
  await recorder.stop(recordingId);
  const { durationMs, state } = await openWithUs(recordingId);
  t.same({ durationMs, state }, { durationMs: 0, state: 'complete' });
});

t.test('whatever a tap sends, the recorder stays and the next tap is recorded', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const { recorder, open, openWithUs } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  for (let round = 0; round < 30; round++) {
    const texts = ['{"resumedAtMs":1e300}', '{"resumedAtMs":-5}', '{"resumedAtMs":"x"}', '[]', 'null}', '}{', '\u0000'];
    const tap = await connectTap(tapUrl, { metadata: random.pick(texts) });
    for (let frame = random.integer(0, 5); frame > 0; frame--) {
      const bytes = Buffer.alloc(random.integer(0, 3000), random.integer(0, 256));
      tap.sendRaw(random.integer(0, 2) ? bytes : bytes.toString('base64'));
    }
    if (random.integer(0, 4) === 0) tap.sendRaw(Buffer.alloc(2 * 1024 * 1024)); // More than is taken.
    if (random.integer(0, 2)) tap.terminate();
    else await tap.close();
  }
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 1000 });
  await tap.close();
  await recorder.stop(recordingId);
  const { ogg, state, durationMs } = await openWithUs(recordingId);
  t.equal(state, 'complete', 'by one process');
  t.ok(listen(ogg).level('right', 660, durationMs - 900, durationMs - 100) > 6000);
});
