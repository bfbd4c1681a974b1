// Calls that a crash cut off: the log says that they began and never that they ended. At the next start they are ended in the
// log, with the time of the last thing that is known of them, so that no record stays open for ever and no figure counts
// them as running. Touches no leg and no media: those died with the process.

import type { Logger } from '../shared/logger.ts';
import type { EventLog } from '../store/event-log.ts';
import type { CallRecords } from '../store/records.ts';

/** A crash leaves the newest calls open; older ones than these were seen to at an earlier start. */
const looksBack = 1000;

export async function endCallsLeftOpen(needs: {
  calls: CallRecords;
  events: EventLog;
  log: Logger;
  /** When this process began: what is newer runs now. */
  startedBefore: number;
}): Promise<number> {
  const { calls, events, log, startedBefore } = needs;
  let found = 0;
  for (const record of await calls.list({ limit: looksBack })) {
    if (record.endedAt !== null || record.startedAt >= startedBefore) continue;
    const [last] = await events.read({ callId: record.id, descending: true, limit: 1 });
    const cutOffAt = Math.max(last?.at ?? 0, record.startedAt);
    const durationMs = cutOffAt - record.startedAt;
    await events.append({ type: 'call-ended', callId: record.id, cause: 'fault', side: 'us', durationMs, cutOffAt });
    log.warn({ callId: record.id, durationMs }, 'a call that a crash cut off is ended in the log');
    found++;
  }
  return found;
}
