// What an ACD knows, as plain data that JSON carries: for a node that joins late, and for a new start from what is true.
// An ACD restored from it answers every further input as the one that it was taken from. Plain data only: the indices are made
// anew by the restoring side (distributor.ts, roster.ts).

import type { PersonId } from '../../shared/ids.ts';
import type { AgentView } from '../agent.ts';
import type { WaitingCall } from './acd.ts';

export interface AcdSnapshot {
  /** How many calls have ever entered a queue, and how many places in the order of the idle were given. */
  arrivals: number;
  idlePlaces: number;
  seats: SeatSnapshot[];
  calls: CallSnapshot[];
}

export interface SeatSnapshot extends AgentView {
  idlePlace: number;
  nextBecause: string | null;
  deadlineAt: number | null;
}

export interface CallSnapshot {
  call: WaitingCall;
  arrival: number;
  returned: boolean;
  /** Whom it reserves or alerts. */
  offeredTo: PersonId | null;
  refused: PersonId[];
}
