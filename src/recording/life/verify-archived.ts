// Whether a finished recording is what was sealed: header and payload are read and hashed, and compared with the database and with
// what the audit log was told when it was completed, rotated or deleted. Needs no key. Finds what was changed, what is missing and
// what was swapped, also by somebody who could write into database and storage but not into the chain.

import { createHash } from 'node:crypto';
import { AppError, asError } from '../../shared/errors.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { SealEntry } from '../../store/audit/seal-entries.ts';
import type { RecordingAbout, RecordingFileRow, RecordingFiles } from '../../store/recording-files.ts';
import { sha256Hex } from '../archive/age-header.ts';
import type { PayloadStore } from '../archive/payload-store.ts';
import { sealOf } from '../archive/seal.ts';

export interface Verdict {
  ok: boolean;
  sentence: string;
}

export interface VerifyNeeds {
  files: Pick<RecordingFiles, 'ofRecording'>;
  payloads: Pick<PayloadStore, 'open' | 'info'>;
  sealsOf(id: RecordingId): Promise<SealEntry[]>;
}

const bad = (sentence: string): Verdict => ({ ok: false, sentence });

export async function verifyArchived(
  { files, payloads, sealsOf }: VerifyNeeds,
  about: RecordingAbout,
): Promise<Verdict> {
  const { id } = about.row;
  const rows = await files.ofRecording(id);
  const told = (await sealsOf(id)).filter(({ seal }) => seal !== null);
  if (about.shreddingSince !== null) return verifyShredded(rows, told, payloads);
  if (rows.length === 0)
    return told.length > 0
      ? bad('The audit log knows it, and its headers are gone.')
      : bad('It is not in the archive yet.');
  for (const row of rows) {
    const wrong = wrongHeader(row) ?? (await wrongPayload(row, payloads));
    if (wrong) return bad(`${row.name}: ${wrong}`);
  }
  return compareWithLog(sealOf(rows), told, about);
}

function wrongHeader({ header, headerBytes, headerSha256 }: RecordingFileRow): string | undefined {
  if (!header) return 'its header is missing, and nobody deleted it.';
  if (header.length !== headerBytes || sha256Hex(header) !== headerSha256) return 'its header was changed.';
}

async function wrongPayload(row: RecordingFileRow, payloads: VerifyNeeds['payloads']): Promise<string | undefined> {
  if (row.payloadBytes === 0) return undefined;
  try {
    const info = await payloads.info(row.payloadKey);
    if (!info) return 'its payload is missing.';
    if (info.bytes !== row.payloadBytes) return `its payload has ${info.bytes} bytes instead of ${row.payloadBytes}.`;
    const hash = createHash('sha256');
    for await (const piece of await payloads.open(row.payloadKey)) hash.update(piece as Buffer);
    if (hash.digest('hex') !== row.payloadSha256) return 'its payload was changed.';
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'not-found') return 'its payload is missing.';
    return `its payload cannot be read: ${asError(thrown).message}`;
  }
}

function compareWithLog(seal: string, told: readonly SealEntry[], about: RecordingAbout): Verdict {
  const last = told.at(-1);
  if (!last) return { ok: true, sentence: 'as the database has it; the audit log was not told of it yet.' };
  if (last.act === 'recording-shredded') return bad('The audit log says that it was deleted.');
  if (last.seal === seal) return { ok: true, sentence: 'as the audit log has it' };
  if (last.sealBefore === seal)
    return bad(
      'Its header is the one of before a rotation: either that was cut off (run it again), or the old one was put back.',
    );
  return bad(
    about.row.state === 'complete'
      ? 'Header or payload are not those that the audit log was told of: they were changed or swapped together with the database.'
      : 'Its files are not those that the audit log was told of.',
  );
}

async function verifyShredded(
  rows: readonly RecordingFileRow[],
  told: readonly SealEntry[],
  payloads: VerifyNeeds['payloads'],
): Promise<Verdict> {
  if (rows.some(({ header }) => header !== null)) return bad('It counts as deleted, and a header is there.');
  const receipt = told.findLast(({ act }) => act === 'recording-shredded');
  if (!receipt) return bad('Its headers are deleted, and the audit log has no receipt yet.');
  if (receipt.seal !== sealOf(rows)) return bad('The receipt of its deletion is for something else.');
  for (const { payloadKey } of rows)
    if (await payloads.info(payloadKey))
      return { ok: true, sentence: 'deleted: nobody can open it; the storage still keeps its payload' };
  return { ok: true, sentence: 'deleted, with its receipt' };
}
