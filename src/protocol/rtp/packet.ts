// RTP packets (RFC 3550 §5.1, header extension §5.3.1) and telling what arrived on a shared port (RFC 7983, RFC 5761 §4).
// Reads into a header object that the caller may keep and reuse, and never copies a payload: at 100 packets a second per
// call every allocation is felt. Bad input is a value. Does not keep statistics (sequence.ts).

export type RtpProblem = 'too-short' | 'not-version-2' | 'truncated-header' | 'bad-padding';

/** Where things are in a packet. Offsets are into the buffer that was read. */
export interface RtpHeader {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  /** Length of everything before the payload. */
  payloadStart: number;
  /** Where the payload ends and padding begins. */
  payloadEnd: number;
  /** Profile of the header extension ("defined by profile"), or -1. Its data is [extensionStart, payloadStart). */
  extensionProfile: number;
  extensionStart: number;
  csrcCount: number;
}

const rtpHeaderLength = 12;

export function newRtpHeader(): RtpHeader {
  return {
    marker: false,
    payloadType: 0,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    payloadStart: 0,
    payloadEnd: 0,
    extensionProfile: -1,
    extensionStart: 0,
    csrcCount: 0,
  };
}

/** Reads a header into `into` and returns it, or says what is wrong. A string is always a problem. */
export function parseRtp(
  packet: Uint8Array,
  into: RtpHeader = newRtpHeader(),
  length = packet.length,
): RtpHeader | RtpProblem {
  if (length < rtpHeaderLength || length > packet.length) return 'too-short';
  const first = packet[0]!;
  if (first >> 6 !== 2) return 'not-version-2';
  const second = packet[1]!;
  const csrcCount = first & 0x0f;
  let start = rtpHeaderLength + csrcCount * 4;
  into.extensionProfile = -1;
  into.extensionStart = start;
  if (first & 0x10) {
    if (start + 4 > length) return 'truncated-header';
    into.extensionProfile = (packet[start]! << 8) | packet[start + 1]!;
    into.extensionStart = start + 4;
    start += 4 + ((packet[start + 2]! << 8) | packet[start + 3]!) * 4;
  }
  if (start > length) return 'truncated-header';
  let end = length;
  if (first & 0x20) {
    const padding = packet[length - 1]!;
    if (padding === 0 || start + padding > length) return 'bad-padding';
    end -= padding;
  }
  into.marker = second > 127;
  into.payloadType = second & 0x7f;
  into.sequence = (packet[2]! << 8) | packet[3]!;
  into.timestamp = readUint32(packet, 4);
  into.ssrc = readUint32(packet, 8);
  into.payloadStart = start;
  into.payloadEnd = end;
  into.csrcCount = csrcCount;
  return into;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes a 12-byte header without extension or padding at the start of `into`; the payload belongs at offset 12. */
export function writeRtpHeader(
  into: Uint8Array,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  into[0] = 0x80;
  into[1] = (payloadType & 0x7f) | (marker ? 0x80 : 0);
  into[2] = sequence >>> 8;
  into[3] = sequence;
  writeUint32(into, 4, timestamp);
  writeUint32(into, 8, ssrc);
}

/** A fresh packet; for hot paths write into a buffer of your own with `writeRtpHeader`. */
export function buildRtp(
  fields: { payloadType: number; marker?: boolean; sequence: number; timestamp: number; ssrc: number },
  payload: Uint8Array,
): Buffer {
  const packet = Buffer.allocUnsafe(rtpHeaderLength + payload.length);
  const { payloadType, marker = false, sequence, timestamp, ssrc } = fields;
  writeRtpHeader(packet, payloadType, marker, sequence, timestamp, ssrc);
  packet.set(payload, rtpHeaderLength);
  return packet;
}

/** Changes what a relay changes, in place: CSRCs, extension, padding and payload stay as they are. */
export function rewriteRtp(
  packet: Uint8Array,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  packet[1] = (payloadType & 0x7f) | (marker ? 0x80 : 0);
  packet[2] = sequence >>> 8;
  packet[3] = sequence;
  writeUint32(packet, 4, timestamp);
  writeUint32(packet, 8, ssrc);
}

export type PacketKind = 'rtp' | 'rtcp' | 'stun' | 'dtls' | 'unknown';

/** What a datagram is, by its first bytes (RFC 7983 §7; RTCP by its packet type, RFC 5761 §4). */
export function packetKind(packet: Uint8Array): PacketKind {
  if (packet.length < 2) return 'unknown';
  const first = packet[0]!;
  if (first >= 128 && first < 192) return packet[1]! >= 192 && packet[1]! < 224 ? 'rtcp' : 'rtp';
  if (first < 4) return 'stun';
  return first >= 20 && first < 64 ? 'dtls' : 'unknown';
}

/** Data of a one-byte header extension element (RFC 8285 §4.2), as offsets; undefined when absent or malformed. */
export function oneByteExtension(
  packet: Uint8Array,
  header: RtpHeader,
  id: number,
): { start: number; end: number } | undefined {
  if (header.extensionProfile !== 0xbede) return undefined;
  let at = header.extensionStart;
  while (at < header.payloadStart) {
    const element = packet[at]!;
    if (element === 0) {
      at++;
      continue;
    }
    const end = at + 2 + (element & 0x0f);
    if (element >> 4 === 15 || end > header.payloadStart) return undefined;
    if (element >> 4 === id) return { start: at + 1, end };
    at = end;
  }
  return undefined;
}
