// Several nodes of a call centre on one simulated clock: the real queues (shared-runner.ts) on the real live state in memory, and in
// place of telephones and people a small world that answers, refuses, hangs up, reloads its page at another node. Nodes are killed
// and cut off, the live state stops, starts, and starts empty. The world checks after every event what must never be otherwise:
//
//   no desk is rung for two calls, whether the nodes agree or not       a call rings at one desk at most
//   nothing is offered by a node that does not know whether others still count on it; alone, it offers its own desks only
//   nobody has two calls by the order; the order has every conversation as it is   (nodes that agree, for `putRightMs`)
//   who waits longest is offered first, over all nodes                 (while the nodes agree)
//
// and, once everything is left in peace, that nobody is stuck and nobody who could be served waits.

import { createSharedRunner, type SharedRunner } from '../../../src/call/cluster/shared-runner.ts';
import type { WaitingCall } from '../../../src/routing/acd/acd.ts';
import type { CallId, NodeId, PersonId } from '../../../src/shared/ids.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { type Random, seededRandom } from '../../../src/shared/random.ts';
import { createMemoryHub, type MemoryHub } from '../../../src/store/live/memory-hub.ts';
import { createMemoryLiveState } from '../../../src/store/live/memory-live-state.ts';
import type { LiveState } from '../../../src/store/live-state.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';

interface SimulatedCall {
  id: CallId;
  queue: string;
  enteredAt: number;
  phase: 'queued' | 'talking' | 'over';
  /** To whom its node offers it. */
  ringing: PersonId | null;
  /** The page at which a telephone really rings for it. */
  ringsAt: SimulatedNode | undefined;
  answering: boolean;
  agent: PersonId | null;
}

interface SimulatedNode {
  id: NodeId;
  live: LiveState;
  runner: SharedRunner;
  calls: Map<CallId, SimulatedCall>;
  cutOff: boolean;
  /** When it last did not agree with the others. */
  apartAt: number;
}

interface SimulatedAgent {
  id: PersonId;
  /** Whose page it is; undefined: the page is away. */
  node: SimulatedNode | undefined;
}

const instantMs = 500;
/** A conversation of which the order knows nothing is put right within two looks of the census. */
const putRightMs = 5000;
/** A node that is cut off lets go of the desks of others before they count it as gone. */
const letsGoWithinMs = 4000;

const queues = ['general', 'contracts'].map((name) => ({
  name,
  label: { ja: name, en: name },
  ringTimeoutSeconds: 20,
  afterCallWorkSeconds: 10,
  serviceLevelSeconds: 20,
  shortAbandonSeconds: 5,
}));

export interface SimulationSettings {
  seed: number;
  nodes: number;
  agents: number;
  /** How late a node hears of anything, at most. */
  delayMs: number;
}

export class SimulatedNodes {
  readonly clock: FakeClock;
  readonly seen: Record<string, number> = {};
  readonly #random: Random;
  readonly #settings: SimulationSettings;
  readonly #hub: MemoryHub;
  readonly #nodes: SimulatedNode[] = [];
  readonly #agents: SimulatedAgent[];
  #serial = 0;
  #hubIsUp = true;
  #fault: Error | undefined;
  /** Since when a call has been waiting without being offered to anybody. */
  readonly #waitingSince = new Map<CallId, number>();
  /** Telephones that are off the hook, and for which call. */
  readonly #inUse = new Map<PersonId, CallId>();
  /** Since when something has been so that may be so for a moment only. */
  readonly #wrongSince = new Map<string, number>();

  constructor(settings: SimulationSettings) {
    this.#settings = settings;
    this.clock = createFakeClock();
    this.#random = seededRandom(settings.seed);
    const { delayMs } = settings;
    this.#hub = createMemoryHub({
      clock: this.clock,
      ...(delayMs > 0 ? { delayMs: () => this.#random.integer(0, delayMs) } : {}),
    });
    this.#agents = Array.from({ length: settings.agents }, (_, i) => ({
      id: `p${i}` as PersonId,
      node: undefined,
    }));
  }

  async begin(): Promise<void> {
    for (let i = 0; i < this.#settings.nodes; i++) await this.#startNode();
  }

  /** One random thing happens, then a random time passes. */
  async step(calm: boolean): Promise<void> {
    await this.#happen(calm);
    await this.pass(this.#random.next() < 0.4 ? 0 : this.#random.integer(1, 400));
    this.#check();
  }

  async pass(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    do {
      this.clock.advance(Math.min(50, until - this.clock.now()));
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#fault) throw this.#fault;
    } while (this.clock.now() < until);
  }

  // --- what happens

  async #happen(calm: boolean): Promise<void> {
    const random = this.#random;
    const dice = random.integer(0, 1000);
    const node = random.pick(this.#nodes);
    const agent = random.pick(this.#agents);
    const callers = this.#nodes.reduce((sum, one) => sum + one.calls.size, 0);
    const crowd = this.#serial % 4000 < 2000 ? this.#agents.length / 2 : this.#agents.length * 3;
    if (dice < 200) return callers < crowd ? this.#callIn(node) : undefined;
    if (dice < 230) return this.#giveUp(node);
    if (dice < 600) return this.#ringOn(node);
    if (dice < 780) return this.#hangUp(node);
    if (dice < 880) return void this.#openPage(agent, node);
    if (dice < 930) return this.#askForState(agent);
    if (dice < 950) return this.#dialOut(agent);
    if (calm) return;
    if (dice < 956) return this.#kill(node);
    if (dice < 962) return this.#cutOff(node);
    if (dice < 980) return this.#mend();
    if (dice < 982) return this.#hubIsUp ? this.#stopHub() : undefined;
    if (dice < 990) return this.#hubIsUp ? undefined : this.#startHub(random.next() < 0.5);
  }

  #count(what: string): void {
    this.seen[what] = (this.seen[what] ?? 0) + 1;
  }

  async #startNode(): Promise<void> {
    const id = `n${++this.#serial}` as NodeId;
    const { clock } = this;
    const live = await createMemoryLiveState({ hub: this.#hub, clock, random: this.#random, nodeId: id });
    const node = { id, live, calls: new Map(), cutOff: false, apartAt: clock.now() } as unknown as SimulatedNode;
    node.runner = createSharedRunner({
      live,
      clock,
      log: silentLogger,
      queues,
      afterCallWorkSeconds: 10,
      random: () => this.#random.next(),
      aloneAfterMs: 10_000,
      hasCall: (callId) => node.calls.has(callId),
      desks: () => this.#agents.flatMap((agent) => (agent.node === node ? [agent.id] : [])),
      conversations: () =>
        [...node.calls.values()].flatMap(({ id: callId, queue, agent }) =>
          agent ? [{ callId, personId: agent, queue }] : [],
        ),
      onEffect: (effect) => {
        if (effect.kind === 'offer') this.#offered(node, effect.callId, effect.personId);
        if (effect.kind === 'withdraw') this.#withdrawn(node, effect.callId, effect.personId);
      },
    });
    // Taken for dead meanwhile: it states again whose pages it has.
    live.on('declaredDead', () => {
      for (const agent of this.#agents) if (agent.node === node) this.#register(node, agent.id);
    });
    this.#nodes.push(node);
    this.#count('node started');
  }

  #callIn(node: SimulatedNode): void {
    const id = `c${++this.#serial}` as CallId;
    const call: SimulatedCall = {
      id,
      queue: this.#random.pick(queues).name,
      enteredAt: this.clock.now(),
      phase: 'queued',
      ringing: null,
      ringsAt: undefined,
      answering: false,
      agent: null,
    };
    node.calls.set(id, call);
    void node.runner.apply({ kind: 'callWaiting', call: waitingCall(call) });
    this.#count('call');
  }

  #giveUp(node: SimulatedNode): void {
    const call = this.#some(node, ({ phase }) => phase === 'queued');
    if (!call) return;
    this.#over(node, call);
    void node.runner.apply({ kind: 'callGone', callId: call.id });
    this.#count('caller gave up');
  }

  #over(node: SimulatedNode, call: SimulatedCall): void {
    this.#hangsUp(call);
    call.phase = 'over';
    this.#quiet(call);
    call.agent = null;
    node.calls.delete(call.id);
  }

  /** No telephone rings for it any more. */
  #quiet(call: SimulatedCall): void {
    call.ringing = null;
    call.ringsAt = undefined;
  }

  #hangsUp({ id }: SimulatedCall): void {
    for (const [personId, callId] of this.#inUse) if (callId === id) this.#inUse.delete(personId);
  }

  #some(node: SimulatedNode, fits: (call: SimulatedCall) => boolean): SimulatedCall | undefined {
    const some = [...node.calls.values()].filter(fits);
    return some.length > 0 ? this.#random.pick(some) : undefined;
  }

  #offered(node: SimulatedNode, callId: CallId, personId: PersonId): void {
    const call = node.calls.get(callId);
    if (call?.phase !== 'queued') return;
    if (call.ringing)
      this.#fail(`${callId} is offered to ${personId} while it rings at ${call.ringing} (${node.runner.mode})`);
    const { mode } = node.runner;
    if (mode === 'waiting' || mode === 'returning') this.#fail(`${callId} is offered by ${node.id}, which is ${mode}`);
    if (mode === 'alone' && node.runner.deskOf(personId) !== node.id)
      this.#fail(`${callId} is offered to ${personId} of another node by ${node.id}, which is alone`);
    call.ringing = personId;
    const page = this.#agents.find(({ id }) => id === personId)?.node;
    // Through the node that it is registered with, as far as this node knows; one in use does not ring.
    const reached = page && (page === node || (mode === 'shared' && desksOf(node).get(personId)?.owner === page.id));
    call.ringsAt = reached && !this.#inUse.has(personId) ? page : undefined;
    this.#count('offer');
    if (mode === 'shared') this.#checkOrder(node, callId);
  }

  #withdrawn(node: SimulatedNode, callId: CallId, personId: PersonId): void {
    const call = node.calls.get(callId);
    if (call?.ringing === personId && !call.answering) this.#quiet(call);
    else if (call?.ringing === personId) call.ringing = null;
    this.#count('withdrawn');
  }

  /** A telephone that rings goes on: it alerts, is answered, refused, or cannot be reached. */
  #ringOn(node: SimulatedNode): void {
    const call = this.#some(node, ({ ringing, answering }) => ringing !== null && !answering);
    if (!call) return;
    const personId = call.ringing!;
    const dice = this.#random.next();
    const there = call.ringsAt !== undefined && !this.#inUse.has(personId);
    const callId = call.id;
    if (dice < 0.3 && there) return void node.runner.apply({ kind: 'alerting', callId, personId });
    if (dice < 0.8 && there) return void this.#answer(node, call, personId);
    this.#quiet(call);
    const because = there ? this.#random.pick(['timeout', 'rejected'] as const) : 'unreachable';
    void node.runner.apply({ kind: 'notAnswered', callId, personId, because });
    this.#count('not answered');
  }

  async #answer(node: SimulatedNode, call: SimulatedCall, personId: PersonId): Promise<void> {
    call.answering = true;
    call.ringsAt = undefined;
    this.#inUse.set(personId, call.id);
    const taken = await node.runner.apply({ kind: 'answered', callId: call.id, personId });
    call.answering = false;
    if (!this.#nodes.includes(node)) return;
    if (!taken || call.ringing !== personId || call.phase !== 'queued') {
      if (this.#inUse.get(personId) === call.id) this.#inUse.delete(personId);
      if (call.ringing === personId) call.ringing = null;
      if (taken) void node.runner.apply({ kind: 'agentCallEnded', callId: call.id, personId, afterCallWorkSeconds: 0 });
      if (taken && call.phase === 'queued') void node.runner.apply({ kind: 'callWaiting', call: waitingCall(call) });
      this.#count('answered too late');
      return;
    }
    Object.assign(call, { phase: 'talking', ringing: null, agent: personId });
    this.#count('answered');
  }

  #hangUp(node: SimulatedNode): void {
    const call = this.#some(node, ({ phase }) => phase === 'talking');
    if (!call) return;
    const personId = call.agent!;
    const transferred = this.#random.next() < 0.1;
    const afterCallWorkSeconds = this.#random.pick([0, 5]);
    void node.runner.apply({ kind: 'agentCallEnded', callId: call.id, personId, afterCallWorkSeconds });
    if (!transferred) return this.#over(node, call);
    this.#hangsUp(call);
    Object.assign(call, { phase: 'queued', agent: null, enteredAt: this.clock.now() });
    void node.runner.apply({ kind: 'callWaiting', call: waitingCall(call) });
    this.#count('transferred');
  }

  /** The page of this person is opened at a node, as after a reload, or after its node went. */
  async #openPage(agent: SimulatedAgent, node: SimulatedNode): Promise<void> {
    const left = agent.node;
    agent.node = node;
    if (left !== node) this.#pageLeft(agent.id);
    this.#register(node, agent.id);
    if (left && left !== node) unregister(left, agent.id);
    // The WebSocket of the old page closes.
    if (left && left !== node && left.runner.acd.agent(agent.id)?.state === 'available')
      void left.runner.apply({ kind: 'agentNotReady', personId: agent.id, because: 'no-softphone' });
    const facts = {
      personId: agent.id,
      queues: queues.map(({ name }) => name),
      clearance: 'sensitive' as const,
      place: 'home' as const,
    };
    this.#count('page opened');
    const state = node.runner.acd.agent(agent.id)?.state;
    if (state === undefined || state === 'offline') await node.runner.apply({ kind: 'agentSignedIn', agent: facts });
    if (agent.node !== node) return;
    node.runner.deskIsHere(agent.id);
    void node.runner.apply({ kind: 'agentReady', personId: agent.id });
  }

  #register(node: SimulatedNode, personId: PersonId): void {
    desksOf(node)
      .put(personId, true)
      .catch(() => undefined);
  }

  /** What rang at the old page rings no more; who talks goes on talking. */
  #pageLeft(personId: PersonId): void {
    for (const node of this.#nodes)
      for (const call of node.calls.values()) if (call.ringing === personId) call.ringsAt = undefined;
  }

  #askForState({ id: personId, node }: SimulatedAgent): void {
    if (!node) return;
    const dice = this.#random.next();
    if (dice < 0.7) void node.runner.apply({ kind: 'agentReady', personId });
    else if (dice < 0.95) void node.runner.apply({ kind: 'agentNotReady', personId, because: 'break' });
    else void node.runner.apply({ kind: 'agentSignedOut', personId });
  }

  async #dialOut({ id: personId, node }: SimulatedAgent): Promise<void> {
    if (!node) return;
    const id = `o${++this.#serial}` as CallId;
    const state = node.runner.acd.agent(personId)?.state;
    if ((state !== 'available' && state !== 'not-ready') || this.#inUse.has(personId)) return;
    void node.runner.apply({ kind: 'agentCallStarted', personId, callId: id }).then((accepted) => {
      if (!accepted || !this.#nodes.includes(node)) return;
      // Without the live state the answer took its time, and the telephone is in use by now: it does not pick up.
      if (this.#inUse.has(personId))
        return void node.runner.apply({ kind: 'agentCallEnded', callId: id, personId, afterCallWorkSeconds: 0 });
      const call = {
        id,
        queue: 'general',
        enteredAt: this.clock.now(),
        phase: 'talking',
        ringing: null,
        ringsAt: undefined,
        answering: false,
      } as const;
      this.#inUse.set(personId, id);
      node.calls.set(id, { ...call, agent: personId });
      this.#count('dialled');
    });
  }

  // --- what goes wrong

  async #kill(node: SimulatedNode): Promise<void> {
    this.#hub.crash(node.id);
    node.runner.close();
    this.#nodes.splice(this.#nodes.indexOf(node), 1);
    for (const call of node.calls.values()) this.#hangsUp(call);
    for (const agent of this.#agents) {
      if (agent.node !== node) continue;
      agent.node = undefined;
      this.#pageLeft(agent.id);
    }
    this.#count('node killed');
    if (this.#hubIsUp) return this.#startNode();
    // A node that starts while the live state is away does not come up; the others go on.
    if (this.#nodes.length === 0) {
      this.#startHub(false);
      await this.#startNode();
    }
  }

  #cutOff(node: SimulatedNode): void {
    if (node.cutOff) return;
    node.cutOff = true;
    this.#hub.cutOff(node.id);
    this.#count('node cut off');
  }

  async #mend(): Promise<void> {
    const node = this.#nodes.find(({ cutOff }) => cutOff);
    if (node) {
      node.cutOff = false;
      this.#hub.mend(node.id);
      this.#count('node mended');
    }
    if (this.#hubIsUp && this.#nodes.length < this.#settings.nodes) await this.#startNode();
  }

  #stopHub(): void {
    this.#hubIsUp = false;
    this.#hub.stop();
    this.#count('live state stopped');
  }

  #startHub(empty: boolean): void {
    this.#hubIsUp = true;
    this.#hub.start({ empty });
    this.#count(empty ? 'live state started empty' : 'live state started');
  }

  // --- what must be true

  #fail(what: string): void {
    this.#fault ??= new Error(`${what} (SEED=${this.#settings.seed}, at ${this.clock.now()})`);
  }

  #check(): void {
    const busy = new Map<PersonId, { where: string; node: SimulatedNode }>();
    for (const node of this.#nodes) {
      if (node.runner.mode !== 'shared') node.apartAt = this.clock.now();
      for (const call of node.calls.values()) {
        const personId = call.agent ?? call.ringing;
        if (!personId) continue;
        const where = `${call.id} (${call.phase}) at ${node.id} (${node.runner.mode})`;
        const other = busy.get(personId);
        // A node that is cut off keeps its conversations; the others cannot know of them.
        const agree = node.runner.mode === 'shared' && other?.node.runner.mode === 'shared';
        if (other && agree) this.#fail(`${personId} has two calls: ${other.where} and ${where}`);
        busy.set(personId, { where, node });
      }
    }
    this.#checkTelephones();
    this.#checkConversations();
    if (this.#fault) throw this.#fault;
    this.#noteWaiting();
  }

  /** Whether it is so now, and for how long without a break. */
  #lastsMs(what: string, isSo: boolean): number {
    if (!isSo) this.#wrongSince.delete(what);
    else if (!this.#wrongSince.has(what)) this.#wrongSince.set(what, this.clock.now());
    return isSo ? this.clock.now() - this.#wrongSince.get(what)! : -1;
  }

  /**
   * What the nodes really do, whatever they believe: no telephone rings for two calls, but for the time that news take. A node that
   * is cut off does not hear that an agent was taken away from it and is free again: it rings on until it lets go.
   */
  #checkTelephones(): void {
    const rings = new Map<PersonId, { call: string; away: boolean }[]>();
    for (const node of this.#nodes)
      for (const { id, ringing, ringsAt } of node.calls.values()) {
        const { mode } = node.runner;
        const ring = { call: `${id} of ${node.id} (${mode})`, away: mode === 'waiting' };
        if (ringing && ringsAt) rings.set(ringing, [...(rings.get(ringing) ?? []), ring]);
      }
    for (const { id } of this.#agents) {
      const calls = rings.get(id) ?? [];
      const lastsMs = this.#lastsMs(`${id} rings`, calls.length > 1);
      if (lastsMs < 0) continue;
      this.#count('rang for two calls for a moment');
      const mayMs = calls.some(({ away }) => away) ? letsGoWithinMs : this.#settings.delayMs;
      if (lastsMs >= mayMs)
        this.#fail(`the telephone of ${id} rings for ${calls.map(({ call }) => call).join(' and ')}`);
    }
  }

  /** What is so is in the order, once nodes that agree have had the time to say it. */
  #checkConversations(): void {
    const agree = this.#nodes.every(({ runner }) => runner.mode === 'shared');
    for (const node of this.#nodes)
      for (const { id, agent } of node.calls.values()) {
        const seat = agent && node.runner.acd.agent(agent);
        const wrong = seat != null && (seat.state !== 'on-call' || seat.callId !== id);
        if (this.#lastsMs(`${id} unknown`, agree && wrong) > putRightMs)
          this.#fail(`${agent} talks in ${id} of ${node.id}, and by the order is ${seat?.state} ${seat?.callId}`);
      }
  }

  #noteWaiting(): void {
    const agreeing = this.#nodes.find(({ runner }) => runner.mode === 'shared');
    const waiting = new Set(
      agreeing?.runner.acd
        .snapshot()
        .calls.flatMap(({ call, offeredTo }) => (offeredTo.length > 0 ? [] : [call.callId])),
    );
    for (const callId of this.#waitingSince.keys()) if (!waiting.has(callId)) this.#waitingSince.delete(callId);
    for (const callId of waiting) if (!this.#waitingSince.has(callId)) this.#waitingSince.set(callId, this.clock.now());
  }

  #checkOrder(node: SimulatedNode, callId: CallId): void {
    // What happened while it was away comes in one breath.
    if (this.clock.now() - node.apartAt < 2 * instantMs) return;
    const { calls } = node.runner.acd.snapshot();
    const mine = calls.find(({ call }) => call.callId === callId);
    const to = mine?.offeredTo[0];
    if (!mine || to === undefined) return;
    // By the order; the ring may have had to wait.
    const reservedAt = node.runner.acd.agent(to)?.stateSince ?? 0;
    for (const other of calls) {
      // Who came back unanswered goes before all; among the others age counts.
      if (other.offeredTo.length > 0 || other.returned || mine.returned) continue;
      const before = other.call.enteredAt < mine.call.enteredAt;
      // What happens at one instant is seen only as a whole: who was free for it is not known here.
      const waitsSince = this.#waitingSince.get(other.call.callId) ?? Number.POSITIVE_INFINITY;
      if (before && waitsSince < reservedAt - instantMs)
        this.#fail(`${callId} was offered before ${other.call.callId}, which waits longer`);
    }
  }

  /** Everything is mended and nothing new happens: who is left, and where? */
  async settle(): Promise<void> {
    if (!this.#hubIsUp) this.#startHub(false);
    for (const node of this.#nodes) if (node.cutOff) this.#hub.mend(node.id);
    for (const node of this.#nodes) node.cutOff = false;
    await this.pass(20_000);
    // The telephones that still ring are let ring: time alone must free everybody.
    for (const node of this.#nodes) for (const call of node.calls.values()) if (call.ringing) this.#quiet(call);
    await this.pass(120_000);
    this.#check();
    this.#checkAgreement();
    this.#checkNobodyStuck();
  }

  #checkAgreement(): void {
    const [first, ...others] = this.#nodes;
    const told = (node: SimulatedNode) => JSON.stringify(node.runner.acd.snapshot());
    for (const node of this.#nodes)
      if (node.runner.mode !== 'shared') this.#fail(`${node.id} is still ${node.runner.mode}`);
    for (const other of others)
      if (told(other) !== told(first!)) this.#fail(`${first!.id} and ${other.id} do not agree`);
    if (this.#fault) throw this.#fault;
  }

  #checkNobodyStuck(): void {
    const { runner } = this.#nodes[0]!;
    const all = new Map(this.#nodes.flatMap(({ calls }) => [...calls]));
    const { calls } = runner.acd.snapshot();
    const listed = new Set(calls.map(({ call }) => call.callId));
    for (const call of all.values())
      if (call.phase === 'queued' && !listed.has(call.id)) this.#fail(`${call.id} waits and the queues do not know`);
    for (const callId of listed)
      if (!all.has(callId))
        this.#fail(
          `${callId} of ${runner.ownerOf(callId)} is in the queues and nowhere else (${this.#nodes.map((n) => n.id).join()})`,
        );
    const waiting = calls.filter(({ offeredTo }) => offeredTo.length === 0).length;
    for (const { personId, state, callId } of runner.acd.agents()) {
      if (state === 'reserved' || state === 'alerting' || state === 'after-call-work')
        this.#fail(`${personId} is stuck in ${state}`);
      if (state === 'available' && waiting > 0) this.#fail(`${waiting} wait while ${personId} is available`);
      if (state === 'on-call' && all.get(callId!)?.agent !== personId)
        this.#fail(
          `${personId} is on ${callId} of nobody (${runner.ownerOf(callId!)} of ${this.#nodes.map((n) => n.id).join()})`,
        );
    }
    for (const call of all.values())
      if (call.agent && runner.acd.agent(call.agent)?.callId !== call.id)
        this.#fail(`${call.agent} talks in ${call.id} and the queues do not know`);
    if (this.#fault) throw this.#fault;
  }

  end(): void {
    for (const { runner } of this.#nodes) runner.close();
  }
}

/** Where each telephone is registered, as this node knows it. */
const desksOf = ({ live }: SimulatedNode) => live.map<boolean>('desks');

function unregister(node: SimulatedNode, personId: PersonId): void {
  desksOf(node)
    .remove(personId)
    .catch(() => undefined);
}

function waitingCall({ id, queue, enteredAt }: SimulatedCall): WaitingCall {
  return { callId: id, queue, enteredAt, facts: { direction: 'inbound', piiClass: 'none' }, priority: 0 };
}
