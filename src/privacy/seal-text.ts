// Sealing a text that other nodes of this installation read and nobody else: AES-256-GCM (NIST SP 800-38D) with a random nonce and a
// key derived from a vault key (RFC 5869). For what passes through the live state and has numbers or keys in it.
//
//   12 bytes nonce · sealed text · 16 bytes tag, in base64
//
// `about` is authenticated with it, so that what was sealed for one purpose is not read for another.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from '../shared/errors.ts';

const nonceBytes = 12;
const tagBytes = 16;

export interface TextSealer {
  seal(text: string, about: string): string;
  /** Undefined: sealed by another key, about something else, or changed. */
  open(sealed: string, about: string): string | undefined;
}

/** The first key seals; all of them open. */
export function createTextSealer(keys: readonly Uint8Array[], purpose: string): TextSealer {
  const derived = keys.map((key) => Buffer.from(hkdfSync('sha256', key, '', `engawa ${purpose}`, 32)));
  const [current] = derived;
  if (!current) throw new AppError('secret-missing', 'Sealing needs at least one key.');

  function openWith(key: Buffer, bytes: Buffer, about: string): string | undefined {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(about));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    try {
      const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
      return Buffer.concat([text, decipher.final()]).toString();
    } catch {
      // Not this key's, or not what it was.
      return undefined;
    }
  }

  return {
    seal(text, about) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', current, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(about));
      return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64');
    },
    open(sealed, about) {
      const bytes = Buffer.from(sealed, 'base64');
      if (bytes.length < nonceBytes + tagBytes) return undefined;
      for (const key of derived) {
        const text = openWith(key, bytes, about);
        if (text !== undefined) return text;
      }
      return undefined;
    },
  };
}
