// Payloads in a bucket. What is longer than a part is uploaded in parts, each as soon as it is there, while the recording is still
// being made; so when a long call ends, only its last part is missing. Until the bucket has all of it, the sealed file stays on this
// node. A note of each upload under way lies beside, so that one that a crash cut off is given up at the server, too.

import { Readable } from 'node:stream';
import { AppError, asError } from '../../shared/errors.ts';
import type { RecordingStorage } from '../storage.ts';
import type { PayloadSource, PayloadStore } from './payload-store.ts';
import type { S3Client, S3Upload } from './s3-client.ts';

export interface S3PayloadNeeds {
  client: S3Client;
  /** Begins every key: "" or something that ends with a slash. */
  prefix: string;
  partBytes: number;
  /** Where notes of uploads lie. */
  local: Pick<RecordingStorage, 'create' | 'list' | 'read' | 'remove'>;
}

interface Upload extends S3Upload {
  etags: string[];
  /** Sent so far, all in whole parts. */
  bytes: number;
}

export function createS3Payloads({ client, prefix, partBytes, local }: S3PayloadNeeds): PayloadStore {
  const uploads = new Map<string, Upload>();
  let trouble: string | undefined;
  let givenUp: Promise<void> | undefined;
  const keyOf = (key: string) => prefix + key;

  /** What a process before this one began: its parts cost room at the server until somebody says so. */
  async function giveUpEarlier(): Promise<void> {
    for (const name of await local.list('uploads/')) {
      const upload = JSON.parse((await local.read(name)).toString()) as S3Upload;
      await client.abortUpload(upload);
      await local.remove([name]);
    }
  }

  const noteOf = ({ uploadId }: S3Upload) => `uploads/${Buffer.from(uploadId).toString('hex').slice(0, 64)}`;

  async function begin(key: string): Promise<Upload> {
    const upload: Upload = { key, uploadId: await client.startUpload(key), etags: [], bytes: 0 };
    const note = await local.create(noteOf(upload));
    await note.writeAt(Buffer.from(JSON.stringify({ key, uploadId: upload.uploadId })), 0);
    await note.close();
    uploads.set(key, upload);
    return upload;
  }

  async function forget(upload: Upload): Promise<void> {
    uploads.delete(upload.key);
    await local.remove([noteOf(upload)]);
  }

  /** False: the server has forgotten the upload, and it must begin anew. */
  async function send(upload: Upload, source: PayloadSource, upTo: number): Promise<boolean> {
    while (upload.bytes < upTo) {
      const to = Math.min(upload.bytes + partBytes, upTo) - 1;
      const body = await bytesOf(source, upload.bytes, to);
      const etag = await client.putPart(upload, upload.etags.length + 1, body);
      if (etag === undefined) {
        await forget(upload);
        return false;
      }
      upload.etags.push(etag);
      upload.bytes += body.length;
    }
    return true;
  }

  async function putInParts(key: string, source: PayloadSource): Promise<void> {
    for (let tries = 0; tries < 2; tries++) {
      const upload = uploads.get(key) ?? (await begin(key));
      if (!(await send(upload, source, source.bytes))) continue;
      const done = await client.completeUpload(upload, upload.etags);
      await forget(upload);
      if (done) return;
    }
    throw new AppError('storage-unavailable', 'The S3 storage of recordings forgets uploads that are under way.');
  }

  async function put(key: string, source: PayloadSource): Promise<void> {
    const there = await client.head(key);
    const begun = uploads.get(key);
    if (begun && (there?.bytes === source.bytes || begun.bytes > source.bytes)) {
      await client.abortUpload(begun);
      await forget(begun);
    }
    if (there?.bytes === source.bytes) return;
    if (uploads.has(key) || source.bytes > partBytes) await putInParts(key, source);
    else await client.put(key, await bytesOf(source, 0, source.bytes - 1));
    const kept = await client.head(key);
    if (kept?.bytes !== source.bytes)
      throw new AppError('storage-unavailable', `The S3 storage kept ${kept?.bytes ?? 0} of ${source.bytes} bytes.`);
  }

  async function watched<T>(work: () => Promise<T>): Promise<T> {
    try {
      givenUp ??= giveUpEarlier();
      await givenUp.catch((thrown: unknown) => {
        givenUp = undefined;
        throw thrown;
      });
      const result = await work();
      trouble = undefined;
      return result;
    } catch (thrown) {
      trouble = asError(thrown).message;
      throw thrown;
    }
  }

  return {
    kind: 's3',
    put: (key, source) => watched(() => put(keyOf(key), source)),
    putAhead: (key, soFar) =>
      watched(async () => {
        const whole = Math.floor(soFar.bytes / partBytes) * partBytes;
        const sent = uploads.get(keyOf(key))?.bytes ?? 0;
        if (whole > sent) await send(uploads.get(keyOf(key)) ?? (await begin(keyOf(key))), soFar, whole);
      }),
    async open(key, range) {
      if (range && range.from > range.to) return Readable.from([]);
      const stream = await client.get(keyOf(key), range);
      if (!stream) throw new AppError('not-found', `${keyOf(key)} is not in the bucket.`);
      return stream;
    },
    info: (key) => client.head(keyOf(key)),
    async remove(key) {
      const begun = uploads.get(keyOf(key));
      if (begun) {
        await client.abortUpload(begun);
        await forget(begun);
      }
      const versions = await client.versions(keyOf(key));
      if (versions === undefined) return client.remove(keyOf(key));
      let outcome: 'removed' | 'locked' = 'removed';
      for (const version of versions) if ((await client.remove(keyOf(key), version)) === 'locked') outcome = 'locked';
      return outcome;
    },
    async *keys() {
      for await (const key of client.keys(prefix)) if (key.endsWith('.payload')) yield key.slice(prefix.length);
    },
    health: () => (trouble ? { ok: false, because: trouble } : { ok: true }),
    close: async () => {},
  };
}

async function bytesOf(source: PayloadSource, from: number, to: number): Promise<Buffer> {
  if (to < from) return Buffer.alloc(0);
  const pieces: Buffer[] = [];
  for await (const piece of source.read({ from, to })) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  if (body.length !== to - from + 1)
    throw new AppError('internal', `${body.length} bytes instead of ${to - from + 1}.`);
  return body;
}
