// Covering for lost audio (in the manner of ITU-T G.711 appendix I): the last pitch period is repeated, fading out over 60 ms,
// and the first good audio after a gap is faded in from the repetition. 8 kHz, 16-bit. One object per stream.

const shortestPeriod = 40;
const longestPeriod = 120;
const historySamples = 390;
const compareSamples = 160;
const overlapSamples = 32;
const fadeSamples = 480;

export class Concealment {
  private readonly history = new Int16Array(historySamples);
  private period = 0;
  private concealed = 0;

  /** Audio that arrived. Smooths its beginning in place when it follows a gap. */
  good(samples: Int16Array, count = samples.length): void {
    if (this.concealed > 0) {
      const overlap = Math.min(overlapSamples, count);
      for (let i = 0; i < overlap; i++) {
        const weight = (i + 1) / (overlap + 1);
        samples[i] = Math.round(samples[i]! * weight + this.repeated(i) * (1 - weight));
      }
      this.concealed = 0;
    }
    this.remember(samples, count);
  }

  /** Makes up `count` samples. */
  conceal(into: Int16Array, count = into.length): void {
    if (this.concealed === 0) this.period = this.findPeriod();
    for (let i = 0; i < count; i++) into[i] = this.repeated(i);
    this.concealed += count;
  }

  /** The sample that would come `ahead` after what was concealed so far. */
  private repeated(ahead: number): number {
    const position = this.concealed + ahead;
    const gain = Math.max(0, 1 - position / fadeSamples);
    const index = historySamples - this.period + (position % this.period);
    return Math.round(this.history[index]! * gain);
  }

  private remember(samples: Int16Array, count: number): void {
    const kept = Math.min(count, historySamples);
    this.history.copyWithin(0, kept);
    this.history.set(samples.subarray(count - kept, count), historySamples - kept);
  }

  /** The lag at which the last 20 ms are most like what came before. */
  private findPeriod(): number {
    const { history } = this;
    const start = historySamples - compareSamples;
    let best = longestPeriod;
    let most = 0;
    for (let lag = shortestPeriod; lag <= longestPeriod; lag++) {
      let product = 0;
      let energy = 1;
      for (let i = start; i < historySamples; i++) {
        const earlier = history[i - lag]!;
        product += history[i]! * earlier;
        energy += earlier * earlier;
      }
      const likeness = product > 0 ? (product * product) / energy : 0;
      if (likeness > most) {
        most = likeness;
        best = lag;
      }
    }
    return best;
  }
}
