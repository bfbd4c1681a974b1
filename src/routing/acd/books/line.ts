// One queue as the ACD keeps it. Calls of one demand stand on one shelf (demand.ts), agents who are equal to every call stand in one
// group: same standing by the policy, same skills, same tier. Finding the next call or the next agent looks at the first of each
// shelf or group, however many wait.
// Does not decide who may take what; matching.ts does.

import type { AgentState } from '../../../shared/events.ts';
import type { CallId, PersonId } from '../../../shared/ids.ts';
import type { AgentView } from '../../agent.ts';
import { agentStates } from '../../agent-states.ts';
import type { CallFacts } from '../../policy/policy.ts';
import type { QueueSettings, QueueView, Strategy, WaitingCall } from '../acd.ts';
import { openAdmission } from '../admission.ts';
import type { Demand } from '../measures/demand.ts';
import { idleRank, type Occupied } from '../measures/occupied-share.ts';
import { noPace, type Pace } from '../measures/pace.ts';
import type { Due } from './agenda.ts';
import { createIndexedHeap, type IndexedHeap } from './indexed-heap.ts';

/** Work done, counted for tests: how often two items were compared, and how many were looked at for a decision. */
export interface Effort {
  comparisons: number;
  candidates: number;
}

/** A call in a queue, waiting or offered. */
export interface Waiting {
  call: WaitingCall;
  /** As the policy is asked: with the queue. */
  facts: CallFacts;
  line: Line;
  /** Breaks ties: calls of the same millisecond keep the order of arrival. */
  arrival: number;
  priority: number;
  placeSince: number;
  joinedAt: number;
  /** It was offered and came back, and goes before all that were not. */
  returned: boolean;
  /** Whom it reserves or alerts. */
  offers: Set<Seat>;
  refused: Set<PersonId>;
  demand: Demand;
  /** Where it stands (or would, while it is offered or held). */
  shelf: Shelf | null;
  /** Held for this agent. */
  heldFor: Seat | null;
  /** It has waited too long, and overflows unless an agent whom it rings answers. */
  overdue: boolean;
  due: Due;
}

/** An agent as the ACD keeps it: the view, and what nobody else needs. */
export interface Seat extends AgentView {
  members: Member[];
  /** The skills as one text. */
  profile: string;
  /** Breaks ties between agents idle since the same millisecond. */
  idlePlace: number;
  nextBecause: string | null;
  unanswered: number;
  callsTaken: number;
  occupied: Occupied;
  /** The call that reserves or alerts; null in every other state. */
  offer: Waiting | null;
  /** Calls that wait for this agent alone. */
  held: IndexedHeap<Waiting>;
  /** Lease, after-call work, or the return of who did not answer. */
  clock: Due;
  standingEnds: Due;
}

/** An agent in one queue. */
export interface Member {
  seat: Seat;
  line: Line;
  tier: number;
  /** Counts up in each queue; who has the lowest had the last turn longest ago. */
  turn: number;
  group: Group | null;
  groupKey: string;
}

export interface Group {
  tier: number;
  members: Set<Member>;
  free: IndexedHeap<Member>;
  signedIn: number;
  ready: number;
}

export interface Shelf {
  line: Line;
  demand: Demand;
  waiting: IndexedHeap<Waiting>;
  /** Ring-all: rung for already, and more agents may be. */
  ringing: IndexedHeap<Waiting>;
  /** All of this demand, those offered or held included. */
  calls: Set<Waiting>;
  /** Only if the queue asks for somebody to be there: those who may leave, and since when nobody is there. */
  byJoining: IndexedHeap<Waiting>;
  absentSince: number | null;
  due: Due;
}

export interface Line {
  settings: Required<QueueSettings>;
  /** How many agents one call may ring at once. */
  atOnce: number;
  admission: typeof openAdmission;
  shelves: Map<string, Shelf>;
  groups: Map<string, Group>;
  /** Everybody in this queue, waiting or offered. */
  calls: Map<CallId, Waiting>;
  /** Of `calls`, those for whom nobody is rung, call backs not counted. */
  unserved: number;
  callbacks: number;
  oldest: IndexedHeap<Waiting>;
  agents: Record<AgentState, number>;
  turns: number;
  pace: Pace;
  newHeap(): IndexedHeap<Waiting>;
  newHeapByJoining(): IndexedHeap<Waiting>;
  newGroup(tier: number): Group;
}

/** True if `a` is to be served before `b`: returned calls, then priority, then age. */
export function servedBefore(a: Waiting, b: Waiting): boolean {
  if (a.returned !== b.returned) return a.returned;
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.placeSince !== b.placeSince) return a.placeSince < b.placeSince;
  return a.arrival < b.arrival;
}

function enteredBefore(a: Waiting, b: Waiting): boolean {
  if (a.call.enteredAt !== b.call.enteredAt) return a.call.enteredAt < b.call.enteredAt;
  return a.arrival < b.arrival;
}

function joinedBefore(a: Waiting, b: Waiting): boolean {
  return a.joinedAt < b.joinedAt || (a.joinedAt === b.joinedAt && a.arrival < b.arrival);
}

const firstBy: Record<Strategy, (member: Member) => number> = {
  'longest-idle': () => 0,
  'ring-all': () => 0,
  'round-robin': ({ turn }) => turn,
  'least-occupied': ({ seat }) => idleRank(seat.occupied),
  'fewest-calls': ({ seat }) => seat.callsTaken,
};

/** True if `a` is asked before `b`, both being free: tier, strategy, idle time. */
export function askedBefore(strategy: Strategy): (a: Member, b: Member) => boolean {
  const rank = firstBy[strategy];
  return (a, b) => {
    if (a.tier !== b.tier) return a.tier < b.tier;
    const [first, second] = [rank(a), rank(b)];
    if (first !== second) return first < second;
    if (a.seat.idleSince !== b.seat.idleSince) return a.seat.idleSince < b.seat.idleSince;
    return a.seat.idlePlace < b.seat.idlePlace;
  };
}

export function createLine(given: QueueSettings, effort: Effort): Line {
  const settings = {
    strategy: 'longest-idle' as const,
    ringAtOnce: 10,
    priority: 0,
    tierWaitSeconds: 0,
    relaxSkillsEverySeconds: 0,
    noAnswer: {},
    rejected: {},
    admission: {},
    ...given,
  };
  const counted =
    <T>(before: (a: T, b: T) => boolean) =>
    (a: T, b: T) => {
      effort.comparisons += 1;
      return before(a, b);
    };
  const asked = counted(askedBefore(settings.strategy));
  const served = counted(servedBefore);
  return {
    settings,
    atOnce: settings.strategy === 'ring-all' ? Math.max(1, settings.ringAtOnce) : 1,
    admission: { ...openAdmission, ...settings.admission },
    shelves: new Map(),
    groups: new Map(),
    calls: new Map(),
    unserved: 0,
    callbacks: 0,
    oldest: createIndexedHeap<Waiting>(counted(enteredBefore)),
    agents: Object.fromEntries(agentStates.map((state) => [state, 0])) as Record<AgentState, number>,
    turns: 0,
    pace: noPace,
    newHeap: () => createIndexedHeap<Waiting>(served),
    newHeapByJoining: () => createIndexedHeap<Waiting>(counted(joinedBefore)),
    newGroup: (tier) => ({ tier, members: new Set(), free: createIndexedHeap<Member>(asked), signedIn: 0, ready: 0 }),
  };
}

export function lineView(line: Line, nowMs: number): QueueView {
  const oldest = line.oldest.first();
  return {
    name: line.settings.name,
    waiting: line.calls.size,
    callbacks: line.callbacks,
    longestWaitMs: oldest ? Math.max(0, nowMs - oldest.call.enteredAt) : 0,
    agents: { ...line.agents },
  };
}
