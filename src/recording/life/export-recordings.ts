// Recordings to take along: a tar file of sealed files, each a standard age file that its recipients open, with what is known of
// each as JSON: the row, the call record, marks, hashes, holds, and the entries of the audit log, by number and hash, so that a copy
// of the log proves them. The last file is a manifest with the hash of each file before it. No number, and no key.
//
//   r_…/r_….opus.age     one, or the parts that a crash left
//   r_…/recording.json
//   manifest.json

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import type { RecordingId } from '../../shared/ids.ts';
import type { RecordingAbout } from '../../store/recording-files.ts';
import type { Store } from '../../store/store.ts';
import { joinedBytes, type RecordingArchive } from '../archive/archive.ts';
import { sealOf } from '../archive/seal.ts';

export interface ExportNeeds {
  store: Pick<Store, 'recordingFiles' | 'recordingLives' | 'calls' | 'events' | 'audit'>;
  archive: RecordingArchive;
  now: number;
}

/** Why, and by whom, in words that may leave the house. */
export interface ExportAbout {
  purpose: string;
  by: string;
}

interface Written {
  name: string;
  bytes: number;
  sha256: string;
}

const mostEntries = 1000;

/** What cannot be exported is in the manifest, with the reason; the export goes on. */
export function exportRecordings(needs: ExportNeeds, ids: readonly RecordingId[], about: ExportAbout): Readable {
  const tar = pack();
  void fill(needs, tar, ids, about).then(
    () => tar.finalize(),
    (thrown) => tar.destroy(thrown),
  );
  return tar as unknown as Readable;
}

async function fill(needs: ExportNeeds, tar: Pack, ids: readonly RecordingId[], about: ExportAbout): Promise<void> {
  const mtime = new Date(needs.now);
  const written: Written[] = [];
  const left: { id: RecordingId; because: string }[] = [];

  async function add(name: string, bytes: number, source: Readable): Promise<void> {
    const hash = createHash('sha256');
    const entry = tar.entry({ name, size: bytes, mtime, mode: 0o600 });
    await pipeline(
      source,
      async function* (pieces: AsyncIterable<Uint8Array>) {
        for await (const piece of pieces) {
          hash.update(piece);
          yield piece;
        }
      },
      entry,
    );
    written.push({ name, bytes, sha256: hash.digest('hex') });
  }

  const addJson = (name: string, value: unknown) => {
    const text = Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
    return add(name, text.length, Readable.from([text]));
  };

  for (const id of ids) {
    const [known] = await needs.store.recordingLives.about([id]);
    const found = await needs.archive.find(id);
    if (!known || found.kind !== 'files') {
      left.push({ id, because: found.kind });
      continue;
    }
    for (const file of found.files)
      await add(`${id}/${basename(file.name)}`, joinedBytes(file), await needs.archive.openJoined(file));
    await addJson(`${id}/recording.json`, await metadataOf(needs, known));
  }
  const manifest = { format: 'engawa-recordings-v1', exportedAt: needs.now, ...about, files: [...written], left };
  await addJson('manifest.json', manifest);
}

async function metadataOf({ store }: ExportNeeds, about: RecordingAbout) {
  const { row, queue, reason, piiClass, mailbox, storedAt } = about;
  const { path: _, ...recording } = row;
  const [files, call, marks, holds, entries] = await Promise.all([
    store.recordingFiles.ofRecording(row.id),
    store.calls.byId(row.callId),
    store.events.read({ callId: row.callId, types: ['recording-marked'], limit: 1000 }),
    store.recordingLives.holds(row.id),
    store.audit.search({ target: { kind: 'recording', id: row.id }, oldestFirst: true, limit: mostEntries }),
  ]);
  return {
    recording: { ...recording, queue, reason, piiClass, mailbox, storedAt },
    files: files.map(({ name, headerSha256, headerBytes, payloadSha256, payloadBytes, recipients }) => ({
      ...{ name: basename(name), headerSha256, headerBytes, payloadSha256, payloadBytes, recipients },
    })),
    seal: files.length > 0 ? sealOf(files) : null,
    call: call ?? null,
    marks: marks.flatMap((event) =>
      event.type === 'recording-marked' && event.recordingId === row.id ? [{ mark: event.mark, atMs: event.atMs }] : [],
    ),
    holds: holds.map(({ id, matter, placedAt, releasedAt }) => ({ id, matter, placedAt, releasedAt })),
    auditEntries: entries.map(({ seq, id, at, act, outcome, hash }) => ({ seq, id, at, act, outcome, hash })),
  };
}
