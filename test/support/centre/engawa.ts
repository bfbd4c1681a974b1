// The whole program as its users start it: a process of its own, from the build, with a data folder of its own and free ports.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { projectRoot } from '../../../src/shared/paths.ts';
import { eventually } from '../eventually.ts';
import { endsWithUs } from '../servers/child-processes.ts';
import { onRunningServers } from '../servers/running-servers.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface RunningEngawa {
  url: string;
  port: number;
  sip: { host: string; port: number };
  numbers: string[];
  people: { login: string; role: string; place: string; password: string }[];
  apiKey: string;
  dataFolder: string;
  /** What it printed so far. */
  printed(): string;
  /** Its log file so far. */
  log(): string;
  /** REST with the demo's API key; rejects unless the status is 2xx. */
  get<T>(path: string): Promise<T>;
  passwordOf(login: string): string;
  /** GET as a person who signs in for it and proves to be there; the bytes. */
  getAs(login: string, path: string): Promise<Buffer>;
  /** POST without a body, with the demo's API key or as a person who signs in for it; rejects unless 2xx. */
  post(path: string, login?: string): Promise<void>;
  /** Sends the signal and waits for the end; the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  readonly child: ChildProcess;
}

export interface EngawaOptions {
  /** Sections that replace those of config/demo.yaml. */
  config?: Record<string, unknown>;
  /** Reuses a data folder of an earlier start. */
  dataFolder?: string;
  startSeconds?: number;
  /** Environment variables besides those of the tests. */
  environment?: Record<string, string>;
}

const queue = (name: string, ja: string, en: string) => ({
  name,
  label: { ja, en },
  ringTimeoutSeconds: 12,
  afterCallWorkSeconds: 5,
});

function demoConfig(dataFolder: string): Record<string, unknown> {
  return {
    demo: true,
    dataFolder,
    company: {
      name: 'Test',
      numbers: [
        { number: '0120000111', label: { ja: 'フリーダイヤル', en: 'Toll-free' }, flow: 'main' },
        { number: '+81310001111', label: { ja: '東京', en: 'Tokyo' }, flow: 'tokyo' },
      ],
    },
    http: { port: 0 },
    sip: { kind: 'embedded', listen: ['udp/127.0.0.1:0', 'tcp/127.0.0.1:0'] },
    queues: [queue('general', '一般のお問い合わせ', 'General questions'), queue('contracts', 'ご契約', 'Contracts')],
    dialling: { numbersAllowed: ['agent', 'supervisor'], reason: 'product-question' },
    calls: { drainSeconds: 2, outboundAfterCallWorkSeconds: 5 },
    log: { level: 'debug' },
  };
}

/**
 * Lets through fewer requests of one key than the API takes in a minute (600): a test that asks again and again for half a minute
 * would otherwise be refused, and see nothing happen any more. The sooner a machine answers, the sooner that comes.
 */
function createPace(): () => Promise<void> {
  const [atOnce, perSecond] = [100, 8];
  let left = atOnce;
  let filledAt = Date.now();
  return async () => {
    const now = Date.now();
    left = Math.min(atOnce, left + ((now - filledAt) / 1000) * perSecond) - 1;
    filledAt = now;
    if (left < 0) await new Promise((resolve) => setTimeout(resolve, (-left / perSecond) * 1000));
  };
}

export async function startEngawa(t: Teardown, options: EngawaOptions = {}): Promise<RunningEngawa> {
  const main = join(projectRoot, 'dist/src/cli/engawa.js');
  if (!existsSync(main)) throw new Error('dist/ is not there: run npm run build first');
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'engawa-e2e-'));
  const file = join(dataFolder, 'engawa.yaml');
  const servers = onRunningServers();
  const config = { ...demoConfig(dataFolder), ...servers.config, ...options.config };
  writeFileSync(file, stringify(config, { aliasDuplicateObjects: false }));
  const child = spawn(...endsWithUs(process.execPath, [main, 'start', '--config', file]), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...servers.environment, ...options.environment },
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.teardown(async () => {
    child.kill('SIGTERM');
    const slow = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(slow);
    if (!options.dataFolder) rmSync(dataFolder, { recursive: true, force: true });
  });

  await eventually(
    'Engawa says where it is',
    () => {
      if (child.exitCode !== null) throw new Error(`Engawa ended with ${child.exitCode}:\n${printed}`);
      return printed.includes('Ctrl-C ends it');
    },
    { withinMs: (options.startSeconds ?? 90) * 1000 },
  );
  const demo = JSON.parse(readFileSync(join(dataFolder, 'demo.json'), 'utf8'));
  const [host = '127.0.0.1', port = '0'] = demo.sip.udp.split(':');
  const passwordOf = (login: string) =>
    demo.people.find((person: { login: string }) => person.login === login).password as string;
  async function signIn(login: string): Promise<{ headers: Record<string, string> }> {
    const signedIn = await fetch(new URL('/api/v1/session', demo.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password: passwordOf(login) }),
    });
    const { csrfToken } = (await signedIn.json()) as { csrfToken: string };
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    return { headers: { cookie, 'x-csrf-token': csrfToken } };
  }
  const pace = createPace();
  return {
    url: demo.url,
    port: Number(new URL(demo.url).port),
    sip: { host, port: Number(port) },
    numbers: demo.numbers,
    people: demo.people,
    apiKey: demo.apiKey,
    dataFolder,
    printed: () => printed,
    log: () => readFileSync(join(dataFolder, 'engawa.log'), 'utf8'),
    async get<T>(path: string) {
      await pace();
      const response = await fetch(new URL(path, demo.url), { headers: { authorization: `Bearer ${demo.apiKey}` } });
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    async getAs(login, path) {
      const { headers } = await signIn(login);
      // What is heard or taken out wants a proof, and a purpose.
      await fetch(new URL('/api/v1/session/step-up', demo.url), {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ password: passwordOf(login) }),
      });
      const response = await fetch(new URL(path, demo.url), { headers: { ...headers, 'x-purpose': 'test' } });
      if (!response.ok) throw new Error(`GET ${path} as ${login}: ${response.status} ${await response.text()}`);
      return Buffer.from(await response.arrayBuffer());
    },
    async post(path, login) {
      const headers = login ? (await signIn(login)).headers : { authorization: `Bearer ${demo.apiKey}` };
      const response = await fetch(new URL(path, demo.url), { method: 'POST', headers });
      if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    },
    passwordOf,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
    child,
  };
}
