// Where played sound comes from: WAV files as 8 kHz samples in memory, and tones made here.
// Files are read once per engine and kept while there is room; a file that changes is read again.

import { readFile, stat } from 'node:fs/promises';
import { dtmfTone } from '../../../protocol/rtp/inband-dtmf.ts';
import { resample } from '../../../protocol/rtp/resample.ts';
import { readWav } from '../../wav.ts';

const sampleRateHz = 8000;
const keepBytes = 64 * 1024 * 1024;

interface Kept {
  samples: Int16Array;
  changedAt: number;
}

export interface SoundFiles {
  /** Rejects with a sentence when the file cannot be read or is no sound. */
  load(path: string): Promise<Int16Array>;
}

export function createSoundFiles(): SoundFiles {
  const kept = new Map<string, Kept>();
  let bytes = 0;

  function keep(path: string, entry: Kept): void {
    const before = kept.get(path);
    if (before) bytes -= before.samples.byteLength;
    kept.delete(path);
    kept.set(path, entry);
    bytes += entry.samples.byteLength;
    for (const [oldest, value] of kept) {
      if (bytes <= keepBytes || oldest === path) break;
      kept.delete(oldest);
      bytes -= value.samples.byteLength;
    }
  }

  return {
    async load(path) {
      const { mtimeMs } = await stat(path);
      const found = kept.get(path);
      if (found?.changedAt === mtimeMs) return found.samples;
      const read = readWav(await readFile(path));
      if (read.kind === 'invalid') throw new Error(`${path} cannot be played: ${read.because}`);
      const { samples, sampleRateHz: rate } = read.sound;
      const entry = {
        samples: rate === sampleRateHz ? samples : resample(samples, rate, sampleRateHz),
        changedAt: mtimeMs,
      };
      keep(path, entry);
      return entry.samples;
    },
  };
}

/** Peak of tones made here: about −12 dBm0, comfortable on a headset. */
const tonePeak = 8000;

/** A second of a sine wave: a whole number of periods when the frequency is whole, so it loops without a click. */
export function tone(frequencyHz: number, durationMs = 1000): Int16Array {
  const samples = new Int16Array(Math.round((durationMs * sampleRateHz) / 1000));
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.round(tonePeak * Math.sin((2 * Math.PI * frequencyHz * i) / sampleRateHz));
  }
  return samples;
}

/** The Japanese ringback tone: 400 Hz modulated with 16 Hz, one second on, two off. */
export function ringback(): Int16Array {
  const samples = new Int16Array(3 * sampleRateHz);
  for (let i = 0; i < sampleRateHz; i++) {
    const seconds = i / sampleRateHz;
    const envelope = 0.5 * (1 + Math.sin(2 * Math.PI * 16 * seconds));
    samples[i] = Math.round(tonePeak * envelope * Math.sin(2 * Math.PI * 400 * seconds));
  }
  return samples;
}

const betweenDigitsMs = 60;

/** Digits as tones, each followed by a pause: for a party without RFC 4733. */
export function dtmfTones(digits: string, durationMs: number): Int16Array {
  const pause = (betweenDigitsMs * sampleRateHz) / 1000;
  const tones = [...digits].map((digit) => dtmfTone(digit, durationMs)).filter((each) => each !== undefined);
  const samples = new Int16Array(tones.reduce((sum, each) => sum + each.length + pause, 0));
  let at = 0;
  for (const each of tones) {
    samples.set(each, at);
    at += each.length + pause;
  }
  return samples;
}
