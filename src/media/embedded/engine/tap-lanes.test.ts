import t from 'tap';
import { holdBackSamples, TapLanes } from './tap-lanes.ts';

const frame = (value: number) => new Int16Array(160).fill(value);

/** One value per 20 ms of a channel; `NaN` where a frame is not of one value. */
function perFrame(stereo: Int16Array | undefined, channel: 0 | 1): number[] {
  const out: number[] = [];
  for (let at = 0; stereo && at + 320 <= stereo.length; at += 320) {
    const values = new Set(Array.from({ length: 160 }, (_, i) => stereo[at + i * 2 + channel]!));
    out.push(values.size === 1 ? [...values][0]! : Number.NaN);
  }
  return out;
}

t.test('both lanes come out in time, with silence where nothing came', async (t) => {
  const lanes = new TapLanes();
  for (let i = 0; i < 5; i++) {
    if (i !== 2) lanes.said.write('a', 1000 + i * 160, 1, frame(i + 1), 160, i * 160);
    if (i > 2) lanes.heard.write('b', 77 + i * 160, 1, frame(9), 160, i * 160);
  }
  const all = lanes.take(5 * 160 + holdBackSamples);
  t.same(perFrame(all, 0), [1, 2, 0, 4, 5]);
  t.same(perFrame(all, 1), [0, 0, 0, 9, 9]);
  t.equal(lanes.take(5 * 160 + holdBackSamples), undefined, 'taken once');
});

t.test('jitter and reordering do not show', async (t) => {
  const lanes = new TapLanes();
  const arrivals = [
    [0, 0],
    [160, 480],
    [480, 500],
    [320, 520],
    [640, 640],
  ] as const;
  for (const [timestamp, now] of arrivals) lanes.said.write('a', timestamp, 1, frame(timestamp + 1), 160, now);
  t.same(perFrame(lanes.take(800 + holdBackSamples), 0), [1, 161, 321, 481, 641]);
});

t.test('timestamps of a 48 kHz clock are laid at 8 kHz', async (t) => {
  const lanes = new TapLanes();
  for (let i = 0; i < 3; i++) lanes.said.write('a', (0xfffffe00 + i * 960) >>> 0, 6, frame(i + 1), 160, i * 160);
  t.same(perFrame(lanes.take(480 + holdBackSamples), 0), [1, 2, 3]);
});

t.test('a new source, or a clock that jumps, is laid where it arrives', async (t) => {
  const lanes = new TapLanes();
  lanes.said.write('a', 0, 1, frame(1), 160, 0);
  lanes.said.write('b', 5_000_000, 1, frame(2), 160, 320);
  lanes.said.write('b', 9_000_000, 1, frame(3), 160, 800);
  lanes.said.write('b', 100, 1, frame(4), 160, 1120);
  t.same(perFrame(lanes.take(1280 + holdBackSamples), 0), [1, 0, 2, 0, 0, 3, 0, 4]);
});

t.test('at the end what lies ahead of the present comes out too', async (t) => {
  const lanes = new TapLanes();
  for (let i = 0; i < 5; i++) lanes.said.write('a', i * 160, 1, frame(i + 1), 160, 40);
  lanes.heard.write('b', 0, 1, frame(9), 160, 40);
  const rest = lanes.takeRest(100)!;
  t.equal(rest.length / 2, 6 * 160, 'in whole 20 ms');
  const sum = (channel: 0 | 1) => rest.reduce((all, each, i) => (i % 2 === channel ? all + each : all), 0);
  t.same([sum(0), sum(1)], [(1 + 2 + 3 + 4 + 5) * 160, 9 * 160]);
  t.equal(lanes.takeRest(100), undefined, 'taken once');
});
