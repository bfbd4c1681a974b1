// The embedded media engine's own tap against the recorder: also when the recorder's process is killed in between.

import t from 'tap';
import { Tap } from '../../src/media/embedded/engine/tap.ts';
import { listen } from '../support/recording/opened-audio.ts';
import { recordingBench } from '../support/recording/recording-bench.ts';
import { childPids } from '../support/servers/child-processes.ts';

/** Both parties sound for `ms` in real time: 440 Hz is said, 660 Hz is heard. */
async function talk(tap: Tap, ms: number, from: { ms: number }): Promise<void> {
  const startedAt = performance.now() - from.ms;
  const [said, heard] = [{}, {}];
  for (const end = from.ms + ms; from.ms < end; from.ms += 20) {
    const due = startedAt + from.ms - performance.now();
    if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
    const tone = (hz: number) =>
      Int16Array.from({ length: 160 }, (_, i) => 9000 * Math.sin((2 * Math.PI * hz * (from.ms * 8 + i)) / 8000));
    const now = performance.now();
    tap.lanes.said.write(said, from.ms * 8, 1, tone(440), 160, tap.position(now));
    tap.lanes.heard.write(heard, from.ms * 8, 1, tone(660), 160, tap.position(now));
    if (from.ms % 100 === 0) tap.pump(now);
  }
}

t.test('what the engine taps is what is recorded', async (t) => {
  const { recorder, open, openWithUs } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const tap = new Tap({ url: tapUrl, metadata: { callId: 'c_1' }, onTrouble: () => {} });
  await tap.open();
  await talk(tap, 3000, { ms: 0 });
  await tap.close(performance.now());
  await recorder.stop(recordingId);
  const { ogg, state } = await openWithUs(recordingId);
  const heard = listen(ogg);
  t.equal(state, 'complete');
  t.ok(Math.abs(heard.durationMs - 3000) < 200, `${heard.durationMs} ms`);
  t.ok(heard.level('left', 440, 300, 2700) > 6000);
  t.ok(heard.level('right', 660, 300, 2700) > 6000);
  t.ok(heard.level('left', 660, 300, 2700) < 50);
});

t.test('the recorder’s process dies in the middle: the tap comes back by itself and time is kept', async (t) => {
  const { recorder, open, openWithUs } = await recordingBench(t);
  const { recordingId, tapUrl } = await open();
  const tap = new Tap({ url: tapUrl, metadata: { callId: 'c_1' }, onTrouble: () => {} });
  await tap.open();
  const from = { ms: 0 };
  await talk(tap, 3000, from);
  process.kill(childPids(process.pid, 'recorder-process')[0]!, 'SIGKILL');
  await talk(tap, 5000, from);
  await tap.close(performance.now());
  await recorder.stop(recordingId);
  const { ogg, state } = await openWithUs(recordingId);
  const heard = listen(ogg);
  t.equal(state, 'interrupted');
  t.ok(Math.abs(heard.durationMs - 8000) < 400, `${heard.durationMs} ms of 8000`);
  t.ok(heard.level('left', 440, 200, 900) > 6000, 'before');
  t.ok(heard.level('right', 660, 3500, 7700) > 6000, 'after, nothing that was tapped meanwhile is missing');
  t.ok(heard.level('left', 660, 3500, 7700) < 50);
  let silentMs = 0;
  for (let ms = 0; ms < 7700; ms += 20) if (heard.loudness('left', ms, ms + 20) < 500) silentMs += 20;
  t.ok(silentMs < 2000, `${silentMs} ms are lost`);
});
