// Addresses as Linux's system calls take them (ip(7), ipv6(7)): sockaddr_in and sockaddr_in6, to and from text.
// Pure. IPv6 zones are not known here.

import { isIPv4, isIPv6 } from 'node:net';

export const family = { ipv4: 2, ipv6: 10 } as const;

/** Room for either. */
export const socketAddressBytes = 28;
export const ipv4Bytes = 16;

/** The words of an IPv6 address; a dotted tail counts as two. */
function words(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address;
  const [head = '', tail] = text.split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const before = read(head);
  if (tail === undefined) return before;
  const after = read(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** Undefined when the address, or the port, is none that can be written so. */
export function writeSocketAddress(address: string, port: number): Uint8Array | undefined {
  if (!(port >= 0 && port <= 0xffff)) return undefined;
  if (isIPv4(address)) {
    const out = Buffer.alloc(ipv4Bytes);
    out.writeUInt16LE(family.ipv4, 0);
    out.writeUInt16BE(port, 2);
    address.split('.').forEach((part, i) => {
      out[4 + i] = Number(part);
    });
    return out;
  }
  if (!isIPv6(address) || address.includes('%')) return undefined;
  const out = Buffer.alloc(socketAddressBytes);
  out.writeUInt16LE(family.ipv6, 0);
  out.writeUInt16BE(port, 2);
  words(address).forEach((word, i) => {
    out.writeUInt16BE(word, 8 + i * 2);
  });
  return out;
}

/** As RFC 5952 §4 writes it: lower case, the longest run of zeros left out. */
function ipv6Text(bytes: Buffer): string {
  const parts = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(8 + i * 2));
  if (parts.slice(0, 5).every((part) => part === 0) && parts[5] === 0xffff) {
    return `::ffff:${[...bytes.subarray(20, 24)].join('.')}`;
  }
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && parts[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const text = (from: number, to: number) =>
    parts
      .slice(from, to)
      .map((part) => part.toString(16))
      .join(':');
  return best.at < 0 ? text(0, 8) : `${text(0, best.at)}::${text(best.at + best.length, 8)}`;
}

/** Undefined for another family. */
export function readSocketAddress(bytes: Uint8Array): { address: string; port: number } | undefined {
  const read = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const port = read.readUInt16BE(2);
  const kind = read.readUInt16LE(0);
  if (kind === family.ipv4) return { address: [...read.subarray(4, 8)].join('.'), port };
  return kind === family.ipv6 ? { address: ipv6Text(read), port } : undefined;
}
