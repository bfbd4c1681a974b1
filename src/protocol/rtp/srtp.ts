// SRTP and SRTCP with AES counter mode and HMAC-SHA1 (RFC 3711), for keys exchanged by SDES (RFC 4568) or DTLS (RFC 5764).
// Packets are sealed and opened in place. One object per direction and key; streams (SSRCs) come up by themselves. A packet
// that is forged, replayed or too old is a value, never an exception. Does no MKI, no key derivation rate.

import { newRtpHeader, parseRtp, readUint32, writeUint32 } from './packet.ts';
import { type Authenticator, type KeyStream, longestPacket, nodeSrtpCrypto, type SrtpCrypto } from './srtp-crypto.ts';
import { deriveKeys, type SrtpKeys, tagLength } from './srtp-keys.ts';

export type SrtpProblem = 'not-rtp' | 'too-short' | 'too-long' | 'replayed' | 'not-authentic' | 'too-many-streams';

/** How many bytes a sealed packet may be longer: room the caller must leave at the end of its buffer. */
export const srtpOverhead = 14;

const rtcpTagLength = 10;
const rtcpHeaderLength = 8;
const maxStreams = 32;
const replayWindow = 128;

/** What seals or opens one protocol of one direction. */
interface Seal {
  stream: KeyStream;
  tag: Authenticator;
}

function sealOf(keys: SrtpKeys, protocol: 'rtp' | 'rtcp', crypto: SrtpCrypto): Seal {
  const { cipherKey, salt, authKey } = deriveKeys(keys, protocol);
  return { stream: crypto.keyStream(cipherKey, salt), tag: crypto.authenticator(authKey) };
}

/** Compares without leaving early, so that the time taken tells nothing. */
function sameTag(expected: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  let difference = 0;
  for (let i = 0; i < length; i++) difference |= expected[i]! ^ bytes[at + i]!;
  return difference === 0;
}

interface SendStream {
  rollover: number;
  sequence: number;
  rtcpIndex: number;
}

/** Seals what we send. */
export class SrtpSender {
  private readonly rtp: Seal;
  private readonly rtcp: Seal;
  private readonly tagLength: number;
  private readonly streams = new Map<number, SendStream>();
  private readonly header = newRtpHeader();

  constructor(keys: SrtpKeys, crypto: SrtpCrypto = nodeSrtpCrypto) {
    this.rtp = sealOf(keys, 'rtp', crypto);
    this.rtcp = sealOf(keys, 'rtcp', crypto);
    this.tagLength = tagLength(keys.suite);
  }

  private stream(ssrc: number): SendStream {
    let stream = this.streams.get(ssrc);
    if (!stream) {
      stream = { rollover: 0, sequence: -1, rtcpIndex: 0 };
      this.streams.set(ssrc, stream);
    }
    return stream;
  }

  /** Seals the RTP packet in buffer[0, length) in place and returns its new length. The buffer needs `srtpOverhead` more. */
  protectRtp(buffer: Uint8Array, length: number): number | SrtpProblem {
    if (length + srtpOverhead > longestPacket) return 'too-long';
    const header = parseRtp(buffer, this.header, length);
    if (typeof header === 'string') return 'not-rtp';
    const stream = this.stream(header.ssrc);
    const { sequence } = header;
    // Sent in order but for repeats: a step down of half the range is the counter going round.
    if (stream.sequence >= 0 && sequence < stream.sequence && stream.sequence - sequence > 32768) stream.rollover++;
    stream.sequence = sequence;
    this.rtp.stream.apply(buffer, header.payloadStart, length, header.ssrc, stream.rollover, sequence);
    writeUint32(buffer, length, stream.rollover);
    const digest = this.rtp.tag(buffer, length + 4);
    for (let i = 0; i < this.tagLength; i++) buffer[length + i] = digest[i]!;
    return length + this.tagLength;
  }

  /** Seals a compound RTCP packet in place. */
  protectRtcp(buffer: Uint8Array, length: number): number | SrtpProblem {
    if (length < rtcpHeaderLength) return 'too-short';
    if (length + srtpOverhead > longestPacket) return 'too-long';
    const ssrc = readUint32(buffer, 4);
    const stream = this.stream(ssrc);
    stream.rtcpIndex = (stream.rtcpIndex + 1) % 2 ** 31;
    const index = stream.rtcpIndex;
    this.rtcp.stream.apply(buffer, rtcpHeaderLength, length, ssrc, index >>> 16, index & 0xffff);
    writeUint32(buffer, length, (index | 0x80000000) >>> 0);
    const digest = this.rtcp.tag(buffer, length + 4);
    for (let i = 0; i < rtcpTagLength; i++) buffer[length + 4 + i] = digest[i]!;
    return length + 4 + rtcpTagLength;
  }
}

/** Which packet indexes were seen; the window of RFC 3711 §3.3.2, as a ring of the indexes themselves. */
class ReplayWindow {
  highest = -1;
  private readonly seen = new Float64Array(replayWindow).fill(-1);

  has(index: number): boolean {
    return index <= this.highest - replayWindow || this.seen[index % replayWindow] === index;
  }

  add(index: number): void {
    this.seen[index % replayWindow] = index;
    if (index > this.highest) this.highest = index;
  }
}

interface ReceiveStream {
  rtp: ReplayWindow;
  rtcp: ReplayWindow;
}

/** Opens what the far end sends. Nothing is remembered of a packet that is not authentic. */
export class SrtpReceiver {
  private readonly rtp: Seal;
  private readonly rtcp: Seal;
  private readonly tagLength: number;
  private readonly streams = new Map<number, ReceiveStream>();
  private readonly header = newRtpHeader();
  private readonly given = new Uint8Array(rtcpTagLength);

  constructor(keys: SrtpKeys, crypto: SrtpCrypto = nodeSrtpCrypto) {
    this.rtp = sealOf(keys, 'rtp', crypto);
    this.rtcp = sealOf(keys, 'rtcp', crypto);
    this.tagLength = tagLength(keys.suite);
  }

  /** Opens the packet in buffer[0, length) in place; gives the length of the RTP packet, or why not. */
  unprotectRtp(buffer: Uint8Array, length = buffer.length): number | SrtpProblem {
    const end = length - this.tagLength;
    if (end < 12) return 'too-short';
    if (length > longestPacket) return 'too-long';
    // The padding count is still encrypted here, so only the header is of use.
    const paddingBit = buffer[0]! & 0x20;
    buffer[0]! &= 0xdf;
    const header = parseRtp(buffer, this.header, end);
    buffer[0]! |= paddingBit;
    if (typeof header === 'string') return 'not-rtp';
    const known = this.streams.get(header.ssrc);
    const index = guessIndex(header.sequence, known?.rtp.highest ?? -1);
    if (known?.rtp.has(index)) return 'replayed';
    const rollover = Math.floor(index / 65536);
    for (let i = 0; i < this.tagLength; i++) this.given[i] = buffer[end + i]!;
    writeUint32(buffer, end, rollover);
    if (!sameTag(this.given, this.rtp.tag(buffer, end + 4), 0, this.tagLength)) return 'not-authentic';
    const stream = known ?? this.open(header.ssrc);
    if (!stream) return 'too-many-streams';
    this.rtp.stream.apply(buffer, header.payloadStart, end, header.ssrc, rollover, header.sequence);
    stream.rtp.add(index);
    return end;
  }

  /** Opens an SRTCP packet in place. */
  unprotectRtcp(buffer: Uint8Array, length = buffer.length): number | SrtpProblem {
    const end = length - rtcpTagLength - 4;
    if (end < rtcpHeaderLength) return 'too-short';
    if (length > longestPacket) return 'too-long';
    const ssrc = readUint32(buffer, 4);
    const word = readUint32(buffer, end);
    const index = word & 0x7fffffff;
    const known = this.streams.get(ssrc);
    if (known?.rtcp.has(index)) return 'replayed';
    if (!sameTag(this.rtcp.tag(buffer, end + 4), buffer, end + 4, rtcpTagLength)) return 'not-authentic';
    const stream = known ?? this.open(ssrc);
    if (!stream) return 'too-many-streams';
    if (word > 0x7fffffff) {
      this.rtcp.stream.apply(buffer, rtcpHeaderLength, end, ssrc, index >>> 16, index & 0xffff);
    }
    stream.rtcp.add(index);
    return end;
  }

  private open(ssrc: number): ReceiveStream | undefined {
    if (this.streams.size >= maxStreams) return undefined;
    const stream = { rtp: new ReplayWindow(), rtcp: new ReplayWindow() };
    this.streams.set(ssrc, stream);
    return stream;
  }
}

/** The 48-bit index nearest to the highest seen (RFC 3711 §3.3.1, appendix A). */
function guessIndex(sequence: number, highest: number): number {
  if (highest < 0) return sequence;
  const rollover = Math.floor(highest / 65536);
  const last = highest % 65536;
  let guess = rollover;
  if (last < 32768) guess = sequence - last > 32768 ? rollover - 1 : rollover;
  else guess = last - 32768 > sequence ? rollover + 1 : rollover;
  return Math.max(0, guess) * 65536 + sequence;
}
