// The live state as its users see it (live-state.ts), on any server of it (wire.ts). Holds the copies of the maps, the readings of
// the logs, the nodes that are there, and this node's own writes until they are seen to have arrived.
// When the link is up again, the copies are made equal to what the server holds, what this node owns is written again where it
// is missing, and listeners hear the difference.

import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../shared/clock.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Random } from '../../shared/random.ts';
import type { Lease, LiveLog, LiveMap, LiveNode, LiveState, LiveStateEvents } from '../live-state.ts';
import { createAsking } from './asking.ts';
import { createLink, type LinkSettings, unavailable } from './link.ts';
import { LogCopy } from './log-copy.ts';
import { MapCopy, type OwnWrite } from './map-copy.ts';
import { createSlidingWindows } from './sliding-window.ts';
import { checkKey, checkName, fromText, snapshotText, toText } from './text.ts';
import type { Change, JoinReply, LiveServer, Wire, WireEntry, Written } from './wire.ts';

export interface LiveStateNeeds {
  kind: LiveState['kind'];
  server: LiveServer;
  nodeId: NodeId;
  facts: Record<string, string>;
  clock: Clock;
  random: Random;
  log: Logger;
  settings: LinkSettings;
}

const askTimeoutMs = 5000;

/** Resolves when this node has joined; rejects when the server could not be reached, with what to do. */
export async function openLiveState(needs: LiveStateNeeds): Promise<LiveState> {
  const { kind, server, nodeId, clock, random, log, settings } = needs;
  const listenerFailed = (error: Error, event: string) => log.error({ err: error, event }, 'a listener failed');
  const events = createEmitter<LiveStateEvents>(listenerFailed);
  const self: LiveNode = { nodeId, startedAt: clock.now(), facts: { ...needs.facts }, draining: false };
  const nodes = new Map<NodeId, LiveNode>();
  const maps = new Map<string, { copy: MapCopy; map: LiveMap<unknown> }>();
  const logs = new Map<string, { copy: LogCopy; log: LiveLog<unknown> }>();
  const topics = new Map<string, Set<(message: unknown, from: NodeId) => void>>();
  const windows = createSlidingWindows();
  /** Puts and removals whose callers wait; by write. */
  const callers = new Map<string, { done: () => void; fail: (error: AppError) => void }>();
  /** Claims under way; true once their change came by. */
  const claims = new Map<string, boolean>();
  const idBase = `${nodeId.slice(-8)}${Math.floor(random.next() * 2 ** 32).toString(36)}`;
  let ids = 0;
  let leaving: Promise<void> | undefined;
  const newWriteId = () => `${idBase}.${(++ids).toString(36)}`;
  const copyOf = (name: string) => mapNamed(name).copy;
  const untilOf = (entry: WireEntry) => (entry.expiresAt === 0 ? 0 : entry.expiresAt - link.clockOffsetMs);

  const link = createLink({
    server,
    nodeId,
    clock,
    random,
    log,
    settings,
    handlers: {
      self: () => ({ ...self, facts: { ...self.facts } }),
      logs: () => [...logs.values()].filter(({ copy }) => copy.followed).map(({ copy }) => copy.name),
      joined,
      up(downMs, died) {
        log.info({ downMs, died }, 'live state is there again');
        events.emit('up', { downMs });
        if (died) events.emit('declaredDead', {});
      },
      down(because, sureForMs) {
        log.warn({ because }, 'live state is away');
        for (const { copy } of logs.values()) copy.pause();
        events.emit('down', { because, sureForMs });
      },
      beaten(wire, reply) {
        for (const [name, newest] of reply.logs) logs.get(name)?.copy.beaten(wire, newest);
      },
      idle() {
        for (const { copy } of maps.values()) copy.expireOwn(clock.now(), newWriteId);
      },
      change: took,
      topic(topic, from, text) {
        for (const listener of [...(topics.get(topic) ?? [])]) {
          try {
            listener(fromText(text), from);
          } catch (error) {
            listenerFailed(asError(error), topic);
          }
        }
      },
      letter: (letter) => asking.receive(letter),
      entry: (wire, entry) => logs.get(entry.log)?.copy.deliver(wire, entry),
    },
  });

  const asking = createAsking({
    clock,
    nodeId,
    newId: newWriteId,
    onFault: (error) => log.warn({ err: asError(error) }, 'an answer to another node could not be sent'),
    post: (to, letter) => asMember(link.use((wire) => wire.post(to, letter))),
  });

  /** What a node that was declared dead asks for is refused: it has to join again first. */
  async function asMember<T>(written: Promise<Written<T>>): Promise<T> {
    const result = await written;
    if (result !== 'not-member') return result;
    link.declaredDead();
    throw unavailable('this node was declared dead');
  }

  function joined(wire: Wire, reply: JoinReply, what: { died: boolean; restore: boolean }): void {
    const { died, restore } = what;
    const alive = new Set(reply.nodes.map((node) => node.nodeId));
    for (const known of [...nodes.keys()]) if (!alive.has(known)) gone(known, 'lapsed');
    for (const node of reply.nodes) cameOrChanged(node);
    const byMap = groupByMap(reply.entries);
    for (const name of byMap.keys()) mapNamed(name);
    if (died) alive.delete(nodeId);
    const failed = unavailable('this node was declared dead');
    if (died) for (const caller of [...callers.values()]) caller.fail(failed);
    claims.clear();
    for (const { copy } of maps.values()) {
      const entries = (byMap.get(copy.name) ?? []).map((entry) => ({ entry, until: untilOf(entry) }));
      const context = { restore, died, alive, nowMs: clock.now(), newWriteId };
      for (const own of copy.replaceAll(entries, context)) transmit(copy, own);
    }
    for (const { copy } of logs.values()) void copy.open(wire);
  }

  function took(change: Change): void {
    if (change.kind === 'put') {
      if (claims.has(change.writeId)) claims.set(change.writeId, true);
      copyOf(change.entry.map).applyPut(change.entry, change.writeId, untilOf(change.entry));
    } else if (change.kind === 'removed') {
      for (const { map, key } of change.entries) copyOf(map).applyRemoved(key, change.because, change.writeId);
    } else if (change.kind === 'kept') {
      copyOf(change.entry.map).applyKept(change.entry.key, change.writeId);
    } else if (change.kind === 'orphaned') {
      for (const { map, key } of change.entries) copyOf(map).applyOrphaned(key);
    } else if (change.kind === 'node') cameOrChanged(change.node);
    else gone(change.nodeId, change.because);
  }

  function cameOrChanged(node: LiveNode): void {
    const before = nodes.get(node.nodeId);
    nodes.set(node.nodeId, node);
    if (!before) events.emit('nodeJoined', node);
    else if (JSON.stringify(before) !== JSON.stringify(node)) events.emit('nodeChanged', node);
  }

  function gone(which: NodeId, because: 'left' | 'lapsed'): void {
    if (!nodes.delete(which)) return;
    events.emit('nodeGone', { nodeId: which, because });
    asking.nodeGone(which);
  }

  /** Sends one write of this node. Without a wire it goes with the next join. */
  function transmit(copy: MapCopy, own: OwnWrite): void {
    const wire = link.wire;
    if (!wire) return;
    const { key, writeId, held } = own;
    const sent: Promise<Written<unknown>> = held
      ? wire.put({
          map: copy.name,
          key,
          text: held.text,
          expiresInMs: held.until === 0 ? 0 : Math.max(1, Math.ceil(held.until - clock.now())),
          keepOrphan: held.keepOrphan,
          writeId,
          claim: false,
        })
      : wire.remove({ map: copy.name, key }, writeId);
    sent.then(
      (result) => {
        if (result === 'not-member') return link.declaredDead();
        own.acknowledged = true;
        callers.get(writeId)?.done();
      },
      (error: unknown) => log.debug({ err: asError(error) }, 'a write goes again with the next connection'),
    );
  }

  function write(copy: MapCopy, own: OwnWrite): Promise<void> {
    if (leaving) return Promise.reject(new AppError('shutting-down', 'This node has left the live state.'));
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        timer.cancel();
        callers.delete(own.writeId);
        settle();
      };
      const fail = (error: AppError) => end(() => reject(error))();
      const timer: Timer = clock.after(settings.writeTimeoutMs, () => fail(unavailable(link.downBecause)));
      callers.set(own.writeId, { done: end(resolve), fail });
      transmit(copy, own);
    });
  }

  function mapNamed(name: string): { copy: MapCopy; map: LiveMap<unknown> } {
    const existing = maps.get(name);
    if (existing) return existing;
    const copy = new MapCopy(checkName(name, 'A map'), nodeId, listenerFailed);
    const made = { copy, map: createMap(copy) };
    maps.set(name, made);
    return made;
  }

  function createMap(copy: MapCopy): LiveMap<unknown> {
    const prepare = (key: string, value: unknown, options: { expiresInMs?: number; keepOrphan?: boolean }) => ({
      key: checkKey(key),
      text: toText(value, `The value of ${copy.name}`),
      keepOrphan: options.keepOrphan ?? false,
      until: options.expiresInMs === undefined ? 0 : clock.now() + Math.max(1, options.expiresInMs),
    });
    return {
      on: copy.events.on,
      once: copy.events.once,
      get: (key) => copy.get(key),
      entries: () => copy.entries(),
      async put(key, value, options = {}) {
        const put = prepare(key, value, options);
        return write(copy, copy.write(key, newWriteId(), put));
      },
      async claim(key, value, options = {}) {
        const put = prepare(key, value, options);
        const writeId = newWriteId();
        claims.set(writeId, false);
        try {
          const { text, keepOrphan } = put;
          const expiresInMs = put.until === 0 ? 0 : put.until - clock.now();
          const wirePut = { map: copy.name, key, text, keepOrphan, expiresInMs, writeId, claim: true };
          const { ownedBy } = await asMember(link.use((wire) => wire.put(wirePut)));
          if (ownedBy !== undefined) return ownedBy;
          // Ours in the server's order; shown here already, though its change has not come by yet.
          if (claims.get(writeId) === false && !copy.writeUnderWay(key)) copy.write(key, writeId, put, true);
          return undefined;
        } finally {
          claims.delete(writeId);
        }
      },
      async remove(key) {
        const entry = copy.get(checkKey(key));
        if (!entry || (entry.owner !== nodeId && !entry.orphan)) return;
        return write(copy, copy.write(key, newWriteId(), undefined));
      },
    };
  }

  function logNamed(name: string): { copy: LogCopy; log: LiveLog<unknown> } {
    const existing = logs.get(name);
    if (existing) return existing;
    const copy = new LogCopy(checkName(name, 'A log'), (error) =>
      log.error({ err: asError(error), log: name }, 'following a log failed'),
    );
    const made = { copy, log: createLog(copy) };
    logs.set(name, made);
    return made;
  }

  function createLog(copy: LogCopy): LiveLog<unknown> {
    return {
      async append(value) {
        const text = toText(value, `An entry of ${copy.name}`);
        const result = await asMember(link.use((wire) => wire.append(copy.name, copy.knownEpoch, text)));
        if (result !== 'other-epoch') return result.place;
        if (link.wire) void copy.open(link.wire);
        throw unavailable(`the order of ${copy.name} was lost; every node starts it again`);
      },
      follow(follower) {
        copy.follow(follower as never);
        if (link.wire) void copy.open(link.wire);
        return () => copy.unfollow(link.wire);
      },
      async saveSnapshot(place, state) {
        const text = snapshotText(state);
        const epoch = copy.knownEpoch;
        if (epoch === undefined) {
          throw new AppError('conflict', `Who has not followed the log ${copy.name} cannot save its state.`);
        }
        await link.use((wire) => wire.saveSnapshot(copy.name, epoch, place, text));
      },
    };
  }

  async function acquireLease(name: string, ttlMs: number): Promise<Lease | undefined> {
    const holder = `${nodeId}/${newWriteId()}`;
    checkName(name, 'A lease');
    const got = await asMember(link.use((wire) => wire.acquireLease(name, ttlMs, holder)));
    if (got === 'held') return undefined;
    let lost = false;
    return {
      name,
      fence: got.fence,
      async renew() {
        if (lost) return false;
        lost = !(await link.use((wire) => wire.renewLease(name, ttlMs, holder)));
        return !lost;
      },
      async release() {
        lost = true;
        await link.use((wire) => wire.releaseLease(name, holder));
      },
    };
  }

  async function takeToken(key: string, limit: number, windowMs: number) {
    // An address or a login is nothing that the server has to be told.
    const hashed = createHash('sha256').update(key).digest('base64url').slice(0, 22);
    try {
      if (link.wire) return await link.wire.takeToken(hashed, limit, windowMs);
    } catch (error) {
      log.debug({ err: asError(error) }, 'a limit is counted on this node alone');
    }
    return windows.take(hashed, limit, windowMs, clock.now());
  }

  await link.start();
  return {
    kind,
    nodeId,
    on: events.on,
    once: events.once,
    nodes: () => [...nodes.values()].map((node) => ({ ...node, facts: { ...node.facts } })),
    async describe({ facts, draining }) {
      if (facts) self.facts = { ...self.facts, ...facts };
      if (draining !== undefined) self.draining = draining;
      await asMember(link.use((wire) => wire.describe({ ...self, facts: { ...self.facts } })));
    },
    map: <T>(name: string) => mapNamed(name).map as LiveMap<T>,
    log: <T>(name: string) => logNamed(name).log as LiveLog<T>,
    acquireLease,
    takeToken,
    ask: async (to, question, { timeoutMs = askTimeoutMs } = {}) => asking.ask(to, question, timeoutMs),
    onAsked: (handler) => asking.onAsked(handler),
    async publish(topic, message) {
      const text = toText(message, `A message of ${checkName(topic, 'A topic')}`);
      await asMember(link.use((wire) => wire.publish(topic, text)));
    },
    subscribe(topic, listener) {
      const listeners = topics.get(topic) ?? new Set();
      topics.set(topic, listeners.add(listener));
      return () => void listeners.delete(listener);
    },
    async health() {
      return link.wire ? link.wire.health() : { ok: false, because: link.downBecause };
    },
    close() {
      leaving ??= (async () => {
        asking.close();
        const left = new AppError('shutting-down', 'This node has left the live state.');
        for (const caller of [...callers.values()]) caller.fail(left);
        await link.close();
      })();
      return leaving;
    },
  };
}

function groupByMap(entries: readonly WireEntry[]): Map<string, WireEntry[]> {
  const byMap = new Map<string, WireEntry[]>();
  for (const entry of entries) {
    const of = byMap.get(entry.map);
    if (of) of.push(entry);
    else byMap.set(entry.map, [entry]);
  }
  return byMap;
}
