// The audit log as a file that verifies by itself, anywhere, with the public key: NDJSON or CSV.
//
//   NDJSON   { kind: 'export', … } · { kind: 'entry', … } | { kind: 'skipped', … } … · { kind: 'key' | 'head', … } …
//   CSV      the same, a row each; what a spreadsheet would calculate has an apostrophe in front, which reading takes away
//
// Where only some entries were asked for, those in between are there as the hash of their content: the chain is whole, what they
// say is not told. The last entry is signed, whatever was asked for.

import { parse } from 'csv-parse/sync';
import { canonicalJson, type Json } from '../../shared/canonical-json.ts';
import type { AuditLog, AuditQuery } from '../../store/audit/audit-log.ts';
import { type AuditDetails, type AuditRecord, contentHash } from '../../store/audit/chain.ts';
import { type HeadLine, parseHeadLine } from './heads.ts';
import { recordsFrom } from './sign-heads.ts';
import type { SkippedRecord } from './verify.ts';

export type ExportFormat = 'ndjson' | 'csv';

/** What was asked for, in order, with everything in between; both ends are entries that were asked for. */
export async function* selected(
  rows: Pick<AuditLog, 'read' | 'search'>,
  query: AuditQuery,
): AsyncGenerator<AuditRecord | SkippedRecord> {
  let told: number | undefined;
  for await (const record of found(rows, query)) {
    if (told !== undefined && record.seq > told + 1)
      for await (const between of recordsFrom(rows, told, record.seq - 1))
        yield { seq: between.seq, content: contentHash(between) };
    yield record;
    told = record.seq;
  }
}

async function* found(rows: Pick<AuditLog, 'search'>, query: AuditQuery): AsyncGenerator<AuditRecord> {
  let { after } = query;
  for (;;) {
    const page = await rows.search({
      ...query,
      oldestFirst: true,
      limit: 1000,
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    if (page.length === 0) return;
    after = page.at(-1)!.seq;
  }
}

export interface ExportNeeds {
  rows: Pick<AuditLog, 'read' | 'search'>;
  query: AuditQuery;
  format: ExportFormat;
  now: number;
  /** Signs that an entry of this number has this hash; and the lines that say whose key that is. */
  seal(seq: number, hash: string): Promise<readonly HeadLine[]>;
}

/** Lines, each with its end. */
export async function* exportLines({ rows, query, format, now, seal }: ExportNeeds): AsyncGenerator<string> {
  const line = format === 'csv' ? csvLine : (row: ExportRow) => `${JSON.stringify(row)}\n`;
  if (format === 'csv') yield `${columns.join(',')}\r\n`;
  else yield `${JSON.stringify({ kind: 'export', engawa: 'audit', v: 1, at: now })}\n`;
  let last: AuditRecord | undefined;
  for await (const record of selected(rows, query)) {
    if ('content' in record) yield line({ kind: 'skipped', ...record });
    else {
      last = record;
      yield line({ kind: 'entry', time: new Date(record.at).toISOString(), ...record });
    }
  }
  if (last) for (const head of await seal(last.seq, last.hash)) yield line(head);
}

type ExportRow = ({ kind: 'entry'; time: string } & AuditRecord) | ({ kind: 'skipped' } & SkippedRecord) | HeadLine;

const columns = [
  ...['kind', 'seq', 'time', 'act', 'outcome', 'personId', 'keyId', 'command', 'targetKind', 'targetId', 'about'],
  ...['address', 'place', 'deviceId', 'sessionId', 'userAgent', 'purpose', 'more'],
  ...['id', 'at', 'salt', 'detailsHash', 'previous', 'hash', 'content', 'signed'],
] as const;
type Column = (typeof columns)[number];
type Cells = Partial<Record<Column, string>>;

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

function csvLine(row: ExportRow): string {
  const cells = cellsOf(row);
  return `${columns.map((column) => csvCell(cells[column] ?? '')).join(',')}\r\n`;
}

/** Spreadsheets take a cell that begins so for a formula (CWE-1236). */
const dangerous = /^['=+\-@\t\r\n|%]/;

export function csvCell(value: string): string {
  const safe = dangerous.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function cellsOf(row: ExportRow): Cells {
  if (row.kind === 'head' || row.kind === 'key') return { kind: row.kind, signed: JSON.stringify(row) };
  if (row.kind === 'skipped') return { kind: row.kind, seq: text(row.seq), content: row.content };
  const { target, about, details, seq, at, ...rest } = row;
  const { more, ...where } = details ?? {};
  return {
    ...(Object.fromEntries(Object.entries({ ...rest, ...where }).map(([name, value]) => [name, text(value)])) as Cells),
    ...{ seq: text(seq), at: text(at), targetKind: text(target?.kind), targetId: text(target?.id) },
    about: (about ?? []).join(' '),
    more: more ? canonicalJson(more as Json) : '',
  };
}

export interface ReadExport {
  records: (AuditRecord | SkippedRecord)[];
  heads: HeadLine[];
}

/** Undefined: no export of an audit log. */
export function readExport(content: string): ReadExport | undefined {
  const rows = content.startsWith('{') ? fromNdjson(content) : fromCsv(content);
  return rows && { records: rows.filter(isRecord), heads: rows.filter((row): row is HeadLine => !isRecord(row)) };
}

type Parsed = AuditRecord | SkippedRecord | HeadLine;
const isRecord = (row: Parsed): row is AuditRecord | SkippedRecord =>
  !('kind' in row) || (row.kind !== 'head' && row.kind !== 'key');

function fromNdjson(content: string): Parsed[] | undefined {
  const rows: Parsed[] = [];
  for (const line of content.split('\n')) {
    if (line === '') continue;
    const { kind, time: _, ...row } = JSON.parse(line) as Record<string, unknown>;
    if (kind === 'entry') rows.push(row as unknown as AuditRecord);
    else if (kind === 'skipped') rows.push(row as unknown as SkippedRecord);
    else if (kind !== 'export') {
      const head = parseHeadLine(line);
      if (!head) return undefined;
      rows.push(head);
    }
  }
  return rows;
}

function fromCsv(content: string): Parsed[] | undefined {
  const [header, ...lines] = parse(content, { bom: true, relax_column_count: true }) as string[][];
  if (header?.join() !== columns.join()) return undefined;
  const rows: Parsed[] = [];
  for (const line of lines) {
    const cells = Object.fromEntries(columns.map((column, at) => [column, (line[at] ?? '').replace(/^'/, '')]));
    const row = fromCells(cells as Record<Column, string>);
    if (!row) return undefined;
    rows.push(row);
  }
  return rows;
}

function fromCells(cells: Record<Column, string>): Parsed | undefined {
  const { kind, signed, seq, content } = cells;
  if (kind === 'head' || kind === 'key') return parseHeadLine(signed);
  if (kind === 'skipped') return { seq: Number(seq), content };
  if (kind !== 'entry') return undefined;
  const { id, at, act, outcome, personId, keyId, command, targetKind, targetId, about, salt, more } = cells;
  const { detailsHash, previous, hash } = cells;
  const given = <K extends string>(values: Record<K, string>) =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '')) as Partial<Record<K, string>>;
  const { address, place, deviceId, sessionId, userAgent, purpose } = cells;
  const details: AuditDetails = {
    ...given({ address, place, deviceId, sessionId, userAgent, purpose }),
    ...(more === '' ? {} : { more: JSON.parse(more) as NonNullable<AuditDetails['more']> }),
  };
  return {
    ...{ id, act, detailsHash, previous, hash, seq: Number(seq), at: Number(at), outcome: outcome as 'done' },
    ...given({ personId, keyId, command }),
    ...(targetKind === '' ? {} : { target: { kind: targetKind, id: targetId } }),
    ...(about === '' ? {} : { about: about.split(' ') }),
    ...(salt === '' ? { details: null, salt: null } : { details, salt }),
  };
}
