// What an ACD knows, as plain data that JSON carries: for a node that joins late, and for a new start from what is true.
// An ACD restored from it answers every further input as the one that it was taken from. Plain data only: the indices are made
// anew by the restoring side (distributor.ts, roster.ts).

import type { PersonId } from '../../shared/ids.ts';
import type { AgentView } from '../agent.ts';
import type { Operation, PolicySource } from '../policy/policy.ts';
import type { WaitingCall } from './acd.ts';
import type { Occupied } from './measures/occupied-share.ts';
import type { Pace } from './measures/pace.ts';

export interface AcdSnapshot {
  /** When the last input was applied. */
  atMs: number;
  policy: PolicySource;
  operation: Operation;
  /** How many calls have ever entered a queue, and how many places in the order of the idle were given. */
  arrivals: number;
  idlePlaces: number;
  seats: SeatSnapshot[];
  calls: CallSnapshot[];
  lines: LineSnapshot[];
}

export interface SeatSnapshot extends AgentView {
  idlePlace: number;
  nextBecause: string | null;
  deadlineAt: number | null;
  /** How many calls in a row were not answered, and how many were since sign-in. */
  unanswered: number;
  callsTaken: number;
  occupied: Occupied;
  /** The turn in each queue of the agent, in the order of `queues`. */
  turns: number[];
}

export interface CallSnapshot {
  call: WaitingCall;
  arrival: number;
  joinedAt: number;
  returned: boolean;
  /** Whom it reserves or alerts; several with ring-all. */
  offeredTo: PersonId[];
  refused: PersonId[];
  /** Held for the preferred agent. */
  held: boolean;
  overdue: boolean;
}

export interface LineSnapshot {
  name: string;
  turns: number;
  pace: Pace;
  /** Since when nobody is there for calls of this demand. */
  absent: [demand: string, since: number][];
}
