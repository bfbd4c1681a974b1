// One party inside an engine: takes its packets, counts them, and passes them to where the engine's plan says (engine.ts).
// A packet that another party can use as it is goes straight there on receipt: no queue, no tick, no copy. What must be
// decoded (mixing, Opus towards G.711) goes through a jitter buffer and comes out in the 20 ms tick.
//
// The plan, set by the engine and by nobody else: `forwardTo` (who gets our packets as they are), `mixFrom` (whose decoded
// audio we hear, summed in the tick), `player`. When a party has nothing to hear it is sent silence, so that address
// translators keep the way open and a carrier's time-out does not strike.

import { crossG711, decodeG711, encodeG711, silenceCode } from '../../../protocol/rtp/g711.ts';
import { addSamples } from '../../../protocol/rtp/mixer.ts';
import type { Opus, OpusEncoder } from '../../../protocol/rtp/opus.ts';
import { newRtpHeader, parseRtp } from '../../../protocol/rtp/packet.ts';
import { ReceptionStatistics } from '../../../protocol/rtp/sequence.ts';
import type { NegotiatedAudio } from '../../../protocol/sdp/offer-answer.ts';
import type { EndpointEvents } from '../../endpoint.ts';
import { DecodedAudio } from './decoded-audio.ts';
import { OutStream } from './out-stream.ts';
import { PartyDigits } from './party-digits.ts';
import { isG711, kind, kindOf, lawOf, passes } from './payload-kinds.ts';
import { frameSamples, type Player } from './player.ts';
import { RtcpSession } from './rtcp-session.ts';
import type { Tap } from './tap.ts';
import type { Transport, TransportListener } from './transport/transport.ts';

const silenceAfterMs = 200;
/** So long a party whose hearing comes forwarded is left alone by the tick, when it has nothing else to do either. */
const restTicks = 5;
/** As much as a jitter buffer holds back at most. */
const drainFrames = 10;
const header = newRtpHeader();
const tapFrame = new Int16Array(960);
const mixed = new Int16Array(frameSamples);
/** 20 ms of Opus silence (RFC 6716 §3.1: one CELT frame, full band, without content). */
const opusSilence = Uint8Array.of(0xf8, 0xff, 0xfe);

export interface PartyNeeds {
  id: string;
  ssrc: number;
  sequence: number;
  timestamp: number;
  cname: string;
  opus: Opus;
  mediaTimeoutMs: number;
  emit<N extends keyof EndpointEvents>(name: N, detail: EndpointEvents[N]): void;
  /** Something that the plan depends on has changed. */
  replan(): void;
}

export class Party implements TransportListener {
  readonly id: string;
  readonly out: OutStream;
  readonly rtcp: RtcpSession;
  readonly digits: PartyDigits;
  readonly decoded: DecodedAudio;
  transport: Transport | undefined;
  audio: NegotiatedAudio | undefined;

  // The plan.
  forwardTo: Party | undefined;
  mixFrom: readonly Party[] = [];
  /** A party's packets are sent to us as they are. */
  hearsForwarded: Party | undefined;
  bridgedTo: Party | undefined;
  /** What our packets say is decoded in the tick, because somebody mixes or taps it. */
  decoding = false;

  /** The first tick in which there may be something to do. */
  restsUntil = 0;
  player: Player | undefined;
  tap: Tap | undefined;
  muted = false;
  /** What the far end sends with, as last heard; what we send with. */
  receiveKind: number = kind.unknown;
  sendKind: number = kind.unknown;
  statistics = new ReceptionStatistics(8000);

  private readonly needs: PartyNeeds;
  private readonly kinds = new Uint8Array(128);
  private maySend = false;
  private mayReceive = false;
  private sourceSsrc = -1;
  private lastForwardedAt = 0;
  private lastTick = 0;
  private agreedAt = 0;
  private lastArrivalAt = 0;
  private heardFirst = false;
  private toldTimeout = false;
  private encoder: OpusEncoder | undefined;

  constructor(needs: PartyNeeds) {
    this.needs = needs;
    this.id = needs.id;
    this.decoded = new DecodedAudio(needs.opus);
    this.out = new OutStream(needs.ssrc, needs.sequence, needs.timestamp, (packet) => this.transport?.sendRtp(packet));
    this.rtcp = new RtcpSession(needs.ssrc, needs.cname);
    this.digits = new PartyDigits({
      told: (press, by) => {
        needs.emit('digit', { ...press, by });
        if (this.digits.audible) this.bridgedTo?.digits.relayed(press, by);
      },
      playTones: (samples) => this.playTones(samples),
    });
  }

  /** Set by the engine: plays tones over what is heard. */
  playTones: (samples: Int16Array) => void = () => {};

  /** Takes what SDP agreed on; called after every offer and answer. */
  agree(audio: NegotiatedAudio): void {
    this.audio = audio;
    this.kinds.fill(kind.unknown);
    for (const codec of audio.codecs) this.kinds[codec.receivePayloadType] = kindOf[codec.name]!;
    if (audio.comfortNoise) this.kinds[13] = kind.comfortNoise;
    if (audio.telephoneEvent) this.kinds[audio.telephoneEvent.receivePayloadType] = kind.event;
    this.maySend = audio.direction === 'sendrecv' || audio.direction === 'sendonly';
    this.mayReceive = audio.direction === 'sendrecv' || audio.direction === 'recvonly';
    this.sendKind = kindOf[audio.codec.name]!;
    if (!this.heardFirst || !audio.codecs.some((codec) => kindOf[codec.name] === this.receiveKind)) {
      this.receiveKind = this.sendKind;
      this.useClock(audio.codec.clockRateHz);
    }
    this.out.payloadType = audio.codec.sendPayloadType;
    if (this.out.clockRateHz !== audio.codec.clockRateHz) this.out.breakSource();
    this.out.clockRateHz = audio.codec.clockRateHz;
    this.digits.agree(audio.telephoneEvent, isG711(this.sendKind));
    if (this.agreedAt === 0) this.agreedAt = performance.now();
    this.lastArrivalAt = performance.now();
    this.toldTimeout = false;
  }

  private useClock(clockRateHz: number): void {
    this.statistics = new ReceptionStatistics(clockRateHz);
    this.decoded.reset();
  }

  onConnected(): void {
    this.needs.emit('connected', {});
  }

  onRtp(arrived: Buffer, now = performance.now()): void {
    const what = this.kinds[arrived[1]! & 0x7f]!;
    if (what === kind.unknown) return;
    const packet = arrived[0] === 0x80 ? arrived : plain(arrived);
    if (!packet) return;
    const sequence = (packet[2]! << 8) | packet[3]!;
    const timestamp = packet.readUInt32BE(4);
    this.noteArrival(packet, sequence, timestamp, now);
    if (what === kind.comfortNoise || !this.mayReceive) return;
    if (what === kind.event) {
      if (this.decoding) this.decoded.pass(sequence, timestamp, now);
      this.onEvent(packet, timestamp, now);
      return;
    }
    if (what !== this.receiveKind) this.codecChanged(what);
    if (this.muted) return;
    if (isG711(what) && (this.tap || this.digits.inband)) this.lookInto(packet, what, timestamp, now);
    if (!this.digits.audible) return;
    if (this.decoding) this.decoded.push(packet, sequence, timestamp, what, now);
    this.forwardTo?.takeForwarded(packet, what, this, now);
  }

  private noteArrival(packet: Buffer, sequence: number, timestamp: number, now: number): void {
    const ssrc = packet.readUInt32BE(8);
    if (ssrc !== this.sourceSsrc) {
      if (this.sourceSsrc >= 0) this.decoded.reset();
      this.sourceSsrc = ssrc;
      this.rtcp.remoteSsrc = ssrc;
    }
    this.statistics.onPacket(sequence, timestamp, now, packet.length - 12);
    this.lastArrivalAt = now;
    this.toldTimeout = false;
    if (this.heardFirst) return;
    this.heardFirst = true;
    this.needs.emit('firstPacket', { afterMs: Math.max(0, Math.round(now - this.agreedAt)) });
  }

  /** The far end may switch among the codecs of its answer at any time (RFC 3264 §7). */
  private codecChanged(what: number): void {
    this.receiveKind = what;
    const rate = what === kind.opus ? 48_000 : 8_000;
    this.useClock(rate);
    this.needs.replan();
  }

  /** G.711 that somebody reads here: the recorder, the ear for tones. */
  private lookInto(packet: Buffer, what: number, timestamp: number, now: number): void {
    const count = decodeG711(lawOf(what), packet, tapFrame, 12);
    if (this.digits.inband) this.digits.hear(tapFrame.subarray(0, count), now);
    if (!this.tap || !this.digits.audible) return;
    this.tap.lanes.said.write(this, timestamp, 1, tapFrame, count, this.tap.position(now));
  }

  /** Something has begun that the tick looks after. */
  wake(): void {
    this.restsUntil = 0;
  }

  private onEvent(packet: Buffer, timestamp: number, now: number): void {
    this.wake();
    const audible = this.digits.audible && !this.muted;
    this.digits.onEvent(packet, timestamp, now);
    const to = this.bridgedTo;
    if (audible && to) to.digits.relayPacket(packet, this.audio?.telephoneEvent?.clockRateHz ?? 8000, to.out, now);
  }

  /** Another party's packet, on receipt. It is ours to change until we return. */
  takeForwarded(packet: Buffer, what: number, source: Party, now: number): void {
    if (!this.maySend || this.digits.sending || this.digits.relaying(now)) return;
    if (what !== this.sendKind) {
      if (!passes(what, this.sendKind)) return;
      crossG711(lawOf(what), packet, 12);
    }
    this.lastForwardedAt = now;
    const timestamp = this.out.forward(packet, source, this.out.payloadType, now);
    if (this.tap && isG711(this.sendKind)) {
      const count = decodeG711(lawOf(this.sendKind), packet, tapFrame, 12);
      this.tap.lanes.heard.write(this.out, timestamp, 1, tapFrame, count, this.tap.position(now));
    }
  }

  /** First half of a tick, of a party that is decoded: its audio of this moment, before anybody mixes it. */
  beginTick(tick: number, now: number): void {
    this.lastTick = tick;
    this.pull(tick, now);
  }

  /** What waits in the jitter buffer, to whom a tap hears it: this party, or who listens to it, is about to leave. */
  drain(now: number): void {
    if (!this.decoding) return;
    for (let frames = 0; frames < drainFrames && this.decoded.finish(); frames++) this.pull(++this.lastTick, now);
  }

  private pull(tick: number, now: number): void {
    const frame = this.decoded.pull();
    if (this.tap && this.receiveKind === kind.opus && !this.muted) {
      this.tap.lanes.said.write(this.decoded, tick * frameSamples, 1, frame, frameSamples, this.tap.position(now));
    }
    const listener = this.forwardTo;
    if (listener?.tap && listener.sendKind === kind.opus) {
      const { tap } = listener;
      tap.lanes.heard.write(this.decoded, tick * frameSamples, 1, frame, frameSamples, tap.position(now));
    }
  }

  /** Second half: what this party hears that does not come forwarded. */
  tick(tick: number, now: number): void {
    this.digits.tick(now);
    if (!this.maySend || !this.transport?.connected) {
      // Nobody hears it, yet a sound ends when its time is over.
      if (this.player) this.player.addTo(mixed);
      return;
    }
    if (this.digits.sendNext(this.out, now) || this.digits.relaying(now)) return;
    const playing = this.player !== undefined && !this.player.echo;
    if (this.mixFrom.length === 0 && !playing) {
      if (this.hearsForwarded && now - this.lastForwardedAt < silenceAfterMs) {
        if (!this.digits.busy) this.restsUntil = tick + restTicks;
        return;
      }
      this.sendSilence(now);
      return;
    }
    mixed.fill(0);
    for (const source of this.mixFrom)
      if (!source.muted && source.digits.audible) addSamples(mixed, source.decoded.frame);
    const heardWithOthers = this.mixFrom.length > 0 || this.hearsForwarded !== undefined;
    if (this.player?.over || !heardWithOthers) this.player?.addTo(mixed);
    else this.player?.addTo(scratch);
    if (this.hearsForwarded && this.mixFrom.length === 0) {
      if (now - this.lastForwardedAt >= silenceAfterMs) this.sendSilence(now);
      return;
    }
    this.sendFrame(mixed, now);
  }

  private sendFrame(frame: Int16Array, now: number): void {
    let packet: Buffer;
    let units = frameSamples;
    if (this.sendKind === kind.opus) {
      this.encoder ??= this.needs.opus.createEncoder({ sampleRateHz: 8000, expectedLossPercent: 5 });
      const payload = this.encoder.encode(frame);
      packet = Buffer.allocUnsafe(12 + payload.length);
      packet.set(payload, 12);
      units = 960;
    } else {
      packet = Buffer.allocUnsafe(12 + frameSamples);
      encodeG711(lawOf(this.sendKind), frame, packet, 12, frameSamples);
    }
    const timestamp = this.out.generate(packet, this, units, now);
    this.tap?.lanes.heard.write(this.out, timestamp, units / frameSamples, frame, frameSamples, this.tap.position(now));
  }

  private sendSilence(now: number): void {
    if (this.sendKind === kind.opus) {
      const packet = Buffer.allocUnsafe(12 + opusSilence.length);
      packet.set(opusSilence, 12);
      this.out.generate(packet, this, 960, now);
      return;
    }
    const packet = Buffer.alloc(12 + frameSamples, silenceCode[lawOf(this.sendKind)]);
    this.out.generate(packet, this, frameSamples, now);
  }

  /** Once a second: has the far end gone silent? */
  watch(now: number): void {
    if (!this.mayReceive || this.toldTimeout || this.needs.mediaTimeoutMs <= 0) return;
    if (this.agreedAt === 0 || now - this.lastArrivalAt < this.needs.mediaTimeoutMs) return;
    this.toldTimeout = true;
    this.needs.emit('mediaTimeout', { silentMs: Math.round(now - this.lastArrivalAt) });
  }

  onRtcp(packet: Buffer): void {
    this.rtcp.onPacket(packet, this.out.clockRateHz);
  }

  sendReport(now: number): void {
    if (!this.transport?.connected || !this.audio) return;
    this.transport.sendRtcp(this.rtcp.report(this.out, this.statistics, now));
  }

  async close(now: number): Promise<void> {
    this.player?.stop();
    this.digits.close();
    this.encoder?.free();
    this.decoded.close();
    if (this.transport?.connected && this.audio)
      this.transport.sendRtcp(this.rtcp.goodbye(this.out, this.statistics, now));
    await Promise.all([this.tap?.close(now), this.transport?.close()]);
    this.tap = undefined;
  }
}

const scratch = new Int16Array(frameSamples);

/** A packet without contributing sources, extension and padding, for far ends that did not negotiate them. */
function plain(packet: Buffer): Buffer | undefined {
  const read = parseRtp(packet, header);
  if (typeof read === 'string') return undefined;
  const shift = read.payloadStart - 12;
  const whole = packet.subarray(0, read.payloadEnd);
  if (shift > 0) whole.copyWithin(12, read.payloadStart);
  const out = whole.subarray(0, read.payloadEnd - shift);
  out[0] = 0x80;
  return out;
}
