// What becomes of recordings, by REST: who may, with which proof and purpose, and what the audit log has of it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decrypter } from 'age-encryption';
import t from 'tap';
import type { DeletionReceipt, RecordingLifeView } from '../../src/api/contracts/recording-life.ts';
import { createAudit } from '../../src/identity/audit/create-audit.ts';
import { headerKeyOf, sha256Hex, writeAgeHeader } from '../../src/recording/archive/age-header.ts';
import { writeNewIdentity } from '../../src/recording/identity.ts';
import { wrapFor } from '../../src/recording/sealing.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { type AuditRecord, contentHash, linkHash } from '../../src/store/audit/chain.ts';
import { testApi } from '../support/centre/api.ts';
import { archiveBench } from '../support/recording/archive-bench.ts';
import { run } from '../support/recording/opened-audio.ts';
import { testDatabase, testStore } from '../support/servers/database.ts';

const databaseUrl = await testDatabase(t);
const tenYears = { days: 3650, rules: [{ queues: ['orders'], days: 90 }], ofSeveral: 'longest' } as const;
const bench = await archiveBench(t, { store: await testStore(t, { url: databaseUrl }), retention: tenYears });
bench.archivist.start();
const { app, identity, signIn, stepUp } = await testApi(t, {
  databaseUrl,
  recordings: { archive: bench.archive, life: bench.life },
  audit: createAudit({ clock: systemClock, log: silentLogger, rows: bench.store.audit }),
});
const keyOf = async (role: 'administrator' | 'supervisor') =>
  (await identity.createApiKey({ name: role, role })).secret;
const keys = { administrator: await keyOf('administrator'), supervisor: await keyOf('supervisor') };

async function ask(as: keyof typeof keys, method: string, path: string, body?: unknown) {
  const response = await app.inject({
    ...{ method: method as 'GET', url: `/api/v1${path}`, headers: { authorization: `Bearer ${keys[as]}` } },
    ...(body ? { payload: body } : {}),
  });
  const bytes = response.rawPayload;
  const json = () => JSON.parse(bytes.toString());
  return { status: response.statusCode, bytes, json };
}

async function recorded() {
  const id = await bench.record(400);
  await bench.archived(id);
  return id;
}

t.test('a hold keeps a recording from being deleted, and ends with a purpose', async (t) => {
  const id = await recorded();
  t.match((await ask('supervisor', 'GET', `/recordings/${id}/life`)).json(), {
    held: false,
    keepUntil: Number,
    keptFor: { days: 3650, rule: null },
    holds: [],
  });
  t.equal((await ask('supervisor', 'POST', `/recordings/${id}/holds`, { matter: 'case 3' })).status, 400, 'why?');
  const why = { purpose: 'a letter of a lawyer' };
  const placed = await ask('supervisor', 'POST', `/recordings/${id}/holds`, { matter: 'case 3', ...why });
  t.equal(placed.status, 201);
  const hold = placed.json();
  t.equal((await ask('administrator', 'GET', `/recordings/${id}/receipt`)).status, 404, 'it is there');
  const refused = await ask('administrator', 'POST', `/recordings/${id}/commands/delete`, why);
  t.match({ status: refused.status, ...refused.json() }, { status: 409, code: 'recording-held' });
  const release = `/recording-holds/${hold.id}/commands/release`;
  t.equal((await ask('supervisor', 'POST', release, why)).status, 403, 'another person ends it');
  t.match((await ask('administrator', 'POST', release, why)).json(), { releasePurpose: why.purpose });
  t.equal((await ask('administrator', 'POST', release, why)).status, 404);
  t.equal((await ask('supervisor', 'POST', `/recordings/${id}/commands/delete`, why)).status, 403);
  const deleted = await ask('administrator', 'POST', `/recordings/${id}/commands/delete`, why);
  t.equal(deleted.status, 200);
  t.type(deleted.json().shreddedAt, 'number');
  t.match((await ask('supervisor', 'GET', `/recording-lives?ids=${id}`)).json(), { items: [{ id, held: false }] });
  t.equal((await ask('administrator', 'POST', `/recordings/${id}/holds`, { matter: 'x', ...why })).status, 409);
  t.match(await bench.verify(id), { ok: true, sentence: 'deleted, with its receipt' });
  t.equal((await ask('supervisor', 'GET', `/recordings/${id}/receipt`)).status, 403);
  const receipt = (await ask('administrator', 'GET', `/recordings/${id}/receipt`)).json() as DeletionReceipt;
  t.match(receipt, {
    recordingId: id,
    purpose: why.purpose,
    by: { kind: 'key' },
    facts: { payload: 'removed', files: 1 },
  });
  const { previous, hash } = receipt.entry as unknown as AuditRecord;
  t.equal(
    linkHash(contentHash(receipt.entry as unknown as AuditRecord), previous),
    hash,
    'it is the link of the chain',
  );
  const acts = (await bench.entries(id)).map(({ act, keyId }) => ({ act, by: keyId === undefined ? 'engawa' : 'key' }));
  t.match(acts, [
    { act: 'recording-sealed', by: 'engawa' },
    { act: 'recording-held', by: 'key' },
    { act: 'recording-released', by: 'key' },
    { act: 'recording-shredded', by: 'key' },
  ]);
});

t.test('a person proves again to be there before a hold, a deletion, an export', async (t) => {
  const id = await recorded();
  const headers = await signIn('midori');
  const payload = { matter: 'case 4', purpose: 'a test' };
  const hold = () => app.inject({ method: 'POST', url: `/api/v1/recordings/${id}/holds`, headers, payload });
  t.match((await hold()).json(), { status: 403, code: 'step-up-needed' });
  await stepUp(headers);
  const placed = await hold();
  t.equal(placed.statusCode, 201);
  t.match(placed.json(), { placedByName: 'midori', releasedByName: null });
});

t.test('an export is a tar file of age files with what is known of each', async (t) => {
  const id = await recorded();
  const body = { recordingIds: [id], purpose: 'for the court' };
  t.equal((await ask('supervisor', 'POST', '/recording-exports', body)).status, 403);
  t.equal((await ask('administrator', 'POST', '/recording-exports', { ...body, recordingIds: ['r_0'] })).status, 404);
  const exported = await ask('administrator', 'POST', '/recording-exports', body);
  t.equal(exported.status, 200);
  const folder = join(bench.home, 'tar');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.tar'), exported.bytes);
  const listed = run('tar', ['-tf', join(folder, 'a.tar')])
    .stdout.toString()
    .trim()
    .split('\n');
  t.same(listed, [`${id}/${id}.opus.age`, `${id}/recording.json`, 'manifest.json']);
  t.match((await bench.entries(id)).at(-1), { act: 'recording-exported', details: { purpose: 'for the court' } });
});

t.test('a header is replaced by one of the same file only, written where the private key is', async (t) => {
  const id = await recorded();
  const other = await recorded();
  const decrypter = new Decrypter();
  decrypter.addIdentity(bench.identity);
  const file = join(bench.home, 'officer.txt');
  const { recipient } = await writeNewIdentity(file);
  const headersOf = async (of: string) =>
    (await ask('administrator', 'GET', `/recordings/${of}/headers`)).json().items[0] as {
      name: string;
      header: string;
      headerSha256: string;
    };
  const written = async (of: string) => {
    const { header } = await headersOf(of);
    const fileKey = await decrypter.decryptHeader(Buffer.from(header, 'base64'));
    const made = writeAgeHeader(await wrapFor([recipient], fileKey), fileKey);
    return { header: Buffer.from(made).toString('base64'), headerKey: headerKeyOf(fileKey).toString('base64') };
  };
  const { name, headerSha256: from } = await headersOf(id);
  const put = async (header: object) =>
    ask('administrator', 'PUT', `/recordings/${id}/headers`, {
      name,
      from,
      recipients: [recipient],
      purpose: 'rotation',
      ...header,
    });
  const [mine, foreign] = [await written(id), await written(other)];
  t.match(await put(foreign), { status: 422 }, 'the header of another recording');
  t.match(await put({ ...mine, header: foreign.header }), { status: 422 }, 'with the right key, too');
  t.match(await put({ ...mine, header: Buffer.from('not a header').toString('base64') }), { status: 422 });
  t.equal((await put(mine)).status, 204);
  t.equal((await put(mine)).status, 409, 'it was another one then');
  const life = (await ask('supervisor', 'GET', `/recordings/${id}/life`)).json() as RecordingLifeView;
  t.match(life.files, [{ recipients: [recipient], headerSha256: sha256Hex(Buffer.from(mine.header, 'base64')) }]);
  t.equal((await bench.openedByAge((await bench.filesOf(id))[0]!, file)).status, 0);
  t.not((await bench.openedByAge((await bench.filesOf(id))[0]!)).status, 0);
  t.match(await bench.verify(id), { ok: true });
});
