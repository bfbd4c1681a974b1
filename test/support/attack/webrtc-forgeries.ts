// What an attacker sends to a browsers' media port: a STUN binding request with a MESSAGE-INTEGRITY that is not right (RFC 8489 §14.5), and
// the first flight of a DTLS client (RFC 6347 §4.2.1), each with fresh randomness.

import { createHmac, randomBytes } from 'node:crypto';

function attribute(type: number, value: Buffer): Buffer {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

/** A connectivity check that nominates (USE-CANDIDATE). */
export function forgedBinding(username: string, password: string): Buffer {
  const body = Buffer.concat([
    attribute(0x0006, Buffer.from(username)),
    attribute(0x0024, Buffer.from('6e7f1eff', 'hex')),
    attribute(0x802a, randomBytes(8)),
    attribute(0x0025, Buffer.alloc(0)),
  ]);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(0x0001, 0);
  header.writeUInt16BE(body.length + 24, 2);
  header.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(header, 8);
  const integrity = createHmac('sha1', password)
    .update(Buffer.concat([header, body]))
    .digest();
  return Buffer.concat([header, body, attribute(0x0008, integrity)]);
}

export function clientHello(): Buffer {
  const suites = Buffer.from('c02bc02fc00ac0140035002f', 'hex');
  const extensions = Buffer.from(
    '000a00080006001d00170018000b00020100000d00080006040308040401000e0005000200010000',
    'hex',
  );
  const length16 = (bytes: Buffer) => Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
  const body = Buffer.concat([
    Buffer.from('fefd', 'hex'),
    randomBytes(32),
    Buffer.of(0, 0),
    length16(suites),
    Buffer.of(1, 0),
    length16(extensions),
  ]);
  const size = Buffer.of(body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff);
  const handshake = Buffer.concat([Buffer.of(1), size, Buffer.of(0, 0, 0, 0, 0), size, body]);
  const record = Buffer.from('16feff0000000000000000', 'hex');
  return Buffer.concat([record, Buffer.of(handshake.length >> 8, handshake.length & 0xff), handshake]);
}
