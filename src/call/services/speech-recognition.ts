// Spoken words as text, for a flow that lets callers say why they call. Each language has a speech server of its own
// (Vosk's WebSocket protocol); without one, or when it is away, listening fails and the flow goes the way of its menu.

import { type Static, Type } from 'typebox';
import type { Endpoint } from '../../media/endpoint.ts';
import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { section } from '../../shared/yaml/yaml-schema.ts';
import type { CustomerAudio } from './customer-audio.ts';
import { type Heard, type Listening, listenWithVosk } from './vosk-client.ts';

const serverUrl = (language: string) =>
  Type.Optional(
    Type.String({ pattern: '^wss?://', description: `Server for ${language}: ws://… or wss://…, without a path.` }),
  );

export const SpeechRecognitionSchema = section(
  'Servers that make text of what callers say (Vosk’s WebSocket protocol), for flows that listen. They are sent the voice of the caller.',
  {
    ja: serverUrl('Japanese'),
    en: serverUrl('English'),
    sendsPhrases: Type.Boolean({
      default: false,
      description: 'Send the phrases of the flow as a grammar: for models that take one and know all the words.',
    }),
    listen: Type.Optional(
      Type.String({
        pattern: '^.+:\\d+$',
        description:
          'address:port where media servers bring the audio; beyond loopback the host and certificate of recording.taps are used. A free port on loopback unless told.',
      }),
    ),
  },
);
export type SpeechRecognitionSettings = Static<typeof SpeechRecognitionSchema>;

export interface ListenRequest {
  endpoint: Endpoint;
  language: 'ja' | 'en';
  phrases: readonly string[];
  timeoutSeconds: number;
  maxSeconds: number;
  /** The question: what is said before it ends is not listened to. */
  after: Promise<unknown>;
  signal: AbortSignal;
}

export interface SpeechRecognition {
  /** Never rejects. The text is the caller's words: for the flow, and for nobody else. */
  listen(request: ListenRequest): Promise<Heard>;
  close(): Promise<void>;
}

export function createSpeechRecognition(needs: {
  clock: Clock;
  log: Logger;
  settings: Pick<SpeechRecognitionSettings, 'ja' | 'en' | 'sendsPhrases'>;
  audio: CustomerAudio;
}): SpeechRecognition {
  const { clock, log, settings, audio } = needs;

  async function follow(listening: Listening, { endpoint, after, signal }: ListenRequest): Promise<Heard> {
    const stop = () => listening.close();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const following = audio.follow(endpoint, (pcm) => listening.push(pcm));
    void Promise.all([following, after]).then(
      () => listening.begin(),
      (thrown: unknown) => {
        log.error({ err: asError(thrown) }, 'the audio of the caller cannot be listened to');
        listening.close();
      },
    );
    const heard = await listening.heard;
    signal.removeEventListener('abort', stop);
    await following.then(
      (followed) => followed.stop(),
      () => undefined,
    );
    return heard;
  }

  return {
    async listen(request) {
      const url = settings[request.language];
      if (url === undefined) return { kind: 'failed', because: 'no-speech-server' };
      const { timeoutSeconds, maxSeconds } = request;
      const phrases = settings.sendsPhrases ? { phrases: request.phrases } : {};
      const heard = await follow(listenWithVosk(clock, { url, timeoutSeconds, maxSeconds, ...phrases }), request);
      if (heard.kind === 'failed' && !request.signal.aborted)
        log.warn({ because: heard.because, language: request.language }, 'the speech server did not listen');
      return heard;
    },
    close: () => audio.close(),
  };
}
