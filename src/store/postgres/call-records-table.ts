// Call records, kept up to date from events inside the transaction that inserts them, and computed afresh on demand.
// The readings of running calls are kept in memory; one that is not there, or that a failed transaction may have spoilt,
// is read from the log again, and so is one whose row another node has written since: a call that was adopted, or ended in
// the log because its node was taken for dead, has events of two. So a record never depends on what this process happened to see.

import type { EngawaEvent } from '../../shared/events.ts';
import type { CallId, EventId } from '../../shared/ids.ts';
import { applyToCall, type CallReading, isCallEvent, readCall } from '../call-record.ts';
import type { CallRecord, CallRecords } from '../records.ts';
import type { Database, Queryable } from './database.ts';
import { jsonbText, readEventsOfCalls } from './events-table.ts';

const keptReadings = 5000;

interface Kept {
  reading: CallReading;
  lastEventId: EventId;
  /** Of the row as this process wrote it: PostgreSQL's `xmin`. */
  version: string | null;
}

export interface CallRecordKeeper {
  /** Applies events that this transaction has just inserted. */
  apply(connection: Queryable, events: readonly EngawaEvent[]): Promise<void>;
  /** The transaction with these events failed: what they changed in memory is worth nothing. */
  forget(events: readonly EngawaEvent[]): void;
}

export function createCallRecordKeeper(): CallRecordKeeper {
  const readings = new Map<CallId, Kept>();

  function keep(callId: CallId, kept: Kept): void {
    readings.delete(callId);
    readings.set(callId, kept);
    if (readings.size > keptReadings) readings.delete(readings.keys().next().value!);
  }

  /** What these events make of the reading that is kept; undefined: the log must be asked. */
  function next(callId: CallId, events: readonly EngawaEvent[]): Kept | undefined {
    const known = readings.get(callId);
    const isNext = known ? known.lastEventId < events[0]!.id : events[0]!.type === 'call-started';
    if (!isNext) return undefined;
    let reading = known?.reading;
    for (const event of events) if (isCallEvent(event)) reading = applyToCall(reading, event);
    return reading && { reading, lastEventId: events.at(-1)!.id, version: known?.version ?? null };
  }

  return {
    async apply(connection, events) {
      const changed: Kept[] = [];
      const unknown: CallId[] = [];
      for (const [callId, callEvents] of groupByCall(events)) {
        const before = readings.get(callId)?.reading.record;
        const kept = next(callId, callEvents);
        if (!kept) unknown.push(callId);
        else if (kept.reading.record !== before) changed.push(kept);
        else keep(callId, kept);
      }
      const versions = await write(connection, changed);
      for (const kept of changed) {
        const { id } = kept.reading.record;
        const version = versions.get(id);
        if (version === undefined) unknown.push(id);
        else keep(id, { ...kept, version });
      }
      for (const kept of await writeFromLog(connection, unknown)) keep(kept.reading.record.id, kept);
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

function rowsOf(changed: readonly Kept[]): string {
  const rows = changed.map(({ reading: { record }, lastEventId, version }) => ({
    id: record.id,
    last_event_id: lastEventId,
    queue: record.queue,
    alias: record.alias,
    person_ids: [...new Set(record.segments.map((segment) => segment.personId))],
    record,
    version,
  }));
  return jsonbText(rows);
}

const insert = `WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS one
      (id text, last_event_id text, queue text, alias text, person_ids text[], record jsonb, version text))
  INSERT INTO call_records (id, last_event_id, queue, alias, person_ids, record)
    SELECT id, last_event_id, queue, alias, person_ids, record FROM given ORDER BY id
  ON CONFLICT (id) DO UPDATE SET
    last_event_id = excluded.last_event_id, queue = excluded.queue, alias = excluded.alias,
    person_ids = excluded.person_ids, record = excluded.record`;

/** Writes what nobody else has written since; the new versions. Who is not named in them was not written. */
async function write(connection: Queryable, changed: readonly Kept[]): Promise<Map<CallId, string>> {
  if (changed.length === 0) return new Map();
  const written = await connection.query<{ id: CallId; version: string }>(
    `${insert} WHERE call_records.xmin::text = (SELECT version FROM given WHERE given.id = excluded.id)
     RETURNING id, xmin::text AS version`,
    [rowsOf(changed)],
  );
  return new Map(written.map(({ id, version }) => [id, version]));
}

/** Reads these calls from the log and writes their records, with nobody else at them meanwhile. */
async function writeFromLog(connection: Queryable, callIds: readonly CallId[]): Promise<Kept[]> {
  if (callIds.length === 0) return [];
  await connection.query('SELECT 1 FROM call_records WHERE id = ANY($1) ORDER BY id FOR UPDATE', [callIds]);
  const read = (await readFromLog(connection, callIds)).map((one): Kept => ({ ...one, version: null }));
  if (read.length === 0) return [];
  const written = await connection.query<{ id: CallId; version: string }>(
    `${insert} WHERE call_records.last_event_id COLLATE "C" <= excluded.last_event_id
     RETURNING id, xmin::text AS version`,
    [rowsOf(read)],
  );
  const versions = new Map(written.map(({ id, version }) => [id, version]));
  return read.map((one) => ({ ...one, version: versions.get(one.reading.record.id) ?? null }));
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
      count += (await writeFromLog(connection, callIds)).length;
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
