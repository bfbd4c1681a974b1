// Keyed digits as RFC 4733 events: a sender that makes the packets of one key press after another, and a receiver that
// tells each press exactly once whatever is lost, repeated or late. Pure: the caller sends, stamps and keeps time.
//
// Sender: idle ─next()▶ pressing ─(duration reached)▶ ending (3 end packets) ─▶ pause ─▶ idle. One packet per 20 ms call.
// Receiver: a press is the set of packets of one timestamp (or several joined segments), told when it ends.

const eventDigits = '0123456789*#ABCD';

/** Events 0–15 as the digit they mean; undefined for others (flash, tones). */
const digitOfEvent = (event: number): string | undefined => eventDigits[event];
const eventOfDigit = (digit: string): number => eventDigits.indexOf(digit.toUpperCase());

export type EventProblem = 'too-short';

export interface TelephoneEvent {
  event: number;
  end: boolean;
  volume: number;
  /** In timestamp units. */
  duration: number;
}

export const eventPayloadLength = 4;

/** Reads a payload; with RFC 2198-like lists only the first event counts. */
export function parseTelephoneEvent(packet: Uint8Array, start = 0, end = packet.length): TelephoneEvent | EventProblem {
  if (end - start < eventPayloadLength || end > packet.length) return 'too-short';
  return {
    event: packet[start]!,
    end: packet[start + 1]! > 127,
    volume: packet[start + 1]! & 0x3f,
    duration: (packet[start + 2]! << 8) | packet[start + 3]!,
  };
}

export function writeTelephoneEvent(into: Uint8Array, at: number, event: TelephoneEvent): void {
  into[at] = event.event;
  into[at + 1] = (event.end ? 0x80 : 0) | (event.volume & 0x3f);
  into[at + 2] = event.duration >>> 8;
  into[at + 3] = event.duration;
}

export interface EventPacket extends TelephoneEvent {
  marker: boolean;
  /** The timestamp of the press: the same for all its packets. */
  timestamp: number;
}

export interface DigitSenderOptions {
  clockRateHz: number;
  /** How long a key is held (at least 40 ms, RFC 4733 §2.5.1.2 leaves it to us). 100 unless told. */
  durationMs?: number;
  /** Silence between two keys. 60 unless told. */
  pauseMs?: number;
  /** Between two packets: that of the audio. 20 unless told. */
  intervalMs?: number;
  /** −dBm0, 10 unless told. */
  volume?: number;
}

/** Sends digits one after another. Ask `next` once per packet interval; audio goes out when it gives nothing. */
export class DigitSender {
  private readonly unitsPerPacket: number;
  private readonly holdUnits: number;
  private readonly pausePackets: number;
  private readonly volume: number;
  private queue: number[] = [];
  private event = -1;
  private timestamp = 0;
  private duration = 0;
  private endsLeft = 0;
  private pauseLeft = 0;

  constructor(options: DigitSenderOptions) {
    const intervalMs = options.intervalMs ?? 20;
    this.unitsPerPacket = (options.clockRateHz / 1000) * intervalMs;
    const packets = Math.max(2, Math.ceil(Math.max(40, options.durationMs ?? 100) / intervalMs));
    // A duration field is 16 bits; a longer press would need segments (§2.5.1.3), which no keypad of ours makes.
    this.holdUnits = Math.min(packets * this.unitsPerPacket, 0xffff);
    this.pausePackets = Math.ceil((options.pauseMs ?? 60) / intervalMs);
    this.volume = options.volume ?? 10;
  }

  /** Queues digits; returns those that are none (and are left out). */
  send(digits: string): string {
    let refused = '';
    for (const digit of digits) {
      const event = eventOfDigit(digit);
      if (event < 0) refused += digit;
      else this.queue.push(event);
    }
    return refused;
  }

  get busy(): boolean {
    return this.event >= 0 || this.queue.length > 0 || this.pauseLeft > 0;
  }

  /** While true the audio must not be sent: a key is down (§2.5.1.2). */
  get pressing(): boolean {
    return this.event >= 0;
  }

  /** The packet to send at `timestamp` (the one audio would have now), or undefined. */
  next(timestamp: number): EventPacket | undefined {
    if (this.event < 0) {
      if (this.pauseLeft > 0) {
        this.pauseLeft--;
        return undefined;
      }
      const event = this.queue.shift();
      if (event === undefined) return undefined;
      this.event = event;
      this.timestamp = timestamp;
      this.duration = this.unitsPerPacket;
      return this.packet(true, false);
    }
    if (this.endsLeft > 0) {
      this.endsLeft--;
      const packet = this.packet(false, true);
      if (this.endsLeft === 0) {
        this.event = -1;
        this.pauseLeft = this.pausePackets;
      }
      return packet;
    }
    this.duration = Math.min(this.duration + this.unitsPerPacket, this.holdUnits);
    if (this.duration < this.holdUnits) return this.packet(false, false);
    this.endsLeft = 2;
    return this.packet(false, true);
  }

  private packet(marker: boolean, end: boolean): EventPacket {
    const { event, volume, duration, timestamp } = this;
    return { event, end, volume, duration, marker, timestamp };
  }
}

export interface KeyPress {
  digit: string;
  durationMs: number;
}

/**
 * Hears digits. A press is told when its end arrives; when all end packets are lost, at the first packet of another press
 * or when `silent` finds that nothing came for 150 ms. A press whose start was lost is told like any other.
 */
export class DigitReceiver {
  private readonly clockRateHz: number;
  private timestamp = -1;
  private event = -1;
  private duration = 0;
  private earlierUnits = 0;
  private lastAtMs = 0;
  private told = true;
  /** Timestamps that were told, so that a late packet of an older press is not a new one. */
  private readonly done = new Float64Array(8).fill(-1);
  private doneAt = 0;
  private readonly gapMs: number;

  constructor(options: { clockRateHz: number; gapMs?: number }) {
    this.clockRateHz = options.clockRateHz;
    this.gapMs = options.gapMs ?? 150;
  }

  /** True while a key is held down: audio of that time is the key's, not speech. */
  get pressing(): boolean {
    return !this.told;
  }

  /** Takes one packet. May tell two presses: one whose end was lost, and this one. Usually gives the shared empty list. */
  onPacket(timestamp: number, event: TelephoneEvent, nowMs: number): readonly KeyPress[] {
    if (digitOfEvent(event.event) === undefined || this.done.includes(timestamp)) return nothing;
    if (timestamp === this.timestamp && !this.told) return this.update(event, nowMs);
    if (this.continues(timestamp, event)) {
      this.earlierUnits += this.duration;
      this.timestamp = timestamp;
      this.duration = 0;
      return this.update(event, nowMs);
    }
    // Reordered: older than the press in progress, and never told; its own packets decide nothing now.
    const behind = this.timestamp >= 0 && !this.told && (timestamp - this.timestamp) >> 31 !== 0;
    if (behind) return nothing;
    const before = this.finish();
    this.timestamp = timestamp;
    this.event = event.event;
    this.duration = 0;
    this.told = false;
    const now = this.update(event, nowMs);
    return before ? [before, ...now] : now;
  }

  /** The next segment of a key held longer than 16 bits can say (§2.5.1.3): 1.4 s at 48 kHz. */
  private continues(timestamp: number, event: TelephoneEvent): boolean {
    if (this.told || event.event !== this.event || this.duration < 0xf000) return false;
    const apart = (timestamp - this.timestamp) >>> 0;
    return Math.abs(apart - this.duration) <= this.clockRateHz / 10;
  }

  /** The source changed (another SSRC, a new negotiation): old timestamps mean nothing any more. */
  reset(): void {
    this.told = true;
    this.timestamp = -1;
    this.done.fill(-1);
  }

  private update(event: TelephoneEvent, nowMs: number): readonly KeyPress[] {
    this.lastAtMs = nowMs;
    if (event.duration > this.duration) this.duration = event.duration;
    if (!event.end) return nothing;
    const press = this.finish();
    return press ? [press] : nothing;
  }

  /** Call now and then (each 50 ms or so): tells a press whose end never came. */
  silent(nowMs: number): readonly KeyPress[] {
    if (this.told || nowMs - this.lastAtMs < this.gapMs) return nothing;
    const press = this.finish();
    return press ? [press] : nothing;
  }

  private finish(): KeyPress | undefined {
    if (this.told) return undefined;
    this.told = true;
    this.done[this.doneAt] = this.timestamp;
    this.doneAt = (this.doneAt + 1) % this.done.length;
    const units = this.earlierUnits + this.duration;
    this.earlierUnits = 0;
    return { digit: digitOfEvent(this.event)!, durationMs: Math.round((units * 1000) / this.clockRateHz) };
  }
}

const nothing: readonly KeyPress[] = Object.freeze([]);
