// Who has asked a supervisor for help, and who came. Readings of the event log (`help-…`): nobody writes them but the log.

import type { HelpAbout, HelpAnswer, HelpEnd } from '../shared/events.ts';
import type { CallId, HelpRequestId, PersonId } from '../shared/ids.ts';

export interface HelpRequest {
  id: HelpRequestId;
  /** Who asks. */
  personId: PersonId;
  /** The call that the person had then. */
  callId: CallId | null;
  about: HelpAbout;
  askedAt: number;
  /** When somebody first answered. */
  answeredAt: number | null;
  /** Who answered last, and with which phrase. */
  answeredBy: PersonId | null;
  answer: HelpAnswer | null;
  endedAt: number | null;
  /** Null also when nobody had to. */
  endedBy: PersonId | null;
  endedBecause: HelpEnd | null;
}

export interface HelpRequests {
  /** Newest first; `before` is the request after which to go on. */
  list(query: { open?: boolean; fromMs?: number; before?: HelpRequestId; limit?: number }): Promise<HelpRequest[]>;
}
