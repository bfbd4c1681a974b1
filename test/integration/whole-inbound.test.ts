// A customer calls in, with everything real but the browser (robot desks with DTLS-SRTP): who hears whom at each step, what
// the desk shows, what the record and the sealed recording say afterwards.

import t from 'tap';
import { aWhile, hear, hearsMusic, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { startSippCustomer } from '../support/sip/sipp-customer.ts';

const customerHz = 440;
const otherHz = 550;
const hanakoHz = 660;
const taroHz = 790;

const centre = await startCentre(t);
const hanako = await centre.desk('hanako', hanakoHz);
const taro = await centre.desk('taro', taroHz);

t.afterEach(async () => {
  await rest(hanako, taro);
  await centre.atRest();
});

t.test('sipp as the carrier: a digit at the menu leads to an agent, and both hear each other', async (t) => {
  await taro.setState('available');
  const { engawa } = centre;
  const sipp = await startSippCustomer(t, {
    scenario: 'carrier-calls-in',
    target: engawa.sip,
    dialled: numbers.menu,
    toneHz: customerHz,
  });
  await sipp.connected();
  await sipp.party.sendDigits('1');
  const line = await taro.rings();
  const alerting = await taro.shows('the call alerting', (desk) => desk.call?.state === 'alerting');
  t.equal(alerting.state, 'alerting');
  t.match(alerting.call, { direction: 'inbound', queue: 'contracts', reason: { id: 'contract-change' } });
  t.match(alerting.call?.alias, /^[A-Z0-9-]{6,}$/);
  t.match(line.invite.get('From'), alerting.call!.alias!);
  await taro.answer();
  await hear('both hear each other', [
    [sipp.party, [taroHz]],
    [taro, [customerHz]],
  ]);
  const { call } = await taro.shows('recording', (desk) => desk.call?.recording === true);
  t.equal(taro.view.state, 'on-call');
  await taro.command('hangup');
  t.equal(await sipp.ended, 0);
  const record = await centre.endedCall(call!.id);
  t.match(record, {
    direction: 'inbound',
    companyNumber: numbers.menu,
    trunk: 'carrier',
    flow: 'menu',
    reason: 'contract-change',
    piiClass: 'personal',
    queue: 'contracts',
    cause: 'normal',
    side: 'agent',
    segments: [{ personId: taro.personId, place: 'centre' }],
  });
});

t.test('hold, resume, mute, digits; the customer hangs up', async (t) => {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  await hanako.rings();
  await hanako.answer();
  await hear('both hear each other', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  const callId = hanako.view.call!.id;
  await aWhile(1200);

  await hanako.command('hold');
  await hearsMusic(customer, [hanakoHz]);
  await hear('the agent hears nothing of the customer on hold', [[hanako, []]]);
  await aWhile(1000);
  t.equal(hanako.view.call?.state, 'held');
  t.ok(hanako.view.call?.heldSince);
  await t.rejects(hanako.command('hold'), /409/, 'twice is told to be wrong');
  await hanako.command('resume');
  await hear('both hear each other again', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  await t.rejects(hanako.command('resume'), /409/);

  await hanako.command('mute');
  await hear('the customer does not hear the muted agent', [
    [customer, []],
    [hanako, [customerHz]],
  ]);
  await hanako.command('unmute');
  await hear('unmuted', [[customer, [hanakoHz]]]);

  await hanako.command('digits', { digits: '12#' });
  await eventually('the digits arrive', () => customer.rtp.report().digits === '12#', { withinMs: 30_000 });
  await hear('and the audio goes on', [[customer, [hanakoHz]]]);

  customer.hangUp();
  const { afterCallWorkEndsAt, serverTime } = await hanako.shows(
    'after-call work',
    (desk) => desk.state === 'after-call-work' && desk.call === null,
  );
  t.ok(afterCallWorkEndsAt! - serverTime <= 1000 && afterCallWorkEndsAt! > serverTime, 'the clock of after-call work');
  await hanako.inState('available');

  const record = await centre.endedCall(callId);
  t.match(record, {
    cause: 'normal',
    side: 'customer',
    reason: 'product-question',
    piiClass: 'none',
    queue: 'general',
  });
  const [segment] = record.segments;
  t.equal(record.segments.length, 1);
  t.ok(segment!.holdMs > 200 && segment!.holdMs < 60_000, `held ${segment!.holdMs} ms`);
  const connectedMs = record.endedAt! - segment!.answeredAt;
  t.ok(Math.abs(segment!.talkMs + segment!.holdMs - connectedMs) < 300, 'talk and hold are the time together');
  t.equal(record.talkMs, segment!.talkMs);
  t.ok(record.quality.customer && record.quality.agent, 'the quality of both sides is known');

  const types = (await centre.events(callId)).map((event) => event.type);
  const ladder = [
    ...['call-started', 'call-answered', 'flow-entered', 'reason-set', 'queue-entered', 'agent-reserved'],
    ...['agent-alerted', 'queue-left', 'agent-answered', 'call-held', 'call-resumed', 'agent-left', 'call-ended'],
  ];
  t.strictSame(
    types.filter((type) => ladder.includes(type)),
    ladder,
    'events in the order in which things happened',
  );

  const [recordingId] = record.recordingIds;
  const audio = await centre.recording(recordingId!);
  const held = (await centre.events(callId)).find((event) => event.type === 'call-held')!.at;
  // Both end together; the recording begins when the recorder is there.
  const lateMs = Math.max(0, connectedMs - audio.durationMs);
  const from = held - segment!.answeredAt - lateMs;
  t.ok(audio.loudest('left', customerHz, 0, from) > 2000, 'the customer is left');
  t.ok(audio.loudest('right', hanakoHz, 0, from) > 2000, 'the agent is right');
  t.ok(audio.level('left', hanakoHz, 500, from) < 300);
  t.ok(audio.level('right', customerHz, 500, from) < 300);
  t.ok(audio.level('left', customerHz, from, from + segment!.holdMs) > 2000, 'recorded through hold');
  t.ok(
    audio.level('right', hanakoHz, from + 300, from + segment!.holdMs - 300) < 300,
    'the agent is not heard on hold',
  );
  t.ok(Math.abs(audio.durationMs - connectedMs) < 2500, `recorded ${audio.durationMs} of ${connectedMs} ms`);
});

t.test('a transfer to another queue: another agent has the customer, the recording goes on', async (t) => {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  await hanako.rings();
  await hanako.answer();
  await hear('both hear each other', [[customer, [hanakoHz]]]);
  const callId = hanako.view.call!.id;
  await aWhile(1000);
  await taro.setState('available');
  await hanako.command('hold');
  await hanako.command('transfer', { queue: 'contracts' });
  await hanako.shows('the first agent is out', (desk) => desk.call?.id !== callId && desk.state !== 'on-call');
  await taro.rings();
  await hearsMusic(customer, [hanakoHz, taroHz]);
  await eventually('the first line has ended', () => hanako.line === undefined);
  await taro.answer();
  await hear('the customer is with the second agent', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  await aWhile(1000);
  taro.bye();
  await eventually('the customer is told', () => customer.endedBy === 'them');
  const record = await centre.endedCall(callId);
  t.match(record, { queue: 'contracts', cause: 'normal', side: 'agent' });
  t.strictSame(
    record.segments.map(({ personId, place }) => [personId, place]),
    [
      [hanako.personId, 'home'],
      [taro.personId, 'centre'],
    ],
  );
  t.equal(record.recordingIds.length, 1, 'one recording');
  const audio = await centre.recording(record.recordingIds[0]!);
  const start = record.segments[0]!.answeredAt;
  const second = record.segments[1]!.answeredAt - start;
  t.ok(audio.loudest('right', hanakoHz, 0, second) > 1000, 'the first agent');
  t.ok(audio.loudest('right', taroHz, second) > 2000, 'the second agent');
  t.ok(audio.loudest('left', customerHz, second) > 2000, 'the customer all along');
});

t.test('the agent declines: the next one is rung, the first is not ready, the caller stays first', async () => {
  await hanako.setState('available');
  const first = await centre.callIn(numbers.product, customerHz);
  const line = await hanako.rings();
  const second = await centre.callIn(numbers.product, otherHz, '08087654321');
  await eventually(
    'both wait',
    async () =>
      (await centre.engawa.get<{ items: { name: string; waiting: number }[] }>('/api/v1/queues')).items[0]?.waiting ===
      2,
  );
  await hanako.command('reject');
  await hanako.shows('not ready', (desk) => desk.state === 'not-ready' && desk.because === 'rejected' && !desk.call);
  await eventually('the line has ended', () => line.state === 'ended');
  await taro.setState('available');
  await taro.rings();
  await taro.answer();
  await hear('the first caller is served first', [
    [first, [taroHz]],
    [taro, [customerHz]],
  ]);
  second.hangUp();
  await taro.command('hangup');
  await taro.shows('no call', (desk) => desk.call === null);
});

t.test('no answer: ring time-out, not ready, the next agent has the call', async (t) => {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  await hanako.rings();
  await taro.setState('available');
  await hanako.shows('no answer', (desk) => desk.state === 'not-ready' && desk.because === 'no-answer');
  await taro.rings();
  await taro.answer();
  await hear('the other agent', [[customer, [taroHz]]]);
  const callId = taro.view.call!.id;
  customer.hangUp();
  const record = await centre.endedCall(callId);
  t.equal(record.segments.length, 1);
  t.ok(record.waitMs >= 6000, `waited ${record.waitMs} ms`);
});

t.test('the customer hangs up while waiting, and while the desk rings', async (t) => {
  const waiting = await centre.callIn(numbers.product, customerHz);
  await hearsMusic(waiting, []);
  waiting.hangUp();
  await centre.atRest();

  await taro.setState('available');
  const ringing = await centre.callIn(numbers.product, customerHz);
  const line = await taro.rings();
  const callId = taro.view.call!.id;
  ringing.hangUp();
  await eventually('the desk stops ringing', () => line.state === 'ended');
  await taro.shows('available again', (desk) => desk.state === 'available' && desk.call === null);
  const record = await centre.endedCall(callId);
  t.match(record, { cause: 'normal', side: 'customer', segments: [] });
  const left = (await centre.events(callId)).find((event) => event.type === 'queue-left');
  t.match(left, { outcome: 'abandoned' });
});

t.test('answering while the customer hangs up leaves nothing behind, whoever is faster', async (t) => {
  for (const delayMs of [0, 5, 20, 60, 120]) {
    await taro.setState('available');
    const customer = await centre.callIn(numbers.product, customerHz);
    const line = await taro.rings();
    const answering = taro.answer(line);
    setTimeout(() => customer.hangUp(), delayMs);
    await answering;
    await centre.atRest();
    await taro.shows(`no call, ${delayMs} ms`, (desk) => desk.call === null && desk.state !== 'on-call');
    await eventually('the line has ended', () => line.state === 'ended');
    await rest(taro);
  }
  t.pass();
});

t.test('a call that is cancelled before the answer, and hung up twice', async (t) => {
  const customer = await centre.carrier.callIn({ dialled: numbers.product, toneHz: customerHz });
  customer.hangUp();
  customer.hangUp();
  await centre.atRest();
  await taro.setState('available');
  const other = await centre.callIn(numbers.product, customerHz);
  await taro.rings();
  await taro.answer();
  await hear('connected', [[other, [taroHz]]]);
  const callId = taro.view.call!.id;
  const path = `/api/v1/calls/${callId}/commands/hangup`;
  const answers = await Promise.all([taro.rest('POST', path), taro.rest('POST', path), taro.rest('POST', path)]);
  t.ok(
    answers.every(({ status }) => status === 204 || status === 404),
    'each is answered',
  );
  other.hangUp();
  const ends = (await centre.events(callId)).filter((event) => event.type === 'call-ended');
  t.equal(ends.length, 1, 'it ended once');
});

t.test('not ready during a call is the state afterwards', async (t) => {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  await hanako.rings();
  await hanako.answer();
  await hear('connected', [[customer, [hanakoHz]]]);
  await hanako.setState('not-ready', 'lunch');
  t.match(hanako.view, { state: 'on-call', nextState: 'not-ready' });
  customer.hangUp();
  await hanako.shows('lunch', (desk) => desk.state === 'not-ready' && desk.because === 'lunch');
  t.equal(hanako.feed.filter(({ event, data }) => event === 'desk' && data.state === 'available').length > 0, true);
});

t.test('a flow whose prompt is missing goes on, and an unknown number is refused', async (t) => {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.missingPrompt, customerHz);
  await hanako.rings();
  await hanako.answer();
  await hear('connected all the same', [[customer, [hanakoHz]]]);
  customer.hangUp();
  const stranger = await centre.carrier.callIn({ dialled: '0399999999', toneHz: otherHz });
  await eventually('refused', () => stranger.state === 'refused');
  t.equal(stranger.status, 404);
});
