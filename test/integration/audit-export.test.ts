// The audit log as a file: what a spreadsheet would calculate stays text, what was not asked for is not told, and all of it verifies.

import { parse } from 'csv-parse/sync';
import t from 'tap';
import { csvCell, type ExportFormat, exportLines, readExport } from '../../src/identity/audit/export.ts';
import { newSigningKey, signHead, signKey, trustKeys } from '../../src/identity/audit/heads.ts';
import { verifyAudit } from '../../src/identity/audit/verify.ts';
import { auditedDatabase } from '../support/centre/audited.ts';
import { testDatabase } from '../support/servers/database.ts';

// One cluster for the whole file.
await testDatabase(t);

const nasty = [
  '=1+1',
  '+81',
  '-2',
  '@SUM(A1)',
  '\t=1',
  "'=1",
  '"quoted", and more',
  'two\nlines',
  '日本語',
  ' =1',
  '%0A',
  '|x',
];

t.test('cells that a spreadsheet would calculate are made text, and read back as they were', async (t) => {
  for (const text of nasty) {
    const [[cell]] = parse(csvCell(text), { relax_column_count: true }) as [[string]];
    t.notMatch(cell, /^[=+\-@\t\r|%]/, JSON.stringify(text));
    t.equal(cell.replace(/^'/, ''), text);
  }
});

t.test('a part of the log proves its own entries, says nothing of the others, and survives both formats', async (t) => {
  const { store, write, hanako } = await auditedDatabase(t, 3);
  for (const purpose of nasty) await write({ purpose, details: { note: purpose, count: 3, yes: true, none: null } });
  await write({ act: 'signed-out', by: { command: 'user add' }, purpose: 'not to be told' });
  await write({ act: 'person-changed', purpose: 'the last' });
  const key = newSigningKey();
  const [first] = await store.audit.read({ after: 0, limit: 1 });
  const seal = async (seq: number, hash: string) => [
    signKey(key, 1),
    signHead({ chain: first!.hash, seq, hash, at: 2 }, key),
  ];
  for (const format of ['ndjson', 'csv'] as ExportFormat[]) {
    let text = '';
    const query = { personId: hanako, acts: ['recording-played', 'person-changed'] };
    for await (const line of exportLines({ rows: store.audit, query, format, now: 1, seal })) text += line;
    t.notMatch(text, /not to be told|user add/, 'what was not asked for is a hash');
    const read = readExport(text)!;
    const options = { partial: true, heads: read.heads, keys: trustKeys([key.publicKey]) };
    t.match(await verifyAudit(read.records, options), { problems: [], headsAgreed: 1 }, format);
    const told = read.records.flatMap((record) => ('content' in record ? [] : [record.details?.purpose]));
    t.strictSame(
      told.slice(1),
      [...nasty.map((purpose) => purpose.trim()), 'the last'],
      'in order, as they were written',
    );
    const changed = read.records.map((record) => ('content' in record ? record : { ...record, at: record.at + 1 }));
    t.equal((await verifyAudit(changed, options)).problems.length > 0, true);
  }
});
