// The recorder: rows and processes. Audio, encoder and files live in the processes (recorder-process.ts); this keeps the
// table of recordings true to them, spreads recordings over the processes, and lets a recording go on in a second part
// when its process dies.
//
// A recording:  opening ─▶ open ─stop▶ complete      process died meanwhile: ─stop▶ interrupted (opened from its parts)

import { randomBytes } from 'node:crypto';
import type { Clock } from '../shared/clock.ts';
import { createEmitter } from '../shared/emitter.ts';
import { AppError, asError } from '../shared/errors.ts';
import { type CallId, newId, type RecordingId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { RecordingRow, Recordings } from '../store/records.ts';
import type { ForkTarget } from './fork/fork.ts';
import { isPostQuantum } from './recipients.ts';
import type { Recorder, RecorderEvents } from './recorder.ts';
import { type RecorderChild, startRecorderChild } from './recorder-child.ts';
import type { FromProcess, ProcessSettings } from './recorder-messages.ts';
import { createRowKeeper, type RowKeeper } from './row-keeper.ts';
import { createSealer } from './sealing.ts';
import { createFolderStorage, recordingName } from './storage.ts';
import type { TakeResult } from './take.ts';
import type { TapListen } from './tap-server.ts';
import type { TimelineOrigin } from './timeline.ts';
import { nothingKnown, type RecordingSubject } from './which.ts';

export interface RecorderOptions {
  clock: Clock;
  log: Logger;
  recordings: Recordings;
  /** Where sealed files go. */
  folder: string;
  /** age public keys, `age1…`: each of them alone opens a recording. */
  recipients: string[];
  /** Who may open a recording about this, when it is not `recipients`. */
  recipientsFor?: (about: RecordingSubject) => string[];
  /** Several nodes write their rows into one database, each with a folder of its own. */
  shared?: boolean;
  /** Takes a finished recording from the folder to where it stays. */
  handOver?: (row: Pick<RecordingRow, 'id'>) => Promise<void>;
  /** Both sides together, bits per second. */
  bitrate?: number;
  /** libopus, 0 to 10. */
  complexity?: number;
  processes?: number;
  /** Held in memory while the folder refuses, all processes together. */
  memoryLimitBytes?: number;
  /** True: a power cut costs no more than two seconds. False: up to 22 s per recording; `kill -9` costs two either way. */
  syncTails?: boolean;
  /**
   * For media servers on other hosts: where taps are taken, the first port (each further process takes the next one), and the
   * host name that the certificate has.
   */
  taps?: TapListen & { port?: number; advertisedHost?: string };
  /** How long `close` waits for files to be finished. */
  closeTimeoutMs?: number;
}

interface Open {
  callId: CallId;
  recordingId: RecordingId;
  startedAt: number;
  token: string;
  child: number;
  /** How many processes have worked on it before the present one. */
  generation: number;
  paused: boolean;
  silenceMs?: number;
  /** Everybody who may open it. */
  recipients: string[];
  origin?: TimelineOrigin;
  trouble?: string;
  started: boolean;
  /** The process takes its tap from now on, or never will. */
  ready?: () => void;
  givenUp: boolean;
  /** Somebody waits for the ports of a fork. */
  forked?: (ports: { left: number; right: number } | { because: string } | undefined) => void;
  stopping?: { promise: Promise<void>; settle: (result: TakeResult | undefined) => void };
}

/** How long the beginning of a recording waits for a process that is being replaced. */
const patienceMs = 1000;
type OpenRequest = Parameters<Recorder['open']>[0];

const mebibyte = 1024 * 1024;

/** A recording's first part has its plain name; later ones are numbered. */
function partName(recordingId: string, generation: number): string {
  return recordingName(recordingId) + (generation === 0 ? '' : `.g${generation}`);
}

export async function createRecorder(options: RecorderOptions): Promise<Recorder> {
  const { clock, log, folder, recipients, processes = 1 } = options;
  createSealer(recipients); // Says at once, and in a sentence, what is wrong with a recipient.
  const storage = createFolderStorage({ folder });
  const { recordings, shared, handOver } = options;
  const rows = createRowKeeper({ clock, log, recordings, storage, shared, handOver });
  const settings: ProcessSettings = {
    folder,
    recipients,
    bitrate: options.bitrate ?? 24_000,
    complexity: options.complexity ?? 1,
    syncTails: options.syncTails ?? false,
    memoryLimitBytes: Math.floor((options.memoryLimitBytes ?? 64 * mebibyte) / processes),
    port: options.taps?.port ?? 0,
    taps: tapListen(options.taps),
  };
  const recipientsFor = options.recipientsFor ?? (() => recipients);
  const live = createLiveRecordings({ clock, log, rows, recipientsFor, taps: options.taps });
  await live.start(settings, processes);
  // Failing to look back must not keep us from recording what comes.
  rows
    .recover(clock.now())
    .catch((err) => log.error({ err: asError(err) }, 'recordings of an earlier run were not looked through'));
  return {
    on: live.emitter.on,
    once: live.emitter.once,
    open: live.open,
    setPaused: live.setPaused,
    fork: live.fork,
    forkTo: live.forkTo,
    unfork: live.unfork,
    stop: live.stop,
    health: live.health,
    async close() {
      await live.close(options.closeTimeoutMs ?? 15_000);
      await rows.close();
    },
  };
}

/** Only what the processes need; refuses a conversation in the clear between hosts. */
function tapListen({ host, tls }: TapListen = {}): TapListen {
  if (host !== undefined && host !== '::1' && !host.startsWith('127.') && !tls)
    throw new AppError('config-invalid', `recording.taps: beyond loopback (${host}) taps need certFile and keyFile.`);
  return { ...(host === undefined ? {} : { host }), ...(tls ? { tls } : {}) };
}

interface LiveRecordingsNeeds {
  clock: Clock;
  log: Logger;
  rows: RowKeeper;
  recipientsFor: (about: RecordingSubject) => string[];
  taps: RecorderOptions['taps'];
}

function createLiveRecordings({ clock, log, rows, recipientsFor, taps }: LiveRecordingsNeeds) {
  const emitter = createEmitter<RecorderEvents>((err) => log.error({ err }, 'a listener of the recorder failed'));
  const children: RecorderChild[] = [];
  const open = new Map<RecordingId, Open>();
  let closing = false;

  const { advertisedHost = taps?.host ?? '127.0.0.1', tls } = taps ?? {};
  const tapUrl = ({ child, token }: Open) =>
    `${tls ? 'wss' : 'ws'}://${advertisedHost}:${children[child]!.port}/tap/${token}`;

  function launchTake(entry: Open): void {
    const { recordingId, token, paused, silenceMs, recipients, origin, generation } = entry;
    const name = partName(recordingId, generation);
    const more = { ...(silenceMs ? { silenceMs } : {}), recipients };
    const take = { recordingId, token, name, earlier: origin, paused, ...more };
    children[entry.child]!.tell({ kind: 'open', take });
  }

  function fail(entry: Open, because: string): void {
    entry.trouble = because;
    log.error({ callId: entry.callId, recordingId: entry.recordingId, because }, 'recording is in trouble');
    emitter.emit('failed', { callId: entry.callId, recordingId: entry.recordingId, because });
  }

  function onMessage(message: FromProcess): void {
    if (!('recordingId' in message)) return;
    const entry = open.get(message.recordingId);
    if (!entry) return;
    const { callId, recordingId } = entry;
    switch (message.kind) {
      case 'opened':
        entry.ready?.();
        break;
      case 'origin':
        entry.origin = message.origin;
        if (!entry.started) emitter.emit('started', { callId, recordingId, zeroAt: message.origin.zeroAt });
        entry.started = true;
        break;
      case 'trouble':
        fail(entry, message.because);
        break;
      case 'recovered':
        entry.trouble = undefined;
        log.info({ callId, recordingId }, 'recording is out of trouble');
        emitter.emit('recovered', { callId, recordingId });
        break;
      case 'forked':
        entry.forked?.(message.ports);
        break;
      case 'tap-lost':
        if (!entry.stopping) emitter.emit('tapNeeded', { callId, recordingId, tapUrl: tapUrl(entry) });
        break;
      case 'fell-silent':
        emitter.emit('fellSilent', { callId, recordingId });
        break;
      case 'stopped':
        entry.stopping?.settle(message.result);
        break;
      case 'given-up':
        entry.givenUp = true;
        entry.ready?.();
        fail(entry, `The recording was given up: ${message.because}`);
        entry.stopping?.settle(undefined);
    }
  }

  /** The process died: what it sealed stays as it is, and the next one goes on in a new part. */
  function onLost(child: number): void {
    for (const entry of open.values()) {
      if (entry.child === child)
        fail(entry, 'The recorder process ended; up to two seconds are lost, the rest is kept.');
    }
  }

  function onReplaced(child: number): void {
    for (const entry of open.values()) {
      if (entry.child !== child) continue;
      entry.generation++;
      entry.trouble = undefined;
      launchTake(entry);
      if (entry.stopping) children[child]!.tell({ kind: 'stop', recordingId: entry.recordingId });
      else emitter.emit('tapNeeded', { callId: entry.callId, recordingId: entry.recordingId, tapUrl: tapUrl(entry) });
    }
  }

  /** A listener's key of another kind than the company's would open a post-quantum recording without. */
  function allOf(own: string[], further: readonly string[]): string[] {
    const ofOneKind = further.filter((recipient) => isPostQuantum(recipient) === isPostQuantum(own[0]!));
    if (ofOneKind.length < further.length)
      log.warn(
        { leftOut: further.length - ofOneKind.length },
        'keys of listeners are not of the kind of recording.recipients',
      );
    return [...new Set([...own, ...ofOneKind])];
  }

  function leastBusy(): number {
    const load = children.map(() => 0);
    for (const { child } of open.values()) load[child]!++;
    const candidates = load.map((count, index) => (children[index]!.up ? count : Number.POSITIVE_INFINITY));
    return candidates.indexOf(Math.min(...candidates));
  }

  async function end(entry: Open): Promise<void> {
    const { callId, recordingId, generation } = entry;
    const result = await new Promise<TakeResult | undefined>((resolve) => {
      entry.stopping!.settle = resolve;
      if (entry.givenUp) resolve(undefined);
      else children[entry.child]!.tell({ kind: 'stop', recordingId });
    });
    open.delete(recordingId);
    const endedAt = clock.now();
    const durationMs = result?.durationMs ?? endedAt - (entry.origin?.zeroAt ?? endedAt);
    const bytes = result?.bytes ?? 0;
    const state = result && generation === 0 ? 'complete' : 'interrupted';
    const sha256 = state === 'complete' ? result!.sha256 : null;
    const row = rows.finish(recordingId, { endedAt, durationMs, bytes, sha256, state });
    emitter.emit('stopped', { callId, recordingId, durationMs, bytes });
    await row;
  }

  async function stop(recordingId: RecordingId): Promise<void> {
    const entry = open.get(recordingId);
    if (!entry) return;
    if (entry.stopping) return entry.stopping.promise;
    const stopping: Open['stopping'] = { promise: Promise.resolve(), settle: () => {} };
    entry.stopping = stopping;
    stopping.promise = end(entry);
    return stopping.promise;
  }

  return {
    emitter,
    stop,
    async start(settings: ProcessSettings, count: number) {
      for (let child = 0; child < count; child++) {
        const hooks = { onMessage, onLost: () => onLost(child), onReplaced: () => onReplaced(child) };
        const port = settings.port === 0 ? 0 : settings.port + child;
        children.push(await startRecorderChild({ clock, log, settings: { ...settings, port }, ...hooks }));
      }
    },
    async open({ callId, startedAt, silenceMs, recipients: given = [], about = nothingKnown }: OpenRequest) {
      if (closing) throw new AppError('shutting-down', 'The recorder is closing: no new recording begins.');
      const recordingId = newId('recording', startedAt);
      const token = randomBytes(16).toString('hex');
      const entry: Open = {
        callId,
        recordingId,
        startedAt,
        token,
        child: leastBusy(),
        generation: 0,
        paused: false,
        recipients: allOf(recipientsFor(about), given),
        ...(silenceMs === undefined ? {} : { silenceMs }),
        started: false,
        givenUp: false,
      };
      open.set(recordingId, entry);
      const ready = new Promise<void>((resolve) => {
        entry.ready = resolve;
      });
      launchTake(entry);
      // The row is on its way; a database that is away must not delay the conversation.
      const path = `${partName(recordingId, 0)}.opus.age`;
      rows.begin({
        id: recordingId,
        callId,
        startedAt,
        endedAt: null,
        durationMs: null,
        bytes: null,
        state: 'open',
        path,
        sha256: null,
        recipients: entry.recipients,
      });
      // If the process is just being replaced, the tap will be asked for again.
      await Promise.race([ready, new Promise<void>((resolve) => void clock.after(patienceMs, resolve))]);
      return { recordingId, tapUrl: tapUrl(entry) };
    },
    async setPaused(recordingId: RecordingId, paused: boolean) {
      const entry = open.get(recordingId);
      if (!entry) throw new AppError('not-found', 'This recording is not being made.', { details: { recordingId } });
      entry.paused = paused;
      children[entry.child]!.tell({ kind: 'pause', recordingId, paused });
    },
    async fork(recordingId: RecordingId, address: string) {
      const entry = open.get(recordingId);
      if (!entry || entry.stopping || entry.givenUp) return undefined;
      const ports = await new Promise<Parameters<NonNullable<Open['forked']>>[0]>((resolve) => {
        entry.forked?.(undefined);
        entry.forked = resolve;
        clock.after(patienceMs, () => resolve(undefined));
        children[entry.child]!.tell({ kind: 'fork', recordingId, address });
      });
      if (ports && !('because' in ports)) return ports;
      log.warn({ callId: entry.callId, recordingId, because: ports?.because }, 'a recording could not be forked');
      return undefined;
    },
    forkTo(recordingId: RecordingId, targets: readonly ForkTarget[]) {
      const entry = open.get(recordingId);
      if (entry) children[entry.child]!.tell({ kind: 'fork-to', recordingId, targets });
    },
    unfork(recordingId: RecordingId) {
      const entry = open.get(recordingId);
      if (entry) children[entry.child]!.tell({ kind: 'unfork', recordingId });
    },
    health(): { ok: boolean; because?: string } {
      if (children.some(({ up }) => !up)) return { ok: false, because: 'A recorder process is being started again.' };
      const because = [...open.values()].find(({ trouble }) => trouble)?.trouble ?? rows.trouble();
      return because ? { ok: false, because } : { ok: true };
    },
    async close(timeoutMs: number) {
      closing = true;
      const stopped = Promise.all([...open.keys()].map(stop));
      await Promise.race([stopped, new Promise<void>((resolve) => void clock.after(timeoutMs, resolve))]);
      const unfinished = [...open.keys()];
      if (unfinished.length > 0)
        log.error({ unfinished }, 'recordings could not be finished in time; their parts remain');
      await Promise.all(children.map((child) => child.close(1000)));
    },
  };
}
