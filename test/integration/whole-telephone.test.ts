// An agent works with the own telephone, with the whole program: called out with the company's number, joined by key 1 alone,
// and a live call moves between browser and telephone while the customer notices nothing. No number crosses either way.

import t from 'tap';
import { addAdministrator } from '../support/centre/administrator.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { hear, hearsMusic, numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { toneAmplitude } from '../support/media/tones.ts';
import type { Customer } from '../support/sip/carrier.ts';

const customerHz = 440;
const browserHz = 660;
const telephoneHz = 550;
const customerNumber = '09087654321';
const telephoneNumber = '08055557788';
const patience = { withinMs: 30_000 };

const centre = await startCentre(t, { config: { telephones: { confirmSeconds: 8, ringSeconds: 20 } } });
const { carrier, engawa } = centre;
const administrator = await addAdministrator(engawa);
const hanako = await centre.desk('hanako', browserHz, { withoutPhone: true });
const telephonePath = `/api/v1/users/${hanako.personId}/telephone`;

t.afterEach(async () => {
  await hanako.setState('not-ready', 'test');
  await hanako.inState('not-ready');
  await centre.atRest();
});

/** The telephone that is called next, once it is called. */
async function nextCalled(): Promise<{ invite: (typeof carrier.called)[number]['invite']; customer: Customer }> {
  const before = carrier.called.length;
  return eventually('the carrier is asked for a telephone', () => carrier.called[before], patience);
}

/** Something is said that is nobody's tone. */
function isTold(telephone: Customer): boolean {
  const pcm = telephone.rtp.pcm(300);
  const loudness = Math.sqrt(pcm.reduce((sum, value) => sum + value * value, 0) / Math.max(1, pcm.length));
  return pcm.length > 1000 && loudness > 100 && telephone.hears(300).length === 0;
}

const answersBy = (toneHz: number) => carrier.next({ answer: { toneHz } });
const eventTypes = async (callId: string) => (await centre.events(callId)).map(({ type }) => type);

t.test('an administrator enters the number; person and administrator see two digits of it', async (t) => {
  t.equal((await hanako.rest('PUT', '/api/v1/desk/device', { device: 'telephone' })).status, 409, 'none is known yet');
  const refused = await administrator.rest<{ code: string }>('PUT', telephonePath, { number: '03-1000-1111' });
  t.match(refused, { status: 409, body: { code: 'telephone-is-ours' } });
  t.match(await administrator.rest('PUT', telephonePath, { number: '110' }), { status: 403 });
  t.match(await administrator.rest('PUT', telephonePath, { number: '080-5555-7788' }), {
    status: 200,
    body: { masked: '••••••••88', allowed: true, device: 'browser' },
  });
  t.equal((await hanako.rest('PUT', telephonePath, { number: '08000000000' })).status, 403, 'not one’s own to enter');
  const chosen = await hanako.rest('PUT', '/api/v1/desk/device', { device: 'telephone' });
  t.match(chosen, { status: 200, body: { device: 'telephone', telephone: { usable: true, masked: '••••••••88' } } });
  await administrator.rest('PUT', telephonePath, { allowed: false });
  t.match(await hanako.rest('GET', '/api/v1/desk/device'), {
    body: { device: 'browser', telephone: { usable: false } },
  });
  t.match(await hanako.rest('PUT', '/api/v1/desk/device', { device: 'telephone' }), {
    status: 403,
    body: { code: 'telephone-not-allowed' },
  });
  await administrator.rest('PUT', telephonePath, { allowed: true });
  await hanako.shows('the device', (desk) => desk.device === 'telephone' && !desk.softphone.registered);
});

t.test('a call from the queue: the telephone rings with the company’s number, and key 1 joins', async (t) => {
  await hanako.setState('available');
  answersBy(telephoneHz);
  const rung = nextCalled();
  const customer = await centre.callIn(numbers.product, customerHz, customerNumber);
  const { invite, customer: telephone } = await rung;
  t.match(invite.line, `INVITE sip:${telephoneNumber}@`);
  t.match(invite.get('From'), /0310001111/);
  await hearsMusic(customer, [telephoneHz]);
  await eventually('the telephone is told who calls', () => isTold(telephone), patience);
  t.ok(toneAmplitude(telephone.rtp.pcm(300), customerHz) < 6000, 'the customer is not heard');
  await hanako.shows('it rings', (desk) => desk.call?.state === 'alerting');
  await telephone.digits('1');
  await hear('both hear each other', [
    [customer, [telephoneHz]],
    [telephone, [customerHz]],
  ]);
  t.equal(customer.rtp.report().digits, '', 'the key is not the customer’s');
  const desk = await hanako.shows(
    'connected',
    ({ call }) => call?.state === 'connected' && call.device === 'telephone',
  );
  const { id } = desk.call!;
  await hanako.command('hold');
  await hear('on hold', [[telephone, []]]);
  await hanako.command('resume');
  await hanako.command('mute');
  await hear('muted', [[customer, []]]);
  await hanako.command('unmute');
  await hear('again', [[customer, [telephoneHz]]]);
  await new Promise((resolve) => setTimeout(resolve, 700));
  telephone.hangUp();
  await eventually('the customer is told', () => customer.endedBy === 'them', patience);
  await hanako.inState('after-call-work');
  const record = await centre.endedCall(id);
  t.match(record, { cause: 'normal', side: 'agent', segments: [{ personId: hanako.personId, place: 'home' }] });
  t.equal(record.recordingIds.length, 1);
  const audio = await centre.recording(record.recordingIds[0]!);
  // Somewhere in it, for 400 ms: when exactly depends on how fast the machine is.
  const loudest = (side: 'left' | 'right', hz: number) =>
    Math.max(
      ...Array.from({ length: Math.max(1, Math.floor(audio.durationMs / 100) - 4) }, (_, at) =>
        audio.level(side, hz, at * 100, at * 100 + 400),
      ),
    );
  t.ok(loudest('left', customerHz) > 2000, 'customer left');
  t.ok(loudest('right', telephoneHz) > 2000, 'agent right');
  t.ok(loudest('left', telephoneHz) < 2000, 'and not the other way round');
});

t.test('a voicemail answers and presses nothing: no customer hears it, nor it a customer', async (t) => {
  await hanako.setState('available');
  answersBy(telephoneHz);
  const rung = nextCalled();
  const customer = await centre.callIn(numbers.product, customerHz, customerNumber);
  const { customer: voicemail } = await rung;
  let leak = false;
  const watch = setInterval(() => {
    // Words and music have these tones in them too, but never nearly as loud as a party.
    const loud = (party: Customer, hz: number) => toneAmplitude(party.rtp.pcm(400), hz) > 6000;
    leak ||= loud(customer, telephoneHz) || loud(voicemail, customerHz);
  }, 50);
  t.teardown(() => clearInterval(watch));
  await eventually('it is hung up on', () => voicemail.endedBy === 'them', patience);
  clearInterval(watch);
  t.equal(leak, false);
  t.match(await hanako.inState('not-ready'), { because: 'no-answer' });
  t.equal(customer.state, 'talking', 'the customer waits on');
  customer.hangUp();
});

t.test('key 2, hanging up before any key, and a busy telephone decline; 1 by SIP INFO takes the call', async (t) => {
  const customer = await centre.callIn(numbers.product, customerHz, customerNumber);
  const ways: [string, (telephone: Customer) => unknown][] = [
    // It is hung up on before the key is released: nobody waits for that.
    ['key 2', (telephone) => void telephone.digits('2')],
    ['hung up', (telephone) => telephone.hangUp()],
  ];
  for (const [how, does] of ways) {
    answersBy(telephoneHz);
    const rung = nextCalled();
    await hanako.setState('available');
    const { customer: telephone } = await rung;
    await eventually('the telephone is told who calls', () => isTold(telephone), patience);
    await does(telephone);
    t.match(await hanako.inState('not-ready'), { because: 'rejected' }, how);
    await eventually('it is over', () => telephone.state === 'ended', patience);
  }
  carrier.next({ refuse: 486 });
  await hanako.setState('available');
  t.match(await hanako.inState('not-ready'), { because: 'rejected' }, 'busy');
  answersBy(telephoneHz);
  const rung = nextCalled();
  await hanako.setState('available');
  const { customer: telephone } = await rung;
  await eventually('the telephone is told who calls', () => isTold(telephone), patience);
  const info = { contentType: 'application/dtmf-relay', body: 'Signal=1\r\nDuration=160\r\n' };
  t.equal((await telephone.request('INFO', info)).status, 200);
  await hear('joined', [[customer, [telephoneHz]]]);
  customer.hangUp();
  await eventually('the telephone is hung up', () => telephone.endedBy === 'them', patience);
});

t.test('the customer hangs up while the telephone rings, or while the words are said', async () => {
  for (const answers of [false, true]) {
    if (answers) answersBy(telephoneHz);
    else carrier.next('ring');
    const rung = nextCalled();
    await hanako.setState('available');
    const customer = await centre.callIn(numbers.product, customerHz, customerNumber);
    const { customer: telephone } = await rung;
    if (answers) await eventually('words', () => isTold(telephone), patience);
    customer.hangUp();
    await eventually('the telephone no longer rings', () => telephone.endedBy === 'them', patience);
    await hanako.inState('available');
  }
});

t.test('a customer without a number: the desk is told why, in the carrier’s words', async (t) => {
  carrier.next('ring');
  const rung = nextCalled();
  await hanako.setState('available');
  const customer = await carrier.callIn({
    dialled: '0310001111',
    from: 'C',
    toneHz: customerHz,
    headers: ['Privacy: id'],
  });
  await eventually('the flow answers', () => customer.state === 'talking', patience);
  await rung;
  const desk = await hanako.shows('the call', ({ call }) => call !== null);
  t.match(desk.call, { alias: null, withheld: 'payphone' });
  customer.hangUp();
});

t.test('a telephone that forwards its calls to the company does not have the company call itself', async (t) => {
  carrier.next('ring');
  const rung = nextCalled();
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz, customerNumber);
  const { customer: telephone } = await rung;
  const sentOn = await carrier.callIn({ dialled: '0310001111', from: '0310001111', toneHz: 1010 });
  await eventually('refused', () => sentOn.state === 'refused', patience);
  t.equal(sentOn.status, 486);
  customer.hangUp();
  await eventually('the telephone no longer rings', () => telephone.endedBy === 'them', patience);
  const diverted = await carrier.callIn({
    dialled: '0310001111',
    from: '0310001111',
    toneHz: 1010,
    headers: [`Diversion: <sip:${telephoneNumber}@carrier.invalid;user=phone>;reason=unconditional`],
  });
  await eventually('refused by its Diversion, though nothing rings', () => diverted.state === 'refused', patience);
  const stranger = await centre.callIn(numbers.product, customerHz, '0310001111');
  stranger.hangUp();
});

t.test('an agent who calls out is called first, and the customer after key 1', async (t) => {
  answersBy(telephoneHz);
  const rung = nextCalled();
  const dialled = await hanako.dial({ number: customerNumber });
  t.equal(dialled.status, 201);
  const { invite, customer: telephone } = await rung;
  t.match(invite.line, `INVITE sip:${telephoneNumber}@`);
  await eventually('words', () => isTold(telephone), patience);
  answersBy(customerHz);
  const called = nextCalled();
  await telephone.digits('1');
  const { invite: toCustomer, customer } = await called;
  t.match(toCustomer.line, `INVITE sip:${customerNumber}@`);
  await hear('both hear each other', [
    [customer, [telephoneHz]],
    [telephone, [customerHz]],
  ]);
  customer.hangUp();
  t.match(await centre.endedCall(dialled.body.callId), { cause: 'normal', side: 'customer' });
  await eventually('the telephone is hung up', () => telephone.endedBy === 'them', patience);

  carrier.next({ refuse: 486 });
  const before = carrier.called.length;
  const unanswered = await hanako.dial({ number: customerNumber });
  t.match(await centre.endedCall(unanswered.body.callId), { cause: 'unreachable', side: 'agent' });
  t.equal(carrier.called.length, before + 1, 'without key 1 no customer is called');
});

/** From the last moment of one tone to the first of the other, in what the customer heard. */
function gapMs(customer: Customer, fromHz: number, toHz: number): number {
  const pcm = customer.rtp.pcm(15_000);
  const [window, step] = [160, 40];
  let last = -1;
  let first = -1;
  for (let at = 0; at + window <= pcm.length; at += step) {
    const part = pcm.subarray(at, at + window);
    if (toneAmplitude(part, fromHz) > 3000 && toneAmplitude(part, fromHz) > 2 * toneAmplitude(part, toHz)) last = at;
    if (toneAmplitude(part, toHz) > 3000 && toneAmplitude(part, toHz) > 2 * toneAmplitude(part, fromHz) && first < last)
      first = at;
  }
  return (first - last) / 8;
}

t.test('a live call moves from browser to telephone and back, and the customer notices nothing', async (t) => {
  await hanako.rest('PUT', '/api/v1/desk/device', { device: 'browser' });
  await hanako.connectPhone();
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz, customerNumber);
  await hanako.rings();
  await hanako.answer();
  await hear('in the browser', [
    [customer, [browserHz]],
    [hanako, [customerHz]],
  ]);
  const { id } = hanako.view.call!;
  const move = async (to: string) =>
    (await hanako.rest<{ code?: string }>('POST', `/api/v1/calls/${id}/move`, { to })).status;
  const pauses = customer.rtp.report().gapsMs.length;

  answersBy(telephoneHz);
  let rung = nextCalled();
  t.equal(await move('telephone'), 202);
  const { customer: telephone } = await rung;
  await hanako.shows('on its way', ({ call }) => call?.movingTo === 'telephone' && call.device === 'browser');
  await eventually('words', () => isTold(telephone), patience);
  await hear('the browser talks on meanwhile', [
    [customer, [browserHz]],
    [hanako, [customerHz]],
  ]);
  await telephone.digits('1');
  await hear('at the telephone', [
    [customer, [telephoneHz]],
    [telephone, [customerHz]],
  ]);
  const there = gapMs(customer, browserHz, telephoneHz);
  await hanako.shows('moved', ({ call }) => call?.device === 'telephone' && call.movingTo === null);
  await eventually('the browser’s line is over', () => hanako.line === undefined, patience);
  t.equal(await move('telephone'), 409, 'it is there already');

  const away = hanako.lines.length;
  t.equal(await move('browser'), 202);
  await eventually(
    'the browser answers by itself',
    () => hanako.lines.length > away && hanako.line?.state === 'answered',
    patience,
  );
  await hear('in the browser again', [
    [customer, [browserHz]],
    [hanako, [customerHz]],
  ]);
  const back = gapMs(customer, telephoneHz, browserHz);
  await eventually('the telephone is hung up', () => telephone.endedBy === 'them', patience);
  t.comment(`without the agent for ${there} ms to the telephone, ${back} ms back`);
  t.ok(there >= -20 && there < 500, `${there} ms to the telephone`);
  t.ok(back >= -20 && back < 500, `${back} ms back`);
  const gaps = customer.rtp.report().gapsMs.slice(pauses);
  t.ok(Math.max(0, ...gaps) < 1000, `pauses of ${gaps.join(', ')} ms between packets`);

  t.comment('no key, or given up: the call stays where it was');
  {
    answersBy(telephoneHz);
    rung = nextCalled();
    await move('telephone');
    const { customer: voicemail } = await rung;
    await eventually('words', () => isTold(voicemail), patience);
    voicemail.hangUp();
    await hanako.shows('not moved', ({ call }) => call?.movingTo === null && call.device === 'browser');
    carrier.next('ring');
    rung = nextCalled();
    await move('telephone');
    const { customer: ringing } = await rung;
    t.equal(await move('browser'), 202, 'to where it is: gives up');
    await eventually('no longer rings', () => ringing.endedBy === 'them', patience);
    carrier.next({ refuse: 486 });
    await move('telephone');
    await hanako.shows('not moved', ({ call }) => call?.movingTo === null && call.device === 'browser');
    await hear('still in the browser', [
      [customer, [browserHz]],
      [hanako, [customerHz]],
    ]);
  }

  t.comment('hold and mute go along');
  {
    await hanako.command('mute');
    answersBy(telephoneHz);
    rung = nextCalled();
    await move('telephone');
    const { customer: other } = await rung;
    await eventually('words', () => isTold(other), patience);
    await hanako.command('hold');
    await other.digits('1');
    await hanako.shows('moved', ({ call }) => call?.device === 'telephone' && call.state === 'held');
    await hearsMusic(customer, [telephoneHz]);
    await hanako.command('resume');
    await hear('still muted', [
      [customer, []],
      [other, [customerHz]],
    ]);
    await hanako.command('unmute');
    await hear('heard', [[customer, [telephoneHz]]]);
  }

  customer.hangUp();
  const record = await centre.endedCall(id);
  t.equal(record.segments.length, 1, 'one part of one agent');
  t.equal(record.recordingIds.length, 1, 'one recording');
  const types = await eventTypes(id);
  t.equal(types.filter((type) => type === 'call-moved').length, 3);
  t.equal(types.filter((type) => type === 'call-not-moved').length, 3);
  t.notOk(types.includes('agent-detached'), 'the agent was never away');
  const audio = await centre.recording(record.recordingIds[0]!);
  const everyHalf = Array.from({ length: Math.floor(audio.durationMs / 500) - 2 }, (_, half) =>
    audio.level('left', customerHz, half * 500 + 500, half * 500 + 1000),
  );
  t.ok(
    everyHalf.every((level) => level > 2000),
    'the customer is in every half second of it',
  );
});

t.test('no byte of either side reached the other, nor page, log or event', async (t) => {
  const home = hanako.proxy.toClient();
  t.ok(home.length > 10_000, `${home.length} bytes searched`);
  for (const [what, bytes] of [
    ['the home', home],
    ['the log', Buffer.from(engawa.log())],
    ['the events', Buffer.from(JSON.stringify(await engawa.get('/api/v1/calls?limit=100')))],
  ] as const)
    for (const number of ['+818055557788', '+819087654321'])
      t.strictSame(findNumber(bytes, number), [], `${number}: ${what}`);
  const dialogs = new Map<string, string>();
  for (const { invite, customer } of carrier.called) {
    const callId = invite.get('Call-ID')!;
    const texts = customer.sip.received.filter((message) => message.get('Call-ID') === callId).map(({ text }) => text);
    dialogs.set(invite.line, (dialogs.get(invite.line) ?? '') + texts.join('\n'));
  }
  for (const [line, text] of dialogs) {
    const toTelephone = line.includes(telephoneNumber);
    t.strictSame(findNumber(text, toTelephone ? '+819087654321' : '+818055557788'), [], line);
    for (const word of ['hanako', '佐藤', hanako.personId, '.invalid;transport=ws'])
      t.notOk(text.includes(word), `${line}: ${word}`);
  }
});
