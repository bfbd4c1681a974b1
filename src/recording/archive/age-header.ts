// The header of an age file (age-encryption.org/v1, C2SP): stanzas, one or more per recipient, and a MAC under a key that follows
// from the file key. Rewriting one for other recipients leaves the payload as it is.
// Does not open payloads, and keeps no file key.

import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Stanza } from 'age-encryption';
import { AppError } from '../../shared/errors.ts';

const columns = 64;
/** A header longer than this was not written by us: a hundred post-quantum recipients fit. */
export const mostHeaderBytes = 256 * 1024;

export interface AgeHeader {
  stanzas: Stanza[];
  /** Up to and with `---`: what the MAC is of. */
  beforeMac: string;
  mac: Buffer;
}

export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Fails with `invalid-argument` when this is no age header, or more than one. */
export function readAgeHeader(header: Uint8Array): AgeHeader {
  const wrong = (because: string) => new AppError('invalid-argument', `This is not an age header: ${because}.`);
  const lines = Buffer.from(header).toString('latin1').split('\n');
  if (lines.shift() !== 'age-encryption.org/v1') throw wrong('it does not say which version');
  if (lines.pop() !== '') throw wrong('its last line has no end');
  const last = /^--- ([A-Za-z0-9+/]{43})$/.exec(lines.pop() ?? '');
  if (!last) throw wrong('its MAC is missing');
  const stanzas: Stanza[] = [];
  while (lines.length > 0) {
    const [arrow, ...args] = lines.shift()!.split(' ');
    if (arrow !== '->' || args.length === 0 || args.some((one) => one === '')) throw wrong('a stanza has no type');
    let body = '';
    for (;;) {
      const line = lines.shift();
      if (line === undefined || !/^[A-Za-z0-9+/]{0,64}$/.test(line)) throw wrong('a stanza has no end');
      body += line;
      if (line.length < columns) break;
    }
    stanzas.push(new Stanza(args, Buffer.from(body, 'base64')));
  }
  if (stanzas.length === 0) throw wrong('nobody can open it');
  const text = Buffer.from(header).toString('latin1');
  return { stanzas, beforeMac: text.slice(0, text.lastIndexOf('---') + 3), mac: Buffer.from(last[1]!, 'base64') };
}

/** What a header of this file is authenticated with. It opens nothing. */
export function headerKeyOf(fileKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, Buffer.alloc(0), 'header', 32));
}

/** Whether the MAC of this header was made under `headerKey`: whether it is a header of that file. */
export function isHeaderUnder(header: Uint8Array, headerKey: Uint8Array): boolean {
  const { beforeMac, mac } = readAgeHeader(header);
  return timingSafeEqual(mac, createHmac('sha256', headerKey).update(beforeMac, 'latin1').digest());
}

export function writeAgeHeader(stanzas: readonly Stanza[], fileKey: Uint8Array): Uint8Array {
  const text = ['age-encryption.org/v1\n', ...stanzas.map(stanzaText), '---'].join('');
  const mac = createHmac('sha256', headerKeyOf(fileKey)).update(text, 'latin1').digest();
  return Buffer.from(`${text} ${unpadded(mac)}\n`, 'latin1');
}

function stanzaText({ args, body }: Stanza): string {
  const encoded = unpadded(body);
  const lines: string[] = encoded.match(/.{1,64}/g) ?? [];
  // A body ends with a line that is shorter than a full one, be it empty.
  if (encoded.length % columns === 0) lines.push('');
  return `-> ${args.join(' ')}\n${lines.join('\n')}\n`;
}

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

/** By what kinds of keys a header can be opened: `X25519`, `mlkem768x25519`, … */
export function stanzaKinds(header: Uint8Array): string[] {
  return readAgeHeader(header).stanzas.map(({ args }) => args[0]!);
}
