import t from 'tap';
import { createTimeline, type TimelineOrigin } from './timeline.ts';

const format = { bytesPerMs: 32, frameBytes: 640 };
const start = 1_700_000_000_000;

/** A time line whose frames are noted as `a`, `b` … (what was in them), `.` for silence and `_` for silence in a long gap. */
function noted(earlier?: TimelineOrigin) {
  let frames = '';
  let offsetMs: number | undefined;
  const timeline = createTimeline(
    format,
    {
      onBegin(given) {
        offsetMs = given;
      },
      onFrame(frame) {
        frames += frame === undefined ? '_' : frame[639] === 0 ? '.' : String.fromCharCode(frame[639]!);
      },
    },
    earlier,
  );
  return {
    timeline,
    say: (sign: string, ms: number, atMs: number) => timeline.push(Buffer.alloc(ms * 32, sign), start + atMs),
    frames: () => frames.replace(/(.)\1{2,}/g, (run, sign) => `${sign}${run.length}`),
    offsetMs: () => offsetMs,
  };
}

t.test('bytes in pieces of any size become frames of 20 ms', async (t) => {
  const { timeline, say, frames } = noted();
  timeline.connect();
  for (let ms = 0; ms < 200; ms += 5) say('a', 5, ms + 5);
  t.equal(frames(), 'a10');
  say('b', 7, 207);
  t.same(timeline.end(start + 207), { recordedBytes: 207 * 32 });
  t.equal(frames(), 'a10.', 'the last frame is filled up, but does not count');
});

t.test('jitter is no gap while the tap is connected', async (t) => {
  const { timeline, say, frames } = noted();
  timeline.connect();
  say('a', 20, 20);
  timeline.tick(start + 1000);
  timeline.tick(start + 2000);
  say('a', 1980, 2300);
  t.equal(frames(), 'a100');
});

t.test('an interruption is filled by the wall clock when the next tap does not say where it is', async (t) => {
  const { timeline, say, frames } = noted();
  timeline.connect();
  say('a', 100, 100);
  timeline.disconnect(start + 100);
  timeline.connect();
  say('b', 100, 700);
  t.equal(frames(), 'a5.25b5');
  timeline.disconnect(start + 700);
  timeline.connect();
  say('c', 100, 5800);
  t.equal(frames(), 'a5.25b5_250c5', 'a long gap is not worth an encoder');
});

t.test('the same tap says where it goes on, and what it kept is not doubled', async (t) => {
  const { timeline, say, frames } = noted();
  timeline.connect();
  say('a', 100, 100);
  timeline.disconnect(start + 100);
  timeline.connect(100);
  say('b', 1000, 1100);
  t.equal(frames(), 'a5b50');
  timeline.disconnect(start + 1100);
  timeline.connect(1400);
  say('c', 100, 3000);
  t.equal(frames(), 'a5b50.15c5', 'and what it lost is silence');
});

t.test('a connected tap that gives nothing for seconds is filled, and what comes late for it is dropped', async (t) => {
  const { timeline, say, frames } = noted();
  timeline.connect();
  say('a', 100, 100);
  for (let ms = 250; ms <= 5000; ms += 250) timeline.tick(start + ms);
  t.equal(frames(), 'a5.95', 'up to three seconds behind the clock');
  say('b', 4900, 5000);
  const { recordedBytes } = timeline.end(start + 5000);
  t.ok(Math.abs(recordedBytes / 32 - 5000) <= 60, `${recordedBytes / 32} ms`);
});

t.test('if we ourselves stood still, nothing is filled: it is all still to be read', async (t) => {
  const { timeline, say, frames } = noted();
  timeline.connect();
  say('a', 100, 100);
  timeline.tick(start + 250);
  timeline.tick(start + 10_250);
  timeline.tick(start + 10_500);
  say('b', 10_150, 10_500);
  t.match(frames(), /^a5b507$/);
});

t.test('a pause is silence of its length, whatever arrives', async (t) => {
  const { timeline, say, frames } = noted();
  timeline.connect();
  say('a', 100, 100);
  timeline.setPaused(true);
  say('b', 200, 300);
  timeline.setPaused(false);
  say('c', 100, 400);
  t.equal(frames(), 'a5.10c5');
});

t.test('a recording lasts until its end, also when nothing came any more', async (t) => {
  const { timeline, say, frames } = noted();
  timeline.connect();
  say('a', 100, 100);
  timeline.disconnect(start + 120);
  t.same(timeline.end(start + 900), { recordedBytes: 900 * 32 });
  t.equal(frames(), 'a5.40');
});

t.test('a second process goes on where the first one was', async (t) => {
  const first = noted();
  first.timeline.connect();
  first.say('a', 1000, 1000);
  const byClock = noted(first.timeline.origin);
  byClock.timeline.connect();
  byClock.say('b', 100, 4000);
  t.equal(byClock.offsetMs(), 3900);
  t.same(byClock.timeline.end(start + 4000), { recordedBytes: 3200 }, 'what came before is not its own');
  const byTap = noted(first.timeline.origin);
  byTap.timeline.connect(1500);
  byTap.say('b', 2500, 4000);
  t.equal(byTap.offsetMs(), 1500);
});

t.test('neither a tap that boasts nor a clock that is set makes hours of silence', async (t) => {
  const { timeline, say, frames } = noted();
  timeline.connect();
  say('a', 100, 100);
  timeline.disconnect(start + 100);
  timeline.connect(1e12);
  say('b', 100, 1000);
  t.match(frames(), /^a5_9\db5$/);
  timeline.disconnect(start + 1000);
  timeline.connect();
  say('c', 100, 400 * 24 * 3_600_000);
  t.match(frames(), /b5c5$/);
});

t.test('nothing at all is nothing', async (t) => {
  const { timeline, frames } = noted();
  timeline.tick(start);
  timeline.connect();
  timeline.tick(start + 60_000);
  t.same(timeline.end(start + 70_000), { recordedBytes: 0 });
  t.equal(frames(), '');
});
