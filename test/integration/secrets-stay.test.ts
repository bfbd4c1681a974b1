// Every secret is a marker here: none is in the log (at its most talkative), in an answer, in /metrics, in what doctor prints, or in
// what is printed when the program does not start or dies.

import { execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { projectRoot } from '../../src/shared/paths.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { sql, testDatabase } from '../support/servers/database.ts';

t.setTimeout(240_000);

const marker = (name: string) => `MARKER-${name}-9f3b`;
const vaultKey = 'c0ffee0badc0ffee'.repeat(4);
const secrets = {
  ENGAWA_VAULT_KEY: vaultKey,
  ENGAWA_TURN_SECRET: marker('turn'),
  ENGAWA_SIP_SECRET: marker('sip-control'),
  TRUNK_PASSWORD: marker('trunk'),
  CRM_TOKEN: `Bearer ${marker('crm')}`,
  WEBHOOK_TOKEN: marker('webhook'),
};
const hidden = /MARKER|c0ffee0badc0ffee/i;

const entry = join(projectRoot, 'dist/src/cli/engawa.js');

t.test('no secret leaves the places where it belongs', async (t) => {
  const url = new URL(await testDatabase(t));
  const databasePassword = marker('database');
  await sql(url.href, `CREATE ROLE secretive LOGIN SUPERUSER PASSWORD '${databasePassword}'`);
  t.teardown(() =>
    sql(url.href, 'REASSIGN OWNED BY secretive TO CURRENT_USER; DROP ROLE secretive').catch(() => undefined),
  );
  url.username = 'secretive';
  url.password = databasePassword;
  const environment = { ...secrets, ENGAWA_DATABASE_URL: url.href };
  const config = {
    database: { kind: 'postgres' },
    log: { level: 'trace' },
    sip: {
      kind: 'embedded',
      listen: ['udp/127.0.0.1:0', 'tcp/127.0.0.1:0'],
      control: { listen: '127.0.0.1:0', secret: 'env:ENGAWA_SIP_SECRET' },
    },
    turn: { urls: ['turn:127.0.0.1:9?transport=udp'] },
    trunks: [
      {
        ...{ name: 'carrier', addresses: ['192.0.2.1'], targets: [{ host: '127.0.0.1', port: 9 }] },
        register: { registrar: '127.0.0.1:9', user: 'office', password: 'env:TRUNK_PASSWORD' },
      },
    ],
    outgoing: { hosts: ['127.0.0.1'], privateNetworks: ['127.0.0.1'] },
    lookups: [{ name: 'crm', url: 'http://127.0.0.1:9/crm', headers: { authorization: 'env:CRM_TOKEN' } }],
    audit: {
      signEveryMinutes: 0.02,
      webhook: { url: 'http://127.0.0.1:9/heads', headers: { 'x-token': 'env:WEBHOOK_TOKEN' } },
    },
  };
  const engawa = await startEngawa(t, { config, environment, startSeconds: 60 });
  const said: Record<string, string> = {};
  const read = async (name: string, path: string, options: RequestInit = {}) => {
    const response = await fetch(new URL(path, engawa.url), options);
    said[name] = `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`;
  };
  const key = { headers: { authorization: `Bearer ${engawa.apiKey}` } };
  await read('metrics', '/metrics', key);
  await read('health', '/healthz', key);
  await read('openapi', '/api/v1/openapi.json');
  await read('trunks', '/api/v1/trunks', key);
  await read('a wrong password', '/api/v1/session', {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ login: 'hanako', password: marker('typed') }),
  });
  await read('a wrong key', '/api/v1/trunks', { headers: { authorization: `Bearer engawa_${marker('key')}` } });
  await read('a wrong cookie', '/api/v1/session', { headers: { cookie: `engawa_session=${marker('cookie')}` } });
  const file = join(engawa.dataFolder, 'engawa.yaml');
  const command = (...args: string[]) =>
    new Promise<string>((resolve) => {
      const env = { ...process.env, ...environment };
      execFile(process.execPath, [entry, ...args], { env, timeout: 120_000 }, (_failed, out, err) =>
        resolve(out + err),
      );
    });
  [said['doctor'], said['keys']] = await Promise.all([
    command('doctor', '--running', '--config', file),
    command('keys', 'list', '--config', file),
  ]);
  t.match(said['doctor'], /public key [0-9a-f]{64}/, 'doctor tells the public key of the audit log');
  // The database goes away under it, and it does not go quietly.
  await sql(
    url.href,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'secretive' AND pid <> pg_backend_pid()",
  );
  await read('after the loss', '/api/v1/calls', key);
  await engawa.stop('SIGABRT');
  Object.assign(said, { printed: engawa.printed(), log: engawa.log() });
  t.ok(said['log']!.length > 2000, 'the log is talkative');

  for (const [what, text] of Object.entries(said)) t.notMatch(text, hidden, what);
  for (const name of readdirSync(engawa.dataFolder, { recursive: true, encoding: 'utf8' })) {
    const path = join(engawa.dataFolder, name);
    if (statSync(path).isFile()) t.notMatch(readFileSync(path, 'latin1'), hidden, `file ${name}`);
  }

  await t.test('nor when it does not start', async (t) => {
    const wrong = new URL(url);
    wrong.password = marker('wrong-password');
    const tries: [string, Record<string, string>, object][] = [
      ['a wrong password of the database', { ENGAWA_DATABASE_URL: wrong.href }, {}],
      ['no database there', { ENGAWA_DATABASE_URL: `postgres://u:${marker('gone')}@127.0.0.1:9/x` }, {}],
      ['a vault key that is none', { ENGAWA_VAULT_KEY: marker('vault') }, {}],
      [
        'no Redis there',
        { ENGAWA_REDIS_URL: `redis://u:${marker('redis')}@127.0.0.1:9/0` },
        { liveState: { kind: 'redis' } },
      ],
      [
        'a secret in the configuration',
        {},
        { lookups: [{ ...config.lookups[0], url: `http://u:${marker('in-url')}@127.0.0.1/` }] },
      ],
    ];
    await Promise.all(
      tries.map(async ([what, more, change], at) => {
        const wrongFile = `${file}.wrong-${at}.yaml`;
        writeFileSync(wrongFile, stringify({ ...parse(readFileSync(file, 'utf8')), ...change }));
        const printed = await startsNot(wrongFile, { ...environment, ...more });
        t.ok(printed.length > 10, `${what}: it says something`);
        t.notMatch(printed, hidden, what);
      }),
    );
  });
});

/** What the program prints that cannot start. */
async function startsNot(file: string, environment: Record<string, string>): Promise<string> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [entry, 'start', '--config', file], { env });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const giveUp = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(giveUp);
  if (code === 0) throw new Error(`it started and ended well: ${printed}`);
  return printed;
}
