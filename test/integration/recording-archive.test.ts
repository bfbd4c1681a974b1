// A finished recording: its age header in PostgreSQL, its payload in the storage, joined a standard age file; and what happens when
// it is cut off in between, when database or storage are away, or when somebody changes something afterwards.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import { createIdentities, openParts } from '../../src/recording/open-parts.ts';
import { createFolderStorage } from '../../src/recording/storage.ts';
import type { RecordingId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { archiveBench } from '../support/recording/archive-bench.ts';
import { listen } from '../support/recording/opened-audio.ts';
import { filesBelow } from '../support/recording/recording-bench.ts';
import { cuttableWire, testDatabase, testStore } from '../support/servers/database.ts';

await testDatabase(t);

const isAgeFile = (bytes: Buffer) => bytes.includes('age-encryption.org/v1');

t.test('header in the database, payload in the storage; joined, age opens it', async (t) => {
  const bench = await archiveBench(t);
  const { archivist, record, archived, filesOf, folder, openedByAge, archive, joined } = bench;
  archivist.start();
  const id = await record(2000);
  const row = (await bench.recordings.byId(id))!;
  await archived(id);

  const [file, ...others] = await filesOf(id);
  t.equal(others.length, 0);
  t.match(Buffer.from(file!.header).toString('latin1'), /^age-encryption\.org\/v1\n-> X25519 /);
  const below = filesBelow(folder);
  t.same(
    below.map(({ path }) => path),
    [join(folder, `${row.path}.payload`)],
    'of the file that it was nothing is left, nor of slips',
  );
  t.notOk(isAgeFile(below[0]!.bytes), 'no header lies with the payload');
  t.equal(below[0]!.mode, 0o600);
  const opened = await openedByAge(file!);
  t.equal(opened.status, 0, opened.stderr);
  t.ok(Math.abs(listen(opened.stdout).durationMs - 2000) < 50);

  const whole = await joined(file!);
  for (const [from, to] of [
    [0, 0],
    [0, 21],
    [10, file!.header.length + 5],
    [file!.header.length, whole.length - 1],
    [whole.length - 3, whole.length - 1],
  ] as const) {
    const pieces: Buffer[] = [];
    for await (const piece of await archive.openJoined(file!, { from, to })) pieces.push(Buffer.from(piece));
    t.same(Buffer.concat(pieces), whole.subarray(from, to + 1), `bytes ${from} to ${to}`);
  }
  const [entry, ...more] = await bench.entries(id);
  t.equal(more.length, 0);
  t.match(entry, {
    act: 'recording-sealed',
    details: { more: { files: 1, seal: /^[0-9a-f]{64}$/, bytes: whole.length } },
  });
  t.same(await bench.verify(id), { ok: true, sentence: 'as the audit log has it' });
});

t.test('while the database is away the sealed file waits where it was made, and follows', async (t) => {
  const wire = await cuttableWire(t, await testDatabase(t));
  const store = await testStore(t, { url: wire.url });
  const bench = await archiveBench(t, { store });
  bench.archivist.start();
  const id = await bench.record();
  await bench.archived(id);
  const { recordingId, tapUrl } = await bench.open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 1000 });
  await tap.close();
  await wire.cut();
  const stopped = bench.recorder.stop(recordingId);
  await eventually('the file is finished', () =>
    filesBelow(bench.folder).some(({ path }) => path.endsWith('.opus.age')),
  );
  await wire.mend();
  await stopped;
  await bench.archived(recordingId);
  const [file] = await bench.filesOf(recordingId);
  t.equal((await bench.openedByAge(file!)).status, 0);
  t.notOk(filesBelow(bench.folder).some(({ bytes }) => isAgeFile(bytes)));
});

t.test('cut off after any step, it is taken into the archive by the next run, once', async (t) => {
  const bench = await archiveBench(t);
  const cut = () => Promise.reject(new Error('cut off here'));
  const steps = {
    'before the payload is kept': { payloads: { ...bench.payloads, put: cut } },
    'after the payload is kept': { files: { ...bench.files, put: cut } },
    'after the header is kept': { chain: cut },
    'after the log was told': { files: { ...bench.files, chained: cut } },
    'while what is left is removed': { local: { ...bench.local, wipe: cut } },
  };
  for (const [when, overrides] of Object.entries(steps)) {
    const id = await bench.record(500);
    const interrupted = bench.newArchivist(overrides);
    interrupted.start();
    await interrupted.settle();
    t.notOk(interrupted.health().ok, when);
    await interrupted.close();
    const found = await bench.filesOf(id);
    t.equal((await bench.openedByAge(found[0]!)).status, 0, `${when}: it opens meanwhile`);
    const next = bench.newArchivist();
    next.start();
    await bench.archived(id);
    await next.settle();
    t.match(next.health(), { ok: true });
    t.equal((await bench.openedByAge((await bench.filesOf(id))[0]!)).status, 0, when);
    t.match(await bench.verify(id), { ok: true }, when);
    t.notOk(
      filesBelow(bench.folder).some(({ bytes }) => isAgeFile(bytes)),
      `${when}: nothing is left`,
    );
    await next.close();
  }
});

t.test('what a crash left in parts is archived part by part, and opens as before', async (t) => {
  const bench = await archiveBench(t);
  const { recordingId, tapUrl } = await bench.open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 0, ms: 60_000 });
  const { childPids } = await import('../support/servers/child-processes.ts');
  await eventually('a whole chunk on disk', () =>
    filesBelow(bench.folder).some(({ path, bytes }) => path.endsWith('.part') && bytes.length > 65_536),
  );
  process.kill(childPids(process.pid, 'recorder-process')[0]!, 'SIGKILL');
  await eventually(
    'a new process takes the tap',
    async () => {
      const again = await connectTap(tapUrl);
      await again.send({ leftHz: 0, rightHz: 660, ms: 1000 });
      await again.close();
      return true;
    },
    { withinMs: 15_000 },
  );
  await bench.recorder.stop(recordingId);
  const before = await bench.openWithUs(recordingId);
  bench.archivist.start();
  await bench.archived(recordingId);
  const files = await bench.filesOf(recordingId);
  t.ok(files.length >= 3, `${files.length} files`);
  const identities = createIdentities([bench.identity]);
  const byName = new Map(files.map((file) => [file.name, file]));
  const after = await openParts(
    { names: [...byName.keys()], read: (name) => bench.joined(byName.get(name)!) },
    identities,
  );
  t.equal(after.state, 'interrupted');
  t.same(Buffer.from(after.ogg), Buffer.from(before.ogg));
  t.match(await bench.verify(recordingId), { ok: true });
});

t.test('recordings of before there was an archive open, and are taken into it', async (t) => {
  const bench = await archiveBench(t);
  const id = await bench.record();
  await createFolderStorage({ folder: bench.folder }).remove([`waiting/${id}`]);
  const [asItWas] = await bench.filesOf(id);
  t.equal(asItWas!.payloadSha256, undefined);
  t.equal((await bench.openedByAge(asItWas!)).status, 0);
  const next = bench.newArchivist();
  next.start();
  await bench.archived(id);
  const [file] = await bench.filesOf(id);
  t.match(file!.payloadSha256, /^[0-9a-f]{64}$/);
  t.equal((await bench.openedByAge(file!)).status, 0);
});

t.test('what was changed, is missing or was swapped is found, also by somebody with the database', async (t) => {
  const url = await testDatabase(t);
  const bench = await archiveBench(t, { store: await testStore(t, { url }) });
  bench.archivist.start();
  const one = await bench.record();
  const two = await bench.record();
  await bench.archived(one);
  await bench.archived(two);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.teardown(() => client.end());
  const sql = (text: string, ...values: unknown[]) => client.query(text, values);
  const payloadOf = async (id: RecordingId) => join(bench.folder, (await bench.files.ofRecording(id))[0]!.payloadKey);
  const told = async (id: RecordingId, pattern: RegExp, what: string) =>
    t.match(await bench.verify(id), { ok: false, sentence: pattern }, what);
  t.match(await bench.verify(one), { ok: true });

  const path = await payloadOf(one);
  const good = readFileSync(path);
  const changed = Buffer.from(good);
  changed[changed.length >> 1]! ^= 1;
  writeFileSync(path, changed);
  await told(one, /payload was changed/, 'one bit of a payload');
  await sql(
    "UPDATE recording_files SET payload_sha256 = encode(sha256($2), 'hex') WHERE recording_id = $1",
    one,
    changed,
  );
  await told(one, /not those that the audit log was told/, 'and its hash in the database');
  writeFileSync(path, good.subarray(0, -1));
  await told(one, /bytes instead of/, 'cut off');
  await bench.local.remove([(await bench.files.ofRecording(one))[0]!.payloadKey]);
  await told(one, /payload is missing/, 'gone');
  writeFileSync(path, good, { mode: 0o600 });
  await sql("UPDATE recording_files SET payload_sha256 = encode(sha256($2), 'hex') WHERE recording_id = $1", one, good);
  t.match(await bench.verify(one), { ok: true }, 'mended');

  await sql("UPDATE recording_files SET header = header || 'x' WHERE recording_id = $1", one);
  await told(one, /header was changed/, 'a header');
  await sql('UPDATE recording_files SET header = substr(header, 1, header_bytes) WHERE recording_id = $1', one);
  await sql(
    `UPDATE recording_files f SET header = o.header, header_bytes = o.header_bytes, header_sha256 = o.header_sha256
     FROM recording_files o WHERE (f.recording_id, o.recording_id) IN (($1, $2), ($2, $1))`,
    one,
    two,
  );
  await told(one, /not those that the audit log was told/, 'two headers swapped, hashes and all');
  await told(two, /not those that the audit log was told/, 'on the other side, too');
  await sql('UPDATE recording_files SET header = NULL WHERE recording_id = $1', one);
  await told(one, /header is missing, and nobody deleted it/, 'a header deleted by hand');
  await sql('DELETE FROM recording_files WHERE recording_id = $1', one);
  await told(one, /knows it, and its headers are gone/, 'its rows deleted');
});
