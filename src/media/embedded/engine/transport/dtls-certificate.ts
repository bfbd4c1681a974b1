// A self-signed certificate for one DTLS endpoint (RFC 8827 §6.5: ECDSA on P-256, fresh, without a name), written as DER by
// hand: what WebRTC checks is its fingerprint (RFC 8122), so it holds as little as X.509 (RFC 5280 §4.1) allows.
// Made here because our offer must name the fingerprint before DTLS begins, and before a WebRTC library may start.

import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

export interface DtlsCertificate {
  certificatePem: string;
  keyPem: string;
  certificateDer: Buffer;
  /** As SEC 1 has it. */
  keyDer: Buffer;
  /** As a=fingerprint has it: `sha-256 AB:CD:…`. */
  fingerprint: string;
}

const validDays = 30;
const ecdsaWithSha256 = '06082a8648ce3d040302';
const commonName = '0603550403';

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  if (length < 128) return Buffer.concat([Buffer.of(tag, length), body]);
  const size = length < 256 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
  return Buffer.concat([Buffer.of(tag), size, body]);
}

const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts);
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** UTCTime: two digits of year, good until 2049 (RFC 5280 §4.1.2.5.1). */
function utcTime(epochMs: number): Buffer {
  const text = new Date(epochMs).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`, 'latin1'));
}

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;

export function createDtlsCertificate(nowMs: number): DtlsCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const dayMs = 86_400_000;
  const algorithm = sequence(hex(ecdsaWithSha256));
  const name = sequence(der(0x31, sequence(hex(commonName), der(0x0c, Buffer.from('webrtc')))));
  // A serial number is positive: its first bit is zero, and its first byte is not.
  const serial = Buffer.concat([Buffer.of(0x40), randomBytes(8)]);
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, serial),
    algorithm,
    name,
    sequence(utcTime(nowMs - dayMs), utcTime(nowMs + validDays * dayMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = createSign('SHA256').update(toBeSigned).sign(privateKey);
  const certificate = sequence(toBeSigned, algorithm, der(0x03, Buffer.of(0), signature));
  const digest = createHash('sha256').update(certificate).digest('hex').toUpperCase();
  return {
    certificatePem: pem(certificate),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificateDer: certificate,
    keyDer: privateKey.export({ type: 'sec1', format: 'der' }),
    fingerprint: `sha-256 ${digest.match(/../g)!.join(':')}`,
  };
}
