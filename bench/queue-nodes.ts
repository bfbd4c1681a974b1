// One queue that one to four nodes contend for, on a Redis: reservations per second, CPU of all nodes and of Redis for each, and the
// time from "an agent becomes available" at one node until another node, whose call it is, has the decision. Each node is a process
// (parties/queue-node.ts); every node applies every input (docs/decisions/0040), so CPU per reservation grows with nodes by design.

import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { type BenchContext, percentile, type Repeats } from './figures.ts';
import type { QueueNodeRequest, Worked } from './parties/queue-node.ts';
import { type Child, cpuMsOf, pidListening, startChild } from './processes.ts';

export const mostNodes = 4;
const agents = 20;
/** So many calls wait or are talked about at any time, all nodes together: more than agents. */
const callsAtOnce = 40;
/** A pace that no queue on its way adds to: four agents, each with 40 ms of talk. */
const paced = { agents: 4, calls: 8, talkMs: 40 };

async function nodesOn(url: string, count: number, people: number): Promise<Child[]> {
  const keyPrefix = `bench-${randomBytes(4).toString('hex')}`;
  const nodes: Child[] = [];
  for (let i = 0; i < count; i++) {
    const open: QueueNodeRequest = { do: 'open', url, keyPrefix, name: `n${i}` };
    nodes.push((await startChild('queue-node.ts', open)).child);
  }
  for (const [i, node] of nodes.entries()) {
    const names = Array.from({ length: people }, (_, k) => `p${k}`).filter((_, k) => k % count === i);
    await node.ask({ do: 'agents', names } satisfies QueueNodeRequest);
  }
  return nodes;
}

async function close(nodes: readonly Child[]): Promise<void> {
  for (const node of nodes) await node.ask({ do: 'close' } satisfies QueueNodeRequest).finally(() => node.stop());
}

function workAt(nodes: readonly Child[], order: { calls: number; talkMs: number; seconds: number }): Promise<Worked[]> {
  const share = { ...order, calls: Math.ceil(order.calls / nodes.length) };
  const withinMs = (order.seconds + 120) * 1000;
  return Promise.all(nodes.map((node) => node.ask<Worked>({ do: 'work', ...share }, withinMs)));
}

/** A node that begins rings nobody until it has heard from all others: to be over before anything counts. */
async function warmUp(nodes: readonly Child[], order: { calls: number; talkMs: number }): Promise<void> {
  for (let tries = 10; tries > 0; tries--) {
    const worked = await workAt(nodes, { ...order, seconds: 2 });
    if (worked.every(({ reservations }) => reservations >= 3)) return;
  }
  throw new Error('not every node reserves agents');
}

async function commandsAt(url: string): Promise<number> {
  const redis = new Redis(url);
  try {
    return Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
  } finally {
    redis.disconnect();
  }
}

/** Each time that somebody became available, until somebody's call was given to them. */
function decisionMs(worked: readonly Worked[]): number[] {
  const all = worked.flatMap(({ available, reserved }) => [
    ...available.map(([person, atMs]) => ({ person, atMs, free: true })),
    ...reserved.map(([person, atMs]) => ({ person, atMs, free: false })),
  ]);
  const freeSince = new Map<string, number>();
  const times: number[] = [];
  for (const { person, atMs, free } of all.sort((a, b) => a.atMs - b.atMs)) {
    const since = freeSince.get(person);
    if (free) freeSince.set(person, atMs);
    else if (since !== undefined && freeSince.delete(person)) times.push(atMs - since);
  }
  return times.sort((a, b) => a - b);
}

export async function measureQueue(url: string, count: number, context: BenchContext, repeats: Repeats): Promise<void> {
  const what = `one queue, ${count} node${count === 1 ? '' : 's'}`;
  const redisPid = pidListening(Number(new URL(url).port));
  const each = Math.max(1, context.seconds / 2);
  const flooded = await nodesOn(url, count, agents);
  try {
    await warmUp(flooded, { calls: callsAtOnce, talkMs: 0 });
    const cpuMs = () => flooded.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0);
    const before = { nodes: cpuMs(), redis: redisPid ? cpuMsOf(redisPid) : 0 };
    const commands = await commandsAt(url);
    const startedAt = performance.now();
    const worked = await workAt(flooded, { calls: callsAtOnce, talkMs: 0, seconds: each });
    const seconds = (performance.now() - startedAt) / 1000;
    const done = worked.reduce((sum, { reservations }) => sum + reservations, 0);
    repeats.add(`${what}: reservations`, '/s', done / seconds);
    repeats.add(`${what}: CPU of all nodes per reservation`, 'ms', (cpuMs() - before.nodes) / done);
    repeats.add(`${what}: commands at Redis per reservation`, '', ((await commandsAt(url)) - commands) / done);
    if (redisPid) repeats.add(`${what}: CPU of Redis per reservation`, 'ms', (cpuMsOf(redisPid) - before.redis) / done);
  } finally {
    await close(flooded);
  }
  const calm = await nodesOn(url, count, paced.agents);
  try {
    await warmUp(calm, paced);
    const times = decisionMs(await workAt(calm, { ...paced, seconds: each }));
    repeats.add(`${what}: available to decision, p50`, 'ms', percentile(times, 0.5));
    repeats.add(`${what}: available to decision, p99`, 'ms', percentile(times, 0.99));
  } finally {
    await close(calm);
  }
}
