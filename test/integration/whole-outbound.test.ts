// An agent calls a customer, by alias and by number, with the whole program: the customer sees the company, the agent sees an
// alias, and neither side receives a byte of the other.

import t from 'tap';
import { findNumber } from '../support/centre/number-finder.ts';
import { aWhile, hear, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const customerHz = 440;
const hanakoHz = 660;
const customerNumber = '09087654321';

const centre = await startCentre(t);
const { carrier } = centre;
const hanako = await centre.desk('hanako', hanakoHz);

t.afterEach(async () => {
  await rest(hanako);
  await centre.atRest();
});

async function aliasOfCaller(from: string): Promise<string> {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz, from);
  await hanako.rings();
  const alias = hanako.view.call!.alias!;
  customer.hangUp();
  await centre.atRest();
  return alias;
}

t.test('by alias: the customer hears the agent and sees the company’s number', async (t) => {
  const alias = await aliasOfCaller(customerNumber);
  carrier.next({ answer: { toneHz: customerHz } });
  const dialled = await hanako.dial({ alias });
  t.equal(dialled.status, 201);
  const { invite, customer } = await eventually('the carrier is called', () => carrier.called.at(-1), {
    withinMs: 30_000,
  });
  t.match(invite.line, `INVITE sip:${customerNumber}@`);
  t.match(invite.get('From'), /0310001111/);
  t.match(invite.get('P-Asserted-Identity'), /0310001111/);
  await hear('both hear each other', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  t.match(hanako.view, { state: 'on-call', call: { direction: 'outbound', state: 'connected', alias } });
  await aWhile(800);
  await hanako.command('hold');
  await hear('on hold', [[hanako, []]]);
  await hanako.command('resume');
  await hear('again', [[customer, [hanakoHz]]]);
  await hanako.command('hangup');
  await eventually('the customer is told', () => customer.endedBy === 'them');
  const record = await centre.endedCall(dialled.body.callId);
  t.match(record, {
    direction: 'outbound',
    alias,
    companyNumber: numbers.product,
    trunk: 'carrier',
    cause: 'normal',
    side: 'agent',
    segments: [{ personId: hanako.personId }],
  });
  t.ok(record.talkMs > 800 && record.talkMs < 10_000, `talked ${record.talkMs} ms`);
  t.ok(record.holdMs > 50, `held ${record.holdMs} ms`);
  const audio = await centre.recording(record.recordingIds[0]!);
  t.ok(audio.loudest('left', customerHz) > 2000, 'customer left');
  t.ok(audio.loudest('right', hanakoHz) > 2000, 'agent right');
});

t.test('by number; the customer hangs up', async (t) => {
  carrier.next({ answer: { toneHz: customerHz } });
  const before = carrier.called.length;
  const dialled = await hanako.dial({ number: '080-1111-2222' });
  t.equal(dialled.status, 201);
  const { invite, customer } = await eventually('the carrier is called', () => carrier.called[before], {
    withinMs: 30_000,
  });
  t.match(invite.line, 'INVITE sip:08011112222@');
  await hear('both hear each other', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  customer.hangUp();
  await hanako.shows('after-call work', (desk) => desk.state === 'after-call-work' || desk.call === null);
  t.match(await centre.endedCall(dialled.body.callId), { cause: 'normal', side: 'customer' });
});

t.test('with 184 before the number, the company’s number is not presented', async (t) => {
  carrier.next({ answer: { toneHz: customerHz } });
  const before = carrier.called.length;
  const dialled = await hanako.dial({ number: '184-080-1111-3333' });
  const { invite, customer } = await eventually('the carrier is called', () => carrier.called[before], {
    withinMs: 30_000,
  });
  t.match(invite.get('From'), /anonymous/i);
  t.match(invite.get('Privacy'), /id/);
  await hear('connected', [[customer, [hanakoHz]]]);
  customer.hangUp();
  await centre.endedCall(dialled.body.callId);
});

t.test('busy, no answer, given up: each ends with its cause', async (t) => {
  carrier.next({ refuse: 486 });
  const busy = await hanako.dial({ number: '08011112486' });
  t.match(await centre.endedCall(busy.body.callId), { cause: 'busy', side: 'customer', answeredAt: null });
  await hanako.shows('no call', (desk) => desk.call === null && desk.state !== 'on-call');
  await centre.atRest();

  const refusals = [
    [603, 'rejected', 'customer'],
    [480, 'no-answer', 'customer'],
    [404, 'not-found', 'carrier'],
    [503, 'overload', 'carrier'],
    [488, 'incompatible-media', 'carrier'],
  ] as const;
  for (const [refuse, cause, side] of refusals) {
    carrier.next({ refuse });
    const { body } = await hanako.dial({ number: '08011112486' });
    t.match(await centre.endedCall(body.callId), { cause, side, answeredAt: null, segments: [{ talkMs: 0 }] }, cause);
    await centre.atRest();
  }

  carrier.next('ring');
  const ringing = await hanako.dial({ number: '08011112480' });
  await hanako.shows('dialling', (desk) => desk.call?.state === 'dialling');
  await eventually('ringback is heard', () => (hanako.line?.media.loudness(500) ?? 0) > 300, { withinMs: 30_000 });
  t.match(await centre.endedCall(ringing.body.callId), { cause: 'no-answer', side: 'customer', answeredAt: null });
  await centre.atRest();

  const before = carrier.called.length;
  const givenUp = await hanako.dial({ number: '08011112480' });
  const { customer } = await eventually('the telephone rings', () => carrier.called[before], { withinMs: 30_000 });
  await hanako.command('hangup');
  await eventually('the carrier hears CANCEL', () => customer.endedBy === 'them');
  t.match(await centre.endedCall(givenUp.body.callId), { cause: 'normal', side: 'agent' });

  const atOnce = await hanako.dial({ number: '08011112480' });
  await hanako.rest('POST', `/api/v1/calls/${atOnce.body.callId}/commands/hangup`);
  await centre.endedCall(atOnce.body.callId);
  await hanako.shows('free', (desk) => desk.call === null && desk.state !== 'on-call');
});

t.test('a supervisor or a program hangs up: the record says which', async (t) => {
  for (const side of ['supervisor', 'integrator'] as const) {
    carrier.next({ answer: { toneHz: customerHz } });
    const { body } = await hanako.dial({ number: '08011112222' });
    await hanako.shows('connected', (desk) => desk.call?.state === 'connected');
    const path = `/api/v1/calls/${body.callId}/commands/hangup`;
    await centre.engawa.post(path, side === 'supervisor' ? 'midori' : undefined);
    t.match(await centre.endedCall(body.callId), { cause: 'normal', side });
    await centre.atRest();
  }
});

t.test('a desk that goes while the telephone rings has its call when it is back', async () => {
  carrier.next('ring');
  const dialled = await hanako.dial({ number: '08033334444' });
  await hanako.shows('dialling', (desk) => desk.call?.state === 'dialling');
  await eventually('ringback', () => (hanako.line?.media.loudness(500) ?? 0) > 300, { withinMs: 30_000 });
  hanako.dropWebSocket();
  await hanako.connectPhone();
  await eventually('a new line', () => hanako.line?.purpose === 'attach' && hanako.line.state === 'answered', {
    withinMs: 30_000,
  });
  await eventually('ringback again', () => (hanako.line?.media.loudness(500) ?? 0) > 300, { withinMs: 30_000 });
  await hanako.rest('POST', `/api/v1/calls/${dialled.body.callId}/commands/hangup`);
  await centre.endedCall(dialled.body.callId);
});

t.test('what must not be dialled is refused with a sentence, and two calls at once, too', async (t) => {
  const before = carrier.called.length;
  for (const number of ['110', '119', '+12125550123', '010-1-212-555-0123', '0990-123-456', '0120', 'hello']) {
    const answer = await hanako.dial({ number });
    t.ok(answer.status >= 400 && answer.status < 500, `${number}: ${answer.status}`);
    t.match(answer.body.detail, /\w+ .*\./, `${number}: ${answer.body.detail}`);
  }
  t.equal((await hanako.dial({ alias: 'ZZZZ-ZZZZ' })).status, 404);
  const alias = await aliasOfCaller('+12125550123');
  t.equal((await hanako.dial({ alias })).status, 403, 'nor by calling back');
  carrier.next({ answer: { toneHz: customerHz } });
  const [first, second] = await Promise.all([
    hanako.dial({ number: '08011112222' }),
    hanako.dial({ number: '08011112223' }),
  ]);
  t.strictSame([first!.status, second!.status].sort(), [201, 409]);
  await eventually('one call', () => hanako.view.call?.state === 'connected', { withinMs: 30_000 });
  await hanako.command('hangup');
  t.equal(carrier.called.length, before + 1);
});

t.test('no byte of either side reached the other, nor the log', async (t) => {
  const home = hanako.proxy.toClient();
  t.ok(home.length > 10_000, `${home.length} bytes searched`);
  for (const number of ['+819087654321', '+12125550123']) t.strictSame(findNumber(home, number), [], number);
  const log = centre.engawa.log();
  for (const number of ['+819087654321', '+818011112222', '+818033334444', '+12125550123'])
    t.strictSame(findNumber(log, number), [], `${number} in the log`);
  const outside = carrier.bytes();
  t.ok(outside.length > 5000);
  for (const word of [
    hanako.personId,
    'hanako',
    '花子',
    '佐藤',
    'RobotDesk',
    'house of the agent',
    '.invalid;transport=ws',
  ])
    t.equal(outside.includes(word), false, `the carrier does not learn “${word}”`);
  t.notMatch(outside, /^User-Agent: Robot/m);
});
