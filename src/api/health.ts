// GET /healthz: 200 while calls can be taken, 503 with the reasons otherwise. The database being away does not stop calls
// (events go to the journal), so it is told as degraded. Reasons are for this machine; others learn which part only.
// GET /metrics: a few figures in Prometheus text format (version 0.0.4), for this machine and for who may read them. No
// label ever names a person or a number.

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyRequest } from 'fastify';
import type { CallCentre } from '../call/desk.ts';
import type { EngineLoad } from '../media/media-server.ts';
import { asError } from '../shared/errors.ts';
import type { MediaServerView } from './contract.ts';
import { HttpProblem } from './errors.ts';
import { findCaller, may } from './guard/caller.ts';
import type { ApiNeeds, PartHealth } from './needs.ts';
import type { App } from './server.ts';

export interface Figures {
  feedReaders: () => number;
  softphoneConnections: () => number;
}

const answersWithinMs = 1000;

export function healthRoutes(app: App, needs: ApiNeeds, figures: Figures): void {
  const answered = new Map<string, number>();
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  app.addHook('onClose', async () => void loop.disable());
  app.addHook('onResponse', async (_request, reply) => {
    const kind = `${Math.floor(reply.statusCode / 100)}xx`;
    answered.set(kind, (answered.get(kind) ?? 0) + 1);
  });

  app.get('/healthz', { config: { rateLimit: false }, schema: { hide: true } }, async (request, reply) => {
    const [parts, database] = await Promise.all([within(needs.health), databaseHealth(needs)]);
    const ok = parts.every((part) => part.ok || part.stopsNothing);
    const well = database.ok && parts.every((part) => part.ok);
    const told = ({ stopsNothing, ...part }: PartHealth) =>
      isLocal(request) ? part : { name: part.name, ok: part.ok };
    void reply.code(ok ? 200 : 503).header('cache-control', 'no-store');
    const node = needs.nodes?.list().find(({ here }) => here);
    if (node) void reply.header('x-engawa-node', node.id);
    if (!ok) void reply.header('retry-after', '5');
    return {
      status: !ok ? 'unavailable' : well ? 'ok' : 'degraded',
      parts: [...parts, database].map(told),
    };
  });

  app.get('/metrics', { config: { rateLimit: false }, schema: { hide: true } }, async (request, reply) => {
    if (!isLocal(request)) {
      const caller = await findCaller(request, needs.identity, false);
      if (!caller) throw new HttpProblem(401);
      if (!may(caller, 'metrics:read')) throw new HttpProblem(403);
    }
    void reply.type('text/plain; version=0.0.4; charset=utf-8').header('cache-control', 'no-store');
    return render(collect(needs, figures, answered, loop));
  });
}

async function within(health: ApiNeeds['health']): Promise<PartHealth[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<PartHealth[]>((resolve) => {
    const parts = [{ name: 'health', ok: false, because: 'A part did not answer in time.' }];
    timer = setTimeout(() => resolve(parts), answersWithinMs);
  });
  try {
    return await Promise.race([health(), late]);
  } catch (thrown) {
    return [{ name: 'health', ok: false, because: asError(thrown).message }];
  } finally {
    clearTimeout(timer);
  }
}

async function databaseHealth({ store }: ApiNeeds): Promise<PartHealth> {
  return { name: 'database', ...(await store.health()) };
}

function isLocal(request: FastifyRequest): boolean {
  return request.ip === '127.0.0.1' || request.ip === '::1' || request.ip === '::ffff:127.0.0.1';
}

interface Metric {
  name: string;
  help: string;
  type: 'gauge' | 'counter';
  values: { labels?: Record<string, string>; value: number }[];
}

function collect(
  needs: ApiNeeds,
  figures: Figures,
  answered: ReadonlyMap<string, number>,
  loop: IntervalHistogram,
): Metric[] {
  const { callCentre } = needs;
  const gauge = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: 'gauge',
    values: [{ value }],
  });
  const cpu = process.cpuUsage();
  return [
    gauge('engawa_calls_active', 'Calls in progress.', callCentre.activeCalls()),
    ...callCentreMetrics(callCentre),
    ...mediaMetrics(needs.mediaServers?.list() ?? []),
    ...engineMetrics(needs.mediaServers?.engines() ?? []),
    gauge('engawa_feed_readers', 'Open live feeds.', figures.feedReaders()),
    gauge('engawa_softphone_connections', 'Open softphone WebSockets.', figures.softphoneConnections()),
    {
      name: 'engawa_http_answers_total',
      help: 'HTTP answers by class of status.',
      type: 'counter',
      values: [...answered].map(([status, value]) => ({ labels: { status }, value })),
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time of this process.',
      type: 'counter',
      values: [{ value: (cpu.user + cpu.system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Memory of this process.', process.memoryUsage.rss()),
    gauge('engawa_event_loop_delay_p99_seconds', '99th percentile since the start.', loop.percentile(99) / 1e9),
    ...Object.entries(needs.gauges?.() ?? {}).map(([name, value]) => gauge(name, name.replaceAll('_', ' '), value)),
  ];
}

function mediaMetrics(servers: readonly MediaServerView[]): Metric[] {
  return [
    {
      name: 'engawa_media_server_up',
      help: '1 while new calls go to this media server.',
      type: 'gauge',
      values: servers.map(({ name, state }) => ({ labels: { server: name }, value: state === 'up' ? 1 : 0 })),
    },
    {
      name: 'engawa_media_endpoints',
      help: 'Parties whose media this server carries.',
      type: 'gauge',
      values: servers.map(({ name, endpoints }) => ({ labels: { server: name }, value: endpoints })),
    },
  ];
}

function engineMetrics(engines: readonly EngineLoad[]): Metric[] {
  const perEngine = (type: Metric['type'], name: string, help: string, read: (load: EngineLoad) => number): Metric => ({
    ...{ name, help, type },
    values: engines.map((load) => ({ labels: { engine: load.engine }, value: read(load) })),
  });
  return [
    perEngine(
      'counter',
      'engawa_media_engine_cpu_seconds_total',
      'CPU time of a media engine of ours since its start.',
      ({ cpuMs }) => cpuMs / 1000,
    ),
    perEngine(
      'gauge',
      'engawa_media_engine_delay_seconds',
      'How late its audio clock ran at the worst in the last seconds; above 0.02 callers may hear it.',
      ({ worstTickDelayMs }) => worstTickDelayMs / 1000,
    ),
    perEngine(
      'counter',
      'engawa_media_engine_packets_refused_total',
      'Packets that were not from whom they should be, or not intact.',
      ({ refusedPackets }) => refusedPackets,
    ),
  ];
}

function callCentreMetrics(callCentre: CallCentre): Metric[] {
  const queues = callCentre.queues();
  const states = new Map<string, number>();
  for (const { state } of callCentre.agents()) states.set(state, (states.get(state) ?? 0) + 1);
  return [
    {
      name: 'engawa_queue_waiting',
      help: 'Calls waiting in a queue.',
      type: 'gauge',
      values: queues.map(({ name, waiting }) => ({ labels: { queue: name }, value: waiting })),
    },
    {
      name: 'engawa_queue_longest_wait_seconds',
      help: 'How long the first in a queue has waited.',
      type: 'gauge',
      values: queues.map(({ name, longestWaitMs }) => ({ labels: { queue: name }, value: longestWaitMs / 1000 })),
    },
    {
      name: 'engawa_agents',
      help: 'Agents by state.',
      type: 'gauge',
      values: [...states].map(([state, value]) => ({ labels: { state }, value })),
    },
  ];
}

function render(metrics: readonly Metric[]): string {
  const labelled = (labels: Record<string, string> = {}) => {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/["\\\n]/g, '_')}"`);
    return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
  };
  return metrics
    .filter(({ values }) => values.length > 0)
    .map(
      ({ name, help, type, values }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n` +
        values.map(({ labels, value }) => `${name}${labelled(labels)} ${value}\n`).join(''),
    )
    .join('');
}
