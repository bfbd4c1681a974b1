// One node's connection to the hub of this process. An operation is carried out when it is called.

import type { NodeId } from '../../shared/ids.ts';
import type { LiveNode } from '../live-state.ts';
import { unavailable } from './link.ts';
import type { Hub } from './memory-hub.ts';
import { placeOf } from './memory-log.ts';
import { fieldOf } from './memory-state.ts';
import type {
  BeatReply,
  EntryName,
  JoinReply,
  Known,
  Letter,
  LogDelivery,
  OpenLogReply,
  Position,
  Wire,
  WireEntry,
  WireListener,
  WirePut,
  Written,
} from './wire.ts';

const mostLetters = 1000;

export class MemoryWire implements Wire {
  readonly listener: WireListener;
  joined = false;
  muted = false;
  private readonly hub: Hub;
  private readonly nodeId: NodeId;
  private readonly delayMs: (() => number) | undefined;
  private brokenBecause: string | undefined;
  private readonly reads = new Map<string, object>();
  private readonly late: { at: number; tell: () => void }[] = [];

  constructor(hub: Hub, nodeId: NodeId, listener: WireListener, delayMs: (() => number) | undefined) {
    this.hub = hub;
    this.nodeId = nodeId;
    this.listener = listener;
    this.delayMs = delayMs;
  }

  break(because: string): void {
    if (this.brokenBecause !== undefined) return;
    this.brokenBecause = because;
    this.muted = false;
    this.joined = false;
    this.listener.broken(because);
  }

  mute(): void {
    this.muted = true;
  }

  deliver(tell: () => void): void {
    const heard = () => {
      if (!this.muted && this.brokenBecause === undefined) tell();
    };
    if (!this.delayMs) return heard();
    const at = Math.max(this.hub.clock.now() + Math.ceil(this.delayMs()), this.late.at(-1)?.at ?? 0);
    this.late.push({ at, tell: heard });
    if (this.late.length === 1) this.tellLater();
  }

  /** In order: a timer that is early or late delays what is behind it, too. */
  private tellLater(): void {
    const { clock } = this.hub;
    clock.after(Math.max(0, this.late[0]!.at - clock.now()), () => {
      const due = this.late.findIndex(({ at }) => at > clock.now());
      for (const { tell } of this.late.splice(0, due === -1 ? this.late.length : due)) tell();
      if (this.late.length > 0) this.tellLater();
    });
  }

  /** A node that crashed is never answered. */
  private run<T>(operation: () => T): Promise<T> {
    if (this.muted) return new Promise(() => {});
    if (this.brokenBecause !== undefined) return Promise.reject(unavailable(this.brokenBecause));
    return Promise.resolve(this.hub.together(operation));
  }

  private member<T>(operation: () => T): Promise<Written<T>> {
    return this.run<Written<T>>(() => (this.hub.state.members.has(this.nodeId) ? operation() : 'not-member'));
  }

  join(node: LiveNode, known: Known | undefined): Promise<JoinReply> {
    return this.run(() => {
      const { hub } = this;
      const { state } = hub;
      hub.joined(this.nodeId);
      const wasMember = state.members.has(this.nodeId);
      const changed = JSON.stringify(state.members.get(this.nodeId)) !== JSON.stringify(node);
      state.members.set(this.nodeId, node);
      if (changed) hub.announce({ kind: 'node', node });
      this.joined = true;
      this.catchUp(known?.epoch === state.epoch ? known : undefined);
      const oldest = state.changes[0]?.at.n ?? state.n + 1;
      return {
        epoch: state.epoch,
        wasMember,
        continuous: known?.epoch === state.epoch && known.at.n + 1 >= oldest,
        at: { place: placeOf(0, state.n), n: state.n },
        serverNowMs: hub.clock.now(),
        nodes: [...state.members.values()],
        entries: [...state.entries.values()],
      };
    });
  }

  private catchUp(known: Known | undefined): void {
    const { hub, listener } = this;
    const { state } = hub;
    const missed = known?.topicPlace;
    if (missed !== undefined) {
      for (const { topic, from, text, place } of state.topics.filter((each) => each.place > missed)) {
        hub.dispatch(this, () => listener.topic(topic, from, text, place));
      }
    }
    for (const { letter, place } of state.inboxes.get(this.nodeId) ?? []) {
      if (place > (known?.letterPlace ?? '')) hub.dispatch(this, () => listener.letter(letter, place));
    }
  }

  beat(logs: string[]): Promise<BeatReply> {
    return this.run(() => {
      const { state, clock } = this.hub;
      const ends = logs.map((name): [string, { epoch: string; n: number }] => {
        const { epoch, n } = this.hub.log(name);
        return [name, { epoch, n }];
      });
      const member = state.members.has(this.nodeId);
      return { member, epoch: state.epoch, n: state.n, serverNowMs: clock.now(), logs: new Map(ends) };
    });
  }

  describe(node: LiveNode): Promise<Written<'done'>> {
    return this.member(() => {
      this.hub.state.members.set(this.nodeId, node);
      this.hub.announce({ kind: 'node', node });
      return 'done';
    });
  }

  put({ map, key, text, expiresInMs, keepOrphan, writeId, claim }: WirePut) {
    return this.member(() => {
      const { state, clock } = this.hub;
      const before = state.entries.get(fieldOf({ map, key }));
      if (claim && before && before.owner !== this.nodeId && !before.orphan) return { ownedBy: before.owner };
      const expiresAt = expiresInMs > 0 ? clock.now() + expiresInMs : 0;
      const entry: WireEntry = { map, key, text, owner: this.nodeId, keepOrphan, orphan: false, expiresAt };
      state.entries.set(fieldOf(entry), entry);
      this.hub.expireLater(entry);
      this.hub.announce({ kind: 'put', entry, writeId });
      return { ownedBy: undefined };
    });
  }

  remove(name: EntryName, writeId: string): Promise<Written<'done'>> {
    return this.member(() => {
      const { state } = this.hub;
      const before = state.entries.get(fieldOf(name));
      const may = before && (before.owner === this.nodeId || before.orphan);
      if (may) state.entries.delete(fieldOf(name));
      if (may) this.hub.announce({ kind: 'removed', entries: [name], because: 'removed', writeId });
      else this.hub.announce({ kind: 'kept', entry: name, writeId });
      return 'done';
    });
  }

  append(name: string, epoch: string | undefined, text: string) {
    return this.member((): { place: string } | 'other-epoch' => {
      const log = this.hub.log(name);
      if (epoch !== undefined && epoch !== log.epoch) return 'other-epoch';
      const entry = log.append(this.nodeId, text, this.hub.clock.now());
      for (const wire of this.hub.wires.values()) wire.tellReader(name, entry);
      return { place: entry.place };
    });
  }

  /** For the reading that is under way now; one that begins later finds the entry by itself. */
  tellReader(log: string, entry: LogDelivery): void {
    const read = this.reads.get(log);
    if (this.joined && read) this.hub.dispatch(this, () => this.tellEntry(log, entry, read));
  }

  private tellEntry(log: string, entry: LogDelivery, read: object): void {
    if (this.reads.get(log) === read) this.listener.entry(entry);
  }

  openLog(log: string, known: { epoch: string; at: Position | undefined } | undefined): Promise<OpenLogReply> {
    return this.run(() => this.hub.log(log).open(known));
  }

  readLog(log: string, place: string | undefined): void {
    if (this.muted || this.brokenBecause !== undefined) return;
    const read = {};
    this.reads.set(log, read);
    this.hub.together(() => {
      for (const entry of this.hub.log(log).after(place)) {
        this.hub.dispatch(this, () => this.tellEntry(log, entry, read));
      }
    });
  }

  stopLog(log: string): void {
    this.reads.delete(log);
  }

  saveSnapshot(log: string, epoch: string, place: string, text: string): Promise<void> {
    return this.run(() => this.hub.log(log).saveSnapshot(epoch, place, text));
  }

  acquireLease(name: string, ttlMs: number, holder: string) {
    return this.member((): { fence: number } | 'held' => {
      const { state, clock, fences } = this.hub;
      const now = clock.now();
      if ((state.leases.get(name)?.until ?? 0) > now) return 'held';
      const fence = Math.max((fences.get(name) ?? 0) + 1, now);
      fences.set(name, fence);
      state.leases.set(name, { holder, until: now + ttlMs });
      return { fence };
    });
  }

  renewLease(name: string, ttlMs: number, holder: string): Promise<boolean> {
    return this.run(() => {
      const { state, clock } = this.hub;
      const lease = state.leases.get(name);
      if (lease?.holder !== holder || lease.until <= clock.now()) return false;
      lease.until = clock.now() + ttlMs;
      return true;
    });
  }

  releaseLease(name: string, holder: string): Promise<void> {
    return this.run(() => {
      const { leases } = this.hub.state;
      if (leases.get(name)?.holder === holder) leases.delete(name);
    });
  }

  takeToken(key: string, limit: number, windowMs: number) {
    return this.run(() => this.hub.state.windows.take(key, limit, windowMs, this.hub.clock.now()));
  }

  post(to: NodeId, letter: Letter): Promise<Written<boolean>> {
    return this.member(() => {
      const { state, wires } = this.hub;
      if (!state.members.has(to)) return false;
      const place = placeOf(0, ++state.letterN);
      const inbox = [...(state.inboxes.get(to) ?? []), { letter, place }].slice(-mostLetters);
      state.inboxes.set(to, inbox);
      const wire = wires.get(to);
      if (wire?.joined) this.hub.dispatch(wire, () => wire.listener.letter(letter, place));
      return true;
    });
  }

  publish(topic: string, text: string): Promise<Written<'done'>> {
    return this.member(() => {
      this.hub.publish(topic, this.nodeId, text);
      return 'done';
    });
  }

  async health() {
    return this.brokenBecause === undefined ? { ok: true } : { ok: false, because: this.brokenBecause };
  }

  async leave(): Promise<void> {
    if (this.muted || this.brokenBecause !== undefined) return;
    this.joined = false;
    this.hub.end(this.nodeId, 'left');
  }

  async close(): Promise<void> {
    this.joined = false;
    this.brokenBecause ??= 'closed';
    if (this.hub.wires.get(this.nodeId) === this) this.hub.wires.delete(this.nodeId);
  }
}
