// Real redis-server processes for tests: on loopback, in a folder of their own, gone with the test. They can be killed, stopped so that
// they hang, and started again empty or with what they had. Also a cluster of three, and a plain client to look inside.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { makeCertificate } from '../servers/certificate.ts';
import { endsWithUs } from '../servers/child-processes.ts';

interface Teardown {
  teardown(run: () => void | Promise<void>): void;
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Of the certificate, with `tls`. */
  readonly ca: string | undefined;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** It still accepts connections, and answers nothing. */
  hang(): void;
  resume(): void;
  /** On the same port, after `kill`; empty unless it was saved. */
  restart(): Promise<void>;
  /** One command by a client of its own. */
  call(command: string, ...args: string[]): Promise<unknown>;
}

export interface RedisServerOptions {
  password?: string;
  tls?: boolean;
  /** Further settings, as on the command line. */
  settings?: string[];
}

export async function freeTcpPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const hasRedis = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Why a test that needs redis-server is skipped; false when it is there, or has to be. */
export const skipWithoutRedis =
  hasRedis || process.env['REQUIRE_PEERS'] === '1' ? false : 'redis-server is not installed';

export async function startRedis(t: Teardown, options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-test-redis-'));
  const { password, tls = false } = options;
  const certificate = tls ? makeCertificate() : undefined;
  if (certificate) {
    writeFileSync(join(folder, 'cert.pem'), certificate.cert);
    writeFileSync(join(folder, 'key.pem'), certificate.key);
  }
  let running: ChildProcess | undefined;
  const port = await startSomewhere();

  async function start(at: number): Promise<boolean> {
    const listen = tls
      ? ['--port', '0', '--tls-port', String(at), '--tls-cert-file', 'cert.pem', '--tls-key-file', 'key.pem']
      : ['--port', String(at)];
    const settings = [
      ...['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--loglevel', 'warning', '--dir', folder],
      ...(tls ? ['--tls-auth-clients', 'no'] : []),
      ...(password === undefined ? [] : ['--requirepass', password]),
    ];
    const child = spawn(...endsWithUs('redis-server', [...listen, ...settings, ...(options.settings ?? [])]), {
      cwd: folder,
      stdio: 'ignore',
    });
    running = child;
    child.on('error', () => undefined);
    const answered = async () => child.exitCode !== null || (await answers(at));
    await eventually('redis-server answers', answered, { withinMs: 20_000 });
    return child.exitCode === null;
  }

  /** Somebody may take a free port before Redis does; in a cluster the port 10000 above must be free, too. */
  async function startSomewhere(): Promise<number> {
    for (let attempt = 0; attempt < 10; attempt++) {
      const at = await freeTcpPort();
      if (await start(at)) return at;
    }
    throw new Error('redis-server does not start');
  }

  function client(at: number): Redis {
    const redis = new Redis({
      host: '127.0.0.1',
      port: at,
      lazyConnect: true,
      retryStrategy: () => null,
      protocol: 2,
      disableClientInfo: true,
      ...(password === undefined ? {} : { password }),
      ...(certificate ? { tls: { ca: certificate.cert } } : {}),
    });
    redis.on('error', () => undefined);
    return redis;
  }

  async function answers(at: number): Promise<boolean> {
    const redis = client(at);
    try {
      await redis.connect();
      return (await redis.ping()) === 'PONG';
    } catch {
      return false; // Not yet.
    } finally {
      redis.disconnect();
    }
  }

  async function kill(): Promise<void> {
    const child = running;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  t.teardown(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const scheme = tls ? 'rediss' : 'redis';
  return {
    url: `${scheme}://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    port,
    ca: certificate?.cert,
    kill,
    hang: () => void running?.kill('SIGSTOP'),
    resume: () => void running?.kill('SIGCONT'),
    async restart() {
      await kill();
      if (!(await start(port))) throw new Error('redis-server does not start again');
    },
    async call(command, ...args) {
      const redis = client(port);
      try {
        await redis.connect();
        return await redis.call(command, ...args);
      } finally {
        redis.disconnect();
      }
    },
  };
}

/** Three masters that share the slots between them. */
export async function startRedisCluster(t: Teardown): Promise<RedisServer[]> {
  const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
  const servers = await Promise.all([1, 2, 3].map(() => startRedis(t, { settings })));
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], {
    stdio: 'ignore',
    timeout: 60_000,
  });
  for (const server of servers) {
    const ready = async () => String(await server.call('CLUSTER', 'INFO')).includes('cluster_state:ok');
    await eventually('the cluster is whole', ready, { withinMs: 30_000 });
  }
  return servers;
}
