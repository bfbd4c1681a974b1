// The event log's table: inserting batches, reading pages. An event that is there already is left alone, so that a batch
// may be written twice. Text that PostgreSQL's jsonb cannot hold (NUL, lone surrogates) is replaced by U+FFFD.

import type { EngawaEvent } from '../../shared/events.ts';
import type { CallId } from '../../shared/ids.ts';
import type { EventQuery } from '../event-log.ts';
import type { Queryable } from './database.ts';

interface EventRow {
  id: string;
  at: number;
  type: string;
  fields: object;
}

export async function insertEvents(connection: Queryable, events: readonly EngawaEvent[]): Promise<void> {
  if (events.length === 0) return;
  const columns = {
    ids: [] as string[],
    ats: [] as number[],
    types: [] as string[],
    callIds: [] as (string | null)[],
    personIds: [] as (string | null)[],
    fields: [] as string[],
  };
  for (const { id, at, type, ...fields } of events) {
    columns.ids.push(id);
    columns.ats.push(at);
    columns.types.push(type);
    columns.callIds.push('callId' in fields ? (fields.callId ?? null) : null);
    columns.personIds.push('personId' in fields ? (fields.personId ?? null) : null);
    columns.fields.push(jsonbText(fields));
  }
  await connection.query(
    `INSERT INTO events (id, at, type, call_id, person_id, fields)
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
     ON CONFLICT (id) DO NOTHING`,
    [columns.ids, columns.ats, columns.types, columns.callIds, columns.personIds, columns.fields],
  );
}

export function jsonbText(value: unknown): string {
  const text = JSON.stringify(value);
  if (!/\\u(?:0000|d[89a-f])/i.test(text)) return text;
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === 'string' ? inner.replace(/\p{Surrogate}|\0/gu, '\ufffd') : inner,
  );
}

export async function readEvents(connection: Queryable, query: EventQuery): Promise<EngawaEvent[]> {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const where = (condition: (placeholder: string) => string, value: unknown) => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  if (query.after !== undefined) where((p) => `id > ${p}`, query.after);
  if (query.before !== undefined) where((p) => `id < ${p}`, query.before);
  if (query.upTo !== undefined) where((p) => `id <= ${p}`, query.upTo);
  if (query.callId !== undefined) where((p) => `call_id = ${p}`, query.callId);
  if (query.callIds !== undefined) where((p) => `call_id = ANY(${p})`, query.callIds);
  if (query.fields && Object.keys(query.fields).length > 0) where((p) => `fields @> ${p}`, jsonbText(query.fields));
  if (query.personId !== undefined) where((p) => `person_id = ${p}`, query.personId);
  if (query.types !== undefined) where((p) => `type = ANY(${p})`, query.types);
  if (query.fromMs !== undefined) where((p) => `at >= ${p}`, query.fromMs);
  if (query.toMs !== undefined) where((p) => `at < ${p}`, query.toMs);
  values.push(Math.min(1000, Math.max(1, query.limit ?? 100)));
  const rows = await connection.query<EventRow>(
    `SELECT id, at, type, fields FROM events ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY id ${query.descending ? 'DESC' : 'ASC'} LIMIT $${values.length}`,
    values,
  );
  return rows.map(toEvent);
}

/** Every event of these calls, oldest first. */
export async function readEventsOfCalls(connection: Queryable, callIds: readonly CallId[]): Promise<EngawaEvent[]> {
  const rows = await connection.query<EventRow>(
    'SELECT id, at, type, fields FROM events WHERE call_id = ANY($1) ORDER BY id',
    [callIds],
  );
  return rows.map(toEvent);
}

function toEvent(row: EventRow): EngawaEvent {
  return { id: row.id, at: row.at, type: row.type, ...row.fields } as unknown as EngawaEvent;
}
