// Live state in Redis: for several nodes, on one server, a replicated set or a cluster.
// What is stored: what callers put, append and publish (aliases and ids; never a customer's number), what nodes say of themselves,
// and hashes of the keys of rate limits. Nothing of it outlives its use: see `keepMs`, the lengths of streams in lua.ts, and the heartbeat,
// which removes what a dead node owned.

import { type Clock, systemClock } from '../../shared/clock.ts';
import { type NodeId, newId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import { type Random, systemRandom } from '../../shared/random.ts';
import { defaultLinkSettings, type LinkSettings } from '../live/link.ts';
import { openLiveState } from '../live/live-state-client.ts';
import { defaultLapseMs, defaultOrphanMs } from '../live/memory-hub.ts';
import type { LiveState } from '../live-state.ts';
import { parseRedisUrls } from './addresses.ts';
import { connectRedis } from './connect.ts';
import { RedisWire } from './redis-wire.ts';

export interface RedisLiveStateOptions {
  /** redis:// or rediss://; several separated by commas. */
  url: string;
  log: Logger;
  /** Distinguishes installations that share a Redis. */
  keyPrefix?: string;
  /** Certificate authority in PEM for rediss://. */
  ca?: string;
  nodeId?: NodeId;
  facts?: Record<string, string>;
  clock?: Clock;
  random?: Random;
  settings?: Partial<LinkSettings>;
  /** From a node's last heartbeat until it is declared dead. */
  lapseMs?: number;
  /** From sending a command until its reply; beyond it Redis counts as away. */
  timeoutMs?: number;
}

const dayMs = 86_400_000;

/** Resolves when this node has joined; rejects with why it could not, after `settings.startTimeoutMs` at the latest. */
export function createRedisLiveState(options: RedisLiveStateOptions): Promise<LiveState> {
  const { url, log, ca, keyPrefix = 'engawa', lapseMs = defaultLapseMs, timeoutMs = 2000 } = options;
  const { clock = systemClock, random = systemRandom, facts = {} } = options;
  const addresses = parseRedisUrls(url);
  const base = `{${keyPrefix}}:`;
  const nodeId = options.nodeId ?? newId('node', clock.now());
  const settings = { base, lapseMs, orphanMs: defaultOrphanMs, keepMs: dayMs, timeoutMs };
  return openLiveState({
    kind: 'redis',
    server: {
      lapseMs,
      async connect(node, listener) {
        const connections = await connectRedis({ addresses, ca, key: `${base}seq`, name: node, timeoutMs, log });
        log.debug({ where: connections.where, version: connections.version }, 'connected to Redis');
        return new RedisWire(connections, node, listener, settings);
      },
    },
    nodeId,
    facts,
    clock,
    random,
    log,
    settings: { ...defaultLinkSettings, ...options.settings },
  });
}
