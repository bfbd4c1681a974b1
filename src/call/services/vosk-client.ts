// One listening by a speech server of Vosk's WebSocket protocol (alphacep/vosk-server): a `config` message with the sample rate, binary
// frames of 16-bit mono audio, after each an answer (`partial`, or `text` at the end of an utterance), and `eof` for the rest.
//
//   connecting → listening → (last words) → over
//
// What is heard is the caller's own words: it is handed back and never logged.

import { type RawData, WebSocket } from 'ws';
import type { Clock, Timer } from '../../shared/clock.ts';
import { audioRateHz } from './customer-audio.ts';

/** `because` is a word, never what was said. */
export type Heard = { kind: 'heard'; text: string } | { kind: 'timeout' } | { kind: 'failed'; because: string };

export interface Listening {
  /** Audio counts from here on: the question has been asked, and the times begin. */
  begin(): void;
  push(pcm: Buffer): void;
  /** Settles exactly once. */
  heard: Promise<Heard>;
  close(): void;
}

export interface ListenSettings {
  url: string;
  /** Silence after which nothing was said. */
  timeoutSeconds: number;
  /** The longest that somebody may speak. */
  maxSeconds: number;
  /** A grammar, for models that take one. */
  phrases?: readonly string[];
}

const connectsWithinMs = 3000;
/** Audio flows and not a word comes back: the server hangs. */
const answersWithinMs = 5000;
const lastWordsWithinMs = 2000;
const longestText = 500;

interface VoskMessage {
  partial?: unknown;
  text?: unknown;
}

export function listenWithVosk(clock: Clock, settings: ListenSettings): Listening {
  const socket = new WebSocket(settings.url, { perMessageDeflate: false, handshakeTimeout: connectsWithinMs });
  const timers = new Set<Timer>();
  let begun = false;
  let over = false;
  let speaking = '';
  let finishing = false;
  let hangs: Timer | undefined;
  let settle: (heard: Heard) => void = () => {};
  const heard = new Promise<Heard>((resolve) => {
    settle = resolve;
  });

  function after(ms: number, run: () => void): Timer {
    const timer = clock.after(ms, run);
    timers.add(timer);
    return timer;
  }
  function end(how: Heard): void {
    if (over) return;
    over = true;
    for (const timer of timers) timer.cancel();
    settle(how);
    socket.terminate();
  }
  const fail = (because: string) => end({ kind: 'failed', because });
  const orWhatWasHeard = (): Heard => (speaking === '' ? { kind: 'timeout' } : { kind: 'heard', text: speaking });

  /** The server says what it has made of the rest. */
  function finish(): void {
    if (over || finishing) return;
    finishing = true;
    if (socket.readyState === WebSocket.OPEN) socket.send('{"eof" : 1}');
    after(lastWordsWithinMs, () => end(orWhatWasHeard()));
  }

  socket.on('open', () => {
    const phrases = settings.phrases?.length ? { phrase_list: [...settings.phrases, '[unk]'] } : {};
    socket.send(JSON.stringify({ config: { sample_rate: audioRateHz, ...phrases } }));
  });
  socket.on('error', () => fail('unreachable'));
  socket.on('close', () => (finishing ? end(orWhatWasHeard()) : fail('gone')));
  socket.on('message', (data: RawData, isBinary: boolean) => {
    hangs?.cancel();
    hangs = undefined;
    const message = isBinary ? undefined : readMessage(String(data));
    if (!message) return fail('not-vosk');
    if (!begun || over) return;
    const text = wordsOf(message.text);
    if (text !== '') return end({ kind: 'heard', text });
    if (finishing && message.text !== undefined) return end(orWhatWasHeard());
    speaking = wordsOf(message.partial) || speaking;
  });

  return {
    heard,
    begin() {
      if (begun || over) return;
      begun = true;
      after(settings.timeoutSeconds * 1000, () => {
        if (speaking === '') finish();
      });
      after(settings.maxSeconds * 1000, finish);
    },
    push(pcm) {
      if (!begun || over || finishing || socket.readyState !== WebSocket.OPEN) return;
      socket.send(pcm);
      hangs ??= after(answersWithinMs, () => fail('hangs'));
    },
    close: () => fail('closed'),
  };
}

function readMessage(text: string): VoskMessage | undefined {
  try {
    const message = JSON.parse(text) as unknown;
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}

const wordsOf = (text: unknown): string => (typeof text === 'string' ? text.trim().slice(0, longestText) : '');
