// Heads of the audit log are signed as it grows, kept in a file that only grows, and sent to a webhook until it takes them.

import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { parseHeadLine, trustKeys } from '../../src/identity/audit/heads.ts';
import { createHeadSigner } from '../../src/identity/audit/sign-heads.ts';
import { openSigningFiles } from '../../src/identity/audit/signing-files.ts';
import { systemClock as clock } from '../../src/shared/clock.ts';
import { createGuardedRequests } from '../../src/shared/http/guarded-request.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { auditedDatabase } from '../support/centre/audited.ts';
import { eventually } from '../support/eventually.ts';
import { testDatabase } from '../support/servers/database.ts';

// One cluster for the whole file.
await testDatabase(t);

t.test('each head is signed once, in the file, and reaches the webhook though it failed first', async (t) => {
  const { store, write } = await auditedDatabase(t, 3);
  const got: string[] = [];
  let refusals = 1;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const refuse = refusals-- > 0;
      if (!refuse) got.push(body);
      response.writeHead(refuse ? 500 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { send } = createGuardedRequests({ hosts: ['127.0.0.1'], privateNetworks: ['127.0.0.1'] });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/heads`;
  const files = openSigningFiles(join(t.testdir(), 'audit'), clock.now());
  const signer = createHeadSigner({
    ...{ clock, log, rows: store.audit, files, everyMs: 3_600_000 },
    webhook: { url, headers: {}, send },
  });
  t.match(await signer.sign(), { seq: 3 });
  t.equal(await signer.sign(), undefined, 'nothing new, nothing signed');
  await write();
  t.match(await signer.sign(), { seq: 4 });
  const newest = await eventually('the webhook has the newest', () => got.find((body) => JSON.parse(body).seq === 4));
  t.ok(trustKeys([files.key().publicKey]).accepts(parseHeadLine(newest)!));
  await write();
  await signer.close();
  t.strictSame(
    files.lines().map((line) => (line.kind === 'head' ? line.seq : line.kind)),
    ['key', 3, 4, 5],
    'closing signs a last time',
  );
  t.equal(statSync(files.headsFile).mode & 0o777, 0o600);
  t.match(await signer.verify(), { problems: [], headsAgreed: 3 });
});

t.test('after a restart it goes on where it was; a new key is vouched for by the old one', async (t) => {
  const { store, write } = await auditedDatabase(t, 2);
  const folder = join(t.testdir(), 'audit');
  const open = () => {
    const files = openSigningFiles(folder, clock.now());
    return { files, signer: createHeadSigner({ clock, log, rows: store.audit, files, everyMs: 3_600_000 }) };
  };
  const first = open();
  const trusted = first.files.key().publicKey;
  await first.signer.close();
  const second = open();
  t.equal(second.files.key().publicKey, trusted, 'the key stays');
  t.equal(await second.signer.sign(), undefined);
  const { from, to } = second.files.rotate(clock.now());
  t.not(from.id, to.id);
  await write();
  t.match(await second.signer.sign(), { key: to.id });
  const keys = trustKeys([trusted]);
  for (const line of second.files.lines()) t.ok(keys.accepts(line), line.kind);
  t.notMatch(readFileSync(second.files.headsFile, 'utf8'), /PRIVATE/);
});

t.test('while the database is away nothing is signed, and that is no alarm about the log', async (t) => {
  const files = openSigningFiles(join(t.testdir(), 'audit'), clock.now());
  const away = () => Promise.reject(new Error('away'));
  const signer = createHeadSigner({ clock, log, rows: { head: away, read: away }, files, everyMs: 3_600_000 });
  await t.rejects(signer.sign(), /away/);
  t.equal(signer.state().broken, undefined);
  await signer.close();
});
