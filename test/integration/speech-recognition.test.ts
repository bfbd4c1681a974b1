// A caller's words through a speech server of Vosk's protocol, over real WebSockets: the endpoint's tap on one side, the server's
// double on the other.

import t, { type Test } from 'tap';
import { createCustomerAudio } from '../../src/call/services/customer-audio.ts';
import { createSpeechRecognition } from '../../src/call/services/speech-recognition.ts';
import type { Endpoint } from '../../src/media/endpoint.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { connectTap, type TapClient } from '../support/media/tap-client.ts';
import { startVoskDouble } from '../support/servers/vosk-double.ts';

const contractHz = 440;
const productHz = 550;
const vosk = await startVoskDouble(t, { [contractHz]: '契約 の 変更', [productHz]: '製品' });
const audio = createCustomerAudio();
t.teardown(() => audio.close());
const recognition = createSpeechRecognition({
  clock: systemClock,
  log,
  settings: { ja: vosk.url, sendsPhrases: true },
  audio,
});

/** A caller whose tap we speak into. The server's other side hears what we say there as what the caller hears. */
function caller() {
  let tap: TapClient | undefined;
  const endpoint = {
    async startTap({ url }: { url: string }) {
      tap = await connectTap(url);
    },
    async stopTap() {
      await tap?.close();
    },
  } as unknown as Endpoint;
  return {
    endpoint,
    says: async (leftHz: number, ms: number, rightHz = 0) => {
      const open = await eventually('the tap is there', () => tap);
      // Once the words are there, nobody listens any more.
      await open.play({ leftHz, rightHz, ms }).catch(() => undefined);
    },
    isListenedTo: () => tap !== undefined && !tap.closed,
  };
}

function listen(
  endpoint: Endpoint,
  more: { after?: Promise<unknown>; signal?: AbortSignal; timeoutSeconds?: number } = {},
) {
  return recognition.listen({
    endpoint,
    language: 'ja',
    phrases: ['契約', '製品'],
    timeoutSeconds: 20,
    maxSeconds: 30,
    after: Promise.resolve(),
    signal: new AbortController().signal,
    ...more,
  });
}

t.beforeEach(() => {
  vosk.behaviour = 'listens';
});

t.test('what the caller says comes back as text, and what the caller hears is not listened to', async (t) => {
  const { endpoint, says, isListenedTo } = caller();
  const heard = listen(endpoint);
  await says(0, 300, productHz);
  await says(contractHz, 700, productHz);
  await says(0, 400, productHz);
  t.strictSame(await heard, { kind: 'heard', text: '契約 の 変更' });
  t.match(vosk.configs.at(-1), { sample_rate: 8000, phrase_list: ['契約', '製品', '[unk]'] });
  await eventually('the tap is given back', () => !isListenedTo());
});

t.test('what is said while the question is still being asked does not count', async (t) => {
  const { endpoint, says } = caller();
  let asked: () => void = () => {};
  const before = vosk.bytes;
  const heard = listen(endpoint, { after: new Promise<void>((resolve) => (asked = resolve)) });
  await says(productHz, 900);
  t.equal(vosk.bytes, before, 'the server was sent nothing');
  asked();
  await says(0, 200);
  await says(contractHz, 700);
  await says(0, 400);
  t.match(await heard, { text: '契約 の 変更' });
});

t.test('silence ends with the time', async (t) => {
  const { endpoint, says } = caller();
  const heard = listen(endpoint, { timeoutSeconds: 0.5 });
  await says(0, 700);
  t.strictSame(await heard, { kind: 'timeout' });
});

t.test('whoever speaks when the time is up is heard to the last word', async (t) => {
  const { endpoint, says } = caller();
  const heard = recognition.listen({
    endpoint,
    language: 'ja',
    phrases: [],
    timeoutSeconds: 20,
    maxSeconds: 1,
    after: Promise.resolve(),
    signal: new AbortController().signal,
  });
  await says(productHz, 1300);
  t.strictSame(await heard, { kind: 'heard', text: '製品' });
});

async function fails(t: Test, because: string, signal?: AbortSignal): Promise<void> {
  const { endpoint, says, isListenedTo } = caller();
  const heard = listen(endpoint, signal ? { signal } : {});
  if (because !== 'gone') await says(contractHz, 400);
  t.strictSame(await heard, { kind: 'failed', because });
  await eventually('the tap is given back', () => !isListenedTo());
}

t.test('a server that refuses, dies, hangs or is no speech server fails, and the call is free again', async (t) => {
  vosk.behaviour = 'refuses';
  await fails(t, 'gone');
  vosk.behaviour = 'dies';
  {
    const { endpoint, says } = caller();
    const heard = listen(endpoint);
    await says(contractHz, 400);
    t.strictSame(await heard, { kind: 'failed', because: 'gone' });
  }
  vosk.behaviour = 'talks-nonsense';
  await fails(t, 'not-vosk');
  vosk.behaviour = 'hangs';
  await fails(t, 'hangs');
});

t.test('a language without a server, a server that is not there, a call that ends', async (t) => {
  const { endpoint } = caller();
  const request = { endpoint, phrases: [], timeoutSeconds: 1, maxSeconds: 1, after: Promise.resolve() };
  const { signal } = new AbortController();
  t.strictSame(await recognition.listen({ ...request, language: 'en', signal }), {
    kind: 'failed',
    because: 'no-speech-server',
  });
  const nobody = createSpeechRecognition({
    clock: systemClock,
    log,
    settings: { ja: 'ws://127.0.0.1:1', sendsPhrases: false },
    audio,
  });
  t.strictSame(await nobody.listen({ ...request, language: 'ja', signal }), { kind: 'failed', because: 'unreachable' });
  const over = new AbortController();
  const heard = listen(caller().endpoint, { signal: over.signal });
  over.abort();
  t.strictSame(await heard, { kind: 'failed', because: 'closed' });
});
