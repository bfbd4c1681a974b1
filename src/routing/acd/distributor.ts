// The maker of the ACD (acd.ts) as a pure machine: what each input does. Whom a call goes to is decided in matching.ts by the policy
// and the strategy of the queue; pairing.ts keeps the promise that nobody waits while somebody who may is free.
//
// What was due before an input happens before it, whoever's timer was late.
//
// Does not ring and keeps no timers: `call/` reports ringing and its outcome. Should it never report, a lease ends the
// offer, so that neither agent nor caller stays stuck.

import type { CallId, PersonId } from '../../shared/ids.ts';
import type { AgentView } from '../agent.ts';
import type { Operation, Policy, PolicySource } from '../policy/policy.ts';
import type { Acd, AcdEffect, AcdInput, QueueSettings, QueueView, WaitingCall } from './acd.ts';
import type { OverflowReason } from './admission.ts';
import { AgentInputs } from './agent-inputs.ts';
import { createAgenda } from './books/agenda.ts';
import type { Core } from './books/core.ts';
import { createLine, type Effort, lineView, type Seat, servedBefore, type Waiting } from './books/line.ts';
import { Roster, seatSnapshot, viewOf } from './books/roster.ts';
import { WaitingRoom } from './books/waiting-room.ts';
import { clearanceOnly, clearancePolicy } from './clearance-policy.ts';
import { expectedWaitMs } from './measures/pace.ts';
import { OfferReports } from './offer-reports.ts';
import { Overflow, placeIn } from './overflow.ts';
import { Pairing } from './pairing.ts';
import type { AcdSnapshot } from './snapshot.ts';

export { alertingGraceMs, reservationLeaseMs } from './pairing.ts';

export interface AcdNeeds {
  queues: readonly QueueSettings[];
  /** The rules to begin with; those of `from` go before them. By clearance alone unless told. */
  policy?: PolicySource;
  operation?: Operation;
  compilePolicy?: (source: PolicySource) => Policy;
  /** Goes on where another ACD with the same queues was. */
  from?: AcdSnapshot;
  /** Counted up, for tests that want to know how much a decision costs. */
  effort?: Effort;
}

export function createAcd(needs: AcdNeeds): Acd {
  return new Distributor(needs);
}

class Distributor implements Acd {
  readonly #compile: (source: PolicySource) => Policy;
  readonly #core: Core;
  readonly #roster: Roster;
  readonly #room: WaitingRoom;
  readonly #pairing: Pairing;
  readonly #overflow: Overflow;
  readonly #agents: AgentInputs;
  readonly #offers: OfferReports;
  #ignoredInputs = 0;

  constructor({ queues, compilePolicy = clearancePolicy, from, ...given }: AcdNeeds) {
    const effort = given.effort ?? { comparisons: 0, candidates: 0 };
    this.#compile = compilePolicy;
    this.#core = {
      effort,
      lines: new Map(queues.map((settings) => [settings.name, createLine(settings, effort)])),
      agenda: createAgenda(effort),
      policy: compilePolicy(from?.policy ?? given.policy ?? clearanceOnly),
      operation: from?.operation ?? given.operation ?? 'normal',
      now: from?.atMs ?? 0,
      effects: [],
      doubtful: new Set(),
    };
    this.#roster = new Roster(this.#core);
    this.#room = new WaitingRoom(this.#core);
    this.#pairing = new Pairing(this.#core, this.#roster, this.#room);
    this.#overflow = new Overflow(this.#core, this.#room, this.#pairing);
    this.#agents = new AgentInputs(this.#core, this.#roster, this.#pairing);
    this.#offers = new OfferReports(this.#core, this.#roster, this.#room, this.#pairing);
    if (from) this.#restore(from);
  }

  apply(input: AcdInput, nowMs: number): AcdEffect[] {
    const core = this.#core;
    core.effects = [];
    this.#passTime(nowMs);
    if (!this.#dispatch(input)) this.#ignoredInputs += 1;
    this.#overflow.lookAround();
    return core.effects;
  }

  get ignoredInputs(): number {
    return this.#ignoredInputs;
  }

  get rules(): { policy: PolicySource; operation: Operation } {
    return { policy: this.#core.policy.source, operation: this.#core.operation };
  }

  nextDeadline(): number | undefined {
    return this.#core.agenda.first()?.at ?? undefined;
  }

  agent(personId: PersonId): AgentView | undefined {
    const seat = this.#roster.seats.get(personId);
    return seat && viewOf(seat);
  }

  agents(): AgentView[] {
    return [...this.#roster.seats.values()].map(viewOf);
  }

  queue(name: string, nowMs: number): QueueView | undefined {
    const line = this.#core.lines.get(name);
    return line && lineView(line, nowMs);
  }

  queues(nowMs: number): QueueView[] {
    return [...this.#core.lines.values()].map((line) => lineView(line, nowMs));
  }

  position(callId: CallId): number | undefined {
    const waiting = this.#room.calls.get(callId);
    return waiting && placeIn(waiting, waiting.line, standsBefore);
  }

  estimateWaitMs(callId: CallId): number | undefined {
    const waiting = this.#room.calls.get(callId);
    if (!waiting) return undefined;
    if (waiting.offers.size > 0) return 0;
    const before = (a: Waiting, b: Waiting) => a.offers.size === 0 && servedBefore(a, b);
    return expectedWaitMs(waiting.line.pace, placeIn(waiting, waiting.line, before));
  }

  wouldOverflow(call: WaitingCall, nowMs: number): OverflowReason | null {
    const line = this.#core.lines.get(call.queue);
    if (!line) return null;
    this.#core.now = Math.max(this.#core.now, nowMs);
    // Looked at as if it stood there, and taken away again.
    const arrivals = this.#room.arrivals;
    const waiting = this.#room.enter({ ...call, callId: `would-${call.callId}` as CallId }, line);
    const because = this.#overflow.onJoining(waiting, false);
    this.#room.forget(waiting);
    this.#room.arrivals = arrivals;
    return because;
  }

  snapshot(): AcdSnapshot {
    const { now, policy, operation, lines } = this.#core;
    const absent = this.#overflow.absences();
    return {
      ...{ atMs: now, policy: policy.source, operation },
      ...{ arrivals: this.#room.arrivals, idlePlaces: this.#roster.idlePlaces },
      seats: [...this.#roster.seats.values()].map(seatSnapshot),
      calls: this.#room.snapshot(),
      lines: [...lines.values()].map(({ settings: { name }, turns, pace }, i) => ({
        ...{ name, turns, pace: { ...pace } },
        absent: absent[i]!,
      })),
    };
  }

  #restore({ arrivals, idlePlaces, seats, calls, lines }: AcdSnapshot): void {
    this.#roster.restore(seats, idlePlaces);
    this.#room.arrivals = arrivals;
    for (const kept of calls) {
      const line = this.#core.lines.get(kept.call.queue);
      // A queue that this program does not have: nothing here could serve it.
      if (line) this.#room.restore(kept, line, (personId) => this.#roster.seats.get(personId as PersonId));
    }
    for (const { name, turns, pace, absent } of lines) {
      const line = this.#core.lines.get(name);
      if (!line) continue;
      Object.assign(line, { turns, pace });
      this.#overflow.restore(line, absent);
    }
    this.#core.doubtful.clear();
  }

  // --- which input goes where; false: impossible now

  #dispatch(input: AcdInput): boolean {
    switch (input.kind) {
      case 'tick':
        return true;
      case 'rulesChanged':
        return this.#rulesChanged(input.policy, input.operation);
      case 'callWaiting':
        return this.#callWaiting(input);
      case 'callGone':
        return this.#callGone(input.callId);
      case 'agentSignedIn':
        return this.#agents.signedIn(input.agent);
      case 'alerting':
      case 'answered':
      case 'notAnswered':
        return this.#offers.reported(input);
    }
    const seat = this.#roster.seats.get('agent' in input ? input.agent.personId : input.personId);
    if (!seat) return false;
    switch (input.kind) {
      case 'agentFactsChanged':
        return this.#agents.factsChanged(seat, input.agent);
      case 'agentReady':
        return this.#agents.ready(seat);
      case 'agentNotReady':
        return this.#agents.stopped(seat, 'notReady', input.because);
      case 'agentSignedOut':
        return this.#agents.stopped(seat, 'signOut', null);
      case 'agentCallStarted':
        return this.#agents.callStarted(seat, input.callId);
      case 'agentCallEnded':
        return this.#agents.callEnded(seat, input.callId, input.afterCallWorkSeconds);
    }
  }

  // --- the rules

  #rulesChanged(source: PolicySource, operation: Operation): boolean {
    this.#core.policy = this.#compile(source);
    this.#core.operation = operation;
    const [seats, calls] = [this.#roster.seats, this.#room.calls];
    for (const seat of seats.values()) this.#roster.rekey(seat);
    for (const waiting of calls.values()) {
      waiting.refused.clear();
      this.#room.renew(waiting);
    }
    this.#overflow.doubtEverywhere();
    this.#pairing.settle(seats.values(), calls.values());
    return true;
  }

  // --- calls

  #callWaiting({ call, alwaysJoins, anew }: Extract<AcdInput, { kind: 'callWaiting' }>): boolean {
    const line = this.#core.lines.get(call.queue);
    if (!line) return false;
    const known = this.#room.calls.get(call.callId);
    if (known?.line === line && !anew) {
      this.#callKnown(known, call);
      return true;
    }
    const freed = known ? this.#pairing.letGo(known) : [];
    if (known) this.#room.forget(known);
    const waiting = this.#room.enter(call, line);
    this.#pairing.prefer(waiting);
    if (freed.length === 0) this.#pairing.findAgents(waiting);
    else this.#pairing.rematchAfter(waiting.heldFor ? [...freed, waiting.heldFor] : freed, line);
    const because = this.#overflow.onJoining(waiting, alwaysJoins || anew || false);
    if (because) this.#pairing.overflow(waiting, because);
    this.#room.keepPace(line, false);
    return true;
  }

  /** Something was learned of a call that waits here. */
  #callKnown(waiting: Waiting, call: WaitingCall): void {
    const rung = waiting.offers.size > 0;
    this.#room.update(waiting, call);
    if (!rung) this.#pairing.prefer(waiting);
    else if (call.preferred?.personId !== waiting.heldFor?.personId) this.#room.hold(waiting, null);
    this.#pairing.settle([], [waiting]);
  }

  #callGone(callId: CallId): boolean {
    const waiting = this.#room.calls.get(callId);
    if (!waiting) return false;
    const freed = this.#pairing.letGo(waiting);
    this.#room.forget(waiting);
    this.#room.keepPace(waiting.line, false);
    this.#pairing.rematchAfter(freed, waiting.line);
    return true;
  }

  // --- time

  /** What is due happens at its own time, one instant after the other. */
  #passTime(untilMs: number): void {
    const core = this.#core;
    core.now = Math.min(core.now, untilMs);
    for (let due = core.agenda.first(); due && due.at! <= untilMs; due = core.agenda.first()) {
      core.now = Math.max(core.now, due.at!);
      const { what } = due;
      if (what.kind === 'clock') this.#clockRanOut(what.seat);
      else if (what.kind === 'absence') this.#overflow.absentTooLong(what.shelf);
      else this.#renew();
      this.#overflow.lookAround();
    }
    core.now = untilMs;
  }

  /** All whose standing ends at this instant, and all calls that ask for something else from now on: then they find each other. */
  #renew(): void {
    const { agenda, now } = this.#core;
    const seats: Seat[] = [];
    const calls: Waiting[] = [];
    for (let due = agenda.first(); due && due.at! <= now; due = agenda.first()) {
      if (due.what.kind === 'standing') {
        this.#roster.rekey(due.what.seat);
        seats.push(due.what.seat);
      } else if (due.what.kind === 'waiting') {
        this.#room.renew(due.what.waiting);
        calls.push(due.what.waiting);
      } else break;
    }
    this.#pairing.settle(seats, calls);
    for (const { line } of calls) this.#room.keepPace(line, false);
  }

  #clockRanOut(seat: Seat): void {
    if (seat.state === 'after-call-work') return this.#agents.rest(seat, []);
    if (seat.state === 'not-ready') {
      this.#agents.ready(seat);
      return;
    }
    this.#offers.lapsed(seat);
  }
}

/** An offered call is being served already, so it stands before all that wait. */
function standsBefore(a: Waiting, b: Waiting): boolean {
  const [aRung, bRung] = [a.offers.size > 0, b.offers.size > 0];
  return aRung === bRung ? servedBefore(a, b) : aRung;
}
