// Music on hold, made here so that nobody's rights are in it: a slow sequence of soft plucked chords in the pentatonic
// scale, forty seconds that loop without a seam. Written for a telephone: everything between 300 and 3,400 Hz, quiet, mono.

import type { Sound } from './wav.ts';

const sampleRateHz = 8000;
const beatSeconds = 0.625;
const beatsPerBar = 4;
/** Semitones from A4: the chords of a progression that ends where it begins. */
const chords = [
  [-9, -2, 3, 7],
  [-12, -5, 0, 3],
  [-7, -4, 0, 5],
  [-14, -2, 2, 7],
] as const;
/** Which note of the chord is plucked on which half beat; -1 rests. */
const patterns = [
  [0, -1, 2, -1, 3, -1, 1, -1],
  [0, -1, 1, 2, 3, -1, 2, -1],
] as const;
/** The tune over it, in semitones from A5, one note each second beat. */
const melody = [
  3, 5, 7, -1, 10, 7, 5, -1, 3, 0, 3, -1, 5, 3, 0, -1, 3, 5, 7, -1, 12, 10, 7, -1, 5, 3, 5, -1, 3, 0, 3, -1,
];

/** A plucked string: a decaying sum of harmonics, softer the higher. Adds to `into`, wrapping round at its end. */
function pluck(into: Float64Array, at: number, frequencyHz: number, loudness: number, seconds: number): void {
  const count = Math.floor(seconds * sampleRateHz);
  for (let i = 0; i < count; i++) {
    const time = i / sampleRateHz;
    const attack = Math.min(1, time / 0.008);
    let value = 0;
    for (let harmonic = 1; harmonic <= 5 && harmonic * frequencyHz < 3400; harmonic++) {
      const decay = Math.exp(-time * (1.6 + 0.9 * harmonic));
      value += (decay * Math.sin(2 * Math.PI * frequencyHz * harmonic * time)) / harmonic ** 1.4;
    }
    const tail = Math.min(1, (count - i) / (0.05 * sampleRateHz));
    const index = (at + i) % into.length;
    into[index]! += loudness * attack * tail * value;
  }
}

const semitones = (from: number, steps: number) => from * 2 ** (steps / 12);

export function holdMusic(): Sound {
  const bars = 16;
  const beat = Math.round(beatSeconds * sampleRateHz);
  const sum = new Float64Array(bars * beatsPerBar * beat);
  for (let bar = 0; bar < bars; bar++) {
    const chord = chords[bar % chords.length]!;
    const pattern = patterns[Math.floor(bar / 4) % patterns.length]!;
    pattern.forEach((note, half) => {
      if (note === -1) return;
      pluck(sum, bar * beatsPerBar * beat + (half * beat) / 2, semitones(440, chord[note]!), 0.5, 2.2);
    });
  }
  melody.forEach((note, index) => {
    if (note !== -1) pluck(sum, index * 2 * beat, semitones(880, note), 0.35, 2.5);
  });
  const peak = sum.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const samples = Int16Array.from(sum, (value) => Math.round((value / peak) * 9000));
  return { sampleRateHz, samples };
}
