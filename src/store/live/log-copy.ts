// One node's reading of one log: where it is, and what it does when the order does not go on there.
//   closed ─follow▶ opening ─openLog answered▶ reading ─gap, or another order▶ opening …     (down: opening, when up again)
// Every entry must be the next one by number; else the server is asked what happened: go on, restart from a snapshot, or lost.
// When the order is lost, the server begins a new one, so that every node hears of it.

import { AppError } from '../../shared/errors.ts';
import type { LogEntry } from '../live-state.ts';
import { fromText } from './text.ts';
import type { LogDelivery, OpenLogReply, Position, Wire } from './wire.ts';

export interface LogFollower<T> {
  onSnapshot(state: unknown, place: string): void;
  onEntry(entry: LogEntry<T>): void;
  onLost(): void;
}

export class LogCopy {
  readonly name: string;
  private follower: LogFollower<never> | undefined;
  private epoch: string | undefined;
  private at: Position | undefined;
  private reading = false;
  private atLastBeat = 0;
  /** The order was found to begin later than its first entry: its snapshot is asked for, once. */
  private askedForBeginning = false;
  /** Counts attempts to open, so that an answer to an earlier one is not taken for this one's. */
  private attempt = 0;
  private readonly onFault: (error: unknown) => void;

  /** `onFault` hears what a follower throws, and why the log could not be opened. */
  constructor(name: string, onFault: (error: unknown) => void) {
    this.name = name;
    this.onFault = onFault;
  }

  get followed(): boolean {
    return this.follower !== undefined;
  }

  /** The order this node reads; an append in the belief of another one is refused. */
  get knownEpoch(): string | undefined {
    return this.epoch;
  }

  /** What a heartbeat says of this log: another order than the one read, or one that ends before where this was at the last beat. */
  beaten(wire: Wire, { epoch, n }: { epoch: string; n: number }): void {
    if (this.reading && (epoch !== this.epoch || n < this.atLastBeat)) void this.open(wire);
    this.atLastBeat = this.reading ? (this.at?.n ?? 0) : 0;
  }

  follow(follower: LogFollower<never>): void {
    if (this.follower) {
      throw new AppError('conflict', `The log ${this.name} is followed on this node already; one follower is enough.`);
    }
    this.follower = follower;
  }

  /** Who follows next starts from the beginning. */
  unfollow(wire: Wire | undefined): void {
    this.follower = undefined;
    this.reading = false;
    this.attempt += 1;
    this.epoch = undefined;
    this.at = undefined;
    wire?.stopLog(this.name);
  }

  /** The wire is gone; nothing is read until `open`. */
  pause(): void {
    this.reading = false;
    this.attempt += 1;
  }

  async open(wire: Wire): Promise<void> {
    if (!this.follower) return;
    const attempt = ++this.attempt;
    this.reading = false;
    const fresh = this.epoch === undefined || (this.askedForBeginning && this.at === undefined);
    const known = fresh ? undefined : { epoch: this.epoch!, at: this.at };
    try {
      const reply = await wire.openLog(this.name, known);
      if (attempt === this.attempt) this.begin(wire, reply);
    } catch (error) {
      // The wire says by itself that it is broken; the log is opened again with the next one.
      if (attempt === this.attempt) this.onFault(error);
    }
  }

  deliver(wire: Wire, entry: LogDelivery): void {
    if (!this.reading) return;
    // Without a snapshot it begins with its first entry, unless that is no longer kept.
    const first = this.askedForBeginning ? undefined : 1;
    const expected = this.at === undefined ? first : this.at.n + 1;
    if (entry.epoch !== this.epoch || (expected !== undefined && entry.n !== expected)) {
      const again = this.at !== undefined && entry.n <= this.at.n && entry.place <= this.at.place;
      if (entry.epoch === this.epoch && again) return;
      this.askedForBeginning = entry.epoch === this.epoch && this.at === undefined;
      wire.stopLog(this.name);
      void this.open(wire);
      return;
    }
    this.at = { place: entry.place, n: entry.n };
    const { place, atMs, from } = entry;
    this.tell((follower) => follower.onEntry({ place, atMs, from, value: fromText(entry.text) as never }));
  }

  private begin(wire: Wire, { epoch, verdict, snapshot }: OpenLogReply): void {
    if (epoch !== this.epoch) this.askedForBeginning = false;
    this.epoch = epoch;
    this.atLastBeat = 0;
    if (verdict === 'lost') this.tell((follower) => follower.onLost());
    if (verdict !== 'continue') {
      this.at = snapshot && { place: snapshot.place, n: snapshot.n };
      if (snapshot) this.askedForBeginning = false;
      if (snapshot) this.tell((follower) => follower.onSnapshot(fromText(snapshot.text), snapshot.place));
    }
    if (!this.follower) return;
    this.reading = true;
    wire.readLog(this.name, this.at?.place);
  }

  private tell(say: (follower: LogFollower<never>) => void): void {
    if (!this.follower) return;
    try {
      say(this.follower);
    } catch (error) {
      this.onFault(error);
    }
  }
}
