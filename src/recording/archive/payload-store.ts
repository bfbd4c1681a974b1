// Where payloads are kept: what is behind the header of each sealed file. Makers: a folder, S3.

import type { Readable } from 'node:stream';
import type { ByteRange } from './archive.ts';

/** Something of a known length that may be read again and again. */
export interface PayloadSource {
  bytes: number;
  read(range: ByteRange): Readable;
}

export interface PayloadStore {
  readonly kind: 'folder' | 's3';
  /** Keeps all of it or rejects; resolves when it cannot be lost. The same key again keeps the same. */
  put(key: string, source: PayloadSource): Promise<void>;
  /** Takes what there is so far of something that only grows. `put` goes on from there. */
  putAhead?(key: string, soFar: PayloadSource): Promise<void>;
  /** Fails with AppError `not-found` when there is none, `storage-unavailable` when it cannot be asked. */
  open(key: string, range?: ByteRange): Promise<Readable>;
  /** Undefined: there is none. */
  info(key: string): Promise<{ bytes: number } | undefined>;
  /** Every version of it. `locked`: the storage keeps it for a time that we can't shorten. */
  remove(key: string): Promise<'removed' | 'locked'>;
  /** Every key, in no order. */
  keys(): AsyncIterable<string>;
  health(): { ok: boolean; because?: string };
  close(): Promise<void>;
}

/** The payload of the file with this name. */
export const payloadKeyOf = (name: string): string => `${name}.payload`;
