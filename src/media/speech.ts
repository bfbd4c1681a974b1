// Text to sound. Makers: espeak-ng from npm (nothing to install), an external command, an HTTP service.
// A maker is asked one text at a time per call and never blocks the process that asks. Keeping what was spoken is
// prompts.ts's affair.

import { AppError } from '../shared/errors.ts';
import { createCommandSpeech } from './speech-command.ts';
import { createEspeak } from './speech-espeak.ts';
import { createHttpSpeech } from './speech-http.ts';
import type { Sound } from './wav.ts';

export type SpeechLanguage = 'ja' | 'en';

export interface Speech {
  /** Names the voice: what was spoken by another voice is not the same sound. */
  readonly name: string;
  /** Rejects with AppError 'speech-unavailable', whose sentence says what to do. */
  speak(text: string, language: SpeechLanguage): Promise<Sound>;
  close(): Promise<void>;
}

export type SpeechSettings =
  | { kind: 'espeak' }
  /** Gets the text on standard input and gives a WAV on standard output; `{language}` in an argument is replaced. */
  | { kind: 'command'; command: string; args?: readonly string[]; timeoutMs?: number }
  /** Gets POST {"text": …, "language": …} and answers with a WAV. */
  | { kind: 'http'; url: string; headers?: Readonly<Record<string, string>>; timeoutMs?: number };

const maxSpokenCharacters = 2000;

export function createSpeech(settings: SpeechSettings): Speech {
  const maker = makerOf(settings);
  return {
    ...maker,
    async speak(text, language) {
      if (text.trim() === '') throw new AppError('invalid-argument', 'there is nothing to say: the text is empty');
      if (text.length > maxSpokenCharacters) {
        throw new AppError('too-large', `a text to speak may have at most ${maxSpokenCharacters} characters`);
      }
      return maker.speak(text, language);
    },
  };
}

function makerOf(settings: SpeechSettings): Speech {
  switch (settings.kind) {
    case 'espeak':
      return createEspeak();
    case 'command':
      return createCommandSpeech(settings);
    case 'http':
      return createHttpSpeech(settings);
  }
}
