// The agents of the ACD: their states, who is free in which queue and at which clearance, and when a lease or after-call
// work runs out. States change in `move` alone, along agent-states.ts.
//
// What is true between inputs: `offer` is set exactly in reserved and alerting; `deadlineAt` exactly in these and in
// after-call work; a seat is in `line.free` of each of its queues exactly while available.
// Does not know calls beyond the one offered; distributor.ts pairs.

import type { AgentState } from '../../shared/events.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { AgentFacts, AgentView } from '../agent.ts';
import { type AgentTrigger, nextAgentState } from '../agent-states.ts';
import type { AcdEffect } from './acd.ts';
import { createIndexedHeap, type IndexedHeap } from './indexed-heap.ts';
import { clearances, type Effort, type Line, type Seat } from './line.ts';
import type { SeatSnapshot } from './snapshot.ts';

export class Roster {
  readonly seats = new Map<PersonId, Seat>();
  readonly #lines: ReadonlyMap<string, Line>;
  readonly #deadlines: IndexedHeap<Seat>;
  #places = 0;

  constructor(lines: ReadonlyMap<string, Line>, effort: Effort) {
    this.#lines = lines;
    this.#deadlines = createIndexedHeap<Seat>((a, b) => {
      effort.comparisons += 1;
      return a.deadlineAt! < b.deadlineAt! || (a.deadlineAt === b.deadlineAt && a.personId < b.personId);
    });
  }

  /** The seat of this person, made offline if there was none. */
  open(facts: AgentFacts, now: number): Seat {
    const known = this.seats.get(facts.personId);
    if (known) return known;
    const seat = newSeat(facts, now);
    this.seats.set(facts.personId, seat);
    return seat;
  }

  setFacts(seat: Seat, facts: AgentFacts): void {
    this.#unlist(seat);
    Object.assign(seat, factsOf(facts));
    seat.lines = seat.queues.flatMap((name) => this.#lines.get(name) ?? []);
    this.#list(seat);
  }

  /**
   * Goes through these triggers at one instant, and reports where they lead as one change of state.
   * False, and nothing changed, if the table forbids it.
   */
  move(
    seat: Seat,
    triggers: readonly AgentTrigger[],
    now: number,
    effects: AcdEffect[],
    because: string | null = null,
  ): boolean {
    const from = seat.state;
    let to: AgentState | undefined = from;
    for (const trigger of triggers) to = to && nextAgentState(to, trigger);
    if (to === undefined) return false;
    // Asked for the state it is in: at most the reason of not-ready is new.
    const renamed = to === 'not-ready' && triggers.includes('notReady') && seat.because !== because;
    if (to === from && !renamed) return true;
    if (to !== from) this.#enter(seat, to, now, triggers.includes('withdraw'));
    seat.because = because;
    effects.push({ kind: 'agentState', personId: seat.personId, from, to, because });
    return true;
  }

  get idlePlaces(): number {
    return this.#places;
  }

  /** Puts seats back as they were; only into an empty roster. */
  restore(seats: readonly SeatSnapshot[], idlePlaces: number): void {
    for (const { deadlineAt, ...kept } of seats) {
      const seat: Seat = { ...kept, lines: [], offer: null, deadlineAt: null };
      this.seats.set(seat.personId, seat);
      seat.lines = seat.queues.flatMap((name) => this.#lines.get(name) ?? []);
      this.#list(seat);
      this.setDeadline(seat, deadlineAt);
    }
    this.#places = idlePlaces;
  }

  setDeadline(seat: Seat, at: number | null): void {
    this.#deadlines.remove(seat);
    seat.deadlineAt = at;
    if (at !== null) this.#deadlines.add(seat);
  }

  /** Whose deadline comes first. */
  firstDue(): Seat | undefined {
    return this.#deadlines.first();
  }

  #enter(seat: Seat, to: AgentState, now: number, keepsIdlePlace: boolean): void {
    this.#unlist(seat);
    seat.state = to;
    seat.stateSince = now;
    this.setDeadline(seat, null);
    seat.afterCallWorkEndsAt = null;
    if (to === 'available' || to === 'not-ready' || to === 'offline') {
      seat.callId = null;
      seat.nextState = null;
      seat.nextBecause = null;
    }
    if (to === 'available' && !keepsIdlePlace) {
      seat.idleSince = now;
      seat.idlePlace = this.#places++;
    }
    this.#list(seat);
  }

  #list(seat: Seat): void {
    for (const line of seat.lines) {
      line.agents[seat.state] += 1;
      if (seat.state === 'available') line.free[seat.clearance].add(seat);
    }
  }

  #unlist(seat: Seat): void {
    for (const line of seat.lines) {
      line.agents[seat.state] -= 1;
      if (seat.state === 'available') line.free[seat.clearance].remove(seat);
    }
  }
}

/** Facts as routing keeps them: each queue once, and a clearance that is no known one counts as none. */
function factsOf(facts: AgentFacts): AgentFacts {
  const { personId, queues, clearance, place } = facts;
  return {
    personId,
    queues: [...new Set(queues)],
    clearance: clearances.includes(clearance) ? clearance : 'none',
    place,
  };
}

function newSeat(facts: AgentFacts, now: number): Seat {
  return {
    ...factsOf(facts),
    state: 'offline',
    stateSince: now,
    because: null,
    callId: null,
    afterCallWorkEndsAt: null,
    idleSince: now,
    nextState: null,
    lines: [],
    idlePlace: 0,
    nextBecause: null,
    offer: null,
    deadlineAt: null,
  };
}

export function seatSnapshot(seat: Seat): SeatSnapshot {
  const { idlePlace, nextBecause, deadlineAt } = seat;
  return { ...viewOf(seat), idlePlace, nextBecause, deadlineAt };
}

export function viewOf(seat: Seat): AgentView {
  return {
    personId: seat.personId,
    queues: seat.queues,
    clearance: seat.clearance,
    place: seat.place,
    state: seat.state,
    stateSince: seat.stateSince,
    because: seat.because,
    callId: seat.callId,
    afterCallWorkEndsAt: seat.afterCallWorkEndsAt,
    idleSince: seat.idleSince,
    nextState: seat.nextState,
  };
}
