// Chooses the maker of live state by the configuration.

import { readFileSync } from 'node:fs';
import type { Clock } from '../shared/clock.ts';
import { AppError } from '../shared/errors.ts';
import type { NodeId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import { createMemoryLiveState } from './live/memory-live-state.ts';
import type { LiveState } from './live-state.ts';
import { createRedisLiveState } from './redis/redis-live-state.ts';

export type LiveStateSettings =
  | { kind: 'memory' }
  | { kind: 'redis'; keyPrefix: string; lapseSeconds: number; tls?: { caFile: string } };

export interface CreateLiveStateNeeds {
  settings: LiveStateSettings;
  /** ENGAWA_REDIS_URL. */
  redisUrl: string | undefined;
  clock: Clock;
  log: Logger;
  nodeId?: NodeId;
  /** What other nodes need to reach this one. */
  facts?: Record<string, string>;
}

/** Resolves when this node has joined the others; rejects with AppError 'live-state-unavailable' or 'config-invalid' that says why not. */
export async function createLiveState(needs: CreateLiveStateNeeds): Promise<LiveState> {
  const { settings, redisUrl, clock, log, nodeId, facts = {} } = needs;
  const common = { clock, log, facts, ...(nodeId === undefined ? {} : { nodeId }) };
  if (settings.kind === 'memory') return createMemoryLiveState(common);
  if (redisUrl === undefined) {
    throw new AppError('secret-missing', 'liveState.kind is redis: set ENGAWA_REDIS_URL, such as redis://host:6379.');
  }
  const { keyPrefix, lapseSeconds, tls } = settings;
  const ca = tls && readAuthority(tls.caFile);
  const lapseMs = lapseSeconds * 1000;
  return createRedisLiveState({ ...common, url: redisUrl, keyPrefix, lapseMs, ...(ca === undefined ? {} : { ca }) });
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('config-invalid', `liveState.tls.caFile names ${file}, which cannot be read.`, { cause });
  }
}
