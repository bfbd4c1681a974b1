// Tones as identities: each party of a test sends its own, and what a party hears is which tones are in its audio. One-way
// audio, a forgotten hold or a leak from another call cannot pass. Linear 16-bit samples.

import { writeWav } from '../../../src/media/wav.ts';

/** The tones of the parties of a test. No one is within 5 % of another or of a DTMF frequency. */
const partyTones = [330, 440, 550, 660, 790, 1010] as const;

export interface ToneOptions {
  sampleRateHz?: number;
  amplitude?: number;
}

/** A sine of whole samples; starts at phase zero. */
export function tone(hz: number, durationMs: number, options: ToneOptions = {}): Int16Array {
  const { sampleRateHz = 8000, amplitude = 8000 } = options;
  const length = Math.round((durationMs * sampleRateHz) / 1000);
  return Int16Array.from({ length }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / sampleRateHz)));
}

/** The same as a mono WAV file, for Chromium's fake microphone and for sipp's rtp_stream. */
export function toneWav(hz: number, durationMs: number, options: ToneOptions = {}): Buffer {
  const { sampleRateHz = 48000 } = options;
  return writeWav({ samples: tone(hz, durationMs, { ...options, sampleRateHz }), sampleRateHz });
}

/** Amplitude of one frequency in the samples, by Goertzel under a Hann window. About ±2 % for 100 ms or more. */
export function toneAmplitude(samples: Int16Array, hz: number, sampleRateHz = 8000): number {
  const { length } = samples;
  if (length < 2) return 0;
  const factor = 2 * Math.cos((2 * Math.PI * hz) / sampleRateHz);
  let before = 0;
  let last = 0;
  for (let i = 0; i < length; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / length);
    const next = samples[i]! * window + factor * last - before;
    before = last;
    last = next;
  }
  const power = Math.max(0, last * last + before * before - factor * last * before);
  return (4 * Math.sqrt(power)) / length;
}

export interface HeardOptions {
  sampleRateHz?: number;
  /** Which tones to look for; `partyTones` unless told. */
  among?: readonly number[];
  /** Quieter than this is nothing. 300 of 32768 unless told. */
  least?: number;
}

/**
 * The tones in the audio, lowest first. A tone counts when it is not far below the loudest (a mix has its parts at about one
 * level; harmonics that coding makes are 30 dB below).
 */
export function heardTones(samples: Int16Array, options: HeardOptions = {}): number[] {
  const { sampleRateHz = 8000, among = partyTones, least = 300 } = options;
  const levels = among.map((hz) => toneAmplitude(samples, hz, sampleRateHz));
  const loudest = Math.max(...levels);
  return among.filter((_, i) => levels[i]! >= least && levels[i]! > loudest / 6);
}

const rowsHz = [697, 770, 852, 941] as const;
const columnsHz = [1209, 1336, 1477, 1633] as const;

/**
 * How loud a key is anywhere in the audio: the weaker of the strongest row and the strongest column tone, in steps of 20 ms, so
 * that one of 40 ms shows. Clicks and other tones have one of the two.
 */
export function loudestDtmf(samples: Int16Array): number {
  let loudest = 0;
  for (let at = 0; at < samples.length; at += 160) {
    const part = samples.subarray(at, at + 320);
    if (part.length < 160) break;
    const strongest = (group: readonly number[]) => Math.max(...group.map((hz) => toneAmplitude(part, hz)));
    loudest = Math.max(loudest, Math.min(strongest(rowsHz), strongest(columnsHz)));
  }
  return loudest;
}
