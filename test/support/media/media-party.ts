// A telephone for tests of media servers: SDP and RTP over a real socket, a tone of its own to say, and an ear that tells which
// tones it hears. Several of them give the matrix "who hears whom", which one-way audio cannot pass.
// Writes its SDP by hand and reads answers by pattern, so that it does not share the negotiation it tests.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Endpoint } from '../../../src/media/endpoint.ts';
import type { MediaServer } from '../../../src/media/media-server.ts';
import { decodeG711, encodeG711, type Law } from '../../../src/protocol/rtp/g711.ts';
import { buildRtp } from '../../../src/protocol/rtp/packet.ts';
import { SrtpReceiver, SrtpSender, srtpOverhead } from '../../../src/protocol/rtp/srtp.ts';
import type { SrtpKeys } from '../../../src/protocol/rtp/srtp-keys.ts';
import type { CallId } from '../../../src/shared/ids.ts';
import { toneAmplitude } from './tones.ts';

export interface MediaPartyOptions {
  toneHz: number;
  codec?: Law;
  /** Codecs in the SDP when it shall offer more than the one it speaks, as `payloadType name/rate`. */
  offers?: readonly string[];
  /** Offers telephone-event; true unless told. */
  events?: boolean;
  srtp?: boolean;
}

export interface KeyedDigit {
  digit: string;
  /** Packets of the press that do not arrive, by their order. */
  lose?: readonly number[];
  /** How often the end packet is sent; 3 unless told. */
  ends?: number;
}

const frame = 160;
const eventDigits = '0123456789*#ABCD';
const earSamples = 3200;
export const eventPayloadType = 101;
const keyLine = 'AES_CM_128_HMAC_SHA1_80';

const bind = (): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => resolve(socket));
  });

export class MediaParty {
  readonly toneHz: number;
  readonly codec: Law;
  readonly digits: string[] = [];
  packetsReceived = 0;
  lastPacketAt = 0;
  /** Headers that a far end's jitter buffer would trip over: sequence jumps, a new SSRC. */
  ssrcs = new Set<number>();
  sequenceJumps = 0;
  /** Since `timeAnew`: between two packets, and of audio in which there was nothing. */
  longestGapMs = 0;
  longestSilenceMs = 0;
  sending = false;
  private readonly socket: Socket;
  private readonly options: MediaPartyOptions;
  private readonly ear = new Int16Array(earSamples);
  private earAt = 0;
  private sequence = Math.floor(Math.random() * 60_000);
  private timestamp = Math.floor(Math.random() * 2 ** 32);
  private readonly ssrc = Math.floor(Math.random() * 2 ** 32);
  private phase = 0;
  private remotePort = 0;
  private timer: NodeJS.Timeout | undefined;
  private version = 1;
  private lastSequence = -1;
  private toldEvents = new Set<number>();
  private saying: Int16Array | undefined;
  private sayingAt = 0;
  private said: (() => void) | undefined;
  private silentSamples = 0;
  private kept: Int16Array[] | undefined;
  private readonly ownKey = Buffer.from(Array.from({ length: 30 }, () => Math.floor(Math.random() * 256)));
  private protect: SrtpSender | undefined;
  private unprotect: SrtpReceiver | undefined;

  private constructor(socket: Socket, options: MediaPartyOptions) {
    this.socket = socket;
    this.options = options;
    this.toneHz = options.toneHz;
    this.codec = options.codec ?? 'PCMU';
    socket.on('message', (packet, from) => this.onPacket(packet, from));
  }

  static async open(options: MediaPartyOptions): Promise<MediaParty> {
    return new MediaParty(await bind(), options);
  }

  get port(): number {
    return this.socket.address().port;
  }

  sdp({ direction = 'sendrecv', port = this.port }: { direction?: string; port?: number } = {}): string {
    const codecs = this.options.offers ?? [this.codec === 'PCMU' ? '0 PCMU/8000' : '8 PCMA/8000'];
    const types = codecs.map((each) => each.split(' ')[0]);
    const events = this.options.events !== false;
    const lines = [
      'v=0',
      `o=- 4711 ${this.version++} IN IP4 127.0.0.1`,
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${port} RTP/${this.options.srtp ? 'SAVP' : 'AVP'} ${[...types, ...(events ? [eventPayloadType] : [])].join(' ')}`,
      ...codecs.map((each) => `a=rtpmap:${each}`),
      ...(events ? [`a=rtpmap:${eventPayloadType} telephone-event/8000`, `a=fmtp:${eventPayloadType} 0-15`] : []),
      ...(this.options.srtp ? [`a=crypto:1 ${keyLine} inline:${this.ownKey.toString('base64')}`] : []),
      'a=ptime:20',
      `a=${direction}`,
    ];
    return `${lines.join('\r\n')}\r\n`;
  }

  /** Reads where to send, and the keys, and begins to speak. */
  useRemote(sdp: string): void {
    this.remotePort = Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);
    const key = /^a=crypto:\d+ (\S+) inline:([^|\s]+)/m.exec(sdp);
    if (this.options.srtp && key) {
      const suite = keyLine as SrtpKeys['suite'];
      this.protect ??= new SrtpSender({ suite, keyAndSalt: this.ownKey });
      this.unprotect ??= new SrtpReceiver({ suite, keyAndSalt: Buffer.from(key[2]!, 'base64') });
    }
    if (!this.timer) this.start();
  }

  private start(): void {
    this.sending = true;
    const startedAt = performance.now();
    let sent = 0;
    this.timer = setInterval(() => {
      for (; sent < (performance.now() - startedAt) / 20; sent++) {
        if (this.saying) this.sendSaying(this.saying);
        else if (this.sending) this.sendTone();
        else this.timestamp = (this.timestamp + frame) >>> 0;
      }
    }, 10);
  }

  private sendTone(): void {
    const samples = new Int16Array(frame);
    for (let i = 0; i < frame; i++)
      samples[i] = Math.round(8000 * Math.sin((2 * Math.PI * this.toneHz * this.phase++) / 8000));
    this.sendSamples(samples);
  }

  /** Says these samples once, in real time, instead of the tone. Resolves when the last has been sent. */
  says(samples: Int16Array): Promise<void> {
    this.saying = samples;
    this.sayingAt = 0;
    return new Promise((resolve) => {
      this.said = resolve;
    });
  }

  private sendSaying(samples: Int16Array): void {
    const part = new Int16Array(frame);
    part.set(samples.subarray(this.sayingAt, this.sayingAt + frame));
    this.sendSamples(part);
    this.sayingAt += frame;
    if (this.sayingAt < samples.length) return;
    this.saying = undefined;
    this.said?.();
  }

  /** Everything that is heard from now on is kept; gives it. */
  keep(): () => Int16Array {
    const kept: Int16Array[] = [];
    this.kept = kept;
    return () => Int16Array.from(kept.flatMap((samples) => [...samples]));
  }

  sendSamples(samples: Int16Array): void {
    const payload = new Uint8Array(samples.length);
    encodeG711(this.codec, samples, payload);
    this.send(this.codec === 'PCMU' ? 0 : 8, payload, this.timestamp);
    this.timestamp = (this.timestamp + samples.length) >>> 0;
  }

  private send(payloadType: number, payload: Uint8Array, timestamp: number, arrives = true): void {
    const packet = buildRtp({ payloadType, sequence: this.sequence, timestamp, ssrc: this.ssrc }, payload);
    this.sequence = (this.sequence + 1) & 0xffff;
    if (!arrives || this.remotePort === 0) return;
    this.socket.send(this.sealed(packet), this.remotePort, '127.0.0.1');
  }

  private sealed(packet: Buffer): Buffer {
    if (!this.protect) return packet;
    const room = Buffer.alloc(packet.length + srtpOverhead);
    packet.copy(room);
    const length = this.protect.protectRtp(room, packet.length);
    return typeof length === 'number' ? room.subarray(0, length) : Buffer.alloc(0);
  }

  private onPacket(arrived: Buffer, _from: RemoteInfo): void {
    let packet = arrived;
    if (this.unprotect) {
      const length = this.unprotect.unprotectRtp(packet);
      if (typeof length !== 'number') return;
      packet = packet.subarray(0, length);
    }
    if (packet.length < 12 || packet[1]! >= 192) return;
    this.packetsReceived++;
    const now = performance.now();
    if (this.lastPacketAt > 0) this.longestGapMs = Math.max(this.longestGapMs, now - this.lastPacketAt);
    this.lastPacketAt = now;
    this.ssrcs.add(packet.readUInt32BE(8));
    const sequence = packet.readUInt16BE(2);
    if (this.lastSequence >= 0 && ((sequence - this.lastSequence) & 0xffff) !== 1) this.sequenceJumps++;
    this.lastSequence = sequence;
    const type = packet[1]! & 0x7f;
    if (type === eventPayloadType) {
      this.onEvent(packet);
      return;
    }
    if (type !== 0 && type !== 8) return;
    const samples = new Int16Array(packet.length - 12);
    decodeG711(type === 0 ? 'PCMU' : 'PCMA', packet, samples, 12);
    for (const sample of samples) {
      this.ear[this.earAt++ % earSamples] = sample;
      this.silentSamples = Math.abs(sample) < 64 ? this.silentSamples + 1 : 0;
      this.longestSilenceMs = Math.max(this.longestSilenceMs, this.silentSamples / 8);
    }
    this.kept?.push(samples);
  }

  private onEvent(packet: Buffer): void {
    const timestamp = packet.readUInt32BE(4);
    if (packet[13]! < 128 || this.toldEvents.has(timestamp)) return;
    this.toldEvents.add(timestamp);
    this.digits.push(eventDigits[packet[12]!]!);
  }

  /** The strength of a frequency in the last 0.4 s; nothing when nothing came. */
  loudness(frequencyHz: number): number {
    if (performance.now() - this.lastPacketAt > 400) return 0;
    const at = this.earAt % earSamples;
    const inOrder = Int16Array.of(...this.ear.subarray(at), ...this.ear.subarray(0, at));
    return toneAmplitude(inOrder, frequencyHz);
  }

  hears(frequencyHz: number): boolean {
    return this.loudness(frequencyHz) > 1500;
  }

  /** Forgets what was heard, so that what follows is new. */
  listenAnew(): void {
    this.ear.fill(0);
    this.earAt = 0;
  }

  timeAnew(): void {
    this.longestGapMs = 0;
    this.longestSilenceMs = 0;
    this.silentSamples = 0;
  }

  /** Keys digits by RFC 4733, 100 ms each, instead of the tone. */
  async key(...presses: KeyedDigit[]): Promise<void> {
    const wasSending = this.sending;
    this.sending = false;
    for (const { digit, lose = [], ends = 3 } of presses) {
      const { timestamp } = this;
      const event = eventDigits.indexOf(digit);
      for (let i = 0; i < 5 + ends; i++) {
        const end = i >= 5;
        const duration = Math.min(i + 1, 5) * frame;
        const payload = Uint8Array.of(event, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff);
        this.send(eventPayloadType, payload, timestamp, !lose.includes(i));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    this.sending = wasSending;
  }

  /** Somebody else's packet that claims to be part of this conversation, from another port. */
  static async inject(toPort: number, count: number, toneHz: number): Promise<void> {
    const attacker = await MediaParty.open({ toneHz });
    attacker.remotePort = toPort;
    for (let i = 0; i < count; i++) attacker.sendTone();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await attacker.close();
  }

  /** Where it sends to. */
  get target(): number {
    return this.remotePort;
  }

  close(): Promise<void> {
    clearInterval(this.timer);
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }
}

/** "A hears B, C" for each, by the tone that each sends. Names are the keys. */
export function whoHearsWhom(parties: Readonly<Record<string, MediaParty>>): string {
  return Object.entries(parties)
    .map(([name, party]) => {
      const heard = Object.entries(parties)
        .filter(([, other]) => party.hears(other.toneHz))
        .map(([other]) => other);
      return `${name} hears ${heard.length > 0 ? heard.join(', ') : 'nobody'}`;
    })
    .join('; ');
}

/** A party whose offer `media` answers; both are closed with the test. */
export async function openParty(
  test: { teardown(undo: () => unknown): void },
  media: MediaServer,
  callId: CallId,
  options: MediaPartyOptions,
): Promise<{ party: MediaParty; endpoint: Endpoint }> {
  const party = await MediaParty.open(options);
  test.teardown(() => party.close());
  const made = await media.createEndpoint({ callId, sdpOffer: party.sdp() });
  if (made.kind !== 'created') throw new Error(made.because);
  test.teardown(() => made.endpoint.close());
  party.useRemote(made.endpoint.localSdp);
  return { party, endpoint: made.endpoint };
}
