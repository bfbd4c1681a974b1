// A telephone's media for tests: one UDP party that negotiates SDP, sends its own tone as PCMU or PCMA (SRTP with SDES keys
// when asked), keys digits by RFC 4733, reports by RTCP, and keeps what it hears. It judges: tones, loss, jitter, gaps.
// It uses protocol/rtp and protocol/sdp, which have tests of their own against known values; sipp and Chromium are the
// peers that share no code with us.

import { randomBytes, randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { decodeG711, encodeG711, type Law } from '../../../src/protocol/rtp/g711.ts';
import { buildRtp, newRtpHeader, packetKind, parseRtp } from '../../../src/protocol/rtp/packet.ts';
import {
  buildRtcp,
  middleNtp,
  ntpTime,
  parseRtcp,
  type ReportBlock,
  roundTripMs,
} from '../../../src/protocol/rtp/rtcp.ts';
import { ReceptionStatistics } from '../../../src/protocol/rtp/sequence.ts';
import { SrtpReceiver, SrtpSender, srtpOverhead } from '../../../src/protocol/rtp/srtp.ts';
import {
  DigitReceiver,
  DigitSender,
  parseTelephoneEvent,
  writeTelephoneEvent,
} from '../../../src/protocol/rtp/telephone-event.ts';
import type { CryptoLine, Direction } from '../../../src/protocol/sdp/attributes.ts';
import { codecsNamed } from '../../../src/protocol/sdp/codecs.ts';
import {
  answerAudioOffer,
  createAudioOffer,
  createAudioReOffer,
  type LocalStream,
  type NegotiatedAudio,
  nextVersion,
  readAudioAnswer,
} from '../../../src/protocol/sdp/offer-answer.ts';
import { parseSdp, type SessionDescription, serializeSdp } from '../../../src/protocol/sdp/session-description.ts';
import { ownAddress } from '../own-address.ts';
import { type HeardOptions, heardTones } from './tones.ts';

export interface RtpPartyOptions {
  /** Its own tone; null sends silence. */
  toneHz: number | null;
  /** What it speaks, preferred first. PCMU then PCMA unless told. */
  codecs?: readonly Law[];
  /** Offers, or wants to be offered, RTP/SAVP. */
  srtp?: boolean;
  rtcpMux?: boolean;
  /** Offer no telephone-event by leaving it out of the SDP, as an old telephone does. */
  withoutEvents?: boolean;
}

export interface RtpPartyReport {
  packetsSent: number;
  packetsReceived: number;
  packetsLost: number;
  jitterMs: number;
  /** Pauses between two packets that were longer than 60 ms. */
  gapsMs: number[];
  /** From the first packet it sent to the first it received; null while none came. */
  firstPacketAfterMs: number | null;
  /** Keyed by the far end, by RFC 4733. */
  digits: string;
  /** Packets that could not be opened or read. */
  refused: number;
  /** Sources that were heard. */
  ssrcs: number[];
  payloadTypes: number[];
  /** By its own RTCP; null until a report came back. */
  roundTripMs: number | null;
  /** What the far end said of our stream. */
  remoteReport: ReportBlock | null;
  byeReceived: boolean;
}

const tickMs = 20;
const frameSamples = 160;
const keptMs = 20_000;

interface Heard {
  at: number;
  samples: Int16Array;
}

async function bindPair(): Promise<{ rtp: Socket; rtcp: Socket }> {
  const bind = (socket: Socket, port: number) =>
    new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, ownAddress, () => {
        socket.off('error', reject);
        resolve();
      });
    });
  for (let tries = 0; tries < 50; tries++) {
    const rtp = createSocket('udp4');
    const rtcp = createSocket('udp4');
    try {
      await bind(rtp, 0);
      await bind(rtcp, rtp.address().port + 1);
      return { rtp, rtcp };
    } catch {
      // The neighbour port is taken: try another pair.
      rtp.close();
      rtcp.close();
    }
  }
  throw new Error('no two neighbouring UDP ports are free');
}

/** Binds its ports. It sends from `start` on, once an answer or offer told it where to. */
export async function createRtpParty(options: RtpPartyOptions): Promise<RtpParty> {
  const { rtp, rtcp } = await bindPair();
  return new RtpParty(options, rtp, rtcp);
}

export class RtpParty {
  toneHz: number | null;
  readonly port: number;
  audio: NegotiatedAudio | undefined;
  private readonly options: RtpPartyOptions;
  private readonly rtp: Socket;
  private readonly rtcp: Socket;
  private readonly stream: LocalStream;
  private local: SessionDescription | undefined;
  private offered: SessionDescription | undefined;
  private seal: SrtpSender | undefined;
  private open: SrtpReceiver | undefined;
  private readonly ssrc = randomInt(1, 2 ** 32 - 1);
  private sequence = randomInt(0, 65536);
  private timestamp = randomInt(0, 2 ** 32 - 1);
  private sampleAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private startedAt = 0;
  private ticks = 0;
  private keys: DigitSender | undefined;
  private digitsDone: (() => void)[] = [];
  private saying: { samples: Int16Array; at: number; said: () => void } | undefined;
  private hearing = new DigitReceiver({ clockRateHz: 8000 });
  private statistics = new ReceptionStatistics(8000);
  private heard: Heard[] = [];
  private lastAt = 0;
  private lastSenderReport = 0;
  private lastSenderReportAt = 0;
  private remoteSsrc = 0;
  private readonly header = newRtpHeader();
  private readonly state = {
    sent: 0,
    gapsMs: [] as number[],
    firstAt: null as number | null,
    digits: '',
    refused: 0,
    ssrcs: new Set<number>(),
    payloadTypes: new Set<number>(),
    roundTripMs: null as number | null,
    remoteReport: null as ReportBlock | null,
    bye: false,
  };

  constructor(options: RtpPartyOptions, rtp: Socket, rtcp: Socket) {
    this.options = options;
    this.toneHz = options.toneHz;
    this.rtp = rtp;
    this.rtcp = rtcp;
    this.port = rtp.address().port;
    const key = (tag: number, suite: CryptoLine['suite']): CryptoLine => ({ tag, suite, keyAndSalt: randomBytes(30) });
    this.stream = {
      address: ownAddress,
      port: this.port,
      sessionId: String(randomInt(1, 2 ** 40)),
      version: '1',
      codecs: codecsNamed(options.codecs ?? ['PCMU', 'PCMA']),
      rtcpMux: options.rtcpMux ?? false,
      ...(options.srtp ? { crypto: [key(1, 'AES_CM_128_HMAC_SHA1_80'), key(2, 'AES_CM_128_HMAC_SHA1_32')] } : {}),
    };
    rtp.on('message', (packet) => (packetKind(packet) === 'rtcp' ? this.onRtcp(packet) : this.onRtp(packet)));
    rtcp.on('message', (packet) => this.onRtcp(packet));
  }

  // SDP

  offer(direction: Direction = 'sendrecv'): string {
    const stream = { ...this.stream, direction };
    this.offered = this.local ? createAudioReOffer(this.local, stream) : createAudioOffer(stream);
    this.local = this.offered;
    return this.text(this.offered);
  }

  acceptAnswer(text: string): void {
    if (!this.offered) throw new Error('an answer without an offer');
    const agreed = readAudioAnswer(this.offered, read(text), this.stream);
    if (agreed.kind !== 'ok') throw new Error(agreed.because);
    this.agree(agreed.audio);
  }

  answer(offer: string, direction: Direction = 'sendrecv'): string {
    const version = this.local ? nextVersion(this.local) : '1';
    const answered = answerAudioOffer(read(offer), { ...this.stream, version, direction });
    if (answered.kind !== 'ok') throw new Error(answered.because);
    this.local = answered.answer;
    this.agree(answered.audio);
    return this.text(answered.answer);
  }

  private text(description: SessionDescription): string {
    if (!this.options.withoutEvents) return serializeSdp(description);
    for (const media of description.media) {
      media.formats = media.formats.filter((format) => format !== '101');
      media.attributes = media.attributes.filter((each) => !each.value?.startsWith('101 '));
    }
    return serializeSdp(description);
  }

  private agree(audio: NegotiatedAudio): void {
    this.audio = audio;
    if (audio.crypto) {
      this.seal = new SrtpSender(audio.crypto.local);
      this.open = new SrtpReceiver(audio.crypto.remote);
    }
  }

  // Sending

  /** Sends audio every 20 ms until `close` or `pause`. */
  start(): void {
    this.startedAt = performance.now();
    this.ticks = 0;
    const tick = () => {
      const due = Math.floor((performance.now() - this.startedAt) / tickMs);
      for (; this.ticks <= due; this.ticks++) this.tick();
      this.timer = setTimeout(tick, Math.max(1, this.startedAt + this.ticks * tickMs - performance.now()));
    };
    tick();
  }

  /** Sends nothing from now on, as a dead telephone; `start` goes on. */
  pause(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private tick(): void {
    const { audio } = this;
    const sends = audio?.remote && (audio.direction === 'sendrecv' || audio.direction === 'sendonly');
    if (audio && sends) {
      const event = this.keys?.next(this.timestamp);
      if (event && audio.telephoneEvent) {
        const payload = Buffer.alloc(4);
        writeTelephoneEvent(payload, 0, event);
        this.send(audio.telephoneEvent.sendPayloadType, event.marker, event.timestamp, payload);
      } else this.sendAudio(audio);
      if (this.keys && !this.keys.busy) this.finishDigits();
      if (this.ticks % 50 === 10) this.sendReport(audio);
    }
    this.timestamp = (this.timestamp + frameSamples) >>> 0;
    for (const press of this.hearing.silent(performance.now())) this.state.digits += press.digit;
  }

  private sendAudio(audio: NegotiatedAudio): void {
    const samples = this.saying ? this.nextSaid(this.saying) : this.nextTone();
    const payload = Buffer.alloc(frameSamples);
    encodeG711(audio.codec.name as Law, samples, payload);
    this.send(audio.codec.sendPayloadType, this.state.sent === 0, this.timestamp, payload);
  }

  private nextTone(): Int16Array {
    const step = (2 * Math.PI * (this.toneHz ?? 0)) / 8000;
    const samples = Int16Array.from({ length: frameSamples }, (_, i) =>
      Math.round(8000 * Math.sin(step * (this.sampleAt + i))),
    );
    this.sampleAt += frameSamples;
    return samples;
  }

  private nextSaid(saying: NonNullable<RtpParty['saying']>): Int16Array {
    const samples = new Int16Array(frameSamples);
    samples.set(saying.samples.subarray(saying.at, saying.at + frameSamples));
    saying.at += frameSamples;
    if (saying.at >= saying.samples.length) {
      this.saying = undefined;
      saying.said();
    }
    return samples;
  }

  /** Says these samples once, instead of the tone; resolves when the last has been sent. */
  says(samples: Int16Array): Promise<void> {
    return new Promise((said) => {
      this.saying = { samples, at: 0, said };
    });
  }

  private send(payloadType: number, marker: boolean, timestamp: number, payload: Uint8Array): void {
    const plain = buildRtp({ payloadType, marker, sequence: this.sequence, timestamp, ssrc: this.ssrc }, payload);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.state.sent++;
    this.transmit(plain, false);
  }

  private transmit(plain: Buffer, isRtcp: boolean): void {
    const remote = this.audio?.remote;
    if (!remote) return;
    let packet = plain;
    if (this.seal) {
      packet = Buffer.alloc(plain.length + srtpOverhead);
      plain.copy(packet);
      const length = isRtcp ? this.seal.protectRtcp(packet, plain.length) : this.seal.protectRtp(packet, plain.length);
      packet = packet.subarray(0, length as number);
    }
    if (isRtcp && !this.audio?.rtcpMux) this.rtcp.send(packet, remote.rtcpPort, remote.rtcpAddress);
    else this.rtp.send(packet, remote.port, remote.address);
  }

  private sendReport(audio: NegotiatedAudio): void {
    const since = this.lastSenderReport === 0 ? 0 : Date.now() - this.lastSenderReportAt;
    const block = {
      ssrc: this.remoteSsrc,
      ...this.statistics.report(),
      lastSenderReport: this.lastSenderReport,
      delaySinceLastSenderReport: Math.round((since * 65536) / 1000),
    };
    const sender = {
      ...ntpTime(Date.now()),
      rtpTimestamp: this.timestamp,
      packets: this.state.sent,
      bytes: this.state.sent * 160,
    };
    if (audio.remote) {
      this.transmit(
        buildRtcp({ ssrc: this.ssrc, sender, blocks: this.remoteSsrc ? [block] : [], cname: 'party' }),
        true,
      );
    }
  }

  /** Keys digits; resolves when the last has been sent. */
  sendDigits(digits: string, options: { durationMs?: number; pauseMs?: number } = {}): Promise<void> {
    if (!this.audio?.telephoneEvent) throw new Error('telephone-event was not negotiated');
    this.keys ??= new DigitSender({ clockRateHz: this.audio.telephoneEvent.clockRateHz, ...options });
    this.keys.send(digits);
    return new Promise((resolve) => this.digitsDone.push(resolve));
  }

  private finishDigits(): void {
    this.keys = undefined;
    for (const done of this.digitsDone.splice(0)) done();
  }

  /** Sends bytes as they are to the far end's RTP port: for tests of bad input. */
  sendRaw(bytes: Uint8Array): void {
    const remote = this.audio?.remote;
    if (remote) this.rtp.send(bytes, remote.port, remote.address);
  }

  // Hearing

  private onRtp(packet: Buffer): void {
    const now = performance.now();
    const length = this.open ? this.open.unprotectRtp(packet) : packet.length;
    const header = typeof length === 'number' ? parseRtp(packet, this.header, length) : 'sealed';
    if (typeof header === 'string') {
      this.state.refused++;
      return;
    }
    const { state } = this;
    state.firstAt ??= now;
    if (this.lastAt > 0 && now - this.lastAt > 60) state.gapsMs.push(Math.round(now - this.lastAt));
    this.lastAt = now;
    if (header.ssrc !== this.remoteSsrc) {
      this.remoteSsrc = header.ssrc;
      state.ssrcs.add(header.ssrc);
      this.statistics = new ReceptionStatistics(8000);
      this.hearing.reset();
    }
    state.payloadTypes.add(header.payloadType);
    this.statistics.onPacket(header.sequence, header.timestamp, now, header.payloadEnd - header.payloadStart);
    if (header.payloadType === this.audio?.telephoneEvent?.receivePayloadType) {
      const event = parseTelephoneEvent(packet, header.payloadStart, header.payloadEnd);
      if (typeof event === 'string') state.refused++;
      else for (const press of this.hearing.onPacket(header.timestamp, event, now)) state.digits += press.digit;
      return;
    }
    const law = header.payloadType === 0 ? 'PCMU' : header.payloadType === 8 ? 'PCMA' : undefined;
    if (!law) return;
    const samples = new Int16Array(header.payloadEnd - header.payloadStart);
    decodeG711(law, packet, samples, header.payloadStart, header.payloadEnd);
    this.heard.push({ at: now, samples });
    if (this.heard.length > 2000) this.heard = this.heard.filter((each) => each.at > now - keptMs);
  }

  private onRtcp(packet: Buffer): void {
    const length = this.open ? this.open.unprotectRtcp(packet) : packet.length;
    const read = typeof length === 'number' ? parseRtcp(packet.subarray(0, length)) : 'sealed';
    if (typeof read === 'string') {
      this.state.refused++;
      return;
    }
    for (const each of read) {
      if (each.kind === 'bye') this.state.bye = true;
      if (each.kind === 'sender-report') {
        this.lastSenderReport = middleNtp(each.sender);
        this.lastSenderReportAt = Date.now();
      }
      for (const block of 'blocks' in each ? each.blocks : []) {
        if (block.ssrc !== this.ssrc) continue;
        this.state.remoteReport = block;
        this.state.roundTripMs = roundTripMs(block, Date.now()) ?? this.state.roundTripMs;
      }
    }
  }

  /** The audio of the last `lastMs`, as it arrived; empty when nothing arrived. */
  pcm(lastMs = 300): Int16Array {
    const since = performance.now() - lastMs;
    const recent = this.heard.filter((each) => each.at >= since);
    const out = new Int16Array(recent.reduce((sum, each) => sum + each.samples.length, 0));
    let at = 0;
    for (const each of recent) {
      out.set(each.samples, at);
      at += each.samples.length;
    }
    return out;
  }

  /** The tones of the last `lastMs`. Audio for less than half of that time counts as silence. */
  hears(lastMs = 300, options: HeardOptions = {}): number[] {
    const samples = this.pcm(lastMs);
    return samples.length < lastMs * 4 ? [] : heardTones(samples, options);
  }

  report(): RtpPartyReport {
    const { state, statistics } = this;
    return {
      packetsSent: state.sent,
      packetsReceived: statistics.packets,
      packetsLost: statistics.packetsLost,
      jitterMs: statistics.jitterMs,
      gapsMs: [...state.gapsMs],
      firstPacketAfterMs: state.firstAt === null ? null : state.firstAt - this.startedAt,
      digits: state.digits,
      refused: state.refused,
      ssrcs: [...state.ssrcs],
      payloadTypes: [...state.payloadTypes],
      roundTripMs: state.roundTripMs,
      remoteReport: state.remoteReport,
      byeReceived: state.bye,
    };
  }

  close(): void {
    this.pause();
    this.finishDigits();
    this.rtp.close();
    this.rtcp.close();
  }
}

function read(text: string): SessionDescription {
  const parsed = parseSdp(text);
  if (parsed.kind !== 'ok') throw new Error(`${parsed.because} (line ${parsed.line})`);
  return parsed.description;
}
