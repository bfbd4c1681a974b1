// From what shall be heard to a WAV file that has it: recorded prompts, spoken text, music, files.
// A recorded prompt `<language>/<name>.wav` in the prompts folder is taken before anything is spoken; the words of prompts
// without a recording are in `<language>/prompts.yaml`. What was spoken once is kept on disk under a name made from its
// words and the voice, so a flow speaks without delay the second time, on every later start too.

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { resample } from '../protocol/rtp/resample.ts';
import { AppError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import type { PlaySource } from './endpoint.ts';
import { holdMusic } from './hold-music.ts';
import type { Speech, SpeechLanguage } from './speech.ts';
import { writeWav } from './wav.ts';

export interface PromptsNeeds {
  log: Logger;
  speech: Speech;
  /** Recorded prompts and the words of the others. */
  promptsFolder: string;
  /** Made sound is kept here. */
  cacheFolder: string;
  /** A WAV file to play on hold instead of the music made here. */
  musicFile?: string;
}

export interface Prompts {
  /** Rejects with AppError 'not-found' (no such prompt or file) or 'speech-unavailable'. */
  fileFor(source: Extract<PlaySource, { kind: 'prompt' | 'say' | 'file' | 'music' }>): Promise<string>;
  /** Makes the sound of every text now, so that no caller waits for it. Failures are logged. */
  prepare(texts: readonly { text: string; language: SpeechLanguage }[]): Promise<void>;
  close(): Promise<void>;
}

/** Everything a telephone hears ends here, so nothing above it is worth keeping. */
const keptRateHz = 8000;
const musicVersion = '1';

async function exists(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  return found?.isFile() ?? false;
}

export function createPrompts({ log, speech, promptsFolder, cacheFolder, musicFile }: PromptsNeeds): Prompts {
  const making = new Map<string, Promise<string>>();
  const words = new Map<SpeechLanguage, Promise<Record<string, string>>>();

  /** The file of that key, made once however many ask for it at the same time; complete or not there at all. */
  function kept(key: string, make: () => Promise<Buffer>): Promise<string> {
    const path = join(cacheFolder, `${createHash('sha256').update(key).digest('hex')}.wav`);
    const running = making.get(path);
    if (running) return running;
    const done = (async () => {
      if (await exists(path)) return path;
      const sound = await make();
      await mkdir(cacheFolder, { recursive: true });
      const partial = `${path}.${randomUUID()}.part`;
      await writeFile(partial, sound);
      await rename(partial, path);
      return path;
    })().finally(() => making.delete(path));
    making.set(path, done);
    return done;
  }

  function spoken(text: string, language: SpeechLanguage): Promise<string> {
    return kept(`speech\n${speech.name}\n${language}\n${text}`, async () => {
      const sound = await speech.speak(text, language);
      return writeWav({ sampleRateHz: keptRateHz, samples: resample(sound.samples, sound.sampleRateHz, keptRateHz) });
    });
  }

  function wordsOf(language: SpeechLanguage): Promise<Record<string, string>> {
    const known = words.get(language);
    if (known) return known;
    const read = readFile(join(promptsFolder, language, 'prompts.yaml'), 'utf8')
      .then((text) => (parse(text) ?? {}) as Record<string, string>)
      .catch((cause) => {
        throw new AppError('not-found', `the words of the ${language} prompts cannot be read from ${promptsFolder}`, {
          cause,
        });
      });
    words.set(language, read);
    read.catch(() => words.delete(language));
    return read;
  }

  async function prompt(name: string, language: SpeechLanguage): Promise<string> {
    if (!/^[a-z0-9-]+$/.test(name))
      throw new AppError('invalid-argument', `“${name}” is no prompt name: use a-z, 0-9 and -`);
    const recorded = join(promptsFolder, language, `${name}.wav`);
    if (await exists(recorded)) return recorded;
    const text = (await wordsOf(language))[name];
    if (!text) {
      throw new AppError(
        'not-found',
        `there is no prompt ${language}/${name}: record ${recorded} or add its words to prompts.yaml`,
      );
    }
    return spoken(text, language);
  }

  async function file(path: string): Promise<string> {
    const found = isAbsolute(path) ? path : resolve(promptsFolder, path);
    if (!(await exists(found))) throw new AppError('not-found', `there is no sound file ${found}`);
    return found;
  }

  return {
    async fileFor(source) {
      switch (source.kind) {
        case 'prompt':
          return prompt(source.name, source.language);
        case 'say':
          return spoken(source.text, source.language);
        case 'file':
          return file(source.path);
        case 'music':
          return musicFile ? file(musicFile) : kept(`music ${musicVersion}`, async () => writeWav(holdMusic()));
      }
    },
    async prepare(texts) {
      for (const { text, language } of texts) {
        await spoken(text, language).catch((err) =>
          log.warn({ err, language }, 'a prompt could not be spoken in advance'),
        );
      }
    },
    close: () => speech.close(),
  };
}
