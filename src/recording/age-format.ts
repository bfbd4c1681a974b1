// The form of an age file (age-encryption.org/v1, C2SP): a header in text that ends with its MAC, 16 bytes of nonce, then
// chunks of 64 KiB, each with its tag. Pure, and without Node: pages use it too. Seals and opens nothing.

import { beginsWithText, indexOfText } from '../shared/bytes.ts';

/** Plaintext per chunk. */
export const chunkBytes = 64 * 1024;
export const tagBytes = 16;
export const sealedChunkBytes = chunkBytes + tagBytes;
export const payloadNonceBytes = 16;

/** Length of the text up to and with its MAC line; undefined if this is not the beginning of an age file. */
export function ageHeaderBytes(sealed: Uint8Array): number | undefined {
  if (!beginsWithText(sealed, 'age-encryption.org/v1\n')) return undefined;
  const mac = indexOfText(sealed, '\n--- ');
  const end = mac < 0 ? -1 : sealed.indexOf(0x0a, mac + 1);
  return end < 0 ? undefined : end + 1;
}
