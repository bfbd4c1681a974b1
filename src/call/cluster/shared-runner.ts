// Runs the shared queues on one node: what this node has to say goes into the order, what comes out of the order is applied to
// the node's own copy, and effects are handed on. The order is live.log('acd'), the machine shared-acd.ts.
//
//   shared     inputs go into the order and count when they come out of it
//   waiting    the live state is away: inputs are kept; others may still believe that this node is there
//   alone      it has been away for so long that nobody counts on this node: it serves its own callers with the agents whose
//              desks it has, on a copy of its own (the stated rule, docs/operations.md)
//   returning  it is back, or this node was taken for dead: what is true here has been put into the order and has not come out
//
// Does not ring and ends no call: call-centre.ts does, for the calls that are its own.

import type { AcdEffect, AcdInput, QueueSettings } from '../../routing/acd/acd.ts';
import type { Operation, PolicySource } from '../../routing/policy/policy.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { CallId, NodeId, PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { LiveState, LogEntry } from '../../store/live-state.ts';
import type { AcdRunner, OnEffect } from '../queue/acd-runner.ts';
import { createCensus } from './census.ts';
import { createHeldRings } from './held-rings.ts';
import {
  differences,
  type OrderEntry,
  SharedAcd,
  type SharedAcdOptions,
  type SharedInput,
  type SharedSnapshot,
} from './shared-acd.ts';
import { knows, type Truth, talks, trueStatement } from './what-is-true.ts';

export interface SharedRunner extends AcdRunner {
  readonly mode: 'shared' | 'waiting' | 'alone' | 'returning';
  /** This node has the softphone of this person now. */
  deskIsHere(personId: PersonId): void;
  deskOf(personId: PersonId): NodeId | undefined;
  give(input: SharedInput): Promise<boolean>;
  /** Conversations of nodes that are gone, which nobody has adopted yet. */
  orphans(): CallId[];
  /** Whose call it is, by the order. */
  ownerOf(callId: CallId): NodeId | undefined;
}

export interface SharedRunnerNeeds extends Truth {
  live: LiveState;
  clock: Clock;
  log: Logger;
  queues: readonly QueueSettings[];
  /** After-call work for a call that came through no queue. */
  afterCallWorkSeconds: number;
  onEffect: OnEffect;
  /** To begin with; the order's own go before them. Without it a class within the own clearance. */
  rules?: SharedAcdOptions['rules'];
  /** Conversations of this node that another one could go on with. */
  adoptable?(node: NodeId): CallId[];
  /** 0 to 1, to spread what every node would do at the same moment. */
  random?: () => number;
  /** Longer than it takes the others to count this node as gone. */
  aloneAfterMs?: number;
}

const tickSpreadMs = 200;
const appendAgainMs = 500;
const snapshotEvery = 1000;
const censusEveryMs = 2000;
/** A conversation of a node that has gone is somebody's by then, or over. */
const orphanMs = 15_000;
/** Rings end so long before the others may count this node as gone. */
const ringsMarginMs = 200;

interface Awaiting {
  input: SharedInput;
  done: (accepted: boolean) => void;
}

export function createSharedRunner(needs: SharedRunnerNeeds): SharedRunner {
  const { live, clock, log, onEffect, random = Math.random, aloneAfterMs = 10_000 } = needs;
  const self = live.nodeId;
  const order = live.log<OrderEntry>('acd');
  const fresh = (from?: SharedSnapshot) =>
    new SharedAcd({
      queues: needs.queues,
      afterCallWorkSeconds: needs.afterCallWorkSeconds,
      ...(from ? { from } : {}),
      ...(needs.rules ? { rules: { ...needs.rules, ...latest } } : {}),
    });
  /** Rules outlive an order that is lost. */
  let latest: { policy: PolicySource; operation: Operation } | undefined;
  let shared = fresh();
  /** This node's own view while it is alone or returning. */
  let own: SharedAcd | undefined;
  let mode: SharedRunner['mode'] = 'shared';
  /** Put into the order, or to be put there again; oldest first. */
  const awaiting = new Map<number, Awaiting>();
  let n = 0;
  let statementN = 0;
  let applied = 0;
  /** The order's clock less ours. */
  let aheadMs = 0;
  let tickTimer: Timer | undefined;
  let aloneTimer: Timer | undefined;
  let ringsTimer: Timer | undefined;
  /** The others may have given away the desks that are not here. */
  let unsure = false;
  /** Who was there when the live state went away, and when that was. */
  let before = { peers: new Set<NodeId>(), downAt: Number.NEGATIVE_INFINITY };
  /** This node's input after which it knows that whoever is heard has seen it come back. */
  let backN = 0;
  let closed = false;

  const rings = createHeldRings({
    clock,
    mayRing: () => mode === 'shared' && !closed,
    ring(offer) {
      if (shared.acd.agent(offer.personId)?.callId === offer.callId) onEffect(offer, false);
    },
  });

  const view = () => own ?? shared;
  const orderNow = () => clock.now() + aheadMs;

  // --- into the order

  function give(input: SharedInput): Promise<boolean> {
    return new Promise((done) => {
      if (closed) return done(false);
      if (mode === 'alone') return mayAlone(input) ? applyAlone({ input, done }) : done(false);
      n += 1;
      awaiting.set(n, { input, done });
      if (mode === 'waiting') settleWhatIsCertain(n, input);
      else append(n, input);
    });
  }

  function append(number: number, input: SharedInput): void {
    order.append({ n: number, input }).catch((thrown: unknown) => {
      // It stays in `awaiting`: it is put again when the live state is back, or counts for this node alone.
      log.debug({ err: asError(thrown), input: input.kind }, 'the order did not take an input');
      clock.after(appendAgainMs, () => {
        if (mode !== 'waiting' && mode !== 'alone' && awaiting.get(number)?.input === input) append(number, input);
      });
    });
  }

  /** Who answers a call that rings cannot wait for the live state: no other node can take the offer away now. */
  function settleWhatIsCertain(number: number, input: SharedInput): void {
    if (input.kind !== 'answered' || (unsure && shared.deskOf(input.personId) !== self)) return;
    const agent = shared.acd.agent(input.personId);
    if (agent?.callId !== input.callId || (agent.state !== 'reserved' && agent.state !== 'alerting')) return;
    const kept = awaiting.get(number);
    kept?.done(true);
    // Too late for the order after all: what is true is told.
    const { callId, personId } = input;
    if (kept)
      kept.done = (accepted) => {
        if (accepted || closed || mode !== 'shared' || !needs.hasCall(callId)) return;
        const input = talks(shared, self, { callId, personId, queue: shared.placeOf(callId)?.queue ?? null });
        if (input) void give(input);
      };
  }

  // --- out of the order

  function onEntry(entry: LogEntry<OrderEntry>): void {
    const { input } = entry.value;
    const mine = entry.from === self;
    if (mine) aheadMs = entry.atMs - clock.now();
    if (input.kind === 'nodeGone' && input.nodeId === self && mode !== 'alone') stateAnew();
    const { effects, accepted } = shared.apply(entry);
    applied += 1;
    if (mode === 'returning' && mine && entry.value.n === statementN) {
      agreeAgain();
    }
    if (mode === 'shared' || mode === 'waiting') {
      carry(effects, mine);
    }
    noteWhoIsThere(entry, mine);
    if (mine) settle(entry.value.n, accepted);
    if (mine && applied >= snapshotEvery) saveSnapshot(entry.place);
    arm();
  }

  function agreeAgain(): void {
    own = undefined;
    mode = 'shared';
    log.info('this node and the others agree again');
  }

  function offersToRing(): AcdEffect[] {
    return shared
      .offersOf(self)
      .map((offer) => ({ kind: 'offer', ...offer, queue: shared.placeOf(offer.callId)?.queue ?? '', rule: '' }));
  }

  function settle(number: number, accepted: boolean): void {
    const one = awaiting.get(number);
    awaiting.delete(number);
    one?.done(accepted);
  }

  /** Each who comes back is answered by all who are there, so that it knows who goes by the order. */
  function noteWhoIsThere({ from, value: { input } }: LogEntry<OrderEntry>, mine: boolean): void {
    if (input.kind === 'nodeGone') rings.heard(input.nodeId);
    if (mine) return;
    if (shared.countedOf(self) >= backN) rings.heard(from);
    if ((input.kind === 'back' || input.kind === 'nodeStates') && mode !== 'waiting' && mode !== 'alone')
      void give({ kind: 'here' });
  }

  function carry(effects: readonly AcdEffect[], mine: boolean): void {
    for (const effect of effects) {
      if (effect.kind !== 'offer' || !rings.keep(effect)) onEffect(effect, mine);
    }
  }

  function saveSnapshot(place: string): void {
    applied = 0;
    order.saveSnapshot(place, shared.snapshot()).catch((thrown: unknown) => {
      log.debug({ err: asError(thrown) }, 'the state of the queues was not stored');
    });
  }

  function onSnapshot(state: unknown): void {
    const before = shared;
    shared = fresh(state as SharedSnapshot);
    applied = 0;
    const counted = shared.countedOf(self);
    // What happened in between is not known one by one; what came of it is.
    const news = differences(before, shared);
    if (mode === 'shared' || mode === 'waiting') carry(news, false);
    else if (mode === 'returning' && counted >= statementN) {
      agreeAgain();
      // Nothing has rung since the statement was made.
      carry([...news.filter(({ kind }) => kind === 'agentState'), ...offersToRing()], false);
    }
    for (const number of [...awaiting.keys()]) if (number <= counted) settle(number, true);
    arm();
  }

  // --- without the others

  function standAlone(): void {
    if (mode !== 'waiting') return;
    mode = 'alone';
    own = fresh(shared.snapshot());
    log.warn({ waiting: awaiting.size }, 'the live state is away: this node serves its own callers with its own desks');
    const settled = applyLate(own, mayAlone);
    own.standAlone(self, orderNow());
    carryAlone(differences(shared, own));
    settled();
    arm();
  }

  /**
   * What was on its way is true of this node all the same, from now on: nothing has rung for it yet. Returns what tells those who
   * wait for it.
   */
  function applyLate(copy: SharedAcd, may: (input: SharedInput) => boolean): () => void {
    const late = [...awaiting.values()].filter(({ input }) => input.kind !== 'nodeStates');
    awaiting.clear();
    const accepted = late.map(({ input }) => may(input) && copy.applyOwn(input, self, orderNow()).accepted);
    return () => {
      for (const [i, { done }] of late.entries()) done(accepted[i]!);
    };
  }

  /** Whose desk is another node's may have been given another call, and is given none by this one. */
  function mayAlone(input: SharedInput): boolean {
    const { kind } = input;
    return (kind !== 'agentCallStarted' && kind !== 'agentReady') || view().deskOf(input.personId) === self;
  }

  function applyAlone({ input, done }: Pick<Awaiting, 'input' | 'done'>): void {
    const { effects, accepted } = own!.applyOwn(input, self, orderNow());
    carryAlone(effects);
    done(accepted);
    arm();
  }

  /** Of agents at other desks nothing is known here, so nothing is told. */
  function carryAlone(effects: readonly AcdEffect[]): void {
    for (const effect of effects) onEffect(effect, !('personId' in effect) || own?.deskOf(effect.personId) === self);
  }

  /** The order does not know, or knows no more, what is true of this node: it is told. */
  function stateAnew(): void {
    if (closed) return;
    stopWaiting();
    own ??= fresh(shared.snapshot());
    const ringing = own.offersOf(self);
    rings.forget();
    // Whoever was about to be called is not: the order may have given that desk a call meanwhile.
    const settled = applyLate(own, ({ kind }) => kind !== 'agentCallStarted');
    // Nothing rings while nobody knows who may have whom.
    for (const offer of ringing)
      if (own.placeOf(offer.callId)?.personId !== offer.personId) onEffect({ kind: 'withdraw', ...offer }, false);
    mode = 'returning';
    n += 1;
    statementN = n;
    backN = n;
    const input: SharedInput = { kind: 'nodeStates', statement: trueStatement(own, self, needs) };
    awaiting.set(n, { input, done: () => undefined });
    append(n, input);
    settled();
  }

  function stopWaiting(): void {
    aloneTimer?.cancel();
    ringsTimer?.cancel();
    unsure = false;
  }

  const peers = () => new Set(live.nodes().flatMap(({ nodeId }) => (nodeId === self ? [] : [nodeId])));

  function onUp(): void {
    stopWaiting();
    rings.begin({ nodes: before.peers, forMs: aloneAfterMs });
    if (mode === 'alone') return stateAnew();
    if (mode === 'waiting') mode = own ? 'returning' : 'shared';
    for (const [number, { input }] of awaiting) append(number, input);
    if (mode !== 'shared') return;
    sayBack();
    rings.look();
  }

  function sayBack(): void {
    void give({ kind: 'back' });
    backN = n;
  }

  function onDown({ sureForMs }: { sureForMs: number }): void {
    if (mode === 'alone') return;
    if (mode === 'shared') before = { peers: peers(), downAt: clock.now() };
    mode = 'waiting';
    stopWaiting();
    aloneTimer = clock.after(aloneAfterMs, standAlone);
    ringsTimer = clock.after(Math.max(0, sureForMs - ringsMarginMs), letOthersDesksGo);
  }

  /** No desk rings for two calls: what rings here at another node's desk ends before the others may have that desk rung. */
  function letOthersDesksGo(): void {
    unsure = true;
    if (mode !== 'waiting' || own) return;
    const released = new Set<CallId>();
    const answered = new Set([...awaiting.values()].map(({ input }) => input.kind === 'answered' && input.callId));
    for (const offer of shared.offersOf(self)) {
      if (shared.deskOf(offer.personId) === self || answered.has(offer.callId)) continue;
      onEffect({ kind: 'withdraw', ...offer }, false);
      const waiting = released.has(offer.callId) ? undefined : shared.waitingCall(offer.callId);
      released.add(offer.callId);
      if (waiting) void give({ kind: 'callWaiting', call: waiting, anew: true });
    }
  }

  function onLost(): void {
    log.warn('the order of the queues is lost; this node states what is true of it');
    latest = shared.acd.rules;
    own ??= fresh(shared.snapshot());
    shared = fresh();
    applied = 0;
    rings.begin({ nodes: before.peers, forMs: before.downAt + aloneAfterMs - clock.now() });
    stateAnew();
  }

  // --- time

  function arm(): void {
    tickTimer?.cancel();
    const deadline = view().acd.nextDeadline();
    if (closed || deadline === undefined || mode === 'waiting' || mode === 'returning') return;
    const spread = mode === 'shared' ? random() * tickSpreadMs : 0;
    tickTimer = clock.after(Math.max(0, deadline - orderNow()) + spread, () => void give({ kind: 'tick' }));
  }

  // --- who is spoken of and is not there

  const orphanSince = new Map<CallId, number>();
  const census = createCensus({ clock, everyMs: censusEveryMs, look });

  /** What has been wrong at two looks is put right: a node that nobody has seen, a call that this node does not have. */
  function look(wrongBefore: (what: string) => boolean): void {
    if (mode !== 'shared') return;
    const there = new Set(live.nodes().map(({ nodeId }) => nodeId));
    for (const nodeId of shared.nodes())
      if (nodeId !== self && !there.has(nodeId) && wrongBefore(nodeId)) void give(gone(nodeId));
    for (const callId of orphanSince.keys()) if (shared.placeOf(callId)?.node !== null) orphanSince.delete(callId);
    for (const callId of shared.callsOf(null)) {
      const since = orphanSince.get(callId) ?? clock.now();
      orphanSince.set(callId, since);
      if (clock.now() - since >= orphanMs) void give({ kind: 'callLost', callId });
    }
    for (const personId of needs.desks())
      if (shared.deskOf(personId) !== self && wrongBefore(`desk ${personId}`))
        void give({ kind: 'deskHere', personId });
    for (const talk of needs.conversations()) {
      if (knows(shared, talk) || !wrongBefore(`${talk.callId} ${talk.personId}`)) continue;
      log.warn({ ...talk }, 'the order does not have a conversation of this node');
      const input = talks(shared, self, talk);
      if (input) void give(input);
    }
    for (const callId of shared.callsOf(self)) {
      if (needs.hasCall(callId) || !wrongBefore(callId)) continue;
      const personId = shared.placeOf(callId)?.personId;
      log.warn({ callId, personId }, 'the order has a call of this node that is over');
      void give(
        personId ? { kind: 'agentCallEnded', callId, personId, afterCallWorkSeconds: 0 } : { kind: 'callGone', callId },
      );
    }
  }

  const gone = (nodeId: NodeId): SharedInput => ({
    kind: 'nodeGone',
    nodeId,
    keep: needs.adoptable?.(nodeId) ?? [],
  });

  const offs = [
    order.follow({ onSnapshot, onEntry, onLost }),
    live.on('nodeGone', ({ nodeId }) => {
      if (nodeId !== self && mode === 'shared') void give(gone(nodeId));
    }),
    live.on('declaredDead', () => {
      if (mode === 'shared') stateAnew();
    }),
    live.on('down', onDown),
    live.on('up', onUp),
  ];

  // Who begins cannot know either whether the others go by the order just now.
  rings.begin({ nodes: peers(), forMs: aloneAfterMs });
  if (peers().size > 0) sayBack();

  return {
    get acd() {
      return view().acd;
    },
    get mode() {
      return mode;
    },
    apply: (input: AcdInput) => give(input),
    give,
    deskIsHere(personId) {
      if (view().deskOf(personId) !== self) void give({ kind: 'deskHere', personId });
    },
    deskOf: (personId) => view().deskOf(personId),
    orphans: () => view().callsOf(null),
    ownerOf: (callId) => view().placeOf(callId)?.node ?? undefined,
    close() {
      closed = true;
      for (const off of offs) off();
      census.close();
      tickTimer?.cancel();
      stopWaiting();
      rings.close();
      for (const { done } of awaiting.values()) done(false);
      awaiting.clear();
    },
  };
}
