// One queue as the ACD keeps it: who waits, by class of personal information; who is free, by clearance.
// Finding the next call or the next agent looks at the first of at most four small indices, however many wait.
// Does not decide who may take what; matching.ts does.

import type { AgentState, PiiClass } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import type { AgentView } from '../agent.ts';
import { agentStates } from '../agent-states.ts';
import type { QueueSettings, QueueView, WaitingCall } from './acd.ts';
import { createIndexedHeap, type IndexedHeap } from './indexed-heap.ts';

/** What a call asks of an agent. `unknown`: no reason was given. */
export const needs = ['none', 'personal', 'sensitive', 'unknown'] as const;
export type Need = (typeof needs)[number];

export const clearances = ['none', 'personal', 'sensitive'] as const satisfies readonly PiiClass[];

/** Work done, counted for tests: how often two items were compared, and how many were looked at for a decision. */
export interface Effort {
  comparisons: number;
  candidates: number;
}

/** A call in a queue, waiting or offered. */
export interface Waiting {
  call: WaitingCall;
  need: Need;
  line: Line;
  /** Breaks ties: calls that entered in the same millisecond keep the order of arrival. */
  arrival: number;
  /** It was offered and came back, and goes before all that were not. */
  returned: boolean;
  /** Null: waiting, and in `line.waiting`. */
  offeredTo: Seat | null;
  refused: Set<PersonId>;
}

/** An agent as the ACD keeps it: the view, and what nobody else needs. */
export interface Seat extends AgentView {
  lines: Line[];
  /** Breaks ties between agents idle since the same millisecond. */
  idlePlace: number;
  nextBecause: string | null;
  /** The call that reserves or alerts; null in every other state. */
  offer: Waiting | null;
  /** When the lease or after-call work runs out; null: nothing to wait for. */
  deadlineAt: number | null;
}

export interface Line {
  settings: QueueSettings;
  waiting: Record<Need, IndexedHeap<Waiting>>;
  free: Record<PiiClass, IndexedHeap<Seat>>;
  /** Everybody in this queue, waiting or offered. */
  calls: Map<CallId, Waiting>;
  oldest: IndexedHeap<Waiting>;
  agents: Record<AgentState, number>;
}

/** True if `a` is to be served before `b`: returned calls, then priority, then age. */
export function servedBefore(a: Waiting, b: Waiting): boolean {
  if (a.returned !== b.returned) return a.returned;
  if (a.call.priority !== b.call.priority) return a.call.priority > b.call.priority;
  return olderThan(a, b);
}

function olderThan(a: Waiting, b: Waiting): boolean {
  if (a.call.enteredAt !== b.call.enteredAt) return a.call.enteredAt < b.call.enteredAt;
  return a.arrival < b.arrival;
}

export function idleBefore(a: Seat, b: Seat): boolean {
  if (a.idleSince !== b.idleSince) return a.idleSince < b.idleSince;
  return a.idlePlace < b.idlePlace;
}

export function createLine(settings: QueueSettings, effort: Effort): Line {
  const counted =
    <T>(before: (a: T, b: T) => boolean) =>
    (a: T, b: T) => {
      effort.comparisons += 1;
      return before(a, b);
    };
  const callHeap = () => createIndexedHeap<Waiting>(counted(servedBefore));
  const seatHeap = () => createIndexedHeap<Seat>(counted(idleBefore));
  return {
    settings,
    waiting: { none: callHeap(), personal: callHeap(), sensitive: callHeap(), unknown: callHeap() },
    free: { none: seatHeap(), personal: seatHeap(), sensitive: seatHeap() },
    calls: new Map(),
    oldest: createIndexedHeap<Waiting>(counted(olderThan)),
    agents: noAgents(),
  };
}

function noAgents(): Record<AgentState, number> {
  return Object.fromEntries(agentStates.map((state) => [state, 0])) as Record<AgentState, number>;
}

export function lineView(line: Line, nowMs: number): QueueView {
  const oldest = line.oldest.first();
  return {
    name: line.settings.name,
    waiting: line.calls.size,
    longestWaitMs: oldest ? Math.max(0, nowMs - oldest.call.enteredAt) : 0,
    agents: { ...line.agents },
  };
}
