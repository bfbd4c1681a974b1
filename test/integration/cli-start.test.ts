// The commands as an operator types them, as real processes: an installation from nothing to a sign-in over TLS, and what
// they say when something is wrong.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { projectRoot } from '../../src/shared/paths.ts';
import { eventually } from '../support/eventually.ts';
import { freeTcpPort } from '../support/free-port.ts';
import { makeCertificate } from '../support/servers/certificate.ts';

interface Ran {
  child: ChildProcess;
  out: () => string;
  code: Promise<number | null>;
}

function engawa(...args: string[]): Ran {
  const command = ['--import', import.meta.resolve('tsx'), join(projectRoot, 'src/cli/engawa.ts'), ...args];
  const child = spawn(process.execPath, command, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  return { child, out: () => printed, code: once(child, 'close').then(([code]) => code as number | null) };
}

async function ended(...args: string[]): Promise<{ code: number | null; out: string }> {
  const ran = engawa(...args);
  const code = await ran.code;
  return { code, out: ran.out() };
}

/** POST by TLS with the certificate checked; fetch cannot be told one. */
function post(url: string, ca: string, path: string, body: object): Promise<{ status: number; cookie: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request(new URL(path, url), { method: 'POST', ca, headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, cookie: response.headers['set-cookie']?.[0] ?? '' });
    })
      .on('error', reject)
      .end(JSON.stringify(body));
  });
}

const signIn = (url: string, ca: string, login: string, password: string) =>
  post(url, ca, '/api/v1/session', { login, password });

t.setTimeout(300_000);
const folder = t.testdir();
const file = join(folder, 'engawa.yaml');
const { cert, key } = makeCertificate();
writeFileSync(join(folder, 'cert.pem'), cert);
writeFileSync(join(folder, 'key.pem'), key);
const config = (over: Record<string, unknown> = {}) => ({
  dataFolder: join(folder, 'data'),
  http: { port: 0, tls: { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') } },
  sip: { kind: 'embedded', listen: ['udp/127.0.0.1:0'] },
  queues: ['general', 'contracts'].map((name) => ({ name, label: { ja: name, en: name } })),
  ...over,
});
const write = (content: unknown) => writeFileSync(file, stringify(content));
t.teardown(() => rmSync(join(folder, 'data'), { recursive: true, force: true, maxRetries: 5 }));

t.test(
  'an installation: key, first administrator, doctor, start over TLS, sign-in, Ctrl-C',
  { timeout: 300_000 },
  async (t) => {
    const made = await ended('recording', 'keygen', '--out', join(folder, 'identity.txt'));
    const recipient = /age1[a-z0-9]+/.exec(made.out)?.[0] ?? '';
    write(config({ recording: { recipients: [recipient] } }));

    const added = await ended('user', 'add', 'maria', '--config', file);
    t.equal(added.code, 0, added.out);
    const token = /#invitation=([\w-]{43})$/m.exec(added.out)?.[1] ?? '';
    const password = 'four swallows under the eaves';

    const doctor = await ended('doctor', '--config', file);
    t.equal(doctor.code, 0, doctor.out);
    t.match(doctor.out, 'runs out in 0 days');

    const program = engawa('start', '--config', file);
    t.teardown(() => program.child.kill('SIGKILL'));
    const url = await eventually('it says where it is', () => /^Open (https:\S+)$/m.exec(program.out())?.[1], {
      withinMs: 60_000,
    });
    t.equal((await signIn(url, cert, 'maria', '')).status, 400);
    t.equal((await signIn(url, cert, 'maria', 'none')).status, 401, 'who was invited has no password yet');
    const accepted = await post(url, cert, '/api/v1/invitation/acceptance', { token, password });
    t.equal(accepted.status, 202, 'an administrator needs a second factor');
    t.match(accepted.cookie, /^__Host-engawa_half_open=[^;]+;(?=.*; Path=\/(;|$))(?=.*; Secure)(?!.*Domain)/);
    const again = await post(url, cert, '/api/v1/invitation/acceptance', { token, password: `${password} twice` });
    t.equal(again.status, 404, 'a link works once');
    t.equal((await signIn(url, cert, 'maria', password)).status, 202);

    const listed = await ended('user', 'list', '--config', file);
    t.match(listed.out, /^maria +administrator/m, 'while the program runs');

    const second = await ended('start', '--config', file);
    t.equal(second.code, 1);
    t.match(second.out, `Engawa runs on ${join(folder, 'data')} already (process ${program.child.pid}).`);
    t.equal((await signIn(url, cert, 'maria', password)).status, 202, 'the first one did not notice');

    program.child.kill('SIGINT');
    t.equal(await program.code, 0);
    t.match(program.out(), 'Closed.');
    t.notOk(existsSync(join(folder, 'data/engawa.pid')));
    const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(folder));
    t.strictSame(left.map(commandOf), [], 'no process is left');
  },
);

t.test(
  'asked to stop while it starts, it stops: at no moment is it waited for long',
  { timeout: 300_000 },
  async (t) => {
    const recording = { recipients: ['age1utgrxtllcja8qezruay2nlhc48kznqmfz64zafzls0lwh586yqrq63cemu'] };
    process.env['ENGAWA_TEST_SIP_SECRET'] = 'a-secret';
    t.teardown(() => delete process.env['ENGAWA_TEST_SIP_SECRET']);
    // Nobody listens there: it is tried for ten seconds before the start fails.
    const servers = [{ host: '127.0.0.1', port: await freeTcpPort(), secret: 'env:ENGAWA_TEST_SIP_SECRET' }];
    write(config({ recording, sip: { kind: 'drachtio', servers }, log: { level: 'debug' } }));
    const moments = [
      /starting the embedded PostgreSQL/,
      /database migrated|media engine up/,
      /the SIP server cannot be reached/,
    ];
    for (const moment of moments) {
      rmSync(join(folder, 'data'), { recursive: true, force: true, maxRetries: 5 });
      const program = engawa('start', '--config', file);
      t.teardown(() => program.child.kill('SIGKILL'));
      await eventually(`it says ${moment}`, () => moment.test(program.out()), { withinMs: 60_000, everyMs: 5 });
      const askedAt = Date.now();
      program.child.kill('SIGTERM');
      t.equal(await program.code, 0, program.out());
      t.match(program.out(), 'SIGTERM: stopped before it had started.');
      t.ok(Date.now() - askedAt < 15_000, `${moment}: ended after ${Date.now() - askedAt} ms`);
      t.notOk(existsSync(join(folder, 'data/engawa.pid')));
      const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(folder));
      t.strictSame(left.map(commandOf), [], 'no process is left');
    }
  },
);

t.test('what is wrong is a sentence and exit code 1', { timeout: 300_000 }, async (t) => {
  const recording = { recipients: ['age1utgrxtllcja8qezruay2nlhc48kznqmfz64zafzls0lwh586yqrq63cemu'] };
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.teardown(() => holder.close());
  const { port } = holder.address() as { port: number };
  const cases: [string, unknown, RegExp][] = [
    ['a wrong type', { queues: 3 }, /^\S+engawa\.yaml:1:9: .?queues.? must be a list/m],
    ['an unknown key', { quueues: [] }, /did you mean .queues.\?/],
    ['beyond loopback without TLS', { http: { host: '0.0.0.0' }, recording }, /http\.tls needs certFile and keyFile/],
    [
      'a certificate that is not there',
      config({ recording, http: { tls: { certFile: '/no.pem', keyFile: '/no.key' } } }),
      /^\/no\.pem is not there\.$/m,
    ],
    ['a port that is taken', config({ recording, http: { port } }), new RegExp(`^127.0.0.1:${port} is taken`, 'm')],
    ['a data folder that cannot be', config({ recording, dataFolder: '/dev/null/data' }), /^\/dev\/null\S* .*folder/m],
  ];
  for (const [what, content, sentence] of cases) {
    write(content);
    const { code, out } = await ended('start', '--config', file);
    t.equal(code, 1, what);
    t.match(out, sentence, what);
    t.notMatch(out, /^ {4}at /m, 'no stack trace');
  }
  const missing = await ended('start', '--config', join(folder, 'nowhere.yaml'));
  t.equal(missing.code, 1);
  t.match(missing.out, 'nowhere.yaml cannot be read');
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
