// Transfers of every kind with the whole program: who hears whom at each step by tones, what the desks show, what the record
// says, and that one recording holds what the customer heard.

import t from 'tap';
import { hire } from '../support/centre/more-people.ts';
import { aWhile, hear, hearsMusic, numbers, rest, startCentre, talkWith } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const customerHz = 440;
const outsideHz = 550;
const hanakoHz = 660;
const taroHz = 790;
const jiroHz = 330;

const centre = await startCentre(t, {
  calls: { reattachSeconds: 5 },
  config: {
    transfers: {
      outside: [
        { name: 'branch', label: { ja: '支店', en: 'Branch' }, number: '0312349999', clearance: 'none' },
        { name: 'shop', label: { ja: '店', en: 'Shop' }, number: '0312348888', clearance: 'personal' },
      ],
      parkSeconds: 5,
    },
  },
});
const hanako = await centre.desk('hanako', hanakoHz);
const taro = await centre.desk('taro', taroHz);
const [jiro] = (await hire(t, centre.engawa, [
  { login: 'jiro', role: 'agent', place: 'centre', clearance: 'personal', queues: ['contracts'], toneHz: jiroHz },
])) as [typeof hanako];

t.afterEach(async () => {
  await rest(hanako, taro, jiro);
  await centre.atRest();
});

const talk = (agent: typeof hanako, number: string, agentHz: number) =>
  talkWith(centre, agent, { number, customerHz, agentHz });

const types = async (callId: string) => (await centre.events(callId)).map(({ type }) => type);

t.test(
  'attended: the customer hears music, the agent a colleague; swapped, joined, and left to the colleague',
  async (t) => {
    const { customer, callId } = await talk(hanako, numbers.product, hanakoHz);
    await taro.setState('available');
    await hanako.command('consult', { personId: taro.personId });
    await taro.rings();
    t.match(taro.view, { state: 'on-call', call: { id: callId, role: 'consulted', state: 'alerting' } });
    await hearsMusic(customer, [hanakoHz, taroHz]);
    await taro.answer();
    await hear('the two colleagues', [
      [hanako, [taroHz]],
      [taro, [hanakoHz]],
    ]);
    await hearsMusic(customer, [hanakoHz, taroHz]);
    await hanako.shows(
      'the consultation',
      ({ call }) => call?.consultation?.state === 'answered' && call.consultation.talkingWith === 'consulted',
    );
    await t.rejects(hanako.command('resume'), /409.*consulting/, 'no conference by accident');
    await hanako.command('swap');
    await hear('swapped: the customer again, the colleague waits', [
      [customer, [hanakoHz]],
      [hanako, [customerHz]],
    ]);
    await eventually(
      'who is asked hears neither of them',
      () => !taro.hears(300).some((tone) => tone === hanakoHz || tone === customerHz),
    );
    await hanako.command('swap');
    await hear('and back', [[hanako, [taroHz]]]);

    await hanako.command('conference');
    await hear('all three', [
      [customer, [hanakoHz, taroHz]],
      [hanako, [customerHz, taroHz]],
      [taro, [customerHz, hanakoHz]],
    ]);
    await taro.command('mute');
    await hear('the colleague is muted', [
      [customer, [hanakoHz]],
      [hanako, [customerHz]],
    ]);
    await taro.command('unmute');
    await aWhile(600);
    await hanako.command('complete');
    await hear('the customer is with the colleague', [
      [customer, [taroHz]],
      [taro, [customerHz]],
    ]);
    await hanako.shows('no call', (desk) => desk.call === null);
    t.match(taro.view.call, { id: callId, role: 'agent', consultation: null });
    await aWhile(800);
    taro.bye();
    await eventually('the customer is told', () => customer.endedBy === 'them');

    const record = await centre.endedCall(callId);
    t.strictSame(
      record.segments.map(({ personId }) => personId),
      [hanako.personId, taro.personId],
    );
    t.equal(record.recordingIds.length, 1, 'one recording');
    t.ok(record.segments[0]!.holdMs > 500, 'the consultation is hold for the first agent');
    const told = await types(callId);
    for (const type of ['consultation-started', 'consultation-answered', 'conference-started', 'consultation-ended'])
      t.ok(told.includes(type as never), type);
    const audio = await centre.recording(record.recordingIds[0]!);
    const consulted = (await centre.events(callId)).find(({ type }) => type === 'consultation-answered')!.at;
    const from = consulted - record.segments[0]!.answeredAt;
    t.ok(audio.presence('left', customerHz, 500, audio.durationMs - 500) > 0.9, 'the customer all along');
    t.ok(audio.level('right', taroHz, from - 300, from + 200) < 300, 'the consultation is not recorded');
    t.ok(audio.level('right', taroHz, audio.durationMs - 700, audio.durationMs - 200) > 2000, 'the colleague then is');
  },
);

t.test('attended: the agent hangs up, and the customer is with the colleague', async (t) => {
  const { customer, callId } = await talk(hanako, numbers.product, hanakoHz);
  await taro.setState('available');
  await hanako.command('consult', { personId: taro.personId });
  await taro.rings();
  await taro.answer();
  await hear('the two colleagues', [[hanako, [taroHz]]]);
  hanako.bye();
  await hear('the customer is not dropped', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  customer.hangUp();
  t.match(await centre.endedCall(callId), { side: 'customer', segments: [{}, { personId: taro.personId }] });
});

t.test(
  'attended: the colleague declines, hangs up, does not come back; the customer is taken back each time',
  async (t) => {
    const { customer, callId } = await talk(hanako, numbers.product, hanakoHz);
    await taro.setState('available');
    await hanako.command('consult', { personId: taro.personId });
    await taro.rings();
    await t.rejects(hanako.command('complete'), /409/, 'nobody is there yet');
    await taro.command('reject');
    await hanako.shows('nobody is asked', ({ call }) => call?.consultation === null && call.state === 'held');
    await taro.inState('not-ready');
    await hanako.command('resume');
    await hear('customer and agent', [
      [customer, [hanakoHz]],
      [hanako, [customerHz]],
    ]);

    await taro.setState('available');
    await hanako.command('consult', { personId: taro.personId });
    await taro.rings();
    await taro.answer();
    await hear('the two colleagues', [[hanako, [taroHz]]]);
    await taro.command('hangup');
    await hanako.shows('nobody is asked', ({ call }) => call?.consultation === null && call.state === 'held');
    await taro.inState('available');
    await hanako.command('consult', { personId: taro.personId });
    await taro.rings();
    await taro.answer();
    await hear('the two colleagues again', [[hanako, [taroHz]]]);
    await hanako.command('end-consultation');
    await hear('the customer is taken back', [
      [customer, [hanakoHz]],
      [hanako, [customerHz]],
    ]);
    customer.hangUp();
    const record = await centre.endedCall(callId);
    t.equal(record.segments.length, 1, 'who only was asked has no part in the record');
  },
);

t.test('a desk reloads during a consultation and in a conference of three', async () => {
  const { customer, callId } = await talk(hanako, numbers.product, hanakoHz);
  await taro.setState('available');
  await hanako.command('consult', { personId: taro.personId });
  await taro.rings();
  await taro.answer();
  await hear('the two colleagues', [[hanako, [taroHz]]]);
  await hanako.connectPhone();
  await hear('the agent is back with the colleague', [
    [hanako, [taroHz]],
    [taro, [hanakoHz]],
  ]);
  await hanako.command('conference');
  await hear('all three', [[customer, [hanakoHz, taroHz]]]);
  await taro.connectPhone();
  await hear('the colleague is back', [
    [customer, [hanakoHz, taroHz]],
    [taro, [customerHz, hanakoHz]],
  ]);
  customer.hangUp();
  await centre.endedCall(callId);
});

t.test('whoever of a queue is free is asked, and nobody who may not have the call', async (t) => {
  const { customer, callId } = await talk(taro, numbers.contract, taroHz);
  await t.rejects(taro.command('consult', { personId: hanako.personId }), /403.*class-forbidden/);
  await t.rejects(taro.command('transfer', { personId: hanako.personId }), /403.*class-forbidden/);
  await taro.command('consult', { queue: 'contracts' });
  await taro.shows('waiting', ({ call }) => call?.consultation?.state === 'waiting');
  await jiro.setState('available');
  await jiro.rings();
  await jiro.answer();
  await hear('the two colleagues', [
    [taro, [jiroHz]],
    [jiro, [taroHz]],
  ]);
  await taro.command('complete');
  await hear('the customer is with the colleague', [
    [customer, [jiroHz]],
    [jiro, [customerHz]],
  ]);
  await taro.shows('no call', (desk) => desk.call === null);
  customer.hangUp();
  t.match(await centre.endedCall(callId), { queue: 'contracts', segments: [{}, { personId: jiro.personId }] });
});

t.test('blind to a person; nobody answers there, and the call comes back', async (t) => {
  const { customer, callId } = await talk(hanako, numbers.product, hanakoHz);
  await t.rejects(hanako.command('transfer', { personId: taro.personId }), /409/, 'not to who is not ready');
  await taro.setState('available');
  await hanako.command('transfer', { personId: taro.personId });
  await hanako.shows('no call', (desk) => desk.call === null);
  await taro.rings();
  await hearsMusic(customer, [hanakoHz, taroHz]);
  await taro.command('reject');
  await hanako.rings();
  await hanako.answer();
  await hear('back with the first', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  await taro.setState('available');
  await hanako.command('transfer', { personId: taro.personId });
  await taro.rings();
  await taro.answer();
  await hear('with the second', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  customer.hangUp();
  const { segments } = await centre.endedCall(callId);
  t.strictSame(
    segments.map(({ personId }) => personId),
    [hanako.personId, hanako.personId, taro.personId],
  );
});

t.test('to places outside that the company has named, and up to their class; no number reaches a desk', async (t) => {
  const { customer, callId } = await talk(taro, numbers.contract, taroHz);
  await t.rejects(taro.command('consult', { outside: 'branch' }), /403.*class-forbidden/);
  await t.rejects(taro.command('consult', { outside: 'moon' }), /409.*no-such-place/);
  centre.carrier.next({ answer: { toneHz: outsideHz } });
  await taro.command('consult', { outside: 'shop' });
  await hear('the place outside', [[taro, [outsideHz]]]);
  const { invite, customer: outside } = centre.carrier.called.at(-1)!;
  t.match(invite.get('From'), numbers.contract.replace('+81', '0'), 'the company’s number is presented');
  t.notMatch(invite.text, '9012345678', 'the customer’s is not');
  await taro.command('conference');
  await hear('all three', [
    [customer, [outsideHz, taroHz]],
    [taro, [customerHz, outsideHz]],
    [outside, [customerHz, taroHz]],
  ]);
  await taro.command('complete');
  await hear('the customer is with the place outside', [
    [customer, [outsideHz]],
    [outside, [customerHz]],
  ]);
  await taro.shows('no call', (desk) => desk.call === null);
  t.notOk(taro.proxy.toClient().includes('312348888'), 'no number reaches the desk');
  outside.hangUp();
  await eventually('the customer is told', () => customer.endedBy === 'them');
  t.match(await centre.endedCall(callId), { side: 'carrier' });
});

t.test('blind to a place outside; nobody there, and the agent is called back', async () => {
  const { customer } = await talk(hanako, numbers.product, hanakoHz);
  centre.carrier.next({ refuse: 486 });
  await hanako.command('transfer', { outside: 'branch' });
  await hanako.rings();
  await hearsMusic(customer, [hanakoHz]);
  await hanako.answer();
  await hear('back with the agent', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  centre.carrier.next({ answer: { toneHz: outsideHz } });
  await hanako.command('transfer', { outside: 'branch' });
  await hear('with the place outside', [[customer, [outsideHz]]]);
  customer.hangUp();
});

t.test('parked, and taken by who may; or back at who parked it when its time is over', async (t) => {
  const { customer, callId } = await talk(taro, numbers.contract, taroHz);
  await taro.command('park');
  await taro.shows('no call', (desk) => desk.call === null);
  await hearsMusic(customer, [taroHz]);
  const parked = (await hanako.rest<{ items: { slot: string; callId: string }[] }>('GET', '/api/v1/parked')).body.items;
  t.match(parked, [{ slot: '1', callId }]);
  const refused = await hanako.rest<{ code: string }>('POST', '/api/v1/parked/1/retrieve');
  t.match(refused, { status: 403, body: { code: 'class-forbidden' } });
  t.equal((await jiro.rest('POST', '/api/v1/parked/1/retrieve')).status, 204);
  await hear('with who took it', [
    [customer, [jiroHz]],
    [jiro, [customerHz]],
  ]);
  t.equal((await jiro.rest('POST', '/api/v1/parked/1/retrieve')).status, 404);

  await jiro.command('park');
  await hearsMusic(customer, [jiroHz]);
  await jiro.rings();
  await jiro.answer();
  await hear('back with who parked it', [
    [customer, [jiroHz]],
    [jiro, [customerHz]],
  ]);
  await jiro.command('park');
  await eventually(
    'parked',
    async () => (await jiro.rest<{ items: unknown[] }>('GET', '/api/v1/parked')).body.items.length === 1,
  );
  customer.hangUp();
  const record = await centre.endedCall(callId);
  t.equal(record.recordingIds.length, 1);
  t.strictSame((await hanako.rest<{ items: unknown[] }>('GET', '/api/v1/parked')).body.items, []);
});

t.test('the customer hangs up in the middle of each: nobody stays on a call, nothing is left', async (t) => {
  const stages: [string, (callId: string) => Promise<unknown>][] = [
    [
      'a colleague is rung',
      async () => {
        await hanako.command('consult', { personId: taro.personId });
        await taro.rings();
      },
    ],
    [
      'a consultation',
      async () => {
        await hanako.command('consult', { personId: taro.personId });
        await taro.rings();
        await taro.answer();
        await hear('the two colleagues', [[taro, [hanakoHz]]]);
      },
    ],
    [
      'a queue is asked',
      async () => {
        await taro.setState('not-ready', 'test');
        await hanako.command('consult', { queue: 'contracts' });
        await hanako.shows('waiting', ({ call }) => call?.consultation?.state === 'waiting');
        await taro.setState('available');
        await taro.rings();
      },
    ],
    [
      'a place outside rings',
      async () => {
        centre.carrier.next('ring');
        await hanako.command('consult', { outside: 'branch' });
      },
    ],
    [
      'a blind transfer rings',
      async () => {
        await hanako.command('transfer', { personId: taro.personId });
        await taro.rings();
      },
    ],
    ['parked', () => hanako.command('park')],
  ];
  for (const [what, begin] of stages) {
    const { customer, callId } = await talk(hanako, numbers.product, hanakoHz);
    await taro.setState('available');
    await begin(callId);
    customer.hangUp();
    t.match(await centre.endedCall(callId), { side: 'customer', cause: 'normal' }, what);
    await centre.atRest();
    await taro.shows(`available: ${what}`, (desk) => desk.state === 'available' && desk.call === null);
    await hanako.shows(`free: ${what}`, (desk) => desk.call === null && desk.state !== 'on-call');
    await eventually(`no line is left: ${what}`, () => taro.line === undefined && hanako.line === undefined);
    await rest(taro);
  }
});
