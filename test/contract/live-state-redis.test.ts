// The live-state contract on real Redis servers: one alone, one with TLS and a password, and a cluster of three.
// A node that crashes is played by cutting it off for good: its connection goes through a wire of ours.

import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import type { LiveState } from '../../src/store/live-state.ts';
import { createRedisLiveState } from '../../src/store/redis/redis-live-state.ts';
import { type RedisServer, skipWithoutRedis, startRedis, startRedisCluster } from '../support/live/redis.ts';
import { cuttableWire } from '../support/servers/database.ts';
import { liveStateContract } from './live-state-contract.ts';

let worlds = 0;

const settings = { log: silentLogger, lapseMs: 2500, settings: { beatMs: 500 } };

/** Each test its own keys on the same server. */
function worldsOn(server: RedisServer) {
  return async (t: Test) => {
    const keyPrefix = `test-${++worlds}`;
    const wires = new Map<LiveState, { cut(): Promise<void> }>();
    return {
      async node(facts: Record<string, string> = {}) {
        const { url, ca } = server;
        const wire = await cuttableWire(t, url);
        const own = ca === undefined ? {} : { ca };
        const node = await createRedisLiveState({ ...settings, ...own, url: wire.url, keyPrefix, facts });
        wires.set(node, wire);
        return node;
      },
      crash: async (node: LiveState) => wires.get(node)?.cut(),
    };
  };
}

/** A cluster sends its clients on to servers by their own address, so a crash is a node whose clock stands still. */
function worldsOnCluster(servers: readonly RedisServer[]) {
  return async () => {
    const keyPrefix = `test-${++worlds}`;
    const stops = new Map<LiveState, () => void>();
    return {
      async node(facts: Record<string, string> = {}) {
        const { clock, stop } = stoppableClock();
        const { url } = servers[worlds % servers.length]!;
        const node = await createRedisLiveState({ ...settings, url, keyPrefix, facts, clock });
        stops.set(node, stop);
        return node;
      },
      crash: async (node: LiveState) => stops.get(node)?.(),
    };
  };
}

function stoppableClock(): { clock: Clock; stop: () => void } {
  let stopped = false;
  const unlessStopped = (run: () => void) => () => {
    if (!stopped) run();
  };
  const clock: Clock = {
    now: systemClock.now,
    after: (ms, run) => systemClock.after(ms, unlessStopped(run)),
    every: (ms, run) => systemClock.every(ms, unlessStopped(run)),
  };
  return {
    clock,
    stop: () => {
      stopped = true;
    },
  };
}

t.test('on one server', { skip: skipWithoutRedis }, async (t) => {
  liveStateContract(t, worldsOn(await startRedis(t)));
});

t.test('with TLS and a password', { skip: skipWithoutRedis }, async (t) => {
  liveStateContract(t, worldsOn(await startRedis(t, { tls: true, password: 'p@ss word/1' })));
});

t.test('on a cluster of three', { skip: skipWithoutRedis }, async (t) => {
  const servers = await startRedisCluster(t);
  liveStateContract(t, worldsOnCluster(servers));
});
