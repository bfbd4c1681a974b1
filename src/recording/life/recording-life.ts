// What happens to a recording after it was made: it is held, released, deleted by hand or by the clock. Each of these is witnessed
// in the audit log. Deleting begins with the header, without which nobody can open the payload, and ends with a receipt: the
// hashes of what is gone (docs/decisions/0092).
//
//   kept ◀─▶ held         kept ─▶ shredding (header gone) ─▶ shredded (payload gone, receipt in the audit log)

import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import { newId, type PersonId, type RecordingHoldId, type RecordingId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type {
  RecordingAbout,
  RecordingFileRow,
  RecordingFiles,
  RecordingHold,
  RecordingLives,
} from '../../store/recording-files.ts';
import type { PayloadStore } from '../archive/payload-store.ts';
import { sealDetails } from '../archive/seal.ts';
import { sealedNames } from '../open-recording.ts';
import type { RecordingStorage } from '../storage.ts';
import type { Which } from '../which.ts';
import { keepUntil, type RetentionRules, retentionOf, shortestRetentionMs } from './retention.ts';

export type LifeAct =
  | 'recording-sealed'
  | 'recording-rotated'
  | 'recording-held'
  | 'recording-released'
  | 'recording-shredded'
  | 'recording-exported';

/** Resolves once the entry is in the audit log; what is refused there does not happen. */
export type Witness<Actor> = (entry: {
  act: LifeAct;
  recordingId: RecordingId;
  by: Actor;
  purpose?: string;
  details?: Readonly<Record<string, string | number | boolean | null>>;
}) => Promise<void>;

/** Who asks: a person, or a program with a key, which has no person. */
export interface Asking<Actor> {
  actor: Actor;
  personId: PersonId | null;
  purpose: string;
}

/** `locked`: headers and rights are gone, but the storage keeps the payload until its own time is over. */
export type ShredOutcome = 'shredded' | 'locked' | 'held' | 'open' | 'gone';

export interface RetentionReport {
  due: { id: RecordingId; endedAt: number; days: number; rule: number | null }[];
  /** Due, and kept for somebody. */
  held: RecordingId[];
  shredded: number;
  /** What could not be deleted, in sentences; it is tried again. */
  failed: string[];
}

/** Which rule it is kept by. `rule`: its place in the list with what it names; null: what no rule is for. */
export interface KeptBy extends Which {
  days: number;
  rule: number | null;
}

export interface RecordingLife<Actor> {
  keepUntil(about: RecordingAbout): number | null;
  /** Undefined: no rule is for it, and none is for what has none, so it is kept for good. */
  keptBy(about: RecordingAbout): KeptBy | undefined;
  hold(id: RecordingId, matter: string, asking: Asking<Actor>): Promise<RecordingHold | 'gone'>;
  release(id: RecordingHoldId, asking: Asking<Actor>): Promise<RecordingHold | undefined>;
  shred(id: RecordingId, asking: Asking<Actor>): Promise<ShredOutcome>;
  /** Deletes what is due, and ends what was begun. Undefined: another node does it at the moment. */
  runRetention(options: { dryRun: boolean }): Promise<RetentionReport | undefined>;
}

export interface LifeNeeds<Actor> {
  clock: Clock;
  log: Logger;
  files: RecordingFiles;
  lives: RecordingLives;
  payloads: PayloadStore;
  local: RecordingStorage;
  retention: RetentionRules;
  witness: Witness<Actor>;
  /** Who it is that the clock acts for. */
  ourselves: Actor;
}

const pageSize = 200;

export function createRecordingLife<Actor>(needs: LifeNeeds<Actor>): RecordingLife<Actor> {
  const { clock, log, lives, payloads, local, retention, witness } = needs;

  /** Ends what `startShredding` began; may be done again. */
  async function endShredding(
    id: RecordingId,
    files: readonly RecordingFileRow[],
    { by, purpose, details = {} }: { by: Actor; purpose: string; details?: Record<string, string | number> },
  ): Promise<'shredded' | 'locked'> {
    let outcome: 'shredded' | 'locked' = 'shredded';
    for (const { payloadKey } of files) if ((await payloads.remove(payloadKey)) === 'locked') outcome = 'locked';
    for (const name of await sealedNames(local, id))
      await local.wipe(name, files.find((file) => file.name === name)?.headerBytes ?? 0);
    const receipt = {
      ...sealDetails(files),
      storage: payloads.kind,
      payload: outcome === 'locked' ? 'locked' : 'removed',
    };
    await witness({ act: 'recording-shredded', recordingId: id, by, purpose, details: { ...receipt, ...details } });
    await lives.endShredding(id, clock.now());
    log.info({ recordingId: id, outcome }, 'a recording was deleted');
    return outcome;
  }

  async function shred(
    id: RecordingId,
    how: { by: Actor; purpose: string; details?: Record<string, string | number> },
  ) {
    const started = await lives.startShredding(id, clock.now());
    return started.kind === 'started' ? endShredding(id, started.files, how) : started.kind;
  }

  async function finishHalfShredded(report: RetentionReport): Promise<void> {
    for (const id of await lives.halfShredded())
      await attempt(report, id, async () => {
        const files = await needs.files.ofRecording(id);
        await endShredding(id, files, { by: needs.ourselves, purpose: 'a deletion that was cut off is ended' });
      });
  }

  async function attempt(report: RetentionReport, id: RecordingId, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      report.shredded += 1;
    } catch (thrown) {
      report.failed.push(`${id}: ${asError(thrown).message}`);
    }
  }

  async function go({ dryRun }: { dryRun: boolean }): Promise<RetentionReport> {
    const report: RetentionReport = { due: [], held: [], shredded: 0, failed: [] };
    if (!dryRun) await finishHalfShredded(report);
    const shortest = shortestRetentionMs(retention);
    if (shortest === undefined) return report;
    const now = clock.now();
    for (let after: RecordingId | undefined; ; ) {
      const page = await lives.finished({ endedBefore: now - shortest, after, limit: pageSize });
      for (const about of page) await consider(report, about, now, dryRun);
      after = page.at(-1)?.row.id;
      if (page.length < pageSize) return report;
    }
  }

  async function consider(report: RetentionReport, about: RecordingAbout, now: number, dryRun: boolean): Promise<void> {
    const { id, endedAt } = about.row;
    const until = keepUntil(retention, about, endedAt);
    if (until === null || until > now || about.shreddingSince !== null) return;
    if (about.held) {
      report.held.push(id);
      return;
    }
    const found = retentionOf(retention, about)!;
    report.due.push({ id, endedAt: endedAt!, ...found });
    if (dryRun) return;
    const rule = found.rule === null ? 'default' : `rules[${found.rule}]`;
    await attempt(report, id, async () => {
      const outcome = await shred(id, {
        by: needs.ourselves,
        purpose: 'the time to keep it is over',
        details: { days: found.days, rule, keptUntil: until },
      });
      if (outcome === 'held') throw new Error('somebody asked that it be kept, a moment ago');
    });
  }

  return {
    keepUntil: (about) => keepUntil(retention, about, about.row.endedAt),
    keptBy(about) {
      const found = retentionOf(retention, about);
      const named = found && found.rule !== null ? retention.rules[found.rule] : undefined;
      return found && { ...named, ...found };
    },
    async hold(id, matter, { actor, personId, purpose }) {
      const at = clock.now();
      const hold = {
        id: newId('recordingHold', at),
        recordingId: id,
        matter,
        purpose,
        placedAt: at,
        placedBy: personId,
      };
      if ((await lives.placeHold(hold)) === 'shredded') return 'gone';
      await witness({
        act: 'recording-held',
        recordingId: id,
        by: actor,
        purpose,
        details: { matter, holdId: hold.id },
      });
      return { ...hold, releasedAt: null, releasedBy: null, releasePurpose: null };
    },
    async release(id, { actor, personId, purpose }) {
      const hold = await lives.holdById(id);
      if (!hold || hold.releasedAt !== null) return undefined;
      // First the log: what undoes a protection must not happen unseen.
      const { recordingId, matter } = hold;
      await witness({ act: 'recording-released', recordingId, by: actor, purpose, details: { matter, holdId: id } });
      return lives.releaseHold(id, { at: clock.now(), by: personId, purpose });
    },
    shred: (id, { actor, purpose }) => shred(id, { by: actor, purpose }),
    async runRetention(options) {
      let report: RetentionReport | undefined;
      if (options.dryRun) return go(options);
      await lives.exclusively('recording-retention', async () => {
        report = await go(options);
      });
      return report;
    },
  };
}
