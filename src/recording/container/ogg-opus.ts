// Opus in Ogg (RFC 7845): the two header packets, audio pages with granule positions at 48 kHz, pre-skip and end trimming.
// Pure, and without Node: pages use it too. One logical stream of left and right as two uncoupled mono streams (mapping family 1, §5.1.1.2; the reason is in
// opus-encoder.ts); pages end on packet borders and hold at most `packetsPerPage`. The tags carry no personal information.

import { beginsWithText, indexOfText, joinBytes } from '../../shared/bytes.ts';
import { type OggPage, readOggPage, segmentsOf, writeOggPage } from './ogg.ts';

/** Granule positions always count at this rate, whatever the input was (RFC 7845 §4). */
const granuleRateHz = 48_000;

/** 20 ms of digital silence on both sides: CELT packets with the silence flag set (RFC 6716 §4.3, appendix B). */
export const silentPacket = Uint8Array.of(0xf8, 0x02, 0xff, 0xfe, 0xf8, 0xff, 0xfe);
export const silentPacketMs = 20;

export interface OggOpusHead {
  preSkip: number;
  inputRateHz: number;
}

const channels = 2;
/** Mapping family, streams, coupled streams, then which stream each channel is (RFC 7845 §5.1.1). */
const twoMonoStreams = [1, 2, 0, 0, 1];

function opusHead({ preSkip, inputRateHz }: OggOpusHead): Uint8Array {
  const packet = new Uint8Array(18 + twoMonoStreams.length);
  const view = new DataView(packet.buffer);
  packet.set(utf8('OpusHead'));
  packet[8] = 1;
  packet[9] = channels;
  packet.set(twoMonoStreams, 18);
  view.setUint16(10, preSkip, true);
  view.setUint32(12, inputRateHz, true);
  return packet;
}

function readOpusHead(packet: Uint8Array): OggOpusHead | undefined {
  if (packet.length < 19 || !beginsWithText(packet, 'OpusHead')) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  return { preSkip: view.getUint16(10, true), inputRateHz: view.getUint32(12, true) };
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** OpusTags (RFC 7845 §5.2): the vendor string and `NAME=value` comments. */
function opusTags(comments: Readonly<Record<string, string>>): Uint8Array {
  const strings = Object.entries(comments).map(([name, value]) => sized(utf8(`${name}=${value}`)));
  return joinBytes([utf8('OpusTags'), sized(utf8('engawa')), uint32(strings.length), ...strings]);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function sized(bytes: Uint8Array): Uint8Array {
  return joinBytes([uint32(bytes.length), bytes]);
}

function readOpusTags(packet: Uint8Array): Record<string, string> | undefined {
  if (packet.length < 16 || !beginsWithText(packet, 'OpusTags')) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  let at = 12 + view.getUint32(8, true);
  if (at + 4 > packet.length) return undefined;
  const count = view.getUint32(at, true);
  const comments: Record<string, string> = {};
  at += 4;
  for (let i = 0; i < count && at + 4 <= packet.length; i++) {
    const end = at + 4 + view.getUint32(at, true);
    if (end > packet.length) return undefined;
    const text = new TextDecoder().decode(packet.subarray(at + 4, end));
    comments[text.slice(0, text.indexOf('='))] = text.slice(text.indexOf('=') + 1);
    at = end;
  }
  return comments;
}

export interface OggOpusWriter {
  /** The two header pages, each alone on its page (RFC 7845 §3). */
  headers(): Uint8Array[];
  /** Adds a packet; returns the page that this completes, if it does. */
  add(packet: Uint8Array, durationMs: number): Uint8Array | undefined;
  /**
   * The rest, with the end-of-stream flag. `samples48k` is how much audio there is after the pre-skip; what the last two
   * packets have beyond it is trimmed by the player (RFC 7845 §4.4).
   */
  finish(samples48k: bigint): Uint8Array[];
}

/** Trimming is only sure within the last page, so the last packets wait until it is known that they are not the last. */
const heldBack = 2;

export function createOggOpusWriter(options: {
  head: OggOpusHead;
  comments: Readonly<Record<string, string>>;
  serial: number;
  packetsPerPage: number;
}): OggOpusWriter {
  const { head, comments, serial, packetsPerPage } = options;
  let sequence = 0;
  let granule = 0n;
  const queue: { packet: Uint8Array; samples: bigint }[] = [];
  /** How many of the queue make up the next page, and its lacing values. */
  let ready = 0;
  let readySegments = 0;

  function takePage(count: number, last?: { granulePosition: bigint }): Uint8Array {
    const taken = queue.splice(0, count);
    for (const { samples } of taken) granule += samples;
    ready = 0;
    readySegments = 0;
    const packets = taken.map(({ packet }) => packet);
    const granulePosition = last && last.granulePosition < granule ? last.granulePosition : granule;
    return writeOggPage({ packets, granulePosition, serial, sequence: sequence++, last: last !== undefined });
  }

  return {
    headers: () => [
      writeOggPage({ packets: [opusHead(head)], granulePosition: 0n, serial, sequence: sequence++, first: true }),
      writeOggPage({ packets: [opusTags(comments)], granulePosition: 0n, serial, sequence: sequence++ }),
    ],
    add(packet, durationMs) {
      queue.push({ packet, samples: BigInt(durationMs * (granuleRateHz / 1000)) });
      const next = queue[queue.length - 1 - heldBack]?.packet;
      if (!next) return undefined;
      const page = readySegments + segmentsOf(next.length) > 255 ? takePage(ready) : undefined;
      ready++;
      readySegments += segmentsOf(next.length);
      return page ?? (ready >= packetsPerPage ? takePage(ready) : undefined);
    },
    finish(samples48k) {
      const pages: Uint8Array[] = [];
      const segments = queue.reduce((sum, { packet }) => sum + segmentsOf(packet.length), 0);
      if (segments > 255) pages.push(takePage(ready));
      pages.push(takePage(queue.length, { granulePosition: BigInt(head.preSkip) + samples48k }));
      return pages;
    },
  };
}

export interface OggOpusStream {
  head: OggOpusHead;
  comments: Record<string, string>;
  packets: Uint8Array[];
  /** Samples at 48 kHz after the pre-skip, as the last whole page says. */
  samples48k: bigint;
  /** The end-of-stream flag was seen. */
  ended: boolean;
  /** What was skipped because it was damaged or incomplete. */
  lostBytes: number;
}

/** Reads one logical Ogg Opus stream as far as it goes: a torn end or a damaged page costs only itself. */
export function readOggOpus(bytes: Uint8Array): OggOpusStream | undefined {
  let stream: OggOpusStream | undefined;
  let headSeen: OggOpusHead | undefined;
  let lostBytes = 0;
  let offset = 0;
  let granule = 0n;
  while (offset < bytes.length) {
    const read = readOggPage(bytes, offset);
    if (read.kind !== 'page') {
      const next = nextCapture(bytes, offset + 1);
      lostBytes += next - offset;
      offset = next;
      continue;
    }
    const { page } = read;
    offset += page.bytes;
    const [packet] = page.packets;
    if (page.first) headSeen = packet && readOpusHead(packet);
    else if (headSeen && !stream) {
      const comments = packet && readOpusTags(packet);
      if (comments) stream = { head: headSeen, comments, packets: [], samples48k: 0n, ended: false, lostBytes: 0 };
    } else if (stream) {
      fillHole(stream, page, granule);
      stream.packets.push(...page.packets);
      granule = page.granulePosition;
      if (page.granulePosition >= 0n)
        stream.samples48k = atLeastZero(page.granulePosition - BigInt(stream.head.preSkip));
      stream.ended ||= page.last;
    }
  }
  if (stream) stream.lostBytes = lostBytes;
  return stream;
}

/** A lost page is heard as silence of its length, so that both sides stay in time. */
function fillHole(stream: OggOpusStream, page: OggPage, granule: bigint): void {
  const packetSamples = BigInt(silentPacketMs * 48);
  const missing = page.granulePosition - granule - BigInt(page.packets.length) * packetSamples;
  if (page.last || page.granulePosition < 0n) return;
  for (let left = missing; left >= packetSamples; left -= packetSamples) stream.packets.push(silentPacket);
}

function atLeastZero(value: bigint): bigint {
  return value > 0n ? value : 0n;
}

function nextCapture(bytes: Uint8Array, from: number): number {
  const found = indexOfText(bytes, 'OggS', from);
  return found < 0 ? bytes.length : found;
}
