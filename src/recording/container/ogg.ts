// Ogg pages (RFC 3533 §6): packets are cut into lacing segments, segments are framed into pages with a checksum.
// Pure. Knows nothing of Opus (ogg-opus.ts does); never lets a packet span two pages, because a page is what is sealed
// and must open by itself. The reader does accept spanning packets.

export interface OggPage {
  continued: boolean;
  first: boolean;
  last: boolean;
  /** -1n when no packet ends on the page. */
  granulePosition: bigint;
  serial: number;
  sequence: number;
  /** Complete and incomplete packets in order; `open` tells that the last one goes on in the next page. */
  packets: Uint8Array[];
  open: boolean;
  /** Length of the whole page. */
  bytes: number;
}

const headerBytes = 27;
const maxSegments = 255;

const checksumTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

/** The CRC of RFC 3533 §6 field 7: polynomial 0x04c11db7, not reflected, no initial value, no final exclusive-or. */
export function oggChecksum(bytes: Uint8Array): number {
  let checksum = 0;
  for (let i = 0; i < bytes.length; i++) {
    const covered = i >= 22 && i < 26 ? 0 : bytes[i]!;
    checksum = (checksum << 8) ^ checksumTable[((checksum >>> 24) ^ covered) & 0xff]!;
  }
  return checksum >>> 0;
}

/** How many lacing values a packet takes: one per full 255 bytes and one for the rest, even if that is zero. */
export function segmentsOf(packetBytes: number): number {
  return Math.floor(packetBytes / 255) + 1;
}

export function writeOggPage(page: {
  packets: readonly Uint8Array[];
  granulePosition: bigint;
  serial: number;
  sequence: number;
  first?: boolean;
  last?: boolean;
}): Uint8Array {
  const lacing: number[] = [];
  let bodyBytes = 0;
  for (const packet of page.packets) {
    for (let left = packet.length; left >= 255; left -= 255) lacing.push(255);
    lacing.push(packet.length % 255);
    bodyBytes += packet.length;
  }
  if (lacing.length > maxSegments) throw new RangeError(`an Ogg page holds 255 segments, not ${lacing.length}`);

  const bytes = new Uint8Array(headerBytes + lacing.length + bodyBytes);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4f, 0x67, 0x67, 0x53], 0);
  bytes[5] = (page.first ? 2 : 0) | (page.last ? 4 : 0);
  view.setBigInt64(6, page.granulePosition, true);
  view.setUint32(14, page.serial, true);
  view.setUint32(18, page.sequence, true);
  bytes[26] = lacing.length;
  bytes.set(lacing, headerBytes);
  let at = headerBytes + lacing.length;
  for (const packet of page.packets) {
    bytes.set(packet, at);
    at += packet.length;
  }
  view.setUint32(22, oggChecksum(bytes), true);
  return bytes;
}

export type OggRead = { kind: 'page'; page: OggPage } | { kind: 'truncated' } | { kind: 'damaged'; because: string };

/** Reads the page that begins at `offset`. Never throws. */
export function readOggPage(bytes: Uint8Array, offset: number): OggRead {
  if (bytes.length - offset < headerBytes) return { kind: 'truncated' };
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset);
  if (view.getUint32(0) !== 0x4f676753) return { kind: 'damaged', because: 'no capture pattern' };
  if (view.getUint8(4) !== 0) return { kind: 'damaged', because: 'unknown version' };
  const segmentCount = view.getUint8(26);
  if (view.byteLength < headerBytes + segmentCount) return { kind: 'truncated' };
  const lacing = bytes.subarray(offset + headerBytes, offset + headerBytes + segmentCount);
  const length = lacing.reduce((sum, value) => sum + value, headerBytes + segmentCount);
  if (view.byteLength < length) return { kind: 'truncated' };
  if (oggChecksum(bytes.subarray(offset, offset + length)) !== view.getUint32(22, true)) {
    return { kind: 'damaged', because: 'checksum' };
  }
  const flags = view.getUint8(5);
  const { packets, open } = unlace(bytes.subarray(offset + headerBytes + segmentCount, offset + length), lacing);
  return {
    kind: 'page',
    page: {
      continued: (flags & 1) !== 0,
      first: (flags & 2) !== 0,
      last: (flags & 4) !== 0,
      granulePosition: view.getBigInt64(6, true),
      serial: view.getUint32(14, true),
      sequence: view.getUint32(18, true),
      packets,
      open,
      bytes: length,
    },
  };
}

function unlace(body: Uint8Array, lacing: Uint8Array): { packets: Uint8Array[]; open: boolean } {
  const packets: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  let open = false;
  for (const value of lacing) {
    end += value;
    open = value === 255;
    if (open) continue;
    packets.push(body.subarray(start, end));
    start = end;
  }
  if (open) packets.push(body.subarray(start, end));
  return { packets, open };
}
