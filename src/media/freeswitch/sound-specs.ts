// What FreeSWITCH is told to play: the file string of a source, and how long it lasts.
// FreeSWITCH reads sound from its own disk. On our host that is ours; on another, both see one folder (a volume, NFS) under
// names of their own, and each sound is put there once, under a name made from its content (docs/decisions/0021).

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlaySource } from '../endpoint.ts';
import type { Prompts } from '../prompts.ts';
import { readWav } from '../wav.ts';

export interface SharedFolder {
  /** The folder as we see it. */
  here: string;
  /** The same folder as FreeSWITCH sees it. */
  there: string;
}

export interface SoundSpec {
  /** Of mod_sndfile or mod_tone_stream. Has no space. */
  file: string;
  /** Undefined when it goes on until it is stopped. */
  durationMs: number | undefined;
  application: 'playback' | 'echo';
  /**
   * Played again whenever it has come to its end, by us: FreeSWITCH's own endless_playback tells of no digit and goes on after a break,
   * beneath whatever is played next.
   */
  again?: true;
}

export interface SoundSpecs {
  /** Rejects when there is no such sound. */
  specFor(source: PlaySource, loop: boolean): Promise<SoundSpec>;
  /** Puts a file where FreeSWITCH should see it, for a check of the shared folder. */
  probe(): Promise<{ there: string; remove(): Promise<void> } | undefined>;
}

/** −7 dBm0 of mod_tone_stream, about half of full scale: what the embedded engine plays. */
const level = 'v=-7';

export const toneSpec = (durationMs: number, pauseMs: number, ...frequenciesHz: number[]): string =>
  `tone_stream://${level};%(${[durationMs, pauseMs, ...frequenciesHz].join(',')})`;

const endless = ';loops=-1';

/** A sound of no length would be played thousands of times a second. */
const leastLoopedMs = 100;

/** The Japanese ringback tone, 400 Hz modulated with 16 Hz: a carrier and its two sidebands, one second on, two off. */
const ringback = `${toneSpec(1000, 2000, 400, 384, 416)}${endless}`;

export function createSoundSpecs({ prompts, shared }: { prompts: Prompts; shared?: SharedFolder }): SoundSpecs {
  const placed = new Map<string, { changedAt: number; file: string; durationMs: number }>();

  async function put(shared: SharedFolder, name: string, content: Buffer): Promise<string> {
    await mkdir(shared.here, { recursive: true });
    const path = join(shared.here, name);
    const partial = `${path}.${randomUUID()}.part`;
    await writeFile(partial, content);
    await rename(partial, path);
    return `${shared.there.replace(/\/$/, '')}/${name}`;
  }

  async function place(path: string): Promise<{ file: string; durationMs: number }> {
    const { mtimeMs } = await stat(path);
    const known = placed.get(path);
    if (known?.changedAt === mtimeMs) return known;
    const content = await readFile(path);
    const read = readWav(content);
    if (read.kind === 'invalid') throw new Error(`${path} cannot be played: ${read.because}`);
    if (!shared && /\s/.test(path)) throw new Error(`FreeSWITCH cannot play ${path}: its name has a space`);
    const name = `${createHash('sha256').update(content).digest('hex')}.wav`;
    const durationMs = (read.sound.samples.length / read.sound.sampleRateHz) * 1000;
    const file = shared ? await put(shared, name, content) : path;
    const entry = { changedAt: mtimeMs, file, durationMs };
    placed.set(path, entry);
    return entry;
  }

  return {
    async specFor(source, loop) {
      switch (source.kind) {
        case 'echo':
          return { file: '', durationMs: undefined, application: 'echo' };
        case 'ringback':
          return { file: ringback, durationMs: undefined, application: 'playback' };
        case 'tone': {
          const { frequencyHz, durationMs } = source;
          if (durationMs !== undefined && !loop)
            return { file: toneSpec(durationMs, 0, frequencyHz), durationMs, application: 'playback' };
          const file = `${toneSpec(durationMs ?? 1000, 0, frequencyHz)}${endless}`;
          return { file, durationMs: undefined, application: 'playback' };
        }
        default: {
          const { file, durationMs } = await place(await prompts.fileFor(source));
          return loop && durationMs >= leastLoopedMs
            ? { file, durationMs: undefined, application: 'playback', again: true }
            : { file, durationMs, application: 'playback' };
        }
      }
    },
    async probe() {
      if (!shared) return undefined;
      const name = `probe-${randomUUID()}`;
      const there = await put(shared, name, Buffer.from('engawa'));
      return { there, remove: () => unlink(join(shared.here, name)) };
    },
  };
}
