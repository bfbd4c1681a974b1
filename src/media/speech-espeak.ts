// Speech without installing anything: espeak-ng as WebAssembly, in a child process, because making a sentence takes some
// 300 ms of computing. The process is started when it is needed and leaves after a minute of rest, with its dictionary.
// espeak-ng reads kana but spells out kanji, so Japanese is turned into kana first (japanese-reading.ts, in the child).

import { type ChildProcess, fork } from 'node:child_process';
import { AppError } from '../shared/errors.ts';
import { processEntry } from '../shared/paths.ts';
import type { Speech, SpeechLanguage } from './speech.ts';
import type { SpeakAnswer, SpeakRequest } from './speech-process.ts';

const answerLimitMs = 30_000;
const restMs = 60_000;

interface Waiting {
  resolve: (sound: { sampleRateHz: number; samples: Int16Array }) => void;
  reject: (error: Error) => void;
}

export function createEspeak(): Speech {
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let leaving: NodeJS.Timeout | undefined;
  let nextId = 1;

  const unavailable = (because: string) =>
    new AppError(
      'speech-unavailable',
      `espeak-ng could not speak: ${because}; record the prompt or configure another speech`,
    );

  function take(id: number): Waiting | undefined {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) rest();
    return found;
  }

  /** An idle child keeps nothing alive, and goes after a while. */
  function rest(): void {
    child?.channel?.unref();
    clearTimeout(leaving);
    leaving = setTimeout(() => child?.disconnect(), restMs);
    leaving.unref();
  }

  function gone(from: ChildProcess, because: string): void {
    if (child !== from) return;
    child = undefined;
    clearTimeout(leaving);
    for (const id of [...waiting.keys()]) take(id)?.reject(unavailable(because));
  }

  function running(): ChildProcess {
    clearTimeout(leaving);
    if (child?.connected) return child;
    const fresh = fork(processEntry(import.meta.url, './speech-process'), [], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    fresh.unref();
    fresh.on('message', (message) => {
      const answer = message as SpeakAnswer;
      const asked = take(answer.id);
      if (answer.kind === 'spoken') asked?.resolve(answer);
      else asked?.reject(unavailable(answer.because));
    });
    fresh.once('error', (error) => gone(fresh, error.message));
    fresh.once('exit', (code, signal) => gone(fresh, `its process ended with ${signal ?? code}`));
    child = fresh;
    return fresh;
  }

  return {
    name: 'espeak-ng 1',
    speak(text: string, language: SpeechLanguage) {
      const id = nextId++;
      const to = running();
      to.channel?.ref();
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          take(id)?.reject(unavailable('it took too long'));
          to.kill('SIGKILL');
        }, answerLimitMs);
        late.unref();
        waiting.set(id, {
          resolve: (sound) => {
            clearTimeout(late);
            resolve(sound);
          },
          reject: (error) => {
            clearTimeout(late);
            reject(error);
          },
        });
        to.send({ id, text, language } satisfies SpeakRequest);
      });
    },
    async close() {
      const last = child;
      child = undefined;
      for (const id of [...waiting.keys()]) take(id)?.reject(unavailable('it is being shut down'));
      clearTimeout(leaving);
      last?.kill('SIGKILL');
    },
  };
}
