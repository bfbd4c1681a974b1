// What becomes of recordings after they were made: held, deleted by hand and by the clock, with a receipt; rotated to other
// recipients without a byte of a payload changing.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import t from 'tap';
import type { AuditActor } from '../../src/identity/audit/audit.ts';
import { stanzaKinds } from '../../src/recording/archive/age-header.ts';
import { writeNewIdentity } from '../../src/recording/identity.ts';
import { createRecordingLife } from '../../src/recording/life/recording-life.ts';
import { rotateHeaders } from '../../src/recording/life/rotate.ts';
import { createIdentities } from '../../src/recording/open-parts.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { newId, type RecordingId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { seededRandom } from '../../src/shared/random.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { archiveBench } from '../support/recording/archive-bench.ts';
import { filesBelow } from '../support/recording/recording-bench.ts';
import { testDatabase, testStore } from '../support/servers/database.ts';

await testDatabase(t);
const officer: AuditActor = { command: 'a test' };
const asking = (purpose: string) => ({ actor: officer, personId: null, purpose });
const dayMs = 24 * 3_600_000;

t.test('deleted, nobody opens it: the header is gone first, then the payload, and the log has a receipt', async (t) => {
  const bench = await archiveBench(t);
  bench.archivist.start();
  const id = await bench.record();
  await bench.archived(id);
  const [file] = await bench.filesOf(id);
  const sealed = await bench.joined(file!);
  t.equal(await bench.life.shred(id, asking('the customer asked for it')), 'shredded');
  t.match(await bench.archive.find(id), { kind: 'shredded' });
  t.equal((await bench.files.ofRecording(id))[0]!.header, null);
  t.same(filesBelow(bench.folder), []);
  const receipt = (await bench.entries(id)).at(-1)!;
  t.match(receipt, { act: 'recording-shredded', details: { purpose: 'the customer asked for it' } });
  t.match(receipt.details!.more, {
    headerSha256: (await bench.files.ofRecording(id))[0]!.headerSha256,
    payloadSha256: file!.payloadSha256!,
    bytes: sealed.length,
    payload: 'removed',
  });
  t.match(await bench.verify(id), { ok: true, sentence: 'deleted, with its receipt' });
  t.equal(await bench.life.shred(id, asking('again')), 'gone');
  t.match(await bench.archive.find(newId('recording')), { kind: 'unknown' });
});

t.test('a payload without its header is opened by no identity, whatever header is put before it', async (t) => {
  const bench = await archiveBench(t);
  bench.archivist.start();
  const one = await bench.record(300);
  const other = await bench.record(300);
  await bench.archived(one);
  await bench.archived(other);
  const [file] = await bench.filesOf(one);
  const payload = (await bench.joined(file!)).subarray(file!.header.length);
  const [foreign] = await bench.filesOf(other);
  await bench.life.shred(one, asking('a test'));
  // Everything that is left: the payload (of a backup, say), every other header, every identity there is.
  const opened = async (header: Uint8Array) =>
    createIdentities([bench.identity])
      .decrypt(Buffer.concat([header, payload]))
      .then(() => true)
      .catch(() => false);
  t.equal(await opened(file!.header), true, 'with its own header it would open: the test can fail');
  t.equal(await opened(foreign!.header), false, 'the header of another recording to the same recipient');
  const seed = Date.now();
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let tries = 0; tries < 200; tries++) {
    const header = Buffer.from(foreign!.header);
    for (let flips = 0; flips <= tries % 4; flips++)
      header[random.integer(0, header.length)]! ^= 1 << random.integer(0, 8);
    if (await opened(header)) t.fail(`opened by ${header.toString('latin1')}`);
  }
  t.notOk(Buffer.from(payload).includes('age-encryption.org'), 'nothing of a header is in it');
});

t.test(
  'what is on hold is not deleted, neither by hand nor by the clock, until it is released with a purpose',
  async (t) => {
    const bench = await archiveBench(t, { retention: { days: 0, rules: [], ofSeveral: 'longest' } });
    bench.archivist.start();
    const id = await bench.record(300);
    const free = await bench.record(300);
    await bench.archived(id);
    await bench.archived(free);
    const hold = await bench.life.hold(id, 'case 12', asking('a court asked'));
    const second = await bench.life.hold(id, 'case 13', asking('another court asked'));
    if (hold === 'gone' || second === 'gone') return t.fail('it is there');
    t.equal(await bench.life.shred(id, asking('no longer needed')), 'held');
    t.match(await bench.life.runRetention({ dryRun: true }), { due: [{ id: free, days: 0 }], held: [id], shredded: 0 });
    t.match(await bench.life.runRetention({ dryRun: false }), {
      due: [{ id: free }],
      held: [id],
      shredded: 1,
      failed: [],
    });
    t.match(await bench.archive.find(id), { kind: 'files' });
    t.equal(await bench.life.hold(free, 'too late', asking('x')), 'gone');
    t.match(await bench.life.release(hold.id, asking('judgment is final')), { releasePurpose: 'judgment is final' });
    t.equal(await bench.life.release(hold.id, asking('twice')), undefined);
    t.match(
      await bench.life.runRetention({ dryRun: false }),
      { held: [id], shredded: 0 },
      'the other one still holds it',
    );
    await bench.life.release(second.id, asking('that one, too'));
    t.match(await bench.life.runRetention({ dryRun: false }), { due: [{ id }], shredded: 1 });
    t.same(
      (await bench.entries(id)).map(({ act }) => act),
      [
        'recording-sealed',
        'recording-held',
        'recording-held',
        'recording-released',
        'recording-released',
        'recording-shredded',
      ],
    );
  },
);

t.test('the clock: by queue, reason and class; the longest rule counts; what no rule is for stays', async (t) => {
  const clock = createFakeClock(Date.now());
  const store = await testStore(t);
  const retention = {
    rules: [
      { queues: ['orders'], days: 30 },
      { reasons: ['contract'], days: 90 },
      { classes: ['sensitive'], days: 10 },
    ],
    ofSeveral: 'longest' as const,
  };
  const bench = await archiveBench(t, { store, retention, clock });
  bench.archivist.start();
  const made: Record<string, RecordingId> = {};
  for (const [name, about] of Object.entries({
    orders: { queue: 'orders', reason: null, piiClass: null },
    contract: { queue: 'orders', reason: 'contract', piiClass: 'personal' },
    sensitive: { queue: 'claims', reason: 'claim', piiClass: 'sensitive' },
    other: { queue: 'claims', reason: 'claim', piiClass: 'none' },
  })) {
    const callId = newId('call');
    await store.events.append({
      ...{ type: 'call-started', callId, direction: 'inbound', alias: null, companyNumber: '+81312345678', trunk: 'a' },
    });
    const { queue, reason, piiClass } = about;
    if (reason && piiClass) await store.events.append({ type: 'reason-set', callId, reason, piiClass, by: 'flow' });
    await store.events.append({ type: 'queue-entered', callId, queue });
    made[name] = await bench.record(300, { callId, startedAt: Date.now() });
    await bench.archived(made[name]);
  }
  const dueAfter = async (days: number) => {
    const report = await createRecordingLife<AuditActor>({
      ...{
        clock: createFakeClock(Date.now() + days * dayMs),
        log: silentLogger,
        files: bench.files,
        lives: bench.lives,
      },
      ...{ payloads: bench.payloads, local: bench.local, retention, witness: bench.witness, ourselves: {} },
    }).runRetention({ dryRun: true });
    return report!.due.map(({ id }) => Object.keys(made).find((name) => made[name] === id)).sort();
  };
  t.same(await dueAfter(9), []);
  t.same(await dueAfter(11), ['sensitive']);
  t.same(await dueAfter(31), ['orders', 'sensitive']);
  t.same(await dueAfter(91), ['contract', 'orders', 'sensitive']);
  t.same(await dueAfter(36_000), ['contract', 'orders', 'sensitive']);
});

t.test('a deletion that is cut off anywhere is ended by the next run, with one receipt at least', async (t) => {
  const bench = await archiveBench(t);
  bench.archivist.start();
  const cut = () => Promise.reject(new Error('cut off here'));
  const parts = {
    'while the payload is removed': { payloads: { ...bench.payloads, remove: cut } },
    'while the receipt is written': { witness: cut },
    'after the receipt': { lives: { ...bench.lives, endShredding: cut } },
  };
  for (const [when, overrides] of Object.entries(parts)) {
    const id = await bench.record(300);
    await bench.archived(id);
    const life = createRecordingLife<AuditActor>({
      ...{ clock: systemClock, log: silentLogger, files: bench.files, lives: bench.lives, payloads: bench.payloads },
      ...{ local: bench.local, retention: { rules: [], ofSeveral: 'longest' }, witness: bench.witness, ourselves: {} },
      ...overrides,
    });
    await t.rejects(life.shred(id, asking('a test')), /cut off here/, when);
    t.match(await bench.archive.find(id), { kind: 'shredded' }, `${when}: it does not open any more`);
    t.match(await bench.life.runRetention({ dryRun: false }), { shredded: 1, failed: [] }, when);
    t.match(await bench.verify(id), { ok: true, sentence: 'deleted, with its receipt' }, when);
    t.match(await bench.life.runRetention({ dryRun: false }), { shredded: 0 });
  }
});

t.test(
  'rotation writes headers anew and leaves payloads: the new key opens, the old one does not, and it is resumable',
  async (t) => {
    const bench = await archiveBench(t);
    bench.archivist.start();
    const ids = [await bench.record(300), await bench.record(300)];
    for (const id of ids) await bench.archived(id);
    const payloads = filesBelow(bench.folder).map(({ path, bytes }) => ({ path, bytes }));
    const newFile = join(bench.home, 'new.txt');
    const { recipient } = await writeNewIdentity(newFile);
    const rotate = (
      overrides: object = {},
      identities = createIdentities([bench.identity]),
      recipients = [recipient],
    ) =>
      rotateHeaders(
        {
          files: bench.files,
          lives: bench.lives,
          witness: bench.witness,
          by: officer,
          purpose: 'an officer left',
          ...overrides,
        },
        { identities, recipientsFor: () => recipients },
      );
    const strangerFile = join(bench.home, 'stranger.txt');
    await writeNewIdentity(strangerFile);
    const stranger = createIdentities([readFileSync(strangerFile, 'utf8').split('\n')[1]!]);
    t.match(await rotate({}, stranger), { rewritten: 0, notOpened: ids });

    let calls = 0;
    const cutOff = {
      ...bench.files,
      replaceHeader: async (...args: Parameters<typeof bench.files.replaceHeader>) => {
        if (++calls === 2) throw new Error('cut off here');
        return bench.files.replaceHeader(...args);
      },
    };
    t.match(await rotate({ files: cutOff }), { rewritten: 1, failed: [/cut off here/] });
    t.match(await bench.verify(ids[1]!), { ok: false, sentence: /run it again/ });
    t.match(await rotate({}), { rewritten: 1, asWanted: 1, failed: [], notOpened: [] });
    for (const id of ids) {
      const [file] = await bench.filesOf(id);
      t.equal((await bench.openedByAge(file!, newFile)).status, 0, 'the new key opens it, with age');
      t.not((await bench.openedByAge(file!)).status, 0, 'the old one does not');
      t.match(await bench.verify(id), { ok: true });
    }
    t.same(
      filesBelow(bench.folder).map(({ path, bytes }) => ({ path, bytes })),
      payloads,
      'no byte of a payload changed',
    );
  },
);

t.test('to post-quantum recipients and back; the two kinds are never mixed', async (t) => {
  const bench = await archiveBench(t);
  bench.archivist.start();
  const id = await bench.record(300);
  await bench.archived(id);
  const hybrid = await generateHybridIdentity();
  const escrow = await generateHybridIdentity();
  const recipients = [await identityToRecipient(hybrid), await identityToRecipient(escrow)];
  const rotate = (identity: string, to: string[]) =>
    rotateHeaders(
      { files: bench.files, lives: bench.lives, witness: bench.witness, by: officer, purpose: 'post-quantum' },
      { identities: createIdentities([identity]), recipientsFor: () => to },
    );
  t.match(await rotate(bench.identity, [recipients[0]!, bench.recipient]), {
    rewritten: 0,
    failed: [/cannot be mixed/],
  });
  t.match(await rotate(bench.identity, recipients), { rewritten: 1, failed: [] });
  const [file] = await bench.filesOf(id);
  t.same(stanzaKinds(file!.header), ['mlkem768x25519', 'mlkem768x25519']);
  for (const identity of [hybrid, escrow]) {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    t.equal(
      Buffer.from(await decrypter.decrypt(await bench.joined(file!))).toString('latin1', 0, 4),
      'OggS',
      'each opens it',
    );
  }
  await t.rejects(createIdentities([bench.identity]).decrypt(await bench.joined(file!)), /no identity matched/);
  t.match(await rotate(escrow, [bench.recipient]), { rewritten: 1 });
  t.equal((await bench.openedByAge((await bench.filesOf(id))[0]!)).status, 0, 'the escrow gave it back');
  t.match(await bench.verify(id), { ok: true });
});
