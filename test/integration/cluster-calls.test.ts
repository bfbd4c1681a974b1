// Two nodes of the built program with one PostgreSQL and one Redis: calls of one node at desks of the other.

import { test } from 'tap';
import type { DeskView } from '../../src/api/contract.ts';
import { startClusterCentre } from '../support/centre/cluster-centre.ts';
import { hear, hearsMusic, numbers } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';

test('a call into one node is taken by an agent at another, who commands it there', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { nodes } = await startClusterCentre(t, ['east', 'west']);
  const [east, west] = [nodes[0]!, nodes[1]!];
  const hanako = await west.desk('hanako', 440);
  await hanako.setState('available');
  const customer = await east.callIn(numbers.product, 550);
  const line = await hanako.rings();
  await hanako.answer(line);
  await hanako.shows('connected', (desk) => desk.call?.state === 'connected');
  await hear('each other', [
    [hanako, [550]],
    [customer, [440]],
  ]);
  const { id } = hanako.view.call!;
  t.equal(hanako.view.call?.id, line.callId);

  await hanako.command('hold');
  await hanako.shows('held', (desk) => desk.call?.state === 'held');
  await hearsMusic(customer, [440, 550]);
  await hanako.command('resume');
  await hear('each other again', [
    [hanako, [550]],
    [customer, [440]],
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
