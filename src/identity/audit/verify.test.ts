import t from 'tap';
import { type AuditRecord, chain, contentHash, linkHash, type NewAuditRecord } from '../../store/audit/chain.ts';
import { newSigningKey, parseHeadLine, readSigningKey, signHead, signingKeyText, signKey, trustKeys } from './heads.ts';
import { verifyAudit } from './verify.ts';

const entry = (n: number, more: Partial<NewAuditRecord> = {}): NewAuditRecord => ({
  id: `a_${n}`,
  at: 1000 + n,
  act: n % 2 ? 'signed-in' : 'recording-played',
  outcome: 'done',
  personId: `p_${n % 3}`,
  ...(n % 2 ? {} : { target: { kind: 'recording', id: `r_${n}` }, about: ['p_9'] }),
  details: { address: '192.0.2.1', purpose: `because ${n}` },
  salt: String(n).padStart(64, '0'),
  ...more,
});

const log = (length = 10): AuditRecord[] =>
  chain(
    Array.from({ length }, (_, n) => entry(n + 1)),
    undefined,
  );
const problems = async (records: AuditRecord[], options = {}) => (await verifyAudit(records, options)).problems;

t.test('a log that nobody touched has nothing to say', async (t) => {
  t.match(await verifyAudit(log()), { entries: 10, first: 1, last: 10, problems: [], forgotten: 0 });
  t.match(await verifyAudit([]), { entries: 0, last: 0, problems: [] });
});

t.test('each member of an entry, changed, is found in that entry', async (t) => {
  const changes: Partial<AuditRecord>[] = [
    { act: 'signed-out' },
    { at: 1 },
    { outcome: 'refused' },
    { personId: 'p_8' },
    { keyId: 'k_1' },
    { command: 'user add' },
    { target: { kind: 'recording', id: 'r_5' } },
    { target: { kind: 'call', id: 'r_4' } },
    { about: [] },
    { about: ['p_9', 'p_1'] },
    { id: 'a_other' },
    { detailsHash: 'f'.repeat(64) },
    { hash: 'f'.repeat(64) },
    { previous: 'f'.repeat(64) },
  ];
  for (const change of changes) {
    const records = log();
    Object.assign(records[3]!, change);
    const [first] = await problems(records);
    t.equal(first?.seq, 4, JSON.stringify(change));
  }
  for (const details of [{ address: '192.0.2.2', purpose: 'because 4' }, {}]) {
    const records = log();
    records[3]!.details = details;
    t.match(await problems(records), [{ kind: 'details', seq: 4, id: 'a_4' }]);
  }
});

t.test('what is removed is found: by its number, or by what follows when that was renumbered', async (t) => {
  const records = log();
  records.splice(3, 2);
  t.match((await problems(records))[0], { kind: 'missing', seq: 4, upTo: 5, sentence: 'Entries 4 to 5 are missing.' });
  const renumbered = log();
  renumbered.splice(3, 1);
  for (const record of renumbered.slice(3)) record.seq -= 1;
  t.match((await problems(renumbered))[0], { kind: 'moved', seq: 4, id: 'a_5', sentence: /was entry 5/ });
});

t.test('what is inserted or reordered is found', async (t) => {
  const inserted = log();
  const forged = entry(99);
  inserted.splice(3, 0, chain([forged], { seq: 3, hash: inserted[2]!.hash })[0]!);
  for (const record of inserted.slice(4)) record.seq += 1;
  t.match((await problems(inserted))[0], { seq: 5, id: 'a_4', sentence: /was entry 4/ });

  const swapped = log();
  [swapped[3]!.seq, swapped[4]!.seq] = [5, 4];
  swapped.sort((a, b) => a.seq - b.seq);
  t.match(await problems(swapped), [{ kind: 'moved', seq: 4, id: 'a_5' }, { kind: 'moved', seq: 5, id: 'a_4' }, {}]);
  const file = log();
  file.push(file.splice(3, 1)[0]!);
  t.match(await problems(file), [
    { kind: 'missing', seq: 4 },
    { kind: 'order', seq: 4 },
  ]);
});

t.test('a change with every later hash made again, and a tail cut off, show against a signed head', async (t) => {
  const key = newSigningKey();
  const records = log();
  const chainId = records[0]!.hash;
  const headOf = (seq: number) => signHead({ chain: chainId, seq, hash: records[seq - 1]!.hash, at: 5000 + seq }, key);
  const heads = [signKey(key, 1), headOf(3), headOf(7), headOf(10)];
  const against = () => ({ heads, keys: trustKeys([key.publicKey]) });
  t.match(await verifyAudit(records, against()), { headsAgreed: 3, newestHead: { seq: 10 }, problems: [] });

  const rewritten = chain(
    records.map(({ details, salt, ...rest }, at) => ({
      ...rest,
      details: details!,
      salt: salt!,
      ...(at === 4 ? { act: 'signed-out' } : {}),
    })),
    undefined,
  );
  t.strictSame((await verifyAudit(rewritten)).problems, [], 'the chain alone does not tell');
  t.match(await problems(rewritten, against()), [
    { kind: 'head', seq: 4, upTo: 7, sentence: /One or more of the entries 4 to 7 were written anew/ },
    { kind: 'head', seq: 4, upTo: 10 },
  ]);
  t.match(await problems(records.slice(0, 8), against()), [
    { kind: 'missing', seq: 9, upTo: 10, sentence: /as a signed head says/ },
  ]);
  t.strictSame((await verifyAudit(records.slice(0, 8), { ...against(), partial: true })).problems, []);
});

t.test('heads are believed by their signature; a key may hand over to the next', async (t) => {
  const [first, second, stranger] = [newSigningKey(), newSigningKey(), newSigningKey()];
  const records = log();
  const head = (key: typeof first) =>
    signHead({ chain: records[0]!.hash, seq: 10, hash: records[9]!.hash, at: 1 }, key);
  const check = async (heads: Parameters<typeof verifyAudit>[1] & object) => {
    const { problems, headsAgreed } = await verifyAudit(records, heads);
    return [headsAgreed, ...problems.map(({ kind }) => kind)];
  };
  const succession = [signKey(first, 1), head(first), signKey(second, 2, first), head(second)];
  t.strictSame(await check({ heads: succession, keys: trustKeys([first.publicKey]) }), [2]);
  t.strictSame(await check({ heads: succession, keys: trustKeys([]) }), [2], 'the file is taken at its word');
  t.strictSame(await check({ heads: [head(stranger)], keys: trustKeys([first.publicKey]) }), [0, 'signature']);
  const takeover = [signKey(first, 1), signKey(stranger, 2), head(stranger)];
  t.strictSame(await check({ heads: takeover, keys: trustKeys([first.publicKey]) }), [0, 'signature', 'signature']);
  t.strictSame(await check({ heads: takeover, keys: trustKeys([]) }), [0, 'signature', 'signature']);
  const forged = { ...head(first), seq: 9 };
  t.strictSame(await check({ heads: [forged], keys: trustKeys([first.publicKey]) }), [0, 'signature']);
});

t.test('details may be gone where an entry says whose were deleted, and nowhere else', async (t) => {
  const gone = (seq: number, records: AuditRecord[]) => Object.assign(records[seq - 1]!, { details: null, salt: null });
  const told = chain(
    [
      ...Array.from({ length: 5 }, (_, n) => entry(n + 1)),
      entry(6, { act: 'details-forgotten', target: { kind: 'person', id: 'p_1' } }),
    ],
    undefined,
  );
  gone(1, told);
  gone(4, told);
  t.match(await verifyAudit(told), { forgotten: 2, problems: [] });
  gone(2, told);
  t.match(await problems(told), [{ kind: 'details', seq: 2, id: 'a_2' }]);
});

t.test('an export may leave out the content of entries, and still proves its own', async (t) => {
  const records = log();
  const part = records
    .slice(2, 8)
    .map((record) =>
      record.seq === 4 || record.seq === 7 ? record : { seq: record.seq, content: contentHash(record) },
    );
  const key = newSigningKey();
  const heads = [signHead({ chain: records[0]!.hash, seq: 8, hash: records[7]!.hash, at: 1 }, key)];
  const options = { partial: true, heads, keys: trustKeys([key.publicKey]) };
  t.match(await verifyAudit([records[1]!, ...part], options), { problems: [], headsAgreed: 1 });
  const changed = structuredClone([records[1]!, ...part]);
  (changed[3] as { content: string }).content = 'f'.repeat(64);
  t.match((await verifyAudit(changed, options)).problems[0], { kind: 'unlinked', seq: 7 });
  t.equal(linkHash(contentHash(records[1]!), records[0]!.hash), records[1]!.hash);
});

t.test('a signing key is written and read; what is none is refused without repeating it', async (t) => {
  const key = newSigningKey();
  t.equal(readSigningKey(signingKeyText(key), 'x').id, key.id);
  t.throws(() => readSigningKey('MARKER', 'data/audit.key'), {
    code: 'secret-missing',
    message: /data\/audit\.key must hold/,
  });
  t.strictSame(parseHeadLine(JSON.stringify(signKey(key, 1))), signKey(key, 1));
  for (const text of [
    '',
    '{',
    'null',
    '{"v":1,"kind":"head"}',
    '[]',
    '{"v":2,"kind":"key","key":"a","by":"b","at":1,"publicKey":"","signature":""}',
  ])
    t.equal(parseHeadLine(text), undefined, text);
});
