// engawa recording rotate, retention, hold, release, delete, export: what is done with recordings after they were made. Each of these
// leaves an entry in the audit log, with who ran the command on this machine.

import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { listenersOf, listenersTo } from '../../app/playback.ts';
import { readIdentities } from '../../recording/identity.ts';
import { exportRecordings } from '../../recording/life/export-recordings.ts';
import { rotateHeaders } from '../../recording/life/rotate.ts';
import { createIdentities } from '../../recording/open-parts.ts';
import { recipientsOf, withListeners } from '../../recording/recipients.ts';
import { createSealer } from '../../recording/sealing.ts';
import { systemClock as clock } from '../../shared/clock.ts';
import type { RecordingHoldId, RecordingId } from '../../shared/ids.ts';
import { recordingsOf } from './archived.ts';
import type { Installation } from './installation.ts';

export interface LifeFlags {
  identity?: string;
  recipients?: string;
  purpose?: string;
  matter?: string;
  out?: string;
  since?: string;
  until?: string;
  queue?: string;
  'dry-run'?: boolean;
  again?: boolean;
}

const dayMs = 24 * 3_600_000;

export async function rotate(installation: Installation, ids: readonly string[], flags: LifeFlags): Promise<number> {
  const { config, store, rules, by, witness, log } = installation;
  if (!flags.identity) return usage('Rotation needs a private key that opens the recordings: --identity FILE');
  const identities = createIdentities(await readIdentities(flags.identity));
  const given = flags.recipients?.split(',').map((one) => one.trim());
  createSealer(given ?? [...rules.recipients, ...rules.escrow]); // Says in a sentence what is wrong with one.
  const listeners = listenersOf(config, store, { clock, log });
  await listeners.read();
  const report = await rotateHeaders(
    {
      ...{ files: store.recordingFiles, lives: store.recordingLives, witness, by },
      purpose: flags.purpose ?? 'rotation of recipients',
    },
    {
      identities,
      // Keys of people go with the rules that let them hear it: who was let in since gets them, who was not any more loses them.
      recipientsFor: async (about) =>
        given ?? withListeners(recipientsOf(rules, about), await listenersTo(listeners, store, about.row.id)),
      ...(ids.length > 0 ? { ids: ids as RecordingId[] } : {}),
      evenIfSame: flags.again === true,
    },
  );
  console.log(`${report.rewritten} headers are new, ${report.asWanted} were as wanted already.`);
  for (const id of report.notOpened) console.log(`${id}  the private key does not open it; its header stays`);
  for (const sentence of report.failed) console.log(`BAD   ${sentence}`);
  return report.failed.length + report.notOpened.length === 0 ? 0 : 1;
}

export async function retention({ life }: Installation, flags: LifeFlags): Promise<number> {
  const dryRun = flags['dry-run'] === true;
  const report = await life.runRetention({ dryRun });
  if (!report) {
    console.error('Another node deletes at the moment; run this later.');
    return 1;
  }
  for (const { id, endedAt, days, rule } of report.due) {
    const ended = new Date(endedAt).toISOString().slice(0, 10);
    const why = rule === null ? 'recording.retention.days' : `recording.retention.rules[${rule}]`;
    console.log(`${id}  ended ${ended}, kept ${days} days by ${why}${dryRun ? '; would be deleted' : ''}`);
  }
  for (const id of report.held) console.log(`${id}  is due, and on hold`);
  for (const sentence of report.failed) console.log(`BAD   ${sentence}`);
  const { due, held, shredded } = report;
  console.log(
    `${due.length} due, ${held.length} on hold, ${dryRun ? 'none deleted: a dry run' : `${shredded} deleted`}.`,
  );
  return report.failed.length === 0 ? 0 : 1;
}

const asking = ({ by }: Installation, purpose: string) => ({ actor: by, personId: null, purpose });

export async function hold(installation: Installation, ids: readonly string[], flags: LifeFlags): Promise<number> {
  const { matter, purpose } = flags;
  if (ids.length === 0 || !matter || !purpose)
    return usage('Say which, for what and why: hold ID … --matter CASE --purpose WHY');
  for (const id of ids) {
    const held = await installation.life.hold(id as RecordingId, matter, asking(installation, purpose));
    console.log(held === 'gone' ? `${id}  BAD   is not there, or deleted` : `${id}  held as ${held.id}`);
    if (held === 'gone') return 1;
  }
  return 0;
}

export async function release(installation: Installation, ids: readonly string[], flags: LifeFlags): Promise<number> {
  const { purpose } = flags;
  if (ids.length === 0 || !purpose) return usage('Say which hold and why: release rh_… --purpose WHY');
  for (const id of ids) {
    const released = await installation.life.release(id as RecordingHoldId, asking(installation, purpose));
    console.log(
      released
        ? `${released.recordingId}  is not held for “${released.matter}” any more`
        : `${id}  BAD   is no hold in force`,
    );
    if (!released) return 1;
  }
  return 0;
}

export async function remove(installation: Installation, ids: readonly string[], flags: LifeFlags): Promise<number> {
  const { purpose } = flags;
  if (ids.length === 0 || !purpose) return usage('Say which and why: delete ID … --purpose WHY');
  let left = 0;
  for (const id of ids) {
    const outcome = await installation.life.shred(id as RecordingId, asking(installation, purpose));
    console.log(`${id}  ${outcomes[outcome]}`);
    if (outcome !== 'shredded' && outcome !== 'locked') left += 1;
  }
  return left === 0 ? 0 : 1;
}

const outcomes = {
  shredded: 'deleted; the audit log has the receipt',
  locked: 'its header is deleted, so nobody can open it; the storage keeps its payload for now',
  held: 'BAD   is on hold',
  open: 'BAD   is still being made, or not in the archive yet',
  gone: 'BAD   is not there, or deleted',
};

export async function exportTar(installation: Installation, ids: readonly string[], flags: LifeFlags): Promise<number> {
  const { out, purpose } = flags;
  if (!out || !purpose) return usage('Say where it goes and why: export [ID …] --out FILE.tar --purpose WHY');
  const wanted = ids.length > 0 ? (ids as RecordingId[]) : await chosen(installation, flags);
  const { store, archive, by, witness } = installation;
  const details = { recordings: wanted.length, format: 'tar' };
  for (const recordingId of wanted) await witness({ act: 'recording-exported', recordingId, by, purpose, details });
  const about = { purpose, by: by.command! };
  const tar = exportRecordings({ store, archive, now: clock.now() }, wanted, about);
  await pipeline(tar, createWriteStream(out, { flags: 'wx', mode: 0o600 }));
  console.log(`${wanted.length} recordings are in ${out}, sealed as they were.`);
  return 0;
}

async function chosen(installation: Installation, { since, until, queue }: LifeFlags): Promise<RecordingId[]> {
  const from = since ? Date.parse(since) : Number.NEGATIVE_INFINITY;
  const to = until ? Date.parse(until) + dayMs : Number.POSITIVE_INFINITY;
  const ids: RecordingId[] = [];
  for await (const { row, queue: of, shreddingSince } of recordingsOf(installation)) {
    const fits = row.startedAt >= from && row.startedAt < to && (!queue || of === queue);
    if (fits && row.state !== 'open' && shreddingSince === null) ids.push(row.id);
  }
  return ids;
}

function usage(sentence: string): number {
  console.error(sentence);
  return 2;
}
