// The command line on an installation: headers from its database, payloads from its storage.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run as runRecording } from '../../src/cli/recording.ts';
import { writeNewIdentity } from '../../src/recording/identity.ts';
import { newId } from '../../src/shared/ids.ts';
import { printed } from '../support/printed.ts';
import { archiveBench } from '../support/recording/archive-bench.ts';
import { ageOpen, listen, run } from '../support/recording/opened-audio.ts';
import { filesBelow } from '../support/recording/recording-bench.ts';
import { testDatabase, testStore } from '../support/servers/database.ts';

const url = await testDatabase(t);
process.env['ENGAWA_DATABASE_URL'] = url;

async function engawa(...args: string[]) {
  const { result, out, err } = await printed(() => runRecording(args));
  return { status: result, text: out, stderr: err };
}

async function installation(test: Parameters<typeof archiveBench>[0], more = '') {
  const bench = await archiveBench(test, { store: await testStore(test, { url }) });
  bench.archivist.start();
  const config = join(bench.home, 'engawa.yaml');
  mkdirSync(join(bench.home, 'data'), { recursive: true });
  const lines = [
    `dataFolder: ${join(bench.home, 'data')}`,
    'database: { kind: postgres }',
    `recording: { folder: ${bench.folder}, recipients: [${bench.recipient}]${more} }`,
  ];
  writeFileSync(config, lines.join('\n'));
  return { ...bench, config };
}

t.test('open, list, verify, hold, delete', async (t) => {
  const { record, archived, config, identityFile, home } = await installation(t);
  const id = await record(2000);
  const other = await record(500);
  await archived(id);
  await archived(other);
  const out = join(home, 'opened.opus');
  t.match(await engawa('open', id, '--config', config, '--identity', identityFile, '--out', out), { status: 0 });
  t.equal(Math.round(listen(readFileSync(out)).durationMs / 100), 20);
  t.match(await engawa('list', '--config', config), { status: 0, text: new RegExp(`${id} .* complete +archived`) });
  t.match(await engawa('verify', '--config', config), { status: 0, text: /good {2}as the audit log has it/ });
  const held = await engawa('hold', id, '--matter', 'case 7', '--purpose', 'a letter came', '--config', config);
  t.match(held, { status: 0, text: /held as rh_/ });
  t.match(await engawa('delete', id, '--purpose', 'room', '--config', config), { status: 1, text: /on hold/ });
  const holdId = /rh_[0-9a-f]+/.exec(held.text)![0];
  t.match(await engawa('release', holdId, '--purpose', 'settled', '--config', config), { status: 0, text: /case 7/ });
  t.match(await engawa('delete', id, '--purpose', 'asked for', '--config', config), { status: 0, text: /receipt/ });
  t.match(await engawa('open', id, '--config', config, '--identity', identityFile, '--out', `${out}2`), {
    status: 1,
    stderr: /was deleted/,
  });
  t.match(await engawa('verify', '--config', config), { status: 0, text: /good {2}deleted, with its receipt/ });
  t.match(await engawa('retention', '--config', config), { status: 0, text: /0 due/ });
  t.match(await engawa('rotate'), { status: 2, stderr: /--config/ });
});

t.test(
  'rotation goes with the rules of playback: keys of people who may hear a recording are among its recipients',
  async (t) => {
    const { record, archived, config, identityFile, home, recipient, store } = await installation(t);
    const id = await record(300);
    await archived(id);
    const base = {
      displayName: 'm',
      place: 'home',
      clearance: 'none',
      language: 'ja',
      queues: [],
      disabled: false,
    } as const;
    const person = (login: string, role: 'supervisor' | 'agent') =>
      store.people.create({ ...base, queues: [], login, role, passwordHash: 'none' });
    const keyOf = async (login: string, role: 'supervisor' | 'agent') => {
      const file = join(home, `${login}.txt`);
      const { recipient: key } = await writeNewIdentity(file);
      const { id: personId } = await person(login, role);
      const keyId = newId('listeningKey');
      const row = { id: keyId, personId, name: login, kind: 'file', recipient: key, createdAt: 1 } as const;
      await store.listeningKeys.create({ ...row, sealedIdentity: null, credential: null });
      await store.listeningKeys.approve(keyId, { at: 2, personId });
      return { key, keyId, file, personId };
    };
    const midori = await keyOf('midori-rotates', 'supervisor');
    const agent = await keyOf('agent-rotates', 'agent');
    const rotate = () => engawa('rotate', id, '--identity', identityFile, '--config', config);
    const recipients = async () => (await store.recordingSearch.byId(id))?.row.recipients;
    t.match(await rotate(), { status: 0, text: /1 headers are new/ });
    t.strictSame(await recipients(), [recipient, midori.key], 'no rule lets the agent hear it');
    t.notOk((await recipients())?.includes(agent.key));
    const out = join(home, 'by-midori.opus');
    t.match(await engawa('open', id, '--config', config, '--identity', midori.file, '--out', out), { status: 0 });
    t.match(await rotate(), { status: 0, text: /0 headers are new, 1 were as wanted/ });
    await store.listeningKeys.end(midori.keyId, { at: 3, personId: midori.personId });
    t.match(await rotate(), { status: 0, text: /1 headers are new/ });
    t.strictSame(await recipients(), [recipient], 'a key that was ended opens nothing any more');
  },
);

t.test('retention: a dry run says what would go and why, and nothing goes', async (t) => {
  const bench = await installation(t, ', retention: { days: 0 }');
  const id = await bench.record(300);
  await bench.archived(id);
  const said = new RegExp(`${id} .*kept 0 days by recording.retention.days; would be deleted`);
  t.match(await engawa('retention', '--dry-run', '--config', bench.config), { status: 0, text: said });
  t.match(await bench.archive.find(id), { kind: 'files' });
  t.match(await engawa('retention', '--config', bench.config), { status: 0, text: /deleted\.$/m });
  t.match(await bench.archive.find(id), { kind: 'shredded' });
});

t.test('rotate to other recipients, the post-quantum kind too; export what they open', async (t) => {
  const bench = await installation(t);
  const id = await bench.record(1000);
  await bench.archived(id);
  const newFile = join(bench.home, 'new.txt');
  const { recipient } = await writeNewIdentity(newFile);
  const hybridFile = join(bench.home, 'hybrid.txt');
  t.match(await engawa('keygen', '--out', hybridFile, '--post-quantum'), { status: 0, text: /^age1pq1/ });
  const hybrid = /age1pq1\w+/.exec(readFileSync(hybridFile, 'utf8'))![0];
  const rotate = (identity: string, recipients: string) =>
    engawa('rotate', id, '--identity', identity, '--recipients', recipients, '--config', bench.config);
  t.match(await rotate(newFile, recipient), { status: 1, text: /does not open it/ });
  t.match(await rotate(bench.identityFile, `${hybrid},${recipient}`), { status: 1, text: /cannot be mixed/ });
  t.match(await rotate(bench.identityFile, hybrid), { status: 0, text: /1 headers are new/ });
  t.match(await rotate(hybridFile, recipient), { status: 0, text: /1 headers are new/ });
  t.match(await rotate(hybridFile, recipient), { status: 0, text: /0 headers are new, 1 were as wanted/ });

  const tar = join(bench.home, 'export.tar');
  const exported = await engawa('export', id, '--out', tar, '--purpose', 'for the court', '--config', bench.config);
  t.match(exported, { status: 0 }, exported.stderr);
  t.equal(statSync(tar).mode & 0o777, 0o600);
  const folder = join(bench.home, 'export');
  mkdirSync(folder);
  t.equal(run('tar', ['-xf', tar, '-C', folder]).status, 0, 'tar reads it');
  const opened = ageOpen(join(folder, id, `${id}.opus.age`), newFile);
  t.equal(opened.status, 0, opened.stderr);
  t.equal(Math.round(listen(opened.stdout).durationMs / 100), 10);
  const about = JSON.parse(readFileSync(join(folder, id, 'recording.json'), 'utf8'));
  t.match(about, {
    recording: { id, state: 'complete' },
    files: [{ recipients: [recipient] }],
    seal: /^[0-9a-f]{64}$/,
  });
  t.same(
    about.auditEntries.map(({ act }: { act: string }) => act),
    ['recording-sealed', 'recording-rotated', 'recording-rotated', 'recording-exported'],
  );
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  t.match(manifest, { purpose: 'for the court', left: [] });
  for (const { name, sha256 } of manifest.files)
    t.match(run('sha256sum', [join(folder, name)]).stdout.toString(), new RegExp(`^${sha256}`));
  t.equal(manifest.files.length, 2);
  // What is exported is whole: it opens from its folder alone.
  t.ok(existsSync(join(folder, id)));
  t.equal(filesBelow(folder).length, 3);
});
