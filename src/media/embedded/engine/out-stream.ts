// One outgoing RTP stream (RFC 3550 §5.1): a single SSRC for the life of the endpoint, whatever it is fed from.
// The far end's jitter buffer must not notice when the source changes from a prompt to a bridged party and back: sequence
// numbers go on by one, timestamps go on by the time that really passed, and the first packet after a pause has the marker bit.
// Losses of a forwarded source stay visible as gaps, so the far end can conceal them and report them.

import { takeHotRecord } from '../../../protocol/rtp/hot-record.ts';

const headerBytes = 12;
/** After a stall of this length the stream's clock is set by real time again. */
const resyncMs = 250;

// Of the hot record, in words and in doubles. Timestamps and SSRCs are kept as signed words.
const lastSequence = 0;
const lastStamp = 1;
const sourceSsrc = 2;
const sequenceOffset = 3;
const stampOffset = 4;
const packets = 5;
const ownSsrc = 6;
const octets = 4;
const lastSentAt = 5;

export class OutStream {
  readonly ssrc: number;
  payloadType = 0;
  clockRateHz = 8000;
  private source: unknown;
  private readonly send: (packet: Buffer) => void;
  private readonly ints: Int32Array;
  private readonly doubles: Float64Array;
  private readonly word: number;
  private readonly double: number;

  constructor(ssrc: number, sequence: number, timestamp: number, send: (packet: Buffer) => void) {
    const { ints, doubles, word, double } = takeHotRecord();
    this.ssrc = ssrc;
    this.send = send;
    this.ints = ints;
    this.doubles = doubles;
    this.word = word;
    this.double = double;
    ints[word + ownSsrc] = ssrc;
    ints[word + lastSequence] = sequence & 0xffff;
    ints[word + lastStamp] = timestamp;
    doubles[double + lastSentAt] = -1;
  }

  get packets(): number {
    return this.ints[this.word + packets]!;
  }

  get octets(): number {
    return this.doubles[this.double + octets]!;
  }

  /** performance.now() of the last packet; -1 before the first. */
  get lastSentAt(): number {
    return this.doubles[this.double + lastSentAt]!;
  }

  get lastTimestamp(): number {
    return this.ints[this.word + lastStamp]! >>> 0;
  }

  /** Where the stream's clock stands now: what the next packet of a new source is stamped with. */
  timestampAt(nowMs: number, atLeast: number): number {
    if (this.lastSentAt < 0) return this.lastTimestamp;
    const passed = Math.round(((nowMs - this.lastSentAt) * this.clockRateHz) / 1000);
    return (this.lastTimestamp + Math.max(passed, atLeast)) >>> 0;
  }

  /**
   * Sends a packet of another stream as one of ours, changing its header in place. The caller has made sure that it has
   * neither extension nor contributing sources that the far end did not negotiate. Returns the outgoing timestamp.
   */
  forward(packet: Buffer, source: unknown, payloadType: number, nowMs: number): number {
    const { ints, doubles, word, double } = this;
    const sequence = (packet[2]! << 8) | packet[3]!;
    const timestamp = (packet[4]! << 24) | (packet[5]! << 16) | (packet[6]! << 8) | packet[7]!;
    const ssrc = (packet[8]! << 24) | (packet[9]! << 16) | (packet[10]! << 8) | packet[11]!;
    let marker = packet[1]! & 0x80;
    if (this.source !== source || ints[word + sourceSsrc] !== ssrc) {
      this.source = source;
      ints[word + sourceSsrc] = ssrc;
      ints[word + sequenceOffset] = (ints[word + lastSequence]! + 1 - sequence) & 0xffff;
      ints[word + stampOffset] = this.timestampAt(nowMs, this.clockRateHz / 50) - timestamp;
      marker = 0x80;
    }
    const outSequence = (sequence + ints[word + sequenceOffset]!) & 0xffff;
    const outTimestamp = (timestamp + ints[word + stampOffset]!) | 0;
    this.stamp(packet, marker | payloadType, outSequence, outTimestamp);
    // A reordered packet goes out with its own older number, but does not turn the stream's clock back.
    if (((outSequence - ints[word + lastSequence]!) & 0xffff) < 0x8000) {
      ints[word + lastSequence] = outSequence;
      ints[word + lastStamp] = outTimestamp;
      doubles[double + lastSentAt] = nowMs;
    }
    this.count(packet);
    return outTimestamp >>> 0;
  }

  private count(packet: Buffer): void {
    this.ints[this.word + packets]!++;
    this.doubles[this.double + octets]! += packet.length - headerBytes;
    this.send(packet);
  }

  private nextSequence(): number {
    const next = (this.ints[this.word + lastSequence]! + 1) & 0xffff;
    this.ints[this.word + lastSequence] = next;
    return next;
  }

  private noteSent(timestamp: number, nowMs: number): void {
    this.ints[this.word + lastStamp] = timestamp;
    this.doubles[this.double + lastSentAt] = nowMs;
  }

  /** Sends a payload made here, `units` of the clock long; the buffer has 12 free bytes in front. Returns its timestamp. */
  generate(packet: Buffer, source: unknown, units: number, nowMs: number): number {
    let marker = 0;
    let timestamp = (this.lastTimestamp + units) >>> 0;
    if (this.source !== source || nowMs - this.lastSentAt > resyncMs) {
      this.source = source;
      marker = 0x80;
      timestamp = this.timestampAt(nowMs, units);
    }
    this.noteSent(timestamp, nowMs);
    this.stamp(packet, marker | this.payloadType, this.nextSequence(), timestamp);
    this.count(packet);
    return timestamp;
  }

  /** A packet of an event (RFC 4733 §2.5.1.2): all packets of one event carry the timestamp of its beginning. */
  event(packet: Buffer, payloadType: number, timestamp: number, first: boolean, nowMs: number): void {
    this.source = undefined;
    // Time and timestamp stay a pair, so that what follows the event is stamped after it.
    if (first) this.noteSent(timestamp, nowMs);
    this.stamp(packet, (first ? 0x80 : 0) | payloadType, this.nextSequence(), timestamp);
    this.count(packet);
  }

  /** The next packet starts a new source even if it is the same object (after hold, after an event). */
  breakSource(): void {
    this.source = undefined;
  }

  private stamp(packet: Buffer, second: number, sequence: number, timestamp: number): void {
    const ssrc = this.ints[this.word + ownSsrc]!;
    packet[0] = 0x80;
    packet[1] = second;
    packet[2] = sequence >>> 8;
    packet[3] = sequence & 0xff;
    packet[4] = timestamp >>> 24;
    packet[5] = (timestamp >>> 16) & 0xff;
    packet[6] = (timestamp >>> 8) & 0xff;
    packet[7] = timestamp & 0xff;
    packet[8] = ssrc >>> 24;
    packet[9] = (ssrc >>> 16) & 0xff;
    packet[10] = (ssrc >>> 8) & 0xff;
    packet[11] = ssrc & 0xff;
  }
}
