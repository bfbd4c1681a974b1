// Call records, kept up to date from events inside the transaction that inserts them, and computed afresh on demand.
// The readings of running calls are kept in memory; one that is not there, or that a failed transaction may have spoilt,
// is read from the log again. So a record never depends on what this process happened to see.

import type { EngawaEvent } from '../../shared/events.ts';
import type { CallId, EventId } from '../../shared/ids.ts';
import { applyToCall, type CallReading, isCallEvent, readCall } from '../call-record.ts';
import type { CallRecord, CallRecords } from '../records.ts';
import type { Database, Queryable } from './database.ts';
import { jsonbText, readEventsOfCalls } from './events-table.ts';

const keptReadings = 5000;

interface Changed {
  record: CallRecord;
  lastEventId: EventId;
}

export interface CallRecordKeeper {
  /** Applies events that this transaction has just inserted. */
  apply(connection: Queryable, events: readonly EngawaEvent[]): Promise<void>;
  /** The transaction with these events failed: what they changed in memory is worth nothing. */
  forget(events: readonly EngawaEvent[]): void;
}

export function createCallRecordKeeper(): CallRecordKeeper {
  const readings = new Map<CallId, { reading: CallReading; lastEventId: EventId }>();

  function keep(callId: CallId, reading: CallReading, lastEventId: EventId): void {
    readings.delete(callId);
    readings.set(callId, { reading, lastEventId });
    if (readings.size > keptReadings) readings.delete(readings.keys().next().value!);
  }

  return {
    async apply(connection, events) {
      const perCall = groupByCall(events);
      const changed: Changed[] = [];
      const unknown: CallId[] = [];
      for (const [callId, callEvents] of perCall) {
        const known = readings.get(callId);
        const isNext = known ? known.lastEventId < callEvents[0]!.id : callEvents[0]!.type === 'call-started';
        if (!isNext) {
          unknown.push(callId);
          continue;
        }
        let reading = known?.reading;
        for (const event of callEvents) if (isCallEvent(event)) reading = applyToCall(reading, event);
        const lastEventId = callEvents.at(-1)!.id;
        if (!reading) continue;
        if (reading.record !== known?.reading.record) changed.push({ record: reading.record, lastEventId });
        keep(callId, reading, lastEventId);
      }
      for (const { reading, lastEventId } of await readFromLog(connection, unknown)) {
        changed.push({ record: reading.record, lastEventId });
        keep(reading.record.id, reading, lastEventId);
      }
      await upsert(connection, changed);
    },
    forget(events) {
      for (const callId of groupByCall(events).keys()) readings.delete(callId);
    },
  };
}

function groupByCall(events: readonly EngawaEvent[]): Map<CallId, EngawaEvent[]> {
  const perCall = new Map<CallId, EngawaEvent[]>();
  for (const event of events) {
    if (!isCallEvent(event)) continue;
    const known = perCall.get(event.callId);
    if (known) known.push(event);
    else perCall.set(event.callId, [event]);
  }
  return perCall;
}

async function readFromLog(
  connection: Queryable,
  callIds: readonly CallId[],
): Promise<{ reading: CallReading; lastEventId: EventId }[]> {
  if (callIds.length === 0) return [];
  const perCall = groupByCall(await readEventsOfCalls(connection, callIds));
  return [...perCall.values()].flatMap((events) => {
    const reading = readCall(events);
    return reading ? [{ reading, lastEventId: events.at(-1)!.id }] : [];
  });
}

async function upsert(connection: Queryable, changed: readonly Changed[]): Promise<void> {
  if (changed.length === 0) return;
  const rows = changed.map(({ record, lastEventId }) => ({
    id: record.id,
    last_event_id: lastEventId,
    queue: record.queue,
    alias: record.alias,
    person_ids: [...new Set(record.segments.map((segment) => segment.personId))],
    record,
  }));
  await connection.query(
    `INSERT INTO call_records (id, last_event_id, queue, alias, person_ids, record)
     SELECT * FROM jsonb_to_recordset($1::jsonb)
       AS row (id text, last_event_id text, queue text, alias text, person_ids text[], record jsonb)
     ON CONFLICT (id) DO UPDATE SET
       last_event_id = excluded.last_event_id, queue = excluded.queue, alias = excluded.alias,
       person_ids = excluded.person_ids, record = excluded.record
     WHERE call_records.last_event_id COLLATE "C" <= excluded.last_event_id`,
    [jsonbText(rows)],
  );
}

/**
 * Computes every call record from the whole log again, a thousand calls at a time, and says how many there are. May run
 * beside a working system: a record that got a newer event meanwhile is left as it is.
 */
export async function rebuildCallRecords(database: Database): Promise<number> {
  let after = '';
  let count = 0;
  for (;;) {
    const started = await database.query<{ id: CallId }>(
      "SELECT DISTINCT call_id AS id FROM events WHERE type = 'call-started' AND call_id > $1 ORDER BY call_id LIMIT 1000",
      [after],
    );
    if (started.length === 0) return count;
    const callIds = started.map((row) => row.id);
    await database.transaction(async (connection) => {
      const readings = await readFromLog(connection, callIds);
      await upsert(
        connection,
        readings.map(({ reading, lastEventId }) => ({ record: reading.record, lastEventId })),
      );
      count += readings.length;
    });
    after = callIds.at(-1)!;
  }
}

/** Reading. `settled` resolves when what was appended before is in the tables, or cannot be soon. */
export function createCallRecords(database: Database, settled: () => Promise<void>): CallRecords {
  return {
    async byId(id) {
      await settled();
      const rows = await database.query<{ record: CallRecord }>('SELECT record FROM call_records WHERE id = $1', [id]);
      return rows[0]?.record;
    },
    async list({ before, limit = 50, personId, queue, alias }) {
      await settled();
      const conditions: string[] = [];
      const values: unknown[] = [];
      const where = (condition: string, value: unknown) => {
        if (value === undefined) return;
        values.push(value);
        conditions.push(condition.replace('?', `$${values.length}`));
      };
      where('id < ?', before);
      where('person_ids @> ?::text[]', personId === undefined ? undefined : [personId]);
      where('queue = ?', queue);
      where('alias = ?', alias);
      values.push(Math.min(1000, Math.max(1, limit)));
      const rows = await database.query<{ record: CallRecord }>(
        `SELECT record FROM call_records ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
         ORDER BY id DESC LIMIT $${values.length}`,
        values,
      );
      return rows.map((row) => row.record);
    },
  };
}
