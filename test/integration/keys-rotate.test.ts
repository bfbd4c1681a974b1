// Keys of an installation are rotated on a real database: nothing that older keys sealed is lost, whatever is broken off goes on,
// and nodes that learn of a new key one after the other can read each other all the time.

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createOneTimeCodes } from '../../src/call/verify/one-time-codes.ts';
import { run as runAudit } from '../../src/cli/audit.ts';
import { holdFolder } from '../../src/cli/hold-folder.ts';
import { run as runKeys } from '../../src/cli/keys.ts';
import { createNumberVault } from '../../src/privacy/number-vault.ts';
import { PhoneNumber } from '../../src/privacy/phone-number.ts';
import { createTextSealer } from '../../src/privacy/seal-text.ts';
import { loadSecrets, type Secrets } from '../../src/secrets.ts';
import { systemClock as clock } from '../../src/shared/clock.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { systemRandom } from '../../src/shared/random.ts';
import { eventually } from '../support/eventually.ts';
import { printed } from '../support/printed.ts';
import { sql, testDatabase, testStore } from '../support/servers/database.ts';

// One cluster for the whole file.
await testDatabase(t);

const number = (n: number) => PhoneNumber.fromCanonical(`+8190${String(10_000_000 + n)}`)!;

async function installation(t: Test, numbers: number) {
  const url = await testDatabase(t);
  const store = await testStore(t, { url });
  const home = t.testdir();
  const dataFolder = join(home, 'data');
  mkdirSync(dataFolder);
  const config = join(home, 'engawa.yaml');
  const recipients = `[age1${'q'.repeat(58)}]`;
  const text = `database: { kind: postgres }\ndataFolder: ${dataFolder}\nrecording: { recipients: ${recipients} }\n`;
  writeFileSync(config, text);
  const environment = { ENGAWA_DATABASE_URL: url };
  Object.assign(process.env, environment);
  const keyFile = join(dataFolder, 'vault.key');
  /** A node that starts now, and knows the keys that are there now. */
  const start = () => {
    const secrets = loadSecrets(dataFolder, environment);
    const vault = createNumberVault({ clock, log, rows: store.vaultRows, keys: secrets.vault });
    return { secrets, vault };
  };
  const node = start();
  const aliases = await Promise.all(Array.from({ length: numbers }, (_, n) => node.vault.remember(number(n))));
  const person = await store.people.create({
    ...{ login: 'hanako', displayName: 'H', role: 'agent', place: 'home', clearance: 'none', queues: [] },
    ...{ language: 'en', disabled: false, passwordHash: 'x' },
  });
  const sealer = ({ vault }: Secrets) => createTextSealer(vault.sealingKeys, 'second factors');
  const sealed = sealer(node.secrets).seal('JBSWY3DPEHPK3PXP', `totp ${person.id}`);
  await store.signIn.totp.begin(person.id, { sealed, createdAt: 1 });

  async function opens(secrets: Secrets): Promise<number> {
    const vault = createNumberVault({ clock, log, rows: store.vaultRows, keys: secrets.vault });
    let count = 0;
    for (const [n, alias] of aliases.entries())
      if ((await vault.recall(alias).catch(() => undefined))?.reveal() === number(n).reveal()) count += 1;
    const row = await store.signIn.totp.of(person.id);
    const opened = row && sealer(secrets).open(row.sealed, `totp ${person.id}`);
    return opened === 'JBSWY3DPEHPK3PXP' ? count : -1;
  }
  async function keys(...args: string[]) {
    const { result, out, err } = await printed(() => runKeys([...args, '--config', config]));
    return { status: result, text: out, stderr: err };
  }
  return { url, store, home, dataFolder, config, keyFile, start, node, aliases, opens, keys, person };
}

t.test(
  'all at once, while it is stopped: new keys seal, old ones are dropped, everything opens, aliases stay',
  async (t) => {
    const { keys, keyFile, start, opens, aliases, node, dataFolder, config, store } = await installation(t, 300);
    const codesOf = ({ codeKey: key, olderCodeKeys: olderKeys }: Secrets) =>
      createOneTimeCodes({
        ...{ clock, random: systemRandom, rows: store.verificationCodes, vault: node.vault, key, olderKeys },
        settings: { lifetimeSeconds: 600, mostPerCustomer: 9, triesPerCustomer: 9, triesWithheld: 9 } as never,
      });
    const made = await codesOf(node.secrets).make({ factor: 'code', customer: { number: number(1) } });
    const before = readFileSync(keyFile, 'utf8').trim();

    const letGo = holdFolder(dataFolder);
    await t.rejects(keys('rotate'), { code: 'conflict', message: /engawa keys prepare/ });
    letGo();
    t.match(await keys('rotate'), { status: 0, text: /sealed again: 301/ });
    t.equal(statSync(keyFile).mode & 0o777, 0o600);
    t.equal(await opens(start().secrets), 300);
    if (made.kind !== 'made') throw new Error(made.kind);
    const asked = { digits: made.code, factor: 'code', alias: aliases[1]!, callId: newId('call') };
    t.match(await codesOf(start().secrets).redeem(asked), { kind: 'verified' }, 'a code from before still counts');

    t.match(await keys('retire'), { status: 0, text: /Dropped/ });
    t.notMatch(readFileSync(keyFile, 'utf8'), before, 'the old key is nowhere');
    const after = start();
    t.equal(await opens(after.secrets), 300);
    t.equal(await after.vault.remember(number(7)), aliases[7], 'a customer keeps the name');
    t.same(after.secrets.signInKey, node.secrets.signInKey, 'recovery codes are known by it');
    t.equal(await opens(node.secrets), -1, 'who knows the old key alone opens nothing');

    t.match(await keys('list'), {
      status: 0,
      text: /seals and opens\n.*alias.*\n.*\nSealed by \w{8}: 301; by older keys: 0/s,
    });
    const trail = await store.audit.search({ acts: ['keys-rotated'], oldestFirst: true });
    t.strictSame(
      trail.map(({ details }) => details?.more?.['step']),
      ['rotate', 'resealed', 'retire'],
    );
    const verified = await printed(() => runAudit(['verify', '--config', config]));
    t.equal(verified.result, 0, 'the new signing key was vouched for');
  },
);

t.test('kill -9 in the middle: it goes on where it was, and at no time something does not open', async (t) => {
  const { config, keyFile, start, opens, keys, url } = await installation(t, 4000);
  const before = readFileSync(keyFile, 'utf8');
  const entry = new URL('../../src/cli/engawa.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', entry, 'keys', 'rotate', '--config', config], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const byNewKey = async () => {
    const [row] = await sql<{ ids: number; n: number }>(
      url,
      `SELECT count(DISTINCT substr(sealed_number, 1, 5))::int AS ids, count(*)::int AS n FROM vault_rows`,
    );
    return row!.ids;
  };
  await eventually('some are sealed again, and some are not', async () => (await byNewKey()) === 2, {
    withinMs: 60_000,
    everyMs: 1,
  });
  child.kill('SIGKILL');
  await ended;
  const unfinished = (await byNewKey()) === 2;
  t.comment(unfinished ? 'killed in the middle' : 'it was faster than the signal');
  t.equal(await opens(start().secrets), 4000);
  t.not(readFileSync(keyFile, 'utf8'), before);
  if (unfinished) {
    t.match(await keys('retire'), { status: 2, stderr: /sealed by older keys/ });
    t.match(await keys('rotate'), { status: 0, text: /An earlier rotation was broken off/ });
  }
  t.equal(await byNewKey(), 1);
  t.equal(await opens(start().secrets), 4000);
});

t.test('step by step, nodes one after the other: each reads what the others seal', async (t) => {
  const { keys, start, opens, node: old, keyFile } = await installation(t, 50);
  t.match(await keys('activate'), { status: 2, stderr: /no next key/ });
  t.match(await keys('prepare'), { status: 0, text: /does not seal yet/ });
  const text = readFileSync(keyFile, 'utf8');
  t.match(await keys('prepare'), { status: 0 });
  t.equal(readFileSync(keyFile, 'utf8'), text, 'preparing twice is preparing once');
  const knows = start();
  const reads = async (writer: typeof old, reader: typeof old, n: number) => {
    const alias = await writer.vault.remember(number(n));
    const fresh = createReader(reader.secrets);
    t.equal((await fresh.recall(alias))?.reveal(), number(n).reveal(), `number ${n}`);
  };
  const { store } = await reader(t);
  function createReader(secrets: Secrets) {
    return createNumberVault({ clock, log, rows: store.vaultRows, keys: secrets.vault });
  }
  await reads(knows, old, 1001);
  t.match(await keys('activate'), { status: 0 });
  const seals = start();
  await reads(seals, knows, 1002);
  await reads(knows, seals, 1003);
  t.match(await keys('reseal'), { status: 0, text: /Sealed again: 53/ });
  t.equal(await opens(knows.secrets), 50, 'a node that is not restarted yet goes on reading');
  t.equal(await opens(seals.secrets), 50);

  async function reader(t: Test) {
    return { store: await testStore(t, { url: process.env['ENGAWA_DATABASE_URL']! }) };
  }
});

t.test('a key that comes from the environment alone is not rotated here', async (t) => {
  const { keys, dataFolder } = await installation(t, 1);
  const key = 'ab'.repeat(32);
  process.env['ENGAWA_VAULT_KEY'] = key;
  t.teardown(() => delete process.env['ENGAWA_VAULT_KEY']);
  const refused = await keys('prepare').catch((thrown: Error) => thrown.message);
  t.match(refused, /ENGAWA_VAULT_KEY_FILE/);
  t.notMatch(refused, key);
  t.equal(loadSecrets(dataFolder, { ENGAWA_VAULT_KEY: `${key},${'cd'.repeat(32)}` }).vault.sealingKeys.length, 2);
});
