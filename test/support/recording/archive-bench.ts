// A recorder, a real database and an archive, for the tests of what becomes of recordings.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type AuditActor, auditActs } from '../../../src/identity/audit/audit.ts';
import { createAudit } from '../../../src/identity/audit/create-audit.ts';
import { type ArchivedFile, joinedBytes } from '../../../src/recording/archive/archive.ts';
import { type ArchivistNeeds, createArchivist } from '../../../src/recording/archive/archivist.ts';
import { createArchive, readAll } from '../../../src/recording/archive/create-archive.ts';
import { createFolderPayloads } from '../../../src/recording/archive/folder-payloads.ts';
import type { PayloadStore } from '../../../src/recording/archive/payload-store.ts';
import { createRecordingLife, type Witness } from '../../../src/recording/life/recording-life.ts';
import type { RetentionRules } from '../../../src/recording/life/retention.ts';
import { verifyArchived } from '../../../src/recording/life/verify-archived.ts';
import { createFolderStorage } from '../../../src/recording/storage.ts';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import type { RecordingId } from '../../../src/shared/ids.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { sealEntriesOf } from '../../../src/store/audit/seal-entries.ts';
import type { Store } from '../../../src/store/store.ts';
import { eventually } from '../eventually.ts';
import { connectTap } from '../media/tap-client.ts';
import { testStore } from '../servers/database.ts';
import { ageOpenBytes } from './opened-audio.ts';
import { recordingBench } from './recording-bench.ts';

export interface ArchiveBenchOptions {
  store?: Store;
  payloads?: (folder: string) => PayloadStore;
  retention?: RetentionRules;
  clock?: Clock;
  recipients?: string[];
}

const nothingEnds: RetentionRules = { rules: [], ofSeveral: 'longest' };

export async function archiveBench(t: Test, options: ArchiveBenchOptions = {}) {
  const store = options.store ?? (await testStore(t));
  const folder = join(t.testdir({ recordings: {} }), 'recordings');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const local = createFolderStorage({ folder });
  const payloads = options.payloads?.(folder) ?? createFolderPayloads({ folder });
  const audit = createAudit({ clock: systemClock, log: silentLogger, rows: store.audit });
  const witness: Witness<AuditActor> = ({ act, recordingId, by, purpose, details }) =>
    audit.write({
      ...{ act, by, target: { kind: 'recording', id: recordingId }, outcome: 'done', purpose: purpose ?? '' },
      details: details ?? {},
    });
  const clock = options.clock ?? systemClock;
  const { recordingFiles: files, recordingLives: lives, recordings } = store;
  const common = { clock, log: silentLogger, files, lives, payloads, local };

  function newArchivist(overrides: Partial<ArchivistNeeds> = {}) {
    const archivist = createArchivist({
      ...{ ...common, clock: systemClock, recordings },
      chain: (recordingId, details) => witness({ act: 'recording-sealed', recordingId, by: {}, details }),
      ...overrides,
    });
    t.teardown(() => archivist.close());
    return archivist;
  }

  const archivist = newArchivist();
  const bench = await recordingBench(t, { recordings, folder, handOver: archivist.accept });
  const archive = createArchive(common);
  const life = createRecordingLife<AuditActor>({
    ...{ ...common, retention: options.retention ?? nothingEnds, witness, ourselves: {} },
  });

  async function record(ms = 1000, about: Parameters<typeof bench.recorder.open>[0] | undefined = undefined) {
    const { recordingId, tapUrl } = about ? await bench.recorder.open(about) : await bench.open();
    const tap = await connectTap(tapUrl);
    await tap.send({ leftHz: 440, rightHz: 660, ms });
    await tap.close();
    await bench.recorder.stop(recordingId);
    return recordingId;
  }

  async function filesOf(id: RecordingId): Promise<ArchivedFile[]> {
    const found = await archive.find(id);
    if (found.kind !== 'files') throw new Error(`${id} is ${found.kind}`);
    return found.files;
  }

  const joined = async (file: ArchivedFile) => {
    const bytes = await readAll(await archive.openJoined(file));
    if (bytes.length !== joinedBytes(file)) throw new Error(`${bytes.length} bytes of ${joinedBytes(file)}`);
    return bytes;
  };

  return {
    ...bench,
    ...{ store, files, lives, recordings, local, payloads, audit, witness, archivist, archive, life, newArchivist },
    ...{ record, filesOf, joined },
    async archived(id: RecordingId) {
      await eventually(`${id} is in the archive`, async () => (await lives.about([id]))[0]?.storedAt, {
        withinMs: 15_000,
      });
      await archivist.settle();
    },
    /** What Debian's age makes of it. */
    async openedByAge(file: ArchivedFile, identityFile = bench.identityFile) {
      return ageOpenBytes(await joined(file), identityFile);
    },
    verify: async (id: RecordingId) =>
      verifyArchived(
        { files, payloads, sealsOf: (one) => sealEntriesOf(store.audit, one) },
        (await lives.about([id]))[0]!,
      ),
    entries: (id: RecordingId) =>
      store.audit.search({
        target: { kind: 'recording', id },
        acts: auditActs.filter((act) => act.startsWith('recording-')),
        oldestFirst: true,
      }),
  };
}
