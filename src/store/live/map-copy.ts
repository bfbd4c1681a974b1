// One node's copy of one map. What is shown is what the server said last, except where a write of this node's own is on its way:
// that is shown at once, and others' changes of the same key wait behind it, because the server's order decides.
// Pure: knows no wire and no timer. `remotely` is what the server holds; `underWay` is what this node has yet to see come back.

import { createEmitter, type Emitter } from '../../shared/emitter.ts';
import type { NodeId } from '../../shared/ids.ts';
import type { LiveEntry, LiveMapEvents } from '../live-state.ts';
import { fromText } from './text.ts';
import type { RemovedBecause, WireEntry } from './wire.ts';

interface Held {
  text: string;
  value: unknown;
  owner: NodeId;
  orphan: boolean;
  keepOrphan: boolean;
  /** By this node's clock; 0: never. */
  until: number;
}

/** A write of this node that the order of changes has not shown yet. */
export interface OwnWrite {
  readonly key: string;
  readonly writeId: string;
  /** Undefined: it removes. */
  readonly held: Held | undefined;
  /** The server has it; its change is on its way. */
  acknowledged: boolean;
}

type GoneBecause = RemovedBecause | 'replaced';

export class MapCopy {
  readonly name: string;
  readonly events: Emitter<LiveMapEvents<unknown>>;
  private readonly nodeId: NodeId;
  private remotely = new Map<string, Held>();
  private readonly underWay = new Map<string, OwnWrite>();

  constructor(name: string, nodeId: NodeId, onListenerError: (error: Error, event: string) => void) {
    this.name = name;
    this.nodeId = nodeId;
    this.events = createEmitter(onListenerError);
  }

  get(key: string): LiveEntry<unknown> | undefined {
    const held = this.shown(key);
    return held && asEntry(key, held);
  }

  entries(): LiveEntry<unknown>[] {
    const all: LiveEntry<unknown>[] = [];
    for (const [key, held] of this.remotely) if (!this.underWay.has(key)) all.push(asEntry(key, held));
    for (const { key, held } of this.underWay.values()) if (held) all.push(asEntry(key, held));
    return all;
  }

  /** What this node is about to write is shown at once. */
  write(
    key: string,
    writeId: string,
    put: { text: string; keepOrphan: boolean; until: number } | undefined,
    acknowledged = false,
  ): OwnWrite {
    const held = put && { ...put, value: fromText(put.text), owner: this.nodeId, orphan: false };
    const own: OwnWrite = { key, writeId, held, acknowledged };
    this.showing(key, 'removed', () => this.underWay.set(key, own));
    return own;
  }

  /** The newest write of this node to a key, while it has not come by. */
  writeUnderWay(key: string): OwnWrite | undefined {
    return this.underWay.get(key);
  }

  applyPut(entry: WireEntry, writeId: string, until: number): void {
    this.showing(entry.key, 'removed', () => {
      this.remotely.set(entry.key, fromWire(entry, until));
      this.arrived(entry.key, writeId);
    });
  }

  applyRemoved(key: string, because: RemovedBecause, writeId: string): void {
    this.showing(key, because, () => {
      this.remotely.delete(key);
      this.arrived(key, writeId);
    });
  }

  applyKept(key: string, writeId: string): void {
    this.showing(key, 'removed', () => this.arrived(key, writeId));
  }

  applyOrphaned(key: string): void {
    this.showing(key, 'owner-gone', () => {
      const held = this.remotely.get(key);
      if (held) this.remotely.set(key, { ...held, orphan: true, until: 0 });
    });
  }

  /**
   * Everything the server holds of this map, after an absence. Gives what this node has to write so that its own is there again:
   * its writes that never arrived and, with `restore`, whatever the server has lost. Declared dead, it writes nothing.
   */
  replaceAll(
    entries: readonly { entry: WireEntry; until: number }[],
    { restore, died, alive, nowMs, newWriteId }: ReplaceContext,
  ): OwnWrite[] {
    const before = new Map(this.entries().map(({ key }) => [key, this.shown(key)!]));
    const theirs = new Map(entries.map(({ entry, until }) => [entry.key, fromWire(entry, until)]));
    const rewrite = (key: string, held: Held | undefined) =>
      this.underWay.set(key, { key, held, writeId: newWriteId(), acknowledged: false });
    for (const own of [...this.underWay.values()]) {
      const lost = restore && theirs.get(own.key)?.owner !== this.nodeId;
      const over = own.held !== undefined && own.held.until !== 0 && own.held.until <= nowMs;
      this.underWay.delete(own.key);
      if (died) continue;
      if (over) rewrite(own.key, undefined);
      else if (!own.acknowledged || (lost && own.held)) rewrite(own.key, own.held);
    }
    if (restore) {
      for (const [key, held] of this.remotely) {
        const over = held.until !== 0 && held.until <= nowMs;
        const mine = held.owner === this.nodeId && !held.orphan && !over;
        if (mine && !theirs.has(key) && before.has(key) && !this.underWay.has(key)) rewrite(key, held);
      }
    }
    // What a broken claim left behind: its caller was told that it failed.
    for (const [key, held] of theirs) {
      const known = before.get(key)?.owner === this.nodeId;
      if (held.owner === this.nodeId && !held.orphan && !known && !this.underWay.has(key)) rewrite(key, undefined);
    }
    this.remotely = theirs;
    for (const key of new Set([...before.keys(), ...theirs.keys(), ...this.underWay.keys()])) {
      const was = before.get(key);
      const over = was !== undefined && was.until !== 0 && was.until <= nowMs;
      this.tell(key, was, this.shown(key), over ? 'expired' : was && !alive.has(was.owner) ? 'owner-gone' : 'removed');
    }
    return [...this.underWay.values()];
  }

  /** What this node put and whose time is over while nobody else can say so. */
  expireOwn(nowMs: number, newWriteId: () => string): void {
    for (const { key, owner } of this.entries()) {
      const until = this.shown(key)!.until;
      if (owner !== this.nodeId || until === 0 || until > nowMs) continue;
      const own: OwnWrite = { key, writeId: newWriteId(), held: undefined, acknowledged: false };
      this.showing(key, 'expired', () => this.underWay.set(key, own));
    }
  }

  private shown(key: string): Held | undefined {
    const own = this.underWay.get(key);
    return own ? own.held : this.remotely.get(key);
  }

  private arrived(key: string, writeId: string): void {
    if (this.underWay.get(key)?.writeId === writeId) this.underWay.delete(key);
  }

  private showing(key: string, because: RemovedBecause, change: () => void): void {
    const before = this.shown(key);
    change();
    this.tell(key, before, this.shown(key), because);
  }

  private tell(key: string, before: Held | undefined, after: Held | undefined, because: GoneBecause): void {
    if (!after) {
      if (before) this.events.emit('removed', { key, value: before.value, owner: before.owner, because });
      return;
    }
    const { value, owner } = after;
    if (before && before.owner !== owner) {
      this.events.emit('removed', { key, value: before.value, owner: before.owner, because: 'replaced' });
    } else if (before && after.orphan && !before.orphan) {
      this.events.emit('orphaned', { key, value, owner });
      return;
    } else if (before && before.text === after.text && before.orphan === after.orphan) return;
    this.events.emit('put', { key, value, owner });
    if (after.orphan) this.events.emit('orphaned', { key, value, owner });
  }
}

export interface ReplaceContext {
  /** The server has lost something: entries of this node that it does not have are to be written again. */
  restore: boolean;
  /** This node was declared dead: what it owned is not its own any more. */
  died: boolean;
  /** Whose entries may go on; what others owned went because they are gone. */
  alive: ReadonlySet<NodeId>;
  nowMs: number;
  newWriteId: () => string;
}

const fromWire = ({ text, owner, orphan, keepOrphan }: WireEntry, until: number): Held => ({
  text,
  value: fromText(text),
  owner,
  orphan,
  keepOrphan,
  until,
});

const asEntry = (key: string, { value, owner, orphan }: Held): LiveEntry<unknown> => ({ key, value, owner, orphan });
