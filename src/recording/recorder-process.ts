// Entry of a recorder process: encodes and seals, so that neither a page load nor a query can be heard in a recording.
// Is forked by recorder-child.ts and told what to do over IPC. It ignores SIGINT, SIGTERM and SIGHUP: when the parent closes the
// channel, or dies, it finishes every file it has and leaves.

import { systemClock } from '../shared/clock.ts';
import { asError } from '../shared/errors.ts';
import type { RecordingId } from '../shared/ids.ts';
import { loadOpusEncoders } from './container/opus-encoder.ts';
import { type Fork, type ForkTarget, openFork } from './fork/fork.ts';
import { createMemoryBudget } from './memory-budget.ts';
import type { FromProcess, OpenTake, ProcessSettings, ToProcess } from './recorder-messages.ts';
import { createSealer, type Sealer } from './sealing.ts';
import { createSilenceWatch } from './silence.ts';
import { createFolderStorage } from './storage.ts';
import { createTake, type Take } from './take.ts';
import { startTapServer } from './tap-server.ts';

const tickMs = 250;
/** A media server that is replaced is back sooner than this; then nobody needs to be told. */
const tapLostAfterMs = 2000;
/** How long the files may take once nobody is left to wait for them. */
const farewellMs = 20_000;

function say(message: FromProcess): void {
  if (process.connected) process.send!(message, () => {}); // A parent that just died cannot be told; its channel's end follows.
}

async function start(settings: ProcessSettings) {
  const encoders = await loadOpusEncoders();
  const sealers = new Map<string, Sealer>();
  const sealerFor = (recipients: string[]): Sealer => {
    const key = recipients.join(' ');
    const sealer = sealers.get(key) ?? createSealer(recipients);
    sealers.set(key, sealer);
    return sealer;
  };
  const storage = createFolderStorage(settings);
  const budget = createMemoryBudget(settings.memoryLimitBytes);
  const taps = await startTapServer(settings);
  const takes = new Map<RecordingId, { take: Take; token: string; paused: boolean; fork?: Fork }>();
  systemClock.every(tickMs, () => {
    for (const { take } of takes.values()) take.tick();
  });

  async function open({ recordingId, token, name, earlier, paused, silenceMs, recipients }: OpenTake): Promise<void> {
    const take = createTake({
      clock: systemClock,
      syncTails: settings.syncTails,
      recordingId,
      name,
      earlier,
      encoder: await encoders.create(settings),
      sealer: sealerFor(recipients ?? settings.recipients),
      storage,
      budget,
      onOrigin: (origin) => say({ kind: 'origin', recordingId, origin }),
      onTrouble: (because) => say({ kind: 'trouble', recordingId, because }),
      onRecovered: () => say({ kind: 'recovered', recordingId }),
    });
    take.setPaused(paused);
    takes.set(recordingId, { take, token, paused });
    const silence = silenceMs === undefined ? undefined : createSilenceWatch(silenceMs);
    let lost: { cancel(): void } | undefined;
    taps.admit(token, {
      connect(resumedAtMs) {
        lost?.cancel();
        take.connect(resumedAtMs);
      },
      push(pcm) {
        take.push(pcm);
        takes.get(recordingId)?.fork?.push(pcm);
        if (silence?.push(pcm)) say({ kind: 'fell-silent', recordingId });
      },
      disconnect() {
        take.disconnect();
        lost = systemClock.after(tapLostAfterMs, () => {
          if (takes.has(recordingId)) say({ kind: 'tap-lost', recordingId });
        });
      },
    });
    say({ kind: 'opened', recordingId });
  }

  async function stop(recordingId: RecordingId): Promise<void> {
    const entry = takes.get(recordingId);
    if (!entry) return;
    await taps.dismiss(entry.token);
    takes.delete(recordingId);
    entry.fork?.close();
    say({ kind: 'stopped', recordingId, result: await entry.take.finish() });
  }

  /** A fork that cannot be made must not cost the recording. */
  async function fork(recordingId: RecordingId, address: string): Promise<void> {
    const entry = takes.get(recordingId);
    try {
      if (!entry) throw new Error('this recording is not being made');
      entry.fork?.close();
      entry.fork = await openFork({ address, clock: systemClock });
      entry.fork.setPaused(entry.paused);
      say({ kind: 'forked', recordingId, ports: entry.fork.ports });
    } catch (thrown) {
      say({ kind: 'forked', recordingId, ports: { because: asError(thrown).message } });
    }
  }

  return {
    taps,
    takes,
    open,
    stop,
    pause(id: RecordingId, paused: boolean) {
      const entry = takes.get(id);
      if (!entry) return;
      entry.paused = paused;
      entry.take.setPaused(paused);
      entry.fork?.setPaused(paused);
    },
    fork,
    forkTo: (id: RecordingId, targets: readonly ForkTarget[]) => takes.get(id)?.fork?.sendTo(targets),
    unfork(id: RecordingId) {
      const entry = takes.get(id);
      entry?.fork?.close();
      if (entry) delete entry.fork;
    },
  };
}

const finishing = new Set<Promise<void>>();
let starting: ReturnType<typeof start> | undefined;

/** In the order in which they came: what is paused or stopped has been opened before. Only stopping takes long. */
async function handle(message: ToProcess): Promise<void> {
  if (message.kind === 'start') {
    starting = start(message.settings);
    const { taps } = await starting;
    return say({ kind: 'listening', port: taps.port });
  }
  const recorder = await starting!;
  if (message.kind === 'pause') return recorder.pause(message.recordingId, message.paused);
  if (message.kind === 'fork') return recorder.fork(message.recordingId, message.address);
  if (message.kind === 'fork-to') return recorder.forkTo(message.recordingId, message.targets);
  if (message.kind === 'unfork') return recorder.unfork(message.recordingId);
  const recordingId = message.kind === 'open' ? message.take.recordingId : message.recordingId;
  const work = message.kind === 'open' ? recorder.open(message.take) : recorder.stop(recordingId);
  // One recording's fault is not the others'.
  const settled = work.catch((thrown) => say({ kind: 'given-up', recordingId, because: asError(thrown).message }));
  if (message.kind === 'open') return settled;
  finishing.add(settled);
  void settled.then(() => finishing.delete(settled));
}

/** A fault here is the end of this process: the parent starts another, and what is sealed stays. */
function guard(thrown: unknown): void {
  say({ kind: 'unable', because: asError(thrown).message });
  setTimeout(() => process.exit(1), 100);
}

async function leave(): Promise<void> {
  setTimeout(() => process.exit(1), farewellMs);
  await order;
  const recorder = await starting;
  for (const recordingId of recorder?.takes.keys() ?? []) await handle({ kind: 'stop', recordingId });
  await Promise.all(finishing);
  process.exit(0);
}

let order: Promise<void> = Promise.resolve();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('message', (message) => {
  order = order.then(() => handle(message as ToProcess)).catch(guard);
});
process.on('disconnect', () => void leave());
