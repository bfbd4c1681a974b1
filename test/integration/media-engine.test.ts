// What the embedded engine adds to the contract: processes that die and come back, voices and recorded prompts, a recorder
// that goes away, ports that are used up, and packets that are nonsense.

import { createSocket } from 'node:dgram';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WebSocketServer } from 'ws';
import { createEmbeddedMedia, type EmbeddedMedia } from '../../src/media/embedded/embedded-media.ts';
import { createPrompts } from '../../src/media/prompts.ts';
import { createSpeech, type SpeechSettings } from '../../src/media/speech.ts';
import { readWav, writeWav } from '../../src/media/wav.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { seededRandom } from '../../src/shared/random.ts';
import { eventually } from '../support/eventually.ts';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';
import { MediaParty } from '../support/media/media-party.ts';
import { toneAmplitude } from '../support/media/tones.ts';
import { openTestRecorder } from '../support/recording/test-recorder.ts';

async function callIn(test: Test, media: EmbeddedMedia, toneHz = 440) {
  const party = await MediaParty.open({ toneHz });
  test.teardown(() => party.close());
  const made = await media.createEndpoint({ callId: newId('call'), sdpOffer: party.sdp() });
  if (made.kind !== 'created') throw new Error(made.because);
  party.useRemote(made.endpoint.localSdp);
  return { party, endpoint: made.endpoint };
}

const speechPrompts = (folder: string, speech: SpeechSettings, promptsFolder = join(projectRoot, 'config/prompts')) =>
  createPrompts({ log: silentLogger, speech: createSpeech(speech), promptsFolder, cacheFolder: join(folder, 'made') });

const loud = new Int16Array(160).fill(8000);

async function soundOf(path: string) {
  const read = readWav(await readFile(path));
  if (read.kind !== 'ok') throw new Error(read.because);
  return read.sound;
}

t.test('an engine that is killed loses its endpoints, tells, and is there again', async (test) => {
  const media = await openEmbeddedMedia({ engines: 2 });
  test.teardown(() => media.close());
  const states: string[] = [];
  media.on('engineState', ({ engine, up }) => states.push(`${engine} ${up ? 'up' : 'down'}`));
  const [a, b] = [await callIn(test, media), await callIn(test, media)];
  const before = media.engines();
  test.same(
    before.map(({ endpoints }) => endpoints),
    [1, 1],
    'calls are spread over the engines',
  );
  await test.rejects(a.endpoint.bridge(b.endpoint), { code: 'invalid-argument' }, 'engines are not crossed');
  const ended = new Promise((resolve) => a.endpoint.once('ended', resolve));
  const playing = a.endpoint.play({ kind: 'ringback' });
  process.kill(before[0]!.pid!, 'SIGKILL');
  test.same(await ended, { because: 'lost' });
  test.equal(await playing.finished, 'stopped');
  await a.endpoint.close();
  test.match(await media.health(), { ok: true, because: /media-1/, endpoints: 1 });
  await eventually('the other call goes on', async () => (await b.endpoint.stats()).packetsReceived > 0);
  await eventually('it is up again', () => states.includes('media-1 up'), { withinMs: 15_000 });
  test.same(states, ['media-1 down', 'media-1 up']);
  const c = await callIn(test, media, 660);
  c.endpoint.play({ kind: 'echo' });
  await eventually('and takes calls', () => c.party.hears(660));
});

t.test('a call that comes while its engine dies is taken by another one', async (test) => {
  const media = await openEmbeddedMedia({ engines: 2 });
  test.teardown(() => media.close());
  const [first] = media.engines();
  // It hears the question, and dies before it answers.
  process.kill(first!.pid!, 'SIGSTOP');
  const calls = [callIn(test, media), callIn(test, media)];
  process.kill(first!.pid!, 'SIGKILL');
  const made = await Promise.all(calls);
  test.same(
    made.map(({ endpoint }) => endpoint.localSdp.includes('m=audio')),
    [true, true],
  );
});

t.test('signals for the parent leave the engines alone', async (test) => {
  const media = await openEmbeddedMedia();
  test.teardown(() => media.close());
  const { party, endpoint } = await callIn(test, media);
  const pid = media.engines()[0]!.pid!;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
  endpoint.play({ kind: 'echo' });
  await eventually('the call goes on', () => party.hears(440));
});

t.test('when all RTP ports are taken the next call is refused with what to do', async (test) => {
  const media = await createEmbeddedMedia({
    clock: systemClock,
    log: silentLogger,
    prompts: speechPrompts(test.testdir(), { kind: 'espeak' }),
    rtpAddress: '127.0.0.1',
    rtpPorts: { from: 46_200, to: 46_203 },
    webrtcPort: 0,
    engines: 1,
    mediaTimeoutMs: 0,
  });
  test.teardown(() => media.close());
  const first = await callIn(test, media);
  await callIn(test, media);
  await test.rejects(callIn(test, media), { code: 'media-unavailable', message: /rtpPorts/ });
  await first.endpoint.close();
  await callIn(test, media);
});

t.test('a port for browsers that is taken is found at start', async (test) => {
  const taken = createSocket('udp4');
  await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
  test.teardown(() => taken.close());
  const start = createEmbeddedMedia({
    clock: systemClock,
    log: silentLogger,
    prompts: speechPrompts(test.testdir(), { kind: 'espeak' }),
    rtpAddress: '127.0.0.1',
    rtpPorts: { from: 0, to: 0 },
    webrtcPort: taken.address().port,
    engines: 1,
    mediaTimeoutMs: 0,
  });
  await test.rejects(start, { code: 'media-unavailable' });
});

t.test('nonsense on the RTP port harms nothing', async (test) => {
  const seed = Date.now();
  test.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const media = await openEmbeddedMedia();
  test.teardown(() => media.close());
  const { party, endpoint } = await callIn(test, media);
  const socket = createSocket('udp4');
  test.teardown(() => socket.close());
  for (let i = 0; i < 3000; i++) {
    const packet = Buffer.from(Array.from({ length: random.integer(0, 80) }, () => random.integer(0, 256)));
    // Half of it begins as RTP of a known type does, so that it gets further in.
    if (i % 2 === 0 && packet.length > 1) {
      packet[0] = 0x80 | random.integer(0, 64);
      packet[1] = random.pick([0, 101, 13, 200, 201]);
    }
    await new Promise((resolve) => socket.send(packet, party.target + (i % 3 === 0 ? 1 : 0), '127.0.0.1', resolve));
  }
  endpoint.play({ kind: 'echo' });
  await eventually('the call goes on', () => party.hears(440));
});

t.test('a voice speaks Japanese and English, and what it said is kept', async (test) => {
  const prompts = speechPrompts(test.testdir(), { kind: 'espeak' });
  test.teardown(() => prompts.close());
  const japanese = await prompts.fileFor({ kind: 'say', language: 'ja', text: '番号は3番です。' });
  const spelt = await soundOf(japanese);
  test.equal(spelt.sampleRateHz, 8000);
  test.ok(spelt.samples.length > 8000 && spelt.samples.length < 8000 * 5, `${spelt.samples.length / 8000} s`);
  test.ok(spelt.samples.some((sample) => Math.abs(sample) > 3000));
  const startedAt = Date.now();
  test.equal(await prompts.fileFor({ kind: 'say', language: 'ja', text: '番号は3番です。' }), japanese);
  test.ok(Date.now() - startedAt < 100, 'the second time is at once');
  const english = await prompts.fileFor({ kind: 'prompt', language: 'en', name: 'welcome' });
  test.not(english, japanese);
  test.ok((await soundOf(english)).samples.length > 4000);
  await test.rejects(prompts.fileFor({ kind: 'prompt', language: 'en', name: 'nothing' }), { code: 'not-found' });
  await test.rejects(prompts.fileFor({ kind: 'prompt', language: 'en', name: '../../etc' }), {
    code: 'invalid-argument',
  });
  await test.rejects(prompts.fileFor({ kind: 'say', language: 'en', text: ' ' }), { code: 'invalid-argument' });
});

t.test('a recorded prompt is taken before the voice', async (test) => {
  const folder = test.testdir();
  await mkdir(join(folder, 'ja'), { recursive: true });
  const words = join(projectRoot, 'config/prompts/ja/prompts.yaml');
  await copyFile(words, join(folder, 'ja/prompts.yaml'));
  await writeFile(join(folder, 'ja/welcome.wav'), writeWav({ sampleRateHz: 16_000, samples: new Int16Array(1600) }));
  const prompts = speechPrompts(folder, { kind: 'command', command: '/bin/false' }, folder);
  test.equal(
    await prompts.fileFor({ kind: 'prompt', language: 'ja', name: 'welcome' }),
    join(folder, 'ja/welcome.wav'),
  );
  await test.rejects(prompts.fileFor({ kind: 'prompt', language: 'ja', name: 'closed' }), {
    code: 'speech-unavailable',
  });
});

t.test('another speech can be a command or an HTTP service', async (test) => {
  const folder = test.testdir();
  const wav = writeWav({ sampleRateHz: 22_050, samples: new Int16Array(22_050).fill(1000) });
  await writeFile(join(folder, 'voice.wav'), wav);
  const byCommand = speechPrompts(join(folder, 'a'), {
    kind: 'command',
    command: 'cat',
    args: [join(folder, 'voice.wav')],
  });
  const first = await soundOf(await byCommand.fileFor({ kind: 'say', language: 'ja', text: 'あ' }));
  test.equal(first.samples.length, 8000, 'at the rate of a telephone');
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (chunk) => asked.push(String(chunk)));
    request.on('end', () => response.end(asked.length === 1 ? wav : 'no sound'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const byHttp = speechPrompts(join(folder, 'b'), { kind: 'http', url });
  await byHttp.fileFor({ kind: 'say', language: 'en', text: 'Hello' });
  test.same(JSON.parse(asked[0]!), { text: 'Hello', language: 'en' });
  await test.rejects(byHttp.fileFor({ kind: 'say', language: 'en', text: 'Again' }), { code: 'speech-unavailable' });
});

t.test('music on hold is made here, and has no seam', async (test) => {
  const prompts = speechPrompts(test.testdir(), { kind: 'espeak' });
  test.teardown(() => prompts.close());
  const { samples } = await soundOf(await prompts.fileFor({ kind: 'music' }));
  test.ok(samples.length >= 8000 * 30, `${samples.length / 8000} s`);
  let largest = 0;
  for (let i = 1; i < samples.length; i++) largest = Math.max(largest, Math.abs(samples[i]! - samples[i - 1]!));
  test.ok(Math.abs(samples[0]! - samples.at(-1)!) <= largest);
});

t.test('ringback is 400 Hz, one second on and two off', async (test) => {
  const media = await openEmbeddedMedia();
  test.teardown(() => media.close());
  const { party, endpoint } = await callIn(test, media);
  endpoint.play({ kind: 'ringback' });
  const heard: boolean[] = [];
  await eventually('on, off and on again', () => {
    const now = party.loudness(400) > 1000;
    if (heard.at(-1) !== now) heard.push(now);
    return heard.filter(Boolean).length >= 2;
  });
});

t.test('what was said until the end is recorded, though it came faster than time', async (test) => {
  const media = await openEmbeddedMedia();
  test.teardown(() => media.close());
  // Silent from before their first packet, so that what is counted is what is sent here.
  const a = await callIn(test, media);
  a.party.sending = false;
  const b = await callIn(test, media);
  b.party.sending = false;
  await a.endpoint.bridge(b.endpoint);
  for (const end of ['stopTap', 'close'] as const) {
    const recorder = await openTestRecorder(test);
    await a.endpoint.startTap({ url: recorder.url, metadata: {} });
    const before = (await a.endpoint.stats()).packetsReceived + (await b.endpoint.stats()).packetsReceived;
    const frames = 10;
    // As after a pause of the network: 200 ms of sound at once, and then the call is over.
    for (let frame = 0; frame < frames; frame++) for (const { party } of [a, b]) party.sendSamples(loud);
    const arrived = async () =>
      (await a.endpoint.stats()).packetsReceived + (await b.endpoint.stats()).packetsReceived - before;
    await eventually('all of it has arrived', async () => (await arrived()) === 2 * frames, { everyMs: 1 });
    await a.endpoint[end]();
    await eventually('the recorder has all', () => recorder.ended);
    const { left, right } = recorder.channels();
    const said = (samples: Int16Array) => samples.filter((each) => Math.abs(each) > 1000).length;
    test.same([said(left), said(right)], [frames * loud.length, frames * loud.length], `until ${end}`);
  }
});

t.test('a recorder that goes away and returns gets all of it, in time', async (test) => {
  const media = await openEmbeddedMedia();
  test.teardown(() => media.close());
  const { endpoint } = await callIn(test, media, 550);
  const texts: string[] = [];
  const parts: Buffer[] = [];
  let closed = false;
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, handleProtocols: (offered) => [...offered][0] ?? false });
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer, binary) => (binary ? parts.push(data) : texts.push(data.toString())));
    socket.on('close', () => {
      closed = true;
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  test.teardown(() => http.close());
  test.teardown(() => sockets.close());
  await endpoint.startTap({ url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`, metadata: { a: 1 } });
  const startedAt = performance.now();
  await eventually('some audio', () => parts.length > 5);
  for (const socket of sockets.clients) socket.terminate();
  await eventually('it comes back', () => texts.length === 2, { withinMs: 10_000 });
  await eventually('and goes on', () => performance.now() - startedAt > 2500);
  closed = false;
  await endpoint.stopTap();
  const lastedMs = performance.now() - startedAt;
  await eventually('closed', () => closed);
  test.same(JSON.parse(texts[0]!), { a: 1 });
  test.match(JSON.parse(texts[1]!), { a: 1, resumedAtMs: Number });
  const bytes = Buffer.concat(parts);
  // A frame that was on its way when the connection broke may be lost.
  test.ok(Math.abs(bytes.length / 32 - lastedMs) < 350, `${bytes.length / 32} ms of ${Math.round(lastedMs)} ms`);
  const left = Int16Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readInt16LE(i * 4));
  test.ok(toneAmplitude(left.subarray(left.length - 8000, left.length - 4000), 550) > 3000);
});
