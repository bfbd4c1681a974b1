// The append-only log of everything that happens (ARCHITECTURE.md).

import type { Unsubscribe } from '../shared/emitter.ts';
import type { EngawaEvent, EventType, NewEvent } from '../shared/events.ts';
import type { CallId, EventId, PersonId } from '../shared/ids.ts';

export interface EventQuery {
  /** Only events after this one (exclusive). */
  after?: EventId;
  /** Only events before this one (exclusive). */
  before?: EventId;
  /** Only events up to this one (inclusive). */
  upTo?: EventId;
  callId?: CallId;
  /** Of any of these calls. */
  callIds?: readonly CallId[];
  personId?: PersonId;
  /** Fields of text that have these values. */
  fields?: Readonly<Record<string, string>>;
  types?: readonly EventType[];
  fromMs?: number;
  toMs?: number;
  /** 1 to 1000; 100 unless told. */
  limit?: number;
  /** Newest first; oldest first unless told. */
  descending?: boolean;
}

export interface EventLog {
  /**
   * Gives the event its id and time, hands it to subscribers in order, and resolves once it cannot be lost by `kill -9`:
   * in PostgreSQL, or in the journal on disk while the database is away (replayed later, once per id).
   * Never rejects because of the database.
   */
  append<T extends EventType>(event: NewEvent<T>): Promise<EngawaEvent<T>>;
  /** Live events, in order, from now on. Listeners run synchronously and may not throw. */
  subscribe(listener: (event: EngawaEvent) => void): Unsubscribe;
  read(query: EventQuery): Promise<EngawaEvent[]>;
  /** Resolves when all that was appended so far is in PostgreSQL. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
