// Reading any part of an age file's plaintext without reading the rest: the payload is chunks of 64 KiB, each sealed by itself with
// ChaCha20-Poly1305 under a counter (age-encryption.org/v1, "Payload"). At most one chunk is in memory at a time.
// Does not find file keys: a header is opened by the package.

import { createDecipheriv, hkdfSync } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AppError } from '../../shared/errors.ts';
import { chunkBytes, payloadNonceBytes, sealedChunkBytes, tagBytes } from '../age-format.ts';
import type { ByteRange } from '../archive/archive.ts';

/** Plaintext that a payload of so many bytes (nonce and chunks) holds. */
export function plaintextBytes(payloadBytes: number): number {
  const sealed = payloadBytes - payloadNonceBytes;
  if (sealed < tagBytes) throw broken('it is too short');
  return sealed - tagBytes * Math.ceil(sealed / sealedChunkBytes);
}

/** The wanted bytes of the plaintext, both ends included. Fails in the middle where a chunk was changed. */
export async function* plaintextRange(options: {
  fileKey: Uint8Array;
  payloadBytes: number;
  /** Of the payload, from its nonce on. */
  open(range: ByteRange): Promise<Readable>;
  range: ByteRange;
}): AsyncGenerator<Uint8Array> {
  const { fileKey, payloadBytes, open, range } = options;
  const nonce = await readExactly(await open({ from: 0, to: payloadNonceBytes - 1 }), payloadNonceBytes);
  const key = Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
  const lastChunk = Math.ceil((payloadBytes - payloadNonceBytes) / sealedChunkBytes) - 1;
  const firstWanted = Math.floor(range.from / chunkBytes);
  const lastWanted = Math.floor(range.to / chunkBytes);
  const from = payloadNonceBytes + firstWanted * sealedChunkBytes;
  const to = Math.min(payloadBytes, payloadNonceBytes + (lastWanted + 1) * sealedChunkBytes) - 1;
  let at = firstWanted;
  for await (const sealed of inChunks(await open({ from, to }))) {
    const chunk = openChunk(key, at, at === lastChunk, sealed);
    const begin = at * chunkBytes;
    yield chunk.subarray(Math.max(0, range.from - begin), Math.max(0, range.to + 1 - begin));
    at++;
  }
  if (at !== lastWanted + 1) throw broken('it was cut off');
}

function openChunk(key: Buffer, index: number, last: boolean, sealed: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  const text = sealed.length - tagBytes;
  if (text < 0) throw broken('it was cut off');
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(text));
  const plain = decipher.update(sealed.subarray(0, text));
  try {
    decipher.final();
  } catch (cause) {
    throw new AppError(
      'storage-unavailable',
      'A recording was changed where it is stored: a part of it does not open.',
      {
        cause,
      },
    );
  }
  return plain;
}

async function* inChunks(stream: Readable): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < sealedChunkBytes) continue;
    let joined = Buffer.concat(waiting);
    for (; joined.length >= sealedChunkBytes; joined = joined.subarray(sealedChunkBytes))
      yield joined.subarray(0, sealedChunkBytes);
    waiting = [joined];
    bytes = joined.length;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

async function readExactly(stream: Readable, bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
  const read = Buffer.concat(pieces);
  if (read.length !== bytes) throw broken('it was cut off');
  return read;
}

const broken = (because: string) =>
  new AppError('storage-unavailable', `A recording is not what it was where it is stored: ${because}.`);
