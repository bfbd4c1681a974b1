// What is still to be done for customers who did not wait: call backs that were promised, messages that were left. Readings of
// the event log (`callback-…`, `voicemail-…`): nobody writes them but the log, so what was acknowledged cannot be lost.

import type { PiiClass } from '../shared/events.ts';
import type { CallId, PersonId, RecordingId } from '../shared/ids.ts';

export type CallbackEnd = 'reached' | 'expired' | 'given-up' | 'cancelled' | 'called-again';

/** One promise to call back; there is at most one per call, so the call's id is its name. */
export interface CallbackRow {
  /** The call in which it was promised. */
  callId: CallId;
  /** Who is called: an alias of the number vault. */
  alias: string;
  /** What is presented: the number that the customer had dialled. */
  companyNumber: string;
  queue: string;
  priority: number;
  skills: Readonly<Record<string, number>>;
  reason: string | null;
  piiClass: PiiClass | null;
  /** Since when the customer waits: its place in the queue. */
  waitingSince: number;
  requestedAt: number;
  expiresAt: number;
  attempts: number;
  /** Not before this. */
  nextAt: number;
  endedAt: number | null;
  endedBecause: CallbackEnd | null;
  /** Who talked with the customer, or cancelled it. */
  personId: PersonId | null;
}

export interface Callbacks {
  byCall(callId: CallId): Promise<CallbackRow | undefined>;
  /** Newest first, those of `queues` alone when given; `before` is the call after which to go on. */
  list(query: {
    waiting?: boolean;
    queues?: readonly string[];
    before?: CallId;
    limit?: number;
  }): Promise<CallbackRow[]>;
}

/** A message that a customer left. Its sound is the recording, sealed like every other. */
export interface VoicemailRow {
  recordingId: RecordingId;
  callId: CallId;
  mailbox: string;
  alias: string | null;
  reason: string | null;
  piiClass: PiiClass | null;
  leftAt: number;
  durationMs: number;
  /** Somebody has seen to it. */
  doneAt: number | null;
  doneBy: PersonId | null;
}

export interface Voicemails {
  byRecording(recordingId: RecordingId): Promise<VoicemailRow | undefined>;
  /** Newest first; `before` is the recording after which to go on. */
  list(query: {
    mailboxes?: readonly string[];
    open?: boolean;
    before?: RecordingId;
    limit?: number;
  }): Promise<VoicemailRow[]>;
}
