// The maker of the ACD (acd.ts): longest-idle available agent who may take it, as a pure machine.
//
// What is true after every input: a call in a queue is either waiting (in the index of its queue) or offered to exactly one
// agent; and no free agent and waiting call that may be paired are left unpaired. So one input makes at most a few new
// pairs, and a decision looks only at what that input freed (matching.ts).
//
// Does not ring and keeps no timers: `call/` reports ringing and its outcome. Should it never report, a lease ends the
// offer, so that neither agent nor caller stays stuck.

import type { CallId, PersonId } from '../../shared/ids.ts';
import type { AgentFacts, AgentView } from '../agent.ts';
import type { AgentTrigger } from '../agent-states.ts';
import type { Acd, AcdEffect, AcdInput, QueueSettings, QueueView, WaitingCall } from './acd.ts';
import { createLine, type Effort, type Line, lineView, type Seat, servedBefore, type Waiting } from './line.ts';
import { agentFor, callFor, mayTake, needOf, refusalOf } from './matching.ts';
import { Roster, seatSnapshot, viewOf } from './roster.ts';
import type { AcdSnapshot } from './snapshot.ts';

/** A reserved agent whose softphone does not even ring within this time is let go. */
export const reservationLeaseMs = 10_000;
/** Ringing longer than the queue's ring timeout and this: nobody reported the end. */
export const alertingGraceMs = 5_000;

const notReadyBecause = { timeout: 'no-answer', rejected: 'rejected', unreachable: 'no-softphone' } as const;

/**
 * `from`: goes on where another ACD with the same queues was. `effort` is counted up, for tests that want to know how much a
 * decision costs.
 */
export function createAcd(deps: { queues: readonly QueueSettings[]; from?: AcdSnapshot; effort?: Effort }): Acd {
  return new Distributor(deps.queues, deps.effort ?? { comparisons: 0, candidates: 0 }, deps.from);
}

class Distributor implements Acd {
  readonly #effort: Effort;
  readonly #lines: ReadonlyMap<string, Line>;
  readonly #roster: Roster;
  /** Everybody in a queue, waiting or offered. */
  readonly #calls = new Map<CallId, Waiting>();
  #arrivals = 0;
  #ignoredInputs = 0;
  /** The input being applied: its effects so far, and its time. */
  #effects: AcdEffect[] = [];
  #now = 0;

  constructor(queues: readonly QueueSettings[], effort: Effort, from?: AcdSnapshot) {
    this.#effort = effort;
    this.#lines = new Map(queues.map((settings) => [settings.name, createLine(settings, effort)]));
    this.#roster = new Roster(this.#lines, effort);
    if (from) this.#restore(from);
  }

  apply(input: AcdInput, nowMs: number): AcdEffect[] {
    this.#now = nowMs;
    this.#effects = [];
    if (!this.#dispatch(input)) this.#ignoredInputs += 1;
    return this.#effects;
  }

  get ignoredInputs(): number {
    return this.#ignoredInputs;
  }

  nextDeadline(): number | undefined {
    return this.#roster.firstDue()?.deadlineAt ?? undefined;
  }

  agent(personId: PersonId): AgentView | undefined {
    const seat = this.#roster.seats.get(personId);
    return seat && viewOf(seat);
  }

  agents(): AgentView[] {
    return [...this.#roster.seats.values()].map(viewOf);
  }

  queue(name: string, nowMs: number): QueueView | undefined {
    const line = this.#lines.get(name);
    return line && lineView(line, nowMs);
  }

  queues(nowMs: number): QueueView[] {
    return [...this.#lines.values()].map((line) => lineView(line, nowMs));
  }

  position(callId: CallId): number | undefined {
    const waiting = this.#calls.get(callId);
    if (!waiting) return undefined;
    let position = 1;
    for (const other of waiting.line.calls.values()) if (standsBefore(other, waiting)) position += 1;
    return position;
  }

  snapshot(): AcdSnapshot {
    return {
      arrivals: this.#arrivals,
      idlePlaces: this.#roster.idlePlaces,
      seats: [...this.#roster.seats.values()].map(seatSnapshot),
      calls: [...this.#calls.values()].map(({ call, arrival, returned, offeredTo, refused }) => ({
        call: { ...call },
        arrival,
        returned,
        offeredTo: offeredTo?.personId ?? null,
        refused: [...refused],
      })),
    };
  }

  #restore({ arrivals, idlePlaces, seats, calls }: AcdSnapshot): void {
    this.#roster.restore(seats, idlePlaces);
    this.#arrivals = arrivals;
    for (const { call, arrival, returned, offeredTo, refused } of calls) {
      const line = this.#lines.get(call.queue);
      // A queue that this program does not have: nothing here could serve it.
      if (!line) continue;
      const seat = (offeredTo && this.#roster.seats.get(offeredTo)) || null;
      const waiting: Waiting = {
        call: { ...call },
        need: needOf(call.piiClass),
        line,
        arrival,
        returned,
        offeredTo: seat,
        refused: new Set(refused),
      };
      if (seat) seat.offer = waiting;
      this.#enlist(waiting);
    }
  }

  /** Into the books of its queue; into the index of those who wait unless it is offered. */
  #enlist(waiting: Waiting): void {
    const { call, line, need } = waiting;
    this.#calls.set(call.callId, waiting);
    line.calls.set(call.callId, waiting);
    line.oldest.add(waiting);
    if (!waiting.offeredTo) line.waiting[need].add(waiting);
  }

  // --- which input goes where; false: impossible now

  #dispatch(input: AcdInput): boolean {
    switch (input.kind) {
      case 'tick':
        return this.#tick();
      case 'callWaiting':
        return this.#callWaiting(input.call);
      case 'callGone':
        return this.#callGone(input.callId);
      case 'agentSignedIn':
        return this.#signedIn(input.agent);
      case 'alerting':
      case 'answered':
      case 'notAnswered':
        return this.#offerReported(input);
    }
    const seat = this.#roster.seats.get('agent' in input ? input.agent.personId : input.personId);
    if (!seat) return false;
    switch (input.kind) {
      case 'agentFactsChanged':
        return this.#factsChanged(seat, input.agent);
      case 'agentReady':
        return this.#ready(seat);
      case 'agentNotReady':
        return this.#stopped(seat, 'notReady', input.because);
      case 'agentSignedOut':
        return this.#stopped(seat, 'signOut', null);
      case 'agentCallStarted':
        return this.#callStarted(seat, input.callId);
      case 'agentCallEnded':
        return this.#callEnded(seat, input.callId, input.afterCallWorkSeconds);
    }
  }

  #move(seat: Seat, triggers: readonly AgentTrigger[], because: string | null = null): boolean {
    return this.#roster.move(seat, triggers, this.#now, this.#effects, because);
  }

  // --- pairing

  #pair(seat: Seat, waiting: Waiting): void {
    // The index proposed; the policy decides, at every offer.
    if (seat.state !== 'available' || waiting.offeredTo || !mayTake(seat, waiting)) return;
    waiting.line.waiting[waiting.need].remove(waiting);
    this.#move(seat, ['reserve']);
    waiting.offeredTo = seat;
    seat.offer = waiting;
    seat.callId = waiting.call.callId;
    this.#roster.setDeadline(seat, this.#now + reservationLeaseMs);
    const { callId, queue } = waiting.call;
    this.#effects.push({ kind: 'offer', callId, personId: seat.personId, queue });
  }

  /** Finds a call for an agent who became free. */
  #findCall(seat: Seat): void {
    const { best, passedOver } = callFor(seat, this.#effort);
    for (const waiting of passedOver) this.#refuse(seat, waiting);
    if (best) this.#pair(seat, best);
  }

  /** Finds an agent for a call that began to wait. */
  #findAgent(waiting: Waiting): void {
    const { best, passedOver } = agentFor(waiting, this.#effort);
    for (const seat of passedOver) this.#refuse(seat, waiting);
    if (best) this.#pair(best, waiting);
  }

  #refuse(seat: Seat, waiting: Waiting): void {
    const { personId } = seat;
    if (waiting.refused.has(personId)) return;
    waiting.refused.add(personId);
    const { callId, queue } = waiting.call;
    this.#effects.push({ kind: 'refused', callId, personId, queue, because: refusalOf(seat, waiting) });
  }

  /** Takes the offer from the agent, whose state the caller then changes. The call is nowhere until put back or forgotten. */
  #takeOffer(seat: Seat): Waiting {
    const offer = seat.offer!;
    seat.offer = null;
    seat.callId = null;
    offer.offeredTo = null;
    return offer;
  }

  /** Takes the offer back while the agent's softphone may be ringing. */
  #withdraw(seat: Seat): Waiting {
    const offer = this.#takeOffer(seat);
    this.#effects.push({ kind: 'withdraw', callId: offer.call.callId, personId: seat.personId });
    return offer;
  }

  #returnToHead(waiting: Waiting): void {
    // Safe to change its order: a call that was offered is in no index but `oldest`, which knows only age.
    waiting.returned = true;
    waiting.line.waiting[waiting.need].add(waiting);
    this.#findAgent(waiting);
  }

  // --- calls

  #callWaiting(call: WaitingCall): boolean {
    const line = this.#lines.get(call.queue);
    if (!line) return false;
    // Known already: it moved to another queue, or its reason changed. An offer made on the old facts ends.
    const known = this.#calls.get(call.callId);
    const freed = known && this.#release(known);
    const need = needOf(call.piiClass);
    const arrival = this.#arrivals++;
    const waiting: Waiting = {
      call: { ...call },
      need,
      line,
      arrival,
      returned: false,
      offeredTo: null,
      refused: new Set(),
    };
    this.#enlist(waiting);
    // The call and the agent whom it freed look for partners at once: who has been idle longer goes first.
    if (freed && agentFor(waiting, this.#effort).best !== freed) this.#findAgent(waiting);
    if (freed) this.#findCall(freed);
    if (!waiting.offeredTo) this.#findAgent(waiting);
    return true;
  }

  #callGone(callId: CallId): boolean {
    const waiting = this.#calls.get(callId);
    if (!waiting) return false;
    const freed = this.#release(waiting);
    if (freed) this.#findCall(freed);
    return true;
  }

  /** Takes a call out of its queue; the agent whom it reserved is free again, and nobody's yet. */
  #release(waiting: Waiting): Seat | undefined {
    const seat = waiting.offeredTo;
    this.#forget(waiting);
    if (!seat) return undefined;
    this.#withdraw(seat);
    this.#move(seat, ['withdraw']);
    return seat;
  }

  #forget(waiting: Waiting): void {
    const { line, need, call } = waiting;
    this.#calls.delete(call.callId);
    line.calls.delete(call.callId);
    line.oldest.remove(waiting);
    line.waiting[need].remove(waiting);
  }

  // --- what became of an offer

  #offerReported(input: Extract<AcdInput, { kind: 'alerting' | 'answered' | 'notAnswered' }>): boolean {
    const seat = this.#roster.seats.get(input.personId);
    if (!seat?.offer || seat.offer.call.callId !== input.callId) return false;
    switch (input.kind) {
      case 'alerting':
        return this.#alerting(seat);
      case 'answered':
        this.#forget(this.#takeOffer(seat));
        this.#move(seat, ['answer']);
        seat.callId = input.callId;
        return true;
      case 'notAnswered': {
        const offer = this.#takeOffer(seat);
        this.#move(seat, ['noAnswer'], notReadyBecause[input.because]);
        this.#returnToHead(offer);
        return true;
      }
    }
  }

  #alerting(seat: Seat): boolean {
    // A second report does not lengthen the lease.
    if (seat.state === 'alerting') return true;
    const { ringTimeoutSeconds } = seat.offer!.line.settings;
    this.#move(seat, ['alert']);
    this.#roster.setDeadline(seat, this.#now + ringTimeoutSeconds * 1000 + alertingGraceMs);
    return true;
  }

  #tick(): boolean {
    for (;;) {
      const seat = this.#roster.firstDue();
      if (!seat || seat.deadlineAt! > this.#now) return true;
      if (seat.state === 'after-call-work') {
        this.#rest(seat, []);
        continue;
      }
      // Not free again: the call would come straight back to an agent whom it does not reach.
      const because = notReadyBecause[seat.state === 'reserved' ? 'unreachable' : 'timeout'];
      const offer = this.#withdraw(seat);
      this.#move(seat, ['noAnswer'], because);
      this.#returnToHead(offer);
    }
  }

  // --- agents

  #signedIn(facts: AgentFacts): boolean {
    const seat = this.#roster.open(facts, this.#now);
    this.#factsChanged(seat, facts);
    // Signed out and in again during a call: not-ready afterwards, as after every sign-in.
    if (seat.nextState === 'offline') seat.nextState = 'not-ready';
    return this.#move(seat, ['signIn']);
  }

  #factsChanged(seat: Seat, facts: AgentFacts): boolean {
    this.#roster.setFacts(seat, facts);
    if (seat.offer && !mayTake(seat, seat.offer)) {
      const offer = this.#withdraw(seat);
      this.#move(seat, ['withdraw']);
      this.#returnToHead(offer);
    }
    if (seat.state === 'available') this.#findCall(seat);
    return true;
  }

  #ready(seat: Seat): boolean {
    const was = seat.state;
    if (!this.#move(seat, ['ready'])) return false;
    seat.nextState = null;
    seat.nextBecause = null;
    if (seat.state === 'available' && was !== 'available') this.#findCall(seat);
    return true;
  }

  /** Not ready or signed out: what is offered goes back, what is talked about is finished first. */
  #stopped(seat: Seat, trigger: 'notReady' | 'signOut', because: string | null): boolean {
    const offer = seat.offer ? this.#withdraw(seat) : null;
    if (!this.#move(seat, [trigger], because)) return false;
    if (offer) this.#returnToHead(offer);
    if (seat.state !== 'on-call') return true;
    // Who signed out stays signed out, whatever a page still open asks for.
    if (seat.nextState === 'offline' && trigger === 'notReady') return true;
    seat.nextState = trigger === 'signOut' ? 'offline' : 'not-ready';
    seat.nextBecause = because;
    return true;
  }

  #callStarted(seat: Seat, callId: CallId): boolean {
    const { state, because } = seat;
    if (!this.#move(seat, ['callStart'])) return false;
    seat.callId = callId;
    // A call made on a break does not end the break.
    if (state === 'not-ready') {
      seat.nextState = 'not-ready';
      seat.nextBecause = because;
    }
    return true;
  }

  #callEnded(seat: Seat, callId: CallId, afterCallWorkSeconds: number): boolean {
    if (seat.state !== 'on-call' || seat.callId !== callId) return false;
    // Who signed out has no desk to do after-call work at.
    if (!(afterCallWorkSeconds > 0) || seat.nextState === 'offline') {
      this.#rest(seat, ['callEnd']);
      return true;
    }
    this.#move(seat, ['callEnd']);
    seat.callId = null;
    seat.afterCallWorkEndsAt = this.#now + afterCallWorkSeconds * 1000;
    this.#roster.setDeadline(seat, seat.afterCallWorkEndsAt);
    return true;
  }

  /** After the work: to the state asked for meanwhile, else available. */
  #rest(seat: Seat, before: readonly AgentTrigger[]): void {
    if (seat.nextState === 'offline') this.#move(seat, [...before, 'signOut']);
    else if (seat.nextState === 'not-ready') this.#move(seat, [...before, 'notReady'], seat.nextBecause);
    else {
      this.#move(seat, [...before, 'finish']);
      this.#findCall(seat);
    }
  }
}

/** An offered call is being served already, so it stands before all that wait. */
function standsBefore(a: Waiting, b: Waiting): boolean {
  if ((a.offeredTo === null) !== (b.offeredTo === null)) return a.offeredTo !== null;
  return servedBefore(a, b);
}
