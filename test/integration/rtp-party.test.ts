// The test party judges all audio in this project, so it is judged first: two parties without anything in between.

import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { createRtpParty, type RtpPartyOptions } from '../support/media/rtp-party.ts';
import { heardTones, tone } from '../support/media/tones.ts';

async function pair(t: Test, first: RtpPartyOptions, second: RtpPartyOptions) {
  const alice = await createRtpParty(first);
  const bob = await createRtpParty(second);
  t.teardown(() => alice.close());
  t.teardown(() => bob.close());
  alice.acceptAnswer(bob.answer(alice.offer()));
  alice.start();
  bob.start();
  return { alice, bob };
}

t.test('tones in a mix are told, and nothing else', async (t) => {
  const mix = (...hz: number[]) => {
    const parts = hz.map((each) => tone(each, 200, { amplitude: 6000 }));
    return Int16Array.from({ length: 1600 }, (_, i) => parts.reduce((sum, part) => sum + part[i]!, 0));
  };
  t.same(heardTones(mix()), []);
  t.same(heardTones(mix(440)), [440]);
  t.same(heardTones(mix(330, 660)), [330, 660]);
  t.same(heardTones(mix(330, 440, 550, 660)), [330, 440, 550, 660]);
  t.same(heardTones(tone(440, 200, { amplitude: 100 })), []);
  t.same(heardTones(Int16Array.from({ length: 1600 }, (_, i) => ((i * 7919) % 2001) - 1000)), []);
});

for (const options of [{}, { codecs: ['PCMA'] as const }, { srtp: true }, { srtp: true, rtcpMux: true }]) {
  t.test(`two parties hear each other and key digits: ${JSON.stringify(options)}`, async (t) => {
    const { alice, bob } = await pair(t, { toneHz: 330, ...options }, { toneHz: 440, ...options });
    await eventually('each hears the other', () => alice.hears().join() === '440' && bob.hears().join() === '330');
    await alice.sendDigits('159*#', { durationMs: 60, pauseMs: 40 });
    await eventually('digits arrive', () => bob.report().digits === '159*#');
    await eventually(
      'reports come back',
      () => alice.report().roundTripMs !== null && bob.report().roundTripMs !== null,
    );
    t.match(alice.report(), { refused: 0, packetsLost: 0, digits: '' });
    t.equal(alice.report().ssrcs.length, 1);
  });
}

t.test('hold is silence, resume is sound, and a dead party is a gap', async (t) => {
  const { alice, bob } = await pair(t, { toneHz: 330 }, { toneHz: 440 });
  await eventually('both hear', () => alice.hears().join() === '440' && bob.hears().join() === '330');
  alice.acceptAnswer(bob.answer(alice.offer('sendonly')));
  await eventually('Bob is silent, and still hears', () => alice.hears().length === 0 && bob.hears().join() === '330');
  alice.acceptAnswer(bob.answer(alice.offer('sendrecv')));
  await eventually('both hear again', () => alice.hears().join() === '440' && bob.hears().join() === '330');
  t.ok(
    alice.report().gapsMs.some((each) => each > 100),
    `${alice.report().gapsMs}`,
  );
  bob.pause();
  await eventually('a dead party is not heard', () => alice.hears().length === 0);
});
