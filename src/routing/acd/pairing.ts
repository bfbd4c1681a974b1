// Brings agents and calls together, and apart. After every input no free agent and waiting call that may be paired are left
// unpaired; so what one input freed is all that has to be looked at.
//
// Does not know inputs; distributor.ts does.

import type { OverflowReason } from './admission.ts';
import type { Core } from './books/core.ts';
import { type Line, type Seat, type Shelf, servedBefore, type Waiting } from './books/line.ts';
import type { Roster } from './books/roster.ts';
import type { WaitingRoom } from './books/waiting-room.ts';
import { agentFor, callFor, mayTake, type Refused } from './matching.ts';

/** A reserved agent whose softphone does not even ring within this time is let go. */
export const reservationLeaseMs = 10_000;
/** Ringing longer than the queue's ring timeout and this: nobody reported the end. */
export const alertingGraceMs = 5_000;

export class Pairing {
  readonly #core: Core;
  readonly #roster: Roster;
  readonly #room: WaitingRoom;

  constructor(core: Core, roster: Roster, room: WaitingRoom) {
    this.#core = core;
    this.#roster = roster;
    this.#room = room;
  }

  /** Finds a call for an agent who became free. */
  findCall(seat: Seat): void {
    if (seat.state !== 'available') return;
    const match = callFor(this.#core, seat, this.#refused);
    if (match) this.#pair(seat, match.found, match.rule);
  }

  /** Finds an agent for a call, or with ring-all so many as may be rung. */
  findAgents(waiting: Waiting, atOnce = waiting.line.atOnce): void {
    const most = waiting.heldFor ? 1 : atOnce;
    while (waiting.offers.size < most) {
      if (waiting.overdue && waiting.offers.size > 0) return;
      const match = agentFor(this.#core, waiting, this.#refused);
      if (!match) return;
      this.#pair(match.found, waiting, match.rule);
    }
  }

  /**
   * Several agents or calls may find each other: the call that is served first chooses first, and so on. Nobody is rung as one of
   * several for a call while another waits for whom nobody is rung.
   */
  rematch(lines: Iterable<Line>, freed: Iterable<Seat> = []): void {
    const shelves = new Set<Shelf>();
    for (const line of lines) for (const shelf of line.shelves.values()) shelves.add(shelf);
    this.#serveInOrder(shelves, [...freed]);
    for (const ringing of inOrder(shelves)) this.findAgents(ringing);
  }

  /** These agents are free again, and something may have changed in this queue. */
  rematchAfter(freed: readonly Seat[], line: Line): void {
    const lines = new Set([line, ...freed.flatMap(({ members }) => members.map((member) => member.line))]);
    this.rematch(lines, freed);
  }

  #serveInOrder(shelves: Set<Shelf>, freed: readonly Seat[]): void {
    // A shelf whose first call finds nobody has no call that does: agents only become fewer here.
    const sources = [...[...shelves].map((shelf) => shelf.waiting), ...freed.map((seat) => seat.held)];
    const open = new Set(sources);
    while (open.size > 0) {
      let first: Waiting | undefined;
      let from: (typeof sources)[number] | undefined;
      for (const source of open) {
        const next = source.first();
        if (!next) open.delete(source);
        else if (!first || servedBefore(next, first)) [first, from] = [next, source];
      }
      if (!first || !from) return;
      this.findAgents(first, 1);
      if (first.offers.size === 0) open.delete(from);
    }
  }

  /** The agent is reserved for the call; the caller of this has asked the policy. */
  #pair(seat: Seat, waiting: Waiting, rule: string): void {
    this.#room.lift(waiting);
    this.#roster.move(seat, ['reserve']);
    waiting.offers.add(seat);
    seat.offer = waiting;
    seat.callId = waiting.call.callId;
    this.#core.agenda.set(seat.clock, this.#core.now + reservationLeaseMs);
    this.#room.place(waiting);
    const { callId, queue } = waiting.call;
    this.#core.effects.push({ kind: 'offer', callId, personId: seat.personId, queue, rule });
  }

  #refused: Refused = ({ personId }, { refused, call }, { rule, because }) => {
    if (refused.has(personId)) return;
    refused.add(personId);
    const { callId, queue } = call;
    this.#core.effects.push({ kind: 'refused', callId, personId, queue, rule, because });
  };

  // --- apart

  /** Takes the offer from the agent, whose state the caller then changes. */
  takeOffer(seat: Seat): Waiting {
    const offer = seat.offer!;
    this.#room.lift(offer);
    seat.offer = null;
    seat.callId = null;
    offer.offers.delete(seat);
    this.#room.place(offer);
    return offer;
  }

  /** Takes the offer back while the agent's softphone may be ringing. */
  withdraw(seat: Seat): Waiting {
    const offer = this.takeOffer(seat);
    this.#core.effects.push({ kind: 'withdraw', callId: offer.call.callId, personId: seat.personId });
    return offer;
  }

  /** Everybody who is rung for this call is free again, and has no call yet. */
  letGo(waiting: Waiting): Seat[] {
    const seats = [...waiting.offers];
    for (const seat of seats) {
      this.withdraw(seat);
      this.#roster.move(seat, ['withdraw']);
    }
    return seats;
  }

  /** An offer is over without an answer: unless others are rung for it, the call is first again, or has waited too long. */
  cameBack(waiting: Waiting): Waiting[] {
    if (waiting.offers.size > 0) return [waiting];
    if (waiting.overdue) this.overflow(waiting, 'waited-too-long');
    else this.toHead(waiting);
    return waiting.overdue ? [] : [waiting];
  }

  /** Before all that were never offered; a preference has had its chance. */
  toHead(waiting: Waiting): void {
    this.#room.lift(waiting);
    waiting.returned = true;
    waiting.heldFor = null;
    this.#room.place(waiting);
  }

  overflow(waiting: Waiting, because: OverflowReason): void {
    const { callId, queue } = waiting.call;
    this.#room.forget(waiting);
    this.#core.effects.push({ kind: 'overflow', callId, queue, because });
  }

  // --- the agent whom a call prefers

  /** Held for the preferred agent, if that agent may take it and will come. */
  prefer(waiting: Waiting): void {
    const { preferred, enteredAt } = waiting.call;
    const seat = preferred && this.#roster.seats.get(preferred.personId);
    const ends = enteredAt + (preferred?.seconds ?? 0) * 1000;
    const holds = seat && ends > this.#core.now && willCome(seat) && mayTake(this.#core, seat, waiting);
    this.#room.hold(waiting, holds ? seat : null);
  }

  /** The calls that were held for an agent who does not come, or may not have them any more, are everybody's; returns them. */
  releaseHeld(seat: Seat): Waiting[] {
    const released: Waiting[] = [];
    const kept: Waiting[] = [];
    for (let held = seat.held.first(); held; held = seat.held.first()) {
      const keep = willCome(seat) && mayTake(this.#core, seat, held);
      if (keep) {
        seat.held.remove(held);
        kept.push(held);
      } else {
        this.#room.hold(held, null);
        released.push(held);
      }
    }
    for (const held of kept) seat.held.add(held);
    return released;
  }

  /**
   * Whoever is rung for these calls and may not have them any more is let go; then everybody finds each other anew. For what
   * changed at one instant: agents who may take other calls, calls that ask for other agents.
   */
  settle(seats: Iterable<Seat>, calls: Iterable<Waiting>): void {
    const agents = new Set(seats);
    const touched = new Set(calls);
    for (const seat of agents) {
      if (seat.offer) touched.add(seat.offer);
      for (const held of this.releaseHeld(seat)) touched.add(held);
    }
    for (const waiting of touched) {
      const rung = waiting.offers.size > 0;
      for (const seat of [...waiting.offers]) {
        if (mayTake(this.#core, seat, waiting)) continue;
        this.withdraw(seat);
        this.#roster.move(seat, ['withdraw']);
        agents.add(seat);
      }
      if (waiting.offers.size > 0) continue;
      if (waiting.overdue) this.overflow(waiting, 'waited-too-long');
      else if (rung) this.toHead(waiting);
    }
    for (const { heldFor } of touched) if (heldFor) agents.add(heldFor);
    const lines = new Set([...touched].map(({ line }) => line));
    for (const { members } of agents) for (const { line } of members) lines.add(line);
    this.rematch(lines, agents);
  }

  /** These calls wait for anybody again. */
  goOn(calls: readonly Waiting[]): void {
    const [one, ...others] = calls;
    if (one && others.length === 0) this.findAgents(one);
    else if (one) this.rematch(new Set(calls.map(({ line }) => line)));
  }
}

function willCome({ state }: Seat): boolean {
  return state !== 'offline' && state !== 'not-ready';
}

/** The calls that ring and may ring at more, in order; a copy, since ringing at more takes them out. */
function inOrder(shelves: Iterable<Shelf>): Waiting[] {
  const ringing = [...shelves].flatMap((shelf) =>
    shelf.ringing.size === 0 ? [] : [...shelf.calls].filter((waiting) => shelf.ringing.has(waiting)),
  );
  return ringing.sort((a, b) => (servedBefore(a, b) ? -1 : 1));
}
