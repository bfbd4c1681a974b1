// SIP servers that tests kill, stop and start again: processes of their own. Ours (`engawa sip-server`) always; drachtio-server when
// ENGAWA_TEST_DRACHTIO_START is the command that starts it, to which `--file FILE` with a configuration made here is added.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SipServerAddress } from '../../../src/sbc/border.ts';
import { projectRoot } from '../../../src/shared/paths.ts';
import { eventually } from '../eventually.ts';
import { freeTcpPort, freeUdpPort } from '../free-port.ts';
import { endsWithUs } from '../servers/child-processes.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface SipServerProcess {
  address: SipServerAddress;
  /** Where it takes SIP over UDP. */
  sip: { host: string; port: number };
  /** Sends it a signal; resolves once it has ended when the signal is SIGKILL or SIGTERM. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same ports. */
  start(): Promise<void>;
}

export interface ServerKind {
  name: string;
  /** Why tests with it are skipped. */
  skip: string | false;
  start(t: Teardown, options?: ServerProcessOptions): Promise<SipServerProcess>;
}

export interface ServerProcessOptions {
  /** Dials this port of ours for every INVITE and REGISTER, instead of waiting for connections that route them. */
  dialsPort?: number;
  secret?: string;
}

const host = '127.0.0.1';
const startCommand = process.env['ENGAWA_TEST_DRACHTIO_START'] ?? process.env['ENGAWA_TEST_DRACHTIO_BIN'];

export const ownServerProcess: ServerKind = {
  name: 'engawa sip-server',
  skip: false,
  start: (t, options) => launch(t, options, ownCommand),
};

export const drachtioProcess: ServerKind = {
  name: 'drachtio-server',
  skip: startCommand ? false : 'ENGAWA_TEST_DRACHTIO_START is not set to a command that starts drachtio-server',
  start: (t, options) => launch(t, options, drachtioCommand),
};

export const serverKinds = [ownServerProcess, drachtioProcess];

interface Ports {
  control: number;
  udp: number;
  ws: number;
}

type Command = (
  ports: Ports,
  folder: string,
  options: Required<Pick<ServerProcessOptions, 'secret'>> & ServerProcessOptions,
) => string[];

const ownCommand: Command = ({ control, udp, ws }, _folder, { secret, dialsPort }) => [
  ...[process.execPath, '--import', 'tsx', join(projectRoot, 'src/cli/engawa.ts'), 'sip-server'],
  ...['--control', `${host}:${control}`, '--secret', secret, '--log', 'warn'],
  ...['--sip', `udp/${host}:${udp}`, '--sip', `tcp/${host}:${udp}`, '--sip', `ws/${host}:${ws}`],
  ...(dialsPort
    ? ['invite', 'register'].flatMap((verb) => ['--request-handler', `${verb}=tcp://${host}:${dialsPort}`])
    : []),
];

const drachtioCommand: Command = ({ control, udp, ws }, folder, { secret, dialsPort }) => {
  const contacts = [`${udp};transport=udp`, `${udp};transport=tcp`, `${ws};transport=ws`];
  const handlers = (dialsPort ? ['INVITE', 'REGISTER'] : []).map(
    (method) =>
      `<request-handler sip-method="${method}" http-method="GET">tcp://${host}:${dialsPort}</request-handler>`,
  );
  const file = join(folder, 'drachtio.conf.xml');
  writeFileSync(
    file,
    `<drachtio>
  <admin port="${control}" secret="${secret}">${host}</admin>
  <request-handlers>${handlers.join('')}</request-handlers>
  <sip><contacts>${contacts.map((one) => `<contact>sip:${host}:${one}</contact>`).join('')}</contacts></sip>
  <logging>
    <file><name>${folder}/drachtio.log</name><archive>${folder}/archive</archive><size>50</size></file>
    <loglevel>${process.env['ENGAWA_TEST_DRACHTIO_LOG'] ?? 'error'}</loglevel>
  </logging>
</drachtio>
`,
  );
  return [...(startCommand ?? '').split(' ').filter(Boolean), '--file', file];
};

async function launch(t: Teardown, options: ServerProcessOptions = {}, command: Command): Promise<SipServerProcess> {
  const secret = options.secret ?? 'a-secret-of-the-tests';
  const folder = mkdtempSync(join(tmpdir(), 'engawa-sip-server-'));
  const freePorts = async (): Promise<Ports> => ({
    ...{ control: await freeTcpPort(), udp: await freeUdpPort(), ws: await freeTcpPort() },
  });
  let ports = await freePorts();
  let child: ChildProcess | undefined;
  let said = '';

  async function start(): Promise<void> {
    const [program = '', ...args] = command(ports, folder, { ...options, secret });
    const started = spawn(...endsWithUs(program, args), { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    for (const stream of [started.stdout, started.stderr])
      stream?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000);
      });
    await eventually(
      'the SIP server listens',
      () => {
        return started.exitCode !== null || listens(ports.control);
      },
      { withinMs: 30_000, everyMs: 50 },
    );
    if (started.exitCode !== null) throw new Error(`the SIP server ended with ${started.exitCode}: ${said}`);
  }

  async function signal(name: NodeJS.Signals): Promise<void> {
    const victim = child;
    if (!victim || victim.exitCode !== null || victim.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => victim.once('exit', () => resolve()));
    victim.kill(name);
    if (name === 'SIGKILL' || name === 'SIGTERM') await ended;
  }

  t.teardown(async () => {
    await signal('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  // Between our looking and its binding a port may have gone to somebody else.
  for (let tries = 3; ; tries--) {
    try {
      await start();
      break;
    } catch (thrown) {
      if (tries === 1) throw thrown;
      ports = await freePorts();
    }
  }
  return { address: { host, port: ports.control, secret }, sip: { host, port: ports.udp }, signal, start };
}

function listens(port: number): Promise<boolean> {
  const socket = connect(port, host);
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => void socket.destroy());
}
