// Speech by an HTTP service: POST {"text", "language"}, answered with a WAV.

import { AppError, asError } from '../shared/errors.ts';
import type { Speech } from './speech.ts';
import { readWav } from './wav.ts';

export function createHttpSpeech({
  url,
  headers = {},
  timeoutMs = 15_000,
}: {
  url: string;
  headers?: Readonly<Record<string, string>>;
  timeoutMs?: number;
}): Speech {
  const { host } = new URL(url);
  const unavailable = (because: string, cause?: unknown) =>
    new AppError('speech-unavailable', `the speech service at ${host} failed: ${because}`, { cause });

  return {
    name: `http ${url}`,
    async speak(text, language) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'audio/wav', ...headers },
        body: JSON.stringify({ text, language }),
        signal: AbortSignal.timeout(timeoutMs),
      }).catch((thrown) => {
        throw unavailable(asError(thrown).message, thrown);
      });
      if (!response.ok) throw unavailable(`it answered ${response.status}`);
      const read = readWav(Buffer.from(await response.arrayBuffer()));
      if (read.kind === 'invalid') throw unavailable(`its answer is no sound: ${read.because}`);
      return read.sound;
    },
    close: async () => {},
  };
}
