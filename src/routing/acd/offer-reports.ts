// What became of an offer: the softphone rings, somebody answered, or nobody did.

import type { AcdInput, UnansweredRule } from './acd.ts';
import type { Core } from './books/core.ts';
import type { Line, Seat, Waiting } from './books/line.ts';
import type { Roster } from './books/roster.ts';
import type { WaitingRoom } from './books/waiting-room.ts';
import { alertingGraceMs, type Pairing } from './pairing.ts';

const notReadyBecause = { timeout: 'no-answer', rejected: 'rejected', unreachable: 'no-softphone' } as const;
type Unanswered = keyof typeof notReadyBecause;

export class OfferReports {
  readonly #core: Core;
  readonly #roster: Roster;
  readonly #room: WaitingRoom;
  readonly #pairing: Pairing;

  constructor(core: Core, roster: Roster, room: WaitingRoom, pairing: Pairing) {
    this.#core = core;
    this.#roster = roster;
    this.#room = room;
    this.#pairing = pairing;
  }

  reported(input: Extract<AcdInput, { kind: 'alerting' | 'answered' | 'notAnswered' }>): boolean {
    const seat = this.#roster.seats.get(input.personId);
    if (!seat?.offer || seat.offer.call.callId !== input.callId) return false;
    if (input.kind === 'alerting') return this.#alerting(seat, input.moreSeconds ?? 0);
    if (input.kind === 'answered') return this.#answered(seat);
    this.#unanswered(seat, input.because, this.#pairing.takeOffer(seat));
    return true;
  }

  #answered(seat: Seat): boolean {
    const waiting = this.#pairing.takeOffer(seat);
    const { line } = waiting;
    seat.unanswered = 0;
    seat.callsTaken += 1;
    this.#hadTurn(seat, line);
    const freed = this.#pairing.letGo(waiting);
    this.#room.forget(waiting);
    this.#room.keepPace(line, true);
    this.#roster.move(seat, ['answer']);
    seat.callId = waiting.call.callId;
    if (freed.length > 0) this.#pairing.rematchAfter(freed, line);
    return true;
  }

  #hadTurn(seat: Seat, line: Line): void {
    const member = seat.members.find((one) => one.line === line);
    if (member) member.turn = line.turns++;
  }

  #alerting(seat: Seat, moreSeconds: number): boolean {
    // A second report does not lengthen the lease.
    if (seat.state === 'alerting') return true;
    const { ringTimeoutSeconds } = seat.offer!.line.settings;
    this.#roster.move(seat, ['alert']);
    const patienceMs = (ringTimeoutSeconds + moreSeconds) * 1000 + alertingGraceMs;
    this.#core.agenda.set(seat.clock, this.#core.now + patienceMs);
    return true;
  }

  /** Not free again at once: the call would come straight back to an agent whom it does not reach. */
  #unanswered(seat: Seat, because: Unanswered, waiting: Waiting): void {
    const { settings } = waiting.line;
    const rules: Record<Unanswered, UnansweredRule> = {
      timeout: settings.noAnswer,
      rejected: settings.rejected,
      unreachable: { signOutAfter: settings.noAnswer.signOutAfter ?? null },
    };
    const { returnAfterSeconds = null, signOutAfter = null } = rules[because];
    this.#hadTurn(seat, waiting.line);
    seat.unanswered += 1;
    if (signOutAfter !== null && seat.unanswered >= signOutAfter)
      this.#roster.move(seat, ['noAnswer', 'signOut'], notReadyBecause[because]);
    else {
      this.#roster.move(seat, ['noAnswer'], notReadyBecause[because]);
      if (returnAfterSeconds !== null) {
        seat.returnsAt = this.#core.now + Math.max(1, returnAfterSeconds) * 1000;
        this.#core.agenda.set(seat.clock, seat.returnsAt);
      }
    }
    const released = this.#pairing.releaseHeld(seat);
    this.#pairing.goOn([...this.#pairing.cameBack(waiting), ...released]);
  }

  /** Nobody reported the end of it. */
  lapsed(seat: Seat): void {
    this.#unanswered(seat, seat.state === 'reserved' ? 'unreachable' : 'timeout', this.#pairing.withdraw(seat));
  }
}
