// The key of a device: ECDSA P-256, made by the browser (WebCrypto) so that it cannot leave it; here is its public half (JWK,
// RFC 7517). What it signs names the session, the device and a challenge that is used once, so that a signature is of use
// nowhere else. Pure.

import { createHash, createPublicKey, verify } from 'node:crypto';
import type { DeviceId, SessionId } from '../../shared/ids.ts';

export interface DevicePublicKey {
  kty: 'EC';
  crv: 'P-256';
  /** base64url of 32 bytes each. */
  x: string;
  y: string;
}

/** What a signature is for. A device that is being enrolled has no id yet. */
export interface Signed {
  challenge: string;
  sessionId: SessionId;
  deviceId: DeviceId | 'new';
}

/** The bytes to sign; web-softphone/src/devices/device-key.ts makes the same. */
export function textToSign({ challenge, sessionId, deviceId }: Signed): string {
  return `engawa device proof 1\n${sessionId}\n${deviceId}\n${challenge}`;
}

/** False for anything that is not a signature of this key over these bytes; never throws. */
export function hasSigned(key: DevicePublicKey, signed: Signed, signature: string): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.length !== 64) return false;
  try {
    const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' });
    const text = Buffer.from(textToSign(signed));
    return verify('sha256', text, { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes);
  } catch {
    // Two numbers that are no point of the curve.
    return false;
  }
}

/** SHA-256 thumbprint (RFC 7638): one key is one device. */
export function thumbprintOf({ crv, kty, x, y }: DevicePublicKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
