import t from 'tap';
import { coversCall, coversPerson, coversQueue, isLimited, isWithin } from './scopes.ts';

const orders = { queues: ['orders'] };
const osaka = { sites: ['Osaka'] };
const both = { sites: ['Osaka'], queues: ['orders'] };
const inOsaka = { queues: ['orders'], site: 'Osaka' };
const inTokyo = { queues: ['orders'], site: 'Tokyo' };
const ofSupport = { queues: ['support'], site: 'Osaka' };
const nowhere = { queues: [] };

t.test('without a scope everything is covered', async (t) => {
  for (const scope of [undefined, {}]) {
    t.equal(isLimited(scope), false);
    t.ok(coversQueue(scope, 'orders') && coversQueue(scope, null));
    t.ok(coversPerson(scope, nowhere));
    t.ok(coversCall(scope, { queue: null, people: [] }));
  }
});

t.test('people: by their queues, their site, or both', async (t) => {
  const table = [
    [orders, [true, true, false, false]],
    [osaka, [true, false, true, false]],
    [both, [true, false, false, false]],
  ] as const;
  for (const [scope, expected] of table)
    t.strictSame(
      [inOsaka, inTokyo, ofSupport, nowhere].map((person) => coversPerson(scope, person)),
      expected,
      JSON.stringify(scope),
    );
});

t.test('calls: by their queue first, then by who has had them', async (t) => {
  t.equal(coversCall(orders, { queue: 'orders', people: [] }), true);
  t.equal(coversCall(orders, { queue: 'support', people: [inOsaka] }), false, 'the queue decides where there is one');
  t.equal(coversCall(orders, { queue: null, people: [inTokyo] }), true, 'a call out of one of theirs');
  t.equal(coversCall(orders, { queue: null, people: [] }), false, 'nothing is known of it');
  t.equal(coversCall(osaka, { queue: 'support', people: [] }), true, 'waits for anybody');
  t.equal(coversCall(osaka, { queue: 'orders', people: [inTokyo] }), false);
  t.equal(coversCall(osaka, { queue: 'orders', people: [inTokyo, inOsaka] }), true, 'was transferred');
  t.equal(coversCall(both, { queue: 'support', people: [ofSupport] }), false);
  t.equal(coversCall(both, { queue: 'orders', people: [inOsaka] }), true);
});

t.test('a list that is empty covers nothing', async (t) => {
  t.equal(isLimited({ queues: [] }), true);
  t.equal(coversQueue({ queues: [] }, 'orders'), false);
  t.equal(coversPerson({ sites: [] }, inOsaka), false);
});

t.test('nobody gives more than they have', async (t) => {
  t.ok(
    isWithin(undefined, undefined) && isWithin(orders, undefined) && isWithin(both, orders) && isWithin(both, osaka),
  );
  t.notOk(isWithin(undefined, orders) || isWithin(osaka, orders) || isWithin({ queues: ['orders', 'x'] }, orders));
});
