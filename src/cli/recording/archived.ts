// engawa recording open, list, verify --config FILE: on the archive of an installation, headers from its database.

import type { Decrypter } from 'age-encryption';
import { readAll } from '../../recording/archive/create-archive.ts';
import { verifyArchived } from '../../recording/life/verify-archived.ts';
import { type OpenedRecording, openParts } from '../../recording/open-parts.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { RecordingId } from '../../shared/ids.ts';
import { sealActs, sealEntriesOf } from '../../store/audit/seal-entries.ts';
import type { RecordingAbout } from '../../store/recording-files.ts';
import type { Installation } from './installation.ts';

const pageSize = 200;

export async function openArchived(
  { archive }: Pick<Installation, 'archive'>,
  id: RecordingId,
  identities: Decrypter,
): Promise<OpenedRecording> {
  const found = await archive.find(id);
  if (found.kind !== 'files') throw new AppError('not-found', sentences[found.kind]);
  const byName = new Map(found.files.map((file) => [file.name, file]));
  const read = async (name: string) => readAll(await archive.openJoined(byName.get(name)!));
  return openParts({ names: [...byName.keys()], read }, identities);
}

const sentences = {
  unknown: 'There is no such recording.',
  open: 'This recording is still being made.',
  shredded: 'This recording was deleted: nobody can open it any more.',
  elsewhere: 'This recording has not reached the storage yet, and its file is not on this machine.',
};

/** Newest first, as the table has them. */
export async function* recordingsOf({ store }: Pick<Installation, 'store'>): AsyncGenerator<RecordingAbout> {
  for (let before: RecordingId | undefined; ; ) {
    const rows = await store.recordings.list({ before, limit: pageSize });
    yield* await store.recordingLives.about(rows.map(({ id }) => id));
    before = rows.at(-1)?.id;
    if (rows.length < pageSize) return;
  }
}

export async function listArchived(installation: Installation): Promise<number> {
  let count = 0;
  for await (const { row, held, shreddedAt, shreddingSince, storedAt } of recordingsOf(installation)) {
    const at = new Date(row.startedAt).toISOString().slice(0, 19).replace('T', ' ');
    const where = shreddedAt ? 'deleted' : shreddingSince ? 'going' : storedAt ? 'archived' : 'waits';
    const size = `${String(row.bytes ?? 0).padStart(10)} bytes`;
    console.log(`${row.id}  ${at}  ${row.state.padEnd(11)}  ${where.padEnd(8)}  ${size}${held ? '  held' : ''}`);
    count += 1;
  }
  if (count === 0) console.error('There are no recordings yet.');
  return 0;
}

/** All there are unless told; then also what the log or the storage knows and the table does not. */
export async function verifyAllArchived(installation: Installation, ids: readonly string[]): Promise<number> {
  const { store, payloads } = installation;
  const needs = { files: store.recordingFiles, payloads, sealsOf: (id: RecordingId) => sealEntriesOf(store.audit, id) };
  const known = ids.length > 0 ? await store.recordingLives.about(ids as RecordingId[]) : recordingsOf(installation);
  const seen = new Set<string>();
  let bad = 0;
  const tell = (id: string, ok: boolean, sentence: string) => {
    console.log(`${id}  ${ok ? 'good' : 'BAD '}  ${sentence}`);
    if (!ok) bad += 1;
  };
  for await (const about of known) {
    const { id, state } = about.row;
    seen.add(id);
    if (state === 'open') continue;
    const { ok, sentence } = await verifyArchived(needs, about).catch((thrown: unknown) => ({
      ok: false,
      sentence: asError(thrown).message,
    }));
    tell(id, ok, sentence);
  }
  for (const id of ids) if (!seen.has(id)) tell(id, false, 'There is no such recording.');
  if (ids.length === 0) {
    for await (const id of toldOf(store))
      if (!seen.has(id)) tell(id, false, 'The audit log knows it, and its row is gone.');
    for await (const key of payloads.keys()) {
      const id = /(r_[0-9a-f]{32})/.exec(key)?.[1];
      if (id === undefined || !seen.has(id))
        tell(id ?? key, false, `The storage has ${key}, and no row belongs to it.`);
    }
  }
  return bad === 0 ? 0 : 1;
}

async function* toldOf(store: Installation['store']): AsyncGenerator<string> {
  for (let after = 0; ; ) {
    const entries = await store.audit.search({ acts: sealActs, oldestFirst: true, after, limit: 1000 });
    for (const { target } of entries) if (target) yield target.id;
    if (entries.length < 1000) return;
    after = entries.at(-1)!.seq;
  }
}
