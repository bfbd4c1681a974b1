// Calls that may not join, and calls that may not stay: the admission rules (admission.ts) as they are true of a queue now.
// Time that is up is the waiting room's; here is length, expectation, and who is there.

import type { OverflowReason } from './admission.ts';
import { lacksPresence, mayNotJoin } from './admission.ts';
import type { Core } from './books/core.ts';
import { type Line, type Shelf, servedBefore, type Waiting } from './books/line.ts';
import type { WaitingRoom } from './books/waiting-room.ts';
import { presentFor } from './matching.ts';
import { expectedWaitMs } from './measures/pace.ts';
import type { Pairing } from './pairing.ts';
import type { AcdSnapshot } from './snapshot.ts';

export class Overflow {
  readonly #core: Core;
  readonly #room: WaitingRoom;
  readonly #pairing: Pairing;

  constructor(core: Core, room: WaitingRoom, pairing: Pairing) {
    this.#core = core;
    this.#room = room;
    this.#pairing = pairing;
  }

  /** Why a call that has just come may not stay; null: it may. Whoever is rung for already may. */
  onJoining(waiting: Waiting, alwaysJoins: boolean): OverflowReason | null {
    const { line, call, demand } = waiting;
    if (call.callback || call.stays || waiting.offers.size > 0) return null;
    if (waiting.overdue) return 'waited-too-long';
    if (alwaysJoins) return null;
    return mayNotJoin(line.admission, {
      waiting: line.unserved - 1,
      expectedWaitMs: () => expectedWaitMs(line.pace, placeIn(waiting, line, servedBefore)),
      present: () => presentFor(this.#core, line, waiting, demand.lastSkills),
    });
  }

  // --- nobody there

  doubtEverywhere(): void {
    for (const { admission, shelves } of this.#core.lines.values())
      if (admission.stayWith !== 'always') for (const shelf of shelves.values()) this.#core.doubtful.add(shelf);
  }

  /** Looks again wherever somebody may have come or gone. */
  lookAround(): void {
    const { doubtful } = this.#core;
    for (const shelf of doubtful) {
      const lacks = this.#lacking(shelf);
      shelf.absentSince = lacks ? (shelf.absentSince ?? this.#core.now) : null;
      this.#setDue(shelf);
      if (shelf.due.at !== null && shelf.due.at <= this.#core.now) this.absentTooLong(shelf);
    }
    doubtful.clear();
  }

  /** Whoever of this shelf has waited so long for somebody to be there leaves. */
  absentTooLong(shelf: Shelf): void {
    const because = this.#lacking(shelf);
    if (!because) shelf.absentSince = null;
    for (let first = shelf.byJoining.first(); first && because; first = shelf.byJoining.first()) {
      if (leavesAt(shelf, first) > this.#core.now) break;
      this.#pairing.overflow(first, because);
    }
    this.#setDue(shelf);
    this.#room.keepPace(shelf.line, false);
  }

  absences(): AcdSnapshot['lines'][number]['absent'][] {
    return [...this.#core.lines.values()].map(({ shelves }) =>
      [...shelves.values()]
        .flatMap(({ demand, absentSince: since }): [string, number][] => (since === null ? [] : [[demand.key, since]]))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  restore(line: Line, absent: readonly [string, number][]): void {
    for (const [key, since] of absent) {
      const shelf = line.shelves.get(key);
      if (!shelf) continue;
      shelf.absentSince = since;
      this.#setDue(shelf);
    }
  }

  #lacking({ line, calls, demand }: Shelf): OverflowReason | null {
    const [one] = calls;
    return one ? lacksPresence(line.admission.stayWith, presentFor(this.#core, line, one, demand.lastSkills)) : null;
  }

  #setDue(shelf: Shelf): void {
    const first = shelf.absentSince === null ? undefined : shelf.byJoining.first();
    this.#core.agenda.set(shelf.due, first ? leavesAt(shelf, first) : null);
  }
}

function leavesAt({ absentSince, line }: Shelf, { joinedAt }: Waiting): number {
  return Math.max(absentSince ?? joinedAt, joinedAt) + line.admission.absenceSeconds * 1000;
}

/** 1 for the first. */
export function placeIn(waiting: Waiting, { calls }: Line, before: (a: Waiting, b: Waiting) => boolean): number {
  let place = 1;
  for (const other of calls.values()) if (other !== waiting && before(other, waiting)) place += 1;
  return place;
}
