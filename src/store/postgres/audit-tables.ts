// The audit log's tables. One transaction gives entries their places in the chain, under an advisory lock, so that nodes write one
// after the other. An entry that is there already is left alone: one whose commit was not confirmed may be written again.

import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { AuditLog, AuditQuery } from '../audit/audit-log.ts';
import { type AuditDetails, type AuditRecord, type ChainHead, chain, type NewAuditRecord } from '../audit/chain.ts';
import { createDurableWriter, type DurableWriter } from '../durable-writer.ts';
import type { Journal } from '../journal.ts';
import { type Database, databaseFault, type Queryable } from './database.ts';
import { isRetryable } from './retry.ts';

/** Any constant will do, as long as every version of the program uses the same one. */
const lockKey = 7_305_981_043;

export interface AuditTables extends AuditLog {
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function createAuditTables(needs: {
  database: Database;
  /** For writing alone. */
  writing: Database;
  journal: Journal;
  clock: Parameters<typeof createDurableWriter>[0]['clock'];
  log: Logger;
}): AuditTables {
  const { database, writing, journal, clock, log } = needs;
  let known: ChainHead | undefined;

  async function write(entries: readonly NewAuditRecord[]): Promise<void> {
    const written = await writing.transaction((connection) => appendChained(connection, entries, warnIfCut));
    known = written ?? known;
  }

  /** Whoever cuts off the tail while the program runs is not met with silence. */
  function warnIfCut(head: ChainHead | undefined): void {
    if (!known || (head && (head.seq > known.seq || head.hash === known.hash))) return;
    log.fatal({ expected: known.seq, found: head?.seq ?? 0 }, 'the audit log was changed or cut in the database');
  }

  const writer: DurableWriter<NewAuditRecord> = createDurableWriter<NewAuditRecord>({
    ...{ journal, write, isRetryable, clock, log },
    probe: () => writing.ping(),
    encode: (entry) => JSON.stringify(entry),
    decode: (line) => JSON.parse(line) as NewAuditRecord,
  });

  return {
    async append(entry, whileAway) {
      const clean = storable(entry);
      if (whileAway === 'journal') return writer.put(clean);
      try {
        await write([clean]);
      } catch (thrown) {
        throw databaseFault(asError(thrown));
      }
    },
    head: () => readHead(database),
    async read({ after, upTo, limit = 1000 }) {
      const last = upTo === undefined ? '' : 'AND e.seq <= $3';
      const values = [after, Math.min(1000, limit), ...(upTo === undefined ? [] : [upTo])];
      const rows = await database.query<Row>(`${select} WHERE e.seq > $1 ${last} ORDER BY e.seq LIMIT $2`, values);
      return rows.map(toRecord);
    },
    search: (query) => search(database, query),
    forgetDetails: (personId) =>
      database.transaction(async (connection) => {
        await connection.query("SELECT set_config('engawa.forgets', 'yes', true)");
        const gone = await connection.query(
          'DELETE FROM audit_details d USING audit_entries e WHERE d.seq = e.seq AND e.person_id = $1 RETURNING d.seq',
          [personId],
        );
        return gone.length;
      }),
    flush: () => writer.flush(),
    close: () => writer.close(),
  };
}

/** NUL and half characters are what PostgreSQL cannot hold; as in the event log they become U+FFFD. */
function storable(entry: NewAuditRecord): NewAuditRecord {
  const text = JSON.stringify(entry, (_key, value) =>
    typeof value === 'string' ? value.replace(/\p{Surrogate}|\0/gu, '\ufffd') : value,
  );
  return JSON.parse(text) as NewAuditRecord;
}

async function readHead(connection: Queryable): Promise<ChainHead | undefined> {
  return (await connection.query<ChainHead>('SELECT seq, hash FROM audit_entries ORDER BY seq DESC LIMIT 1'))[0];
}

async function appendChained(
  connection: Queryable,
  entries: readonly NewAuditRecord[],
  look: (head: ChainHead | undefined) => void,
): Promise<ChainHead | undefined> {
  await connection.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
  const head = await readHead(connection);
  look(head);
  const there = await connection.query<{ id: string }>('SELECT id FROM audit_entries WHERE id = ANY($1)', [
    entries.map(({ id }) => id),
  ]);
  const seen = new Set(there.map(({ id }) => id));
  const fresh = entries.filter(({ id }) => !seen.has(id) && seen.add(id));
  if (fresh.length === 0) return head;
  const records = chain(fresh, head);
  await insert(connection, records);
  const last = records.at(-1)!;
  return { seq: last.seq, hash: last.hash };
}

async function insert(connection: Queryable, records: readonly AuditRecord[]): Promise<void> {
  const column = <T>(of: (record: AuditRecord) => T) => records.map(of);
  await connection.query(
    `INSERT INTO audit_entries
       (seq, id, at, act, outcome, person_id, key_id, command, target_kind, target_id, details_hash, previous, hash, about)
     SELECT seq, id, at, act, outcome, person_id, key_id, command, target_kind, target_id, details_hash, previous, hash,
            ARRAY(SELECT jsonb_array_elements_text(about))
     FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                 $10::text[], $11::text[], $12::text[], $13::text[], $14::jsonb[])
       AS row (seq, id, at, act, outcome, person_id, key_id, command, target_kind, target_id, details_hash, previous, hash, about)`,
    [
      column(({ seq }) => seq),
      column(({ id }) => id),
      column(({ at }) => at),
      column(({ act }) => act),
      column(({ outcome }) => outcome),
      column(({ personId }) => personId ?? null),
      column(({ keyId }) => keyId ?? null),
      column(({ command }) => command ?? null),
      column(({ target }) => target?.kind ?? null),
      column(({ target }) => target?.id ?? null),
      column(({ detailsHash }) => detailsHash),
      column(({ previous }) => previous),
      column(({ hash }) => hash),
      column(({ about }) => JSON.stringify(about ?? [])),
    ],
  );
  await connection.query(
    'INSERT INTO audit_details (seq, salt, body) SELECT * FROM unnest($1::bigint[], $2::text[], $3::jsonb[])',
    [column(({ seq }) => seq), column(({ salt }) => salt), column(({ details }) => JSON.stringify(details))],
  );
}

interface Row {
  seq: number;
  id: string;
  at: number;
  act: string;
  outcome: 'done' | 'refused';
  person_id: string | null;
  key_id: string | null;
  command: string | null;
  target_kind: string | null;
  target_id: string | null;
  about: string[];
  details_hash: string;
  previous: string;
  hash: string;
  salt: string | null;
  body: AuditDetails | null;
}

const select = 'SELECT e.*, d.salt, d.body FROM audit_entries e LEFT JOIN audit_details d USING (seq)';

function toRecord(row: Row): AuditRecord {
  const { seq, id, at, act, outcome, previous, hash, about } = row;
  return {
    ...{ seq, id, at, act, outcome },
    ...(row.person_id === null ? {} : { personId: row.person_id }),
    ...(row.key_id === null ? {} : { keyId: row.key_id }),
    ...(row.command === null ? {} : { command: row.command }),
    ...(row.target_kind === null ? {} : { target: { kind: row.target_kind, id: row.target_id ?? '' } }),
    ...(about.length > 0 ? { about } : {}),
    ...{ details: row.body, salt: row.salt, detailsHash: row.details_hash, previous, hash },
  };
}

async function search(database: Database, query: AuditQuery): Promise<AuditRecord[]> {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const where = (condition: (placeholder: string) => string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  where((p) => `e.person_id = ${p}`, query.personId);
  where((p) => `e.key_id = ${p}`, query.keyId);
  where((p) => `e.target_kind = ${p}`, query.target?.kind);
  where((p) => `e.target_id = ${p}`, query.target?.id);
  where((p) => `(e.about @> ARRAY[${p}] OR (e.target_kind = 'person' AND e.target_id = ${p}))`, query.concerning);
  where((p) => `e.person_id IS DISTINCT FROM ${p}`, query.notBy);
  where((p) => `e.act = ANY(${p})`, query.acts);
  where((p) => `e.outcome = ${p}`, query.outcome);
  where((p) => `e.at >= ${p}`, query.fromMs);
  where((p) => `e.at < ${p}`, query.toMs);
  where((p) => `e.seq ${query.oldestFirst ? '>' : '<'} ${p}`, query.after);
  values.push(Math.min(1000, Math.max(1, query.limit ?? 100)));
  const rows = await database.query<Row>(
    `${select} ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY e.seq ${query.oldestFirst ? 'ASC' : 'DESC'} LIMIT $${values.length}`,
    values,
  );
  return rows.map(toRecord);
}
