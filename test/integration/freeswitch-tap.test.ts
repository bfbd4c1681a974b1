// FreeSWITCH hands a call's audio to the real recorder by mod_audio_fork: over TLS, sealed only at the recorder, and back by itself
// when the recorder's process dies. Of the audio nothing is on a disk of FreeSWITCH.

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { FreeswitchMedia } from '../../src/media/freeswitch/freeswitch-media.ts';
import { newId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import { freeswitchRig, withoutFreeswitch } from '../support/media/freeswitch-media.ts';
import { openParty } from '../support/media/media-party.ts';
import { toneAmplitude } from '../support/media/tones.ts';
import { type Heard, listen } from '../support/recording/opened-audio.ts';
import { recordingBench } from '../support/recording/recording-bench.ts';
import { openTestRecorder } from '../support/recording/test-recorder.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { childPids } from '../support/servers/child-processes.ts';
import { freeswitchBin, startFreeswitch, withoutServer } from '../support/servers/installed-servers.ts';

t.setTimeout(200_000);
const rig = await freeswitchRig(t);
/** Of each fifth of a second, the one in the middle: on a busy machine a packet that comes late moves the phase of what follows. */
function usual(heard: Heard, side: 'left' | 'right', hz: number, fromMs: number, toMs: number): number {
  const each = Array.from({ length: Math.floor((toMs - fromMs) / 200) }, (_, i) =>
    heard.level(side, hz, fromMs + i * 200, fromMs + (i + 1) * 200),
  );
  return each.sort((a, b) => a - b)[Math.floor(each.length / 2)] ?? 0;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function pair(test: Test, media: FreeswitchMedia) {
  const callId = newId('call');
  const a = await openParty(test, media, callId, { toneHz: 440 });
  const b = await openParty(test, media, callId, { toneHz: 660 });
  await a.endpoint.bridge(b.endpoint);
  await eventually('they hear each other', () => a.party.hears(660) && b.party.hears(440));
  return { a, b };
}

async function open(test: Test, more: Parameters<typeof rig.open>[0] = {}): Promise<FreeswitchMedia> {
  const media = await rig.open({ mediaTimeoutMs: 0, ...more });
  test.teardown(() => media.close());
  return media;
}

t.test('over TLS, with a certificate of its own', { skip: withoutFreeswitch }, async (test) => {
  const bench = await recordingBench(test, { taps: { tls: makeCertificate(), advertisedHost: '127.0.0.1' } });
  const strict = await pair(test, await open(test));
  const { recordingId, tapUrl } = await bench.open();
  test.match(tapUrl, /^wss:/);
  await test.rejects(strict.a.endpoint.startTap({ url: tapUrl, metadata: {} }), /not being recorded/, 'not trusted');
  const { a } = await pair(test, await open(test, { allowSelfSignedRecorder: true }));
  await a.endpoint.startTap({ url: tapUrl, metadata: { callId: 'c_1' } });
  await pause(2500);
  await a.endpoint.stopTap();
  await bench.recorder.stop(recordingId);
  const { ogg, state } = await bench.openWithUs(recordingId);
  const heard = listen(ogg);
  test.equal(state, 'complete');
  test.ok(usual(heard, 'left', 440, 300, 2300) > 4000, 'what is said');
  test.ok(usual(heard, 'right', 660, 300, 2300) > 4000, 'what is heard');
  test.ok(usual(heard, 'left', 660, 300, 2300) < 100);
});

t.test(
  'the recorder’s process dies in the middle: the tap comes back and time is kept',
  { skip: withoutFreeswitch },
  async (test) => {
    const bench = await recordingBench(test);
    const { a } = await pair(test, await open(test));
    const { recordingId, tapUrl } = await bench.open();
    await a.endpoint.startTap({ url: tapUrl, metadata: { callId: 'c_1' } });
    const startedAt = performance.now();
    await pause(3000);
    process.kill(childPids(process.pid, 'recorder-process')[0]!, 'SIGKILL');
    await pause(6000);
    await a.endpoint.stopTap();
    const lastedMs = performance.now() - startedAt;
    await bench.recorder.stop(recordingId);
    const { ogg } = await bench.openWithUs(recordingId);
    const heard = listen(ogg);
    test.ok(Math.abs(heard.durationMs - lastedMs) < 1000, `${heard.durationMs} ms of ${Math.round(lastedMs)}`);
    test.ok(usual(heard, 'left', 440, 200, 1200) > 4000, 'before');
    test.ok(usual(heard, 'right', 660, heard.durationMs - 2500, heard.durationMs - 500) > 4000, 'after');
  },
);

t.test(
  'who is muted is not recorded; a tap that replaces another is the only one',
  { skip: withoutFreeswitch },
  async (test) => {
    const { a } = await pair(test, await open(test));
    const [first, second] = [await openTestRecorder(test), await openTestRecorder(test)];
    await a.endpoint.startTap({ url: first.url, metadata: {} });
    await a.endpoint.startTap({ url: second.url, metadata: { name: 'with a space' } });
    await eventually('the first has ended', () => first.ended);
    test.same(
      second.texts.map((text) => JSON.parse(text)),
      [{ name: 'with a space' }],
    );
    await a.endpoint.setMuted(true);
    await pause(300);
    const from = second.channels().left.length;
    await eventually('a second of it', () => second.channels().left.length > from + 8000);
    const { left, right } = second.channels();
    test.ok(toneAmplitude(left.subarray(from), 440) < 50, 'nothing of who is muted');
    test.ok(toneAmplitude(right.subarray(from), 660) > 3000, 'and the other goes on');
    await a.endpoint.stopTap();
  },
);

const noBinary = withoutServer(freeswitchBin, 'ENGAWA_TEST_FREESWITCH_BIN');
t.test('nothing of the audio is on a disk of FreeSWITCH', { skip: noBinary }, async (test) => {
  const folder = test.testdir();
  const { eventSocket, child } = await startFreeswitch(test, { FS_RUN_FOLDER: join(folder, 'run') });
  const { a } = await pair(test, await open(test, { server: eventSocket }));
  const recorder = await openTestRecorder(test);
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const bytes = () => files().reduce((sum, path) => sum + statSync(path).size, 0);
  const before = { files: files(), bytes: bytes() };
  await a.endpoint.startTap({ url: recorder.url, metadata: {} });
  await eventually('five seconds of it', () => recorder.channels().left.length > 40_000, { withinMs: 20_000 });
  const fresh = files().filter((path) => !before.files.includes(path));
  test.same(fresh, [], 'no file has come');
  const audioBytes = recorder.frames.reduce((sum, frame) => sum + frame.length, 0);
  test.ok(bytes() - before.bytes < audioBytes / 10, 'and what was there has not grown by it');
  const held = openFiles(child.pid!).filter((path) => path.startsWith('/') && !/^\/(dev|proc|sys)\//.test(path));
  test.same(
    held.filter((path) => /\.(wav|raw|pcm|ul|r8|tmp)$|\(deleted\)/.test(path)),
    [],
    'nor is one held open',
  );
  const frame = recorder.frames[20]!.subarray(0, 320);
  for (const path of files()) test.equal(readFileSync(path).indexOf(frame), -1, path.slice(folder.length));
  await a.endpoint.stopTap();
});

function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // Closed meanwhile.
    }
  });
}
