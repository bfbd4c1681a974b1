// STUN messages (RFC 8489 §5, §14) with the attributes that a TURN client (RFC 8656 §18) and ICE (RFC 8445 §16.1) need: encode,
// decode, sign, verify. With HMAC-SHA1, which is what coturn and browsers use.
// Pure: no sockets. Does not do SASLprep (our credentials are ASCII), ChannelData or the SHA-256 of §14.6; FINGERPRINT is written, not read.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const stunMethods = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
} as const;

export type StunMethod = keyof typeof stunMethods;
export type StunClass = 'request' | 'indication' | 'success' | 'error';

export interface StunAddress {
  address: string;
  port: number;
}

export interface StunMessage {
  method: StunMethod;
  class: StunClass;
  /** 12 bytes. */
  transactionId: Buffer;
  username?: string;
  realm?: string;
  nonce?: string;
  error?: { code: number; reason: string };
  software?: string;
  mappedAddress?: StunAddress;
  relayedAddress?: StunAddress;
  peerAddress?: StunAddress;
  lifetimeSeconds?: number;
  /** REQUESTED-TRANSPORT: 17 is UDP. */
  requestedTransport?: number;
  data?: Buffer;
  /** USE-CANDIDATE: this way is the one to take. */
  useCandidate?: true;
}

const cookie = 0x2112a442;
const headerBytes = 20;
const classes: readonly StunClass[] = ['request', 'indication', 'success', 'error'];
const attributes = {
  username: 0x0006,
  integrity: 0x0008,
  error: 0x0009,
  lifetime: 0x000d,
  peerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  relayedAddress: 0x0016,
  requestedTransport: 0x0019,
  mappedAddress: 0x0020,
  useCandidate: 0x0025,
  software: 0x8022,
  fingerprint: 0x8028,
} as const;
const fingerprintBytes = 8;
const fingerprintMask = 0x5354554e;

/** The key of a long-term credential (RFC 8489 §9.2.2). */
export function longTermKey(credential: { username: string; realm: string; password: string }): Buffer {
  const { username, realm, password } = credential;
  return createHash('md5').update(`${username}:${realm}:${password}`).digest();
}

/** With `key`, MESSAGE-INTEGRITY is added at the end. */
export function encodeStun(message: StunMessage, key?: Buffer): Buffer {
  const parts: Buffer[] = [];
  const add = (type: number, value: Buffer | undefined) => {
    if (value) parts.push(attribute(type, value));
  };
  add(
    attributes.requestedTransport,
    message.requestedTransport === undefined ? undefined : Buffer.from([message.requestedTransport, 0, 0, 0]),
  );
  add(attributes.lifetime, message.lifetimeSeconds === undefined ? undefined : uint32(message.lifetimeSeconds));
  add(attributes.mappedAddress, xored(message.mappedAddress, message.transactionId));
  add(attributes.relayedAddress, xored(message.relayedAddress, message.transactionId));
  add(attributes.peerAddress, xored(message.peerAddress, message.transactionId));
  add(attributes.data, message.data);
  add(attributes.software, text(message.software));
  add(
    attributes.error,
    message.error &&
      Buffer.concat([
        Buffer.from([0, 0, Math.floor(message.error.code / 100), message.error.code % 100]),
        Buffer.from(message.error.reason),
      ]),
  );
  add(attributes.username, text(message.username));
  add(attributes.useCandidate, message.useCandidate && Buffer.alloc(0));
  add(attributes.nonce, text(message.nonce));
  add(attributes.realm, text(message.realm));
  const body = Buffer.concat(parts);
  if (!key) return Buffer.concat([header(message, body.length), body]);
  const signed = Buffer.concat([header(message, body.length + 24), body]);
  const integrity = createHmac('sha1', key).update(signed).digest();
  return Buffer.concat([signed, attribute(attributes.integrity, integrity)]);
}

/** Undefined when this is not a STUN message that can be read. Unknown attributes are passed over. */
export function decodeStun(bytes: Buffer): StunMessage | undefined {
  if (stunLength(bytes) !== bytes.length || bytes.length % 4 !== 0) return undefined;
  const type = bytes.readUInt16BE(0);
  const code = (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2);
  const method = (Object.keys(stunMethods) as StunMethod[]).find((name) => stunMethods[name] === code);
  const kind = classes[((type & 0x0010) >> 4) | ((type & 0x0100) >> 7)];
  if (!method || !kind) return undefined;
  const message: StunMessage = { method, class: kind, transactionId: bytes.subarray(8, headerBytes) };
  for (const { type: attributeType, value } of attributesOf(bytes)) read(message, attributeType, value);
  return message;
}

/** The message with FINGERPRINT at its end (RFC 8489 §14.7), as ICE wants it. */
export function withFingerprint(bytes: Buffer): Buffer {
  const longer = Buffer.from(bytes);
  longer.writeUInt16BE(bytes.length - headerBytes + fingerprintBytes, 2);
  return Buffer.concat([longer, attribute(attributes.fingerprint, uint32((crc32(longer) ^ fingerprintMask) >>> 0))]);
}

/** Whether MESSAGE-INTEGRITY is there and made with this key. */
export function verifyStun(bytes: Buffer, key: Buffer): boolean {
  const found = attributesOf(bytes).find(({ type }) => type === attributes.integrity);
  if (found?.value.length !== 20) return false;
  const signed = Buffer.from(bytes.subarray(0, found.at));
  signed.writeUInt16BE(found.at - headerBytes + 24, 2);
  return timingSafeEqual(createHmac('sha1', key).update(signed).digest(), found.value);
}

/** How long the message that begins here is, or undefined while its header is not complete or is not STUN's. For streams. */
export function stunLength(bytes: Buffer): number | undefined {
  if (bytes.length < headerBytes || (bytes[0]! & 0xc0) !== 0 || bytes.readUInt32BE(4) !== cookie) return undefined;
  return headerBytes + bytes.readUInt16BE(2);
}

function header(message: StunMessage, length: number): Buffer {
  const out = Buffer.alloc(headerBytes);
  const code = stunMethods[message.method];
  const kind = classes.indexOf(message.class);
  const type =
    (code & 0x000f) | ((code & 0x0070) << 1) | ((code & 0x0f80) << 2) | ((kind & 1) << 4) | ((kind & 2) << 7);
  out.writeUInt16BE(type, 0);
  out.writeUInt16BE(length, 2);
  out.writeUInt32BE(cookie, 4);
  message.transactionId.copy(out, 8);
  return out;
}

function attribute(type: number, value: Buffer): Buffer {
  const out = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  out.writeUInt16BE(type, 0);
  out.writeUInt16BE(value.length, 2);
  value.copy(out, 4);
  return out;
}

function attributesOf(bytes: Buffer): { type: number; value: Buffer; at: number }[] {
  const found: { type: number; value: Buffer; at: number }[] = [];
  for (let at = headerBytes; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    if (at + 4 + length > bytes.length) break;
    found.push({ type: bytes.readUInt16BE(at), value: bytes.subarray(at + 4, at + 4 + length), at });
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return found;
}

function read(message: StunMessage, type: number, value: Buffer): void {
  const { transactionId } = message;
  if (type === attributes.username) message.username = value.toString();
  else if (type === attributes.realm) message.realm = value.toString();
  else if (type === attributes.nonce) message.nonce = value.toString();
  else if (type === attributes.software) message.software = value.toString();
  else if (type === attributes.data) message.data = value;
  else if (type === attributes.useCandidate) message.useCandidate = true;
  else if (type === attributes.lifetime && value.length === 4) message.lifetimeSeconds = value.readUInt32BE(0);
  else if (type === attributes.requestedTransport && value.length === 4) message.requestedTransport = value[0]!;
  else if (type === attributes.error && value.length >= 4)
    message.error = { code: (value[2]! & 7) * 100 + value[3]!, reason: value.subarray(4).toString() };
  else if (type === attributes.mappedAddress) assign(message, 'mappedAddress', plainAddress(value, transactionId));
  else if (type === attributes.relayedAddress) assign(message, 'relayedAddress', plainAddress(value, transactionId));
  else if (type === attributes.peerAddress) assign(message, 'peerAddress', plainAddress(value, transactionId));
}

function assign(
  message: StunMessage,
  name: 'mappedAddress' | 'relayedAddress' | 'peerAddress',
  address: StunAddress | undefined,
): void {
  if (address) message[name] = address;
}

/** XOR-MAPPED-ADDRESS and its relatives (RFC 8489 §14.2). */
function xored(given: StunAddress | undefined, transactionId: Buffer): Buffer | undefined {
  if (!given) return undefined;
  const v6 = given.address.includes(':');
  const raw = v6 ? ipv6Bytes(given.address) : Buffer.from(given.address.split('.').map(Number));
  const out = Buffer.alloc(4 + raw.length);
  out[1] = v6 ? 2 : 1;
  out.writeUInt16BE(given.port ^ (cookie >>> 16), 2);
  mask(raw, transactionId).copy(out, 4);
  return out;
}

function plainAddress(value: Buffer, transactionId: Buffer): StunAddress | undefined {
  const family = value[1];
  if (!((family === 1 && value.length === 8) || (family === 2 && value.length === 20))) return undefined;
  const port = value.readUInt16BE(2) ^ (cookie >>> 16);
  const raw = mask(value.subarray(4), transactionId);
  if (family === 1) return { address: [...raw].join('.'), port };
  const groups = Array.from({ length: 8 }, (_, i) => raw.readUInt16BE(i * 2).toString(16));
  return { address: groups.join(':'), port };
}

function mask(raw: Buffer, transactionId: Buffer): Buffer {
  const key = Buffer.concat([uint32(cookie), transactionId]);
  return Buffer.from(raw.map((byte, index) => byte ^ key[index]!));
}

function ipv6Bytes(address: string): Buffer {
  const [front = '', back] = address.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const left = groups(front);
  const right = back === undefined ? [] : groups(back);
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const out = Buffer.alloc(16);
  for (const [index, group] of all.entries()) out.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return out;
}

function uint32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

const text = (value: string | undefined): Buffer | undefined => (value === undefined ? undefined : Buffer.from(value));
