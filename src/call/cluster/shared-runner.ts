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
import {
  differences,
  type OrderEntry,
  SharedAcd,
  type SharedAcdOptions,
  type SharedInput,
  type SharedSnapshot,
  type StatedAgent,
  type Statement,
} from './shared-acd.ts';

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

export interface SharedRunnerNeeds {
  live: LiveState;
  clock: Clock;
  log: Logger;
  queues: readonly QueueSettings[];
  /** After-call work for a call that came through no queue. */
  afterCallWorkSeconds: number;
  onEffect: OnEffect;
  /** To begin with; the order's own go before them. Without it a class within the own clearance. */
  rules?: SharedAcdOptions['rules'];
  /** Whether this node has this call: what the order says of calls that are over is put right. */
  hasCall(callId: CallId): boolean;
  /** Conversations may be adopted when their node goes. */
  keepTalking?: boolean;
  /** 0 to 1, to spread what every node would do at the same moment. */
  random?: () => number;
  /** Longer than it takes the others to count this node as gone. */
  aloneAfterMs?: number;
}

const tickSpreadMs = 200;
const appendAgainMs = 500;
const snapshotEvery = 1000;
const censusEveryMs = 2000;

interface Awaiting {
  input: SharedInput;
  /** By the order's clock. */
  atMs: number;
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
  let closed = false;

  const view = () => own ?? shared;
  const orderNow = () => clock.now() + aheadMs;

  // --- into the order

  function give(input: SharedInput): Promise<boolean> {
    return new Promise((done) => {
      if (closed) return done(false);
      if (mode === 'alone') return applyAlone({ input, done });
      n += 1;
      awaiting.set(n, { input, atMs: orderNow(), done });
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
    if (input.kind !== 'answered') return;
    const agent = shared.acd.agent(input.personId);
    if (agent?.callId !== input.callId || (agent.state !== 'reserved' && agent.state !== 'alerting')) return;
    const kept = awaiting.get(number);
    kept?.done(true);
    // Too late for the order after all: what is true is told.
    const { callId, personId } = input;
    if (kept)
      kept.done = (accepted) => {
        if (accepted || closed || mode !== 'shared' || !needs.hasCall(callId)) return;
        const queue = shared.placeOf(callId)?.queue ?? null;
        void give({ kind: 'nodeStates', statement: withTalk(shared.statementOf(self), { callId, personId, queue }) });
      };
  }

  /** What the order says of this node, and that these two talk. */
  function withTalk(
    { agents, waiting }: Statement,
    { callId, personId, queue }: { callId: CallId; personId: PersonId; queue: string | null },
  ): Statement {
    const agent = shared.acd.agent(personId);
    if (!agent) return { agents, waiting };
    const talking: StatedAgent = {
      agent: { ...agent, state: 'on-call', callId, nextState: null },
      deskHere: shared.deskOf(personId) === self,
      callNode: self,
      callQueue: queue,
    };
    return {
      agents: [...agents.filter((one) => one.agent.personId !== personId), talking],
      waiting: waiting.filter((call) => call.callId !== callId),
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
      own = undefined;
      mode = 'shared';
      log.info('this node and the others agree again');
    }
    if (mode === 'shared' || mode === 'waiting') {
      carry(effects, mine);
    }
    if (mine) settle(entry.value.n, accepted);
    if (mine && applied >= snapshotEvery) saveSnapshot(entry.place);
    arm();
  }

  function settle(number: number, accepted: boolean): void {
    const one = awaiting.get(number);
    awaiting.delete(number);
    one?.done(accepted);
  }

  function carry(effects: readonly AcdEffect[], mine: boolean): void {
    for (const effect of effects) onEffect(effect, mine);
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
    // What happened in between is not known one by one; what came of it is.
    if (mode === 'shared' || mode === 'waiting') carry(differences(before, shared), false);
    const counted = shared.countedOf(self);
    for (const number of [...awaiting.keys()]) if (number <= counted) settle(number, true);
    arm();
  }

  // --- without the others

  function standAlone(): void {
    if (mode !== 'waiting') return;
    mode = 'alone';
    own = fresh(shared.snapshot());
    log.warn({ waiting: awaiting.size }, 'the live state is away: this node serves its own callers with its own desks');
    const settled = applyLate(own);
    own.standAlone(self, orderNow());
    carryAlone(differences(shared, own));
    settled();
    arm();
  }

  /** What was on its way is true of this node all the same. Returns what tells those who wait for it. */
  function applyLate(copy: SharedAcd): () => void {
    const late = [...awaiting.values()].filter(({ input }) => input.kind !== 'nodeStates');
    awaiting.clear();
    const accepted = late.map(({ input, atMs }) => copy.applyOwn(input, self, atMs).accepted);
    return () => {
      for (const [i, { done }] of late.entries()) done(accepted[i]!);
    };
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
    aloneTimer?.cancel();
    own ??= fresh(shared.snapshot());
    const rings = own.offersOf(self);
    const settled = applyLate(own);
    // Nothing rings while nobody knows who may have whom.
    for (const offer of rings)
      if (own.placeOf(offer.callId)?.personId !== offer.personId) onEffect({ kind: 'withdraw', ...offer }, false);
    mode = 'returning';
    n += 1;
    statementN = n;
    const input: SharedInput = { kind: 'nodeStates', statement: own.statementOf(self) };
    awaiting.set(n, { input, atMs: orderNow(), done: () => undefined });
    append(n, input);
    settled();
  }

  function onUp(): void {
    aloneTimer?.cancel();
    if (mode === 'alone') return stateAnew();
    if (mode === 'waiting') mode = own ? 'returning' : 'shared';
    for (const [number, { input }] of awaiting) append(number, input);
  }

  function onDown(): void {
    if (mode === 'alone') return;
    mode = 'waiting';
    aloneTimer?.cancel();
    aloneTimer = clock.after(aloneAfterMs, standAlone);
  }

  function onLost(): void {
    log.warn('the order of the queues is lost; this node states what is true of it');
    latest = shared.acd.rules;
    own ??= fresh(shared.snapshot());
    shared = fresh();
    applied = 0;
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

  const census = createCensus({ clock, everyMs: censusEveryMs, look });

  /** What has been wrong at two looks is put right: a node that nobody has seen, a call that this node does not have. */
  function look(wrongBefore: (what: string) => boolean): void {
    if (mode !== 'shared') return;
    const there = new Set(live.nodes().map(({ nodeId }) => nodeId));
    for (const nodeId of shared.nodes())
      if (nodeId !== self && !there.has(nodeId) && wrongBefore(nodeId)) void give(gone(nodeId));
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
    keepTalking: needs.keepTalking ?? false,
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
      aloneTimer?.cancel();
      for (const { done } of awaiting.values()) done(false);
      awaiting.clear();
    },
  };
}
