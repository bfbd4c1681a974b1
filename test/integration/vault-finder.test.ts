// The finder of numbers finds what is planted, in every form, and nothing else. What it misses, the leak tests would miss.

import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { findNumber } from '../support/centre/number-finder.ts';

const number = '+819012345678';
const fullWidth = (text: string) => text.replace(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0));

const writings: Record<string, string> = {
  'E.164': '+819012345678',
  'without the plus': '819012345678',
  national: '09012345678',
  hyphens: '090-1234-5678',
  spaces: '+81 90 1234 5678',
  'with the trunk zero': '+81 (0)90-1234-5678',
  dots: '090.1234.5678',
  'every digit apart': '0 9 0 1 2 3 4 5 6 7 8',
  'as a list': '[0,9,0,1,2,3,4,5,6,7,8]',
  'full-width': fullWidth('090-1234-5678'),
  reversed: [...'09012345678'].reverse().join(''),
  'SIP URI': 'sip:+819012345678@10.0.0.1;user=phone',
};

const packings: Record<string, (text: string) => Buffer | string> = {
  plain: (text) => text,
  'percent-encoded': encodeURIComponent,
  'every byte percent-encoded': (text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  'JSON escapes': (text) => [...text].map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  'HTML entities': (text) => [...text].map((sign) => `&#${sign.charCodeAt(0)};`).join(''),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64 of JSON': (text) => Buffer.from(JSON.stringify({ from: text })).toString('base64'),
  'base64 after a letter': (text) => `x${Buffer.from(text).toString('base64')}`,
  hex: (text) => Buffer.from(text).toString('hex'),
  'UTF-16LE': (text) => Buffer.from(text, 'utf16le'),
  'UTF-16BE': (text) => Buffer.from(text, 'utf16le').swap16(),
  gzip: (text) => gzipSync(`{"caller":"${text}"}`),
  zlib: (text) => deflateSync(text),
  'raw deflate': (text) => deflateRawSync(`{"caller":"${text}"}`),
  brotli: (text) => brotliCompressSync(`{"caller":"${text}"}`),
  'base64 in gzip': (text) => gzipSync(`token=${Buffer.from(text).toString('base64')}`),
  'gzip in base64': (text) => gzipSync(text).toString('base64'),
  'brotli body of a response': (text) =>
    Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\ncontent-encoding: br\r\n\r\n'),
      brotliCompressSync(`{"n":"${text}"}`),
    ]),
  'chunked body': (text) =>
    Buffer.from(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n${text.slice(0, 5)}\r\n${Buffer.byteLength(text.slice(5)).toString(16)}\r\n${text.slice(5)}\r\n0\r\n\r\n`,
    ),
};

t.test('every writing in every packing is found, also between other things', async (t) => {
  for (const [writing, text] of Object.entries(writings)) {
    for (const [packing, pack] of Object.entries(packings)) {
      if (packing === 'chunked body' && writing === 'full-width') continue; // The cut would be inside a character.
      const packed = Buffer.from(pack(text) as string);
      const around = /raw deflate|brotli|UTF-16/.test(packing)
        ? packed
        : Buffer.concat([Buffer.from('{"v":1} '), packed, Buffer.from('\r\nend')]);
      if (findNumber(around, number).length === 0) t.fail(`${writing}, ${packing}: ${around.toString('latin1')}`);
    }
  }
  t.pass('all found');
});

t.test('national-only numbers are found too', async (t) => {
  t.ok(findNumber('call 0120-123-456 now', '0120123456').length > 0);
  t.throws(() => findNumber('110', '110'), /cannot be found with certainty/);
});

t.test('what is not the number is not found', async (t) => {
  const innocent = [
    '+819012345679 090-1234-5677 K7Q4-M2XD',
    JSON.stringify({ at: 1763761234567, id: 'c_0190b6c8f2a07c0d9e3f4a5b6c7d8e9f', sha256: 'a'.repeat(64) }),
    randomBytes(200_000),
    randomBytes(50_000).toString('base64'),
    gzipSync(randomBytes(50_000).toString('hex')),
  ];
  for (const received of innocent) t.same(findNumber(received, number), []);
});

t.test('a hit says how it was found and what is around it', async (t) => {
  const [hit] = findNumber(gzipSync('{"caller":"090-1234-5678","queue":"sales"}'), number);
  t.match(hit, { path: 'gzip > bytes > digits', excerpt: /"caller":"090-1234-5678"/ });
});
