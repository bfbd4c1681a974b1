// Call lists as kept: the lists, the customers on them, what was tried, and who must not be called. A customer is an alias
// here; the number is in the vault alone.

import type { CallId, CallListId, ListEntryId, PersonId } from '../shared/ids.ts';

/** `preview`: the agent looks first and calls when ready. `progressive`: the next one is called when the agent is available. */
export type ListMode = 'preview' | 'progressive';

/** What became of an attempt before anybody judged it. */
export type AttemptOutcome = 'answered' | 'no-answer' | 'busy' | 'rejected' | 'unreachable' | 'failed';

/** What the agent says of an answered call. */
export type Disposition = 'done' | 'call-again' | 'answering-machine' | 'wrong-number' | 'do-not-call';

/** Why nobody calls this customer from this list any more. */
export type ClosedBecause = 'done' | 'wrong-number' | 'do-not-call' | 'attempts-used' | 'not-dialable' | 'withdrawn';

export interface RetryRules {
  /** Attempts in all, answered ones included. */
  maxAttempts: number;
  /** Minutes until the next attempt after each result; a result without a row is not tried again. */
  retryMinutes: Readonly<Partial<Record<Exclude<AttemptOutcome, 'answered'> | 'answering-machine', number>>>;
}

export interface CallList {
  id: CallListId;
  name: string;
  label: { ja: string; en: string };
  mode: ListMode;
  /** Of config/reasons.yaml: which class of personal information these calls touch. */
  reason: string;
  /** The agents of this queue work on it. */
  queue: string;
  /** The company's number that customers see. */
  presentedNumber: string;
  /** When customers may be called: a name in calendars.yaml. */
  calendar: string;
  /** What the agent says. */
  script: { ja: string; en: string };
  retry: RetryRules;
  state: 'paused' | 'running' | 'ended';
  createdAt: number;
}

/**
 * `waiting` until an agent has it before the eyes (`reserved`, for a bounded time), `calling` from the first ring to what the agent
 * says of it, `closed` for good.
 */
export type EntryState = 'waiting' | 'reserved' | 'calling' | 'closed';

export interface ListEntry {
  id: ListEntryId;
  listId: CallListId;
  alias: string;
  /** The company's own key for this customer; goes back to the company's systems, never to a desk. */
  reference: string | null;
  /** What the agent sees of the customer, as the company chose: nothing that tells who it is. */
  facts: Readonly<Record<string, string>>;
  state: EntryState;
  attempts: number;
  notBefore: number;
  reservedBy: PersonId | null;
  reservedUntil: number | null;
  callId: CallId | null;
  lastOutcome: AttemptOutcome | null;
  closedBecause: ClosedBecause | null;
}

export interface Attempt {
  entryId: ListEntryId;
  listId: CallListId;
  callId: CallId;
  personId: PersonId;
  at: number;
}

export interface AttemptTotals {
  entries: number;
  closed: number;
  attempts: number;
  byOutcome: Partial<Record<AttemptOutcome, number>>;
  byDisposition: Partial<Record<Disposition, number>>;
  talkMs: number;
}

export interface CallLists {
  create(list: CallList): Promise<'created' | 'name-taken'>;
  update(id: CallListId, change: Partial<Omit<CallList, 'id' | 'createdAt'>>): Promise<CallList | undefined>;
  byId(id: CallListId): Promise<CallList | undefined>;
  list(): Promise<CallList[]>;

  /** Adds those whose alias is not on the list yet; gives the aliases added. */
  add(
    listId: CallListId,
    entries: readonly Pick<ListEntry, 'id' | 'alias' | 'reference' | 'facts' | 'notBefore'>[],
  ): Promise<Set<string>>;
  entries(query: { listId: CallListId; before?: ListEntryId; limit: number; state?: EntryState }): Promise<ListEntry[]>;
  entryById(id: ListEntryId): Promise<ListEntry | undefined>;
  /** What this person has now: reserved, or being called. */
  entryOf(personId: PersonId): Promise<ListEntry | undefined>;
  /** The entry that is due longest, for one person alone, on whichever node that asks. Those not to be called are never given. */
  reserve(want: { listId: CallListId; personId: PersonId; now: number; until: number }): Promise<ListEntry | undefined>;
  /** Back to the list, if this person has it reserved. */
  release(id: ListEntryId, personId: PersonId, notBefore: number): Promise<boolean>;
  /** The call has begun: counted as an attempt. False: this person has it not reserved any more. */
  called(attempt: Attempt): Promise<boolean>;
  /** What became of the call; first answer counts. */
  setOutcome(callId: CallId, outcome: AttemptOutcome, talkMs: number): Promise<ListEntry | undefined>;
  setDisposition(callId: CallId, disposition: Disposition): Promise<void>;
  /** Ends an attempt: the entry waits again, or is closed. */
  settle(
    id: ListEntryId,
    next: { kind: 'wait'; notBefore: number } | { kind: 'close'; because: ClosedBecause },
  ): Promise<void>;
  /** Reserved for longer than they may be: waiting again. */
  releaseOverdue(now: number): Promise<number>;
  /** Entries in a call that has been over since `endedBefore`: their node did not say what became of them. */
  forgotten(endedBefore: number): Promise<{ entry: ListEntry; answered: boolean; talkMs: number }[]>;
  totals(listId: CallListId): Promise<AttemptTotals>;

  addDoNotCall(rows: readonly { alias: string; because: string; since: number }[]): Promise<void>;
  removeDoNotCall(alias: string): Promise<boolean>;
  doNotCall(aliases: readonly string[]): Promise<Set<string>>;
}
