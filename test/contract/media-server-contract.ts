// What every maker of MediaServer must do, asked of real sockets by parties with tones of
// their own. `can` says what a maker does not do; docs/embedded-differences.md lists the same for the embedded one.

import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Endpoint } from '../../src/media/endpoint.ts';
import type { EndpointRequest, MediaServer } from '../../src/media/media-server.ts';
import { newId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import {
  eventPayloadType,
  MediaParty,
  type MediaPartyOptions,
  openParty,
  whoHearsWhom,
} from '../support/media/media-party.ts';
import { toneAmplitude, toneWav } from '../support/media/tones.ts';
import { openTestRecorder } from '../support/recording/test-recorder.ts';

export interface MediaCan {
  /** SRTP with SDES keys. */
  srtp: boolean;
  /** Hears digits in the audio of a party without telephone-event. */
  inbandDigits: boolean;
  /** Members heard by some only. */
  heardBy: boolean;
  /** PCMU to PCMA and back. */
  transcoding: boolean;
  /** Packets that the count of lost ones may be wrong by. With this it begins at a report, not at the first packet. */
  loss?: { within: number };
  /** How far what a tap hands out may be from the time that it ran; 150 ms unless told. */
  tapWithinMs?: number;
}

export interface MediaContract {
  create(): Promise<MediaServer>;
  can: MediaCan;
  /** What the maker was told to wait before it calls silence a time-out. */
  mediaTimeoutMs: number;
}

const tones = [330, 440, 550, 660, 770, 880];

interface Rig {
  media: MediaServer;
  callId: EndpointRequest['callId'];
  /** A party that has called in and been answered. */
  party(options?: Partial<MediaPartyOptions>): Promise<{ party: MediaParty; endpoint: Endpoint }>;
}

export function mediaServerContract(t: Test, contract: MediaContract): void {
  const { can } = contract;

  let shared: Promise<MediaServer> | undefined;
  t.teardown(async () => (await shared)?.close());

  /** A call on the server of this file, or on one of the test's own, and parties that go when the test ends. */
  async function rig(test: Test, { own = false } = {}): Promise<Rig> {
    shared ??= own ? shared : contract.create();
    const media = own ? await contract.create() : await shared!;
    if (own) test.teardown(() => media.close());
    const callId = newId('call');
    let next = 0;
    return {
      media,
      callId,
      party: (options = {}) => openParty(test, media, callId, { toneHz: tones[next++ % tones.length]!, ...options }),
    };
  }

  const settles = (test: Test, parties: Readonly<Record<string, MediaParty>>, expected: string) =>
    eventually(expected, () => whoHearsWhom(parties) === expected)
      .then(() => test.pass(expected))
      .catch(() => test.equal(whoHearsWhom(parties), expected));

  t.test('an offer is answered with one audio codec and telephone-event', async (test) => {
    const { media, callId } = await rig(test);
    const party = await MediaParty.open({ toneHz: 440, offers: ['8 PCMA/8000', '0 PCMU/8000'], codec: 'PCMA' });
    test.teardown(() => party.close());
    const made = await media.createEndpoint({ callId, sdpOffer: party.sdp() });
    if (made.kind !== 'created') throw new Error(made.because);
    const line = /^m=audio (\d+) RTP\/AVP (.*)$/m.exec(made.endpoint.localSdp);
    test.same(line?.[2]?.trim().split(' '), ['8', String(eventPayloadType)], 'in the order that was offered');
    test.equal(Number(line?.[1]) % 2, 0, 'RTP has an even port');
    test.equal(made.endpoint.profile, 'rtp');
  });

  t.test('an offer that cannot be met is incompatible, and says why', async (test) => {
    const { media, callId } = await rig(test, { own: true });
    const party = await MediaParty.open({ toneHz: 440, offers: ['18 G729/8000'] });
    test.teardown(() => party.close());
    for (const sdpOffer of [party.sdp(), 'nonsense', party.sdp().replace('m=audio', 'm=video')]) {
      const made = await media.createEndpoint({ callId, sdpOffer });
      test.equal(made.kind, 'incompatible');
      if (made.kind === 'incompatible') test.ok(made.because.length > 5, made.because);
    }
    test.equal((await media.health()).endpoints, 0);
  });

  t.test('an endpoint of ours offers, and takes the answer', async (test) => {
    const { media, callId } = await rig(test);
    const party = await MediaParty.open({ toneHz: 440 });
    test.teardown(() => party.close());
    const made = await media.createEndpoint({ callId, profile: 'rtp', codecs: ['PCMU', 'PCMA'] });
    if (made.kind !== 'created') throw new Error(made.because);
    test.match(made.endpoint.localSdp, /^m=audio \d+ RTP\/AVP 0 8 \d+/m);
    party.useRemote(made.endpoint.localSdp);
    test.same(await made.endpoint.acceptAnswer(party.sdp()), { kind: 'ok' });
    made.endpoint.play({ kind: 'tone', frequencyHz: 660 });
    await eventually('the tone is heard', () => party.hears(660));
    test.match(await made.endpoint.acceptAnswer(party.sdp({ port: 0 })), { kind: 'incompatible' });
  });

  t.test('a party hears its echo, and silence before', async (test) => {
    const { party, endpoint } = await (await rig(test)).party();
    await eventually('silence arrives', () => party.packetsReceived > 5);
    test.notOk(party.hears(party.toneHz));
    const playback = endpoint.play({ kind: 'echo' });
    await eventually('the echo', () => party.hears(party.toneHz));
    playback.stop();
    await eventually('silence again', () => !party.hears(party.toneHz));
    test.equal(await playback.finished, 'stopped');
  });

  t.test('a bridge is heard both ways, ends, and begins anew with another', async (test) => {
    const { party } = await rig(test);
    const [a, b, c] = [await party(), await party(), await party()];
    const all = { A: a.party, B: b.party, C: c.party };
    await a.endpoint.bridge(b.endpoint);
    await settles(test, all, 'A hears B; B hears A; C hears nobody');
    await a.endpoint.bridge(c.endpoint);
    await settles(test, all, 'A hears C; B hears nobody; C hears A');
    await a.endpoint.unbridge();
    await settles(test, all, 'A hears nobody; B hears nobody; C hears nobody');
    await b.endpoint.bridge(a.endpoint);
    await settles(test, all, 'A hears B; B hears A; C hears nobody');
    test.equal(a.party.ssrcs.size, 1, 'the far end sees one stream whoever speaks');
    test.equal(a.party.sequenceJumps, 0, 'whose numbers go on by one');
  });

  t.test('what is played is not heard over a bridge, unless asked for', async (test) => {
    const { party } = await rig(test);
    const [a, b] = [await party(), await party()];
    await a.endpoint.bridge(b.endpoint);
    a.endpoint.play({ kind: 'tone', frequencyHz: 1000 });
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears A');
    test.notOk(a.party.hears(1000));
    a.endpoint.play({ kind: 'tone', frequencyHz: 1000 }, { over: true });
    await eventually('both at once', () => a.party.hears(1000) && a.party.hears(b.party.toneHz));
    test.notOk(b.party.hears(1000), 'the other side does not hear it');
    await a.endpoint.unbridge();
    await eventually('the sound alone', () => a.party.hears(1000) && !a.party.hears(b.party.toneHz));
  });

  t.test('a party on hold gets silence, and sound when it resumes', async (test) => {
    const { party } = await rig(test);
    const [a, b] = [await party(), await party()];
    const all = { A: a.party, B: b.party };
    await a.endpoint.bridge(b.endpoint);
    await settles(test, all, 'A hears B; B hears A');
    const held = await a.endpoint.answerOffer(a.party.sdp({ direction: 'sendonly' }));
    test.match(held, { kind: 'ok' });
    test.match(a.endpoint.localSdp, /a=recvonly/);
    await settles(test, all, 'A hears nobody; B hears A');
    const resumed = await a.endpoint.answerOffer(a.party.sdp());
    test.match(resumed, { kind: 'ok' });
    await settles(test, all, 'A hears B; B hears A');
    const offer = await b.endpoint.createOffer({ direction: 'sendonly' });
    test.match(offer, /a=sendonly/);
    test.match(await b.endpoint.acceptAnswer(b.party.sdp({ direction: 'recvonly' })), { kind: 'ok' });
    await settles(test, all, 'A hears nobody; B hears A');
  });

  t.test('a play ends exactly once: finished, stopped, replaced or failed', async (test) => {
    const { party, endpoint } = await (await rig(test)).party();
    const whole = endpoint.play({ kind: 'tone', frequencyHz: 1000, durationMs: 300 });
    await eventually('it is heard', () => party.hears(1000) || party.loudness(1000) > 500);
    test.equal(await whole.finished, 'finished');
    whole.stop();
    const cut = endpoint.play({ kind: 'tone', frequencyHz: 1000 });
    await eventually('it is heard', () => party.hears(1000));
    cut.stop();
    cut.stop();
    test.equal(await cut.finished, 'stopped');
    await eventually('it has ended', () => !party.hears(1000));
    const first = endpoint.play({ kind: 'ringback' }, { loop: true });
    const second = endpoint.play({ kind: 'tone', frequencyHz: 1200, durationMs: 100 });
    test.equal(await first.finished, 'stopped', 'a new play replaces the one that runs');
    test.equal(await second.finished, 'finished');
    test.equal(await endpoint.play({ kind: 'file', path: '/nowhere/at/all.wav' }).finished, 'failed');
    const last = endpoint.play({ kind: 'music' });
    await endpoint.close();
    test.equal(await last.finished, 'stopped', 'closing ends what plays');
  });

  t.test('digits are told once each, with packets lost and end packets repeated', async (test) => {
    const { party, endpoint } = await (await rig(test)).party();
    const told: string[] = [];
    endpoint.on('digit', ({ digit, by }) => told.push(`${digit} ${by}`));
    await party.key(
      { digit: '1' },
      { digit: '1', lose: [0, 1] },
      { digit: '*', lose: [5, 6] },
      { digit: '7', ends: 6 },
      { digit: '#', lose: [5, 6, 7] },
    );
    await eventually('five digits', () => told.length >= 5);
    test.same(told, ['1 rfc4733', '1 rfc4733', '* rfc4733', '7 rfc4733', '# rfc4733']);
  });

  t.test('digits are told while a sound goes on without end, and after it; a key alone ends no sound', async (test) => {
    const { party, endpoint } = await (await rig(test)).party();
    const told: string[] = [];
    endpoint.on('digit', ({ digit }) => told.push(digit));
    const path = join(test.testdir({}), 'short.wav');
    writeFileSync(path, toneWav(1000, 700));
    const sound = endpoint.play({ kind: 'file', path }, { loop: true });
    await eventually('it is heard', () => party.hears(1000));
    await party.key({ digit: '1' }, { digit: '*' });
    await eventually('two digits', () => told.length >= 2);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await eventually('it goes on', () => party.hears(1000));
    sound.stop();
    await eventually('it has ended', () => !party.hears(1000));
    await party.key({ digit: '2' }, { digit: '3' });
    await eventually('two more digits', () => told.length >= 4);
    test.equal(told.join(''), '1*23');
    test.notOk(party.hears(1000), 'and it does not begin again');
  });

  t.test('digits reach the bridged party, unless they are not to be heard', async (test) => {
    const { party } = await rig(test);
    const [a, b] = [await party(), await party()];
    await a.endpoint.bridge(b.endpoint);
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears A');
    const told: string[] = [];
    a.endpoint.on('digit', ({ digit }) => told.push(digit));
    await a.party.key({ digit: '4' }, { digit: '2' });
    await eventually('relayed', () => b.party.digits.join('') === '42');
    await a.endpoint.setDigitsAudible(false);
    await a.party.key({ digit: '9' }, { digit: '9' });
    await eventually('told', () => told.join('') === '4299');
    await a.endpoint.setDigitsAudible(true);
    await a.party.key({ digit: '5' });
    await eventually('relayed again', () => b.party.digits.length >= 3);
    test.equal(b.party.digits.join(''), '425');
  });

  t.test('digits are sent to a party', async (test) => {
    const { party, endpoint } = await (await rig(test)).party();
    await endpoint.sendDigits('15#');
    await eventually('three digits', () => party.digits.length >= 3);
    test.same(party.digits, ['1', '5', '#']);
    const deaf = await (await rig(test)).party({ events: false });
    await deaf.endpoint.sendDigits('5', { durationMs: 300 });
    const loud = () => deaf.party.loudness(770) > 1000 && deaf.party.loudness(1336) > 1000;
    await eventually('a party without telephone-event gets tones', loud);
  });

  t.test('digits in the audio are told', { skip: !can.inbandDigits && 'not done by this maker' }, async (test) => {
    const { party, endpoint } = await (await rig(test)).party({ events: false });
    const told: string[] = [];
    endpoint.on('digit', ({ digit, by }) => told.push(`${digit} ${by}`));
    party.sending = false;
    for (let at = 0; at < 30; at++) {
      const samples = Int16Array.from({ length: 160 }, (_, i) => {
        const angle = (2 * Math.PI * (at * 160 + i)) / 8000;
        return at < 8 ? Math.round(6000 * (Math.sin(852 * angle) + Math.sin(1209 * angle))) : 0;
      });
      party.sendSamples(samples);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await eventually('the digit', () => told.length > 0);
    test.same(told, ['7 inband']);
  });

  t.test('a muted party is heard by nobody, and hears', async (test) => {
    const { party } = await rig(test);
    const [a, b] = [await party(), await party()];
    await a.endpoint.bridge(b.endpoint);
    await a.endpoint.setMuted(true);
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears nobody');
    await eventually('silence, not nothing', () => performance.now() - b.party.lastPacketAt < 100);
    await a.endpoint.setMuted(false);
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears A');
  });

  t.test('three in a conference hear each other; whisper, listen and barge follow who may be heard', async (test) => {
    const { media, callId, party } = await rig(test);
    const [a, b, c] = [await party(), await party({ codec: can.transcoding ? 'PCMA' : 'PCMU' }), await party()];
    const all = { A: a.party, B: b.party, C: c.party };
    const conference = await media.createConference(callId);
    await conference.join(a.endpoint);
    await conference.join(b.endpoint);
    await conference.join(c.endpoint);
    await settles(test, all, 'A hears B, C; B hears A, C; C hears A, B');
    await conference.join(c.endpoint, { muted: true });
    await settles(test, all, 'A hears B; B hears A; C hears A, B');
    if (can.heardBy) {
      await conference.join(c.endpoint, { heardBy: [b.endpoint] });
      await settles(test, all, 'A hears B; B hears A, C; C hears A, B');
    }
    await conference.leave(c.endpoint);
    await settles(test, all, 'A hears B; B hears A; C hears nobody');
    await a.endpoint.bridge(b.endpoint);
    await settles(test, all, 'A hears B; B hears A; C hears nobody');
    await conference.joinAll([
      { endpoint: c.endpoint, muted: true },
      { endpoint: a.endpoint },
      { endpoint: b.endpoint },
    ]);
    await settles(test, all, 'A hears B; B hears A; C hears A, B');
    await conference.leave(a.endpoint);
    await settles(test, all, 'A hears nobody; B hears nobody; C hears B');
    await conference.close();
    await settles(test, all, 'A hears nobody; B hears nobody; C hears nobody');
  });

  t.test('supervisors of two who are bridged come, speak and go, each in a way of its own', async (test) => {
    const { media, callId, party } = await rig(test);
    const [a, b, c, d] = [await party(), await party(), await party(), await party()];
    const all = { A: a.party, B: b.party, C: c.party, D: d.party };
    await a.endpoint.bridge(b.endpoint);
    const room = await media.createConference(callId);
    await room.joinAll([{ endpoint: c.endpoint, muted: true }, { endpoint: a.endpoint }, { endpoint: b.endpoint }]);
    await settles(test, all, 'A hears B; B hears A; C hears A, B; D hears nobody');
    await a.endpoint.setMuted(true);
    await settles(test, all, 'A hears B; B hears nobody; C hears B; D hears nobody');
    await a.endpoint.setMuted(false);
    await b.endpoint.setMuted(true);
    await settles(test, all, 'A hears nobody; B hears A; C hears A; D hears nobody');
    await b.endpoint.setMuted(false);
    if (can.heardBy) {
      await room.join(d.endpoint, { heardBy: [b.endpoint] });
      await settles(test, all, 'A hears B; B hears A, D; C hears A, B; D hears A, B');
    }
    await room.join(d.endpoint);
    await settles(test, all, 'A hears B, D; B hears A, D; C hears A, B, D; D hears A, B');
    if (can.heardBy) {
      await room.join(c.endpoint, { heardBy: [b.endpoint] });
      await settles(test, all, 'A hears B, D; B hears A, C, D; C hears A, B, D; D hears A, B');
    }
    await b.endpoint.setMuted(true);
    await settles(
      test,
      all,
      can.heardBy
        ? 'A hears D; B hears A, C, D; C hears A, D; D hears A'
        : 'A hears D; B hears A, D; C hears A, D; D hears A',
    );
    await b.endpoint.setMuted(false);
    await room.join(c.endpoint);
    await settles(test, all, 'A hears B, C, D; B hears A, C, D; C hears A, B, D; D hears A, B, C');
    await room.leave(d.endpoint);
    await room.leave(c.endpoint);
    await a.endpoint.bridge(b.endpoint);
    await room.close();
    await settles(test, all, 'A hears B; B hears A; C hears nobody; D hears nobody');
  });

  t.test('two who are bridged hear no gap when a supervisor comes, speaks and goes', async (test) => {
    const { media, callId, party } = await rig(test);
    const [a, b, c] = [await party(), await party(), await party()];
    await a.endpoint.bridge(b.endpoint);
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears A');
    // A machine that is held up makes gaps of its own; what supervision made would be there each time.
    const shortest: Record<string, number> = {};
    const step = async (what: string, act: () => Promise<unknown>) => {
      for (const each of [a, b]) each.party.timeAnew();
      await act();
      await pause(300);
      const gaps = [a, b].flatMap(({ party: { longestGapMs, longestSilenceMs } }) => [longestGapMs, longestSilenceMs]);
      shortest[what] = Math.min(shortest[what] ?? Number.POSITIVE_INFINITY, Math.max(...gaps));
    };
    const unheard = () => Object.values(shortest).every((gap) => gap <= 60);
    for (let times = 0; times < 20 && (times < 2 || !unheard()); times++) {
      const room = await media.createConference(callId);
      await step('listen', () =>
        room.joinAll([{ endpoint: c.endpoint, muted: true }, { endpoint: a.endpoint }, { endpoint: b.endpoint }]),
      );
      if (can.heardBy) await step('whisper', () => room.join(c.endpoint, { heardBy: [b.endpoint] }));
      await step('barge in', () => room.join(c.endpoint));
      await step('go', async () => {
        await room.leave(c.endpoint);
        await a.endpoint.bridge(b.endpoint);
        await room.close();
      });
    }
    test.ok(unheard(), `the longest gaps in ms at the best of times: ${JSON.stringify(shortest)}`);
    test.comment(JSON.stringify(shortest));
  });

  t.test('laws are changed into each other', { skip: !can.transcoding && 'not done by this maker' }, async (test) => {
    const { party } = await rig(test);
    const [a, b] = [await party({ codec: 'PCMU' }), await party({ codec: 'PCMA' })];
    await a.endpoint.bridge(b.endpoint);
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears A');
    await eventually('the loudness it was said at', () => Math.abs(b.party.loudness(a.party.toneHz) - 8000) < 800);
  });

  t.test('SRTP towards one side, plain RTP towards the other', { skip: !can.srtp && 'not done' }, async (test) => {
    const { party } = await rig(test);
    const [a, b] = [await party({ srtp: true }), await party()];
    test.equal(a.endpoint.profile, 'srtp');
    test.match(a.endpoint.localSdp, /^m=audio \d+ RTP\/SAVP /m);
    await a.endpoint.bridge(b.endpoint);
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears A');
    const stats = await a.endpoint.stats();
    await MediaParty.inject(a.party.target, 20, 1500);
    test.notOk(b.party.hears(1500), 'what is not sealed is not passed on');
    test.ok(stats.packetsReceived > 0);
  });

  t.test('packets from elsewhere do not get into a call', async (test) => {
    const { party } = await rig(test);
    const [a, b] = [await party(), await party()];
    await a.endpoint.bridge(b.endpoint);
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears A');
    const before = b.party.packetsReceived;
    await MediaParty.inject(a.party.target, 100, 1500);
    test.notOk(b.party.hears(1500));
    test.ok(b.party.packetsReceived - before < 60, 'none of them was passed on');
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears A');
  });

  t.test('a tap has both directions in time, through silence and a new bridge', async (test) => {
    const { party } = await rig(test);
    const recorder = await openTestRecorder(test);
    const [a, b, c] = [await party({ toneHz: 330 }), await party({ toneHz: 550 }), await party({ toneHz: 770 })];
    await a.endpoint.bridge(b.endpoint);
    await settles(test, { A: a.party, B: b.party }, 'A hears B; B hears A');
    const askedAt = performance.now();
    await a.endpoint.startTap({ url: recorder.url, metadata: { recording: 'r1' } });
    const startedAt = performance.now();
    /** The middle 400 ms of a second and more; where they begin. */
    const middleOfASecond = async () => {
      const from = performance.now() - startedAt;
      await pause(1000);
      return Math.round((from + performance.now() - startedAt) / 2) - 200;
    };
    const first = await middleOfASecond();
    await a.endpoint.unbridge();
    const alone = await middleOfASecond();
    await a.endpoint.bridge(c.endpoint);
    const second = await middleOfASecond();
    const atLeastMs = performance.now() - startedAt;
    await a.endpoint.stopTap();
    const atMostMs = performance.now() - askedAt;
    await eventually('the recorder has it all', () => recorder.ended);
    test.same(recorder.texts, [JSON.stringify({ recording: 'r1' })]);
    test.equal(recorder.protocol, 'audio.drachtio.org');
    test.ok(
      recorder.frames.every((frame) => frame.length % 640 === 0),
      'frames are whole 20 ms',
    );
    const { left, right } = recorder.channels();
    const [tappedMs, slackMs] = [left.length / 8, can.tapWithinMs ?? 150];
    test.ok(
      tappedMs > atLeastMs - slackMs && tappedMs < atMostMs + slackMs,
      `${tappedMs} ms, of ${Math.round(atLeastMs)} to ${Math.round(atMostMs)} ms`,
    );
    const at = (channel: Int16Array, fromMs: number, hz: number) =>
      toneAmplitude(channel.subarray(fromMs * 8, (fromMs + 400) * 8), hz) > 3000;
    for (const ms of [first, alone, second]) test.ok(at(left, ms, 330), `what A says is on the left at ${ms} ms`);
    test.ok(at(right, first, 550), 'what it hears first is on the right');
    test.notOk(at(right, alone, 550) || at(right, alone, 770), 'then silence');
    test.ok(at(right, second, 770), 'then the other');
    test.notOk(at(left, first, 550) || at(right, first, 330), 'one party a channel');
  });

  t.test('a tap that nobody accepts is refused in time', async (test) => {
    const { endpoint } = await (await rig(test)).party();
    await test.rejects(endpoint.startTap({ url: 'ws://127.0.0.1:9/', metadata: {} }));
    const deaf = await openTestRecorder(test, { accept: false });
    const startedAt = performance.now();
    await test.rejects(endpoint.startTap({ url: deaf.url, metadata: {} }));
    test.ok(performance.now() - startedAt < 6000);
  });

  t.test('silence of the far end is told once, until packets return', async (test) => {
    const { party, endpoint } = await (await rig(test)).party();
    const told: number[] = [];
    let first = 0;
    endpoint.on('mediaTimeout', ({ silentMs }) => told.push(silentMs));
    endpoint.on('firstPacket', () => first++);
    await eventually('the first packet is told', () => first > 0);
    party.sending = false;
    await eventually('the time-out', () => told.length > 0, { withinMs: contract.mediaTimeoutMs + 4000 });
    test.ok(told[0]! >= contract.mediaTimeoutMs * 0.9, `${told[0]} ms`);
    await pause(1500);
    test.equal(told.length, 1, 'once');
    party.sending = true;
    await eventually('packets again', async () => (await endpoint.stats()).packetsReceived > 0 && party.sending);
    await pause(200);
    party.sending = false;
    await eventually('told again', () => told.length > 1, { withinMs: contract.mediaTimeoutMs + 4000 });
    test.equal(first, 1);
  });

  t.test('statistics count what was sent, received and lost', async (test) => {
    const { party, endpoint } = await (await rig(test)).party();
    await eventually('packets both ways', async () => (await endpoint.stats()).packetsReceived > 30);
    const stats = await endpoint.stats();
    test.equal(stats.codec, 'PCMU');
    test.equal(stats.packetsLost, 0);
    test.ok(stats.packetsSent > 10);
    test.ok(stats.mosEstimate !== null && stats.mosEstimate > 4, String(stats.mosEstimate));
    if (can.loss) {
      const begun = async () => (await endpoint.stats()).lossCounted !== null;
      await eventually('loss is counted', begun, { withinMs: 60_000, everyMs: 200 });
    }
    await party.key({ digit: '1', lose: [1, 2, 3] });
    const wrongBy = async () => Math.abs((await endpoint.stats()).packetsLost - 3);
    await eventually('the loss is seen', async () => (await wrongBy()) <= (can.loss?.within ?? 0), {
      withinMs: 60_000,
    });
  });

  t.test('closing tells, frees the port, and does no harm twice', async (test) => {
    const { media, callId } = await rig(test, { own: true });
    const party = await MediaParty.open({ toneHz: 440 });
    test.teardown(() => party.close());
    const ended: string[] = [];
    const port = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
    for (let i = 0; i < 3; i++) {
      const made = await media.createEndpoint({ callId, sdpOffer: party.sdp() });
      if (made.kind !== 'created') throw new Error(made.because);
      made.endpoint.on('ended', ({ because }) => ended.push(because));
      await Promise.all([made.endpoint.close(), made.endpoint.close()]);
      await made.endpoint.close();
      await test.rejects(made.endpoint.setMuted(true), 'a closed endpoint refuses');
      const freed = () => canBind(port(made.endpoint.localSdp)).then(() => true);
      await eventually('the port is free', freed);
    }
    test.same(ended, ['closed', 'closed', 'closed']);
    test.equal((await media.health()).endpoints, 0);
    await media.close();
    await media.close();
    await test.rejects(media.createEndpoint({ callId, sdpOffer: party.sdp() }));
  });

  t.test('fifty endpoints at once, each bridged to its own', async (test) => {
    const { media } = await rig(test, { own: true });
    const pairs = await Promise.all(
      Array.from({ length: 25 }, async (_, index) => {
        const callId = newId('call');
        const open = async (toneHz: number) => {
          const party = await MediaParty.open({ toneHz });
          test.teardown(() => party.close());
          const made = await media.createEndpoint({ callId, sdpOffer: party.sdp() });
          if (made.kind !== 'created') throw new Error(made.because);
          party.useRemote(made.endpoint.localSdp);
          return { party, endpoint: made.endpoint };
        };
        const [one, two] = await Promise.all([open(300 + 100 * (index % 13)), open(350 + 100 * (index % 11))]);
        await one.endpoint.bridge(two.endpoint);
        return { one: one.party, two: two.party };
      }),
    );
    test.equal((await media.health()).endpoints, 50);
    const hearing = ({ one, two }: (typeof pairs)[0]) => one.hears(two.toneHz) && two.hears(one.toneHz);
    await eventually('every pair hears each other', () => pairs.every(hearing), { withinMs: 10_000 });
    await media.close();
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function canBind(port: number): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve()));
  });
}
