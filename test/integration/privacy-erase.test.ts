// Somebody asks to be forgotten: `engawa privacy erase` on a real database. The number is gone for good, lists keep figures without a
// customer, and nothing is taken away while a recording is there, is held, or a call back is promised.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../../src/cli/privacy.ts';
import { createNumberVault } from '../../src/privacy/number-vault.ts';
import { PhoneNumber } from '../../src/privacy/phone-number.ts';
import { systemClock as clock } from '../../src/shared/clock.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { printed } from '../support/printed.ts';
import { sql, testDatabase, testStore } from '../support/servers/database.ts';

t.setTimeout(120_000);

const url = await testDatabase(t);
const store = await testStore(t, { url });
const before = process.env['ENGAWA_DATABASE_URL'];
process.env['ENGAWA_DATABASE_URL'] = url;
t.teardown(() => {
  if (before === undefined) delete process.env['ENGAWA_DATABASE_URL'];
  else process.env['ENGAWA_DATABASE_URL'] = before;
});
const home = t.testdir();
const config = join(home, 'engawa.yaml');
writeFileSync(
  config,
  `database: { kind: postgres }\ndataFolder: ${join(home, 'data')}\nrecording: { recipients: [age1${'q'.repeat(58)}] }\n`,
);
const keys = { aliasKey: Buffer.alloc(32, 1), sealingKeys: [Buffer.alloc(32, 2)] };
const openVault = () => createNumberVault({ clock, log, rows: store.vaultRows, keys });
const number = PhoneNumber.fromCanonical('+819012345678')!;
const alias = await openVault().remember(number);
const other = await openVault().remember(PhoneNumber.fromCanonical('+819011112222')!);

async function privacy(...args: string[]) {
  const { result, out, err } = await printed(() => run([...args, '--config', config]));
  return { status: result, out, err };
}

t.test('what is kept is told, and taken away; figures stay', async (t) => {
  for (const [n, of] of [alias, other].entries()) {
    const callId = newId('call');
    const started = { direction: 'inbound', alias: of, companyNumber: '0120000000', trunk: null } as const;
    await store.events.append({ type: 'call-started', callId, ...started });
    await sql(
      url,
      `INSERT INTO verification_codes (id, code_hash, factor, alias, created_at, expires_at) VALUES ('c${n}', 'h${n}', 'f', '${of}', 1, 2)`,
    );
  }
  await store.events.flush();
  await sql(
    url,
    `INSERT INTO call_lists VALUES ('l1', 'list', '{}', 'preview', 'r', 'q', '0120', 'c', '{}', '{}', 'paused', 1)`,
  );
  await sql(
    url,
    `INSERT INTO call_list_entries (id, list_id, alias, reference, facts, state, not_before)
     VALUES ('e1', 'l1', '${alias}', 'customer 4711', '{"name":"Sato"}', 'waiting', 0), ('e2', 'l1', '${other}', 'customer 4712', '{}', 'waiting', 0)`,
  );
  const shown = await privacy('show', alias);
  t.equal(shown.status, 0, shown.err);
  for (const line of [
    '1 numbers kept',
    '1 call list entries kept',
    '1 codes kept',
    `1 calls are recorded under ${alias}.`,
  ])
    t.match(shown.out, line);

  t.equal((await privacy('erase', alias)).status, 2, 'a purpose is asked for');
  const erased = await privacy('erase', alias, '--purpose', 'asked by letter of 1 November');
  t.equal(erased.status, 0, erased.err);
  t.equal(await openVault().recall(alias), undefined, 'the alias leads to nobody');
  t.ok(await openVault().recall(other), 'others stay');
  const rows = await sql(url, 'SELECT alias, reference, facts, state FROM call_list_entries ORDER BY id');
  t.match(rows, [
    { alias: 'erased e1', reference: null, facts: {}, state: 'closed' },
    { alias: other, reference: 'customer 4712', state: 'waiting' },
  ]);
  t.match(await store.audit.search({ acts: ['customer-erased'] }), [
    {
      ...{ target: { kind: 'alias', id: alias }, command: 'privacy erase', outcome: 'done' },
      details: { purpose: 'asked by letter of 1 November' },
    },
  ]);
  t.match((await privacy('show', alias)).out, `1 calls are recorded under ${alias}.`, 'a figure');
  t.equal(await openVault().remember(number), alias, 'who calls again is a customer again');
});

t.test('not while a recording is there or a call back is promised', async (t) => {
  const [call] = await store.calls.list({ alias: other, limit: 1 });
  await sql(
    url,
    `INSERT INTO recordings (id, call_id, started_at, state, path, recipients) VALUES ('r1', '${call!.id}', 1, 'complete', 'p', '{}')`,
  );
  const erase = () => privacy('erase', other, '--purpose', 'asked');
  t.match(await erase(), { status: 1, err: 'engawa recording delete r1' });
  await sql(
    url,
    `INSERT INTO recording_holds (id, recording_id, matter, purpose, placed_at) VALUES ('h1', 'r1', 'm', 'p', 1)`,
  );
  t.match(await erase(), { status: 1, err: 'Recording r1 is under a legal hold.' });
  await sql(url, `UPDATE recordings SET shredded_at = 2 WHERE id = 'r1'`);
  await sql(
    url,
    `INSERT INTO callbacks (call_id, alias, company_number, queue, priority, skills, waiting_since, requested_at, expires_at, next_at)
     VALUES ('c9', '${other}', '0120', 'q', 1, '[]', 1, 1, 9, 1)`,
  );
  t.match(await erase(), { status: 1, err: 'A call back was promised' });
  t.ok(await openVault().recall(other), 'nothing was taken away');
  t.equal((await store.audit.search({ acts: ['customer-erased'] })).length, 1, 'nor was it said to be');
  await sql(url, `UPDATE callbacks SET ended_at = 5 WHERE call_id = 'c9'`);
  t.equal((await erase()).status, 0);
  t.equal(await openVault().recall(other), undefined);
});
