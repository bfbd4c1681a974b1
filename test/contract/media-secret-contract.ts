// What every maker of MediaServer must do with secret digits (Endpoint.setDigitsAudible): while they are secret, nothing that
// the party says or keys reaches anybody, by telephone-event or in the audio. Asked of real sockets, by listening for DTMF
// frequencies far below what a detector would take for a key.

import type { Test } from 'tap';
import type { Endpoint } from '../../src/media/endpoint.ts';
import type { MediaServer } from '../../src/media/media-server.ts';
import { dtmfTone } from '../../src/protocol/rtp/inband-dtmf.ts';
import { newId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import { type MediaParty, openParty } from '../support/media/media-party.ts';
import { loudestDtmf } from '../support/media/tones.ts';
import { openTestRecorder } from '../support/recording/test-recorder.ts';

export interface SecretContract {
  create(): Promise<MediaServer>;
  /** A key that is held down when digits become audible again is kept back to its end; otherwise only what came before. */
  can: { keepHeldKeyBack: boolean };
}

/** 30 dB below a key as it is sent; coding noise and the ends of other tones stay below it. */
const audible = 160;
/** How far a tap may be from real time, twice. */
const slackMs = 800;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Keys as tones of 100 ms, with 60 ms between them. */
function keyed(digits: string, holdMs = 100): Int16Array {
  const parts = [...digits].map((digit) => [...dtmfTone(digit, holdMs)!, ...new Int16Array(480)]);
  return Int16Array.from(parts.flat());
}

interface Member {
  party: MediaParty;
  endpoint: Endpoint;
}

export function mediaSecretContract(t: Test, { create, can }: SecretContract): void {
  let shared: Promise<MediaServer> | undefined;
  t.teardown(async () => (await shared)?.close());

  async function parties(test: Test, events: boolean): Promise<{ media: MediaServer; all: Member[]; callId: string }> {
    shared ??= create();
    const media = await shared;
    const callId = newId('call');
    const all: Member[] = [];
    for (const [index, toneHz] of [330, 440, 550].entries())
      all.push(await openParty(test, media, callId, { toneHz, ...(index === 0 ? { events } : {}) }));
    return { media, all, callId };
  }

  function told(endpoint: Endpoint): () => string {
    let digits = '';
    endpoint.on('digit', ({ digit }) => {
      digits += digit;
    });
    return () => digits;
  }

  for (const events of [true, false]) {
    const how = events ? 'by telephone-event, and in the audio too' : 'in the audio';
    t.test(`secret digits ${how} reach neither the bridged party nor a tap of either`, async (test) => {
      const { all } = await parties(test, events);
      const [a, b] = [all[0]!, all[1]!];
      const digits = told(a.endpoint);
      await a.endpoint.bridge(b.endpoint);
      await eventually('they hear each other', () => b.party.hears(330) && a.party.hears(440));
      const recorders = [await openTestRecorder(test), await openTestRecorder(test)];
      await a.endpoint.startTap({ url: recorders[0]!.url, metadata: {} });
      await b.endpoint.startTap({ url: recorders[1]!.url, metadata: {} });
      const tappedAt = performance.now();
      // Their own tones would hide what is looked for.
      for (const { party } of [a, b]) party.sending = false;
      await a.endpoint.setDigitsAudible(false);
      await pause(slackMs);
      const heard = b.party.keep();
      const keyedAt = performance.now();
      if (events) await a.party.key({ digit: '4' }, { digit: '2' });
      await a.party.says(keyed('4271'));
      await eventually('they are told', () => digits().startsWith(events ? '42' : '4271'));
      await pause(slackMs);
      // Both are quiet a while longer on either side of this part.
      const secret = { from: keyedAt - tappedAt - slackMs / 2, until: performance.now() - tappedAt - slackMs / 2 };
      test.ok(loudestDtmf(heard()) < audible, `the other hears at most ${Math.round(loudestDtmf(heard()))}`);
      test.same(b.party.digits, [], 'and gets no event');
      b.party.sending = true;
      await eventually('meanwhile the party hears the other', () => a.party.hears(440));
      await a.endpoint.setDigitsAudible(true);
      a.party.sending = true;
      await eventually('the party is heard again', () => b.party.hears(330));
      if (events) {
        await a.party.key({ digit: '5' });
        await eventually('and its digits', () => b.party.digits.join('') === '5');
      }
      for (const { endpoint } of [a, b]) await endpoint.stopTap();
      await eventually('the taps have ended', () => recorders.every((recorder) => recorder.ended));
      for (const [name, recorder] of [['a', recorders[0]!] as const, ['b', recorders[1]!] as const]) {
        const { left, right } = recorder.channels();
        for (const [side, samples] of [['left', left] as const, ['right', right] as const]) {
          const loudest = loudestDtmf(samples.subarray(secret.from * 8, secret.until * 8));
          test.ok(loudest < audible, `tap of ${name}, ${side}: at most ${Math.round(loudest)}`);
        }
      }
    });
  }

  t.test('secret digits reach nobody in a conference', async (test) => {
    const { media, all, callId } = await parties(test, false);
    const [a, b, c] = all as [Member, Member, Member];
    const digits = told(a.endpoint);
    const room = await media.createConference(callId as never);
    for (const { endpoint } of all) await room.join(endpoint);
    await eventually('they hear it', () => b.party.hears(330) && c.party.hears(330));
    for (const { party } of all) party.sending = false;
    await a.endpoint.setDigitsAudible(false);
    await pause(600);
    const heard = [b.party.keep(), c.party.keep()];
    await a.party.says(keyed('4271'));
    await eventually('they are told', () => digits() === '4271');
    await pause(400);
    for (const each of heard) test.ok(loudestDtmf(each()) < audible, `at most ${Math.round(loudestDtmf(each()))}`);
    await a.endpoint.setDigitsAudible(true);
    a.party.sending = true;
    await eventually('heard again', () => b.party.hears(330) && c.party.hears(330));
    await room.close();
  });

  t.test(
    'a key that is down when secrecy ends is not heard',
    { skip: !can.keepHeldKeyBack && 'see docs' },
    async (test) => {
      const { all } = await parties(test, false);
      const [a, b] = [all[0]!, all[1]!];
      const digits = told(a.endpoint);
      await a.endpoint.bridge(b.endpoint);
      await eventually('they hear each other', () => b.party.hears(330));
      for (const { party } of [a, b]) party.sending = false;
      await a.endpoint.setDigitsAudible(false);
      await pause(400);
      const heard = b.party.keep();
      const saying = a.party.says(keyed('7', 800));
      await pause(300);
      await a.endpoint.setDigitsAudible(true);
      await saying;
      await eventually('told', () => digits() === '7');
      await pause(300);
      test.ok(loudestDtmf(heard()) < audible, `at most ${Math.round(loudestDtmf(heard()))}`);
      a.party.sending = true;
      await eventually('the party is heard again', () => b.party.hears(330));
    },
  );
}
