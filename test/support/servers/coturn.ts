// coturn, started as an installation starts it: by config/coturn/start.sh with turnserver.conf beside it. On loopback, the
// media server's address (127.0.0.1 unless told) is the only peer that it may relay to.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTurnClient } from '../../../src/cli/doctor/turn-client.ts';
import { projectRoot } from '../../../src/shared/paths.ts';
import { eventually } from '../eventually.ts';
import { freeTcpPort, freeUdpPort } from '../free-port.ts';
import { endsWithUs } from './child-processes.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface RunningCoturn {
  host: string;
  port: number;
  /** Only when a certificate was given. */
  tlsPort: number;
  secret: string;
  urls: string[];
  /** Its command line; only when `control` was asked for. */
  controlPort: number;
  /** What it printed so far. */
  printed(): string;
}

interface CoturnOptions {
  peers?: string;
  /** Which address those that it relays to see; 127.0.0.1 unless told. */
  relayAddress?: string;
  certificate?: { cert: string; key: string };
  /** With its command line on loopback. */
  control?: boolean;
}

const attempts = 3;

/** coturn cannot be told port 0, and waits in silence while another program has its port: then it gets another one. */
export async function startCoturn(t: Teardown, options: CoturnOptions = {}): Promise<RunningCoturn> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryStart(t, options);
    } catch (thrown) {
      if (attempt === attempts) throw thrown;
    }
  }
}

async function tryStart(t: Teardown, options: CoturnOptions): Promise<RunningCoturn> {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-coturn-'));
  const secret = 'a secret for one test of the TURN server';
  const [port, tlsPort] = [await freeUdpPort(), await freeUdpPort()];
  const controlPort = await freeTcpPort();
  const { certificate } = options;
  const tls: Record<string, string> = {};
  if (certificate) {
    for (const [name, text] of [
      ['TURN_CERT_FILE', certificate.cert],
      ['TURN_KEY_FILE', certificate.key],
    ] as const) {
      tls[name] = join(folder, name);
      writeFileSync(tls[name]!, text);
    }
  }
  const child = spawn(...endsWithUs(join(projectRoot, 'config/coturn/start.sh')), {
    env: {
      PATH: process.env['PATH'],
      ENGAWA_TURN_SECRET: secret,
      TURN_MEDIA_PEERS: options.peers ?? '127.0.0.1',
      TURN_LISTENING_IP: '127.0.0.1',
      ...(options.relayAddress ? { TURN_RELAY_IP: options.relayAddress } : {}),
      TURN_PORT: String(port),
      TURN_TLS_PORT: String(tlsPort),
      TURN_RUN_FOLDER: folder,
      ...(options.control ? { TURN_CONTROL_IP: '127.0.0.1', TURN_CONTROL_PORT: String(controlPort) } : {}),
      ...tls,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  await eventually(
    'coturn answers',
    async () => {
      if (child.exitCode !== null) throw new Error(`coturn ended with ${child.exitCode}:\n${printed}`);
      const client = await openTurnClient({
        server: { host: '127.0.0.1', port, transport: 'udp' },
        username: '1:nobody',
        credential: 'wrong',
        timeoutMs: 1000,
      });
      const answer = await client.allocate();
      client.close();
      return answer.kind === 'refused';
    },
    { withinMs: 20_000, everyMs: 200 },
  ).catch((thrown: Error) => {
    child.kill('SIGKILL');
    throw new Error(`${thrown.message}:\n${printed}`, { cause: thrown });
  });
  return {
    host: '127.0.0.1',
    port,
    tlsPort,
    controlPort,
    secret,
    urls: [`turn:127.0.0.1:${port}?transport=udp`],
    printed: () => printed,
  };
}
