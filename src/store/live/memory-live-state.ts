// Live state in this process's memory: one node alone, or several that share a hub (memory-hub.ts).

import { type Clock, systemClock } from '../../shared/clock.ts';
import { type NodeId, newId } from '../../shared/ids.ts';
import { type Logger, silentLogger } from '../../shared/logger.ts';
import { type Random, systemRandom } from '../../shared/random.ts';
import type { LiveState } from '../live-state.ts';
import { defaultLinkSettings, type LinkSettings } from './link.ts';
import { openLiveState } from './live-state-client.ts';
import { createMemoryHub, type MemoryHub } from './memory-hub.ts';

export interface MemoryLiveStateOptions {
  /** The hub of several nodes; a node alone has its own. */
  hub?: MemoryHub;
  nodeId?: NodeId;
  facts?: Record<string, string>;
  clock?: Clock;
  random?: Random;
  log?: Logger;
  settings?: Partial<LinkSettings>;
}

/** Resolves when the node has joined; needs no timer for it, so a simulated clock may stand still. */
export function createMemoryLiveState(options: MemoryLiveStateOptions = {}): Promise<LiveState> {
  const { clock = systemClock, random = systemRandom, log = silentLogger, facts = {} } = options;
  return openLiveState({
    kind: 'memory',
    server: options.hub ?? createMemoryHub({ clock }),
    nodeId: options.nodeId ?? newId('node', clock.now()),
    facts,
    clock,
    random,
    log,
    settings: { ...defaultLinkSettings, ...options.settings },
  });
}
