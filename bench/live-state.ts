// The live state that nodes share: appends to a log (until every node was told) and puts to a map per second, all nodes together, and the time from an append
// on one node until another node is told; for one to four nodes. In memory the nodes share one process; on Redis each has its own,
// with a redis-server of this bench (or ENGAWA_BENCH_REDIS, a URL).
// Every node applies every entry, as in the program: the rate of one order does not grow with nodes (docs/decisions/0040).

import { randomBytes } from 'node:crypto';
import { systemClock } from '../src/shared/clock.ts';
import { createMemoryHub } from '../src/store/live/memory-hub.ts';
import { createMemoryLiveState } from '../src/store/live/memory-live-state.ts';
import { hasRedis, startRedis } from '../test/support/live/redis.ts';
import { type Bench, type BenchContext, notMeasured, percentile, Repeats } from './figures.ts';
import { createLiveStateLoad, type LiveStateLoad } from './live-state-load.ts';
import type { NodeRequest } from './parties/live-state-node.ts';
import { startChild } from './processes.ts';

const mostNodes = 4;
const inFlight = 100;
const paceEveryMs = 5;

type Flood = Parameters<LiveStateLoad['flood']>;

/** A node to load: in this process, or behind a child's messages. */
interface Loaded {
  flood(...args: Flood): Promise<number>;
  pace(count: number, everyMs: number): Promise<number>;
  latencies(own: boolean): Promise<number[]>;
  told(): Promise<number>;
  close(): Promise<unknown>;
}

async function memoryNodes(count: number): Promise<Loaded[]> {
  const hub = createMemoryHub({ clock: systemClock });
  const nodes: Loaded[] = [];
  for (let i = 0; i < count; i++) {
    const load = createLiveStateLoad(await createMemoryLiveState({ hub }));
    nodes.push({ ...load, latencies: async (own) => load.latencies(own), told: async () => load.told() });
  }
  return nodes;
}

async function redisNodes(count: number, url: string): Promise<Loaded[]> {
  const keyPrefix = `bench-${randomBytes(4).toString('hex')}`;
  const nodes: Loaded[] = [];
  for (let i = 0; i < count; i++) {
    const { child } = await startChild('live-state-node.ts', { do: 'open', url, keyPrefix } satisfies NodeRequest);
    const ask = <T>(request: NodeRequest) => child.ask<T>(request, 300_000);
    nodes.push({
      flood: (what, settings) => ask<number>({ do: 'flood', what, ...settings }),
      pace: (paced, everyMs) => ask<number>({ do: 'pace', count: paced, everyMs }),
      latencies: (own) => ask<number[]>({ do: 'latencies', own }),
      told: () => ask<number>({ do: 'told' }),
      close: () => ask({ do: 'close' }).finally(() => child.stop()),
    });
  }
  return nodes;
}

async function measure(label: string, nodes: Loaded[], { seconds }: BenchContext, repeats: Repeats): Promise<void> {
  const what = `${label}, ${nodes.length} node${nodes.length === 1 ? '' : 's'}`;
  const each = Math.max(1, seconds / 3);
  const all = async (act: 'append' | 'put') => {
    const startedAt = performance.now();
    const settings = { seconds: each, inFlight: Math.ceil(inFlight / nodes.length) };
    const before = await nodes[0]!.told();
    const counts = await Promise.all(nodes.map((node) => node.flood(act, settings)));
    const done = counts.reduce((sum, count) => sum + count, 0);
    // Appended is not enough: every node has to have it.
    for (const node of act === 'append' ? nodes : []) {
      while ((await node.told()) < before + done) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return done / ((performance.now() - startedAt) / 1000);
  };
  try {
    const own = nodes.length === 1;
    await Promise.all(nodes.map((node) => node.flood('append', { seconds: 0.3, inFlight: 10 })));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const count = Math.ceil((each * 1000) / paceEveryMs);
    await nodes[0]!.pace(count, paceEveryMs);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const told = nodes.slice(own ? 0 : 1).map((node) => node.latencies(own));
    const latencies = (await Promise.all(told)).flat().sort((a, b) => a - b);
    const expected = count * (own ? 1 : nodes.length - 1);
    if (latencies.length !== expected) {
      repeats.refuse(`${what}: ${latencies.length} of ${expected} entries were told`);
      return;
    }
    repeats.add(`${what}: append until told, p50`, 'ms', percentile(latencies, 0.5));
    repeats.add(`${what}: append until told, p99`, 'ms', percentile(latencies, 0.99));
    repeats.add(`${what}: appends`, '/s', await all('append'));
    repeats.add(`${what}: puts`, '/s', await all('put'));
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}

export const bench: Bench = {
  name: 'live-state',
  async run(context) {
    const ends: (() => void | Promise<void>)[] = [];
    const repeats = { memory: new Repeats(), redis: new Repeats() };
    const given = process.env['ENGAWA_BENCH_REDIS'];
    try {
      const server =
        given === undefined && hasRedis ? await startRedis({ teardown: (end) => ends.push(end) }) : undefined;
      const url = given ?? server?.url;
      for (let repeat = 0; repeat < context.repeats; repeat++) {
        for (let count = 1; count <= mostNodes; count++) {
          context.say(`repeat ${repeat + 1}, ${count} node${count === 1 ? '' : 's'}`);
          await measure('memory', await memoryNodes(count), context, repeats.memory);
          if (url !== undefined) await measure('Redis', await redisNodes(count, url), context, repeats.redis);
        }
      }
      const absent = notMeasured('Redis', '/s', 'redis-server is not installed, and ENGAWA_BENCH_REDIS is not set');
      const onRedis = url === undefined ? [absent] : repeats.redis.figures({ name: 'Redis', unit: '/s' });
      return [...repeats.memory.figures({ name: 'memory', unit: '/s' }), ...onRedis];
    } finally {
      for (const end of ends.reverse()) await end();
    }
  },
};
