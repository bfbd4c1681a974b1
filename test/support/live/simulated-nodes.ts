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

import { createSharedRunner } from '../../../src/call/cluster/shared-runner.ts';
import type { CallId, NodeId, PersonId } from '../../../src/shared/ids.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { type Random, seededRandom } from '../../../src/shared/random.ts';
import { createMemoryHub, type MemoryHub } from '../../../src/store/live/memory-hub.ts';
import { createMemoryLiveState } from '../../../src/store/live/memory-live-state.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { Promises } from './simulated/promises.ts';
import { Troubles } from './simulated/troubles.ts';
import {
  desksOf,
  queues,
  quiet,
  type SimulatedAgent,
  type SimulatedCall,
  type SimulatedNode,
  type SimulationSettings,
  World,
  waitingCall,
} from './simulated/world.ts';

export class SimulatedNodes {
  readonly clock: FakeClock;
  readonly #random: Random;
  readonly #hub: MemoryHub;
  readonly #world: World;
  readonly #promises: Promises;
  readonly #troubles: Troubles;
  #serial = 0;

  constructor(settings: SimulationSettings) {
    this.clock = createFakeClock();
    this.#random = seededRandom(settings.seed);
    const { delayMs } = settings;
    this.#hub = createMemoryHub({
      clock: this.clock,
      ...(delayMs > 0 ? { delayMs: () => this.#random.integer(0, delayMs) } : {}),
    });
    this.#world = new World(settings, this.clock);
    this.#promises = new Promises(this.#world);
    this.#troubles = new Troubles(this.#world, this.#hub, () => this.#startNode());
  }

  get seen(): Readonly<Record<string, number>> {
    return this.#world.seen;
  }

  async begin(): Promise<void> {
    for (let i = 0; i < this.#world.settings.nodes; i++) await this.#startNode();
  }

  /** One random thing happens, then a random time passes. */
  async step(calm: boolean): Promise<void> {
    await this.#happen(calm);
    await this.pass(this.#random.next() < 0.4 ? 0 : this.#random.integer(1, 400));
    this.#promises.look();
  }

  async pass(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    do {
      this.clock.advance(Math.min(50, until - this.clock.now()));
      await new Promise((resolve) => setImmediate(resolve));
      this.#world.throwFault();
    } while (this.clock.now() < until);
  }

  // --- what happens

  async #happen(calm: boolean): Promise<void> {
    const random = this.#random;
    const dice = random.integer(0, 1000);
    const node = random.pick(this.#world.nodes);
    const agent = random.pick(this.#world.agents);
    const callers = this.#world.nodes.reduce((sum, one) => sum + one.calls.size, 0);
    const crowd = this.#serial % 4000 < 2000 ? this.#world.agents.length / 2 : this.#world.agents.length * 3;
    if (dice < 200) return callers < crowd ? this.#callIn(node) : undefined;
    if (dice < 230) return this.#giveUp(node);
    if (dice < 600) return this.#ringOn(node);
    if (dice < 780) return this.#hangUp(node);
    if (dice < 880) return void this.#openPage(agent, node);
    if (dice < 930) return this.#askForState(agent);
    if (dice < 950) return this.#dialOut(agent);
    if (calm) return;
    if (dice < 956) return this.#troubles.kill(node);
    if (dice < 962) return this.#troubles.cutOff(node);
    if (dice < 980) return this.#troubles.mend();
    if (dice < 982) return this.#troubles.hubIsUp ? this.#troubles.stopHub() : undefined;
    if (dice < 990) return this.#troubles.hubIsUp ? undefined : this.#troubles.startHub(random.next() < 0.5);
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
      desks: () => this.#world.agents.flatMap((agent) => (agent.node === node ? [agent.id] : [])),
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
      for (const agent of this.#world.agents) if (agent.node === node) this.#register(node, agent.id);
    });
    this.#world.nodes.push(node);
    this.#world.count('node started');
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
    this.#world.count('call');
  }

  #giveUp(node: SimulatedNode): void {
    const call = this.#some(node, ({ phase }) => phase === 'queued');
    if (!call) return;
    this.#over(node, call);
    void node.runner.apply({ kind: 'callGone', callId: call.id });
    this.#world.count('caller gave up');
  }

  #over(node: SimulatedNode, call: SimulatedCall): void {
    this.#world.hangsUp(call);
    call.phase = 'over';
    quiet(call);
    call.agent = null;
    node.calls.delete(call.id);
  }

  #some(node: SimulatedNode, fits: (call: SimulatedCall) => boolean): SimulatedCall | undefined {
    const some = [...node.calls.values()].filter(fits);
    return some.length > 0 ? this.#random.pick(some) : undefined;
  }

  #offered(node: SimulatedNode, callId: CallId, personId: PersonId): void {
    const call = node.calls.get(callId);
    if (call?.phase !== 'queued') return;
    if (call.ringing)
      this.#world.fail(`${callId} is offered to ${personId} while it rings at ${call.ringing} (${node.runner.mode})`);
    const { mode } = node.runner;
    if (mode === 'waiting' || mode === 'returning')
      this.#world.fail(`${callId} is offered by ${node.id}, which is ${mode}`);
    if (mode === 'alone' && node.runner.deskOf(personId) !== node.id)
      this.#world.fail(`${callId} is offered to ${personId} of another node by ${node.id}, which is alone`);
    call.ringing = personId;
    const page = this.#world.agents.find(({ id }) => id === personId)?.node;
    // Through the node that it is registered with, as far as this node knows; one in use does not ring.
    const reached = page && (page === node || (mode === 'shared' && desksOf(node).get(personId)?.owner === page.id));
    call.ringsAt = reached && !this.#world.inUse.has(personId) ? page : undefined;
    this.#world.count('offer');
    if (mode === 'shared') this.#promises.checkOrder(node, callId);
  }

  #withdrawn(node: SimulatedNode, callId: CallId, personId: PersonId): void {
    const call = node.calls.get(callId);
    if (call?.ringing === personId && !call.answering) quiet(call);
    else if (call?.ringing === personId) call.ringing = null;
    this.#world.count('withdrawn');
  }

  /** A telephone that rings goes on: it alerts, is answered, refused, or cannot be reached. */
  #ringOn(node: SimulatedNode): void {
    const call = this.#some(node, ({ ringing, answering }) => ringing !== null && !answering);
    if (!call) return;
    const personId = call.ringing!;
    const dice = this.#random.next();
    const there = call.ringsAt !== undefined && !this.#world.inUse.has(personId);
    const callId = call.id;
    if (dice < 0.3 && there) return void node.runner.apply({ kind: 'alerting', callId, personId });
    if (dice < 0.8 && there) return void this.#answer(node, call, personId);
    quiet(call);
    const because = there ? this.#random.pick(['timeout', 'rejected'] as const) : 'unreachable';
    void node.runner.apply({ kind: 'notAnswered', callId, personId, because });
    this.#world.count('not answered');
  }

  async #answer(node: SimulatedNode, call: SimulatedCall, personId: PersonId): Promise<void> {
    call.answering = true;
    call.ringsAt = undefined;
    this.#world.inUse.set(personId, call.id);
    const taken = await node.runner.apply({ kind: 'answered', callId: call.id, personId });
    call.answering = false;
    if (!this.#world.nodes.includes(node)) return;
    if (!taken || call.ringing !== personId || call.phase !== 'queued') {
      if (this.#world.inUse.get(personId) === call.id) this.#world.inUse.delete(personId);
      if (call.ringing === personId) call.ringing = null;
      if (taken) void node.runner.apply({ kind: 'agentCallEnded', callId: call.id, personId, afterCallWorkSeconds: 0 });
      if (taken && call.phase === 'queued') void node.runner.apply({ kind: 'callWaiting', call: waitingCall(call) });
      this.#world.count('answered too late');
      return;
    }
    Object.assign(call, { phase: 'talking', ringing: null, agent: personId });
    this.#world.count('answered');
  }

  #hangUp(node: SimulatedNode): void {
    const call = this.#some(node, ({ phase }) => phase === 'talking');
    if (!call) return;
    const personId = call.agent!;
    const transferred = this.#random.next() < 0.1;
    const afterCallWorkSeconds = this.#random.pick([0, 5]);
    void node.runner.apply({ kind: 'agentCallEnded', callId: call.id, personId, afterCallWorkSeconds });
    if (!transferred) return this.#over(node, call);
    this.#world.hangsUp(call);
    Object.assign(call, { phase: 'queued', agent: null, enteredAt: this.clock.now() });
    void node.runner.apply({ kind: 'callWaiting', call: waitingCall(call) });
    this.#world.count('transferred');
  }

  /** The page of this person is opened at a node, as after a reload, or after its node went. */
  async #openPage(agent: SimulatedAgent, node: SimulatedNode): Promise<void> {
    const left = agent.node;
    agent.node = node;
    if (left !== node) this.#world.pageLeft(agent.id);
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
    this.#world.count('page opened');
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
    if ((state !== 'available' && state !== 'not-ready') || this.#world.inUse.has(personId)) return;
    void node.runner.apply({ kind: 'agentCallStarted', personId, callId: id }).then((accepted) => {
      if (!accepted || !this.#world.nodes.includes(node)) return;
      // Without the live state the answer took its time, and the telephone is in use by now: it does not pick up.
      if (this.#world.inUse.has(personId))
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
      this.#world.inUse.set(personId, id);
      node.calls.set(id, { ...call, agent: personId });
      this.#world.count('dialled');
    });
  }

  /** Everything is mended and nothing new happens: who is left, and where? */
  async settle(): Promise<void> {
    this.#troubles.mendAll();
    await this.pass(20_000);
    // The telephones that still ring are let ring: time alone must free everybody.
    for (const node of this.#world.nodes) for (const call of node.calls.values()) if (call.ringing) quiet(call);
    await this.pass(120_000);
    this.#promises.look();
    this.#promises.checkAgreement();
    this.#promises.checkNobodyStuck();
  }

  end(): void {
    for (const { runner } of this.#world.nodes) runner.close();
  }
}

function unregister(node: SimulatedNode, personId: PersonId): void {
  desksOf(node)
    .remove(personId)
    .catch(() => undefined);
}
