// What the parts of the distributor share while an input is applied: the rules in force, the time, and the effects so far.

import type { Operation, Policy } from '../../policy/policy.ts';
import type { AcdEffect } from '../acd.ts';
import type { Agenda } from './agenda.ts';
import type { Effort, Line, Shelf } from './line.ts';

export interface Core {
  readonly effort: Effort;
  readonly lines: ReadonlyMap<string, Line>;
  readonly agenda: Agenda;
  policy: Policy;
  operation: Operation;
  now: number;
  effects: AcdEffect[];
  /** Shelves of which it has to be looked again whether anybody is there. */
  readonly doubtful: Set<Shelf>;
}
