// A passkey without a browser: a key pair that answers the options of the API as an authenticator with user verification does
// (WebAuthn Level 3 §6), for tests that must also answer wrongly.

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

const flags = { present: 0x01, verified: 0x04, attested: 0x40 };

interface Options {
  challenge: string;
}

export interface TestAuthenticator {
  readonly id: string;
  /** Answers the options of an enrolment. */
  create(options: Options): object;
  /** Answers a request. `signCount` counts up by itself. */
  get(options: Options, wrongly?: { origin?: string; rpId?: string; unverified?: boolean; signCount?: number }): object;
}

export function createTestAuthenticator({ origin, rpId }: { origin: string; rpId: string }): TestAuthenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const credentialId = randomBytes(32);
  let counted = 0;
  const clientData = (type: string, challenge: string, from: string) =>
    Buffer.from(JSON.stringify({ type, challenge, origin: from, crossOrigin: false }));
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  const common = {
    id: base64(credentialId),
    rawId: base64(credentialId),
    type: 'public-key',
    clientExtensionResults: {},
  };

  return {
    id: common.id,
    create({ challenge }) {
      const length = Buffer.from([0, credentialId.length]);
      const attested = Buffer.concat([Buffer.alloc(16), length, credentialId, coseKey(publicKey)]);
      const data = authenticatorData(rpId, flags.present | flags.verified | flags.attested, counted, attested);
      const response = {
        clientDataJSON: base64(clientData('webauthn.create', challenge, origin)),
        attestationObject: base64(attestationObject(data)),
        transports: ['internal'],
      };
      return { ...common, response, authenticatorAttachment: 'platform' };
    },
    get({ challenge }, wrongly = {}) {
      counted = wrongly.signCount ?? counted + 1;
      const with_ = wrongly.unverified ? flags.present : flags.present | flags.verified;
      const data = authenticatorData(wrongly.rpId ?? rpId, with_, counted);
      const client = clientData('webauthn.get', challenge, wrongly.origin ?? origin);
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()]);
      const response = {
        clientDataJSON: base64(client),
        authenticatorData: base64(data),
        signature: base64(sign('sha256', signed, privateKey)),
      };
      return { ...common, response };
    },
  };
}

function authenticatorData(rpId: string, bits: number, count: number, attested = Buffer.alloc(0)): Buffer {
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(count);
  return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([bits]), counter, attested]);
}

/** CBOR of {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y} (RFC 9053 §7.1). */
function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const bytes = (text: string) => Buffer.concat([Buffer.from([0x58, 32]), Buffer.from(text, 'base64url')]);
  return Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
    bytes(x),
    Buffer.from([0x22]),
    bytes(y),
  ]);
}

/** CBOR of {fmt: "none", attStmt: {}, authData} (WebAuthn Level 3 §6.5.4). */
function attestationObject(data: Buffer): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)]);
  const length = Buffer.from([0x59, data.length >> 8, data.length & 0xff]);
  return Buffer.concat([
    Buffer.from([0xa3]),
    ...[text('fmt'), text('none'), text('attStmt'), Buffer.from([0xa0]), text('authData'), length, data],
  ]);
}
