import t from 'tap';
import { Resampler, resample } from './resample.ts';

const sine = (hz: number, rateHz: number, seconds = 0.5, amplitude = 10000) =>
  Int16Array.from({ length: rateHz * seconds }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz)),
  );

/** Root mean square of the middle, where edges do not count. */
function level(samples: Int16Array): number {
  const middle = samples.subarray(samples.length / 4, (samples.length * 3) / 4);
  return Math.sqrt(middle.reduce((sum, each) => sum + each * each, 0) / middle.length);
}

const decibels = (samples: Int16Array, against: Int16Array) => 20 * Math.log10(level(samples) / level(against));

t.test('tones in the band keep their level, at every pair of rates', async (t) => {
  for (const [from, to] of [
    [8000, 16000],
    [16000, 8000],
    [8000, 48000],
    [48000, 8000],
    [16000, 48000],
    [48000, 16000],
    [22050, 8000],
    [44100, 8000],
  ] as const) {
    for (const hz of [330, 1000, 3000]) {
      const before = sine(hz, from);
      const after = resample(before, from, to);
      t.equal(after.length, Math.floor((before.length * to) / from));
      const change = decibels(after, before);
      t.ok(Math.abs(change) < 0.2, `${hz} Hz ${from}→${to}: ${change.toFixed(2)} dB`);
    }
  }
});

t.test('what does not fit below the new Nyquist frequency is gone', async (t) => {
  for (const hz of [4600, 5200, 6000, 12000]) {
    const change = decibels(resample(sine(hz, 48000), 48000, 8000), sine(hz, 48000));
    t.ok(change < -40, `${hz} Hz: ${change.toFixed(1)} dB`);
  }
});

t.test('going up adds no image of the tone', async (t) => {
  const up = resample(sine(1000, 8000), 8000, 48000);
  const ideal = sine(1000, 48000);
  const error = up.map((each, i) => each - ideal[i]!);
  t.ok(decibels(error, up) < -50, `${decibels(error, up).toFixed(1)} dB`);
});

t.test('a stream of frames is the whole recording, a little later', async (t) => {
  for (const [from, to] of [
    [48000, 8000],
    [8000, 48000],
    [8000, 16000],
  ] as const) {
    const input = sine(700, from, 0.4);
    const stream = new Resampler(from, to);
    const out: number[] = [];
    const frame = new Int16Array(2000);
    for (let at = 0; at < input.length; at += from / 50) {
      const count = stream.process(input.subarray(at, at + from / 50), frame);
      t.equal(count, to / 50);
      out.push(...frame.subarray(0, count));
    }
    const streamed = Int16Array.from(out);
    t.ok(Math.abs(decibels(streamed, input)) < 0.2);
    // No click where frames meet: the same samples as in one piece.
    const whole = new Int16Array(input.length * 6);
    const count = new Resampler(from, to).process(input, whole);
    t.equal(streamed.length, count);
    t.ok(
      streamed.every((each, i) => each === whole[i]),
      `${from}→${to}`,
    );
  }
});
