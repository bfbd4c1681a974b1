// What every maker of MediaServer must do with a real browser: our offers and the browser's, PCMU and Opus, passed through and
// transcoded, both directions by tone, digits, hold, ICE restart from either side, and the recorder's tap of an Opus party.
// `can` says what a maker does not do.

import type { Test } from 'tap';
import type { Endpoint } from '../../src/media/endpoint.ts';
import type { MediaServer } from '../../src/media/media-server.ts';
import { newId } from '../../src/shared/ids.ts';
import { type BrowserPhone, openPhoneBrowser } from '../support/centre/browser-phone.ts';
import { eventually } from '../support/eventually.ts';
import { MediaParty } from '../support/media/media-party.ts';
import { toneAmplitude } from '../support/media/tones.ts';
import { openTestRecorder } from '../support/recording/test-recorder.ts';

const browserHz = 440;
const near = (heard: number, wanted: number) => Math.abs(heard - wanted) < 15;

/** Of each tenth of a second, the one in the middle: Chromium's microphone file jumps in phase where it begins again. */
function usualLoudness(channel: Int16Array): number {
  const each = Array.from({ length: Math.floor(channel.length / 800) }, (_, i) =>
    toneAmplitude(channel.subarray(i * 800, i * 800 + 800), browserHz),
  );
  return each.sort((a, b) => a - b)[Math.floor(each.length / 2)] ?? 0;
}

export interface WebrtcCan {
  /** Every browser on one UDP port. */
  onePort: boolean;
  /** Offers a new ICE session of its own accord. */
  iceRestart: boolean;
  /** Tells how long a digit was pressed. */
  digitDuration: boolean;
}

export async function mediaWebrtcContract(
  t: Test,
  { open, can }: { open(): Promise<MediaServer>; can: WebrtcCan },
): Promise<void> {
  const media = await open();
  t.teardown(() => media.close());
  const browser = await openPhoneBrowser({ toneHz: browserHz });
  t.teardown(() => browser.close());

  /** A browser that we called and that answered. */
  async function calledBrowser(test: Test, callId: ReturnType<typeof newId<'call'>>, codecs?: string[]) {
    const phone = await browser.newPhone();
    test.teardown(() => phone.page.close());
    const made = await media.createEndpoint({ callId, profile: 'webrtc', codecs });
    if (made.kind !== 'created') throw new Error(made.because);
    test.teardown(() => made.endpoint.close());
    const connected = new Promise((resolve) => made.endpoint.once('connected', resolve));
    test.same(await made.endpoint.acceptAnswer(await phone.answer(made.endpoint.localSdp)), { kind: 'ok' });
    await connected;
    return { phone, endpoint: made.endpoint };
  }

  async function calledIn(test: Test, callId: ReturnType<typeof newId<'call'>>, codec: 'PCMU' | 'PCMA' = 'PCMU') {
    const party = await MediaParty.open({ toneHz: 660, codec });
    test.teardown(() => party.close());
    const made = await media.createEndpoint({ callId, sdpOffer: party.sdp() });
    if (made.kind !== 'created') throw new Error(made.because);
    test.teardown(() => made.endpoint.close());
    party.useRemote(made.endpoint.localSdp);
    return { party, endpoint: made.endpoint };
  }

  async function hearEachOther(phone: BrowserPhone, party: MediaParty): Promise<void> {
    await eventually('the telephone hears the browser', () => party.hears(browserHz), { withinMs: 10_000 });
    const browserHears = async () => near(await phone.heardHz(), party.toneHz);
    await eventually('the browser hears the telephone', browserHears, { withinMs: 10_000, everyMs: 100 });
  }

  const codec = (endpoint: Endpoint) => endpoint.stats().then((stats) => stats.codec);

  for (const [name, codecs, telephone] of [
    ['PCMU passed through', ['PCMU', 'opus'], 'PCMU'],
    ['PCMU changed into PCMA', ['PCMU', 'opus'], 'PCMA'],
    ['Opus transcoded to PCMU', ['opus', 'PCMU'], 'PCMU'],
  ] as const) {
    t.test(`we call a browser, and it talks with a telephone: ${name}`, async (test) => {
      const callId = newId('call');
      const { phone, endpoint } = await calledBrowser(test, callId, [...codecs]);
      const { party, endpoint: other } = await calledIn(test, callId, telephone);
      await endpoint.bridge(other);
      await hearEachOther(phone, party);
      test.equal((await phone.figures()).codec, codecs[0]);
      test.equal(await codec(endpoint), codecs[0]);
      test.equal(await codec(other), telephone);
      await endpoint.unbridge();
      await eventually('both hear nothing', async () => !party.hears(browserHz) && (await phone.heardHz()) === 0);
    });
  }

  t.test('two browsers with Opus hear each other, and a tap hears both', async (test) => {
    const callId = newId('call');
    const one = await calledBrowser(test, callId, ['opus']);
    const two = await calledBrowser(test, callId, ['opus']);
    const recorder = await openTestRecorder(test);
    await one.endpoint.bridge(two.endpoint);
    for (const { phone } of [one, two]) {
      await eventually('Opus goes through', async () => near(await phone.heardHz(), browserHz), { everyMs: 100 });
    }
    await one.endpoint.startTap({ url: recorder.url, metadata: {} });
    await eventually('a second of it', () => recorder.channels().left.length > 12_000);
    await one.endpoint.stopTap();
    const { left, right } = recorder.channels();
    test.ok(usualLoudness(left.subarray(4000, 12_000)) > 2000, 'what it says');
    test.ok(usualLoudness(right.subarray(4000, 12_000)) > 2000, 'what it hears');
    test.equal((await two.endpoint.stats()).codec, 'opus');
  });

  t.test('the browser is called and offered what our policy says, with the credentials of one port', async (test) => {
    const made = await media.createEndpoint({ callId: newId('call'), profile: 'webrtc' });
    if (made.kind !== 'created') throw new Error(made.because);
    test.teardown(() => made.endpoint.close());
    const another = await media.createEndpoint({ callId: newId('call'), profile: 'webrtc' });
    if (another.kind !== 'created') throw new Error(another.because);
    test.teardown(() => another.endpoint.close());
    const candidate = (sdp: string) => /a=candidate:.* (\d+) typ host/.exec(sdp)?.[1];
    const ports = new Set([made, another].map(({ endpoint }) => candidate(endpoint.localSdp)));
    test.equal(ports.size, can.onePort ? 1 : 2, can.onePort ? 'one UDP port for both' : 'a UDP port for each');
    test.match(made.endpoint.localSdp, /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF 0 111 8 /m);
    for (const line of ['a=setup:actpass', 'a=rtcp-mux', 'a=fingerprint:sha-256', 'a=ice-ufrag:', 'a=group:BUNDLE 0']) {
      test.ok(made.endpoint.localSdp.includes(line), line);
    }
  });

  t.test('a browser whose certificate is not the one in its SDP is not let in', async (test) => {
    const phone = await browser.newPhone();
    test.teardown(() => phone.page.close());
    const made = await media.createEndpoint({ callId: newId('call'), profile: 'webrtc' });
    if (made.kind !== 'created') throw new Error(made.because);
    test.teardown(() => made.endpoint.close());
    let connected = false;
    made.endpoint.on('connected', () => {
      connected = true;
    });
    const answer = await phone.answer(made.endpoint.localSdp);
    const forged = answer.replace(/a=fingerprint:sha-256 ..:../, 'a=fingerprint:sha-256 00:00');
    test.not(forged, answer);
    await made.endpoint.acceptAnswer(forged);
    const failed = async () => ['failed', 'disconnected', 'closed'].includes((await phone.figures()).state);
    await eventually('the browser sees it fail', failed, { withinMs: 20_000, everyMs: 100 });
    test.equal((await phone.figures()).packetsReceived, 0);
    test.notOk(connected);
    // A maker may also end the endpoint.
    const arrived = await made.endpoint.stats().then(
      ({ packetsReceived }) => packetsReceived,
      () => 0,
    );
    test.equal(arrived, 0);
  });

  t.test('a browser calls us, with Opus', async (test) => {
    const phone = await browser.newPhone();
    test.teardown(() => phone.page.close());
    const callId = newId('call');
    const made = await media.createEndpoint({ callId, sdpOffer: await phone.offer({ codec: 'opus' }) });
    if (made.kind !== 'created') throw new Error(made.because);
    test.teardown(() => made.endpoint.close());
    test.equal(made.endpoint.profile, 'webrtc');
    await phone.acceptAnswer(made.endpoint.localSdp);
    const { party, endpoint: other } = await calledIn(test, callId);
    await made.endpoint.bridge(other);
    await hearEachOther(phone, party);
    test.equal((await phone.figures()).codec, 'opus');
  });

  for (const codecs of [['PCMU'], ['opus']]) {
    t.test(`digits of the browser are told once and reach the telephone (${codecs[0]})`, async (test) => {
      const callId = newId('call');
      const { phone, endpoint } = await calledBrowser(test, callId, codecs);
      const { party, endpoint: other } = await calledIn(test, callId);
      await endpoint.bridge(other);
      await hearEachOther(phone, party);
      const told: string[] = [];
      endpoint.on('digit', ({ digit, durationMs }) => {
        told.push(digit);
        if (can.digitDuration) test.ok(durationMs >= 80 && durationMs <= 200, `${durationMs} ms`);
      });
      await phone.sendDigits('159#', 120);
      await eventually('told', () => told.length >= 4);
      await eventually('relayed', () => party.digits.length >= 4);
      test.equal(told.join(''), '159#');
      test.equal(party.digits.join(''), '159#');
      await hearEachOther(phone, party);
    });
  }

  t.test('hold by us, and a new ICE session begun by either side, keep the call', async (test) => {
    const callId = newId('call');
    const { phone, endpoint } = await calledBrowser(test, callId);
    const { party, endpoint: other } = await calledIn(test, callId);
    await endpoint.bridge(other);
    await hearEachOther(phone, party);
    const held = await phone.answer(await endpoint.createOffer({ direction: 'inactive' }));
    test.same(await endpoint.acceptAnswer(held), { kind: 'ok' });
    await eventually('silence on hold', async () => !party.hears(browserHz));
    test.same(await endpoint.acceptAnswer(await phone.answer(await endpoint.createOffer())), { kind: 'ok' });
    await hearEachOther(phone, party);
    const answered = await endpoint.answerOffer(await phone.offer({ iceRestart: true }));
    if (answered.kind !== 'ok') throw new Error(answered.because);
    await phone.acceptAnswer(answered.sdpAnswer);
    party.listenAnew();
    await hearEachOther(phone, party);
    if (!can.iceRestart) return;
    await endpoint.createOffer({ iceRestart: true });
    party.listenAnew();
    await hearEachOther(phone, party);
    test.pass('a new session that we offered and nobody answered leaves the call as it was');
    const offer = await endpoint.createOffer({ iceRestart: true });
    test.same(await endpoint.acceptAnswer(await phone.answer(offer)), { kind: 'ok' });
    party.listenAnew();
    await hearEachOther(phone, party);
  });

  t.test('a browser and two telephones in a conference; the supervisor whispers', async (test) => {
    const callId = newId('call');
    const { phone, endpoint } = await calledBrowser(test, callId, ['opus']);
    const customer = await calledIn(test, callId);
    const supervisor = await MediaParty.open({ toneHz: 880 });
    test.teardown(() => supervisor.close());
    const made = await media.createEndpoint({ callId, sdpOffer: supervisor.sdp() });
    if (made.kind !== 'created') throw new Error(made.because);
    test.teardown(() => made.endpoint.close());
    supervisor.useRemote(made.endpoint.localSdp);
    const room = await media.createConference(callId);
    await room.join(endpoint);
    await room.join(customer.endpoint);
    await room.join(made.endpoint, { heardBy: [endpoint] });
    const { party } = customer;
    await eventually('the customer hears the agent', () => party.hears(browserHz));
    await eventually('the supervisor hears both', () => supervisor.hears(browserHz) && supervisor.hears(660));
    test.notOk(party.hears(880), 'the customer does not hear the supervisor');
    party.sending = false;
    await eventually('the agent hears the supervisor', async () => near(await phone.heardHz(), 880), { everyMs: 100 });
    await room.close();
  });
}
