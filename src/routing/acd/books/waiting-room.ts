// The calls of the ACD: in which queue and on which shelf each stands, whom it is offered to. A call stands in exactly one index:
//
//   shelf.waiting   nobody is rung for it                shelf.ringing   ring-all, and more agents may be rung
//   seat.held       it waits for one agent alone         none            as many are rung for it as may be
//
// What decides its place may change only between `lift` and `place`. Does not choose agents; pairing.ts does.

import type { CallId } from '../../../shared/ids.ts';
import type { WaitingCall } from '../acd.ts';
import { demandChangesAt, demandOf, relaxing } from '../measures/demand.ts';
import { paceAfter } from '../measures/pace.ts';
import type { CallSnapshot } from '../snapshot.ts';
import type { Core } from './core.ts';
import type { Line, Seat, Shelf, Waiting } from './line.ts';

export class WaitingRoom {
  /** Everybody in a queue, waiting or offered. */
  readonly calls = new Map<CallId, Waiting>();
  readonly #core: Core;
  arrivals = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Takes a call in, on its shelf. */
  enter(call: WaitingCall, line: Line): Waiting {
    const waiting = this.#create(call, line, this.arrivals++);
    this.#enlist(waiting);
    return waiting;
  }

  /** What is known of the call has changed; its place in the order stays. */
  update(waiting: Waiting, call: WaitingCall): void {
    const { line } = waiting;
    this.lift(waiting);
    line.oldest.remove(waiting);
    line.callbacks += Number(call.callback ?? false) - Number(waiting.call.callback ?? false);
    Object.assign(waiting, ranksOf(call, line));
    waiting.overdue = this.#isOverdue(waiting);
    line.oldest.add(waiting);
    this.place(waiting);
    this.#setDue(waiting);
  }

  /** Takes a call out of its queue. Nobody may be rung for it any more. */
  forget(waiting: Waiting): void {
    const { line, call } = waiting;
    this.lift(waiting);
    const { shelf } = waiting;
    this.calls.delete(call.callId);
    line.calls.delete(call.callId);
    line.oldest.remove(waiting);
    if (call.callback) line.callbacks -= 1;
    if (shelf) this.#leaveShelf(waiting, shelf);
    this.#core.agenda.set(waiting.due, null);
  }

  lift(waiting: Waiting): void {
    const { shelf, heldFor, line } = waiting;
    shelf?.waiting.remove(waiting);
    shelf?.ringing.remove(waiting);
    heldFor?.held.remove(waiting);
    if (this.#counts(waiting)) line.unserved -= 1;
  }

  place(waiting: Waiting): void {
    const { line, heldFor, offers, overdue } = waiting;
    const shelf = this.#toShelf(waiting);
    if (this.#counts(waiting)) line.unserved += 1;
    if (offers.size === 0) (heldFor ? heldFor.held : shelf.waiting).add(waiting);
    else if (offers.size < line.atOnce && !heldFor && !overdue) shelf.ringing.add(waiting);
  }

  /** The time of its next change has come: what it asks for is looked at anew. */
  renew(waiting: Waiting): void {
    this.lift(waiting);
    const { call, heldFor } = waiting;
    if (heldFor && call.preferred && this.#core.now >= preferenceEndsAt(call)) waiting.heldFor = null;
    waiting.overdue ||= this.#isOverdue(waiting);
    this.place(waiting);
    this.#setDue(waiting);
  }

  /** Held for this agent until the preference ends. */
  hold(waiting: Waiting, seat: Seat | null): void {
    this.lift(waiting);
    waiting.heldFor = seat;
    this.place(waiting);
    this.#setDue(waiting);
  }

  /** How fast the queue is served. */
  keepPace(line: Line, answered: boolean): void {
    const { unserved: waiting, calls } = line;
    line.pace = paceAfter(line.pace, { atMs: this.#core.now, waiting, callers: calls.size }, answered);
  }

  snapshot(): CallSnapshot[] {
    return [...this.calls.values()].map(({ call, arrival, joinedAt, returned, offers, refused, heldFor, overdue }) => ({
      ...{ call: { ...call }, arrival, joinedAt, returned, overdue, held: heldFor !== null },
      offeredTo: [...offers].map(({ personId }) => personId),
      refused: [...refused],
    }));
  }

  restore(kept: CallSnapshot, line: Line, seatOf: (personId: string) => Seat | undefined): void {
    const waiting = this.#create({ ...kept.call }, line, kept.arrival);
    waiting.joinedAt = kept.joinedAt;
    waiting.returned = kept.returned;
    waiting.overdue = kept.overdue;
    waiting.refused = new Set(kept.refused);
    waiting.heldFor = (kept.held && kept.call.preferred && seatOf(kept.call.preferred.personId)) || null;
    for (const personId of kept.offeredTo) {
      const seat = seatOf(personId);
      if (!seat) continue;
      seat.offer = waiting;
      waiting.offers.add(seat);
    }
    this.#enlist(waiting);
  }

  // --- within

  #create(call: WaitingCall, line: Line, arrival: number): Waiting {
    const waiting = {
      line,
      arrival,
      returned: false,
      overdue: false,
      shelf: null,
      heldFor: null,
    } as unknown as Waiting;
    Object.assign(waiting, ranksOf(call, line));
    waiting.joinedAt = this.#core.now;
    waiting.overdue = this.#isOverdue(waiting);
    waiting.offers = new Set();
    waiting.refused = new Set();
    waiting.due = { at: null, name: `1 call ${call.callId}`, what: { kind: 'waiting', waiting } };
    return waiting;
  }

  #enlist(waiting: Waiting): void {
    const { call, line } = waiting;
    this.calls.set(call.callId, waiting);
    line.calls.set(call.callId, waiting);
    line.oldest.add(waiting);
    if (call.callback) line.callbacks += 1;
    this.place(waiting);
    this.#setDue(waiting);
  }

  /** A call that nobody is rung for, and somebody waits on the line. */
  #counts({ offers, call }: Waiting): boolean {
    return offers.size === 0 && !call.callback;
  }

  #toShelf(waiting: Waiting): Shelf {
    const { call, facts, line } = waiting;
    const { policy, now } = this.#core;
    const demand = demandOf(call, facts, { policy, tierWaitSeconds: line.settings.tierWaitSeconds, nowMs: now });
    waiting.demand = demand;
    const before = waiting.shelf;
    if (before?.demand.key === demand.key && before.byJoining.has(waiting) === this.#mayLeave(waiting)) return before;
    if (before) this.#leaveShelf(waiting, before);
    let shelf = line.shelves.get(demand.key);
    if (!shelf) {
      shelf = this.#newShelf(line, waiting);
      line.shelves.set(demand.key, shelf);
    }
    shelf.calls.add(waiting);
    waiting.shelf = shelf;
    if (line.admission.stayWith !== 'always') this.#core.doubtful.add(shelf);
    if (this.#mayLeave(waiting)) shelf.byJoining.add(waiting);
    // Nobody came by its asking for less.
    if (before && before.absentSince !== null && before.demand.lastKey === demand.lastKey)
      shelf.absentSince = Math.min(shelf.absentSince ?? before.absentSince, before.absentSince);
    return shelf;
  }

  /** It leaves when nobody is there. */
  #mayLeave({ call, line }: Waiting): boolean {
    return line.admission.stayWith !== 'always' && !call.callback && !call.stays;
  }

  #newShelf(line: Line, { demand }: Waiting): Shelf {
    const shelf = {
      line,
      demand,
      waiting: line.newHeap(),
      ringing: line.newHeap(),
      absentSince: null,
    } as unknown as Shelf;
    shelf.calls = new Set();
    shelf.byJoining = line.newHeapByJoining();
    shelf.due = { at: null, name: `2 absence ${line.settings.name} ${demand.key}`, what: { kind: 'absence', shelf } };
    return shelf;
  }

  #leaveShelf(waiting: Waiting, shelf: Shelf): void {
    shelf.calls.delete(waiting);
    shelf.byJoining.remove(waiting);
    waiting.shelf = null;
    if (shelf.calls.size > 0) return;
    shelf.line.shelves.delete(shelf.demand.key);
    this.#core.agenda.set(shelf.due, null);
    this.#core.doubtful.delete(shelf);
  }

  #isOverdue(waiting: Waiting): boolean {
    const most = this.#mostWaitMs(waiting);
    return most !== null && this.#core.now >= waiting.call.enteredAt + most;
  }

  #mostWaitMs({ call, line }: Waiting): number | null {
    if (call.callback || call.stays) return null;
    const seconds = call.mostWaitSeconds === undefined ? line.admission.mostWaitSeconds : call.mostWaitSeconds;
    return seconds === null ? null : seconds * 1000;
  }

  #setDue(waiting: Waiting): void {
    const { call, line, heldFor, overdue } = waiting;
    const { now, agenda } = this.#core;
    const most = this.#mostWaitMs(waiting);
    const times = [
      demandChangesAt(call, line.settings.tierWaitSeconds, now),
      heldFor && call.preferred ? preferenceEndsAt(call) : null,
      most !== null && !overdue ? call.enteredAt + most : null,
    ].filter((at) => at !== null);
    agenda.set(waiting.due, times.length > 0 ? Math.min(...times) : null);
  }
}

export function preferenceEndsAt({ enteredAt, preferred }: WaitingCall): number {
  return enteredAt + (preferred?.seconds ?? 0) * 1000;
}

/** What of a call decides its place. */
function ranksOf(call: WaitingCall, { settings }: Line): Pick<Waiting, 'call' | 'facts' | 'priority' | 'placeSince'> {
  const { skills } = call;
  return {
    call: skills ? { ...call, skills: relaxing(skills, settings.relaxSkillsEverySeconds) } : { ...call },
    facts: { ...call.facts, queue: settings.name },
    priority: call.priority + settings.priority,
    placeSince: Math.min(call.placeSince ?? call.enteredAt, call.enteredAt),
  };
}
