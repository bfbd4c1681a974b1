// Many parties' media in one process: each sends a G.711 packet every 20 ms, at a phase of its own, and takes what comes back.
// A packet carries the time it was sent in its first eight bytes (as A-law or µ-law codes that survive decoding and encoding),
// so that its way through the relay is measured on one clock. Plain RTP, or DTLS-SRTP with ICE as a browser.

import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { Audio, PeerConnection, type Track } from 'node-datachannel';
import { newRtpHeader, packetKind, parseRtp, writeRtpHeader } from '../../src/protocol/rtp/packet.ts';
import { codecsNamed } from '../../src/protocol/sdp/codecs.ts';
import { createAudioOffer, type LocalStream, readAudioAnswer } from '../../src/protocol/sdp/offer-answer.ts';
import { parseSdp, type SessionDescription, serializeSdp } from '../../src/protocol/sdp/session-description.ts';
import { percentile } from '../figures.ts';
import { answerParent } from '../processes.ts';

export interface LoadReport {
  sent: number;
  received: number;
  /** Of packets that came back, in microseconds. */
  transitUs: { p50: number; p99: number; p999: number; worst: number };
  /** How late this process sent, in microseconds: its own fault, and what makes a run worthless. */
  latenessUs: { p50: number; p99: number };
  /** Parties that have heard nothing. */
  deaf: number;
}

const packetMs = 20;
const stampBytes = 8;

interface Party {
  offer: SessionDescription | undefined;
  stream: LocalStream | undefined;
  socket: Socket | undefined;
  peer: PeerConnection | undefined;
  track: Track | undefined;
  send: ((packet: Buffer) => void) | undefined;
  packet: Buffer;
  sequence: number;
  timestamp: number;
  readonly ssrc: number;
  dueAt: number;
  received: number;
}

const parties: Party[] = [];
const header = newRtpHeader();
let counting = false;
let sent = 0;
let received = 0;
let transit: number[] = [];
let lateness: number[] = [];
let timer: NodeJS.Timeout | undefined;

const microseconds = () => Math.round(performance.now() * 1000) % 2 ** 32;

/** Four bits a byte, as 0x80 to 0x8f: loud codes that no codec of G.711 confuses. */
function stamp(packet: Buffer, at: number): void {
  const now = microseconds();
  for (let i = 0; i < stampBytes; i++) packet[at + i] = 0x80 | (Math.floor(now / 2 ** (4 * (7 - i))) & 0x0f);
}

function readStamp(packet: Buffer, at: number): number | undefined {
  let value = 0;
  for (let i = 0; i < stampBytes; i++) {
    const code = packet[at + i]!;
    if (code >> 4 !== 8) return undefined;
    value = value * 16 + (code & 0x0f);
  }
  return value;
}

function onPacket(party: Party, packet: Buffer): void {
  if (packetKind(packet) !== 'rtp') return;
  const read = parseRtp(packet, header);
  if (typeof read === 'string' || read.payloadEnd - read.payloadStart < stampBytes) return;
  const sentAt = readStamp(packet, read.payloadStart);
  if (sentAt === undefined) return;
  party.received++;
  if (!counting) return;
  received++;
  transit.push((microseconds() - sentAt + 2 ** 32) % 2 ** 32);
}

async function addParty(kind: 'rtp' | 'webrtc', trickle: boolean): Promise<{ index: number; sdp: string }> {
  const packet = Buffer.alloc(172, 0xd5);
  const party: Party = {
    offer: undefined,
    stream: undefined,
    socket: undefined,
    peer: undefined,
    track: undefined,
    send: undefined,
    packet,
    sequence: randomInt(0, 65536),
    timestamp: randomInt(0, 2 ** 32 - 1),
    ssrc: randomInt(1, 2 ** 31),
    dueAt: 0,
    received: 0,
  };
  const index = parties.push(party) - 1;
  return { index, sdp: kind === 'rtp' ? await offerRtp(party) : await offerWebrtc(party, index, trickle) };
}

async function offerRtp(party: Party): Promise<string> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.on('message', (packet) => onPacket(party, packet));
  party.socket = socket;
  party.stream = {
    address: '127.0.0.1',
    port: socket.address().port,
    sessionId: '1',
    version: '1',
    codecs: codecsNamed(['PCMU']),
    rtcpMux: false,
  };
  party.offer = createAudioOffer(party.stream);
  return serializeSdp(party.offer);
}

function offerWebrtc(party: Party, index: number, trickle: boolean): Promise<string> {
  const peer = new PeerConnection(`load-${index}`, {
    iceServers: [],
    bindAddress: '127.0.0.1',
    disableAutoNegotiation: true,
  });
  const audio = new Audio('0', 'SendRecv');
  audio.addAudioCodec(0, 'PCMU');
  // As every browser does; without it the far end must listen for tones in the audio.
  audio.addAudioCodec(126, 'telephone-event/8000');
  audio.addSSRC(party.ssrc, `load${index}`);
  const track = peer.addTrack(audio);
  track.onMessage((packet) => onPacket(party, packet));
  track.onOpen(() => {
    party.send = (packet) => void (track.isOpen() && track.sendMessageBinary(packet));
  });
  party.peer = peer;
  party.track = track;
  return new Promise((resolve) => {
    peer.onGatheringStateChange((state) => {
      if (state !== 'complete') return;
      const { sdp } = peer.localDescription()!;
      resolve(trickle ? withoutCandidates(sdp) : sdp);
    });
    peer.setLocalDescription('offer');
  });
}

/**
 * The far end shall wait for our checks: libdatachannel refuses a DTLS handshake that begins before it has the answer, because
 * it has no fingerprint to compare with.
 */
const withoutCandidates = (sdp: string) => sdp.replaceAll(/^a=(candidate:|end-of-candidates).*\r?\n/gm, '');

function setAnswer(index: number, sdp: string): void {
  const party = parties[index]!;
  if (party.peer) {
    party.peer.setRemoteDescription(sdp, 'answer');
    return;
  }
  const parsed = parseSdp(sdp);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  const agreed = readAudioAnswer(party.offer!, parsed.description, party.stream!);
  if (agreed.kind !== 'ok' || !agreed.audio.remote) throw new Error('the answer cannot be used');
  connectTo(party, agreed.audio.remote.port, agreed.audio.remote.address);
}

function connectTo(party: Party, port: number, address: string): void {
  party.send = (packet) => party.socket!.send(packet, port, address);
}

/** Two plain parties without a relay between them: what this process and the kernel add themselves. */
function joinDirectly(first: number, second: number): void {
  connectTo(parties[first]!, parties[second]!.stream!.port, '127.0.0.1');
  connectTo(parties[second]!, parties[first]!.stream!.port, '127.0.0.1');
}

function begin(): void {
  const start = performance.now() + 20;
  for (const [index, party] of parties.entries()) party.dueAt = start + (index * packetMs) / parties.length;
  const pass = () => {
    for (const party of parties) {
      const now = performance.now();
      if (now < party.dueAt || !party.send) continue;
      if (counting) lateness.push((now - party.dueAt) * 1000);
      // A whole packet late: leave that one out, as a telephone would not send two at once.
      const skip = Math.floor((now - party.dueAt) / packetMs);
      party.dueAt += (skip + 1) * packetMs;
      party.timestamp = (party.timestamp + 160 * (skip + 1)) >>> 0;
      sendPacket(party);
    }
    timer = setTimeout(pass, 1);
  };
  pass();
}

function sendPacket(party: Party): void {
  // A buffer of its own: the socket keeps it until it has sent.
  const packet = Buffer.from(party.packet);
  writeRtpHeader(packet, 0, false, party.sequence, party.timestamp, party.ssrc);
  party.sequence = (party.sequence + 1) & 0xffff;
  stamp(packet, 12);
  party.send!(packet);
  if (counting) sent++;
}

function report(): LoadReport {
  const sorted = Float64Array.from(transit).sort();
  const late = Float64Array.from(lateness).sort();
  return {
    sent,
    received,
    transitUs: {
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      p999: percentile(sorted, 0.999),
      worst: sorted.at(-1) ?? Number.NaN,
    },
    latenessUs: { p50: percentile(late, 0.5), p99: percentile(late, 0.99) },
    deaf: parties.filter((party) => party.received === 0).length,
  };
}

function count(on: boolean): LoadReport | null {
  counting = on;
  if (!on) return report();
  sent = 0;
  received = 0;
  transit = [];
  lateness = [];
  return null;
}

function closeAll(): void {
  clearTimeout(timer);
  for (const party of parties.splice(0)) {
    party.socket?.close();
    party.peer?.close();
  }
}

export type LoadRequest =
  | { do: 'hello' }
  | { do: 'add'; kind: 'rtp' | 'webrtc'; trickle?: boolean }
  | { do: 'answer'; index: number; sdp: string }
  | { do: 'direct'; first: number; second: number }
  | { do: 'begin' }
  | { do: 'count'; on: boolean }
  | { do: 'closeAll' };

answerParent((request: LoadRequest) => {
  switch (request.do) {
    case 'add':
      return addParty(request.kind, request.trickle ?? false);
    case 'answer':
      return setAnswer(request.index, request.sdp);
    case 'direct':
      return joinDirectly(request.first, request.second);
    case 'begin':
      return begin();
    case 'count':
      return count(request.on);
    case 'closeAll':
      return closeAll();
    default:
      return null;
  }
});
