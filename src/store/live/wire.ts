// What the client of the live state (live-state-client.ts) and a server of it say to each other. Two servers answer it: the hub
// in this process (memory-hub.ts) and Redis (store/redis). Everything that must be one write is one operation here.
//
// A server keeps four kinds of order, each numbered from 1 without a gap: `changes` (of maps and nodes, one for all), `topics`
// (what is published), an inbox per node, and the logs. Places in an order are strings that sort as the order does.

import type { NodeId } from '../../shared/ids.ts';
import type { LiveNode, LogEntry } from '../live-state.ts';

/** One entry of a map as the server holds it. `text` is the value as JSON; the server does not read it. */
export interface WireEntry {
  map: string;
  key: string;
  text: string;
  owner: NodeId;
  keepOrphan: boolean;
  orphan: boolean;
  /** By the server's clock; 0: never. */
  expiresAt: number;
}

export type RemovedBecause = 'removed' | 'expired' | 'owner-gone';

export interface EntryName {
  map: string;
  key: string;
}

/** `writeId` is what the writer gave, so that it knows its own write when it comes by. */
export type Change =
  | { kind: 'put'; entry: WireEntry; writeId: string }
  | { kind: 'removed'; entries: EntryName[]; because: RemovedBecause; writeId: string }
  /** A removal that removed nothing, so that its writer shows again what is there. */
  | { kind: 'kept'; entry: EntryName; writeId: string }
  | { kind: 'orphaned'; entries: EntryName[] }
  | { kind: 'node'; node: LiveNode }
  | { kind: 'gone'; nodeId: NodeId; because: 'left' | 'lapsed' };

export type Letter =
  | { kind: 'question' | 'answer'; id: string; from: NodeId; text: string }
  | { kind: 'fault'; id: string; from: NodeId; code: string; text: string };

export interface Position {
  place: string;
  n: number;
}

export interface LogDelivery extends Omit<LogEntry<never>, 'value'>, Position {
  log: string;
  epoch: string;
  text: string;
}

/** What comes to a node. Called in the order of each kind; never again after `broken`. */
export interface WireListener {
  change(change: Change, at: Position): void;
  topic(topic: string, from: NodeId, text: string, place: string): void;
  letter(letter: Letter, place: string): void;
  entry(entry: LogDelivery): void;
  /** Once: nothing comes any more and every operation under way is rejected. */
  broken(because: string): void;
}

/** How far a node had come before it was cut off. */
export interface Known {
  epoch: string;
  at: Position;
  topicPlace: string | undefined;
  letterPlace: string | undefined;
}

/** All that is true now, at one moment of the order of changes. */
export interface JoinReply {
  /** Another one than before: the server began with nothing. */
  epoch: string;
  /** Whether this node was known as alive until now. */
  wasMember: boolean;
  /** The order still has the entry at the position that was given. False: something was lost or forgotten since. */
  continuous: boolean;
  at: Position;
  serverNowMs: number;
  nodes: LiveNode[];
  entries: WireEntry[];
}

export interface BeatReply {
  member: boolean;
  epoch: string;
  /** Number of the newest change. */
  n: number;
  serverNowMs: number;
  /** Of each log that was asked about: its order and the number of its newest entry. */
  logs: Map<string, { epoch: string; n: number }>;
}

export interface WirePut {
  map: string;
  key: string;
  text: string;
  expiresInMs: number;
  keepOrphan: boolean;
  writeId: string;
  /** Put only when nobody else owns it. */
  claim: boolean;
}

export interface StoredSnapshot extends Position {
  text: string;
}

export interface OpenLogReply {
  epoch: string;
  /**
   * 'continue': after the position given. 'restart': from the snapshot, or from the oldest entry without one. 'lost': the
   * same, in a new order.
   */
  verdict: 'continue' | 'restart' | 'lost';
  snapshot: StoredSnapshot | undefined;
}

/** 'not-member': the node was declared dead; nothing was written. */
export type Written<T> = T | 'not-member';

/**
 * One node's connection to a server. Operations settle within the maker's time-out or the wire breaks; what they reject with is
 * AppError 'live-state-unavailable'. Operations are carried out in the order in which they were called.
 */
export interface Wire {
  /** Once per wire. From now on changes after `at`, and topics and letters after what is known, come to the listener. */
  join(node: LiveNode, known: Known | undefined): Promise<JoinReply>;
  beat(logs: string[]): Promise<BeatReply>;
  describe(node: LiveNode): Promise<Written<'done'>>;
  /** `ownedBy` when a claim did not succeed. */
  put(put: WirePut): Promise<Written<{ ownedBy: NodeId | undefined }>>;
  remove(name: EntryName, writeId: string): Promise<Written<'done'>>;
  append(log: string, epoch: string | undefined, text: string): Promise<Written<{ place: string } | 'other-epoch'>>;
  openLog(log: string, known: { epoch: string; at: Position | undefined } | undefined): Promise<OpenLogReply>;
  /** From now on entries after `place` (undefined: all that are kept) come to the listener. */
  readLog(log: string, place: string | undefined): void;
  stopLog(log: string): void;
  saveSnapshot(log: string, epoch: string, place: string, text: string): Promise<void>;
  acquireLease(name: string, ttlMs: number, holder: string): Promise<Written<{ fence: number } | 'held'>>;
  renewLease(name: string, ttlMs: number, holder: string): Promise<boolean>;
  releaseLease(name: string, holder: string): Promise<void>;
  takeToken(key: string, limit: number, windowMs: number): Promise<{ allowed: boolean; retryAfterMs: number }>;
  /** False: there is no such node. */
  post(to: NodeId, letter: Letter): Promise<Written<boolean>>;
  publish(topic: string, text: string): Promise<Written<'done'>>;
  health(): Promise<{ ok: boolean; because?: string }>;
  /** What the node owned goes, and the others are told that it left. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

export interface LiveServer {
  /** From a node's last heartbeat until it is declared dead. */
  readonly lapseMs: number;
  /** Rejects with what is wrong. The listener hears nothing before `join` has resolved. */
  connect(nodeId: NodeId, listener: WireListener): Promise<Wire>;
}
