// RTCP (RFC 3550 §6): sender and receiver reports, SDES with a CNAME, BYE, read from and written as compound packets, and
// the round trip that a report block reveals (§6.4.1). Feedback and other packet types are counted and passed over.
// A malformed packet gives a problem value; what came before it in the compound is not used.

import { readUint32, writeUint32 } from './packet.ts';

export interface ReportBlock {
  ssrc: number;
  /** 256ths of the packets since the previous report. */
  fractionLost: number;
  /** May be negative when duplicates arrived (§A.3). */
  cumulativeLost: number;
  highestSequence: number;
  /** In timestamp units of the stream. */
  jitter: number;
  lastSenderReport: number;
  /** In 1/65536 seconds. */
  delaySinceLastSenderReport: number;
}

export interface SenderInfo {
  ntpSeconds: number;
  ntpFraction: number;
  rtpTimestamp: number;
  packets: number;
  bytes: number;
}

export type RtcpPacket =
  | { kind: 'sender-report'; ssrc: number; sender: SenderInfo; blocks: ReportBlock[] }
  | { kind: 'receiver-report'; ssrc: number; blocks: ReportBlock[] }
  | { kind: 'description'; names: { ssrc: number; cname: string }[] }
  | { kind: 'bye'; sources: number[]; reason?: string }
  | { kind: 'other'; packetType: number };

export type RtcpProblem = 'too-short' | 'not-version-2' | 'bad-length' | 'bad-body';

const senderReport = 200;
const receiverReport = 201;
const sourceDescription = 202;
const goodbye = 203;

/** Reads a compound packet; a string is a problem. Reduced-size packets (RFC 5506) are accepted. */
export function parseRtcp(packet: Uint8Array): RtcpPacket[] | RtcpProblem {
  if (packet.length < 4) return 'too-short';
  const out: RtcpPacket[] = [];
  for (let at = 0; at < packet.length; ) {
    if (at + 4 > packet.length) return 'bad-length';
    if (packet[at]! >> 6 !== 2) return 'not-version-2';
    const end = at + 4 + ((packet[at + 2]! << 8) | packet[at + 3]!) * 4;
    if (end > packet.length) return 'bad-length';
    const padding = packet[at]! & 0x20 ? packet[end - 1]! : 0;
    if (padding > end - at - 4) return 'bad-length';
    const read = readOne(packet, at, end - padding);
    if (!read) return 'bad-body';
    out.push(read);
    at = end;
  }
  return out;
}

function readOne(packet: Uint8Array, at: number, end: number): RtcpPacket | undefined {
  const count = packet[at]! & 0x1f;
  const packetType = packet[at + 1]!;
  switch (packetType) {
    case senderReport: {
      if (at + 28 + count * 24 > end) return undefined;
      const sender: SenderInfo = {
        ntpSeconds: readUint32(packet, at + 8),
        ntpFraction: readUint32(packet, at + 12),
        rtpTimestamp: readUint32(packet, at + 16),
        packets: readUint32(packet, at + 20),
        bytes: readUint32(packet, at + 24),
      };
      return {
        kind: 'sender-report',
        ssrc: readUint32(packet, at + 4),
        sender,
        blocks: readBlocks(packet, at + 28, count),
      };
    }
    case receiverReport:
      if (at + 8 + count * 24 > end) return undefined;
      return { kind: 'receiver-report', ssrc: readUint32(packet, at + 4), blocks: readBlocks(packet, at + 8, count) };
    case sourceDescription:
      return readDescription(packet, at + 4, end, count);
    case goodbye:
      return readBye(packet, at + 4, end, count);
    default:
      return { kind: 'other', packetType };
  }
}

function readBlocks(packet: Uint8Array, start: number, count: number): ReportBlock[] {
  const out: ReportBlock[] = [];
  for (let at = start; out.length < count; at += 24) {
    const lost = readUint32(packet, at + 4);
    out.push({
      ssrc: readUint32(packet, at),
      fractionLost: lost >>> 24,
      cumulativeLost: ((lost & 0xffffff) << 8) >> 8,
      highestSequence: readUint32(packet, at + 8),
      jitter: readUint32(packet, at + 12),
      lastSenderReport: readUint32(packet, at + 16),
      delaySinceLastSenderReport: readUint32(packet, at + 20),
    });
  }
  return out;
}

function readDescription(packet: Uint8Array, start: number, end: number, count: number): RtcpPacket | undefined {
  const names: { ssrc: number; cname: string }[] = [];
  let at = start;
  for (let chunk = 0; chunk < count; chunk++) {
    if (at + 4 > end) return undefined;
    const ssrc = readUint32(packet, at);
    const begin = at;
    at += 4;
    while (at < end && packet[at] !== 0) {
      if (at + 2 > end || at + 2 + packet[at + 1]! > end) return undefined;
      const stop = at + 2 + packet[at + 1]!;
      if (packet[at] === 1) names.push({ ssrc, cname: Buffer.from(packet.subarray(at + 2, stop)).toString('utf8') });
      at = stop;
    }
    if (at >= end) return chunk === count - 1 && at === end ? { kind: 'description', names } : undefined;
    // The list ends with a zero and the chunk is padded to 32 bits.
    at = begin + (((at - begin) >> 2) + 1) * 4;
  }
  return { kind: 'description', names };
}

function readBye(packet: Uint8Array, start: number, end: number, count: number): RtcpPacket | undefined {
  if (start + count * 4 > end) return undefined;
  const sources: number[] = [];
  for (let i = 0; i < count; i++) sources.push(readUint32(packet, start + i * 4));
  const at = start + count * 4;
  const length = at < end ? packet[at]! : 0;
  if (length === 0 || at + 1 + length > end) return { kind: 'bye', sources };
  return { kind: 'bye', sources, reason: Buffer.from(packet.subarray(at + 1, at + 1 + length)).toString('utf8') };
}

/**
 * A compound: SR when `sender` is given, else RR; then SDES with the CNAME, then BYE when asked for. The CNAME should be
 * random and short-lived (RFC 7022), not a name.
 */
export function buildRtcp(report: {
  ssrc: number;
  sender?: SenderInfo;
  blocks?: readonly ReportBlock[];
  cname: string;
  bye?: boolean;
}): Buffer {
  const blocks = (report.blocks ?? []).slice(0, 31);
  const head = report.sender ? 28 : 8;
  const cname = Buffer.from(report.cname, 'utf8').subarray(0, 255);
  const chunk = 4 + (Math.floor((2 + cname.length) / 4) + 1) * 4;
  const first = head + blocks.length * 24;
  const out = Buffer.alloc(first + 4 + chunk + (report.bye ? 8 : 0));
  writeHead(out, 0, blocks.length, report.sender ? senderReport : receiverReport, first, report.ssrc);
  if (report.sender) {
    const { ntpSeconds, ntpFraction, rtpTimestamp, packets, bytes } = report.sender;
    [ntpSeconds, ntpFraction, rtpTimestamp, packets, bytes].forEach((value, i) => {
      writeUint32(out, 8 + i * 4, value);
    });
  }
  blocks.forEach((block, i) => {
    writeBlock(out, head + i * 24, block);
  });
  writeHead(out, first, 1, sourceDescription, 4 + chunk, report.ssrc);
  out[first + 8] = 1;
  out[first + 9] = cname.length;
  out.set(cname, first + 10);
  if (report.bye) writeHead(out, first + 4 + chunk, 1, goodbye, 8, report.ssrc);
  return out;
}

function writeHead(out: Buffer, at: number, count: number, type: number, length: number, ssrc: number): void {
  out[at] = 0x80 | count;
  out[at + 1] = type;
  out.writeUInt16BE(length / 4 - 1, at + 2);
  writeUint32(out, at + 4, ssrc);
}

function writeBlock(out: Buffer, at: number, block: ReportBlock): void {
  writeUint32(out, at, block.ssrc);
  writeUint32(out, at + 4, ((block.fractionLost & 0xff) << 24) | (block.cumulativeLost & 0xffffff));
  writeUint32(out, at + 8, block.highestSequence);
  writeUint32(out, at + 12, block.jitter);
  writeUint32(out, at + 16, block.lastSenderReport);
  writeUint32(out, at + 20, block.delaySinceLastSenderReport);
}

const ntpEpochSeconds = 2_208_988_800;

/** Epoch milliseconds as an NTP timestamp (§4). */
export function ntpTime(epochMs: number): { ntpSeconds: number; ntpFraction: number } {
  const seconds = Math.floor(epochMs / 1000);
  return {
    ntpSeconds: (seconds + ntpEpochSeconds) >>> 0,
    ntpFraction: Math.floor(((epochMs - seconds * 1000) / 1000) * 2 ** 32) >>> 0,
  };
}

/** The middle 32 bits of an NTP timestamp: LSR. */
export function middleNtp(ntp: { ntpSeconds: number; ntpFraction: number }): number {
  return (((ntp.ntpSeconds & 0xffff) << 16) | (ntp.ntpFraction >>> 16)) >>> 0;
}

/** Round trip from a block about us (§6.4.1, figure 2); null when it names no report of ours or gives nonsense. */
export function roundTripMs(block: ReportBlock, arrivalEpochMs: number): number | null {
  if (block.lastSenderReport === 0) return null;
  const now = middleNtp(ntpTime(arrivalEpochMs));
  const units = (now - block.lastSenderReport - block.delaySinceLastSenderReport) | 0;
  // A clock step, a peer that counts its delay coarsely, or a forged block: a little below zero is zero, the rest unknown.
  if (units < -3277 || units > 65536 * 30) return null;
  return (Math.max(0, units) * 1000) / 65536;
}
