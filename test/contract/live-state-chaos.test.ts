// Random writes on several nodes while nodes and their server come and go at random: when all is calm, everything agrees.
// In memory on a simulated clock with many seeds; on a real Redis, in real time, with one. SEED=… repeats one; SEEDS=… says how many.

import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { seededRandom } from '../../src/shared/random.ts';
import { createMemoryHub } from '../../src/store/live/memory-hub.ts';
import { createMemoryLiveState } from '../../src/store/live/memory-live-state.ts';
import type { LiveState } from '../../src/store/live-state.ts';
import { createRedisLiveState } from '../../src/store/redis/redis-live-state.ts';
import { eventually } from '../support/eventually.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { type ChaosWorld, LiveStateChaos } from '../support/live/live-state-chaos.ts';
import { skipWithoutRedis, startRedis } from '../support/live/redis.ts';
import { cuttableWire } from '../support/servers/database.ts';

const given = process.env['SEED'];
const firstSeed = Number(given ?? Date.now() % 1_000_000);

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function memoryWorld(seed: number): ChaosWorld & { close(): Promise<void> } {
  const clock = createFakeClock();
  const random = seededRandom(seed + 1);
  const lag = random.integer(0, 3) * 30;
  const hub = createMemoryHub({ clock, lapseMs: 4000, ...(lag ? { delayMs: () => random.next() * lag } : {}) });
  const nodes: LiveState[] = [];
  return {
    async node() {
      const node = await createMemoryLiveState({ hub, clock, random });
      nodes.push(node);
      return node;
    },
    kill: async (node) => hub.crash(node.nodeId),
    cutOff: async (node) => hub.cutOff(node.nodeId),
    mend: async (node) => hub.mend(node.nodeId),
    async serverGone(how) {
      hub.stop(how);
      if (how === 'killed') hub.loseAll();
    },
    serverBack: async () => hub.start(),
    async serverEmptied() {
      hub.stop();
      hub.start({ empty: true });
    },
    async pass(ms) {
      for (let passed = 0; passed < ms; passed += 50) {
        clock.advance(Math.min(50, ms - passed));
        await turn();
      }
    },
    async close() {
      for (const node of nodes) await node.close();
    },
  };
}

async function trouble(chaos: LiveStateChaos, world: ChaosWorld, late: LiveState, seed: number): Promise<string> {
  await world.pass(200);
  const wrong = chaos.differences(late);
  return wrong.length === 0 ? '' : `SEED=${seed}\n${chaos.story.join('\n')}\n\n${wrong.join('\n')}`;
}

t.test('in memory, everything agrees after any disturbance', async (t) => {
  const seeds = Number(process.env['SEEDS'] ?? (given === undefined ? 60 : 1));
  t.comment(`seeds ${firstSeed} to ${firstSeed + seeds - 1}`);
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const world = memoryWorld(seed);
    const chaos = new LiveStateChaos(world, seededRandom(seed), { stepMs: 200, lapseMs: 4000 });
    await chaos.run(4, 120);
    const late = await world.node();
    const wrong = await trouble(chaos, world, late, seed);
    if (wrong) t.fail(wrong);
    await world.close();
    if (wrong) break;
  }
  t.pass('all agree');
});

const lapseMs = 2000;

function stoppable(): { clock: Clock; stop(): void } {
  let stopped = false;
  const unlessStopped = (run: () => void) => () => {
    if (!stopped) run();
  };
  const clock: Clock = {
    now: systemClock.now,
    after: (ms, run) => systemClock.after(ms, unlessStopped(run)),
    every: (ms, run) => systemClock.every(ms, unlessStopped(run)),
  };
  const stop = () => {
    stopped = true;
  };
  return { clock, stop };
}

async function redisWorld(t: Test): Promise<ChaosWorld & { close(): Promise<void>; held(): Promise<unknown> }> {
  const server = await startRedis(t);
  const parts = new Map<LiveState, { stop(): void; cut(): Promise<void>; mend(): Promise<void> }>();
  let hung = false;
  return {
    async node() {
      const { clock, stop } = stoppable();
      const wire = await cuttableWire(t, server.url);
      const settings = { beatMs: 400, startTimeoutMs: 30_000 };
      const node = await createRedisLiveState({
        url: wire.url,
        log: silentLogger,
        clock,
        lapseMs,
        timeoutMs: 1000,
        settings,
      });
      parts.set(node, { stop, cut: wire.cut, mend: wire.mend });
      return node;
    },
    async kill(node) {
      parts.get(node)!.stop();
      await parts.get(node)!.cut();
    },
    cutOff: (node) => parts.get(node)!.cut(),
    mend: (node) => parts.get(node)!.mend(),
    async serverGone(how) {
      hung = how === 'hung';
      if (hung) server.hang();
      else await server.kill();
    },
    async serverBack() {
      if (hung) server.resume();
      else await server.restart();
    },
    serverEmptied: () => server.call('FLUSHALL').then(() => undefined),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    close: async () => void (await Promise.all([...parts.keys()].map((node) => node.close()))),
    held: () => server.call('HLEN', '{engawa}:entries'),
  };
}

t.test('on Redis, everything agrees after any disturbance', { skip: skipWithoutRedis, timeout: 180_000 }, async (t) => {
  const seed = firstSeed;
  t.comment(`SEED=${seed}`);
  const world = await redisWorld(t);
  t.teardown(() => world.close());
  const chaos = new LiveStateChaos(world, seededRandom(seed), { stepMs: 100, lapseMs });
  await chaos.run(3, 250);
  const late = await world.node();
  let wrong = '';
  const agrees = async () => {
    wrong = await trouble(chaos, world, late, seed);
    return wrong === '';
  };
  await eventually('all agree', agrees, { withinMs: 30_000 }).catch(() => t.fail(wrong));
  const shown = late.map('own').entries().length + late.map('shared').entries().length;
  t.equal(await world.held(), shown, 'what is shown is what Redis holds');
});
