// Calls per second and CPU per call of a SIP server together with a minimal drachtio-srf application, sipp on both sides.
// Against our own server always; against drachtio-server when ENGAWA_BENCH_DRACHTIO=host:port:secret and
// ENGAWA_BENCH_DRACHTIO_SIP=host:port (UDP) say where it is. It must run on this machine: its CPU is read from /proc.
//
// A load counts when every call ended well and fewer than 1 % of the messages had to be repeated.

import { createSocket } from 'node:dgram';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type BenchContext, type Figure, notMeasured, Repeats, ratio } from './figures.ts';
import { cannotOpen } from './preflight.ts';
import { type Child, cpuMsOf, pidListening, runProgram, startChild } from './processes.ts';

interface Target {
  label: string;
  control: { host: string; port: number; secret: string };
  sip: { host: string; port: number };
  pid: number;
  stop(): Promise<void>;
}

const loads = [
  { mode: 'uas', rate: 100 },
  { mode: 'uas', rate: 300 },
  { mode: 'uas', rate: 700 },
  { mode: 'b2bua', rate: 100 },
  { mode: 'b2bua', rate: 300 },
] as const;
type Load = (typeof loads)[number];

// Node.js compiles what runs often, which takes thousands of calls; a server runs for weeks. Uncounted, for each side of each load.
const warmUp = { rate: 300, seconds: 15 };

/** Of the peer's CPU per call, server and application together. */
const aim = 0.7;

const secret = 'bench';

async function ourServer(): Promise<Target> {
  type Listening = { control: { host: string; port: number }; sip: { host: string; port: number } };
  const { child, ready } = await startChild<Listening>('sip-server-process.ts', { start: { secret } });
  return {
    label: 'engawa',
    control: { ...ready.control, secret },
    sip: ready.sip,
    pid: child.pid,
    stop: () => child.stop(),
  };
}

function drachtioServer(): Target | string {
  const control = process.env['ENGAWA_BENCH_DRACHTIO'];
  const sip = process.env['ENGAWA_BENCH_DRACHTIO_SIP'];
  if (!control || !sip)
    return 'ENGAWA_BENCH_DRACHTIO=host:port:secret and ENGAWA_BENCH_DRACHTIO_SIP=host:port are not set';
  const [host, port, ...password] = control.split(':');
  const [sipHost, sipPort] = sip.split(':');
  const pid = Number(process.env['ENGAWA_BENCH_DRACHTIO_PID'] ?? pidListening(Number(port)));
  if (!pid) return `no process of this machine is seen listening on port ${port}; set ENGAWA_BENCH_DRACHTIO_PID`;
  return {
    label: 'drachtio-server',
    control: { host: host!, port: Number(port), secret: password.join(':') },
    sip: { host: sipHost!, port: Number(sipPort ?? 5060) },
    pid,
    stop: async () => {},
  };
}

/** A UDP port that was free a moment ago: sipp cannot say which it took. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

interface SippResult {
  good: number;
  failed: number;
  repeated: number;
  seconds: number;
}

/** Calls `to` at a rate, holding each call for 500 ms. */
async function callWithSipp(to: Target['sip'], rate: number, seconds: number): Promise<SippResult> {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-bench-'));
  const calls = Math.round(rate * seconds);
  const port = await freePort();
  const statistics = join(folder, 'statistics.csv');
  const args = ['-sn', 'uac', `${to.host}:${to.port}`, '-i', '127.0.0.1', '-p', String(port), '-r', String(rate)];
  args.push('-m', String(calls), '-d', '500', '-nostdin', '-l', String(rate * 5), '-timeout', `${seconds + 40}s`);
  args.push('-trace_stat', '-stf', statistics, '-fd', '1');
  try {
    const startedAt = performance.now();
    const exit = await runProgram('sipp', args, (seconds + 60) * 1000);
    const took = (performance.now() - startedAt) / 1000;
    if (!readdirSync(folder).includes('statistics.csv')) {
      throw new Error(`sipp wrote no statistics (exit ${exit.code}): ${exit.output.slice(-300)}`);
    }
    const [head, ...rows] = readFileSync(statistics, 'utf8').trim().split('\n');
    const last = rows.at(-1)?.split(';') ?? [];
    const column = (name: string) => Number(last[head!.split(';').indexOf(name)] ?? 0);
    return {
      good: column('SuccessfulCall(C)'),
      failed: column('FailedCall(C)') + calls - column('TotalCallCreated'),
      repeated: column('Retransmissions(C)'),
      seconds: took,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** sipp as the far end of the B2BUA, until `stop`. */
async function farEnd(): Promise<{ address: string; stop(): Promise<void> }> {
  const { child, ready } = await startChild<{ port: number }>('sipp-answering.ts', {
    start: { port: await freePort() },
  });
  return { address: `127.0.0.1:${ready.port}`, stop: () => child.stop() };
}

interface Side {
  target: Target;
  name: string;
  application: Child;
  repeats: Repeats;
}

async function prepareSide(target: Target, load: Load, far: string): Promise<Side> {
  const start = { ...target.control, mode: load.mode, target: far };
  const { child: application } = await startChild('sip-application.ts', { start });
  const name = `${target.label}, ${load.mode === 'uas' ? 'UAS' : 'B2BUA'}, ${load.rate} calls/s`;
  return { target, name, application, repeats: new Repeats() };
}

/** The servers take turns, so that what else happens on this machine happens to all of them. */
async function measureLoad(targets: readonly Target[], load: Load, context: BenchContext): Promise<Figure[]> {
  const far = load.mode === 'b2bua' ? await farEnd() : undefined;
  const sides: Side[] = [];
  try {
    for (const target of targets) sides.push(await prepareSide(target, load, far?.address ?? ''));
    for (const side of sides) {
      context.say(`${side.name}, warming up`);
      await callWithSipp(side.target.sip, Math.max(load.rate, warmUp.rate), warmUp.seconds);
    }
    for (let repeat = 0; repeat < context.repeats; repeat++) {
      for (const side of sides.filter(({ repeats }) => !repeats.refused)) {
        context.say(`${side.name}, repeat ${repeat + 1}`);
        await oneRepeat(side, load, context.seconds);
      }
    }
  } finally {
    for (const side of sides) await side.application.stop();
    await far?.stop();
  }
  return compare(sides.map((side) => ({ ...side, figures: side.repeats.figures({ name: side.name, unit: 'ms' }) })));
}

function compare(sides: readonly (Side & { figures: Figure[] })[]): Figure[] {
  const together = sides.map(
    ({ figures, name }) => figures.find((each) => each.name === `${name}: together`) ?? figures[0],
  );
  const ratios = sides
    .slice(1)
    .map((side, i) => ratio(`${sides[0]!.name} by ${side.target.label}: together`, together[0], together[i + 1], aim));
  return [...sides.flatMap(({ figures }) => figures), ...ratios];
}

async function oneRepeat({ target, name, application, repeats }: Side, load: Load, seconds: number): Promise<void> {
  const before = { server: cpuMsOf(target.pid), application: cpuMsOf(application.pid) };
  const result = await callWithSipp(target.sip, load.rate, seconds);
  const server = (cpuMsOf(target.pid) - before.server) / result.good;
  const own = (cpuMsOf(application.pid) - before.application) / result.good;
  const messages = result.good * (load.mode === 'uas' ? 4 : 8);
  if (result.failed > 0) repeats.refuse(`${result.failed} of ${result.failed + result.good} calls failed`);
  else if (result.repeated > messages / 100) {
    repeats.refuse(`${result.repeated} messages were repeated: the load was not carried`);
  }
  repeats.add(`${name}: server`, 'ms CPU per call', server);
  repeats.add(`${name}: application`, 'ms CPU per call', own);
  repeats.add(`${name}: together`, 'ms CPU per call', server + own);
  // The rate that came about, less the half second that the last call lasts.
  repeats.add(`${name}: carried`, 'calls/s', result.good / (result.seconds - 0.5));
  if (result.repeated > 0) repeats.add(`${name}: repeated messages`, 'messages', result.repeated);
}

export const bench: Bench = {
  name: 'sip-calls',
  async run(context) {
    const obstacle = cannotOpen(1000);
    if (obstacle) return [notMeasured('all', '', obstacle)];
    const ours = await ourServer();
    const theirs = drachtioServer();
    const figures: Figure[] = [];
    try {
      const targets = typeof theirs === 'string' ? [ours] : [ours, theirs];
      for (const load of loads) figures.push(...(await measureLoad(targets, load, context)));
    } finally {
      await ours.stop();
    }
    if (typeof theirs === 'string') figures.push(notMeasured('drachtio-server', 'ms CPU per call', theirs));
    return figures;
  },
};
