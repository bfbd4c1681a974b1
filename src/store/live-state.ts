// What several nodes must agree on while calls run: who is there, who is registered, in which order the queues' inputs came, who
// holds a lease. Makers: store/live/memory (one node, or several in one process for tests) and store/redis (ioredis). Both
// pass test/contract/live-state-contract.ts. Nothing here outlives the calls: what lasts is in store.ts.
//
// While the maker's server is away (`down`), reads give what was last known, writes that need agreement reject with AppError
// 'live-state-unavailable' within `writeTimeoutMs`, and owned entries are kept to be put again; after `up` everything that this node
// owns is there again and every follower has been told what changed.

import type { Listenable, Unsubscribe } from '../shared/emitter.ts';
import type { NodeId } from '../shared/ids.ts';

export interface LiveNode {
  nodeId: NodeId;
  startedAt: number;
  /** What other nodes need to reach it: the SIP server's control address, the page's URL, its version. */
  facts: Record<string, string>;
  /** No new calls for it: it is about to leave. */
  draining: boolean;
}

export interface LiveStateEvents {
  nodeJoined: LiveNode;
  nodeChanged: LiveNode;
  /** Its heartbeat lapsed or it left. Told on every node; what it owned in the maps is removed afterwards, by one of them. */
  nodeGone: { nodeId: NodeId; because: 'left' | 'lapsed' };
  /** This node was taken for dead (it hung, or was cut off) and is back: what it owned was given away and must be stated again. */
  declaredDead: Record<string, never>;
  down: { because: string };
  up: { downMs: number };
}

export interface LiveState extends Listenable<LiveStateEvents> {
  readonly kind: 'memory' | 'redis';
  readonly nodeId: NodeId;
  nodes(): LiveNode[];
  /** Tells the others what has changed about this node. */
  describe(change: { facts?: Record<string, string>; draining?: boolean }): Promise<void>;

  /** A named table that every node holds a copy of. Asking twice for a name gives the same map. */
  map<T>(name: string): LiveMap<T>;
  /** A named order in which all nodes see the same entries. */
  log<T>(name: string): LiveLog<T>;

  /**
   * Takes `name` for this node until `ttlMs` have passed without `renew`. Undefined while another holds it. `fence` grows with
   * every new holder, so that what an earlier holder still sends can be told from what the present one sends.
   */
  acquireLease(name: string, ttlMs: number): Promise<Lease | undefined>;

  /**
   * Counts one use of `key`. Allowed while fewer than `limit` were counted in the last `windowMs` (sliding), over all nodes.
   * While down it counts on this node alone.
   */
  takeToken(key: string, limit: number, windowMs: number): Promise<{ allowed: boolean; retryAfterMs: number }>;

  /** Asks one node something; rejects with AppError 'node-unreachable' after `timeoutMs` (5 s unless told) or when it is gone. */
  ask(nodeId: NodeId, question: unknown, options?: { timeoutMs?: number }): Promise<unknown>;
  /** Answers what others ask; one handler. What it throws reaches the asker as an AppError of the same code. */
  onAsked(handler: (question: unknown, from: NodeId) => Promise<unknown>): void;

  /** Tells all nodes, this one too, in the order of sending per node; who is away misses at most what is older than the last 10,000. */
  publish(topic: string, message: unknown): Promise<void>;
  subscribe(topic: string, listener: (message: unknown, from: NodeId) => void): Unsubscribe;

  health(): Promise<{ ok: boolean; because?: string }>;
  /** Leaves: what this node owns goes at once. */
  close(): Promise<void>;
}

export interface LiveMapEvents<T> {
  put: { key: string; value: T; owner: NodeId };
  removed: { key: string; value: T; owner: NodeId; because: 'removed' | 'expired' | 'owner-gone' | 'replaced' };
}

/** Entries belong to the node that put them and go with it, unless `orphaned` entries are asked for (`keepOrphans`). */
export interface LiveMap<T> extends Listenable<LiveMapEvents<T>> {
  /**
   * Last put wins, over owners too. The local copy has it at once; resolves when the others will. `expiresInMs` ends it without a word.
   */
  put(key: string, value: T, options?: { expiresInMs?: number; keepOrphan?: boolean }): Promise<void>;
  /** Puts only if nobody else owns the key now; one write in the server. Undefined: it is this node's; else who has it. */
  claim(key: string, value: T, options?: { expiresInMs?: number; keepOrphan?: boolean }): Promise<NodeId | undefined>;
  /** Removes only what this node owns (or what is orphaned); harmless otherwise. */
  remove(key: string): Promise<void>;
  /** From the local copy, without waiting. `orphan`: its owner is gone and nobody has claimed it yet. */
  get(key: string): LiveEntry<T> | undefined;
  entries(): LiveEntry<T>[];
}

export interface LiveEntry<T> {
  key: string;
  value: T;
  owner: NodeId;
  orphan: boolean;
}

export interface LogEntry<T> {
  /** Grows with the order; opaque otherwise. */
  place: string;
  /** The order's own clock (the server's), milliseconds since 1970; never runs backwards. */
  atMs: number;
  from: NodeId;
  value: T;
}

export interface LiveLog<T> {
  /** Resolves with the entry's place once it is in the order. */
  append(value: T): Promise<string>;
  /**
   * Hands every entry after `after` (or after the newest snapshot) to one follower, in order, each once. `onSnapshot` comes first when
   * there is one, and again when the follower fell behind what is kept.
   */
  follow(follower: {
    onSnapshot(state: unknown, place: string): void;
    onEntry(entry: LogEntry<T>): void;
    /** The server lost the order (restarted empty): every node starts again from what is true. */
    onLost(): void;
  }): Unsubscribe;
  /** Replaces the stored state; entries up to `place` may be forgotten. Ignored when a newer one is stored. */
  saveSnapshot(place: string, state: unknown): Promise<void>;
}

export interface Lease {
  readonly name: string;
  readonly fence: number;
  /** False: it was lost; act no more in its name. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}
