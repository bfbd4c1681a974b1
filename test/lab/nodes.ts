// The company of the lab: PostgreSQL and Redis at a site of their own, and nodes of the built program that share them, each at its site, with
// one certificate for all, a queue, agents and a flow that asks nothing.

import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { silentLogger } from '../../src/shared/logger.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { startEmbeddedCluster } from '../../src/store/embedded/cluster.ts';
import { eventually } from '../support/eventually.ts';
import type { Site } from './sites.ts';

export const dialled = '+81310001111';
const engawa = join(projectRoot, 'dist/src/cli/engawa.js');
const ports = { postgres: 5432, redis: 6379, page: 8443, sip: 5060, control: 9022 };

/** As `engawa.service` has it. */
const startAgainMs = 2_000;
const startsWithinMs = 120_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export interface Company {
  folder: string;
  ca: string;
  environment: Record<string, string>;
  data: Site;
  carrier: Site;
  /** URL of the database as it is outside the namespaces. */
  direct: string;
  /** Starts Redis (again), empty unless it had time to save. */
  startRedis(): Promise<ChildProcess>;
  agents: { login: string; password: string }[];
  close(): Promise<void>;
}

export interface LabNode {
  readonly name: string;
  readonly site: Site;
  readonly url: string;
  readonly sip: { host: string; port: number };
  readonly up: boolean;
  start(): Promise<void>;
  /** SIGKILL unless told. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Process ids of its media engines. */
  engines(): number[];
}

/** Prepares everything that lasts. PostgreSQL runs outside the namespaces; the data site reaches it by its Unix socket. */
export async function openCompany(needs: {
  folder: string;
  data: Site;
  carrier: Site;
  nodes: Site[];
  agents: number;
}): Promise<Company> {
  const { folder, data, carrier } = needs;
  mkdirSync(join(folder, 'flows'), { recursive: true });
  // The server's own account must be able to make its socket there.
  const sockets = join('/tmp', `engawa-lab-${process.pid}`);
  mkdirSync(sockets, { mode: 0o777 });
  spawnSync('chmod', ['777', sockets]);
  const settings = { unix_socket_directories: sockets, max_connections: '200' };
  const cluster = await startEmbeddedCluster({ folder: join(folder, 'postgres'), log: silentLogger, settings });
  const url = new URL(cluster.url);
  const socket = join(sockets, `.s.PGSQL.${url.port}`);
  data.run('socat', [`TCP-LISTEN:${ports.postgres},bind=${data.address},fork,reuseaddr`, `UNIX-CONNECT:${socket}`]);
  url.host = `${data.address}:${ports.postgres}`;
  const ca = certificateFor(
    folder,
    needs.nodes.map(({ address }) => address),
  );
  const environment = {
    ENGAWA_DATABASE_URL: url.href,
    ENGAWA_VAULT_KEY: '5a'.repeat(32),
    ENGAWA_REDIS_URL: `redis://${data.address}:${ports.redis}`,
    ENGAWA_SIP_SECRET: 'the-lab-is-no-secret-to-anybody',
    NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem'),
  };
  execFileSync('age-keygen', ['-o', join(folder, 'identity.txt')], { stdio: 'ignore' });
  writeFlow(folder);

  const company: Company = {
    folder,
    ca,
    environment,
    data,
    carrier,
    direct: cluster.url,
    agents: [],
    async startRedis() {
      const redis = data.run('redis-server', [
        ...['--bind', data.address, '--port', String(ports.redis), '--protected-mode', 'no', '--save', ''],
      ]);
      let said = '';
      redis.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await eventually('Redis is ready', () => said.includes('Ready to accept connections'));
      return redis;
    },
    close: async () => {
      await cluster.stop();
    },
  };
  // The commands run outside the namespaces, so they reach PostgreSQL as it is there.
  const outside = { ...process.env, ...environment, ENGAWA_DATABASE_URL: company.direct };
  const file = writeConfig(company, { name: 'setup', address: '127.0.0.1' }, false);
  for (let agent = 1; agent <= needs.agents; agent++) {
    const one = { login: `agent${agent}`, password: `a long password of agent ${agent}` };
    const args = ['user', 'add', one.login, '--config', file, '--role', 'agent', '--place', 'home'];
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [engawa, ...args, '--clearance', 'sensitive', '--queues', 'general', '--password-stdin'],
      { env: outside, input: `${one.password}\n`, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`engawa user add: ${stdout}${stderr}`);
    company.agents.push(one);
  }
  return company;
}

/** `endedAlone`: it ran, and ended without being killed. */
export function createNode(company: Company, site: Site, endedAlone: () => void): LabNode {
  const file = writeConfig(company, site, true);
  let child: ChildProcess | undefined;
  let isReady = false;
  let printed = '';

  /** False: it ended by itself before it was ready. */
  async function launch(): Promise<boolean> {
    printed = '';
    const log = createWriteStream(join(company.folder, `${site.name}.log`), { flags: 'a' });
    const started = site.run(process.execPath, [engawa, 'start', '--config', file], { env: company.environment });
    child = started;
    for (const stream of [started.stdout, started.stderr])
      stream?.on('data', (chunk: Buffer) => {
        log.write(chunk);
        if (printed.length < 100_000) printed += chunk.toString();
      });
    const ready = () => printed.includes('Ctrl-C ends it') || printed.includes('Open https://');
    const ended = () => started.exitCode !== null || started.signalCode !== null;
    await eventually(`${site.name} says where it is`, () => ready() || ended(), { withinMs: startsWithinMs });
    isReady = !ended();
    started.once('exit', () => {
      if (isReady) endedAlone();
      isReady = false;
    });
    return isReady;
  }

  return {
    name: site.name,
    site,
    url: `https://${site.address}:${ports.page}`,
    sip: { host: site.address, port: ports.sip },
    get up() {
      return isReady;
    },
    /** Started again until it runs, as systemd does: while Redis is away a node does not begin. */
    async start() {
      const until = Date.now() + startsWithinMs;
      while (!(await launch())) {
        if (Date.now() > until) throw new Error(`${site.name} did not start:\n${printed}`);
        await pause(startAgainMs);
      }
    },
    async stop(signal = 'SIGKILL') {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const over = new Promise((resolve) => child?.once('exit', resolve));
      isReady = false;
      // `ip netns exec` has become the program itself: the signal reaches it.
      child.kill(signal);
      await over;
    },
    engines() {
      const { stdout } = spawnSync('pgrep', ['-P', String(child?.pid ?? 0), '-f', 'engine'], { encoding: 'utf8' });
      return stdout.split('\n').filter(Boolean).map(Number);
    },
  };
}

function writeConfig(company: Company, site: { name: string; address: string }, needsRedis: boolean): string {
  const { folder } = company;
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  const identity = readFileSync(join(folder, 'identity.txt'), 'utf8');
  const recipient = /public key: (age1\S+)/.exec(identity)?.[1];
  const config = {
    dataFolder: join(folder, site.name),
    company: {
      name: 'Lab',
      numbers: [{ number: dialled, label: { ja: '試験', en: 'Lab' }, flow: 'straight' }],
    },
    flows: { folder: join(folder, 'flows'), reasons: join(projectRoot, 'config/reasons.yaml') },
    http: { host: site.address, port: ports.page, tls },
    sip: {
      kind: 'embedded',
      listen: [`udp/${site.address}:${ports.sip}`],
      control: { listen: `${site.address}:${ports.control}`, secret: 'env:ENGAWA_SIP_SECRET' },
    },
    media: { kind: 'embedded', address: site.address, engines: 2, mediaTimeoutSeconds: 10 },
    database: { kind: 'postgres' },
    ...(needsRedis ? { liveState: { kind: 'redis' }, cluster: { name: site.name } } : {}),
    recording: { recipients: [recipient], folder: join(folder, 'recordings') },
    queues: [{ name: 'general', label: { ja: '一般', en: 'General' }, ringTimeoutSeconds: 8, afterCallWorkSeconds: 2 }],
    trunks: [{ name: 'carrier', addresses: [company.carrier.address], formIn: 'national', optionsIntervalSeconds: 0 }],
    calls: { drainSeconds: 60, reattachSeconds: 10 },
    // Its agents are programs, and have a password only.
    signIn: { secondFactor: { outsideCentre: false } },
    log: { level: 'debug' },
  };
  const file = join(folder, `${site.name}.yaml`);
  writeFileSync(file, stringify(config));
  return file;
}

function writeFlow(folder: string): void {
  const flow = {
    flow: 'straight',
    language: 'ja',
    start: 'why',
    nodes: {
      why: { reason: 'product-question', next: 'wait' },
      wait: { queue: 'general', 'timeout-seconds': 600, 'on-timeout': 'bye' },
      bye: { 'hang-up': { ja: 'はい。', en: 'Yes.' } },
    },
  };
  writeFileSync(join(folder, 'flows', 'straight.yaml'), stringify(flow));
}

/** A self-signed certificate that is good for every node. */
function certificateFor(folder: string, addresses: string[]): string {
  const names = ['127.0.0.1', ...addresses].map((address) => `IP:${address}`).join(',');
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=engawa-lab', '-addext', `subjectAltName=${names}`];
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...files], { stdio: 'ignore' });
  return readFileSync(join(folder, 'cert.pem'), 'utf8');
}
