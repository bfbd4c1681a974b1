// What the hub holds; a hub that starts empty has a new one.

import type { NodeId } from '../../shared/ids.ts';
import type { LiveNode } from '../live-state.ts';
import type { MemoryLog } from './memory-log.ts';
import { createSlidingWindows } from './sliding-window.ts';
import type { Change, Letter, Position, WireEntry } from './wire.ts';

export class HubState {
  readonly epoch: string;
  readonly members = new Map<NodeId, LiveNode>();
  /** By map and key (`fieldOf`). */
  readonly entries = new Map<string, WireEntry>();
  readonly logs = new Map<string, MemoryLog>();
  readonly leases = new Map<string, { holder: string; until: number }>();
  readonly inboxes = new Map<NodeId, { letter: Letter; place: string }[]>();
  readonly windows = createSlidingWindows();
  changes: { change: Change; at: Position }[] = [];
  topics: { topic: string; from: NodeId; text: string; place: string }[] = [];
  n = 0;
  topicN = 0;
  letterN = 0;

  constructor(epoch: string) {
    this.epoch = epoch;
  }
}

export const fieldOf = ({ map, key }: { map: string; key: string }) => `${map}\n${key}`;
