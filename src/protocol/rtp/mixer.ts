// Mixing for three and more: everybody hears the sum of the others ("n−1"), with saturation instead of wrapping round.
// One sum per tick; each listener's mix is the sum without its own contribution. Who hears whom is the caller's affair.

/** The nearest 16-bit sample. */
function clipSample(value: number): number {
  if (value > 32767) return 32767;
  return Math.max(value, -32768);
}

/** Sums frames of one length. Use: `clear`, `add` each speaker, then `mixInto` for each listener. */
export class Mixer {
  private readonly sum: Int32Array;
  /** How many were added since `clear`. */
  speakers = 0;

  constructor(frameSamples: number) {
    this.sum = new Int32Array(frameSamples);
  }

  clear(): void {
    this.sum.fill(0);
    this.speakers = 0;
  }

  add(frame: Int16Array): void {
    const { sum } = this;
    for (let i = 0; i < sum.length; i++) sum[i]! += frame[i]!;
    this.speakers++;
  }

  /** The sum, without `own` when it was added. */
  mixInto(into: Int16Array, own?: Int16Array): void {
    const { sum } = this;
    for (let i = 0; i < sum.length; i++) {
      const value = own ? sum[i]! - own[i]! : sum[i]!;
      into[i] = clipSample(value);
    }
  }
}

/** Adds `frame` onto `into` with saturation. */
export function addSamples(into: Int16Array, frame: Int16Array, count = into.length): void {
  for (let i = 0; i < count; i++) {
    const value = into[i]! + frame[i]!;
    into[i] = clipSample(value);
  }
}

/** Multiplies in place; `gain` 1 changes nothing. */
export function scaleSamples(samples: Int16Array, gain: number, count = samples.length): void {
  if (gain === 1) return;
  for (let i = 0; i < count; i++) {
    const value = samples[i]! * gain;
    samples[i] = clipSample(value);
  }
}
