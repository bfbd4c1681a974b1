// Payloads of recordings in a bucket: a real S3 server, also when it is away, refuses, or is told the truth bit by bit.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import t from 'tap';
import { createS3Client } from '../../src/recording/archive/s3-client.ts';
import { createS3Payloads } from '../../src/recording/archive/s3-payloads.ts';
import { createFolderStorage } from '../../src/recording/storage.ts';
import { eventually } from '../support/eventually.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { archiveBench } from '../support/recording/archive-bench.ts';
import { listen } from '../support/recording/opened-audio.ts';
import { filesBelow } from '../support/recording/recording-bench.ts';
import { testDatabase } from '../support/servers/database.ts';
import { startS3Server } from '../support/servers/s3-server.ts';

await testDatabase(t);
const kibibyte = 1024;
const asking = { actor: { command: 'a test' }, personId: null, purpose: 'a test' };

async function s3Bench(
  t: Parameters<typeof archiveBench>[0],
  { partBytes = 8 * kibibyte * kibibyte, wrongKey = false } = {},
) {
  const server = await startS3Server(t);
  const client = createS3Client({ ...server.settings, ...(wrongKey ? { secretKey: 'wrong' } : {}) });
  const payloads = (folder: string) =>
    createS3Payloads({ client, prefix: 'engawa/', partBytes, local: createFolderStorage({ folder }) });
  return { server, client, ...(await archiveBench(t, { payloads })) };
}

t.test('the payload is in the bucket and nowhere else; joined, age opens it; deleted, it is gone', async (t) => {
  const bench = await s3Bench(t);
  bench.archivist.start();
  const id = await bench.record(1500);
  await bench.archived(id);
  t.same(filesBelow(bench.folder), [], 'this node has nothing of it');
  const [row] = await bench.files.ofRecording(id);
  t.same(await bench.client.head(`engawa/${row!.payloadKey}`), { bytes: row!.payloadBytes });
  const keys: string[] = [];
  for await (const key of bench.payloads.keys()) keys.push(key);
  t.same(keys, [row!.payloadKey]);
  t.notOk(
    filesBelow(bench.server.folder).some(({ bytes }) => bytes.includes('age-encryption.org')),
    'no header is there',
  );
  const [file] = await bench.filesOf(id);
  const opened = await bench.openedByAge(file!);
  t.equal(opened.status, 0, opened.stderr);
  t.ok(Math.abs(listen(opened.stdout).durationMs - 1500) < 50);
  const whole = await bench.joined(file!);
  const from = file!.header.length + 100;
  const piece: Buffer[] = [];
  for await (const bytes of await bench.archive.openJoined(file!, { from, to: from + 99 }))
    piece.push(Buffer.from(bytes));
  t.same(Buffer.concat(piece), whole.subarray(from, from + 100), 'a range');
  t.match(await bench.verify(id), { ok: true, sentence: 'as the audit log has it' });
  t.equal(await bench.life.shred(id, asking), 'shredded');
  t.equal(await bench.client.head(`engawa/${row!.payloadKey}`), undefined);
  t.match(await bench.verify(id), { ok: true, sentence: 'deleted, with its receipt' });
});

t.test('while the bucket is away recordings wait, sealed, on this node; then they follow', async (t) => {
  const bench = await s3Bench(t);
  bench.archivist.start();
  await bench.server.stop();
  const id = await bench.record(1000);
  const said = () => /wait, sealed.*S3 storage/s.test(bench.archivist.health().because ?? '');
  await eventually('the archive says that it is in trouble', said, { withinMs: 20_000 });
  const [waiting] = await bench.filesOf(id);
  t.equal((await bench.openedByAge(waiting!)).status, 0, 'it opens meanwhile');
  await bench.server.start();
  await bench.archived(id);
  await eventually('nothing is left here', () => filesBelow(bench.folder).length === 0, { withinMs: 20_000 });
  await eventually('all is well', () => bench.archivist.health().ok, { withinMs: 20_000 });
  t.equal((await bench.openedByAge((await bench.filesOf(id))[0]!)).status, 0);
});

t.test('a long call goes up in parts while it is made, and the last part when it ends', async (t) => {
  const bench = await s3Bench(t, { partBytes: 32 * kibibyte });
  const { recordingId, tapUrl } = await bench.open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 60_000 });
  await eventually('whole chunks on disk', () =>
    filesBelow(bench.folder).some(({ path, bytes }) => path.endsWith('.part') && bytes.length > 2 * 65_536),
  );
  const inBucket = () => filesBelow(bench.server.folder).reduce((sum, { bytes }) => sum + bytes.length, 0);
  bench.archivist.start();
  await bench.archivist.settle();
  t.ok(inBucket() > 2 * 65_536 - 32 * kibibyte, `${inBucket()} bytes are there while the call goes on`);
  t.notOk(filesBelow(bench.server.folder).some(({ bytes }) => bytes.includes('age-encryption.org')));
  await tap.send({ leftHz: 440, rightHz: 660, ms: 20_000 });
  await tap.close();
  await bench.recorder.stop(recordingId);
  await bench.archived(recordingId);
  const opened = await bench.openedByAge((await bench.filesOf(recordingId))[0]!);
  t.equal(opened.status, 0, opened.stderr);
  t.equal(Math.round(listen(opened.stdout).durationMs / 1000), 80);
  t.match(await bench.verify(recordingId), { ok: true });
  t.same(filesBelow(bench.folder), [], 'no note of an upload is left');
});

t.test('an upload that a crash cut off is begun anew by the next run', async (t) => {
  const server = await startS3Server(t);
  const local = createFolderStorage({ folder: t.testdir() });
  const settings = { client: server.client, prefix: '', partBytes: 16 * kibibyte, local };
  const bytes = Buffer.alloc(100 * kibibyte, 7);
  const source = {
    bytes: bytes.length,
    read: ({ from, to }: { from: number; to: number }) => Readable.from([bytes.subarray(from, to + 1)]),
  };
  const first = createS3Payloads(settings);
  await first.putAhead!('a', { ...source, bytes: 40 * kibibyte });
  t.equal((await local.list('uploads/')).length, 1);
  const second = createS3Payloads(settings);
  await second.put('a', source);
  t.same(await second.info('a'), { bytes: bytes.length });
  t.same(await local.list('uploads/'), []);
  await second.put('a', source);
});

t.test('a bucket that refuses is said in a sentence, and nothing is lost', async (t) => {
  const bench = await s3Bench(t, { wrongKey: true });
  bench.archivist.start();
  const id = await bench.record(500);
  await eventually('trouble', () => !bench.archivist.health().ok, { withinMs: 20_000 });
  t.match(bench.archivist.health().because, /answers 403/);
  t.equal((await bench.openedByAge((await bench.filesOf(id))[0]!)).status, 0);
});

t.test('with versions each is deleted; one under an object lock stays, and that is said', async (t) => {
  // No S3 server that a test can install has versions and locks: this one speaks as the documentation of S3 has it.
  const versions = new Map([
    ['v1', 'free'],
    ['v2', 'locked'],
    ['v3', 'marker'],
  ]);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const url = new URL(request.url!, 'http://a');
    if (url.searchParams.has('versions')) {
      const entry = ([id, kind]: [string, string]) => {
        const tag = kind === 'marker' ? 'DeleteMarker' : 'Version';
        return `<${tag}><Key>a.payload</Key><VersionId>${id}</VersionId></${tag}>`;
      };
      const other = '<Version><Key>a.payload2</Key><VersionId>x</VersionId></Version>';
      return response.end(
        `<ListVersionsResult>${[...versions].map(entry).join('')}${other}<IsTruncated>false</IsTruncated></ListVersionsResult>`,
      );
    }
    const id = url.searchParams.get('versionId')!;
    if (versions.get(id) === 'locked') return response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
    versions.delete(id);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const client = createS3Client({
    ...{
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      bucket: 'b',
      region: 'x',
      addressing: 'path',
    },
    ...{ accessKey: 'a', secretKey: 'b' },
  });
  const payloads = createS3Payloads({
    client,
    prefix: '',
    partBytes: 1,
    local: createFolderStorage({ folder: t.testdir() }),
  });
  t.equal(await payloads.remove('a.payload'), 'locked');
  t.same([...versions.keys()], ['v2'], 'all others are gone');
  t.notOk(
    asked.some((one) => one.includes('versionId=x')),
    'what only begins alike stays',
  );
  versions.set('v2', 'free');
  t.equal(await payloads.remove('a.payload'), 'removed');
});
