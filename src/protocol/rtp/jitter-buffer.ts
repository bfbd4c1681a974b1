// An adaptive jitter buffer for what is decoded here (mixing, transcoding, recording); packets that are only relayed never
// pass it. Pure: packets go in as they arrive, and each tick takes what is due. It keeps references to payloads, no copies.
//
// filling ─(as much buffered as the target says)▶ playing ─(ran empty)▶ filling. While playing, `take` moves on by exactly
// one packet: the packet, or 'lost' when later ones are there, or 'empty' when nothing is. The target is the largest lateness
// of the last four to eight seconds, within limits; a buffer that stays fuller than that gives up one packet at a time.

import { Unwrapper } from './sequence.ts';

export interface JitterPacket {
  payload: Uint8Array;
  /** Bounds of the payload; equal ones mean "known not to be audio" (a telephone event): play nothing, conceal nothing. */
  start: number;
  end: number;
  payloadType: number;
  timestamp: number;
  sequence: number;
}

export interface JitterBufferOptions {
  clockRateHz: number;
  /** Audio in a packet, for what the first packets are counted as. 20 unless told. */
  ptimeMs?: number;
  /** 20 and 200 unless told. */
  minDelayMs?: number;
  maxDelayMs?: number;
}

/** 'lost': conceal one packet. 'empty': nothing is there (paused, or everything late). 'filling': wait, play nothing. */
export type Taken = JitterPacket | 'lost' | 'empty' | 'filling';

const slots = 64;
const windowMs = 4000;

export class JitterBuffer {
  late = 0;
  duplicates = 0;
  lost = 0;
  /** Packets given up to bring the delay down. */
  skipped = 0;
  private readonly clockRateHz: number;
  private readonly minDelayMs: number;
  private readonly maxDelayMs: number;
  private packetMs: number;
  private readonly ring: (JitterPacket | undefined)[] = new Array(slots).fill(undefined);
  private readonly sequences = new Unwrapper(16);
  private readonly timestamps = new Unwrapper(32);
  private next = -1;
  private highest = -1;
  private playing = false;
  private highestTimestamp = 0;
  // Lateness against the earliest arrival of two windows, so that clocks that drift apart are followed.
  private windowEndsMs = 0;
  private earliest = Number.POSITIVE_INFINITY;
  private earliestBefore = Number.POSITIVE_INFINITY;
  private latest = 0;
  private latestBefore = 0;
  private leastBuffered = slots;
  private takes = 0;

  constructor(options: JitterBufferOptions) {
    this.clockRateHz = options.clockRateHz;
    this.packetMs = options.ptimeMs ?? 20;
    this.minDelayMs = options.minDelayMs ?? 20;
    this.maxDelayMs = options.maxDelayMs ?? 200;
  }

  /** The source changed: what is buffered belongs to the old one. */
  reset(): void {
    this.ring.fill(undefined);
    this.sequences.reset();
    this.timestamps.reset();
    this.next = -1;
    this.highest = -1;
    this.playing = false;
    this.windowEndsMs = 0;
    this.earliest = Number.POSITIVE_INFINITY;
    this.earliestBefore = Number.POSITIVE_INFINITY;
    this.latest = 0;
    this.latestBefore = 0;
  }

  /** Takes a packet in. `nowMs` may come from any monotonic clock. */
  put(packet: JitterPacket, nowMs: number): 'stored' | 'late' | 'duplicate' {
    let sequence = this.extended(packet);
    if (this.next >= 0 && (sequence >= this.next + slots || sequence < this.next - slots * 8)) {
      this.reset();
      sequence = this.extended(packet);
    }
    this.measure(packet.timestamp, sequence, nowMs);
    if (this.next < 0) this.next = sequence;
    // While filling nothing was played yet, so an earlier packet is welcome.
    if (sequence < this.next && !this.playing && this.highest - sequence < slots && this.takes === 0)
      this.next = sequence;
    if (sequence < this.next) {
      this.late++;
      return 'late';
    }
    const at = sequence % slots;
    if (this.ring[at]) {
      this.duplicates++;
      return 'duplicate';
    }
    this.ring[at] = packet;
    if (sequence > this.highest) this.highest = sequence;
    return 'stored';
  }

  /** Counted from a round up, so that a packet from before the first one is not below zero. */
  private extended(packet: JitterPacket): number {
    return this.sequences.next(packet.sequence) + 65536;
  }

  private measure(timestamp: number, sequence: number, nowMs: number): void {
    const unwrapped = this.timestamps.next(timestamp);
    if (sequence === this.highest + 1 && this.highest >= 0) {
      const apartMs = ((unwrapped - this.highestTimestamp) * 1000) / this.clockRateHz;
      if (apartMs >= 5 && apartMs <= 120) this.packetMs = apartMs;
    }
    if (sequence > this.highest) this.highestTimestamp = unwrapped;
    const transit = nowMs - (unwrapped * 1000) / this.clockRateHz;
    if (nowMs >= this.windowEndsMs) {
      this.windowEndsMs = nowMs + windowMs;
      this.earliestBefore = this.earliest;
      this.latestBefore = this.latest;
      this.earliest = Number.POSITIVE_INFINITY;
      this.latest = 0;
    }
    if (transit < this.earliest) this.earliest = transit;
    const lateness = transit - Math.min(this.earliest, this.earliestBefore);
    // More than the largest delay we would accept is a pause of the sender, not jitter.
    if (lateness > this.latest && lateness <= this.maxDelayMs * 2) this.latest = lateness;
  }

  /** How much audio is held back, as the network's lateness asks for. */
  get targetMs(): number {
    const lateness = Math.max(this.latest, this.latestBefore);
    return Math.min(this.maxDelayMs, Math.max(this.minDelayMs, Math.ceil(lateness / this.packetMs) * this.packetMs));
  }

  private get buffered(): number {
    return this.next < 0 ? 0 : this.highest - this.next + 1;
  }

  get bufferedMs(): number {
    return this.buffered * this.packetMs;
  }

  /** Nothing more will come: what is there is due, however little it is. */
  finish(): void {
    if (this.buffered > 0) this.playing = true;
  }

  /** What is due now: call once per packet time. */
  take(): Taken {
    if (!this.playing) {
      if (this.buffered * this.packetMs < this.targetMs + this.packetMs / 2) return 'filling';
      this.playing = true;
      this.startWatching();
    }
    this.shorten();
    const at = this.next % slots;
    const packet = this.ring[at];
    if (packet) {
      this.ring[at] = undefined;
      this.next++;
      return packet;
    }
    if (this.highest >= this.next) {
      this.next++;
      this.lost++;
      return 'lost';
    }
    this.playing = false;
    return 'empty';
  }

  private startWatching(): void {
    this.leastBuffered = slots;
    this.takes = 1;
  }

  /** After a second in which more was always there than the target wants, one packet is given up: a lost one if possible. */
  private shorten(): void {
    this.leastBuffered = Math.min(this.leastBuffered, this.buffered);
    if (++this.takes * this.packetMs < 1000) return;
    if ((this.leastBuffered - 1) * this.packetMs > this.targetMs) {
      this.ring[this.next % slots] = undefined;
      this.next++;
      this.skipped++;
    }
    this.startWatching();
  }
}
