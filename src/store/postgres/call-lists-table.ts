// The tables of call lists (store/call-lists.ts). Each change of an entry is one statement that names the state it starts from, so
// that of two nodes one succeeds.

import type { CallId, CallListId, ListEntryId, PersonId } from '../../shared/ids.ts';
import type {
  AttemptOutcome,
  AttemptTotals,
  CallList,
  CallLists,
  ClosedBecause,
  Disposition,
  EntryState,
  ListEntry,
} from '../call-lists.ts';
import { type Database, isDuplicate } from './database.ts';

interface ListRow {
  id: CallListId;
  name: string;
  label: CallList['label'];
  mode: CallList['mode'];
  reason: string;
  queue: string;
  presented_number: string;
  calendar: string;
  script: CallList['script'];
  retry: CallList['retry'];
  state: CallList['state'];
  created_at: number;
}

interface EntryRow {
  id: ListEntryId;
  list_id: CallListId;
  alias: string;
  reference: string | null;
  facts: Record<string, string>;
  state: EntryState;
  attempts: number;
  not_before: number;
  reserved_by: PersonId | null;
  reserved_until: number | null;
  call_id: CallId | null;
  last_outcome: AttemptOutcome | null;
  closed_because: ClosedBecause | null;
}

const listColumns = {
  name: 'name',
  label: 'label',
  mode: 'mode',
  reason: 'reason',
  queue: 'queue',
  presentedNumber: 'presented_number',
  calendar: 'calendar',
  script: 'script',
  retry: 'retry',
  state: 'state',
} as const;

type Changeable = keyof typeof listColumns;
const changeable = Object.keys(listColumns) as Changeable[];

export function createCallLists(database: Database): CallLists {
  const oneEntry = async (text: string, values: readonly unknown[]) => {
    const [row] = await database.query<EntryRow>(text, values);
    return row && toEntry(row);
  };

  return {
    async create(list) {
      const names = changeable.map((name) => listColumns[name]);
      const slots = [...names, '', ''].map((_, index) => `$${index + 1}`);
      try {
        await database.query(
          `INSERT INTO call_lists (${[...names, 'id', 'created_at'].join(', ')}) VALUES (${slots.join(', ')})`,
          [...changeable.map((name) => list[name]), list.id, list.createdAt],
        );
        return 'created';
      } catch (thrown) {
        if (isDuplicate(thrown)) return 'name-taken';
        throw thrown;
      }
    },
    async update(id, change) {
      const named = changeable.filter((name) => change[name] !== undefined);
      const sets = named.map((name, index) => `${listColumns[name]} = $${index + 2}`);
      const text =
        sets.length > 0
          ? `UPDATE call_lists SET ${sets.join(', ')} WHERE id = $1 RETURNING *`
          : 'SELECT * FROM call_lists WHERE id = $1';
      const [row] = await database.query<ListRow>(text, [id, ...named.map((name) => change[name])]);
      return row && toList(row);
    },
    async byId(id) {
      const [row] = await database.query<ListRow>('SELECT * FROM call_lists WHERE id = $1', [id]);
      return row && toList(row);
    },
    list: async () => (await database.query<ListRow>('SELECT * FROM call_lists ORDER BY id')).map(toList),

    async add(listId, entries) {
      const rows = await database.query<{ alias: string }>(
        `INSERT INTO call_list_entries (list_id, state, id, alias, reference, facts, not_before)
         SELECT $1, 'waiting', e.id, e.alias, e.reference, e.facts, e."notBefore"
         FROM jsonb_to_recordset($2::jsonb) AS e(id text, alias text, reference text, facts jsonb, "notBefore" bigint)
         ON CONFLICT (list_id, alias) DO NOTHING RETURNING alias`,
        [listId, JSON.stringify(entries)],
      );
      return new Set(rows.map(({ alias }) => alias));
    },
    async entries({ listId, before, limit, state }) {
      const rows = await database.query<EntryRow>(
        `SELECT * FROM call_list_entries WHERE list_id = $1 AND ($2::text IS NULL OR id < $2) AND ($3::text IS NULL OR state = $3)
         ORDER BY id DESC LIMIT $4`,
        [listId, before ?? null, state ?? null, limit],
      );
      return rows.map(toEntry);
    },
    entryById: (id) => oneEntry('SELECT * FROM call_list_entries WHERE id = $1', [id]),
    entryOf: (personId) =>
      oneEntry("SELECT * FROM call_list_entries WHERE reserved_by = $1 AND state IN ('reserved', 'calling')", [
        personId,
      ]),
    async reserve({ listId, personId, now, until }) {
      try {
        return await oneEntry(
          `UPDATE call_list_entries SET state = 'reserved', reserved_by = $2, reserved_until = $4, call_id = NULL
           WHERE id = (
             SELECT e.id FROM call_list_entries e
             WHERE e.list_id = $1 AND e.state = 'waiting' AND e.not_before <= $3
               AND NOT EXISTS (SELECT 1 FROM do_not_call d WHERE d.alias = e.alias)
               AND NOT EXISTS (SELECT 1 FROM call_list_entries o WHERE o.alias = e.alias AND o.state IN ('reserved', 'calling'))
             ORDER BY e.not_before, e.id LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING *`,
          [listId, personId, now, until],
        );
      } catch (thrown) {
        // This person got one at another node in the same moment.
        if (isDuplicate(thrown)) return undefined;
        throw thrown;
      }
    },
    async release(id, personId, notBefore) {
      const released = await oneEntry(
        `UPDATE call_list_entries SET state = 'waiting', reserved_by = NULL, reserved_until = NULL, not_before = $3
         WHERE id = $1 AND reserved_by = $2 AND state = 'reserved' RETURNING *`,
        [id, personId, notBefore],
      );
      return released !== undefined;
    },
    async called({ entryId, listId, callId, personId, at }) {
      const rows = await database.query(
        `WITH begun AS (
           UPDATE call_list_entries SET state = 'calling', attempts = attempts + 1, call_id = $3, reserved_until = NULL
           WHERE id = $1 AND reserved_by = $4 AND state = 'reserved' RETURNING id)
         INSERT INTO call_list_attempts (entry_id, list_id, call_id, person_id, at)
         SELECT id, $2, $3, $4, $5 FROM begun RETURNING call_id`,
        [entryId, listId, callId, personId, at],
      );
      return rows.length > 0;
    },
    setOutcome: (callId, outcome, talkMs) =>
      oneEntry(
        `WITH known AS (
           UPDATE call_list_attempts SET outcome = $2, talk_ms = $3 WHERE call_id = $1 AND outcome IS NULL RETURNING entry_id)
         UPDATE call_list_entries e SET last_outcome = $2 FROM known WHERE e.id = known.entry_id RETURNING e.*`,
        [callId, outcome, Math.round(talkMs)],
      ),
    async setDisposition(callId, disposition) {
      await database.query('UPDATE call_list_attempts SET disposition = $2 WHERE call_id = $1', [callId, disposition]);
    },
    async settle(id, next) {
      const waits = next.kind === 'wait';
      await database.query(
        `UPDATE call_list_entries SET state = $2, not_before = coalesce($3, not_before), closed_because = $4,
           reserved_by = NULL, reserved_until = NULL, call_id = NULL WHERE id = $1 AND state <> 'closed'`,
        [id, waits ? 'waiting' : 'closed', waits ? next.notBefore : null, waits ? null : next.because],
      );
    },
    async releaseOverdue(now) {
      const rows = await database.query(
        `UPDATE call_list_entries SET state = 'waiting', reserved_by = NULL, reserved_until = NULL
         WHERE state = 'reserved' AND reserved_until <= $1 RETURNING id`,
        [now],
      );
      return rows.length;
    },
    async forgotten(endedBefore) {
      const rows = await database.query<EntryRow & { answered_at: number | null; talk: number }>(
        `SELECT e.*, (c.record->>'answeredAt')::bigint AS answered_at, coalesce((c.record->>'talkMs')::bigint, 0) AS talk
         FROM call_list_entries e JOIN call_records c ON c.id = e.call_id
         WHERE e.state = 'calling' AND e.last_outcome IS NULL AND (c.record->>'endedAt')::bigint <= $1 LIMIT 100`,
        [endedBefore],
      );
      return rows.map((row) => ({ entry: toEntry(row), answered: row.answered_at !== null, talkMs: row.talk }));
    },
    totals: (listId) => totals(database, listId),

    async addDoNotCall(rows) {
      await database.query(
        `INSERT INTO do_not_call (alias, because, since)
         SELECT alias, because, since FROM jsonb_to_recordset($1::jsonb) AS d(alias text, because text, since bigint)
         ON CONFLICT (alias) DO NOTHING`,
        [JSON.stringify(rows)],
      );
    },
    async removeDoNotCall(alias) {
      return (await database.query('DELETE FROM do_not_call WHERE alias = $1 RETURNING alias', [alias])).length > 0;
    },
    async doNotCall(aliases) {
      const rows = await database.query<{ alias: string }>('SELECT alias FROM do_not_call WHERE alias = ANY($1)', [
        aliases,
      ]);
      return new Set(rows.map(({ alias }) => alias));
    },
  };
}

async function totals(database: Database, listId: CallListId): Promise<AttemptTotals> {
  const [counts] = await database.query<{ entries: number; closed: number }>(
    `SELECT count(*) AS entries, count(*) FILTER (WHERE state = 'closed') AS closed FROM call_list_entries WHERE list_id = $1`,
    [listId],
  );
  const rows = await database.query<{
    outcome: AttemptOutcome | null;
    disposition: Disposition | null;
    attempts: number;
    talk: number;
  }>(
    `SELECT outcome, disposition, count(*) AS attempts, sum(talk_ms)::bigint AS talk
     FROM call_list_attempts WHERE list_id = $1 GROUP BY outcome, disposition`,
    [listId],
  );
  const sums: AttemptTotals = {
    entries: 0,
    closed: 0,
    ...counts,
    attempts: 0,
    byOutcome: {},
    byDisposition: {},
    talkMs: 0,
  };
  for (const { outcome, disposition, attempts, talk } of rows) {
    sums.attempts += attempts;
    sums.talkMs += talk;
    if (outcome) sums.byOutcome[outcome] = (sums.byOutcome[outcome] ?? 0) + attempts;
    if (disposition) sums.byDisposition[disposition] = (sums.byDisposition[disposition] ?? 0) + attempts;
  }
  return sums;
}

function toList({ presented_number, created_at, ...row }: ListRow): CallList {
  return { ...row, presentedNumber: presented_number, createdAt: created_at };
}

function toEntry(row: EntryRow): ListEntry {
  return {
    id: row.id,
    listId: row.list_id,
    alias: row.alias,
    reference: row.reference,
    facts: row.facts,
    state: row.state,
    attempts: row.attempts,
    notBefore: row.not_before,
    reservedBy: row.reserved_by,
    reservedUntil: row.reserved_until,
    callId: row.call_id,
    lastOutcome: row.last_outcome,
    closedBecause: row.closed_because,
  };
}
