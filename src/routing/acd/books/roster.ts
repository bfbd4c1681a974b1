// The agents of the ACD: their states, in which group of which queue each stands, and who is free. States change in `move`
// alone, along agent-states.ts.
//
// What is true between inputs: `offer` is set exactly in reserved and alerting; `clock` runs exactly in these, in after-call work,
// and in not-ready for who returns by itself; a member is in `group.free` exactly while its agent is available.
// Does not know calls beyond the one offered; pairing.ts pairs.

import type { AgentState } from '../../../shared/events.ts';
import type { PersonId } from '../../../shared/ids.ts';
import { type AgentFacts, type AgentView, factsOfAgent } from '../../agent.ts';
import { type AgentTrigger, nextAgentState } from '../../agent-states.ts';
import { highestTier } from '../measures/demand.ts';
import { nowDoing, type Occupied } from '../measures/occupied-share.ts';
import type { SeatSnapshot } from '../snapshot.ts';
import type { Core } from './core.ts';
import { createIndexedHeap } from './indexed-heap.ts';
import { type Line, type Member, type Seat, servedBefore } from './line.ts';

export class Roster {
  readonly seats = new Map<PersonId, Seat>();
  readonly #core: Core;
  #places = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The seat of this person, made offline if there was none. */
  open(facts: AgentFacts): Seat {
    const known = this.seats.get(facts.personId);
    if (known) return known;
    const { now } = this.#core;
    const seat = newSeat({
      ...factsOf(facts),
      ...{ state: 'offline', stateSince: now, because: null, callId: null, afterCallWorkEndsAt: null, returnsAt: null },
      ...{ idleSince: now, nextState: null, idlePlace: 0, nextBecause: null, deadlineAt: null, unanswered: 0 },
      ...{ callsTaken: 0, occupied: { share: 0, atMs: now, doing: 'away' }, turns: [] },
    });
    this.seats.set(facts.personId, seat);
    return seat;
  }

  setFacts(seat: Seat, facts: AgentFacts): void {
    this.#unlist(seat);
    for (const name of optionalFacts) delete seat[name];
    Object.assign(seat, factsOf(facts));
    seat.profile = profileOf(seat);
    const before = new Map(seat.members.map((member) => [member.line, member]));
    seat.members = this.#membersOf(seat, (line) => before.get(line)?.turn ?? line.turns++);
    this.rekey(seat);
  }

  /** Its standing anew: the rules, the facts or the time have changed. */
  rekey(seat: Seat): void {
    const { agenda, policy, operation, now } = this.#core;
    const { key, untilMs } = policy.standing(seat, operation, now);
    const keyOf = ({ tier }: Member) => `${tier} ${key} ${seat.profile}`;
    if (seat.members.some((member) => member.group === null || member.groupKey !== keyOf(member))) {
      this.#unlist(seat);
      for (const member of seat.members) member.groupKey = keyOf(member);
      this.#list(seat);
    }
    // A rule that says it ends now would never let the time go on.
    agenda.set(seat.standingEnds, untilMs === null ? null : Math.max(untilMs, now + 1));
  }

  /**
   * Goes through these triggers at one instant, and reports where they lead as one change of state.
   * False, and nothing changed, if the table forbids it.
   */
  move(seat: Seat, triggers: readonly AgentTrigger[], because: string | null = null): boolean {
    const from = seat.state;
    let to: AgentState | undefined = from;
    for (const trigger of triggers) to = to && nextAgentState(to, trigger);
    if (to === undefined) return false;
    // Asked for the state it is in: at most the reason of not-ready is new.
    const renamed = to === 'not-ready' && triggers.includes('notReady') && seat.because !== because;
    if (to === from && !renamed) return true;
    if (to !== from) this.#enter(seat, to, triggers.includes('withdraw'));
    seat.because = because;
    this.#core.effects.push({ kind: 'agentState', personId: seat.personId, from, to, because });
    return true;
  }

  get idlePlaces(): number {
    return this.#places;
  }

  /** Puts seats back as they were; only into an empty roster. */
  restore(seats: readonly SeatSnapshot[], idlePlaces: number): void {
    for (const kept of seats) {
      const seat = newSeat(kept);
      this.seats.set(seat.personId, seat);
      const turns = new Map(seat.queues.map((name, i) => [name, kept.turns[i] ?? 0]));
      seat.members = this.#membersOf(seat, (line) => turns.get(line.settings.name) ?? 0);
      this.rekey(seat);
      this.#core.agenda.set(seat.clock, kept.deadlineAt);
    }
    this.#places = idlePlaces;
  }

  #membersOf(seat: Seat, turn: (line: Line) => number): Member[] {
    return seat.queues.flatMap((name) => {
      const line = this.#core.lines.get(name);
      if (!line) return [];
      const tier = Math.min(highestTier, Math.max(0, Math.trunc(seat.tiers?.[name] ?? 0) || 0));
      return [{ seat, line, tier, turn: turn(line), group: null, groupKey: '' }];
    });
  }

  #enter(seat: Seat, to: AgentState, keepsIdlePlace: boolean): void {
    const { agenda, now } = this.#core;
    this.#tally(seat, -1);
    if (seat.state === 'offline') {
      Object.assign(seat, { unanswered: 0, callsTaken: 0, occupied: { share: 0, atMs: now, doing: 'away' } });
      for (const member of seat.members) member.turn = member.line.turns++;
    }
    seat.state = to;
    seat.stateSince = now;
    seat.occupied = nowDoing(seat.occupied, doingIn[to], now);
    agenda.set(seat.clock, null);
    seat.afterCallWorkEndsAt = null;
    seat.returnsAt = null;
    if (to === 'available' || to === 'not-ready' || to === 'offline') {
      seat.callId = null;
      seat.nextState = null;
      seat.nextBecause = null;
    }
    if (to === 'available' && !keepsIdlePlace) {
      seat.idleSince = now;
      seat.idlePlace = this.#places++;
    }
    this.#tally(seat, 1);
  }

  /** Into its groups, made if need be. */
  #list(seat: Seat): void {
    for (const member of seat.members) {
      const { line, tier, groupKey } = member;
      let group = line.groups.get(groupKey);
      if (!group) {
        group = line.newGroup(tier);
        line.groups.set(groupKey, group);
      }
      member.group = group;
      group.members.add(member);
    }
    this.#tally(seat, 1);
  }

  #unlist(seat: Seat): void {
    this.#tally(seat, -1);
    for (const member of seat.members) {
      const { line, group, groupKey } = member;
      member.group = null;
      group?.members.delete(member);
      if (group?.members.size === 0) line.groups.delete(groupKey);
    }
  }

  /** Counts a seat in or out of its groups, by its state. */
  #tally(seat: Seat, by: 1 | -1): void {
    const { state } = seat;
    for (const member of seat.members) {
      const { line, group } = member;
      if (!group) continue;
      line.agents[state] += by;
      if (state !== 'offline') group.signedIn += by;
      if (state !== 'offline' && state !== 'not-ready') group.ready += by;
      if (state === 'available' && by === 1) group.free.add(member);
      else group.free.remove(member);
      if (line.admission.stayWith === 'always' || (group.signedIn > 1 && group.ready > 1)) continue;
      for (const shelf of line.shelves.values()) this.#core.doubtful.add(shelf);
    }
  }
}

const doingIn: Record<AgentState, Occupied['doing']> = {
  offline: 'away',
  'not-ready': 'away',
  available: 'idle',
  reserved: 'idle',
  alerting: 'idle',
  'on-call': 'working',
  'after-call-work': 'working',
};

const optionalFacts = [
  'employment',
  'employedSince',
  'trainings',
  'pledge',
  'device',
  'connectionCheck',
  'keptAway',
  'skills',
  'tiers',
] as const;

/** Facts as routing keeps them: each queue once. */
function factsOf(facts: AgentFacts): AgentFacts {
  return { ...factsOfAgent(facts), queues: [...new Set(facts.queues)] };
}

function profileOf({ skills = {} }: AgentFacts): string {
  return JSON.stringify(Object.entries(skills).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function newSeat(kept: SeatSnapshot): Seat {
  const { deadlineAt: _, turns: __, ...rest } = kept;
  const { personId } = kept;
  // Made in two steps, because what is due says whose it is.
  const seat = { ...rest, members: [], profile: profileOf(kept), offer: null } as unknown as Seat;
  seat.held = createIndexedHeap(servedBefore);
  seat.clock = { at: null, name: `3 clock ${personId}`, what: { kind: 'clock', seat } };
  seat.standingEnds = { at: null, name: `1 standing ${personId}`, what: { kind: 'standing', seat } };
  return seat;
}

export function seatSnapshot(seat: Seat): SeatSnapshot {
  const { idlePlace, nextBecause, clock, unanswered, callsTaken, occupied, members } = seat;
  const turns = new Map(members.map(({ line, turn }) => [line.settings.name, turn]));
  return {
    ...viewOf(seat),
    ...{ idlePlace, nextBecause, deadlineAt: clock.at, unanswered, callsTaken, occupied: { ...occupied } },
    turns: seat.queues.map((name) => turns.get(name) ?? 0),
  };
}

export function viewOf(seat: Seat): AgentView {
  const { state, stateSince, because, callId, afterCallWorkEndsAt, returnsAt, idleSince, nextState, nextBecause } =
    seat;
  return {
    ...factsOfAgent(seat),
    ...{ state, stateSince, because, callId, afterCallWorkEndsAt, returnsAt, idleSince, nextState, nextBecause },
  };
}
