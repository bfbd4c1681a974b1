// The hub's logs: each an order of entries with the newest snapshot of what they amount to.

import type { NodeId } from '../../shared/ids.ts';
import type { LogDelivery, OpenLogReply, Position, StoredSnapshot } from './wire.ts';

/** As many entries as are kept when nobody saves snapshots; src/store/redis keeps about as many. */
export const mostLogEntries = 100_000;

/** Sorts as text in the order of the numbers. */
export const placeOf = (atMs: number, sequence: number) =>
  `${String(atMs).padStart(15, '0')}-${String(sequence).padStart(10, '0')}`;

export class MemoryLog {
  readonly name: string;
  epoch: string;
  n = 0;
  private entries: LogDelivery[] = [];
  private snapshot: StoredSnapshot | undefined;
  private lastAtMs = 0;
  private readonly newEpoch: () => string;

  constructor(name: string, newEpoch: () => string) {
    this.name = name;
    this.newEpoch = newEpoch;
    this.epoch = newEpoch();
  }

  append(from: NodeId, text: string, nowMs: number): LogDelivery {
    // A simulated clock may stand between two milliseconds.
    this.lastAtMs = Math.max(this.lastAtMs, Math.floor(nowMs));
    this.n += 1;
    const place = placeOf(this.lastAtMs, this.n);
    const entry = { log: this.name, epoch: this.epoch, n: this.n, place, atMs: this.lastAtMs, from, text };
    this.entries.push(entry);
    if (this.entries.length > mostLogEntries * 1.1) this.entries = this.entries.slice(-mostLogEntries);
    return entry;
  }

  after(place: string | undefined): LogDelivery[] {
    return place === undefined ? [...this.entries] : this.entries.filter((entry) => entry.place > place);
  }

  open(known: { epoch: string; at: Position | undefined } | undefined): OpenLogReply {
    const reply = (verdict: OpenLogReply['verdict']) => ({ epoch: this.epoch, verdict, snapshot: this.snapshot });
    if (!known) return reply('restart');
    if (known.epoch !== this.epoch) return reply('lost');
    const { at } = known;
    const oldest = this.entries[0]?.n ?? this.n + 1;
    if (at === undefined ? oldest === 1 : at.n <= this.n && at.n + 1 >= oldest) return reply('continue');
    if (this.snapshot && this.snapshot.n >= (at?.n ?? 0)) return reply('restart');
    this.lose();
    return reply('lost');
  }

  saveSnapshot(epoch: string, place: string, text: string): void {
    if (epoch !== this.epoch || (this.snapshot && this.snapshot.place >= place)) return;
    const entry = this.entries.find((each) => each.place === place);
    if (!entry) return;
    // Who is between the two snapshots goes on without starting over.
    const before = this.snapshot?.place;
    if (before !== undefined) this.entries = this.entries.filter((each) => each.place > before);
    this.snapshot = { place, n: entry.n, text };
  }

  private lose(): void {
    this.epoch = this.newEpoch();
    this.n = 0;
    this.entries = [];
    this.snapshot = undefined;
  }
}
