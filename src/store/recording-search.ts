// Recordings with what their calls were about, to be found again by time, queue, agent, customer's alias and reason. A reading of
// rows that others write. The maker is store/postgres/recording-search.ts.

import type { PersonId, RecordingId } from '../shared/ids.ts';
import type { RecordingRow } from './records.ts';

export interface FoundRecording {
  row: RecordingRow;
  /** message: left in a mailbox by a caller; there is nobody else in it. */
  kind: 'call' | 'message';
  direction: 'inbound' | 'outbound' | null;
  queue: string | null;
  reason: string | null;
  alias: string | null;
  mailbox: string | null;
  /** Who had the call, in any order. */
  personIds: PersonId[];
}

export interface RecordingQuery {
  kind?: FoundRecording['kind'];
  /** Begun then or later. */
  fromMs?: number;
  /** Begun before. */
  toMs?: number;
  queue?: string;
  reason?: string;
  alias?: string;
  personId?: PersonId;
  /** The id after which to go on. */
  before?: RecordingId;
  limit?: number;
}

export interface RecordingSearch {
  byId(id: RecordingId): Promise<FoundRecording | undefined>;
  /** Newest first; those under way are not among them. */
  search(query: RecordingQuery): Promise<FoundRecording[]>;
}
