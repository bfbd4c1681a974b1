// What whole calls cost on one to four nodes of the built program, each with its embedded SIP server, media engine and recorder, on one
// PostgreSQL and one Redis of this bench. The same number of calls a second, spread over the nodes: a customer (sipp) calls, the flow
// answers, the queue finds an agent at whichever node, the desk answers with DTLS-SRTP, both are recorded, the customer hangs up.
//
// On one machine more nodes bring no more calls, so it is CPU per call that is measured, less what the nodes take when nobody calls:
// how it grows with the nodes is what a further node costs. `--only 4` measures that number of nodes only. The same on drachtio-server
// and FreeSWITCH (`--only servers`) where the environment names them (node-kinds.ts): one and two nodes, whose calls the server shares out.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../src/shared/paths.ts';
import { type ClusterCentre, startClusterCentre } from '../test/support/centre/cluster-centre.ts';
import { type Hired, hire } from '../test/support/centre/more-people.ts';
import { numbers } from '../test/support/centre/whole-centre.ts';
import { hasRedis } from '../test/support/live/redis.ts';
import type { RobotDesk } from '../test/support/media/robot-desk.ts';
import { sql } from '../test/support/servers/database.ts';
import { type Bench, type BenchContext, type Figure, notMeasured, percentile, Repeats } from './figures.ts';
import { callInto } from './node-customers.ts';
import { embeddedKind, type NodeKind, serverKind } from './node-kinds.ts';
import { othersBusy } from './preflight.ts';
import { cpuMsOf, pidListening, runProgram, treeCpuMsOf } from './processes.ts';

/** Calls a second, all nodes together: about a third of two cores with one node. */
const perSecond = 4;
/** From the flow's answer to the customer's BYE: queue, ringing and the conversation. */
const stayMs = 1500;
/** A few more than talk at any time, so that nobody waits. */
const agents = 12;
/** Node.js compiles what runs often: each node has so many calls before any counts (more change nothing). */
const warmUpCallsOfANode = 40;
/** After the last call until its record and recording are written. */
const settleMs = 2000;
/**
 * What V8 clears away when load has ended belongs to the calls: a window begins in the aftermath of the calls before it, and has its
 * own after it. Only then nothing is left but what a node takes when nobody calls.
 */
const aftermathMs = 30_000;

/** CPU in milliseconds, and counts, since the beginning. */
interface Used {
  atMs: number;
  /** The processes that have calls, queues and pages. */
  programs: number;
  /** Media engines, recorders. */
  helpers: number;
  postgres: number;
  redis: number;
  'drachtio-server': number;
  FreeSWITCH: number;
  commands: number;
  transactions: number;
  rows: number;
  bytes: number;
}

interface Series {
  count: number;
  kind: NodeKind;
  repeats: Repeats;
  /** Why repeats were thrown away. */
  spoilt: string[];
}

const nameOf = ({ count, kind }: Pick<Series, 'count' | 'kind'>) =>
  `${count} node${count === 1 ? '' : 's'}${kind === embeddedKind ? '' : ` on ${kind.name}`}`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function used({ nodes, redis, databaseUrl }: ClusterCentre, { servers }: NodeKind): Promise<Used> {
  const server = (wanted: string) =>
    servers.filter(({ name }) => name === wanted).reduce((sum, { pid }) => sum + cpuMsOf(pid), 0);
  const pids = nodes.map(({ engawa }) => engawa.child.pid!);
  const programs = pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  const [counts] = await sql<{ transactions: string; rows: string; bytes: string }>(
    databaseUrl,
    `SELECT xact_commit AS transactions, tup_inserted + tup_updated + tup_deleted AS rows,
            pg_database_size(current_database()) AS bytes
       FROM pg_stat_database WHERE datname = current_database()`,
  );
  return {
    atMs: performance.now(),
    programs,
    helpers: pids.reduce((sum, pid) => sum + treeCpuMsOf(pid), 0) - programs,
    postgres: treeCpuMsOf(pidListening(Number(new URL(databaseUrl).port))!),
    redis: cpuMsOf(pidListening(redis.port)!),
    'drachtio-server': server('drachtio-server'),
    FreeSWITCH: server('FreeSWITCH'),
    commands: Number(/total_commands_processed:(\d+)/.exec(String(await redis.call('INFO', 'stats')))?.[1]),
    transactions: Number(counts?.transactions),
    rows: Number(counts?.rows),
    bytes: Number(counts?.bytes),
  };
}

function less(after: Used, before: Used): Used {
  const names = Object.keys(after) as (keyof Used)[];
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as unknown as Used;
}

/** A desk that answers whatever rings, as soon as it rings. */
function answersAtOnce(desk: RobotDesk): void {
  const push = desk.lines.push.bind(desk.lines);
  desk.lines.push = (...lines) => {
    const length = push(...lines);
    // A call that ended meanwhile is missed where whole calls are counted.
    for (const line of lines) void desk.answer(line).catch(() => undefined);
    return length;
  };
}

/** Each node has its share; their customers do not all call in the same moment. */
async function callAll({ nodes }: ClusterCentre, kind: NodeKind, calls: number): Promise<number[]> {
  const share = Math.ceil(calls / nodes.length);
  const answers = await Promise.all(
    nodes.map(async ({ engawa }, i) => {
      await pause((i * 1000) / perSecond);
      const rate = { calls: share, perSecond: perSecond / nodes.length };
      return callInto({ sip: kind.sip ?? engawa.sip, dialled: numbers.product, stayMs, ...rate });
    }),
  );
  return answers.flat().sort((a, b) => a - b);
}

/** Calls since then that an agent answered and whose recording is complete, and how long each took until the desk rang. */
async function wholeCalls(databaseUrl: string, since: number): Promise<number[]> {
  const rows = await sql<{ took: string }>(
    databaseUrl,
    `SELECT ringing.at - begun.at AS took FROM events begun
       JOIN events ringing ON ringing.call_id = begun.call_id AND ringing.type = 'agent-alerted'
       JOIN events talking ON talking.call_id = begun.call_id AND talking.type = 'agent-answered'
       JOIN events ended ON ended.call_id = begun.call_id AND ended.type = 'call-ended'
       JOIN recordings ON recordings.call_id = begun.call_id AND recordings.state = 'complete'
      WHERE begun.type = 'call-started' AND begun.at >= ${since}`,
  );
  return rows.map(({ took }) => Number(took)).sort((a, b) => a - b);
}

async function measureWindow(centre: ClusterCentre, { kind, repeats }: Series, context: BenchContext): Promise<void> {
  const count = centre.nodes.length;
  const what = nameOf({ count, kind });
  const before = await used(centre, kind);
  const since = Date.now();
  const answers = await callAll(centre, kind, Math.ceil((perSecond * context.seconds) / count) * count);
  await pause(settleMs);
  const took = less(await used(centre, kind), before);
  await pause(aftermathMs);
  const beforeIdle = await used(centre, kind);
  await pause(Math.max(5, context.seconds / 2) * 1000);
  const idle = less(await used(centre, kind), beforeIdle);
  const rang = await wholeCalls(centre.databaseUrl, since);
  const calls = answers.length;
  if (rang.length < calls) throw new Error(`${calls - rang.length} of ${calls} calls had no agent or no recording`);

  const perCall = (...names: (keyof Used)[]) =>
    names.reduce((sum, name) => sum + took[name] - (idle[name] * took.atMs) / idle.atMs, 0) / calls;
  const cpu = 'ms CPU per call';
  repeats.add(`${what}: programs`, cpu, perCall('programs'));
  repeats.add(`${what}: media engines and recorders`, cpu, perCall('helpers'));
  repeats.add(`${what}: PostgreSQL`, cpu, perCall('postgres'));
  repeats.add(`${what}: Redis`, cpu, perCall('redis'));
  for (const { name } of kind.servers) repeats.add(`${what}: ${name}`, cpu, perCall(name));
  repeats.add(
    `${what}: all of it`,
    cpu,
    perCall('programs', 'helpers', 'postgres', 'redis', 'drachtio-server', 'FreeSWITCH'),
  );
  repeats.add(`${what}: commands at Redis`, 'per call', perCall('commands'));
  repeats.add(`${what}: transactions of PostgreSQL`, 'per call', perCall('transactions'));
  repeats.add(`${what}: rows written`, 'per call', perCall('rows'));
  repeats.add(`${what}: growth of the database`, 'kB per call', perCall('bytes') / 1000);
  repeats.add(`${what}: INVITE to 200, p50`, 'ms', percentile(answers, 0.5));
  repeats.add(`${what}: INVITE to 200, p99`, 'ms', percentile(answers, 0.99));
  repeats.add(`${what}: INVITE to a desk that rings, p50`, 'ms', percentile(rang, 0.5));
  repeats.add(`${what}: INVITE to a desk that rings, p99`, 'ms', percentile(rang, 0.99));
  for (const name of ['programs', 'helpers', 'postgres', 'redis'] as const)
    repeats.add(`${what}, nobody calls: ${name}`, 'ms CPU a second', (idle[name] * 1000) / idle.atMs);
}

async function measureNodes(series: Series, context: BenchContext): Promise<void> {
  const { count, kind } = series;
  const undo: (() => unknown)[] = [];
  const t = { teardown: (each: () => unknown) => void undo.push(each) };
  const queue = (name: string) => ({
    ...{ name, label: { ja: name, en: name }, ringTimeoutSeconds: 10, afterCallWorkSeconds: 0 },
  });
  try {
    const names = Array.from({ length: count }, (_, i) => `n${i + 1}`);
    // A node that a busy machine holds up is not to be counted as gone.
    const liveState = { kind: 'redis', lapseSeconds: 15 };
    const config = {
      log: { level: 'info' },
      liveState,
      queues: [queue('general'), queue('contracts')],
      ...kind.config,
    };
    const centre = await startClusterCentre(t, names, { config });
    const people = Array.from({ length: agents }, (_, i): Hired => {
      const person = { role: 'agent', place: 'home', clearance: 'none', queues: ['general'] } as const;
      return { ...person, queues: [...person.queues], login: `agent-${i}`, toneHz: 400 + 20 * i };
    });
    const [first, ...others] = centre.nodes.map(({ engawa }) => engawa);
    const desks = await hire(t, [first!, ...others], people, { environment: centre.environment });
    for (const desk of desks) {
      answersAtOnce(desk);
      await desk.setState('available');
    }
    await callAll(centre, kind, warmUpCallsOfANode * count);
    await pause(settleMs);
    // Whose desk a busy machine kept from ringing in time is not ready.
    for (const desk of desks) if (desk.view.state !== 'available') await desk.setState('available');
    await measureWindow(centre, series, context);
  } finally {
    for (const each of undo.reverse()) await each();
  }
}

async function missing(): Promise<string | undefined> {
  if (!existsSync(join(projectRoot, 'dist/src/cli/engawa.js'))) return 'there is no build: npm run build';
  if (!hasRedis) return 'redis-server is not installed';
  const sipp = await runProgram('sipp', ['-v'], 10_000).catch(() => undefined);
  return sipp ? undefined : 'sipp is not installed';
}

export const bench: Bench = {
  name: 'node-calls',
  async run(context) {
    const because = await missing();
    if (because) return [notMeasured('whole calls', 'ms CPU per call', because)];
    const servers = serverKind();
    const kinds = [
      ...[1, 2, 3, 4].map((count) => ({ count, kind: embeddedKind, only: String(count) })),
      ...(typeof servers === 'string' ? [] : [1, 2].map((count) => ({ count, kind: servers, only: 'servers' }))),
    ];
    const series = kinds
      .filter(({ only }) => !context.only || context.only.includes(only))
      .map(({ count, kind }): Series => ({ count, kind, repeats: new Repeats(), spoilt: [] }));
    // In turns, so that what else happens on this machine happens to all of them.
    for (let repeat = 0; repeat < context.repeats; repeat++)
      for (const each of series) {
        const busy = Math.round((await othersBusy()) * 100);
        context.say(`repeat ${repeat + 1}, ${nameOf(each)} (the machine is ${busy} % busy without)`);
        await measureNodes(each, context).catch((error: unknown) => {
          each.spoilt.push(error instanceof Error ? error.message : String(error));
          context.say(`thrown away: ${each.spoilt.at(-1)}`);
        });
      }
    const figures = series.flatMap((each): Figure[] => {
      const lost = each.spoilt.length;
      if (lost > context.repeats / 2)
        each.repeats.refuse(`${lost} of ${context.repeats} repeats failed: ${each.spoilt[0]}`);
      return each.repeats.figures({ name: `${nameOf(each)}: whole calls`, unit: 'ms CPU per call' });
    });
    if (typeof servers === 'string') figures.push(notMeasured('on drachtio-server and FreeSWITCH', '', servers));
    return figures;
  },
};
