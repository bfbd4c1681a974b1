// One recording while it is made: time line → Opus → Ogg pages → sealed file. Lives in the recorder's process.
// Does not know sockets (tap-server.ts) or rows (create-recorder.ts).

import type { Clock } from '../shared/clock.ts';
import type { RecordingId } from '../shared/ids.ts';
import { createOggOpusWriter, type OggOpusWriter, silentPacket, silentPacketMs } from './container/ogg-opus.ts';
import type { OpusEncoder } from './container/opus-encoder.ts';
import { frameMs, inputRateHz } from './container/opus-format.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { createSealedFile } from './sealed-file.ts';
import type { Sealer } from './sealing.ts';
import type { RecordingStorage } from './storage.ts';
import { createTimeline, type TimelineOrigin } from './timeline.ts';

/** A page is what is sealed at a time: with the page under way, at most two of them are lost by `kill -9`. */
const packetsPerPage = 25;
const bytesPerMs = (inputRateHz * 2 * 2) / 1000;

export interface TakeOptions {
  clock: Clock;
  recordingId: RecordingId;
  /** Where the sealed file goes, without ending. */
  name: string;
  /** The time line so far, when an earlier process made the beginning of this recording. */
  earlier?: TimelineOrigin;
  encoder: OpusEncoder;
  sealer: Sealer;
  storage: RecordingStorage;
  budget: MemoryBudget;
  syncTails: boolean;
  /** The first audio is there; told again when a new tap begins to count. */
  onOrigin(origin: TimelineOrigin): void;
  onTrouble(because: string): void;
  onRecovered(): void;
}

export interface TakeResult {
  /** From the recording's time zero to the end of this part. */
  durationMs: number;
  bytes: number;
  sha256: string;
}

export interface Take {
  connect(resumedAtMs?: number): void;
  disconnect(): void;
  push(pcm: Buffer): void;
  tick(): void;
  setPaused(paused: boolean): void;
  finish(): Promise<TakeResult>;
}

export function createTake(options: TakeOptions): Take {
  const { clock, budget, encoder, onTrouble } = options;
  const file = createSealedFile({
    clock,
    storage: options.storage,
    sealer: options.sealer,
    budget,
    name: options.name,
    syncTails: options.syncTails,
    onTrouble: (error) => onTrouble(sentenceFor(error as NodeJS.ErrnoException, budget.limitBytes)),
    onRecovered: options.onRecovered,
  });
  const format = { bytesPerMs, frameBytes: encoder.frameBytes };
  const timeline = createTimeline(format, { onBegin: begin, onFrame: takeFrame }, options.earlier);
  let ogg: OggOpusWriter | undefined;
  let beginMs = 0;
  let toldTapBaseMs: number | undefined;
  /** Frames that found no room; silence takes their place as soon as there is. */
  let skippedFrames = 0;

  function begin(offsetMs: number): OggOpusWriter {
    beginMs = offsetMs;
    const writer = createOggOpusWriter({
      head: { preSkip: encoder.preSkip, inputRateHz },
      comments: { ENGAWA_RECORDING: options.recordingId, ENGAWA_OFFSET_MS: String(offsetMs) },
      serial: Number.parseInt(options.recordingId.slice(-8), 16) >>> 0,
      packetsPerPage,
    });
    for (const page of writer.headers()) append(page);
    ogg = writer;
    return writer;
  }

  function append(page: Uint8Array | undefined): void {
    if (page) file.append(page);
  }

  function takeFrame(frame: Buffer | undefined): void {
    if (!budget.hasRoom()) {
      if (skippedFrames++ === 0) {
        onTrouble('The memory that may hold audio while the storage refuses is full: audio is being lost.');
      }
      return;
    }
    fillSkipped();
    if (frame) append(ogg!.add(encoder.encode(frame), frameMs));
    else append(ogg!.add(silentPacket, silentPacketMs));
  }

  function fillSkipped(): void {
    if (skippedFrames === 0) return;
    if (!file.troubled) options.onRecovered();
    for (; skippedFrames > 0; skippedFrames--) append(ogg!.add(silentPacket, silentPacketMs));
  }

  function tellOrigin(): void {
    const { origin } = timeline;
    if (!origin || origin.tapBaseMs === toldTapBaseMs) return;
    toldTapBaseMs = origin.tapBaseMs;
    options.onOrigin(origin);
  }

  return {
    connect: (resumedAtMs) => timeline.connect(resumedAtMs),
    disconnect: () => timeline.disconnect(clock.now()),
    push(pcm) {
      timeline.push(pcm, clock.now());
      tellOrigin();
    },
    tick() {
      timeline.tick(clock.now());
      if (budget.hasRoom()) fillSkipped();
    },
    setPaused: timeline.setPaused,
    async finish() {
      const { recordedBytes } = timeline.end(clock.now());
      const writer = ogg ?? begin(0);
      fillSkipped();
      // The encoder is behind by its lookahead: one more frame brings out the end of what it was given.
      append(writer.add(encoder.encode(Buffer.alloc(encoder.frameBytes)), frameMs));
      for (const page of writer.finish(BigInt(Math.round((recordedBytes / bytesPerMs) * 48)))) append(page);
      encoder.free();
      const { bytes, sha256 } = await file.finish();
      return { durationMs: Math.round(beginMs + recordedBytes / bytesPerMs), bytes, sha256 };
    },
  };
}

function sentenceFor(error: NodeJS.ErrnoException, limitBytes: number): string {
  const held = `audio is kept in memory (${Math.round(limitBytes / 1024)} KiB at most) and written as soon as it can be`;
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return `The recordings folder is full (${error.code}): ${held}. Make room.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `The recordings folder may not be written (${error.code}): ${held}. Mend its permissions.`;
    default:
      return `The recordings folder cannot be written (${error.code ?? error.message}): ${held}. Look at the disk.`;
  }
}
