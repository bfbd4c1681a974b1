// The few requests of S3 that recordings need, signed by aws4fetch (AWS Signature Version 4): objects, ranges, versions, multipart
// uploads. Each body carries its SHA-256, so the server refuses what arrived changed. Knows buckets and keys, not recordings.
// Does not make buckets, and does not stream bodies up: what is sent is in memory, at most one part.

import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { AwsClient } from 'aws4fetch';
import { AppError, asError } from '../../shared/errors.ts';
import { sha256Hex } from './age-header.ts';
import type { ByteRange } from './archive.ts';

export interface S3Settings {
  /** As `https://s3.example.net`. */
  endpoint: string;
  bucket: string;
  region: string;
  /** `path`: endpoint/bucket/key. `host`: bucket.endpoint/key. */
  addressing: 'path' | 'host';
  accessKey: string;
  secretKey: string;
}

export interface S3Client {
  put(key: string, body: Uint8Array): Promise<void>;
  /** Undefined: there is none. */
  get(key: string, range?: ByteRange): Promise<Readable | undefined>;
  head(key: string): Promise<{ bytes: number } | undefined>;
  /** `locked`: an object lock or a policy keeps it. */
  remove(key: string, versionId?: string): Promise<'removed' | 'locked'>;
  /** Versions and delete markers of this very key; undefined where the server knows none. */
  versions(key: string): Promise<string[] | undefined>;
  keys(prefix: string): AsyncIterable<string>;
  startUpload(key: string): Promise<string>;
  /** Gives the part's ETag. Undefined: the server does not know the upload any more. */
  putPart(upload: S3Upload, number: number, body: Uint8Array): Promise<string | undefined>;
  /** False: the server does not know the upload any more. */
  completeUpload(upload: S3Upload, etags: readonly string[]): Promise<boolean>;
  abortUpload(upload: S3Upload): Promise<void>;
}

export interface S3Upload {
  key: string;
  uploadId: string;
}

const answersWithinMs = 60_000;
/** A server that was gone is asked again by who keeps what waits; these are for a request that met a bad moment. */
const retries = 2;

export function createS3Client(settings: S3Settings): S3Client {
  const client = new AwsClient({
    accessKeyId: settings.accessKey,
    secretAccessKey: settings.secretKey,
    region: settings.region,
    service: 's3',
    retries,
  });
  const base = baseOf(settings);

  function urlOf(key: string, query: Record<string, string> = {}): string {
    const path = key === '' ? '' : `/${key.split('/').map(encodeURIComponent).join('/')}`;
    const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return `${base}${path}${search.length > 0 ? `?${search.join('&')}` : ''}`;
  }

  async function ask(method: string, url: string, body?: Uint8Array, headers: Record<string, string> = {}) {
    try {
      return await client.fetch(url, {
        method,
        headers: { ...headers, 'x-amz-content-sha256': sha256Hex(body ?? new Uint8Array(0)) },
        ...(body ? { body: body as Uint8Array<ArrayBuffer> } : {}),
        signal: AbortSignal.timeout(answersWithinMs),
      });
    } catch (thrown) {
      const { message, cause } = asError(thrown);
      throw unavailable(`it does not answer (${cause ? asError(cause).message : message})`, thrown);
    }
  }

  return {
    async put(key, body) {
      await expectOk(await ask('PUT', urlOf(key), body));
    },
    async get(key, range) {
      const response = await ask(
        'GET',
        urlOf(key),
        undefined,
        range ? { range: `bytes=${range.from}-${range.to}` } : {},
      );
      if (response.status === 404) return drained(response);
      if (!response.ok) await refuse(response);
      if (range && response.status !== 206) throw unavailable('it does not give ranges');
      return response.body ? Readable.fromWeb(response.body as ReadableStream) : Readable.from([]);
    },
    async head(key) {
      const response = await ask('HEAD', urlOf(key));
      if (response.status === 404) return undefined;
      if (!response.ok) await refuse(response);
      return { bytes: Number(response.headers.get('content-length')) };
    },
    async remove(key, versionId) {
      const response = await ask('DELETE', urlOf(key, versionId === undefined ? {} : { versionId }));
      if (response.status === 404) return (await drained(response)) ?? 'removed';
      if (response.status === 403 && versionId !== undefined) return (await drained(response)) ?? 'locked';
      await expectOk(response);
      return 'removed';
    },
    versions: (key) => versionsOf(key, (query) => ask('GET', urlOf('', query))),
    async *keys(prefix) {
      let token: string | undefined;
      do {
        const query = { 'list-type': '2', prefix, ...(token === undefined ? {} : { 'continuation-token': token }) };
        const text = await expectOk(await ask('GET', urlOf('', query)));
        for (const [, key = ''] of text.matchAll(/<Key>([^<]*)<\/Key>/g)) yield unescaped(key);
        token = tagIn(text, 'NextContinuationToken');
      } while (token !== undefined);
    },
    async startUpload(key) {
      const uploadId = tagIn(await expectOk(await ask('POST', urlOf(key, { uploads: '' }))), 'UploadId');
      if (uploadId === undefined) throw unavailable('it begins no multipart upload');
      return uploadId;
    },
    async putPart({ key, uploadId }, number, body) {
      const response = await ask('PUT', urlOf(key, { partNumber: String(number), uploadId }), body);
      if (response.status === 404) return drained(response);
      await expectOk(response);
      const etag = response.headers.get('etag');
      if (etag === null) throw unavailable('it gives no ETag for a part');
      return etag;
    },
    async completeUpload({ key, uploadId }, etags) {
      const parts = etags.map((etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
      const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
      const response = await ask('POST', urlOf(key, { uploadId }), body, { 'content-type': 'application/xml' });
      if (response.status === 404) return (await drained(response)) ?? false;
      // The server may have begun to answer 200 before it found out that it cannot.
      const text = await expectOk(response);
      if (text.includes('<Error>')) throw unavailable(`it could not put the parts together (${tagIn(text, 'Code')})`);
      return true;
    },
    async abortUpload({ key, uploadId }) {
      await drained(await ask('DELETE', urlOf(key, { uploadId })));
    },
  };
}

function baseOf({ endpoint, bucket, addressing }: S3Settings): string {
  const url = new URL(endpoint);
  return addressing === 'host' ? `${url.protocol}//${bucket}.${url.host}` : `${url.origin}/${bucket}`;
}

async function versionsOf(
  wanted: string,
  ask: (query: Record<string, string>) => Promise<Response>,
): Promise<string[] | undefined> {
  const found: string[] = [];
  let markers: Record<string, string> = {};
  for (;;) {
    const response = await ask({ versions: '', prefix: wanted, ...markers });
    if ([400, 404, 405, 501].includes(response.status)) return drained(response);
    const text = await expectOk(response);
    // A server without versions may answer with the plain list.
    if (!text.includes('ListVersionsResult')) return undefined;
    for (const [, entry = ''] of text.matchAll(/<(?:Version|DeleteMarker)>(.*?)<\/(?:Version|DeleteMarker)>/gs)) {
      const versionId = tagIn(entry, 'VersionId');
      if (tagIn(entry, 'Key') === wanted && versionId !== undefined) found.push(versionId);
    }
    const [key, version] = [tagIn(text, 'NextKeyMarker'), tagIn(text, 'NextVersionIdMarker')];
    if (tagIn(text, 'IsTruncated') !== 'true' || key === undefined || version === undefined) return found;
    markers = { 'key-marker': key, 'version-id-marker': version };
  }
}

async function drained(response: Response): Promise<undefined> {
  await response.body?.cancel();
}

async function expectOk(response: Response): Promise<string> {
  if (!response.ok) await refuse(response);
  return response.text();
}

async function refuse(response: Response): Promise<never> {
  const code = tagIn(await response.text().catch(() => ''), 'Code');
  throw unavailable(`it answers ${response.status}${code ? ` ${code}` : ''}`);
}

function unavailable(because: string, cause?: unknown): AppError {
  return new AppError(
    'storage-unavailable',
    `The S3 storage of recordings cannot be used: ${because}. Look at recording.storage and at that server.`,
    cause === undefined ? {} : { cause: asError(cause) },
  );
}

function tagIn(text: string, tag: string): string | undefined {
  const value = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(text)?.[1];
  return value === undefined ? undefined : unescaped(value);
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name]!);
