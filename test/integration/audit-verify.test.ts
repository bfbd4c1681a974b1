// Whoever may do anything in PostgreSQL changes the audit log there, past its triggers; `engawa audit verify` names the entry.

import { appendFileSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { run as runAudit } from '../../src/cli/audit.ts';
import { createHeadSigner } from '../../src/identity/audit/sign-heads.ts';
import { openSigningFiles } from '../../src/identity/audit/signing-files.ts';
import { systemClock as clock } from '../../src/shared/clock.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { chain } from '../../src/store/audit/chain.ts';
import { auditedDatabase } from '../support/centre/audited.ts';
import { printed } from '../support/printed.ts';
import { sql, testDatabase } from '../support/servers/database.ts';

// One cluster for the whole file.
await testDatabase(t);

async function engawa(...args: string[]) {
  const { result, out, err } = await printed(() => runAudit(args));
  return { status: result, text: out, stderr: err };
}

/** An installation, with the heads of its first ten entries signed at 4, 8 and 10. */
async function installation(t: Test) {
  const made = await auditedDatabase(t, 4);
  const home = t.testdir();
  const config = join(home, 'engawa.yaml');
  const recipients = `[age1${'q'.repeat(58)}]`;
  writeFileSync(
    config,
    `database: { kind: postgres }\ndataFolder: ${join(home, 'data')}\nrecording: { recipients: ${recipients} }\n`,
  );
  const files = openSigningFiles(join(home, 'data', 'audit'), clock.now());
  const signer = createHeadSigner({ clock, log, rows: made.store.audit, files, everyMs: 3_600_000 });
  for (const more of [4, 2]) {
    await signer.sign();
    for (let n = 0; n < more; n++) await made.write();
  }
  await signer.sign();
  process.env['ENGAWA_DATABASE_URL'] = made.url;
  return {
    ...made,
    home,
    config,
    files,
    signer,
    verify: (...more: string[]) => engawa('verify', '--config', config, ...more),
  };
}

t.test('a log that nobody touched is good, against the public key that is printed', async (t) => {
  const { config, verify, files, home } = await installation(t);
  const key = (await engawa('public-key', '--config', config)).text.trim();
  t.equal(key, files.key().publicKey);
  const found = await verify('--public-key', key);
  t.match(found, { status: 0, text: /10 entries, from 1 to 10; 3 signed heads agree/ });
  t.equal(statSync(join(config, '..', 'data', 'audit', 'signing.key')).mode & 0o777, 0o600);
  const other = await verify('--public-key', openSigningFiles(join(home, 'other'), 1).key().publicKey);
  t.match(other, { status: 1, text: /not signed by a key that is believed/ });
});

const tampering: [string, string[], RegExp][] = [
  [
    'an act is changed',
    ["UPDATE audit_entries SET act = 'signed-out' WHERE seq = 4"],
    /Entry 4 \(a_\w+, signed-out, .*was changed/,
  ],
  ['a person is changed', ["UPDATE audit_entries SET person_id = 'p_x' WHERE seq = 5"], /Entry 5 .*was changed/],
  ['a time is changed', ['UPDATE audit_entries SET at = at + 1 WHERE seq = 6'], /Entry 6 .*was changed/],
  ['a target is changed', ["UPDATE audit_entries SET target_id = 'r_2' WHERE seq = 7"], /Entry 7 .*was changed/],
  ['whose data it was is taken out', ["UPDATE audit_entries SET about = '{}' WHERE seq = 7"], /Entry 7 .*was changed/],
  [
    'a purpose is changed',
    [`UPDATE audit_details SET body = body || '{"purpose":"x"}' WHERE seq = 3`],
    /Entry 3 .*why was changed/,
  ],
  ['details are deleted', ['DELETE FROM audit_details WHERE seq = 3'], /Entry 3 .*its details were removed/],
  ['an entry is removed', ['DELETE FROM audit_entries WHERE seq = 5'], /Entry 5 is missing/],
  [
    'an entry is removed and the rest is renumbered',
    [
      'DELETE FROM audit_details WHERE seq = 5',
      'DELETE FROM audit_entries WHERE seq = 5',
      'UPDATE audit_details SET seq = seq - 1 WHERE seq > 5',
      'UPDATE audit_entries SET seq = seq - 1 WHERE seq > 5',
    ],
    /Entry 5 .*was entry 6: entries were removed, inserted or reordered/,
  ],
  [
    'the tail is cut off',
    ['DELETE FROM audit_entries WHERE seq > 8'],
    /Entries 9 to 10 are missing\. They were there at .*signed head/,
  ],
  ['everything is removed', ['DELETE FROM audit_entries'], /Entries 1 to 10 are missing/],
  [
    'two entries change places',
    [
      'UPDATE audit_entries SET seq = 99 WHERE seq = 4',
      'UPDATE audit_entries SET seq = 4 WHERE seq = 6',
      'UPDATE audit_entries SET seq = 6 WHERE seq = 99',
    ],
    /Entry 4 .*was entry 6/,
  ],
  [
    'an entry is inserted',
    [
      'UPDATE audit_entries SET seq = -seq - 1 WHERE seq > 5',
      'UPDATE audit_entries SET seq = -seq WHERE seq < 0',
      `INSERT INTO audit_entries (seq, id, at, act, outcome, details_hash, previous, hash)
       SELECT 6, 'a_forged', at, act, outcome, details_hash, hash, repeat('a', 64) FROM audit_entries WHERE seq = 5`,
    ],
    /Entry 6 \(a_forged.*was changed/,
  ],
];

t.test('what is done to it in PostgreSQL is found, and the entry named', async (t) => {
  for (const [what, statements, told] of tampering) {
    const { asSuperuser, verify } = await installation(t);
    await asSuperuser(...statements);
    t.match(await verify(), { status: 1, text: told }, what);
  }
});

t.test(
  'a change with all hashes made anew is found between two signed heads, and the log is not signed any more',
  async (t) => {
    const { asSuperuser, verify, store, signer, write, files } = await installation(t);
    const records = await store.audit.read({ after: 0 });
    const forged = chain(
      records.map(({ details, salt, ...rest }, at) => ({
        ...rest,
        details: details!,
        salt: salt!,
        ...(at === 5 ? { act: 'signed-out' } : {}),
      })),
      undefined,
    );
    await asSuperuser(
      ...forged.map(
        ({ seq, act, previous, hash }) =>
          `UPDATE audit_entries SET act = '${act}', previous = '${previous}', hash = '${hash}' WHERE seq = ${seq}`,
      ),
    );
    t.match(await verify(), { status: 1, text: /entries 5 to 8 were written anew/ });
    const before = files.lines().length;
    await write();
    t.equal(await signer.sign(), undefined);
    t.match(signer.state().broken, { kind: 'head', upTo: 10 });
    t.equal(files.lines().length, before);
  },
);

t.test('a head that was changed, or signed by somebody else, is not believed', async (t) => {
  const { config, verify, files, home } = await installation(t);
  const key = files.key().publicKey;
  const lines = readFileSync(files.headsFile, 'utf8').trim().split('\n');
  const forged = { ...JSON.parse(lines.at(-1)!), seq: 9 };
  appendFileSync(files.headsFile, `${JSON.stringify(forged)}\n{"torn`);
  t.match(await verify('--public-key', key), { status: 1, text: /signed head of entry 9 was not signed by a key/ });
  const other = openSigningFiles(join(home, 'other'), clock.now());
  copyFileSync(other.headsFile, files.headsFile);
  t.match(await verify('--public-key', key), { status: 1, text: /signing key .* was not signed by a key/ });
  t.match(await engawa('verify', '--config', config), { status: 0, text: /does not show/ });
});

t.test('details of somebody who has left are deleted by a command, and the chain holds', async (t) => {
  const { config, verify, store, write, url } = await installation(t);
  const person = await store.people.create({
    ...{ login: 'leaver', displayName: 'L', role: 'agent', place: 'home', clearance: 'none', queues: [] },
    ...{ language: 'en', disabled: false, passwordHash: 'x' },
  });
  await write({ by: { personId: person.id, origin: { address: '203.0.113.9', userAgent: 'Chromium' } } });
  t.match(await engawa('forget', 'leaver', '--config', config), { status: 2, stderr: /disable the account first/ });
  await store.people.update(person.id, { disabled: true });
  t.match(await engawa('forget', 'leaver', '--config', config), { status: 0, text: /Details of 1 entries/ });
  t.match(await verify(), { status: 0, text: /Of 1 entries the personal details were deleted/ });
  const dump = await sql(url, 'SELECT * FROM audit_details d JOIN audit_entries e USING (seq)');
  t.notMatch(JSON.stringify(dump), /203\.0\.113\.9/);
  t.match(await store.audit.search({ personId: person.id }), [{ details: null, salt: null, act: 'recording-played' }]);
});

t.test('an export verifies without a database, and a change in it is found', async (t) => {
  const { config, home, files, store } = await installation(t);
  const key = files.key().publicKey;
  t.match(await engawa('export', '--config', config, '--out', join(home, 'x')), { status: 2, stderr: /Say why/ });
  for (const [name, flags] of [
    ['all.ndjson', []],
    ['all.csv', ['--csv']],
  ] as const) {
    const out = join(home, name);
    t.match(await engawa('export', '--config', config, '--out', out, '--purpose', 'yearly', ...flags), { status: 0 });
    t.equal(statSync(out).mode & 0o777, 0o600);
    const verify = (file: string) => engawa('verify', '--export', file, '--public-key', key);
    t.match(await verify(out), { status: 0, text: /; 1 signed heads agree/ }, name);
    const content = readFileSync(out, 'utf8');
    const changed = join(home, `changed-${name}`);
    for (const [from, to] of [
      ['signed-in', 'signed-out'],
      ['192.0.2.7', '192.0.2.8'],
      [/^.*recording-played.*\r?\n/m, ''],
    ] as const) {
      writeFileSync(changed, content.replace(from, to));
      t.match(await verify(changed), { status: 1, text: /BAD/ }, `${name}: ${from} → ${to}`);
    }
    writeFileSync(changed, 'not an export');
    t.match(await verify(changed), { status: 2, stderr: /no export/ });
  }
  const [last] = await store.audit.search({ limit: 1 });
  t.match(last, {
    act: 'audit-exported',
    command: 'audit export',
    details: { purpose: 'yearly', more: { format: 'csv' } },
  });
});
