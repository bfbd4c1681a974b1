// Changing the sampling rate by a rational factor: a polyphase low-pass of windowed sinc (Kaiser, about 60 dB of stop band).
// 8, 16 and 48 kHz are what calls need; prompts come at any rate. `resample` does a whole recording, `Resampler` a stream
// of frames with a fixed delay of a few milliseconds. Samples are 16-bit.

interface Kernel {
  up: number;
  down: number;
  /** Input samples on each side of the point that is computed. */
  half: number;
  /** `up` phases of 2·half coefficients each. */
  coefficients: Float32Array;
}

const lobes = 12;
const kaiserBeta = 5.7;
const kernels = new Map<string, Kernel>();

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The modified Bessel function of order zero. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-9; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function kernelFor(fromHz: number, toHz: number): Kernel {
  const divisor = greatestDivisor(fromHz, toHz);
  const up = toHz / divisor;
  const down = fromHz / divisor;
  const key = `${up}/${down}`;
  let kernel = kernels.get(key);
  if (!kernel) {
    kernel = makeKernel(up, down);
    kernels.set(key, kernel);
  }
  return kernel;
}

function makeKernel(up: number, down: number): Kernel {
  // The band ends a little below the lower of the two Nyquist frequencies, to leave room for the slope.
  const cutoff = 0.93 * Math.min(1, up / down);
  const half = Math.ceil(lobes / Math.min(1, up / down));
  const coefficients = new Float32Array(up * 2 * half);
  for (let phase = 0; phase < up; phase++) {
    let sum = 0;
    for (let k = 0; k < 2 * half; k++) {
      const x = k - half + 1 - phase / up;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
      const window = bessel(kaiserBeta * Math.sqrt(Math.max(0, 1 - (x / half) ** 2))) / bessel(kaiserBeta);
      coefficients[phase * 2 * half + k] = sinc * window;
      sum += sinc * window;
    }
    // Each phase passes a constant unchanged, so that no tone of the phase rate is added.
    for (let k = 0; k < 2 * half; k++) coefficients[phase * 2 * half + k]! /= sum;
  }
  return { up, down, half, coefficients };
}

function clip(value: number): number {
  if (value > 32767) return 32767;
  return value < -32768 ? -32768 : Math.round(value);
}

/** A whole recording at another rate, in time with the original. */
export function resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  if (fromHz === toHz) return samples.slice();
  const { up, down, half, coefficients } = kernelFor(fromHz, toHz);
  const out = new Int16Array(Math.floor((samples.length * up) / down));
  for (let n = 0; n < out.length; n++) {
    const at = Math.floor((n * down) / up);
    const row = ((n * down) % up) * 2 * half;
    let sum = 0;
    for (let k = 0; k < 2 * half; k++) {
      const index = at - half + 1 + k;
      if (index >= 0 && index < samples.length) sum += samples[index]! * coefficients[row + k]!;
    }
    out[n] = clip(sum);
  }
  return out;
}

/** A stream at another rate. Frames whose length divides evenly come out with an even length (160 ↔ 320 ↔ 960). */
export class Resampler {
  private readonly kernel: Kernel;
  private readonly history: Float32Array;
  private work: Float32Array;
  /** Position of the next output, in 1/up of an input sample, from the start of the work buffer. */
  private position = 0;

  constructor(fromHz: number, toHz: number) {
    this.kernel = kernelFor(fromHz, toHz);
    this.history = new Float32Array(2 * this.kernel.half - 1);
    this.work = new Float32Array(this.history.length + 960);
  }

  /** Takes `count` samples and writes what they complete into `into`; gives how many. `into` must be long enough. */
  process(input: Int16Array, into: Int16Array, count = input.length): number {
    const { up, down, half, coefficients } = this.kernel;
    const { history } = this;
    const taps = 2 * half;
    const kept = history.length;
    if (this.work.length < kept + count) this.work = new Float32Array(kept + count);
    const { work } = this;
    work.set(history);
    for (let i = 0; i < count; i++) work[kept + i] = input[i]!;
    const limit = count * up;
    let position = this.position;
    let written = 0;
    for (; position < limit; position += down) {
      const phase = position % up;
      const at = (position - phase) / up;
      const row = phase * taps;
      let sum = 0;
      for (let k = 0; k < taps; k++) sum += work[at + k]! * coefficients[row + k]!;
      into[written++] = clip(sum);
    }
    this.position = position - limit;
    history.set(work.subarray(count, count + kept));
    return written;
  }
}
