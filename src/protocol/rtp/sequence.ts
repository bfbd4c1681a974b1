// What a receiver learns of one source: extended sequence numbers and loss (RFC 3550 A.1, A.3), jitter (A.8), and the
// report block that tells the sender. Time is passed in. Does not order packets (jitter-buffer.ts).
//
// Probation is left out: one packet makes a source, since a telephone's first packet is worth hearing. A jump larger than
// `maxDropout` is taken as a restart when the next packet confirms it, as in A.1.

const maxDropout = 3000;
const maxMisorder = 100;

/** A wrapping counter made monotonic: RTP sequence numbers (16 bits) or timestamps (32 bits). */
export class Unwrapper {
  private last: number | undefined;
  private readonly range: number;

  constructor(bits: 16 | 32) {
    this.range = 2 ** bits;
  }

  /** The value nearest to the last one that equals `value` modulo the range. May go back, and below zero at the very start. */
  next(value: number): number {
    if (this.last === undefined) {
      this.last = value;
      return value;
    }
    const forward = (((value - this.last) % this.range) + this.range) % this.range;
    const step = forward < this.range / 2 ? forward : forward - this.range;
    const extended = this.last + step;
    if (step > 0) this.last = extended;
    return extended;
  }

  reset(): void {
    this.last = undefined;
  }
}

export type Arrival = 'in-order' | 'late' | 'duplicate' | 'restart' | 'suspect';

export class ReceptionStatistics {
  packets = 0;
  bytes = 0;
  duplicates = 0;
  /** Interarrival jitter in timestamp units (A.8). */
  private jitterUnits = 0;
  private readonly clockRateHz: number;
  private base = 0;
  private highest = 0;
  private cycles = 0;
  private received = 0;
  private suspect = -1;
  private started = false;
  private transit = 0;
  private lastTimestamp = -1;
  private expectedPrior = 0;
  private receivedPrior = 0;
  private lostBefore = 0;
  private expectedBefore = 0;
  /** The last 128 sequence numbers, so that a duplicate is not counted as a packet received. */
  private readonly recent = new Int32Array(128).fill(-1);

  constructor(clockRateHz: number) {
    this.clockRateHz = clockRateHz;
  }

  /** Takes one packet. `arrivalMs` may come from any clock that is monotonic. */
  onPacket(sequence: number, timestamp: number, arrivalMs: number, bytes = 0): Arrival {
    const arrival = this.place(sequence);
    if (arrival === 'suspect') return arrival;
    if (arrival === 'duplicate') {
      this.duplicates++;
      return arrival;
    }
    this.packets++;
    this.bytes += bytes;
    this.received++;
    this.measureJitter(timestamp, arrivalMs, arrival === 'restart');
    return arrival;
  }

  private place(sequence: number): Arrival {
    if (!this.started) {
      this.restart(sequence);
      return 'in-order';
    }
    const ahead = (sequence - this.highest) & 0xffff;
    if (ahead > 0 && ahead < maxDropout) {
      if (sequence < this.highest) this.cycles += 65536;
      this.highest = sequence;
      this.suspect = -1;
      this.recent[sequence & 127] = sequence;
      return 'in-order';
    }
    if (ahead === 0 || ahead > 65536 - maxMisorder) {
      if (this.recent[sequence & 127] === sequence) return 'duplicate';
      this.recent[sequence & 127] = sequence;
      return 'late';
    }
    if (sequence === this.suspect) {
      this.lostBefore += Math.max(0, this.expected - this.received);
      this.expectedBefore += this.expected;
      this.restart(sequence);
      return 'restart';
    }
    this.suspect = (sequence + 1) & 0xffff;
    return 'suspect';
  }

  private restart(sequence: number): void {
    this.started = true;
    this.base = sequence;
    this.highest = sequence;
    this.cycles = 0;
    this.received = 0;
    this.suspect = -1;
    this.expectedPrior = 0;
    this.receivedPrior = 0;
    this.recent.fill(-1);
    this.recent[sequence & 127] = sequence;
  }

  private measureJitter(timestamp: number, arrivalMs: number, fresh: boolean): void {
    // Packets of one timestamp (telephone events) are not spaced like audio and would count as jitter.
    if (timestamp === this.lastTimestamp && !fresh) return;
    const transit = (arrivalMs * this.clockRateHz) / 1000 - timestamp;
    if (this.lastTimestamp >= 0 && !fresh) {
      let difference = transit - this.transit;
      if (Math.abs(difference) > 2 ** 31) difference -= Math.sign(difference) * 2 ** 32;
      // A gap of more than ten seconds is a silent sender or a new time base, not jitter.
      if (Math.abs(difference) < this.clockRateHz * 10)
        this.jitterUnits += (Math.abs(difference) - this.jitterUnits) / 16;
    }
    this.transit = transit;
    this.lastTimestamp = timestamp;
  }

  private get expected(): number {
    return this.started ? this.cycles + this.highest - this.base + 1 : 0;
  }

  /** Packets that should have come, over all restarts. */
  get packetsExpected(): number {
    return this.expectedBefore + this.expected;
  }

  /** Packets that did not come; late ones are not lost, and duplicates do not make up for others. */
  get packetsLost(): number {
    return this.lostBefore + Math.max(0, this.expected - this.received);
  }

  get jitterMs(): number {
    return (this.jitterUnits * 1000) / this.clockRateHz;
  }

  /** Loss from the beginning, 0 to 1. */
  get lossRatio(): number {
    return this.packetsExpected === 0 ? 0 : this.packetsLost / this.packetsExpected;
  }

  /** What a report block says now (RFC 3550 §6.4.1). `fractionLost` is since the last call, in 256ths. */
  report(): { fractionLost: number; cumulativeLost: number; highestSequence: number; jitter: number } {
    const expectedInterval = this.expected - this.expectedPrior;
    const receivedInterval = this.received - this.receivedPrior;
    this.expectedPrior = this.expected;
    this.receivedPrior = this.received;
    const lost = expectedInterval - receivedInterval;
    return {
      fractionLost: expectedInterval > 0 && lost > 0 ? Math.min(255, Math.floor((lost * 256) / expectedInterval)) : 0,
      cumulativeLost: Math.min(this.packetsLost, 0x7fffff),
      highestSequence: (this.cycles + this.highest) >>> 0,
      jitter: Math.round(this.jitterUnits) >>> 0,
    };
  }
}
