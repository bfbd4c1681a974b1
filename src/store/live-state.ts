// What several nodes must agree on while calls run: who is there, who is registered, in which order the queues' inputs came, who
// holds a lease. Makers: store/live/memory (one node, or several in one process for tests) and store/redis (ioredis). Both
// pass test/contract/live-state-contract.ts. Nothing here outlives the calls: what lasts is in store.ts.
//
// While the maker's server is away (`down`), reads give what was last known. Writes wait for it and reject with AppError
// 'live-state-unavailable' within `writeTimeoutMs` (2 s); a put or remove that rejected is kept all the same and sent with the next
// connection, an append, claim, lease or message is not (whether it was carried out is then unknown; a claim that was is taken
// back). After `up` everything that this node owns is there again and every follower has been told what changed. A node that was
// declared dead meanwhile owns nothing: it is told so (`declaredDead`, right after `up`) and states again what is still true.
//
// In memory everything is delivered before the call that caused it returns, to all nodes of a hub in one order; in Redis a
// millisecond later, and an entry may be delivered before or after its `append` resolves. Rely on neither: createMemoryHub takes
// `delayMs` to try. Values are plain JSON; what comes out is always a copy.

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
  /** `sureForMs`: for so long from now the others count on this node for certain; later they may have declared it dead. */
  down: { because: string; sureForMs: number };
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
   * Takes `name` until `ttlMs` have passed without `renew`. Undefined while it is held, by this node too. `fence` grows with
   * every new holder, so that what an earlier holder still sends can be told from what the present one sends.
   */
  acquireLease(name: string, ttlMs: number): Promise<Lease | undefined>;

  /**
   * Counts one use of `key`. Allowed while fewer than `limit` were counted in the last `windowMs` (sliding), over all nodes.
   * While down it counts on this node alone.
   */
  takeToken(key: string, limit: number, windowMs: number): Promise<{ allowed: boolean; retryAfterMs: number }>;

  /** Asks one node something (at most once); rejects with AppError 'node-unreachable' after `timeoutMs` (5 s unless told) or when it is gone. */
  ask(nodeId: NodeId, question: unknown, options?: { timeoutMs?: number }): Promise<unknown>;
  /** Answers what others ask; one handler. What it throws reaches the asker as an AppError of the same code. */
  onAsked(handler: (question: unknown, from: NodeId) => Promise<unknown>): void;

  /** Tells all nodes, this one too, in the order of sending per node; who is away misses at most what is older than the last 10,000. */
  publish(topic: string, message: unknown): Promise<void>;
  subscribe(topic: string, listener: (message: unknown, from: NodeId) => void): Unsubscribe;

  health(): Promise<{ ok: boolean; because?: string }>;
  /** Leaves: what this node owns goes, or is orphaned, at once. Operations after it reject with 'shutting-down'. Twice is harmless. */
  close(): Promise<void>;
}

export interface LiveMapEvents<T> {
  put: { key: string; value: T; owner: NodeId };
  /** 'replaced': another node's put follows. A put of what is there already (a new expiry) tells nobody. */
  removed: { key: string; value: T; owner: NodeId; because: 'removed' | 'expired' | 'owner-gone' | 'replaced' };
  /** Its owner is gone and the entry was to be kept: whoever claims it first has it. */
  orphaned: { key: string; value: T; owner: NodeId };
}

/** Entries belong to the node that put them and go with it, unless `orphaned` entries are asked for (`keepOrphans`). */
export interface LiveMap<T> extends Listenable<LiveMapEvents<T>> {
  /**
   * Last put wins, over owners too. The local copy has it at once; resolves when the others will. `expiresInMs` ends it without a
   * word of its owner, within about a second. An orphan that nobody claims ends after an hour.
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
  /** Sorts as text as the order does; opaque otherwise. */
  place: string;
  /** The order's own clock (the server's), milliseconds since 1970; never runs backwards. */
  atMs: number;
  from: NodeId;
  value: T;
}

export interface LiveLog<T> {
  /**
   * Resolves with the entry's place once it is in the order. Rejects when the order was lost and this node has not been told yet
   * (`onLost` comes at once), so that nothing decided by the old order gets into the new one.
   */
  append(value: T): Promise<string>;
  /**
   * Hands every entry after the newest snapshot (without one: every entry that is kept) to this node's one follower of the log, in
   * order, each once. `onSnapshot` comes first when there is one, and again when the follower fell behind what is kept. While
   * nobody saves snapshots the newest 100,000 entries are kept.
   */
  follow(follower: {
    onSnapshot(state: unknown, place: string): void;
    onEntry(entry: LogEntry<T>): void;
    /**
     * The server lost the order (restarted empty, or failed over to a server that had not all of it): every node is told, and
     * starts again from what is true. What follows is a new order, from its first entry.
     */
    onLost(): void;
  }): Unsubscribe;
  /** Replaces the stored state; entries up to the snapshot before it are forgotten. Ignored when a newer one is stored. */
  saveSnapshot(place: string, state: unknown): Promise<void>;
}

export interface Lease {
  readonly name: string;
  readonly fence: number;
  /** False: it was lost; act no more in its name. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}
