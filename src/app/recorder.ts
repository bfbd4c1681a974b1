// The recorder put together: where recordings lie, to whom they are sealed, where media servers bring the audio.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Archivist } from '../recording/archive/archivist.ts';
import { createRecorder, type RecorderOptions } from '../recording/create-recorder.ts';
import { ensureIdentity } from '../recording/identity.ts';
import { type RecipientRules, recipientsOf } from '../recording/recipients.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import type { Logger } from '../shared/logger.ts';
import type { Store } from '../store/store.ts';
import { placeOf } from './sip.ts';

/** Open recordings are sealed and written out, however slow the disk. */
const sealsWithinMs = 30_000;

export const recordingsFolder = (config: Config): string =>
  config.recording.folder ?? join(config.dataFolder, 'recordings');

export async function openRecorder(
  config: Config,
  store: Store,
  { archivist }: { archivist: Archivist },
  { log, clock, closer }: { log: Logger; clock: Clock; closer: Closer },
): Promise<Recorder> {
  const { bitrateKbps, bufferMegabytes, processes, syncTails } = config.recording;
  const rules = await recipientRules(config);
  const recorder = await createRecorder({
    clock,
    log,
    recordings: store.recordings,
    shared: config.liveState.kind !== 'memory',
    folder: recordingsFolder(config),
    recipients: [...rules.recipients, ...rules.escrow],
    recipientsFor: (about) => recipientsOf(rules, about),
    handOver: archivist.accept,
    bitrate: bitrateKbps * 1000,
    memoryLimitBytes: bufferMegabytes * 1024 * 1024,
    processes,
    syncTails,
    ...tapsOf(config),
  });
  closer.add('recorder', () => recorder.close(), sealsWithinMs);
  return recorder;
}

/** Who opens what; the demo has a key of its own. */
export async function recipientRules(config: Config): Promise<RecipientRules> {
  const { recipients, escrow, recipientsFor } = config.recording;
  const demoKey = config.demo && recipients.length === 0;
  const own = demoKey
    ? (await ensureIdentity(join(config.dataFolder, 'recording-identity.txt'))).recipients
    : [...recipients];
  return { recipients: own, escrow, rules: recipientsFor };
}

function tapsOf({ recording: { taps } }: Config): Pick<RecorderOptions, 'taps'> {
  if (!taps) return {};
  const { certFile, keyFile, host } = taps;
  const tls =
    certFile && keyFile ? { tls: { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') } } : {};
  return { taps: { ...placeOf(taps.listen), advertisedHost: host, ...tls } };
}
