// The maker of the ACD (acd.ts): longest-idle available agent who may take it, as a pure machine.
//
// What is true after every input:
//  - a call in a queue is either waiting (in the index of its queue) or offered to exactly one agent;
//  - `seat.offer` is set exactly in reserved and alerting, `seat.deadlineAt` exactly in these and in after-call work;
//  - no free agent and no waiting call that may be paired are left unpaired. So one input makes at most a few new pairs,
//    and a decision looks only at what that input freed (matching.ts).
//
// States change in `move` alone, along agent-states.ts. Does not ring, does not time: `call/` reports ringing and its outcome.
// Should it never report, a lease ends the offer, so that neither agent nor caller stays stuck.

import type { AgentState } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import type { AgentFacts, AgentView } from '../agent.ts';
import { type AgentTrigger, nextAgentState } from '../agent-states.ts';
import type { Acd, AcdEffect, AcdInput, QueueSettings, WaitingCall } from './acd.ts';
import { createIndexedHeap } from './indexed-heap.ts';
import { createLine, type Effort, type Line, lineView, type Seat, servedBefore, type Waiting } from './line.ts';
import { agentFor, callFor, mayTake, needOf, refusalOf } from './matching.ts';

/** A reserved agent whose softphone does not even ring within this time is let go. */
export const reservationLeaseMs = 10_000;
/** Ringing longer than the queue's ring timeout and this: nobody reported the end. */
export const alertingGraceMs = 5_000;

const notReadyBecause = { timeout: 'no-answer', rejected: 'rejected', unreachable: 'no-softphone' } as const;

export function createAcd(deps: { queues: readonly QueueSettings[]; effort?: Effort }): Acd {
  const effort = deps.effort ?? { comparisons: 0, candidates: 0 };
  const lines = new Map(deps.queues.map((settings) => [settings.name, createLine(settings, effort)]));
  const seats = new Map<PersonId, Seat>();
  const calls = new Map<CallId, Waiting>();
  const deadlines = createIndexedHeap<Seat>((a, b) => {
    effort.comparisons += 1;
    return a.deadlineAt! < b.deadlineAt! || (a.deadlineAt === b.deadlineAt && a.personId < b.personId);
  });
  let counter = 0;
  let ignoredInputs = 0;
  let effects: AcdEffect[] = [];
  let now = 0;

  // --- agents

  /** Changes the state along the table; false if the table forbids it. Says so unless nothing changed. */
  function move(seat: Seat, trigger: AgentTrigger, because: string | null = null, worked = false): boolean {
    const to = nextAgentState(seat.state, trigger);
    if (to === undefined) return false;
    const from = seat.state;
    if (from === to) {
      if (to === 'not-ready' && trigger === 'notReady' && seat.because !== because) {
        seat.because = because;
        report(seat, from);
      }
      return true;
    }
    enter(seat, to, trigger);
    seat.because = because;
    // Without after-call work the state is passed through silently; `rest` says where it leads.
    if (!(to === 'after-call-work' && worked)) report(seat, from);
    return true;
  }

  function report(seat: Seat, from: AgentState): void {
    effects.push({ kind: 'agentState', personId: seat.personId, from, to: seat.state, because: seat.because });
  }

  function enter(seat: Seat, to: AgentState, trigger: AgentTrigger): void {
    unlist(seat);
    seat.state = to;
    seat.stateSince = now;
    setDeadline(seat, null);
    if (to !== 'after-call-work') seat.afterCallWorkEndsAt = null;
    if (to === 'available' || to === 'not-ready' || to === 'offline') {
      seat.callId = null;
      seat.nextState = null;
      seat.nextBecause = null;
    }
    // A call that went away while ringing costs the agent nothing: the idle place is kept.
    if (to === 'available' && trigger !== 'withdraw') {
      seat.idleSince = now;
      seat.idlePlace = counter++;
    }
    list(seat);
  }

  function list(seat: Seat): void {
    for (const line of seat.lines) {
      line.agents[seat.state] += 1;
      if (seat.state === 'available') line.free[seat.clearance].add(seat);
    }
  }

  function unlist(seat: Seat): void {
    for (const line of seat.lines) {
      line.agents[seat.state] -= 1;
      if (seat.state === 'available') line.free[seat.clearance].remove(seat);
    }
  }

  function setDeadline(seat: Seat, at: number | null): void {
    deadlines.remove(seat);
    seat.deadlineAt = at;
    if (at !== null) deadlines.add(seat);
  }

  function setFacts(seat: Seat, facts: AgentFacts): void {
    unlist(seat);
    Object.assign(seat, factsOf(facts));
    seat.lines = seat.queues.flatMap((name) => lines.get(name) ?? []);
    list(seat);
    if (seat.offer && !mayTake(seat, seat.offer)) {
      const offer = dropOffer(seat);
      move(seat, 'withdraw');
      returnToHead(offer);
    }
    if (seat.state === 'available') serve(seat);
  }

  /** Leaves after-call work, or a call without any, for the state asked for meanwhile. */
  function rest(seat: Seat): void {
    const { nextState, nextBecause } = seat;
    if (nextState === 'offline') move(seat, 'signOut');
    else if (nextState === 'not-ready') move(seat, 'notReady', nextBecause);
    else if (move(seat, 'finish')) serve(seat);
  }

  // --- pairing

  function pair(seat: Seat, waiting: Waiting): void {
    // The index proposed; the policy decides, at every offer.
    if (seat.state !== 'available' || waiting.offeredTo || !mayTake(seat, waiting)) return;
    waiting.line.waiting[waiting.need].remove(waiting);
    move(seat, 'reserve');
    waiting.offeredTo = seat;
    seat.offer = waiting;
    seat.callId = waiting.call.callId;
    setDeadline(seat, now + reservationLeaseMs);
    const { callId, queue } = waiting.call;
    effects.push({ kind: 'offer', callId, personId: seat.personId, queue });
  }

  /** Finds a call for an agent who became free. */
  function serve(seat: Seat): void {
    const { best, passedOver } = callFor(seat, effort);
    for (const waiting of passedOver) refuse(seat, waiting);
    if (best) pair(seat, best);
  }

  /** Finds an agent for a call that began to wait. */
  function seatFor(waiting: Waiting): void {
    const { best, passedOver } = agentFor(waiting, effort);
    for (const seat of passedOver) refuse(seat, waiting);
    if (best) pair(best, waiting);
  }

  function refuse(seat: Seat, waiting: Waiting): void {
    if (waiting.refused.has(seat.personId)) return;
    waiting.refused.add(seat.personId);
    const { callId, queue } = waiting.call;
    effects.push({ kind: 'refused', callId, personId: seat.personId, queue, because: refusalOf(seat, waiting) });
  }

  /** Takes the offer from the agent, whose state the caller changes. The call is then nowhere: put it back or forget it. */
  function dropOffer(seat: Seat, silently = false): Waiting {
    const offer = seat.offer!;
    seat.offer = null;
    seat.callId = null;
    offer.offeredTo = null;
    if (!silently) effects.push({ kind: 'withdraw', callId: offer.call.callId, personId: seat.personId });
    return offer;
  }

  function returnToHead(waiting: Waiting): void {
    // Its order changes, so it must not be in an index now: an offered call is in none but `oldest`, which knows only age.
    waiting.returned = true;
    waiting.line.waiting[waiting.need].add(waiting);
    seatFor(waiting);
  }

  // --- calls

  function enqueue(call: WaitingCall): boolean {
    const line = lines.get(call.queue);
    if (!line) return false;
    if (calls.has(call.callId)) leave(call.callId);
    const need = needOf(call.piiClass);
    const waiting: Waiting = {
      call: { ...call },
      need,
      line,
      arrival: counter++,
      returned: false,
      offeredTo: null,
      refused: new Set(),
    };
    calls.set(call.callId, waiting);
    line.calls.set(call.callId, waiting);
    line.oldest.add(waiting);
    line.waiting[need].add(waiting);
    seatFor(waiting);
    return true;
  }

  function forget(waiting: Waiting): void {
    const { line, need, call } = waiting;
    calls.delete(call.callId);
    line.calls.delete(call.callId);
    line.oldest.remove(waiting);
    line.waiting[need].remove(waiting);
  }

  function leave(callId: CallId): boolean {
    const waiting = calls.get(callId);
    if (!waiting) return false;
    forget(waiting);
    const seat = waiting.offeredTo;
    if (seat) {
      dropOffer(seat);
      move(seat, 'withdraw');
      serve(seat);
    }
    return true;
  }

  // --- inputs

  function signIn(facts: AgentFacts): boolean {
    let seat = seats.get(facts.personId);
    if (!seat) {
      seat = newSeat(facts, now);
      seats.set(facts.personId, seat);
      list(seat);
    }
    setFacts(seat, facts);
    // Signed out and in again during a call: not-ready afterwards, as after every sign-in.
    if (seat.nextState === 'offline') seat.nextState = 'not-ready';
    return move(seat, 'signIn');
  }

  function ready(seat: Seat): boolean {
    const wasAvailable = seat.state === 'available';
    seat.nextState = null;
    seat.nextBecause = null;
    if (!move(seat, 'ready')) return false;
    if (seat.state === 'available' && !wasAvailable) serve(seat);
    return true;
  }

  /** Not ready or signed out: what is offered goes back, what is talked about is finished first. */
  function stop(seat: Seat, trigger: 'notReady' | 'signOut', because: string | null): boolean {
    const offer = seat.offer ? dropOffer(seat) : null;
    if (!move(seat, trigger, because)) return false;
    if (seat.state === 'on-call' && !(seat.nextState === 'offline' && trigger === 'notReady')) {
      seat.nextState = trigger === 'signOut' ? 'offline' : 'not-ready';
      seat.nextBecause = because;
    }
    if (offer) returnToHead(offer);
    return true;
  }

  function offered(callId: CallId, personId: PersonId): Seat | undefined {
    const seat = seats.get(personId);
    return seat?.offer?.call.callId === callId ? seat : undefined;
  }

  function alerting(seat: Seat): boolean {
    if (seat.state === 'alerting') return true;
    const { ringTimeoutSeconds } = seat.offer!.line.settings;
    move(seat, 'alert');
    setDeadline(seat, now + ringTimeoutSeconds * 1000 + alertingGraceMs);
    return true;
  }

  function answered(seat: Seat, callId: CallId): boolean {
    forget(dropOffer(seat, true));
    move(seat, 'answer');
    seat.callId = callId;
    return true;
  }

  function notAnswered(seat: Seat, because: string, silently: boolean): boolean {
    const offer = dropOffer(seat, silently);
    move(seat, 'noAnswer', because);
    returnToHead(offer);
    return true;
  }

  function callStarted(seat: Seat, callId: CallId): boolean {
    const { state, because } = seat;
    if (!move(seat, 'callStart')) return false;
    seat.callId = callId;
    if (state === 'not-ready') {
      seat.nextState = 'not-ready';
      seat.nextBecause = because;
    }
    return true;
  }

  function callEnded(seat: Seat, callId: CallId, afterCallWorkSeconds: number): boolean {
    if (seat.callId !== callId || seat.state !== 'on-call') return false;
    const skipped = !(afterCallWorkSeconds > 0) || seat.nextState === 'offline';
    const mark = effects.length;
    move(seat, 'callEnd', null, skipped);
    seat.callId = null;
    if (!skipped) {
      seat.afterCallWorkEndsAt = now + afterCallWorkSeconds * 1000;
      setDeadline(seat, seat.afterCallWorkEndsAt);
      return true;
    }
    rest(seat);
    const first = effects[mark];
    if (first?.kind === 'agentState') effects[mark] = { ...first, from: 'on-call' };
    return true;
  }

  function tick(): boolean {
    for (;;) {
      const seat = deadlines.first();
      if (!seat || seat.deadlineAt! > now) return true;
      if (seat.state === 'reserved') notAnswered(seat, notReadyBecause.unreachable, false);
      else if (seat.state === 'alerting') notAnswered(seat, notReadyBecause.timeout, false);
      else rest(seat);
    }
  }

  function dispatch(input: AcdInput): boolean {
    switch (input.kind) {
      case 'tick':
        return tick();
      case 'agentSignedIn':
        return signIn(input.agent);
      case 'callWaiting':
        return enqueue(input.call);
      case 'callGone':
        return leave(input.callId);
      case 'alerting':
      case 'answered':
      case 'notAnswered': {
        const seat = offered(input.callId, input.personId);
        if (!seat) return false;
        if (input.kind === 'alerting') return alerting(seat);
        if (input.kind === 'answered') return answered(seat, input.callId);
        return notAnswered(seat, notReadyBecause[input.because], true);
      }
    }
    return dispatchToAgent(input);
  }

  function dispatchToAgent(input: Extract<AcdInput, { personId: PersonId } | { agent: AgentFacts }>): boolean {
    const seat = seats.get('agent' in input ? input.agent.personId : input.personId);
    if (!seat) return false;
    switch (input.kind) {
      case 'agentFactsChanged':
        setFacts(seat, input.agent);
        return true;
      case 'agentReady':
        return ready(seat);
      case 'agentNotReady':
        return stop(seat, 'notReady', input.because);
      case 'agentSignedOut':
        return stop(seat, 'signOut', null);
      case 'agentCallStarted':
        return callStarted(seat, input.callId);
      case 'agentCallEnded':
        return callEnded(seat, input.callId, input.afterCallWorkSeconds);
      default:
        return false;
    }
  }

  return {
    apply(input, nowMs) {
      now = nowMs;
      effects = [];
      if (!dispatch(input)) ignoredInputs += 1;
      return effects;
    },
    nextDeadline: () => deadlines.first()?.deadlineAt ?? undefined,
    agent(personId) {
      const seat = seats.get(personId);
      return seat && viewOf(seat);
    },
    agents: () => [...seats.values()].map(viewOf),
    queue(name, nowMs) {
      const line = lines.get(name);
      return line && lineView(line, nowMs);
    },
    queues: (nowMs) => [...lines.values()].map((line) => lineView(line, nowMs)),
    position(callId) {
      const waiting = calls.get(callId);
      if (!waiting) return undefined;
      let ahead = 0;
      for (const other of waiting.line.calls.values()) if (goesBefore(other, waiting)) ahead += 1;
      return ahead + 1;
    },
    get ignoredInputs() {
      return ignoredInputs;
    },
  };
}

/** An offered call is served already, so it stands before all that wait. */
function goesBefore(a: Waiting, b: Waiting): boolean {
  if ((a.offeredTo === null) !== (b.offeredTo === null)) return a.offeredTo !== null;
  return servedBefore(a, b);
}

function factsOf(facts: AgentFacts): AgentFacts {
  const { personId, queues, clearance, place } = facts;
  return { personId, queues: [...new Set(queues)], clearance: clearance ?? 'none', place };
}

function newSeat(facts: AgentFacts, nowMs: number): Seat {
  return {
    ...factsOf(facts),
    state: 'offline',
    stateSince: nowMs,
    because: null,
    callId: null,
    afterCallWorkEndsAt: null,
    idleSince: nowMs,
    nextState: null,
    lines: [] as Line[],
    idlePlace: 0,
    nextBecause: null,
    offer: null,
    deadlineAt: null,
  };
}

function viewOf(seat: Seat): AgentView {
  const { personId, queues, clearance, place, state, stateSince, because, callId } = seat;
  const { afterCallWorkEndsAt, idleSince, nextState } = seat;
  return {
    personId,
    queues,
    clearance,
    place,
    state,
    stateSince,
    because,
    callId,
    afterCallWorkEndsAt,
    idleSince,
    nextState,
  };
}
