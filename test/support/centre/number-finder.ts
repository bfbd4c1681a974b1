// Finds a telephone number in whatever somebody received, however it is written or packed: the test of the promise that a
// home never receives a customer's number. Looks at the bytes as they are and at everything that can be unpacked from them.
//
//   written   E.164, without the plus, national, with anything up to two signs between digits, full-width, reversed
//   encoded   percent, JSON and HTML escapes, base64 and base64url at any offset, hex, UTF-16
//   packed    gzip and zlib streams anywhere inside; raw deflate and brotli as the whole, or as the body after a blank line
//
// It looks for the national significant digits, which every writing has in common. Numbers of fewer than seven digits
// cannot be told from other digits and are refused.

import { brotliDecompressSync, inflateRawSync, inflateSync, constants as zlib } from 'node:zlib';

export interface NumberHit {
  /** How it was unpacked, outermost first, for example `gzip > base64 > digits`. */
  path: string;
  /** What surrounds it, unpacked. */
  excerpt: string;
}

const maxDepth = 4;
const maxUnpackedBytes = 64 * 1024 * 1024;

/** Every hit of a canonical number (`+8190…` or national digits such as `0120…`). */
export function findNumber(received: Buffer | string, canonical: string): NumberHit[] {
  const pattern = patternFor(canonical);
  const hits = new Map<string, NumberHit>();
  const seen = new Set<string>();

  function look(bytes: Buffer, path: string[], depth: number): void {
    for (const [name, text] of readings(bytes)) report(text, [...path, name]);
    if (depth === 0) return;
    for (const [name, inner] of unpacked(bytes)) {
      if (inner.length < 7) continue;
      const key = `${inner.length}:${inner.subarray(0, 64).toString('latin1')}:${inner.subarray(-32).toString('latin1')}`;
      if (seen.has(key)) continue;
      seen.add(key);
      look(inner, [...path, name], depth - 1);
    }
  }

  function report(text: string, path: string[]): void {
    for (const [direction, needle] of pattern) {
      for (const found of text.matchAll(needle)) {
        const excerpt = text.slice(Math.max(0, found.index - 24), found.index + found[0].length + 24);
        const named = [...path, direction].join(' > ');
        hits.set(`${named} ${excerpt}`, { path: named, excerpt });
      }
    }
  }

  look(typeof received === 'string' ? Buffer.from(received) : received, [], maxDepth);
  return [...hits.values()];
}

function patternFor(canonical: string): [string, RegExp][] {
  const significant = canonical.replace(/^\+81/, '').replace(/^\+/, '').replace(/^0+/, '').replace(/\D/g, '');
  if (significant.length < 7) throw new Error('a number of fewer than seven digits cannot be found with certainty');
  const between = '[^0-9A-Za-z]{0,2}';
  const forwards = [...significant].join(between);
  const backwards = [...significant].reverse().join(between);
  return [
    ['digits', new RegExp(forwards, 'g')],
    ['reversed', new RegExp(backwards, 'g')],
  ];
}

/** The bytes as text, in the encodings that occur. Full-width digits become plain ones. */
function readings(bytes: Buffer): [string, string][] {
  const found: [string, string][] = [['bytes', bytes.toString('latin1')]];
  const utf8 = bytes.toString('utf8');
  if (/[^\0-\x7f]/.test(utf8)) found.push(['utf-8', utf8.normalize('NFKC')]);
  if (bytes.includes(0) || bytes.includes(0xff)) {
    for (const offset of [0, 1]) {
      const even = Buffer.from(bytes.subarray(offset, bytes.length - ((bytes.length - offset) % 2)));
      found.push(['utf-16le', even.toString('utf16le').normalize('NFKC')]);
      found.push(['utf-16be', even.swap16().toString('utf16le').normalize('NFKC')]);
    }
  }
  return found;
}

function* unpacked(bytes: Buffer): Generator<[string, Buffer]> {
  const text = bytes.toString('latin1');
  if (/%[0-9a-f]{2}/i.test(text)) yield ['percent', percentDecoded(text)];
  if (/\\[ux]|\\\//i.test(text)) yield ['escapes', Buffer.from(unescaped(text))];
  if (/&#/.test(text)) yield ['entities', Buffer.from(entitiesDecoded(text))];
  if (/=[0-9A-F]{2}/.test(text))
    yield ['quoted-printable', percentDecoded(text.replace(/=\r?\n/g, '').replace(/=(?=[0-9A-F]{2})/g, '%'))];
  for (const [token] of text.matchAll(/[0-9a-fA-F]{14,}/g)) {
    yield ['hex', Buffer.from(token, 'hex')];
    yield ['hex', Buffer.from(token.slice(1), 'hex')];
  }
  for (const [token] of text.matchAll(/(?:[A-Za-z0-9+/_-]{4,}(?:\r?\n)?)+/g)) {
    if (token.length < 10) continue;
    const plain = token.replace(/\s/g, '');
    for (let offset = 0; offset < 4; offset++) yield ['base64', Buffer.from(plain.slice(offset), 'base64')];
  }
  yield* inflated(bytes);
}

function* inflated(bytes: Buffer): Generator<[string, Buffer]> {
  for (let at = bytes.indexOf(0x1f); at >= 0; at = bytes.indexOf(0x1f, at + 1)) {
    if (bytes[at + 1] !== 0x8b || bytes[at + 2] !== 8) continue;
    // Node's gunzip does not take what follows a stream; the stream itself is raw deflate behind its header.
    yield* attempt('gzip', () => inflateRawSync(bytes.subarray(gzipBody(bytes, at)), lenient));
  }
  for (let at = bytes.indexOf(0x78); at >= 0; at = bytes.indexOf(0x78, at + 1)) {
    if ([0x01, 0x5e, 0x9c, 0xda].includes(bytes[at + 1]!))
      yield* attempt('zlib', () => inflateSync(bytes.subarray(at), lenient));
  }
  const bodies = [bytes];
  for (let at = bytes.indexOf('\r\n\r\n'); at >= 0; at = bytes.indexOf('\r\n\r\n', at + 4)) {
    const body = bytes.subarray(at + 4);
    bodies.push(body);
    const whole = dechunked(body);
    if (whole) {
      bodies.push(whole);
      yield ['chunked', whole];
    }
  }
  for (const body of bodies) {
    yield* attempt('deflate', () => inflateRawSync(body, lenient));
    yield* attempt('brotli', () => brotliDecompressSync(body, { maxOutputLength: maxUnpackedBytes }));
  }
}

/** RFC 1952 §2.3: where the compressed blocks begin. */
function gzipBody(bytes: Buffer, start: number): number {
  const flags = bytes[start + 3]!;
  let at = start + 10;
  if (flags & 4) at += 2 + bytes.readUInt16LE(at);
  for (const flag of [8, 16]) if (flags & flag) at = bytes.indexOf(0, at) + 1;
  return flags & 2 ? at + 2 : at;
}

/** A stream that was cut off still gives what it holds. */
const lenient = { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: maxUnpackedBytes };

function* attempt(name: string, unpack: () => Buffer): Generator<[string, Buffer]> {
  try {
    const inner = unpack();
    if (inner.length > 0) yield [name, inner];
  } catch {
    return; // It was something else.
  }
}

/** RFC 9112 §7.1, as far as it goes. */
function dechunked(body: Buffer): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const line = /^([0-9a-f]{1,8})[^\r\n]*\r\n/i.exec(body.toString('latin1', at, at + 64));
    if (!line) break;
    const size = Number.parseInt(line[1]!, 16);
    if (size === 0) break;
    pieces.push(body.subarray(at + line[0].length, at + line[0].length + size));
    at += line[0].length + size + 2;
  }
  return pieces.length > 0 ? Buffer.concat(pieces) : undefined;
}

function percentDecoded(text: string): Buffer {
  return Buffer.from(
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

function unescaped(text: string): string {
  return text
    .replace(/\\u\{?([0-9a-f]{4,6})\}?/gi, (_, hex: string) =>
      String.fromCodePoint(Math.min(0x10ffff, Number.parseInt(hex, 16))),
    )
    .replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(.)/g, '$1');
}

function entitiesDecoded(text: string): string {
  return text
    .replace(/&#x([0-9a-f]{1,5});/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#([0-9]{1,6});/g, (_, decimal: string) => String.fromCodePoint(Math.min(0x10ffff, Number(decimal))));
}
