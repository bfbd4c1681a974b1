// The files of a recording where they were made, before they are in the archive: each is an age file, whole or cut off.

import { createHash } from 'node:crypto';
import { ageHeaderBytes } from '../age-format.ts';
import type { RecordingStorage } from '../storage.ts';
import { mostHeaderBytes } from './age-header.ts';
import type { PayloadSource } from './payload-store.ts';

export interface LocalFile {
  name: string;
  header: Buffer;
  payload: PayloadSource;
}

/** Undefined: it was cut off within its header, so nobody can ever open it. */
export async function localFile(storage: RecordingStorage, name: string): Promise<LocalFile | undefined> {
  const { bytes } = await storage.info(name);
  if (bytes === 0) return undefined;
  const pieces: Buffer[] = [];
  for await (const piece of storage.stream(name, { from: 0, to: mostHeaderBytes - 1 })) {
    pieces.push(piece as Buffer);
    const header = ageHeaderBytes(Buffer.concat(pieces));
    if (header === undefined) continue;
    const source: PayloadSource = {
      bytes: bytes - header,
      read: ({ from, to }) => storage.stream(name, { from: header + from, to: header + to }),
    };
    return { name, header: Buffer.concat(pieces).subarray(0, header), payload: source };
  }
  return undefined;
}

/** Of the payload, and of header and payload together. */
export async function hashesOf({
  header,
  payload,
}: LocalFile): Promise<{ payloadSha256: string; joinedSha256: string }> {
  const ofPayload = createHash('sha256');
  const ofBoth = createHash('sha256').update(header);
  if (payload.bytes > 0)
    for await (const piece of payload.read({ from: 0, to: payload.bytes - 1 })) {
      ofPayload.update(piece as Buffer);
      ofBoth.update(piece as Buffer);
    }
  return { payloadSha256: ofPayload.digest('hex'), joinedSha256: ofBoth.digest('hex') };
}
