// A node is taken out of use under calls, and nothing of a customer's number is where nodes keep what they share.

import { test } from 'tap';
import { startClusterCentre } from '../support/centre/cluster-centre.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { hear, numbers, rest } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';

test('a node that drains keeps its calls, takes no new ones, and its idle desks go on at another one', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { nodes } = await startClusterCentre(t, ['east', 'west']);
  const [east, west] = [nodes[0]!, nodes[1]!];
  const hanako = await east.desk('hanako', 440);
  const taro = await east.desk('taro', 330);
  await hanako.setState('available');
  const customer = await east.callIn(numbers.product, 550);
  await hanako.answer(await hanako.rings());
  await hear('each other', [
    [hanako, [550]],
    [customer, [440]],
  ]);
  await taro.setState('available');

  const id = (await west.nodes()).find(({ name }) => name === 'east')!.id;
  await west.drain(id);
  await eventually('everybody knows', async () => (await west.nodes()).some((node) => node.draining));
  const refused = await east.carrier.callIn({ dialled: numbers.product, toneHz: 660 });
  await eventually('no new calls', () => refused.state === 'refused');
  t.equal(refused.status, 503);
  await eventually('the idle desk is let go', () => taro.feed.some(({ event }) => event === 'cut'));
  t.equal((await fetch(new URL('/healthz', east.engawa.url))).status, 503, 'a load balancer sends pages elsewhere');
  const moved = await west.desk('taro', 330);
  await moved.inState('available');
  const another = await west.callIn(numbers.product, 660);
  await moved.answer(await moved.rings());
  await hear('the conversation from before, and a new one', [
    [hanako, [550]],
    [customer, [440]],
    [moved, [660]],
    [another, [330]],
  ]);
  await hanako.command('hold');
  await hanako.command('resume');
  customer.hangUp();
  await hanako.shows('no call', (desk) => desk.call === null);
  await eventually('nothing is left', async () => (await west.nodes()).find((node) => node.id === id)?.calls === 0);
  t.equal(await east.engawa.stop('SIGTERM'), 0);
  await eventually('it has left', async () => (await west.nodes()).length === 1);
  await hear('untouched', [
    [moved, [660]],
    [another, [330]],
  ]);
  another.hangUp();
  await rest(moved);
});

test('no number of a customer is in what nodes share', { skip: skipWithoutRedis }, async (t) => {
  const { nodes, redis } = await startClusterCentre(t, ['east', 'west']);
  const [east, west] = [nodes[0]!, nodes[1]!];
  const number = '+819055512345';
  const hanako = await west.desk('hanako', 440);
  await hanako.setState('available');
  const customer = await east.callIn(numbers.product, 550, number);
  await hanako.answer(await hanako.rings());
  await hear('each other', [
    [hanako, [550]],
    [customer, [440]],
  ]);
  const dump = Buffer.concat(
    await Promise.all(((await redis.call('KEYS', '*')) as string[]).map((key) => everything(redis, key))),
  );
  t.ok(dump.length > 1000, `${dump.length} bytes in Redis`);
  t.ok(dump.includes(hanako.view.call!.id), 'the call is among them');
  t.same(findNumber(dump, number), [], 'not in Redis');
  t.same(findNumber(hanako.proxy.toClient(), number), [], 'not at home');
  customer.hangUp();
  await rest(hanako);
});

/** A key and all that it holds, whatever its type. */
async function everything(redis: { call(command: string, ...args: string[]): Promise<unknown> }, key: string) {
  const reads: Record<string, string[]> = {
    string: ['GET', key],
    hash: ['HGETALL', key],
    stream: ['XRANGE', key, '-', '+'],
    zset: ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
    set: ['SMEMBERS', key],
    list: ['LRANGE', key, '0', '-1'],
  };
  const type = String(await redis.call('TYPE', key));
  const [command = '', ...args] = reads[type] ?? [];
  if (!command) throw new Error(`${key} is a ${type}`);
  return Buffer.from(`${key}\n${JSON.stringify(await redis.call(command, ...args))}\n`);
}
