// drachtio-server and FreeSWITCH, started as an installation starts them: by start.sh in config/drachtio and
// config/freeswitch, each on loopback with free ports. Neither is packaged by Debian or npm, so their programs are named by
// ENGAWA_TEST_DRACHTIO_BIN and ENGAWA_TEST_FREESWITCH_BIN; without them these tests are skipped and say so.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../src/shared/paths.ts';
import { eventually } from '../eventually.ts';
import { freeTcpPort } from '../live/redis.ts';
import { endsWithUs } from './child-processes.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export { freeTcpPort };

export const drachtioBin = process.env['ENGAWA_TEST_DRACHTIO_BIN'];
export const freeswitchBin = process.env['ENGAWA_TEST_FREESWITCH_BIN'];

/** Why such tests are skipped; false when they run. */
export const withoutServer = (bin: string | undefined, variable: string): string | false =>
  bin && existsSync(bin) ? false : `set ${variable} to the program`;

export interface StartedServer {
  child: ChildProcess;
  /** What it printed and logged so far. */
  printed(): string;
  stop(): Promise<void>;
}

export interface StartedDrachtio extends StartedServer {
  control: { host: string; port: number; secret: string };
  sipPort: number;
  controlSipPort: number;
  webSocketPort: number;
}

export interface StartedFreeswitch extends StartedServer {
  eventSocket: { host: string; port: number; password: string };
  sipPort: number;
}

const secret = 'a-secret-for-this-test-0123456789';

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function start(
  t: Teardown,
  script: string,
  environment: Record<string, string>,
  ports: number[],
  logFile?: string,
): Promise<StartedServer> {
  const child = spawn(...endsWithUs(join(projectRoot, script)), {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stdout!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    const slow = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(slow);
  };
  t.teardown(stop);
  const all = () => printed + (logFile && existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const listens = async () => child.exitCode !== null || (await Promise.all(ports.map(accepts))).every(Boolean);
  try {
    await eventually(`${script} listens`, listens, { withinMs: 60_000, everyMs: 200 });
    if (child.exitCode !== null) throw new Error(`${script} ended with ${child.exitCode}:\n${all()}`);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { child, printed: all, stop };
}

/** Between our looking for free ports and its binding one may have gone to somebody else. */
async function twice<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch {
    return start();
  }
}

export function startDrachtio(t: Teardown, more: Record<string, string> = {}): Promise<StartedDrachtio> {
  return twice(() => tryDrachtio(t, more));
}

export function startFreeswitch(t: Teardown, more: Record<string, string> = {}): Promise<StartedFreeswitch> {
  return twice(() => tryFreeswitch(t, more));
}

async function tryDrachtio(t: Teardown, more: Record<string, string>): Promise<StartedDrachtio> {
  const [sipPort, port, controlSipPort, webSocketPort] = await freePorts(4);
  const server = await start(
    t,
    'config/drachtio/start.sh',
    {
      DRACHTIO: drachtioBin!,
      ENGAWA_DRACHTIO_SECRET: secret,
      SIP_IP: '127.0.0.1',
      SIP_PORT: String(sipPort),
      CONTROL_PORT: String(port),
      CONTROL_SIP_PORT: String(controlSipPort),
      CONTROL_WS_PORT: String(webSocketPort),
      ...more,
    },
    [sipPort!, port!, controlSipPort!, webSocketPort!],
  );
  return {
    ...server,
    control: { host: '127.0.0.1', port: port!, secret },
    sipPort: sipPort!,
    controlSipPort: controlSipPort!,
    webSocketPort: webSocketPort!,
  };
}

async function tryFreeswitch(t: Teardown, more: Record<string, string>): Promise<StartedFreeswitch> {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-freeswitch-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [sipPort, port, rtp] = await freePorts(3);
  const at = {
    port: Number(more['FS_EVENT_SOCKET_PORT'] ?? port),
    sipPort: Number(more['FS_SIP_PORT'] ?? sipPort),
  };
  const rtpStart = Math.min(64_000, rtp! + (rtp! % 2));
  const logFile = join(folder, 'log', 'freeswitch.log');
  const server = await start(
    t,
    'config/freeswitch/start.sh',
    {
      FREESWITCH: freeswitchBin!,
      ENGAWA_FREESWITCH_SECRET: secret,
      FS_RUN_FOLDER: join(folder, 'run'),
      FS_CERTS_FOLDER: join(folder, 'certs'),
      FS_LOG_FILE: logFile,
      FS_EVENT_SOCKET_PORT: String(at.port),
      FS_SIP_PORT: String(at.sipPort),
      FS_RTP_START_PORT: String(rtpStart),
      FS_RTP_END_PORT: String(rtpStart + 198),
      ...more,
    },
    [at.sipPort, at.port],
    logFile,
  );
  return { ...server, eventSocket: { host: '127.0.0.1', port: at.port, password: secret }, sipPort: at.sipPort };
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freeTcpPort());
  return [...ports];
}
