// The time line of one recording: bytes that arrive, in pieces of any size, become frames of 20 ms without a hole.
// Pure; the time is passed in. Does not encode.
//
// States:  waiting ─audio▶ running ◀─audio─ away        (the recording's time zero is its first audio)
//                             └──disconnect──▶
//   running  the stream is trusted: the media server keeps time itself. Only when nothing came for `stallMs` is silence
//            put in, and noted as a debt: what then arrives late for that span is dropped.
//   away     nothing is written. The first audio afterwards says, by its tap's own count (`resumedAtMs`) or else by the
//            wall clock, where it belongs, and the gap becomes silence.
//   paused   (in any state) what arrives is replaced by silence of the same length.

export interface TimelineFormat {
  bytesPerMs: number;
  frameBytes: number;
}

export interface TimelineSink {
  /** Once, before the first frame: where in the recording this begins. Not 0 when an earlier process made the beginning. */
  onBegin(offsetMs: number): void;
  /** The buffer is only good during the call. `undefined` is a frame of silence within a long gap. */
  onFrame(frame: Buffer | undefined): void;
}

/** What a later process must know of an earlier one's time line. */
export interface TimelineOrigin {
  /** Epoch milliseconds of the recording's time zero. */
  zeroAt: number;
  /** Where in the recording the present tap began to count. */
  tapBaseMs: number;
}

const stallMs = 3000;
/** Less than this is jitter, not a gap. */
const gapToleranceMs = 40;
/** A recording that ends this long after its last audio gets the silence in between. */
const endToleranceMs = 500;
/** A tick that comes later than this means that we ourselves stood still: what was sent meanwhile is still to be read. */
const lateTickMs = 1500;
const maxAheadMs = 1000;
/** A longer gap is a clock that was set, not a call. */
const maxGapMs = 6 * 3_600_000;
/** In longer gaps, frames are not worth an encoder. */
const longGapMs = 1000;

export interface Timeline {
  /** A tap is there. `resumedAtMs`: it is the one from before, and goes on at this point of its own count. */
  connect(resumedAtMs?: number): void;
  disconnect(nowMs: number): void;
  push(pcm: Buffer, nowMs: number): void;
  /** To be called a few times a second. */
  tick(nowMs: number): void;
  setPaused(paused: boolean): void;
  /** Fills what is missing, hands out the last, padded frame, and says how many bytes there are without that padding. */
  end(nowMs: number): { recordedBytes: number };
  /** Undefined before the first audio. */
  readonly origin: TimelineOrigin | undefined;
}

export function createTimeline(
  { bytesPerMs, frameBytes }: TimelineFormat,
  sink: TimelineSink,
  earlier?: TimelineOrigin,
): Timeline {
  const silence = Buffer.alloc(frameBytes);
  const partial = Buffer.alloc(frameBytes);
  let partialBytes = 0;
  let zeroAt = earlier?.zeroAt;
  let tapBase = (earlier?.tapBaseMs ?? 0) * bytesPerMs;
  /** Positions are bytes from the recording's time zero. */
  let begin: number | undefined;
  let position = 0;
  let arrival: { resumedAtMs?: number } | undefined;
  let connected = false;
  let lastAudioAt = 0;
  let lastTickAt: number | undefined;
  let debtBytes = 0;
  let paused = false;

  const align = (bytes: number) => Math.max(0, Math.round(bytes / bytesPerMs) * bytesPerMs);
  const expected = (nowMs: number) => (zeroAt === undefined ? 0 : align((nowMs - zeroAt) * bytesPerMs));

  function write(pcm: Buffer): void {
    position += pcm.length;
    for (let at = 0; at < pcm.length; ) {
      const copied = pcm.copy(partial, partialBytes, at, at + frameBytes - partialBytes);
      at += copied;
      partialBytes += copied;
      if (partialBytes < frameBytes) return;
      partialBytes = 0;
      sink.onFrame(partial);
    }
  }

  function fillTo(target: number): number {
    const missing = Math.max(0, target - position);
    if (missing > maxGapMs * bytesPerMs) return 0;
    const long = missing > longGapMs * bytesPerMs;
    while (position < target) {
      const piece = Math.min(target - position, frameBytes);
      if (long && partialBytes === 0 && piece === frameBytes) {
        position += piece;
        sink.onFrame(undefined);
      } else write(silence.subarray(0, Math.min(piece, frameBytes - partialBytes)));
    }
    return missing;
  }

  /** The first audio of a tap: where does it belong? What lies before it and is missing becomes silence. */
  function arrive(pcm: Buffer, nowMs: number): void {
    zeroAt ??= nowMs - pcm.length / bytesPerMs;
    const resumedAtMs = arrival?.resumedAtMs;
    arrival = undefined;
    const byClock = Math.max(0, expected(nowMs) - pcm.length);
    const byTap = resumedAtMs === undefined ? byClock : align(tapBase + resumedAtMs * bytesPerMs);
    // No tap can be ahead of time, whatever it says.
    const start = Math.min(byTap, byClock + maxAheadMs * bytesPerMs);
    if (begin === undefined) {
      begin = position = start;
      sink.onBegin(start / bytesPerMs);
    } else if (start - position > gapToleranceMs * bytesPerMs) fillTo(start);
    if (resumedAtMs === undefined) tapBase = position;
  }

  /** How much of `pcm` belongs to a span that was already filled with silence. */
  function repaid(pcm: Buffer, nowMs: number): number {
    const ahead = position + pcm.length - expected(nowMs) - gapToleranceMs * bytesPerMs;
    const drop = align(Math.min(pcm.length, debtBytes, ahead));
    debtBytes -= drop;
    return drop;
  }

  return {
    get origin() {
      return zeroAt === undefined ? undefined : { zeroAt, tapBaseMs: tapBase / bytesPerMs };
    },
    connect(resumedAtMs) {
      connected = true;
      arrival = { resumedAtMs };
    },
    disconnect(nowMs) {
      connected = false;
      debtBytes = 0;
      lastAudioAt = Math.min(nowMs, lastAudioAt || nowMs);
    },
    push(pcm, nowMs) {
      if (arrival || begin === undefined) arrive(pcm, nowMs);
      const drop = debtBytes > 0 ? repaid(pcm, nowMs) : 0;
      lastAudioAt = nowMs;
      const kept = pcm.subarray(drop);
      write(paused ? Buffer.alloc(kept.length) : kept);
    },
    tick(nowMs) {
      const late = lastTickAt !== undefined && nowMs - lastTickAt > lateTickMs;
      lastTickAt = nowMs;
      if (begin === undefined || !connected) return;
      if (late) lastAudioAt = nowMs;
      else if (nowMs - lastAudioAt > stallMs) debtBytes += fillTo(expected(nowMs - stallMs));
    },
    setPaused(value) {
      paused = value;
    },
    end(nowMs) {
      if (begin === undefined) return { recordedBytes: 0 };
      if (nowMs - lastAudioAt > endToleranceMs) fillTo(expected(nowMs));
      const recordedBytes = position - begin;
      if (partialBytes > 0) write(silence.subarray(0, frameBytes - partialBytes));
      return { recordedBytes };
    },
  };
}
