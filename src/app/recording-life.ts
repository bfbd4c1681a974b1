// Where finished recordings go, and what becomes of them, put together: archive, retention, holds, deletion.

import type { Config } from '../config.ts';
import type { Audit, AuditActor } from '../identity/audit/audit.ts';
import type { RecordingArchive } from '../recording/archive/archive.ts';
import { type Archivist, createArchivist } from '../recording/archive/archivist.ts';
import { createArchive } from '../recording/archive/create-archive.ts';
import { createFolderPayloads } from '../recording/archive/folder-payloads.ts';
import type { PayloadStore } from '../recording/archive/payload-store.ts';
import { createS3Client } from '../recording/archive/s3-client.ts';
import { createS3Payloads } from '../recording/archive/s3-payloads.ts';
import { createRecordingLife, type RecordingLife, type Witness } from '../recording/life/recording-life.ts';
import type { RetentionRules } from '../recording/life/retention.ts';
import { createFolderStorage, type RecordingStorage } from '../recording/storage.ts';
import { secretOf } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { asError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import type { Store } from '../store/store.ts';
import { recordingsFolder } from './recorder.ts';

export interface AppRecordings {
  archive: RecordingArchive;
  archivist: Archivist;
  payloads: PayloadStore;
  /** From now on recordings are taken into the archive, and those whose time is over are deleted. */
  live(audit: Audit): RecordingLife<AuditActor>;
}

const mebibyte = 1024 * 1024;
const closesWithinMs = 15_000;

export function openRecordingLife(
  config: Config,
  store: Store,
  { log, clock, closer }: { log: Logger; clock: Clock; closer: Closer },
): AppRecordings {
  const local = createFolderStorage({ folder: recordingsFolder(config) });
  const payloads = payloadsOf(config, local);
  const { recordings, recordingFiles: files, recordingLives: lives } = store;
  let audit: Audit | undefined;
  const witness: Witness<AuditActor> = (entry) => witnessIn(audit!)(entry);
  const archivist = createArchivist({
    ...{ clock, log, recordings, files, payloads, local },
    chain: (recordingId, details) => witness({ act: 'recording-sealed', recordingId, by: {}, details }),
  });
  closer.add('archive of recordings', () => archivist.close(), closesWithinMs);
  return {
    archive: createArchive({ files, lives, payloads, local }),
    archivist,
    payloads,
    live(given) {
      audit = given;
      archivist.start();
      const retention = retentionRules(config);
      const life = createRecordingLife<AuditActor>({
        ...{ clock, log, files, lives, payloads, local, retention, witness, ourselves: {} },
      });
      const run = () =>
        void life.runRetention({ dryRun: false }).then(
          (report) => {
            if (report && report.failed.length > 0)
              log.warn({ failed: report.failed.slice(0, 10) }, 'recordings could not be deleted yet');
          },
          (thrown: unknown) => log.warn({ err: asError(thrown) }, 'the clock of recordings could not be looked at'),
        );
      const timer = clock.every(config.recording.retention.everyMinutes * 60_000, run);
      closer.add('clock of recordings', async () => timer.cancel());
      return life;
    },
  };
}

/** Entries about recordings, in the words of the audit log. */
export const witnessIn =
  (audit: Pick<Audit, 'write'>): Witness<AuditActor> =>
  ({ act, recordingId, by, purpose, details }) =>
    audit.write({
      ...{ act, by, target: { kind: 'recording', id: recordingId }, outcome: 'done' },
      ...(purpose === undefined ? {} : { purpose }),
      ...(details === undefined ? {} : { details }),
    });

export function retentionRules({ recording: { retention } }: Config): RetentionRules {
  const { days, rules, ofSeveral } = retention;
  return { ...(days === undefined ? {} : { days }), rules, ofSeveral };
}

export function payloadsOf(config: Config, local: RecordingStorage): PayloadStore {
  const { storage } = config.recording;
  if (storage.kind === 'folder') return createFolderPayloads({ folder: recordingsFolder(config) });
  const { endpoint, bucket, region, addressing, prefix, partMegabytes } = storage;
  const client = createS3Client({
    ...{ endpoint, bucket, region, addressing },
    accessKey: secretOf(storage.accessKey, 'recording.storage.accessKey'),
    secretKey: secretOf(storage.secretKey, 'recording.storage.secretKey'),
  });
  return createS3Payloads({ client, prefix, partBytes: partMegabytes * mebibyte, local });
}
