// What the commands on recordings need of an installation: its database, used while the program runs and started otherwise, its
// storage, its rules, and an audit log that knows who ran the command.

import { userInfo } from 'node:os';
import { recipientRules, recordingsFolder } from '../../app/recorder.ts';
import { payloadsOf, retentionRules, witnessIn } from '../../app/recording-life.ts';
import { type Config, loadConfig } from '../../config.ts';
import type { AuditActor } from '../../identity/audit/audit.ts';
import { createAudit } from '../../identity/audit/create-audit.ts';
import type { RecordingArchive } from '../../recording/archive/archive.ts';
import { createArchive } from '../../recording/archive/create-archive.ts';
import type { PayloadStore } from '../../recording/archive/payload-store.ts';
import { createRecordingLife, type RecordingLife, type Witness } from '../../recording/life/recording-life.ts';
import type { RecipientRules } from '../../recording/recipients.ts';
import { createFolderStorage } from '../../recording/storage.ts';
import { systemClock as clock } from '../../shared/clock.ts';
import { createLogger, type Logger } from '../../shared/logger.ts';
import type { Store } from '../../store/store.ts';
import { withStore } from '../with-store.ts';

export interface Installation {
  config: Config;
  log: Logger;
  store: Store;
  archive: RecordingArchive;
  payloads: PayloadStore;
  life: RecordingLife<AuditActor>;
  witness: Witness<AuditActor>;
  rules: RecipientRules;
  by: AuditActor;
}

export async function withInstallation(
  configFile: string,
  command: string,
  work: (installation: Installation) => Promise<number>,
): Promise<number> {
  const { config } = loadConfig(configFile);
  return withStore(config, async (store) => {
    const local = createFolderStorage({ folder: recordingsFolder(config) });
    const payloads = payloadsOf(config, local);
    const log = createLogger({ level: 'error' });
    const { recordingFiles: files, recordingLives: lives } = store;
    const by: AuditActor = { command: `recording ${command}` };
    const audit = createAudit({ clock, log, rows: store.audit });
    const { username: systemUser } = userInfo();
    const witness: Witness<AuditActor> = (entry) =>
      witnessIn(audit)({ ...entry, by, details: { ...entry.details, systemUser } });
    const life = createRecordingLife<AuditActor>({
      ...{ clock, log, files, lives, payloads, local, witness },
      ...{ retention: retentionRules(config), ourselves: by },
    });
    const archive = createArchive({ files, lives, payloads, local });
    return work({
      config,
      log,
      store,
      archive,
      payloads,
      life,
      witness,
      rules: await recipientRules(config),
      by,
    });
  });
}
