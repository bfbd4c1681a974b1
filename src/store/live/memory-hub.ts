// The server of the live state in this process: for one node, and for several in one process, which is how tests and simulations
// run many nodes on one clock. Knows who is alive by itself: a node lives until it leaves, crashes or is cut off.
//
// Without `delayMs` everything is delivered before the operation that caused it returns, in one order for all nodes. What a
// listener causes is delivered after what it is being told. With it, each node hears of things after its own delay, in order.
// `crash`, `cutOff`, `mend`, `stop` and `start` are the failures that store/redis meets, for simulations.

import type { Clock } from '../../shared/clock.ts';
import type { NodeId } from '../../shared/ids.ts';
import { unavailable } from './link.ts';
import { MemoryLog, placeOf } from './memory-log.ts';
import { fieldOf, HubState } from './memory-state.ts';
import { MemoryWire } from './memory-wire.ts';
import type { Change, LiveServer, WireEntry, WireListener } from './wire.ts';

export interface MemoryHub extends LiveServer {
  /** The node ends without a word: it hears nothing more, and what it asks for is never answered. Others hear after `lapseMs`. */
  crash(nodeId: NodeId): void;
  /** The node cannot reach the hub until `mend`; after `lapseMs` it is declared dead. */
  cutOff(nodeId: NodeId): void;
  /** A node that was cut off, or that had crashed and only hung, is back. */
  mend(nodeId: NodeId): void;
  /** The hub is away for all, until `start`; nobody lapses meanwhile. */
  stop(because?: string): void;
  start(options?: { empty?: boolean }): void;
  /** While stopped: it will start with nothing. */
  loseAll(): void;
}

export interface MemoryHubOptions {
  clock: Clock;
  /** From a node's last sign of life until it is declared dead. */
  lapseMs?: number;
  /** How long an orphaned entry waits for somebody who claims it. */
  orphanMs?: number;
  /** How late a node hears of things; asked for each. */
  delayMs?: (to: NodeId) => number;
}

const mostTopics = 10_000;
const mostChanges = 20_000;
export const defaultLapseMs = 4000;
export const defaultOrphanMs = 3_600_000;

export function createMemoryHub(options: MemoryHubOptions): MemoryHub {
  return new Hub(options);
}

/** The hub as its wires see it. */
export class Hub implements MemoryHub {
  readonly clock: Clock;
  readonly orphanMs: number;
  state = new HubState('1');
  /** Outlives a loss, so that fences never run backwards. */
  readonly fences = new Map<string, number>();
  readonly wires = new Map<NodeId, MemoryWire>();
  readonly lapseMs: number;
  private readonly delayMs: ((to: NodeId) => number) | undefined;
  private readonly lapses = new Map<NodeId, () => void>();
  private readonly unreachable = new Set<NodeId>();
  private stopped: string | undefined;
  private epochs = 1;
  private readonly queue: (() => void)[] = [];
  private dispatching = false;

  constructor({ clock, lapseMs = defaultLapseMs, orphanMs = defaultOrphanMs, delayMs }: MemoryHubOptions) {
    this.clock = clock;
    this.lapseMs = lapseMs;
    this.orphanMs = orphanMs;
    this.delayMs = delayMs;
  }

  async connect(nodeId: NodeId, listener: WireListener): Promise<MemoryWire> {
    if (this.stopped !== undefined) throw unavailable(this.stopped);
    if (this.unreachable.has(nodeId)) throw unavailable('cut off');
    const wire = new MemoryWire(this, nodeId, listener, this.delayMs && (() => this.delayMs!(nodeId)));
    this.wires.get(nodeId)?.break('another connection of the same node');
    this.wires.set(nodeId, wire);
    return wire;
  }

  crash(nodeId: NodeId): void {
    this.unreachable.add(nodeId);
    this.wires.get(nodeId)?.mute();
    this.lapseLater(nodeId);
  }

  cutOff(nodeId: NodeId): void {
    this.unreachable.add(nodeId);
    this.wires.get(nodeId)?.break('cut off');
    this.wires.delete(nodeId);
    this.lapseLater(nodeId);
  }

  mend(nodeId: NodeId): void {
    this.unreachable.delete(nodeId);
    const wire = this.wires.get(nodeId);
    if (wire?.muted) {
      this.wires.delete(nodeId);
      wire.break('this node hung');
    }
  }

  stop(because = 'stopped'): void {
    this.stopped = because;
    for (const cancel of this.lapses.values()) cancel();
    for (const wire of [...this.wires.values()]) if (!wire.muted) wire.break(because);
    this.wires.clear();
  }

  start({ empty = false }: { empty?: boolean } = {}): void {
    this.stopped = undefined;
    if (empty) this.loseAll();
    for (const nodeId of this.state.members.keys()) this.lapseLater(nodeId);
  }

  loseAll(): void {
    this.state = new HubState(this.newEpoch());
  }

  newEpoch(): string {
    return String(++this.epochs);
  }

  joined(nodeId: NodeId): void {
    this.lapses.get(nodeId)?.();
    this.lapses.delete(nodeId);
  }

  private lapseLater(nodeId: NodeId): void {
    this.lapses.get(nodeId)?.();
    const timer = this.clock.after(this.lapseMs, () => {
      this.lapses.delete(nodeId);
      this.end(nodeId, 'lapsed');
    });
    this.lapses.set(nodeId, () => timer.cancel());
  }

  /** The node is gone: told first, then what it owned is removed or orphaned. */
  end(nodeId: NodeId, because: 'left' | 'lapsed'): void {
    this.together(() => this.endNow(nodeId, because));
  }

  private endNow(nodeId: NodeId, because: 'left' | 'lapsed'): void {
    const { state } = this;
    if (!state.members.delete(nodeId)) return;
    state.inboxes.delete(nodeId);
    this.announce({ kind: 'gone', nodeId, because });
    const owned = [...state.entries.values()].filter((entry) => entry.owner === nodeId && !entry.orphan);
    const kept = owned.filter((entry) => entry.keepOrphan);
    const dropped = owned.filter((entry) => !entry.keepOrphan);
    for (const entry of dropped) state.entries.delete(fieldOf(entry));
    for (const entry of kept) this.orphan(entry);
    const names = (entries: WireEntry[]) => entries.map(({ map, key }) => ({ map, key }));
    if (dropped.length > 0) {
      this.announce({ kind: 'removed', entries: names(dropped), because: 'owner-gone', writeId: '' });
    }
    if (kept.length > 0) this.announce({ kind: 'orphaned', entries: names(kept) });
  }

  private orphan(entry: WireEntry): void {
    const orphan = { ...entry, orphan: true, expiresAt: this.clock.now() + this.orphanMs };
    this.state.entries.set(fieldOf(entry), orphan);
    this.expireLater(orphan);
  }

  expireLater(entry: WireEntry): void {
    if (entry.expiresAt === 0) return;
    const { state } = this;
    this.clock.after(entry.expiresAt - this.clock.now(), () => {
      if (state !== this.state || state.entries.get(fieldOf(entry)) !== entry) return;
      state.entries.delete(fieldOf(entry));
      const { map, key } = entry;
      this.announce({ kind: 'removed', entries: [{ map, key }], because: 'expired', writeId: '' });
    });
  }

  log(name: string): MemoryLog {
    const existing = this.state.logs.get(name);
    if (existing) return existing;
    const log = new MemoryLog(name, () => this.newEpoch());
    this.state.logs.set(name, log);
    return log;
  }

  announce(change: Change): void {
    const { state } = this;
    const at = { place: placeOf(0, ++state.n), n: state.n };
    state.changes.push({ change, at });
    if (state.changes.length > mostChanges * 1.1) state.changes = state.changes.slice(-mostChanges);
    this.toAll((wire) => wire.listener.change(change, at));
  }

  publish(topic: string, from: NodeId, text: string): void {
    const { state } = this;
    const place = placeOf(0, ++state.topicN);
    state.topics.push({ topic, from, text, place });
    if (state.topics.length > mostTopics * 1.1) state.topics = state.topics.slice(-mostTopics);
    this.toAll((wire) => wire.listener.topic(topic, from, text, place));
  }

  toAll(tell: (wire: MemoryWire) => void): void {
    this.together(() => {
      for (const wire of this.wires.values()) if (wire.joined) this.dispatch(wire, () => tell(wire));
    });
  }

  /** After all that is being told now, and when everybody who is to be told of this has been noted. */
  dispatch(wire: MemoryWire, tell: () => void): void {
    this.together(() => void this.queue.push(() => wire.deliver(tell)));
  }

  /** Nobody is told of anything before all of `act` is done. */
  together<T>(act: () => T): T {
    if (this.dispatching) return act();
    this.dispatching = true;
    try {
      const result = act();
      for (let next = this.queue.shift(); next; next = this.queue.shift()) next();
      return result;
    } finally {
      this.dispatching = false;
    }
  }
}
