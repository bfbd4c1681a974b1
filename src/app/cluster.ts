// This program as one of several nodes that share a Redis and a PostgreSQL: joins the others, tells them how to reach it, learns
// how to reach them, and ends the records of calls that a node took with it. Without `liveState: redis` none of this is used.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { NodesNeeds } from '../api/needs.ts';
import type { ClusterCallCentre } from '../call/cluster/cluster-call-centre.ts';
import { createSoleDuty } from '../call/cluster/sole-duty.ts';
import { type SpreadEvents, spreadEvents } from '../call/cluster/spread-events.ts';
import { endCallsLeftOpen, endLostCall } from '../call/ending/left-open.ts';
import type { Config } from '../config.ts';
import type { Identity, IdentityChange } from '../identity/identity.ts';
import type { Border } from '../sbc/border.ts';
import type { Registrations } from '../sbc/softphones/registrations.ts';
import { createSharedRegistrations } from '../sbc/softphones/shared-registrations.ts';
import { type Secrets, secretOf } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { createEmitter } from '../shared/emitter.ts';
import { asError } from '../shared/errors.ts';
import type { CallId, NodeId, PersonId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import { createLiveState } from '../store/create-live-state.ts';
import type { LiveNode, LiveState } from '../store/live-state.ts';
import type { Store } from '../store/store.ts';

interface Site {
  log: Logger;
  clock: Clock;
  closer: Closer;
}

export interface Cluster {
  readonly live: LiveState;
  readonly registrations: Registrations;
  /** Whether this is the node that registers with carriers. */
  mayRegister(): boolean;
  /** Whether this node acts where one of all is enough. */
  isFirst(): boolean;
  /** The store whose events are those of all nodes, for the pages. */
  readonly store: Store;
  /** Others count this node as gone before it acts alone. */
  readonly aloneAfterMs: number;
  callLost(callId: CallId, node: NodeId, how?: { now: true }): void;
  /**
   * Out of use, as asked for by the API; resolves when no desk of this node is in a call of another, or after `withinMs`. Calls of
   * this node may be left.
   */
  leave(running: Running, withinMs: number): Promise<void>;
  /** Tells the others how this node is reached, and follows who comes and goes. */
  begin(running: Running): Promise<void>;
  /** What the API is told of the nodes. */
  nodes(running: () => Running): NodesNeeds;
  followIdentity(identity: Identity): void;
}

export interface Running {
  callCentre: ClusterCallCentre;
  border: Border;
  url: string;
  /** Our own SIP server's control port. */
  control: { host: string; port: number } | undefined;
}

const lostAfterMs = 3000;
const movePagesEveryMs = 1000;
const lookAgainMs = 200;
const sweepEveryMs = 60_000;
/** A call younger than this may not be listed yet. */
const sweepOlderMs = 120_000;

export async function joinCluster(
  config: Config,
  secrets: Secrets,
  store: Store,
  site: Site,
): Promise<Cluster | undefined> {
  const { liveState: settings } = config;
  if (settings.kind === 'memory') return undefined;
  const { log, clock, closer } = site;
  const name = config.cluster.name ?? hostname();
  const { redisUrl } = secrets;
  const live = await createLiveState({ settings, redisUrl, clock, log, facts: { name, queues: queuesOf(config) } });
  closer.add('live state', () => live.close());
  log.info({ nodeId: live.nodeId, name }, 'one of several nodes');
  const events = spreadEvents({ events: store.events, live, clock, log });
  closer.add('events of all nodes', () => events.stopSpreading());
  return createCluster(config, { ...site, live, store, events });
}

function createCluster(
  config: Config,
  { live, store, events, log, clock, closer }: Site & { live: LiveState; store: Store; events: SpreadEvents },
): Cluster {
  const sip = config.sip.kind === 'embedded' ? config.sip.control : undefined;
  const first = () =>
    live
      .nodes()
      .map(({ nodeId }) => nodeId)
      .sort()[0] === live.nodeId;

  function followServers(border: Border): void {
    const add = ({ nodeId, facts }: LiveNode) => {
      // All apply the same inputs: with other queues they would come to other states.
      if (facts['queues'] !== queuesOf(config))
        log.error(
          { node: facts['name'] },
          'its queues are not those of this node: give all nodes the same queues section',
        );
      const { sipControl } = facts;
      if (nodeId === live.nodeId || !sipControl || !sip) return;
      const colon = sipControl.lastIndexOf(':');
      border.addServer({
        name: nodeId,
        host: sipControl.slice(0, colon),
        port: Number(sipControl.slice(colon + 1)),
        secret: secretOf(sip.secret, 'sip.control.secret'),
        takesRequests: false,
        ...(sip.tls ? { tls: { ca: readFileSync(sip.tls.certFile), anyName: true } } : {}),
      });
    };
    for (const node of live.nodes()) add(node);
    live.on('nodeJoined', add);
    live.on('nodeChanged', add);
    live.on('nodeGone', ({ nodeId }) => void border.removeServer(nodeId));
  }

  function sweepCalls(callCentre: ClusterCallCentre): void {
    const sweep = async () => {
      const lease = await live.acquireLease('left-open', sweepEveryMs / 2);
      if (!lease) return;
      const startedBefore = clock.now() - sweepOlderMs;
      await endCallsLeftOpen({
        ...{ calls: store.calls, events: store.events, log, startedBefore },
        isRunning: callCentre.isCallRunning,
      });
    };
    const timer = clock.every(sweepEveryMs, () => {
      sweep().catch((err: unknown) => log.debug({ err: asError(err) }, 'calls left open were not looked for'));
    });
    closer.add('sweep of calls left open', () => timer.cancel());
  }

  const registering = createSoleDuty({ live, clock, log, name: 'trunk-registration' });
  closer.add('duties', () => registering.close());

  function endLost(callId: CallId, node: NodeId): void {
    log.warn({ callId, node }, 'a call went with its node');
    endLostCall({ events: store.events }, callId).catch((err: unknown) =>
      log.error({ err: asError(err), callId }, 'the record of a lost call is not ended yet'),
    );
  }

  /** While Redis is away nobody can be told; whoever joins again states itself as it is then. */
  async function tellOthers(change: Parameters<LiveState['describe']>[0]): Promise<void> {
    await live
      .describe(change)
      .catch((err: unknown) => log.warn({ err: asError(err) }, 'the other nodes are told later'));
  }

  let draining: Promise<void> | undefined;
  const moves = createEmitter<{ moves: PersonId }>();

  const anotherTakesPages = () => live.nodes().some(({ nodeId, draining }) => nodeId !== live.nodeId && !draining);

  /** Pages go as soon as their desks have nothing to do; calls end when they end. */
  async function movePages({ callCentre }: Running): Promise<void> {
    if (!anotherTakesPages()) return;
    for (const personId of await callCentre.sendDesksAway()) moves.emit('moves', personId);
  }

  /** Resolves when no new call can come any more. */
  const drain = (running: Running): Promise<void> => (draining ??= beginDrain(running));

  async function beginDrain(running: Running): Promise<void> {
    log.info('draining: no new calls; those that are here go on until they end');
    const noMore = running.border.drain();
    await tellOthers({ draining: true });
    const move = () => {
      movePages(running).catch((err: unknown) => log.warn({ err: asError(err) }, 'pages could not be moved'));
    };
    move();
    const timer = clock.every(movePagesEveryMs, move);
    closer.add('moving of pages', () => timer.cancel());
    await noMore;
  }

  return {
    live,
    registrations: createSharedRegistrations({ live, clock }),
    mayRegister: () => registering.mine,
    isFirst: first,
    store: { ...store, events },
    // One of the others may itself be cut off just before it would have noticed that this node is gone.
    aloneAfterMs: 2 * (config.liveState.kind === 'redis' ? config.liveState.lapseSeconds : 4) * 1000 + 2000,
    callLost(callId, node, how) {
      if (how?.now) return endLost(callId, node);
      // A node that merely was not heard of for a moment lists its calls again.
      clock.after(lostAfterMs, () => {
        const back = live.nodes().some(({ nodeId }) => nodeId === node);
        const goesOn = live.map('calls').get(callId) ?? live.map('conversations').get(callId);
        if (!back && first() && goesOn === undefined) endLost(callId, node);
      });
    },
    async leave(running, withinMs) {
      const until = clock.now() + withinMs;
      await drain(running);
      while (anotherTakesPages() && running.callCentre.busyDesks() > 0 && clock.now() < until)
        await new Promise<void>((resolve) => setTimeout(resolve, lookAgainMs));
    },
    async begin(running) {
      const { callCentre, border, control, url } = running;
      followServers(border);
      sweepCalls(callCentre);
      live.onAsked(async (question) => {
        if ((question as { kind?: string }).kind === 'drain') {
          await drain(running);
          return null;
        }
        return callCentre.answer(question);
      });
      const address = control && `${config.cluster.address ?? control.host}:${control.port}`;
      await tellOthers({ facts: { url, ...(address ? { sipControl: address } : {}) } });
    },
    nodes: (running) => ({
      isDraining: () => draining !== undefined,
      onPageMoves: (listener) => moves.on('moves', listener),
      list: () => {
        const { callCentre } = running();
        const calls = callCentre.callsByNode();
        const desks = callCentre.desksByNode();
        return live.nodes().map(({ nodeId, startedAt, facts, draining }) => ({
          id: nodeId,
          name: facts['name'] ?? nodeId,
          since: startedAt,
          url: facts['url'] ?? null,
          calls: calls.get(nodeId) ?? 0,
          desks: desks.get(nodeId) ?? 0,
          draining,
          here: nodeId === live.nodeId,
        }));
      },
      async drain(id) {
        const node = live.nodes().find(({ nodeId }) => nodeId === id);
        if (!node) return false;
        if (node.nodeId === live.nodeId) await drain(running());
        else await live.ask(node.nodeId, { kind: 'drain' });
        return true;
      },
    }),
    followIdentity(identity) {
      identity.onChanged((change) => {
        live.publish('identity', bare(change)).catch((err: unknown) => {
          log.warn({ err: asError(err), kind: change.kind }, 'the other nodes learn of it within 15 seconds only');
        });
      });
      live.subscribe('identity', (message, from) => {
        if (from !== live.nodeId) identity.tookPlaceElsewhere(message as IdentityChange);
      });
    },
  };
}

const queuesOf = ({ queues }: Config): string =>
  createHash('sha256').update(JSON.stringify(queues)).digest('base64url').slice(0, 12);

/** Of a session the others need to know which and whose. */
function bare(change: IdentityChange): unknown {
  if (change.kind !== 'session-ended') return change;
  const { id, personId } = change.session;
  return { ...change, session: { id, personId } };
}
