// Queues with the whole program: ring-all rings several desks for one call, and who rejects a call comes back by itself.
// hanako works at home and is cleared for nothing; taro is cleared for everything.

import t from 'tap';
import { hear, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const label = (name: string) => ({ name, label: { ja: name, en: name }, afterCallWorkSeconds: 1 });
const centre = await startCentre(t, {
  config: {
    queues: [
      { ...label('general'), strategy: 'ring-all', ringTimeoutSeconds: 30 },
      { ...label('contracts'), ringTimeoutSeconds: 30, rejected: { returnAfterSeconds: 1 } },
    ],
  },
});
const hanako = await centre.desk('hanako', 660);
const taro = await centre.desk('taro', 790);

t.afterEach(async () => {
  await rest(hanako, taro);
  await centre.atRest();
});

t.test('ring-all rings both desks, the first answer has the call, and the other is free at once', async (t) => {
  for (const desk of [hanako, taro]) await desk.setState('available');
  const customer = await centre.callIn(numbers.product, 440);
  const lines = await Promise.all([hanako.rings(), taro.rings()]);
  for (const desk of [hanako, taro])
    await desk.shows('the call that rings', ({ state, call }) => state === 'alerting' && call?.state === 'alerting');
  const callId = hanako.view.call!.id;
  t.equal(taro.view.call?.id, callId, 'it is one call');
  await taro.answer(lines[1]);
  await hear('who answered has the call', [
    [customer, [790]],
    [taro, [440]],
    [hanako, []],
  ]);
  await eventually('the other desk rings no more', () => hanako.line === undefined, { withinMs: 30_000 });
  await hanako.shows('nothing', ({ state, call }) => state === 'available' && call === null);
  const events = await centre.events(callId);
  const of = (type: string) => events.filter((event) => event.type === type);
  t.equal(of('agent-reserved').length, 2);
  t.equal(of('agent-not-answered').length, 0, 'who was too late did nothing wrong');
  t.match(of('agent-answered'), [{ personId: taro.personId }]);
  customer.hangUp();
});

t.test('one of two who rejects is not rung any more, the other still is', async (t) => {
  for (const desk of [hanako, taro]) await desk.setState('available');
  const customer = await centre.callIn(numbers.product, 550);
  const [own] = await Promise.all([hanako.rings(), taro.rings()]);
  await taro.shows('the call', ({ call }) => call?.state === 'alerting');
  await taro.command('reject');
  await taro.inState('not-ready');
  t.equal(hanako.view.state, 'alerting');
  await hanako.answer(own);
  await hear('the other has it', [
    [customer, [660]],
    [hanako, [550]],
  ]);
  customer.hangUp();
});

t.test('a caller who hangs up while two desks ring leaves both free', async (t) => {
  for (const desk of [hanako, taro]) await desk.setState('available');
  const customer = await centre.callIn(numbers.product, 440);
  await Promise.all([hanako.rings(), taro.rings()]);
  customer.hangUp();
  for (const desk of [hanako, taro]) await desk.shows('nothing', ({ state, call }) => state === 'available' && !call);
  const quiet = () => hanako.line === undefined && taro.line === undefined;
  t.ok(await eventually('neither rings any more', quiet, { withinMs: 30_000 }));
});

t.test('who rejects a call is available again after the queue’s time, and gets it again', async (t) => {
  await taro.setState('available');
  const customer = await centre.callIn(numbers.contract, 440);
  await taro.rings();
  await taro.shows('the call', ({ call }) => call?.state === 'alerting');
  await taro.command('reject');
  await taro.rings();
  await taro.answer();
  await hear('answered at last', [
    [customer, [790]],
    [taro, [440]],
  ]);
  t.ok(
    taro.feed.some((event) => JSON.stringify(event).includes('"rejected"')),
    'the desk was told why it was not ready meanwhile',
  );
  customer.hangUp();
});
