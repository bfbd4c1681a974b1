// What agents say, and their clocks: sign-in, ready, breaks, calls that came through no queue, after-call work. Each method answers
// false when it is impossible now.

import type { CallId } from '../../shared/ids.ts';
import type { AgentFacts } from '../agent.ts';
import type { AgentTrigger } from '../agent-states.ts';
import type { Core } from './books/core.ts';
import type { Seat } from './books/line.ts';
import type { Roster } from './books/roster.ts';
import type { Pairing } from './pairing.ts';

export class AgentInputs {
  readonly #core: Core;
  readonly #roster: Roster;
  readonly #pairing: Pairing;

  constructor(core: Core, roster: Roster, pairing: Pairing) {
    this.#core = core;
    this.#roster = roster;
    this.#pairing = pairing;
  }

  signedIn(facts: AgentFacts): boolean {
    const seat = this.#roster.open(facts);
    this.factsChanged(seat, facts);
    // Signed out and in again during a call: not-ready afterwards, as after every sign-in.
    if (seat.nextState === 'offline') seat.nextState = 'not-ready';
    return this.#roster.move(seat, ['signIn']);
  }

  factsChanged(seat: Seat, facts: AgentFacts): boolean {
    this.#roster.setFacts(seat, facts);
    this.#pairing.settle([seat], []);
    return true;
  }

  ready(seat: Seat): boolean {
    const was = seat.state;
    if (!this.#roster.move(seat, ['ready'])) return false;
    seat.nextState = null;
    seat.nextBecause = null;
    if (was !== 'available') this.#pairing.findCall(seat);
    return true;
  }

  /** Not ready or signed out: what is offered goes back, what is talked about is finished first. */
  stopped(seat: Seat, trigger: 'notReady' | 'signOut', because: string | null): boolean {
    const offer = seat.offer ? this.#pairing.withdraw(seat) : null;
    if (!this.#roster.move(seat, [trigger], because)) return false;
    if (seat.state === 'not-ready') {
      // Asked for by the agent: nobody returns from it by itself.
      seat.returnsAt = null;
      this.#core.agenda.set(seat.clock, null);
    }
    const released = this.#pairing.releaseHeld(seat);
    this.#pairing.goOn([...(offer ? this.#pairing.cameBack(offer) : []), ...released]);
    if (seat.state !== 'on-call') return true;
    // Who signed out stays signed out, whatever a page still open asks for.
    if (seat.nextState === 'offline' && trigger === 'notReady') return true;
    seat.nextState = trigger === 'signOut' ? 'offline' : 'not-ready';
    seat.nextBecause = because;
    return true;
  }

  callStarted(seat: Seat, callId: CallId): boolean {
    const { state, because } = seat;
    if (!this.#roster.move(seat, ['callStart'])) return false;
    seat.callId = callId;
    // A call made on a break does not end the break.
    if (state === 'not-ready') {
      seat.nextState = 'not-ready';
      seat.nextBecause = because;
    }
    return true;
  }

  callEnded(seat: Seat, callId: CallId, afterCallWorkSeconds: number): boolean {
    if (seat.state !== 'on-call' || seat.callId !== callId) return false;
    // Who signed out has no desk to do after-call work at.
    if (!(afterCallWorkSeconds > 0) || seat.nextState === 'offline') {
      this.rest(seat, ['callEnd']);
      return true;
    }
    this.#roster.move(seat, ['callEnd']);
    seat.callId = null;
    seat.afterCallWorkEndsAt = this.#core.now + afterCallWorkSeconds * 1000;
    this.#core.agenda.set(seat.clock, seat.afterCallWorkEndsAt);
    return true;
  }

  /** After the work: to the state asked for meanwhile, else available. */
  rest(seat: Seat, before: readonly AgentTrigger[]): void {
    if (seat.nextState === 'offline') this.#roster.move(seat, [...before, 'signOut']);
    else if (seat.nextState === 'not-ready') this.#roster.move(seat, [...before, 'notReady'], seat.nextBecause);
    else this.#roster.move(seat, [...before, 'finish']);
    this.#pairing.goOn(this.#pairing.releaseHeld(seat));
    this.#pairing.findCall(seat);
  }
}
