// The queues of several nodes as one pure machine: the ACD, and which node has which call and which desk. Every node runs it
// over the same entries in the same order (docs/decisions/0040), so all come to the same state. Says what happened; carries out
// nothing, keeps no timer, knows no clock but the order's own.
//
//   a call belongs to the node that put it into a queue (or adopted it) and goes with that node
//   a desk is at the node that has its softphone; when that node goes, the agent is not ready (`node-gone`), unless on a call
//   a node that was said to be gone is not heard again until it states what is true of it (`nodeStates`)

import type { AcdEffect, AcdInput, QueueSettings, WaitingCall } from '../../routing/acd/acd.ts';
import { type AcdNeeds, createAcd } from '../../routing/acd/distributor.ts';
import type { AcdSnapshot } from '../../routing/acd/snapshot.ts';
import { type AgentFacts, type AgentView, factsOfAgent } from '../../routing/agent.ts';
import type { CallId, NodeId, PersonId } from '../../shared/ids.ts';
import type { LogEntry } from '../../store/live-state.ts';

/** An agent as a node knows it when the order begins anew. */
export interface StatedAgent {
  agent: AgentView;
  /** The desk is at the node that states this; otherwise only the call is. */
  deskHere: boolean;
  /** Whose node has the call that the agent is on. */
  callNode: NodeId | null;
  /** The queue that call came through. */
  callQueue: string | null;
}

/** What is true of one node: the desks it has, the calls it has. */
export interface Statement {
  agents: StatedAgent[];
  waiting: WaitingCall[];
}

export type SharedInput =
  | AcdInput
  /** The softphone of this person is at the node that says so. */
  | { kind: 'deskHere'; personId: PersonId }
  /** The node has taken over this conversation of a node that is gone. */
  | { kind: 'callAdopted'; callId: CallId }
  /** Nobody has taken over this conversation of a node that is gone: it is over. */
  | { kind: 'callLost'; callId: CallId }
  /** The node has this conversation, whatever the order makes of it. */
  | { kind: 'talks'; stated: StatedAgent }
  /** `keep`: conversations that may be adopted; all others are over. */
  | { kind: 'nodeGone'; nodeId: NodeId; keep?: CallId[] }
  | { kind: 'nodeStates'; statement: Statement }
  /** The node goes by the order again, and knows of nothing that the order does not. */
  | { kind: 'back' }
  /** The node goes by the order; said whenever another one comes back. */
  | { kind: 'here' };

/** What is in the order. `n` counts the inputs of one node: what comes twice counts once. */
export interface OrderEntry {
  n: number;
  input: SharedInput;
}

interface CallPlace {
  /** Null: its node is gone, and nobody has adopted it yet. */
  node: NodeId | null;
  queue: string | null;
  /** Who talks; null while it waits. */
  personId: PersonId | null;
}

export interface SharedSnapshot {
  acd: AcdSnapshot;
  calls: [CallId, CallPlace][];
  desks: [PersonId, NodeId][];
  gone: NodeId[];
  counted: [NodeId, number][];
}

export interface Applied {
  effects: AcdEffect[];
  /** False: it was impossible, came twice, or its node is not heard. */
  accepted: boolean;
}

/** Nodes that are gone are remembered so long that nothing of them can still be on its way. */
const goneRemembered = 1000;

export interface SharedAcdOptions {
  queues: readonly QueueSettings[];
  /** After-call work for a call that came through no queue. */
  afterCallWorkSeconds: number;
  from?: SharedSnapshot;
  /** To begin with; without it a class within the own clearance. */
  rules?: Pick<AcdNeeds, 'policy' | 'operation' | 'compilePolicy'>;
}

export class SharedAcd {
  readonly acd: ReturnType<typeof createAcd>;
  readonly #options: SharedAcdOptions;
  readonly #calls: Map<CallId, CallPlace>;
  readonly #desks: Map<PersonId, NodeId>;
  readonly #gone: Set<NodeId>;
  readonly #counted: Map<NodeId, number>;

  constructor(options: SharedAcdOptions) {
    const { from, queues } = options;
    this.#options = options;
    this.acd = createAcd({ queues, ...options.rules, ...(from ? { from: from.acd } : {}) });
    this.#calls = new Map(from?.calls.map(([id, place]) => [id, { ...place }]));
    this.#desks = new Map(from?.desks);
    this.#gone = new Set(from?.gone);
    this.#counted = new Map(from?.counted);
  }

  snapshot(): SharedSnapshot {
    return {
      acd: this.acd.snapshot(),
      calls: [...this.#calls].map(([id, place]) => [id, { ...place }]),
      desks: [...this.#desks],
      gone: [...this.#gone],
      counted: [...this.#counted],
    };
  }

  apply({ from, atMs, value: { n, input } }: Pick<LogEntry<OrderEntry>, 'from' | 'atMs' | 'value'>): Applied {
    const refused: Applied = { effects: [], accepted: false };
    if (n <= this.countedOf(from)) return refused;
    this.#counted.set(from, n);
    if (this.#gone.has(from) && input.kind !== 'nodeStates') return refused;
    return this.applyOwn(input, from, atMs);
  }

  /** Outside the order: for a copy that one node keeps for itself. */
  applyOwn(input: SharedInput, from: NodeId, atMs: number): Applied {
    const effects: AcdEffect[] = [];
    // What was due before this input happens before it, whoever's timer was late.
    const due = this.acd.nextDeadline();
    if (due !== undefined && due <= atMs) effects.push(...this.acd.apply({ kind: 'tick' }, atMs));
    this.#forgetOverflowed(effects);
    const accepted = this.#take(input, from, atMs, effects);
    return { effects, accepted };
  }

  /** The newest input of this node that came out of the order. */
  countedOf(node: NodeId): number {
    return this.#counted.get(node) ?? 0;
  }

  /** Which of this node's calls are being offered, and to whom. */
  offersOf(node: NodeId): { callId: CallId; personId: PersonId }[] {
    return this.acd.snapshot().calls.flatMap(({ call, offeredTo }) => {
      if (this.#calls.get(call.callId)?.node !== node) return [];
      return offeredTo.map((personId) => ({ callId: call.callId, personId }));
    });
  }

  waitingCall(callId: CallId): WaitingCall | undefined {
    return this.acd.snapshot().calls.find(({ call }) => call.callId === callId)?.call;
  }

  /** Which node has this person's softphone. */
  deskOf(personId: PersonId): NodeId | undefined {
    return this.#desks.get(personId);
  }

  placeOf(callId: CallId): Readonly<CallPlace> | undefined {
    return this.#calls.get(callId);
  }

  /** Everybody who is spoken of here, to be compared with who is there. */
  nodes(): Set<NodeId> {
    const nodes = new Set(this.#desks.values());
    for (const { node } of this.#calls.values()) if (node) nodes.add(node);
    return nodes;
  }

  callsOf(node: NodeId | null): CallId[] {
    return [...this.#calls].flatMap(([id, place]) => (place.node === node ? [id] : []));
  }

  /** What is true of this node by this copy; `waiting` are its calls that wait or are being offered. */
  statementOf(node: NodeId): Statement {
    const agents: StatedAgent[] = [];
    for (const agent of this.acd.agents()) {
      const place = agent.callId === null ? undefined : this.#calls.get(agent.callId);
      const talksHere = agent.state === 'on-call' && place?.node === node;
      const deskHere = this.#desks.get(agent.personId) === node;
      if (!talksHere && !deskHere) continue;
      agents.push({ agent, deskHere, callNode: place?.node ?? null, callQueue: place?.queue ?? null });
    }
    return { agents, waiting: this.acd.snapshot().calls.flatMap(({ call }) => this.#ofNode(call, node)) };
  }

  /**
   * Leaves only what this node can serve without the others: its own waiting calls, and the agents whose desk it has. For a
   * copy that it keeps for itself while the order is away.
   */
  standAlone(node: NodeId, atMs: number): AcdEffect[] {
    const effects: AcdEffect[] = [];
    for (const { personId } of this.acd.agents())
      if (this.#desks.get(personId) !== node)
        this.#tell({ kind: 'agentNotReady', personId, because: 'live-state-away' }, atMs, effects);
    for (const { call } of this.acd.snapshot().calls)
      if (this.#ofNode(call, node).length === 0) this.#tell({ kind: 'callGone', callId: call.callId }, atMs, effects);
    return effects;
  }

  #ofNode(call: WaitingCall, node: NodeId): WaitingCall[] {
    return this.#calls.get(call.callId)?.node === node ? [call] : [];
  }

  /** True if the ACD found the input possible. */
  #tell(input: AcdInput, atMs: number, effects: AcdEffect[]): boolean {
    const before = this.acd.ignoredInputs;
    effects.push(...this.acd.apply(input, atMs));
    return this.acd.ignoredInputs === before;
  }

  #take(input: SharedInput, from: NodeId, atMs: number, effects: AcdEffect[]): boolean {
    switch (input.kind) {
      case 'deskHere':
        this.#desks.set(input.personId, from);
        return true;
      case 'callAdopted': {
        const place = this.#calls.get(input.callId);
        if (!place || place.node !== null) return false;
        place.node = from;
        return true;
      }
      case 'callLost':
        return this.#calls.get(input.callId)?.node === null && this.#dropCall(input.callId, atMs, effects);
      case 'nodeGone':
        return this.#nodeGone(input.nodeId, new Set(input.keep), atMs, effects);
      case 'back':
      case 'here':
        return true;
      case 'talks': {
        const all: AcdEffect[] = [];
        this.#stateTalking(from, input.stated, atMs, all);
        effects.push(...netEffects(all));
        return true;
      }
      case 'nodeStates':
        this.#gone.delete(from);
        this.#state(from, input.statement, atMs, effects);
        return true;
    }
    if (input.kind === 'callWaiting') this.#freeWhoTalked(input.call.callId, null, atMs, effects);
    const before = effects.length;
    if (!this.#tell(input, atMs, effects)) return false;
    this.#note(input, from);
    this.#forgetOverflowed(effects.slice(before));
    return true;
  }

  #forgetOverflowed(effects: readonly AcdEffect[]): void {
    for (const effect of effects) if (effect.kind === 'overflow') this.#calls.delete(effect.callId);
  }

  /** Whose call, whose desk: learned from what the ACD accepted. */
  #note(input: AcdInput, from: NodeId): void {
    switch (input.kind) {
      case 'agentSignedIn':
        if (!this.#desks.has(input.agent.personId)) this.#desks.set(input.agent.personId, from);
        return;
      case 'callWaiting':
        this.#calls.set(input.call.callId, { node: from, queue: input.call.queue, personId: null });
        return;
      case 'callGone':
        this.#calls.delete(input.callId);
        return;
      case 'answered': {
        const place = this.#calls.get(input.callId);
        if (place) place.personId = input.personId;
        return;
      }
      case 'agentCallStarted':
        this.#calls.set(input.callId, { node: from, queue: null, personId: input.personId });
        return;
      case 'agentCallEnded':
        if (this.#calls.get(input.callId)?.personId === input.personId) this.#calls.delete(input.callId);
    }
  }

  #nodeGone(node: NodeId, keep: ReadonlySet<CallId>, atMs: number, effects: AcdEffect[]): boolean {
    if (this.#gone.has(node)) return false;
    this.#gone.add(node);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= goneRemembered) break;
      this.#gone.delete(oldest);
    }
    // First the desks, so that no call that is freed goes to an agent who cannot be reached.
    for (const personId of this.#deskOrder(node)) this.#desertDesk(personId, atMs, effects);
    for (const [callId, place] of this.#calls) {
      if (place.node !== node) continue;
      if (keep.has(callId) && place.personId) place.node = null;
      else this.#dropCall(callId, atMs, effects);
    }
    return true;
  }

  /** The desks of a node: those that are offered nothing first, then by the age of what they are offered. */
  #deskOrder(node: NodeId): PersonId[] {
    const offered = new Map(
      this.acd
        .snapshot()
        .calls.flatMap(({ offeredTo, call }) =>
          offeredTo.map((personId): [PersonId, number] => [personId, call.enteredAt]),
        ),
    );
    return [...this.#desks]
      .flatMap(([personId, at]) => (at === node ? [personId] : []))
      .sort((a, b) => (offered.get(a) ?? -1) - (offered.get(b) ?? -1));
  }

  #desertDesk(personId: PersonId, atMs: number, effects: AcdEffect[]): void {
    this.#desks.delete(personId);
    const state = this.acd.agent(personId)?.state;
    // Whoever talks goes on talking, or is let go with the call.
    if (state === undefined || state === 'offline' || state === 'on-call' || state === 'not-ready') return;
    this.#tell({ kind: 'agentNotReady', personId, because: 'node-gone' }, atMs, effects);
  }

  #dropCall(callId: CallId, atMs: number, effects: AcdEffect[]): boolean {
    const place = this.#calls.get(callId);
    if (!place) return false;
    const { personId } = place;
    this.#calls.delete(callId);
    if (!personId) return this.#tell({ kind: 'callGone', callId }, atMs, effects);
    if (!this.#desks.has(personId)) {
      // The desk went as well: there is nobody to do after-call work, or to take the next call.
      this.#tell({ kind: 'agentNotReady', personId, because: 'node-gone' }, atMs, effects);
      return this.#tell({ kind: 'agentCallEnded', callId, personId, afterCallWorkSeconds: 0 }, atMs, effects);
    }
    const settings = this.#options.queues.find(({ name }) => name === place.queue);
    const afterCallWorkSeconds = settings?.afterCallWorkSeconds ?? this.#options.afterCallWorkSeconds;
    return this.#tell({ kind: 'agentCallEnded', callId, personId, afterCallWorkSeconds }, atMs, effects);
  }

  // --- a node says what is true of it

  #state(node: NodeId, { agents, waiting }: Statement, atMs: number, effects: AcdEffect[]): void {
    const all: AcdEffect[] = [];
    const stillWaits = new Set(waiting.map(({ callId }) => callId));
    const stillTalks = new Set(agents.flatMap(({ agent, callNode }) => (callNode === node ? [agent.callId] : [])));
    const stillAtDesk = new Set(agents.flatMap(({ agent, deskHere }) => (deskHere ? [agent.personId] : [])));
    for (const callId of this.callsOf(node))
      if (!stillWaits.has(callId) && !stillTalks.has(callId)) this.#dropCall(callId, atMs, all);
    for (const personId of this.#deskOrder(node)) if (!stillAtDesk.has(personId)) this.#desertDesk(personId, atMs, all);
    for (const stated of agents) if (stated.agent.state === 'on-call') this.#stateTalking(node, stated, atMs, all);
    for (const call of [...waiting].sort((a, b) => a.enteredAt - b.enteredAt)) {
      this.#freeWhoTalked(call.callId, null, atMs, all);
      if (this.#tell({ kind: 'callWaiting', call, alwaysJoins: true, anew: true }, atMs, all))
        this.#calls.set(call.callId, { node, queue: call.queue, personId: null });
    }
    const byIdleness = [...agents].sort((a, b) => a.agent.idleSince - b.agent.idleSince);
    for (const stated of byIdleness) if (stated.agent.state !== 'on-call') this.#stateFree(node, stated, atMs, all);
    effects.push(...netEffects(all));
  }

  /** By the node of the call, by that of the desk, or by both: who talks is on a call. */
  #stateTalking(node: NodeId, stated: StatedAgent, atMs: number, effects: AcdEffect[]): void {
    const { agent, callNode, callQueue } = stated;
    const { personId, callId } = agent;
    if (callId === null || callNode === null) return;
    if (callNode === node) this.#freeWhoTalked(callId, personId, atMs, effects);
    else {
      // The node of the call knows best.
      const known = this.#calls.get(callId);
      const heard = this.#counted.has(callNode);
      const over = this.#gone.has(callNode) || (known ? known.node === callNode && known.personId !== personId : heard);
      if (over) return this.#stateFree(node, { ...stated, agent: afterCall(agent) }, atMs, effects);
    }
    const speaksForAgent = stated.deskHere && this.#claimDesk(node, agent);
    // It was still waiting when the order last heard of it.
    if (this.acd.position(callId) !== undefined) this.#tell({ kind: 'callGone', callId }, atMs, effects);
    const now = this.acd.agent(personId);
    if (now?.state === 'on-call' && now.callId === callId) {
      if (callNode === node) this.#calls.set(callId, { node, queue: callQueue, personId });
      if (speaksForAgent) this.#stateNext(agent, atMs, effects);
      return;
    }
    if (now?.state === 'on-call' && now.callId) {
      // The desk may speak of a call that is long over; the node of a call knows who is in it.
      if (callNode !== node) return;
      this.#tell({ kind: 'agentCallEnded', callId: now.callId, personId, afterCallWorkSeconds: 0 }, atMs, effects);
      if (this.#calls.get(now.callId)?.personId === personId) this.#calls.delete(now.callId);
    }
    this.#signIn(agent, atMs, effects);
    // What was offered to this agent meanwhile goes to another one.
    this.#tell({ kind: 'agentNotReady', personId, because: agent.because ?? 'node-gone' }, atMs, effects);
    if (!this.#tell({ kind: 'agentCallStarted', personId, callId }, atMs, effects)) return;
    this.#calls.set(callId, { node: callNode, queue: callQueue, personId });
    // Without the word of the desk: after the call available, as after every call.
    if (speaksForAgent) this.#stateNext(agent, atMs, effects);
    else this.#tell({ kind: 'agentReady', personId }, atMs, effects);
  }

  /** Whoever else was said to talk in this call does so no more. */
  #freeWhoTalked(callId: CallId, nowTalks: PersonId | null, atMs: number, effects: AcdEffect[]): void {
    const personId = this.#calls.get(callId)?.personId;
    if (personId && personId !== nowTalks)
      this.#tell({ kind: 'agentCallEnded', callId, personId, afterCallWorkSeconds: 0 }, atMs, effects);
  }

  #stateFree(node: NodeId, { agent }: StatedAgent, atMs: number, effects: AcdEffect[]): void {
    const { personId, state } = agent;
    if (!this.#claimDesk(node, agent) || state === 'offline') return;
    const before = this.acd.agent(personId)?.state;
    if (before === 'on-call') return;
    this.#signIn(agent, atMs, effects);
    if (state === 'not-ready') {
      this.#tell({ kind: 'agentNotReady', personId, because: agent.because ?? 'node-gone' }, atMs, effects);
    } else if (state === 'after-call-work' && before !== 'after-call-work') {
      const callId = (agent.callId ?? `after-${personId}`) as CallId;
      const leftSeconds = Math.max(1, ((agent.afterCallWorkEndsAt ?? atMs) - atMs) / 1000);
      if (!this.#tell({ kind: 'agentCallStarted', personId, callId }, atMs, effects)) return;
      this.#stateNext(agent, atMs, effects);
      this.#tell({ kind: 'agentCallEnded', personId, callId, afterCallWorkSeconds: leftSeconds }, atMs, effects);
    } else if (state !== 'after-call-work') this.#tell({ kind: 'agentReady', personId }, atMs, effects);
  }

  /** False: another node that is there has it now. */
  #claimDesk(node: NodeId, { personId }: AgentFacts): boolean {
    const at = this.#desks.get(personId);
    if (at !== undefined && at !== node) return false;
    this.#desks.set(personId, node);
    return true;
  }

  #signIn(agent: AgentView, atMs: number, effects: AcdEffect[]): boolean {
    return this.#tell({ kind: 'agentSignedIn', agent: factsOfAgent(agent) }, atMs, effects);
  }

  #stateNext({ personId, nextState, because }: AgentView, atMs: number, effects: AcdEffect[]): void {
    this.#tell({ kind: 'agentReady', personId }, atMs, effects);
    if (nextState === 'not-ready')
      this.#tell({ kind: 'agentNotReady', personId, because: because ?? 'break' }, atMs, effects);
    else if (nextState === 'offline') this.#tell({ kind: 'agentSignedOut', personId }, atMs, effects);
  }
}

/** As the agent is when the call is over. */
function afterCall(agent: AgentView): AgentView {
  return { ...agent, state: agent.nextState ?? 'available', callId: null };
}

/** The changes of state of one instant as one per agent; what led back to where it began is no news. */
function netEffects(effects: readonly AcdEffect[]): AcdEffect[] {
  const net: AcdEffect[] = [];
  const changes = new Map<PersonId, Extract<AcdEffect, { kind: 'agentState' }>>();
  for (const effect of effects) {
    if (effect.kind !== 'agentState') {
      net.push(effect);
      continue;
    }
    const before = changes.get(effect.personId);
    if (before) Object.assign(before, { to: effect.to, because: effect.because });
    else {
      const change = { ...effect };
      changes.set(effect.personId, change);
      net.push(change);
    }
  }
  return net.filter((effect) => effect.kind !== 'agentState' || effect.from !== effect.to);
}

/** What must have happened between two states, as far as anybody has to act on it. */
export function differences(before: SharedAcd, after: SharedAcd): AcdEffect[] {
  const effects: AcdEffect[] = [];
  for (const { personId, state: to, because } of after.acd.agents()) {
    const from = before.acd.agent(personId)?.state ?? 'offline';
    if (from !== to) effects.push({ kind: 'agentState', personId, from, to, because });
  }
  const [old, now] = [offersIn(before), offersIn(after)];
  for (const [key, { callId, personId }] of old)
    if (!now.has(key)) effects.push({ kind: 'withdraw', callId, personId });
  for (const [key, { callId, personId, queue }] of now)
    if (!old.has(key)) effects.push({ kind: 'offer', callId, personId, queue, rule: '' });
  return effects;
}

function offersIn(shared: SharedAcd): Map<string, { callId: CallId; personId: PersonId; queue: string }> {
  const offers = shared.acd
    .snapshot()
    .calls.flatMap(({ call: { callId, queue }, offeredTo }) =>
      offeredTo.map((personId): [string, { callId: CallId; personId: PersonId; queue: string }] => [
        `${callId} ${personId}`,
        { callId, personId, queue },
      ]),
    );
  return new Map(offers);
}
