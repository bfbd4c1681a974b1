// What a receiver learns of one source: extended sequence numbers and loss (RFC 3550 A.1, A.3), jitter (A.8), and the
// report block that tells the sender. Time is passed in. Does not order packets (jitter-buffer.ts).
//
// Probation is left out: one packet makes a source, since a telephone's first packet is worth hearing. A jump larger than
// `maxDropout` is taken as a restart when the next packet confirms it, as in A.1.

import { takeHotRecord } from './hot-record.ts';

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

// Of the hot record, in words and in doubles.
const highest = 0;
const cycles = 1;
const received = 2;
const packets = 3;
/** 128 bits, one for each of the last sequence numbers: did it come? */
const recent = 4;
const recentWords = 4;
/** Interarrival jitter in timestamp units (A.8). */
const jitterUnits = 4;
const transit = 5;
const lastTimestamp = 6;
const bytes = 7;

export class ReceptionStatistics {
  duplicates = 0;
  private readonly clockRateHz: number;
  private base = 0;
  private suspect = -1;
  private started = false;
  private expectedPrior = 0;
  private receivedPrior = 0;
  private lostBefore = 0;
  private expectedBefore = 0;
  private readonly ints: Int32Array;
  private readonly doubles: Float64Array;
  private readonly word: number;
  private readonly double: number;

  constructor(clockRateHz: number) {
    const { ints, doubles, word, double } = takeHotRecord();
    this.clockRateHz = clockRateHz;
    this.ints = ints;
    this.doubles = doubles;
    this.word = word;
    this.double = double;
    doubles[double + lastTimestamp] = -1;
  }

  get packets(): number {
    return this.ints[this.word + packets]!;
  }

  get bytes(): number {
    return this.doubles[this.double + bytes]!;
  }

  /** Takes one packet. `arrivalMs` may come from any clock that is monotonic. */
  onPacket(sequence: number, timestamp: number, arrivalMs: number, length = 0): Arrival {
    const arrival = this.place(sequence);
    if (arrival === 'suspect') return arrival;
    if (arrival === 'duplicate') {
      this.duplicates++;
      return arrival;
    }
    const { ints, word } = this;
    ints[word + packets]!++;
    ints[word + received]!++;
    this.doubles[this.double + bytes]! += length;
    this.measureJitter(timestamp, arrivalMs, arrival === 'restart');
    return arrival;
  }

  private place(sequence: number): Arrival {
    if (!this.started) {
      this.restart(sequence);
      return 'in-order';
    }
    const { ints, word } = this;
    const before = ints[word + highest]!;
    const ahead = (sequence - before) & 0xffff;
    if (ahead > 0 && ahead < maxDropout) {
      if (sequence < before) ints[word + cycles]! += 65536;
      ints[word + highest] = sequence;
      this.suspect = -1;
      if (ahead > 1) this.forget(before + 1, Math.min(ahead - 1, recentWords * 32));
      this.note(sequence);
      return 'in-order';
    }
    if (ahead === 0 || ahead > 65536 - maxMisorder) {
      if (this.cameBefore(sequence)) return 'duplicate';
      this.note(sequence);
      return 'late';
    }
    if (sequence === this.suspect) {
      this.lostBefore += Math.max(0, this.expected - ints[word + received]!);
      this.expectedBefore += this.expected;
      this.restart(sequence);
      return 'restart';
    }
    this.suspect = (sequence + 1) & 0xffff;
    return 'suspect';
  }

  private note(sequence: number): void {
    this.ints[this.word + recent + ((sequence >> 5) & 3)]! |= 1 << (sequence & 31);
  }

  private cameBefore(sequence: number): boolean {
    return (this.ints[this.word + recent + ((sequence >> 5) & 3)]! & (1 << (sequence & 31))) !== 0;
  }

  /** Numbers that were jumped over; their bits were those of others, 128 before. */
  private forget(from: number, count: number): void {
    for (let each = from; each < from + count; each++) {
      this.ints[this.word + recent + ((each >> 5) & 3)]! &= ~(1 << (each & 31));
    }
  }

  private restart(sequence: number): void {
    const { ints, word } = this;
    this.started = true;
    this.base = sequence;
    ints[word + highest] = sequence;
    ints[word + cycles] = 0;
    ints[word + received] = 0;
    this.suspect = -1;
    this.expectedPrior = 0;
    this.receivedPrior = 0;
    ints.fill(0, word + recent, word + recent + recentWords);
    this.note(sequence);
  }

  private measureJitter(timestamp: number, arrivalMs: number, fresh: boolean): void {
    const { doubles, double, clockRateHz } = this;
    const before = doubles[double + lastTimestamp]!;
    // Packets of one timestamp (telephone events) are not spaced like audio and would count as jitter.
    if (timestamp === before && !fresh) return;
    const now = (arrivalMs * clockRateHz) / 1000 - timestamp;
    if (before >= 0 && !fresh) {
      let difference = now - doubles[double + transit]!;
      if (Math.abs(difference) > 2 ** 31) difference -= Math.sign(difference) * 2 ** 32;
      // A gap of more than ten seconds is a silent sender or a new time base, not jitter.
      if (Math.abs(difference) < clockRateHz * 10) {
        const jitter = doubles[double + jitterUnits]!;
        doubles[double + jitterUnits] = jitter + (Math.abs(difference) - jitter) / 16;
      }
    }
    doubles[double + transit] = now;
    doubles[double + lastTimestamp] = timestamp;
  }

  private get received(): number {
    return this.ints[this.word + received]!;
  }

  /** The highest sequence number, extended by how often it began again. */
  private get extended(): number {
    return this.ints[this.word + cycles]! + this.ints[this.word + highest]!;
  }

  private get expected(): number {
    return this.started ? this.extended - this.base + 1 : 0;
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
    return (this.doubles[this.double + jitterUnits]! * 1000) / this.clockRateHz;
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
      highestSequence: this.extended >>> 0,
      jitter: Math.round(this.doubles[this.double + jitterUnits]!) >>> 0,
    };
  }
}
