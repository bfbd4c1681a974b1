// The time line of a tap: two lanes of 8 kHz audio laid out by time, so that what a party said and what it heard at one
// moment stand at one moment, with silence where nothing came. Pure; tap.ts sends what comes out.
// A lane places packets by their RTP timestamps, so jitter and reordering within the hold-back do not show; it falls back to
// the time of arrival when a source changes or its clock has wandered off.

/** How long a sample is held back for packets that come late. */
export const holdBackSamples = 1600;
const ringSamples = 8192;
const mask = ringSamples - 1;
/** Farther ahead of time than this, a timestamp is not believed. */
const aheadSamples = 2400;

class Lane {
  private readonly ring = new Int16Array(ringSamples);
  /** Everything before this sample has been taken. */
  private taken = 0;
  private source: unknown;
  private anchorTimestamp = 0;
  private anchorAt = 0;
  /** Where the latest audio ends; ahead of the present when its packets come earlier than its first one did. */
  end = 0;

  /**
   * Lays audio at the place its timestamp says. `now` is the time line's present, in samples; `timestampsPerSample` is the
   * clock of the timestamp (1 for 8 kHz, 6 for 48 kHz).
   */
  write(source: unknown, timestamp: number, perSample: number, samples: Int16Array, count: number, now: number): void {
    let at = this.anchorAt + Math.round(((timestamp - this.anchorTimestamp) | 0) / perSample);
    if (source !== this.source || at < this.taken || at > now + aheadSamples) {
      this.source = source;
      at = Math.max(now, this.taken, Math.min(this.end, now + count));
      this.anchorTimestamp = timestamp;
      this.anchorAt = at;
    }
    for (let i = 0; i < count; i++) this.ring[(at + i) & mask] = samples[i]!;
    if (at + count > this.end) this.end = at + count;
  }

  /** Moves [taken, until) into every second sample of `into`, leaving silence behind. */
  takeUntil(until: number, into: Int16Array, channel: 0 | 1): void {
    for (let at = this.taken, out = channel; at < until; at++, out += 2) {
      into[out] = this.ring[at & mask]!;
      this.ring[at & mask] = 0;
    }
    this.taken = until;
  }
}

export class TapLanes {
  readonly said = new Lane();
  readonly heard = new Lane();
  private taken = 0;

  /** Everything that is older than the hold-back at `now`, as interleaved stereo in whole 20 ms, or nothing. */
  take(now: number, holdBack = holdBackSamples): Int16Array | undefined {
    return this.takeUntil(Math.floor((now - holdBack) / 160) * 160);
  }

  /** At the end: everything up to the present, and what has already been laid beyond it. */
  takeRest(now: number): Int16Array | undefined {
    return this.takeUntil(Math.ceil(Math.max(now, this.said.end, this.heard.end) / 160) * 160);
  }

  private takeUntil(until: number): Int16Array | undefined {
    const count = Math.min(until - this.taken, ringSamples - holdBackSamples);
    if (count <= 0) return undefined;
    const out = new Int16Array(count * 2);
    this.said.takeUntil(this.taken + count, out, 0);
    this.heard.takeUntil(this.taken + count, out, 1);
    this.taken += count;
    return out;
  }
}
