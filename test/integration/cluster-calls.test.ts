// Two nodes of the built program with one PostgreSQL and one Redis: calls of one node at desks of the other.

import { test } from 'tap';
import type { DeskView } from '../../src/api/contract.ts';
import { startClusterCentre } from '../support/centre/cluster-centre.ts';
import { hear, hearsMusic, numbers } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';

test('two nodes', { skip: skipWithoutRedis }, async (t) => {
  const { nodes } = await startClusterCentre(t, ['east', 'west']);
  const [east, west] = [nodes[0]!, nodes[1]!];
  const hanako = await west.desk('hanako', 660);

  await t.test('a call into one node is taken by an agent at another, who commands it there', async (t) => {
    await hanako.setState('available');
    const customer = await east.callIn(numbers.product, 550);
    const line = await hanako.rings();
    await hanako.answer(line);
    await hanako.shows('connected', (desk) => desk.call?.state === 'connected');
    await hear('each other', [
      [hanako, [550]],
      [customer, [660]],
    ]);
    const { id } = hanako.view.call!;
    t.equal(hanako.view.call?.id, line.callId);

    await hanako.command('hold');
    await hanako.shows('held', (desk) => desk.call?.state === 'held');
    await hearsMusic(customer, [660, 550]);
    await hanako.command('resume');
    await hear('each other again', [
      [hanako, [550]],
      [customer, [660]],
    ]);
    const counts = async () => (await west.nodes()).map(({ name, calls }) => `${name} ${calls}`).sort();
    t.same(await counts(), ['east 1', 'west 0'], 'the call stays with the node that took it');

    await hanako.command('hangup');
    await eventually('the customer hears it', () => customer.state === 'ended');
    await hanako.shows('no call', (desk: DeskView) => desk.call === null);
    const record = await west.endedCall(id);
    t.match(record, { id, side: 'agent', cause: 'normal', queue: 'general' });
    t.equal(record.segments.length, 1);
    await hanako.inState('available');
    t.same(await counts(), ['east 0', 'west 0']);
  });

  await t.test(
    'a colleague and a supervisor at other nodes are in a call; a call is parked at one node and taken at another',
    async (t) => {
      const taro = await east.desk('taro', 790);
      const midori = await west.desk('midori', 330);
      await hanako.setState('available');
      const customer = await east.callIn(numbers.product, 550);
      await hanako.rings();
      await hanako.answer();
      await hear('each other', [
        [hanako, [550]],
        [customer, [660]],
      ]);
      await hanako.shows('connected', (desk) => desk.call?.state === 'connected');
      const { id } = hanako.view.call!;
      await taro.setState('available');
      await eventually('west knows', async () => {
        const { body } = await hanako.rest<{ items: { state: string }[] }>('GET', '/api/v1/colleagues');
        return body.items.some(({ state }) => state === 'available');
      });
      await hanako.command('consult', { personId: taro.personId });
      await taro.rings();
      await taro.answer();
      await hear('the two colleagues', [
        [hanako, [790]],
        [taro, [660]],
      ]);
      await taro.shows('that the desk is asked', (desk) => desk.call?.role === 'consulted');
      await hanako.command('conference');
      await hear('all three', [
        [customer, [660, 790]],
        [hanako, [550, 790]],
        [taro, [550, 660]],
      ]);
      const monitor = await midori.rest('PUT', `/api/v1/calls/${id}/monitor`, { mode: 'listen' });
      t.equal(monitor.status, 204);
      await hear('the supervisor listens', [[midori, [550, 660, 790]]]);
      const { body } = await midori.rest<{ items: { personId: string }[] }>('GET', '/api/v1/monitors');
      t.same(
        body.items.map(({ personId }) => personId),
        [midori.personId],
      );
      await hanako.command('complete');
      await hear('the colleague has the customer', [
        [customer, [790]],
        [taro, [550]],
      ]);
      await hanako.shows('no call', (desk) => desk.call === null);
      await taro.shows('the call', (desk) => desk.call?.role === 'agent');
      await taro.command('park');
      const parked = () => hanako.rest<{ items: { slot: string }[] }>('GET', '/api/v1/parked');
      await eventually('west knows the slot', async () => (await parked()).body.items[0]?.slot === '1');
      await eventually(
        'taken at the other node',
        async () => (await hanako.rest('POST', '/api/v1/parked/1/retrieve')).status === 204,
      );
      await hear('the customer is with who took it', [
        [customer, [660]],
        [hanako, [550]],
      ]);
      await hanako.shows('the call', (desk) => desk.call?.state === 'connected');
      await hanako.command('hangup');
      const record = await west.endedCall(id);
      t.strictSame(
        record.segments.map(({ personId }) => personId),
        [hanako.personId, taro.personId, hanako.personId],
      );
      await taro.inState('available');
    },
  );
});
