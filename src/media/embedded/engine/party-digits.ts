// One party's digits: heard by RFC 4733 or in band and told once; sent by RFC 4733 or as tones; relayed from the bridge.
// While digits are not audible (secret input) nothing of this party leaves, events or audio: a tone is known only after it
// began, telephones send tones beside events, and people say aloud what they key (docs/decisions/0066). A key that is down
// when digits become audible again is kept back to its end.

import { InbandDtmfDetector } from '../../../protocol/rtp/inband-dtmf.ts';
import {
  DigitReceiver,
  DigitSender,
  eventPayloadLength,
  type KeyPress,
  parseTelephoneEvent,
  writeTelephoneEvent,
} from '../../../protocol/rtp/telephone-event.ts';
import type { NegotiatedEvents } from '../../../protocol/sdp/codecs.ts';
import type { OutStream } from './out-stream.ts';
import { dtmfTones } from './sounds.ts';

/** After the last event packet of a relayed press, audio stays away this long (three end packets come 20 ms apart). */
const relayTailMs = 50;
/** A press is told at its end; repeated end packets, and what is left of its tone, come after that. */
const keyTailMs = 120;

export interface PartyDigitsNeeds {
  told(press: KeyPress, by: 'rfc4733' | 'inband'): void;
  playTones(samples: Int16Array): void;
}

interface Relay {
  sourceTimestamp: number;
  timestamp: number;
  lastAt: number;
}

export class PartyDigits {
  private allowed = true;
  /** Not zero: a key was down when digits became audible again, and until when it is kept back. */
  private keptBackUntil = 0;
  private lastPressAt = Number.NEGATIVE_INFINITY;
  inband: InbandDtmfDetector | undefined;
  private readonly needs: PartyDigitsNeeds;
  private events: NegotiatedEvents | undefined;
  private receiver: DigitReceiver | undefined;
  private sender: DigitSender | undefined;
  private senderDone: (() => void)[] = [];
  private relay: Relay | undefined;

  constructor(needs: PartyDigitsNeeds) {
    this.needs = needs;
  }

  agree(events: NegotiatedEvents | undefined, g711: boolean): void {
    const changed = events?.clockRateHz !== this.events?.clockRateHz;
    this.events = events;
    if (changed) this.receiver = events && new DigitReceiver({ clockRateHz: events.clockRateHz });
    if (events) this.inband = undefined;
    else if (g711) this.inband ??= new InbandDtmfDetector();
  }

  /** While false, nothing that this party says or keys may leave. */
  get audible(): boolean {
    return this.allowed && this.keptBackUntil === 0;
  }

  setAudible(allowed: boolean, now: number): void {
    if (allowed === this.allowed) return;
    this.allowed = allowed;
    this.keptBackUntil = this.pressing ? now + keyTailMs : Math.max(0, this.lastPressAt + keyTailMs);
    if (!allowed || this.keptBackUntil <= now) this.keptBackUntil = 0;
  }

  /** The tick is needed. */
  get busy(): boolean {
    return this.sender !== undefined || this.keptBackUntil !== 0 || this.receiver?.pressing === true;
  }

  private get pressing(): boolean {
    return this.inband?.pressing === true || this.receiver?.pressing === true;
  }

  /** An event packet of this party. */
  onEvent(packet: Buffer, timestamp: number, now: number): void {
    const event = parseTelephoneEvent(packet, 12);
    if (typeof event === 'string' || !this.receiver) return;
    this.tell(this.receiver.onPacket(timestamp, event, now), 'rfc4733', now);
  }

  /** G.711 audio of this party, decoded. */
  hear(samples: Int16Array, now: number): void {
    if (this.inband) this.tell(this.inband.push(samples), 'inband', now);
  }

  private tell(presses: readonly KeyPress[], by: 'rfc4733' | 'inband', now: number): void {
    for (const press of presses) {
      this.needs.told(press, by);
      this.lastPressAt = now;
    }
  }

  tick(now: number): void {
    if (this.receiver) this.tell(this.receiver.silent(now), 'rfc4733', now);
    if (this.keptBackUntil === 0) return;
    if (this.pressing) this.keptBackUntil = now + keyTailMs;
    else if (now >= this.keptBackUntil) this.keptBackUntil = 0;
  }

  /** Sends digits to this party; resolves when the last has been sent. */
  send(digits: string, durationMs: number): Promise<void> {
    if (!this.events) {
      this.needs.playTones(dtmfTones(digits, durationMs));
      return new Promise((resolve) => setTimeout(resolve, digits.length * (durationMs + 60)));
    }
    if (!this.sender?.busy) this.sender = new DigitSender({ clockRateHz: this.events.clockRateHz, durationMs });
    this.sender.send(digits);
    return new Promise((resolve) => this.senderDone.push(resolve));
  }

  get sending(): boolean {
    return this.sender?.pressing === true;
  }

  /** In the tick: a packet of our own digits instead of audio. True when it took the place of the audio. */
  sendNext(out: OutStream, now: number): boolean {
    if (!this.sender || !this.events) return false;
    const next = this.sender.next(out.timestampAt(now, 0));
    if (!next) {
      if (!this.sender.busy) this.finishSending();
      return false;
    }
    const packet = Buffer.allocUnsafe(12 + eventPayloadLength);
    writeTelephoneEvent(packet, 12, next);
    out.event(packet, this.events.sendPayloadType, next.timestamp, next.marker, now);
    return true;
  }

  private finishSending(): void {
    this.sender = undefined;
    for (const done of this.senderDone.splice(0)) done();
  }

  /** The bridged party's event packet, for this party; scaled to the clock agreed here. */
  relayPacket(packet: Buffer, sourceClockRateHz: number, out: OutStream, now: number): void {
    const event = parseTelephoneEvent(packet, 12);
    if (!this.events || this.sending || typeof event === 'string') return;
    const sourceTimestamp = packet.readUInt32BE(4);
    let { relay } = this;
    const first = relay?.sourceTimestamp !== sourceTimestamp;
    if (!relay || first) {
      relay = { sourceTimestamp, timestamp: out.timestampAt(now, 0), lastAt: now };
      this.relay = relay;
    }
    relay.lastAt = now;
    const duration = Math.min(0xffff, Math.round((event.duration * this.events.clockRateHz) / sourceClockRateHz));
    const copy = Buffer.allocUnsafe(12 + eventPayloadLength);
    writeTelephoneEvent(copy, 12, { ...event, duration });
    out.event(copy, this.events.sendPayloadType, relay.timestamp, first, now);
  }

  /** A press of the bridged party has been told. A party without events gets it as a tone. */
  relayed(press: KeyPress, by: 'rfc4733' | 'inband'): void {
    if (this.events || by === 'inband') return;
    this.needs.playTones(dtmfTones(press.digit, Math.max(60, Math.min(press.durationMs, 500))));
  }

  /** A relayed press is under way: generated audio would split it. */
  relaying(now: number): boolean {
    return this.relay !== undefined && now - this.relay.lastAt < relayTailMs;
  }

  close(): void {
    this.finishSending();
  }
}
