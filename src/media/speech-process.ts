// The child process behind speech-espeak.ts: one text at a time, in the order of asking. It lives as long as the channel.

import ESpeakNg from 'espeak-ng';
import { japaneseReading } from './japanese-reading.ts';
import type { SpeechLanguage } from './speech.ts';
import { readWav } from './wav.ts';

export interface SpeakRequest {
  id: number;
  text: string;
  language: SpeechLanguage;
}

export type SpeakAnswer =
  | { kind: 'spoken'; id: number; sampleRateHz: number; samples: Int16Array }
  | { kind: 'failed'; id: number; because: string };

const voices: Readonly<Record<SpeechLanguage, { voice: string; wordsPerMinute: number }>> = {
  ja: { voice: 'ja', wordsPerMinute: 150 },
  en: { voice: 'en-us', wordsPerMinute: 150 },
};

async function speak({ id, text, language }: SpeakRequest): Promise<SpeakAnswer> {
  const { voice, wordsPerMinute } = voices[language];
  const words = language === 'ja' ? await japaneseReading(text) : text;
  // A text that begins with a hyphen would be read as an option.
  const args = ['-v', voice, '-s', String(wordsPerMinute), '-b', '1', '-w', 'spoken.wav', ` ${words}`];
  const program = await ESpeakNg({ arguments: args });
  const read = readWav(Buffer.from(program.FS.readFile('spoken.wav')));
  if (read.kind === 'invalid') return { kind: 'failed', id, because: read.because };
  return { kind: 'spoken', id, ...read.sound };
}

let queue = Promise.resolve();

process.on('message', (message) => {
  const request = message as SpeakRequest;
  queue = queue.then(async () => {
    const answer = await speak(request).catch(
      (thrown): SpeakAnswer => ({ kind: 'failed', id: request.id, because: String(thrown) }),
    );
    if (process.connected) process.send?.(answer);
  });
});

process.on('disconnect', () => process.exit(0));
// Signals are for the parent, which closes the channel when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => queue);
