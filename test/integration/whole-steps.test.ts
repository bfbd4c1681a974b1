// A call that is split by step, with the whole program: the centre verifies and hands over to somebody at home, who sees the
// alias, the reason and what was verified and no more; personal information comes up, and one key brings the call back to the
// centre, with nothing to be said again. Who hears whom by tones; the desks' views and feeds are searched.

import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { aWhile, hear, hearsMusic, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const customerHz = 440;
const hanakoHz = 660;
const taroHz = 790;
const words = (id: string) => ({ id, label: { ja: id, en: id } });

const centre = await startCentre(t, {
  config: {
    steps: {
      factors: [words('date-of-birth'), words('contract-number')],
      facts: [{ name: 'product', label: { ja: '商品', en: 'Product' }, values: [words('bicycle'), words('kettle')] }],
      piiCameUp: { queue: 'contracts' },
    },
  },
});
const hanako = await centre.desk('hanako', hanakoHz);
const taro = await centre.desk('taro', taroHz);

t.afterEach(async () => {
  await rest(hanako, taro);
  await centre.atRest();
});

const post = (who: typeof hanako, callId: string, what: string, body?: object) =>
  who.rest<{ code?: string }>('POST', `/api/v1/calls/${callId}/${what}`, body);
const handedOver = {
  reason: 'product-question',
  queue: 'general',
  verified: ['date-of-birth'],
  facts: { product: 'kettle' },
};

async function atTheCentre() {
  await taro.setState('available');
  const customer = await centre.callIn(numbers.contract, customerHz);
  await taro.rings();
  await taro.answer();
  await hear('the customer is with the centre', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  return { customer, callId: taro.view.call!.id };
}

t.test('verified at the centre, handed over to home, back when personal information comes up', async (t) => {
  const { customer, callId } = await atTheCentre();
  await hanako.setState('available');
  t.equal(hanako.line, undefined, 'the reason is for the centre alone');
  t.match((await taro.rest('GET', '/api/v1/steps')).body, { factors: [{ id: 'date-of-birth' }, {}] });
  t.equal((await post(taro, callId, 'hand-over', handedOver)).status, 204);
  await hanako.rings();
  await hearsMusic(customer, [taroHz, hanakoHz]);
  await hanako.answer();
  await hear('the customer is with the agent at home', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  const { call } = await hanako.shows('what was handed over', (desk) => desk.call?.state === 'connected');
  t.match(call, {
    alias: /^[A-Z0-9-]{6,}$/,
    reason: { id: 'product-question', piiClass: 'none' },
    step: 'handed-over',
    verified: ['date-of-birth'],
    steps: [{ kind: 'handed-over', by: taro.personId, verified: ['date-of-birth'], facts: { product: 'kettle' } }],
  });
  t.equal(call!.steps.length, 1);
  await aWhile(800);

  t.equal((await post(hanako, callId, 'pii-came-up')).status, 204);
  await hanako.shows('after-call work', (desk) => desk.call === null && desk.state !== 'on-call');
  await eventually('the line at home has ended', () => hanako.line === undefined);
  await hearsMusic(customer, [hanakoHz]);
  await hanako.setState('available');
  await taro.rings();
  t.match(taro.view.call, {
    id: callId,
    step: 'identify',
    queue: 'contracts',
    reason: { id: 'product-question' },
    verified: ['date-of-birth'],
    steps: [{ kind: 'handed-over' }, { kind: 'pii-came-up', by: hanako.personId, place: 'home' }],
  });
  await taro.answer();
  await hear('the customer is with the centre again', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  t.equal(hanako.line, undefined);
  await aWhile(600);
  customer.hangUp();

  const record = await centre.endedCall(callId);
  t.strictSame(
    record.segments.map(({ personId, place }) => [personId, place]),
    [
      [taro.personId, 'centre'],
      [hanako.personId, 'home'],
      [taro.personId, 'centre'],
    ],
  );
  t.equal(record.recordingIds.length, 1, 'one recording');
  const events = await centre.events(callId);
  const came = events.find(({ type }) => type === 'pii-came-up')!;
  t.match(came, { personId: hanako.personId, place: 'home', queue: 'contracts' });
  const recordingId = record.recordingIds[0]!;
  const { marks } = await centre.engawa.get<{ marks: { mark: string; atMs: number }[] }>(
    `/api/v1/recordings/${recordingId}`,
  );
  t.match(marks, [{ mark: 'pii-came-up' }]);
  const audio = await centre.recording(recordingId);
  const at = marks[0]!.atMs;
  t.ok(audio.level('right', hanakoHz, at - 600, at - 250) > 2000, 'before the mark home is heard');
  t.ok(audio.level('right', hanakoHz, at + 250, at + 600) < 300, 'after it, it is not');
  t.ok(audio.level('left', customerHz, at - 600, at + 600) > 2000, 'the customer is recorded throughout');
});

t.test('only what is on the lists goes along, and only to a reason without personal information', async (t) => {
  const { customer, callId } = await atTheCentre();
  for (const [change, status, code] of [
    [{ reason: 'contract-change' }, 409, 'reason-has-pii'],
    [{ reason: 'no-such' }, 409, 'no-such-reason'],
    [{ queue: 'no-such' }, 409, 'no-such-queue'],
    [{ verified: ['mother-tongue'] }, 409, 'not-on-list'],
    [{ facts: { product: 'Yamada Taro, 1-2-3' } }, 409, 'not-on-list'],
    [{ facts: { note: 'kettle' } }, 409, 'not-on-list'],
  ] as const)
    t.match(await post(taro, callId, 'hand-over', { ...handedOver, ...change }), { status, body: { code } });
  t.equal((await post(hanako, callId, 'hand-over', handedOver)).status, 404, 'not somebody else’s call');
  t.equal((await post(hanako, callId, 'pii-came-up')).status, 404);
  await hear('the call is where it was', [[customer, [taroHz]]]);
  customer.hangUp();
  t.equal((await centre.endedCall(callId)).segments.length, 1);
});

t.test('it comes up in a call that nobody handed over: nobody at home gets it again', async (t) => {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  await hanako.rings();
  await hanako.answer();
  await hear('with home', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  const callId = hanako.view.call!.id;
  await hanako.command('hold');
  t.equal((await post(hanako, callId, 'pii-came-up')).status, 204);
  t.match(await post(hanako, callId, 'pii-came-up'), { status: 404 });
  await hanako.setState('available');
  await hearsMusic(customer, [hanakoHz]);
  await aWhile(1000);
  t.equal(hanako.line, undefined, 'free, and not offered');
  await taro.setState('available');
  await taro.rings();
  await taro.answer();
  await hear('with the centre', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  customer.hangUp();
  const record: CallView = await centre.endedCall(callId);
  t.equal(record.segments.length, 2);
});
