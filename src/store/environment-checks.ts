// Checks that people made before their shifts: what was found, with the limits of the moment. The newest of a person counts.

import type { Place } from '../shared/events.ts';
import type { EnvironmentCheckId, PersonId, SessionId } from '../shared/ids.ts';

export interface EnvironmentCheckRow {
  id: EnvironmentCheckId;
  personId: PersonId;
  sessionId: SessionId;
  at: number;
  /** Where the session was used from: to see that it moves. Is in no report. */
  address: string;
  place: Place;
  passed: boolean;
  countsUntil: number;
  /** It stopped counting before its time, because the session moved to another network. */
  staleAt: number | null;
  /** Raw figures, judgement and limits: CheckRecord of identity/environment. */
  record: unknown;
}

export interface EnvironmentChecks {
  put(row: EnvironmentCheckRow): Promise<void>;
  byId(id: EnvironmentCheckId): Promise<EnvironmentCheckRow | undefined>;
  latest(personId: PersonId): Promise<EnvironmentCheckRow | undefined>;
  /** The newest of each person, without what was found. */
  latestOfAll(): Promise<Omit<EnvironmentCheckRow, 'record'>[]>;
  /** Newest first; `before` is the id after which to go on. */
  list(query: { personId?: PersonId; before?: EnvironmentCheckId; limit?: number }): Promise<EnvironmentCheckRow[]>;
  /** False: it is stale already, or not there. */
  makeStale(id: EnvironmentCheckId, at: number): Promise<boolean>;
  /** Forgets those made before, except the newest of each person. */
  forgetBefore(at: number): Promise<void>;
}
