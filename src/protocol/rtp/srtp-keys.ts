// SRTP keys and their derivation (RFC 3711 §4.3; 256-bit keys by RFC 6188).

import type { CryptoSuite } from '../sdp/attributes.ts';
import { nodeSrtpCrypto } from './srtp-crypto.ts';

export interface SrtpKeys {
  suite: CryptoSuite;
  /** Master key, then 14 bytes of master salt, as a=crypto carries them. */
  keyAndSalt: Uint8Array;
}

export interface SessionKeys {
  cipherKey: Buffer;
  authKey: Buffer;
  salt: Buffer;
}

/** Session keys for RTP (labels 0–2) or RTCP (labels 3–5), with a key derivation rate of zero (RFC 3711 §4.3.1). */
export function deriveKeys(keys: SrtpKeys, protocol: 'rtp' | 'rtcp'): SessionKeys {
  const keyLength = keys.keyAndSalt.length - 14;
  const masterKey = keys.keyAndSalt.subarray(0, keyLength);
  const masterSalt = keys.keyAndSalt.subarray(keyLength);
  const first = protocol === 'rtp' ? 0 : 3;
  const derive = (label: number, length: number): Buffer => {
    const salt = Buffer.from(masterSalt);
    salt[7]! ^= label;
    const out = Buffer.alloc(length);
    nodeSrtpCrypto.keyStream(masterKey, salt).apply(out, 0, length, 0, 0, 0);
    return out;
  };
  return { cipherKey: derive(first, keyLength), authKey: derive(first + 1, 20), salt: derive(first + 2, 14) };
}

/** Bytes of authentication tag; SRTCP always has 10 (RFC 4568 §6.2). */
export const tagLength = (suite: CryptoSuite): number => (suite.endsWith('_32') ? 4 : 10);
