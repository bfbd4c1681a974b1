// When the party itself has been silent for a while: the left side of the audio, by its level. Counted in audio, not in time of day,
// so that a burst of late frames is no long silence. Pure.

/** Root mean square of 32768. A quiet line has some 30, a whisper over a telephone 300. */
const loudFrom = 200;
const bytesPerMs = 8 * 4;

export interface SilenceWatch {
  /** 16-bit little-endian stereo at 8 kHz. True once: the silence has lasted long enough. */
  push(pcm: Buffer): boolean;
}

export function createSilenceWatch(silenceMs: number): SilenceWatch {
  let silentMs = 0;
  let told = false;
  return {
    push(pcm) {
      if (told) return false;
      silentMs = levelOfLeft(pcm) >= loudFrom ? 0 : silentMs + pcm.length / bytesPerMs;
      told = silentMs >= silenceMs;
      return told;
    },
  };
}

function levelOfLeft(pcm: Buffer): number {
  let squares = 0;
  let count = 0;
  for (let at = 0; at + 1 < pcm.length; at += 4) {
    const sample = pcm.readInt16LE(at);
    squares += sample * sample;
    count += 1;
  }
  return count === 0 ? 0 : Math.sqrt(squares / count);
}
