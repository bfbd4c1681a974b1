// What earlier calls of the same customer (by alias, never by number) mean for this one: whether they are known, who talked with
// them last, and whether a call of theirs was cut off a moment ago. A reading of call records.

import type { PersonId } from '../../shared/ids.ts';
import type { CallRecord } from '../../store/records.ts';
import type { CallState, Centre } from '../call-state.ts';

export interface EarlierCalls {
  /** There has been an earlier call. */
  known: boolean;
  /** Who talked with this customer last, and until when. */
  lastAgent: { personId: PersonId; at: number } | null;
  /** The newest call, when it ended before it was served to its end. */
  cutOff: CutOff | null;
}

export interface CutOff {
  queue: string;
  /** Since when the customer had been waiting then. */
  since: number;
  endedAt: number;
  /** Whom the customer was talking with. */
  personId: PersonId | null;
}

export const noEarlierCalls: EarlierCalls = { known: false, lastAgent: null, cutOff: null };

/** Newest first. */
export function readEarlierCalls(records: readonly CallRecord[]): EarlierCalls {
  const [newest] = records;
  let lastAgent: EarlierCalls['lastAgent'] = null;
  for (const record of records) {
    const last = record.segments.at(-1);
    if (!last) continue;
    lastAgent = { personId: last.personId, at: last.endedAt ?? record.startedAt };
    break;
  }
  return { known: records.length > 0, lastAgent, cutOff: newest ? cutOffOf(newest) : null };
}

/** Ends that nobody at either side meant. A customer who hung up while talking had finished. */
const lineFailed = new Set(['media-timeout', 'media-lost', 'session-expired', 'fault', 'unreachable', 'shutting-down']);

function cutOffOf(record: CallRecord): CutOff | null {
  const { endedAt, queue, cause, side, direction } = record;
  if (endedAt === null || queue === null || cause === null || direction !== 'inbound') return null;
  const last = record.segments.at(-1);
  if (!last) {
    // From outside, a line that failed while waiting looks like hanging up.
    if (side === 'us' && !lineFailed.has(cause)) return null;
    return { queue, since: endedAt - record.waitMs, endedAt, personId: null };
  }
  if (!lineFailed.has(cause)) return null;
  return { queue, since: last.answeredAt - record.waitMs, endedAt, personId: last.personId };
}

const looksBack = 10;
const patienceMs = 500;

/** A database that is slow or away makes nobody wait: then nothing is known. */
export async function earlierCallsOf({ parts }: Centre, call: CallState): Promise<EarlierCalls> {
  const { alias } = call;
  if (!alias || !parts.callRecords) return noEarlierCalls;
  const reading = parts.callRecords
    .list({ alias, limit: looksBack })
    .then((records) => readEarlierCalls(records.filter(({ id }) => id !== call.id)))
    .catch((err: unknown) => {
      call.log.warn({ err }, 'earlier calls of this customer are not known');
      return noEarlierCalls;
    });
  const late = new Promise<EarlierCalls>((resolve) => {
    parts.clock.after(patienceMs, () => resolve(noEarlierCalls));
  });
  return Promise.race([reading, late]);
}
