// Calls that a crash cut off: the log says that they began and never that they ended. At the next start they are ended in the
// log, with the time of the last thing that is known of them, so that no record stays open for ever and no figure counts
// them as running. Touches no leg and no media: those died with the process.

import type { CallId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { EventLog } from '../../store/event-log.ts';
import type { CallRecords } from '../../store/records.ts';

/** A crash leaves the newest calls open; older ones than these were seen to at an earlier start. */
const looksBack = 1000;

export async function endCallsLeftOpen(needs: {
  calls: CallRecords;
  events: EventLog;
  log: Logger;
  /** When this process began: what is newer runs now. */
  startedBefore: number;
  /** True for a call that goes on, at this node or another one. */
  isRunning?: (callId: CallId) => boolean;
}): Promise<number> {
  const { calls, events, log, startedBefore } = needs;
  let found = 0;
  for (const record of await calls.list({ limit: looksBack })) {
    if (record.endedAt !== null || record.startedAt >= startedBefore || needs.isRunning?.(record.id)) continue;
    const [last] = await events.read({ callId: record.id, descending: true, limit: 1 });
    const cutOffAt = Math.max(last?.at ?? 0, record.startedAt);
    const durationMs = cutOffAt - record.startedAt;
    await events.append({ type: 'call-ended', callId: record.id, cause: 'fault', side: 'us', durationMs, cutOffAt });
    log.warn({ callId: record.id, durationMs }, 'a call that a crash cut off is ended in the log');
    found++;
  }
  return found;
}

/** A call whose node is gone, and which nobody could go on with: ended in the log with the time of its last event. */
export async function endLostCall({ events }: { events: EventLog }, callId: CallId): Promise<void> {
  const told = await events.read({ callId, types: ['call-started', 'call-ended'], limit: 2 });
  const started = told.find(({ type }) => type === 'call-started');
  if (!started || told.some(({ type }) => type === 'call-ended')) return;
  const [last] = await events.read({ callId, descending: true, limit: 1 });
  const cutOffAt = Math.max(last?.at ?? 0, started.at);
  const durationMs = cutOffAt - started.at;
  await events.append({ type: 'call-ended', callId, cause: 'fault', side: 'us', durationMs, cutOffAt });
}
