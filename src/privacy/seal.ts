// Sealing one number for the database: AES-256-GCM (NIST SP 800-38D) with a random nonce.
//
//   1 byte version · 4 bytes key id · 12 bytes nonce · 16 bytes sealed number · 16 bytes tag
//
// The key id is the beginning of the key's SHA-256: a new key is put in front of the list and seals from then on, the old
// ones still open. The row's hash is authenticated with it, so that a sealed number cannot be moved to another row.
// Every number takes 16 bytes, so its length does not show. Pure, but for the nonce.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { AppError, asError } from '../shared/errors.ts';

const version = 1;
const headBytes = 5;
const nonceBytes = 12;
const numberBytes = 16;
const tagBytes = 16;
const sealedBytes = headBytes + nonceBytes + numberBytes + tagBytes;

export interface NumberSealer {
  seal(canonical: string, numberHash: string): Uint8Array;
  /** Fails with `secret-missing` when the key is not in the list, with `internal` when the row was tampered with. */
  open(sealed: Uint8Array, numberHash: string): string;
}

/** The first key seals; all of them open. */
export function createNumberSealer(keys: readonly Uint8Array[]): NumberSealer {
  const [current] = keys;
  if (!current || keys.some((key) => key.length !== 32)) {
    throw new AppError(
      'secret-missing',
      'The number vault needs at least one sealing key, and each must have 32 bytes.',
    );
  }
  const byId = new Map(keys.map((key) => [keyId(key).toString('hex'), key]));

  return {
    seal(canonical, numberHash) {
      const head = Buffer.concat([Buffer.of(version), keyId(current)]);
      const nonce = randomBytes(nonceBytes);
      const plain = Buffer.alloc(numberBytes);
      if (plain.write(canonical, 'latin1') < canonical.length)
        throw new RangeError('a number has at most 16 characters');
      const cipher = createCipheriv('aes-256-gcm', current, nonce, { authTagLength: tagBytes });
      cipher.setAAD(associated(head, numberHash));
      return Buffer.concat([head, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, numberHash) {
      const bytes = Buffer.from(sealed);
      if (bytes.length !== sealedBytes || bytes[0] !== version) {
        throw new AppError('internal', 'A row of the number vault has a form that this program does not know.');
      }
      const head = bytes.subarray(0, headBytes);
      const key = byId.get(head.subarray(1).toString('hex'));
      if (!key) {
        throw new AppError(
          'secret-missing',
          'A number was sealed with a key that is not among the vault keys: add it.',
          {
            details: { keyId: head.subarray(1).toString('hex') },
          },
        );
      }
      const nonce = bytes.subarray(headBytes, headBytes + nonceBytes);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(associated(head, numberHash));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      return finish(decipher, bytes.subarray(headBytes + nonceBytes, -tagBytes));
    },
  };
}

function finish(decipher: ReturnType<typeof createDecipheriv>, sealed: Buffer): string {
  try {
    const plain = Buffer.concat([decipher.update(sealed), decipher.final()]).toString('latin1');
    return plain.slice(0, plain.indexOf('\0') < 0 ? undefined : plain.indexOf('\0'));
  } catch (thrown) {
    throw new AppError(
      'internal',
      'A row of the number vault was changed by somebody else, or belongs to another row.',
      {
        cause: asError(thrown),
      },
    );
  }
}

function keyId(key: Uint8Array): Buffer {
  return createHash('sha256').update('engawa vault key\0').update(key).digest().subarray(0, 4);
}

function associated(head: Uint8Array, numberHash: string): Buffer {
  return Buffer.concat([head, Buffer.from(numberHash, 'hex')]);
}
