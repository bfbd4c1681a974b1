// A second, naive bookkeeping of an ACD: made from what it is told and from the effects, with loops in place of indices. It
// throws at the first promise that is not kept:
//
//   never two calls for one agent                    an agent is rung for one call at a time, a call rings as often as its queue says
//   never a lost caller                              a call is in a queue until it is answered, gone, or has overflowed by a rule
//   never a stuck agent                              who is rung is rung for a call; every such state ends by itself
//   order as promised                                no call overtaken, no agent passed over, by the strategy of each queue
//   nobody is offered, or rung for, what the policy forbids; nobody waits for whom somebody is free

import type { Acd, AcdEffect, AcdInput, QueueSettings, WaitingCall } from '../../../src/routing/acd/acd.ts';
import { lacksPresence, type OverflowReason, openAdmission } from '../../../src/routing/acd/admission.ts';
import { nowDoing, type Occupied, occupiedShare } from '../../../src/routing/acd/measures/occupied-share.ts';
import type { AgentFacts } from '../../../src/routing/agent.ts';
import type { Operation, Policy } from '../../../src/routing/policy/policy.ts';
import type { AgentState } from '../../../src/shared/events.ts';
import type { CallId, PersonId } from '../../../src/shared/ids.ts';

export interface ShadowCall {
  call: WaitingCall;
  arrival: number;
  joinedAt: number;
  returned: boolean;
  offers: Set<PersonId>;
  heldFor: PersonId | null;
  /** Since when nobody has been there for it, as far as this bookkeeping has looked. */
  absentSince: number | null;
}

export interface ShadowAgent {
  facts: AgentFacts;
  state: AgentState;
  idle: [since: number, place: number];
  callId: CallId | null;
  turns: Map<string, number>;
  taken: number;
  occupied: Occupied;
}

const doing: Record<AgentState, Occupied['doing']> = {
  offline: 'away',
  'not-ready': 'away',
  available: 'idle',
  reserved: 'idle',
  alerting: 'idle',
  'on-call': 'working',
  'after-call-work': 'working',
};

const fail = (what: string): never => {
  throw new Error(what);
};

export class ShadowAcd {
  readonly agents = new Map<PersonId, ShadowAgent>();
  readonly calls = new Map<CallId, ShadowCall>();
  readonly queues: ReadonlyMap<string, QueueSettings>;
  policy: Policy;
  operation: Operation;
  readonly #compile: (source: Policy['source']) => Policy;
  #counter = 0;
  #lastWithdrawn: CallId | undefined;
  /** Joined with this input, and may be refused. */
  #joining: ShadowCall | undefined;

  constructor(queues: readonly QueueSettings[], policy: Policy, compile: (source: Policy['source']) => Policy) {
    this.queues = new Map(queues.map((settings) => [settings.name, settings]));
    this.policy = policy;
    this.operation = 'normal';
    this.#compile = compile;
  }

  // --- what is promised, said naively

  /** Queue, skills as they have relaxed, tiers as they have widened, exclusions, policy. */
  mayTake({ facts }: ShadowAgent, { call }: ShadowCall, now: number): boolean {
    if (!facts.queues.includes(call.queue) || call.notFor?.includes(facts.personId)) return false;
    const waited = Math.max(0, now - call.enteredAt) / 1000;
    const tierWait = this.queues.get(call.queue)!.tierWaitSeconds ?? 0;
    if (tierWait > 0 && (facts.tiers?.[call.queue] ?? 0) * tierWait > waited) return false;
    return this.#skilled(facts, call, waited) && this.#allowed(facts, call, now);
  }

  #allowed(facts: AgentFacts, { facts: of, queue }: WaitingCall, now: number): boolean {
    return this.policy.decide(facts, { ...of, queue }, this.operation, now).allowed;
  }

  #skilled(facts: AgentFacts, { skills = [], queue }: WaitingCall, waited: number): boolean {
    const every = this.queues.get(queue)!.relaxSkillsEverySeconds ?? 0;
    return skills.every(({ skill, level, relax }) => {
      if (!relax && every > 0) return (facts.skills?.[skill] ?? 0) >= level - Math.floor(waited / every);
      const steps = [...(relax ?? [])].sort((a, b) => a.afterSeconds - b.afterSeconds);
      const step = steps.filter(({ afterSeconds }) => afterSeconds <= waited).at(-1);
      return (facts.skills?.[skill] ?? 0) >= (step?.level ?? level);
    });
  }

  before(a: ShadowCall, b: ShadowCall): boolean {
    const rank = ({ returned, call, arrival }: ShadowCall) => [
      Number(!returned),
      -(call.priority + (this.queues.get(call.queue)!.priority ?? 0)),
      Math.min(call.placeSince ?? call.enteredAt, call.enteredAt),
      arrival,
    ];
    return lower(rank(a), rank(b));
  }

  /** True if `a` is asked before `b` for a call of this queue. */
  askedBefore(queue: string, a: ShadowAgent, b: ShadowAgent, now: number): boolean {
    const { strategy = 'longest-idle' } = this.queues.get(queue)!;
    const by = ({ turns, taken, occupied }: ShadowAgent) => {
      if (strategy === 'round-robin') return turns.get(queue) ?? 0;
      if (strategy === 'fewest-calls') return taken;
      return strategy === 'least-occupied' ? occupiedShare(occupied, now) : 0;
    };
    // Shares that differ by less than a millisecond's worth are rounding.
    const [one, other] = [by(a), by(b)];
    const equal = strategy === 'least-occupied' && Math.abs(one - other) < 1e-9;
    const tier = ({ facts }: ShadowAgent) => facts.tiers?.[queue] ?? 0;
    if (tier(a) !== tier(b)) return tier(a) < tier(b);
    if (equal && one !== other) return false;
    return lower([one, ...a.idle], [other, ...b.idle]);
  }

  /** How many may be rung for it at once. */
  most({ call, heldFor }: ShadowCall): number {
    const { strategy, ringAtOnce = 10 } = this.queues.get(call.queue)!;
    return strategy === 'ring-all' && !heldFor ? ringAtOnce : 1;
  }

  overdue({ call }: ShadowCall, now: number): boolean {
    if (call.callback || call.stays) return false;
    const { admission } = this.queues.get(call.queue)!;
    const most = call.mostWaitSeconds === undefined ? (admission?.mostWaitSeconds ?? null) : call.mostWaitSeconds;
    return most !== null && now >= call.enteredAt + most * 1000;
  }

  /** May still be rung at a further agent. */
  open(call: ShadowCall, now: number): boolean {
    return call.offers.size === 0 || (call.offers.size < this.most(call) && !this.overdue(call, now));
  }

  // --- what the machine is told

  told(input: AcdInput, now: number): void {
    this.#joining = undefined;
    switch (input.kind) {
      case 'callWaiting':
        return this.#callWaits(input, now);
      case 'callGone':
        this.calls.delete(input.callId);
        return;
      case 'rulesChanged':
        this.policy = this.#compile(input.policy);
        this.operation = input.operation;
        // Absence under other rules is another absence.
        for (const call of this.calls.values()) call.absentSince = null;
        return;
      case 'agentSignedIn':
      case 'agentFactsChanged':
        this.#factsAre(input.agent, input.kind === 'agentSignedIn', now);
    }
  }

  #factsAre(facts: AgentFacts, signsIn: boolean, now: number): void {
    const known = this.agents.get(facts.personId);
    if (!known && !signsIn) return;
    const occupied: Occupied = { share: 0, atMs: now, doing: 'away' };
    const agent = known ?? {
      state: 'offline',
      idle: [0, 0],
      callId: null,
      turns: new Map(),
      taken: 0,
      occupied,
      facts,
    };
    agent.facts = facts;
    agent.turns = new Map(facts.queues.map((queue) => [queue, agent.turns.get(queue) ?? this.#counter++]));
    this.agents.set(facts.personId, agent as ShadowAgent);
  }

  #callWaits({ call, alwaysJoins, anew }: Extract<AcdInput, { kind: 'callWaiting' }>, now: number): void {
    if (!this.queues.has(call.queue)) return;
    const known = this.calls.get(call.callId);
    if (known && known.call.queue === call.queue && !anew) {
      known.call = call;
      known.absentSince = null;
      if (known.offers.size === 0) this.#prefer(known, now);
      else if (known.heldFor !== (call.preferred?.personId ?? null)) known.heldFor = null;
      return;
    }
    const fresh = { call, arrival: this.#counter++, joinedAt: now, returned: false, heldFor: null, absentSince: null };
    const shadow: ShadowCall = { ...fresh, offers: new Set() };
    this.calls.delete(call.callId);
    this.calls.set(call.callId, shadow);
    // Whom it rings is let go first, which makes them neither come nor go.
    this.#prefer(shadow, now);
    if (!alwaysJoins && !anew) this.#joining = shadow;
  }

  #prefer(shadow: ShadowCall, now: number): void {
    const { preferred } = shadow.call;
    shadow.heldFor = preferred && this.#holds(shadow, preferred.personId, now) ? preferred.personId : null;
  }

  #holds(shadow: ShadowCall, personId: PersonId, now: number): boolean {
    const agent = this.agents.get(personId);
    const { preferred, enteredAt } = shadow.call;
    if (!agent || agent.state === 'offline' || agent.state === 'not-ready') return false;
    return now < enteredAt + (preferred?.seconds ?? 0) * 1000 && this.mayTake(agent, shadow, now);
  }

  #refreshHeld(now: number): void {
    for (const call of this.calls.values()) {
      if (call.heldFor === null) continue;
      const over = now >= call.call.enteredAt + (call.call.preferred?.seconds ?? 0) * 1000;
      if (over || (call.offers.size === 0 && !this.#holds(call, call.heldFor, now))) call.heldFor = null;
    }
  }

  // --- what it does

  happened(effect: AcdEffect, input: AcdInput, now: number): void {
    this.#refreshHeld(now);
    if (effect.kind === 'overflow') return this.#overflowed(effect.callId, effect.because, now);
    const agent = this.agents.get(effect.personId) ?? fail(`${effect.kind} for a stranger`);
    if (effect.kind === 'agentState') return this.#moved(agent, effect, input, now);
    const call = this.calls.get(effect.callId);
    if (effect.kind === 'refused') {
      if (!call || this.#allowed(agent.facts, call.call, now)) fail('refused who may take it');
      return;
    }
    if (effect.kind === 'withdraw') {
      if (agent.callId !== effect.callId) fail('withdrew what was not offered');
      agent.callId = null;
      this.#lastWithdrawn = effect.callId;
      this.#offerOver(call, effect.personId);
      return;
    }
    this.#offered(agent, call ?? fail('offered a call that is in no queue'), now);
  }

  #offerOver(call: ShadowCall | undefined, personId: PersonId): void {
    if (!call?.offers.delete(personId) || call.offers.size > 0) return;
    call.returned = true;
    call.heldFor = null;
  }

  #moved(agent: ShadowAgent, effect: Extract<AcdEffect, { kind: 'agentState' }>, input: AcdInput, now: number): void {
    const { from, to } = effect;
    if (agent.state !== from) fail(`moved from ${from}, was ${agent.state}`);
    agent.state = to;
    if (from === 'offline' && to !== 'offline') {
      agent.taken = 0;
      agent.occupied = { share: 0, atMs: now, doing: 'away' };
      for (const queue of agent.turns.keys()) agent.turns.set(queue, this.#counter++);
    }
    agent.occupied = nowDoing(agent.occupied, doing[to], now);
    const wasOffered = from === 'reserved' || from === 'alerting';
    if (to === 'available' && !wasOffered) agent.idle = [now, this.#counter++];
    if (to === 'on-call') this.#begins(agent, input, wasOffered);
    else if (wasOffered && to !== 'alerting') this.#notAnswered(agent, effect, input);
    else if (from === 'on-call') agent.callId = null;
  }

  #begins(agent: ShadowAgent, input: AcdInput, wasOffered: boolean): void {
    const callId = 'callId' in input ? input.callId : fail('on a call without a call');
    if (wasOffered && agent.callId !== callId) fail('answered another call than offered');
    if (!wasOffered && agent.callId) fail('two calls for one agent');
    if (wasOffered) {
      const { call } = this.calls.get(callId) ?? fail('answered a call that is in no queue');
      agent.taken += 1;
      agent.turns.set(call.queue, this.#counter++);
      this.calls.delete(callId);
    }
    agent.callId = callId;
  }

  /** Without a withdrawal before it: reported by the input. With one, `callId` is gone already. */
  #notAnswered(agent: ShadowAgent, { because, to }: Extract<AcdEffect, { kind: 'agentState' }>, input: AcdInput): void {
    const { personId } = agent.facts;
    const reported = input.kind === 'notAnswered' && input.personId === personId;
    const lapsed = to !== 'available' && (because === 'no-answer' || because === 'no-softphone');
    const queue = reported && this.calls.get(input.callId)?.call.queue;
    const lapsedIn = lapsed && input.kind === 'tick' && this.calls.get(this.#lastWithdrawn!)?.call.queue;
    if (queue || lapsedIn) agent.turns.set((queue || lapsedIn) as string, this.#counter++);
    this.#offerOver(agent.callId ? this.calls.get(agent.callId) : undefined, personId);
    agent.callId = null;
  }

  #offered(agent: ShadowAgent, call: ShadowCall, now: number): void {
    const { personId } = agent.facts;
    if (agent.state !== 'reserved') fail(`offered to an agent who is ${agent.state}`);
    if (agent.callId) fail('two calls for one agent');
    if (call.offers.size >= this.most(call)) fail('one call for too many agents');
    if (call.heldFor && call.heldFor !== personId) fail('offered to another than the preferred agent');
    if (!this.mayTake(agent, call, now)) fail('offered to a person who may not have it');
    for (const other of this.calls.values()) {
      if (other === call || other.offers.size > 0 || (other.heldFor && other.heldFor !== personId)) continue;
      if (call.offers.size === 0 && !this.before(other, call)) continue;
      if (this.mayTake(agent, other, now)) fail(`${other.call.callId} was overtaken by ${call.call.callId}`);
    }
    for (const other of call.heldFor ? [] : this.agents.values()) {
      if (other.state !== 'available' || !this.askedBefore(call.call.queue, other, agent, now)) continue;
      if (this.mayTake(other, call, now)) fail(`${other.facts.personId} was passed over for ${personId}`);
    }
    agent.callId = call.call.callId;
    call.offers.add(personId);
  }

  #overflowed(callId: CallId, because: OverflowReason, now: number): void {
    const call = this.calls.get(callId) ?? fail('overflowed from nowhere');
    if (call.offers.size > 0) fail('overflowed while it rang');
    if (call.call.callback || call.call.stays) fail('a call overflowed that may not');
    const lacks = because === 'waited-too-long' ? this.overdue(call, now) : this.#refusedBecause(call, because, now);
    if (!lacks) fail(`overflowed without a reason: ${because}`);
    this.calls.delete(callId);
    if (this.#joining === call) this.#joining = undefined;
  }

  #refusedBecause(call: ShadowCall, because: OverflowReason, now: number): boolean {
    const admission = { ...openAdmission, ...this.queues.get(call.call.queue)!.admission };
    if (because === 'full') return this.#unserved(call) >= admission.mostWaiting!;
    const present = this.#present(call, now);
    const lacks = (asked: typeof admission.joinWith) => lacksPresence(asked, present) === because;
    if (call === this.#joining && lacks(admission.joinWith)) return true;
    return lacks(admission.stayWith) && now >= call.joinedAt + admission.absenceSeconds * 1000;
  }

  #unserved(except: ShadowCall): number {
    const { queue } = except.call;
    const others = [...this.calls.values()].filter((call) => call !== except && call.call.queue === queue);
    return others.filter(({ call, offers }) => offers.size === 0 && !call.callback).length;
  }

  /** Whoever could take it at last: of any tier, by what is asked for in the end. */
  #present({ call }: ShadowCall, now: number): { signedIn: number; ready: number } {
    const present = { signedIn: 0, ready: 0 };
    for (const { facts, state } of this.agents.values()) {
      if (state === 'offline' || !facts.queues.includes(call.queue)) continue;
      if (!this.#skilled(facts, call, Number.POSITIVE_INFINITY) || !this.#allowed(facts, call, now)) continue;
      present.signedIn += 1;
      if (state !== 'not-ready') present.ready += 1;
    }
    return present;
  }

  // --- what must be true after each input

  compare(acd: Acd, now: number, longestLeaseMs: number): void {
    this.#refreshHeld(now);
    const free = [...this.agents.values()].filter(({ state }) => state === 'available');
    for (const call of this.calls.values()) {
      for (const personId of call.offers) {
        const agent = this.agents.get(personId)!;
        if (agent.callId !== call.call.callId || !['reserved', 'alerting'].includes(agent.state))
          fail('a call is stuck');
        if (!this.mayTake(agent, call, now)) fail('rings at a person who may not have it');
      }
      if (call.offers.size === 0 && this.overdue(call, now)) fail('a call waits longer than its queue says');
      this.#compareAbsence(call, now);
      if (!this.open(call, now)) continue;
      const mayRing = free.find(
        (agent) => (!call.heldFor || call.heldFor === agent.facts.personId) && this.mayTake(agent, call, now),
      );
      if (mayRing) fail(`${call.call.callId} waits although ${mayRing.facts.personId} is free and may take it`);
    }
    this.#compareJoining(now);
    let waiting = 0;
    for (const queue of acd.queues(now)) waiting += queue.waiting;
    if (waiting !== this.calls.size) fail(`a caller was lost: ${waiting} in the queues, ${this.calls.size} should be`);
    for (const { state, facts } of this.agents.values())
      if (state === 'reserved' || state === 'alerting') {
        const due = acd.nextDeadline();
        if (due === undefined || due > now + longestLeaseMs) fail(`${facts.personId} is rung without an end`);
      }
  }

  #compareJoining(now: number): void {
    const call = this.#joining;
    if (!call || call.offers.size > 0 || call.call.callback || call.call.stays || !this.calls.has(call.call.callId))
      return;
    const { mostWaiting = null, joinWith = 'always' } = this.queues.get(call.call.queue)!.admission ?? {};
    if (mostWaiting !== null && this.#unserved(call) >= mostWaiting) fail('joined a queue that was full');
    if (lacksPresence(joinWith, this.#present(call, now))) fail('joined a queue where nobody is');
  }

  /** Slower: every view against the bookkeeping. */
  compareAll(acd: Acd, now: number): void {
    for (const [personId, agent] of this.agents) {
      const view = acd.agent(personId);
      if (view?.state !== agent.state || view.callId !== agent.callId) fail(`${personId} is not as told`);
    }
    for (const queue of acd.queues(now)) {
      const inQueue = [...this.calls.values()].filter(({ call }) => call.queue === queue.name);
      const oldest = Math.min(...inQueue.map(({ call }) => call.enteredAt), now);
      if (queue.longestWaitMs !== now - oldest) fail('longest wait is wrong');
      if (queue.callbacks !== inQueue.filter(({ call }) => call.callback).length) fail('call backs are miscounted');
      const members = [...this.agents.values()].filter(({ facts }) => facts.queues.includes(queue.name));
      for (const [state, count] of Object.entries(queue.agents)) {
        if (members.filter((agent) => agent.state === state).length !== count) fail(`wrong count of ${state}`);
      }
      const rung = ({ offers }: ShadowCall) => Number(offers.size === 0);
      const order = inQueue.sort((a, b) => rung(a) - rung(b) || (this.before(a, b) ? -1 : 1));
      for (const [at, { call }] of order.entries()) if (acd.position(call.callId) !== at + 1) fail('wrong position');
    }
  }

  #compareAbsence(call: ShadowCall, now: number): void {
    const { stayWith = 'always', absenceSeconds = 0 } = this.queues.get(call.call.queue)!.admission ?? {};
    if (stayWith === 'always') return;
    const lacks = lacksPresence(stayWith, this.#present(call, now));
    call.absentSince = lacks ? (call.absentSince ?? now) : null;
    if (call.absentSince === null || call.offers.size > 0 || call.call.callback || call.call.stays) return;
    if (now > call.absentSince + absenceSeconds * 1000)
      fail(
        `${JSON.stringify(call.call)} waits in a queue where nobody has been for too long: ${call.absentSince} of ${now}, held ${call.heldFor}`,
      );
  }
}

function lower(a: readonly number[], b: readonly number[]): boolean {
  for (const [i, one] of a.entries()) if (one !== b[i]) return one < b[i]!;
  return false;
}
