// Nodes of the built program that are killed, and a Redis that is: who is freed, who keeps the place, what goes on, what the
// records say.

import { test } from 'tap';
import type { AgentRow, QueueView } from '../../src/api/contract.ts';
import type { EngawaEvent } from '../../src/shared/events.ts';
import { type ClusterNode, startClusterCentre } from '../support/centre/cluster-centre.ts';
import { hear, numbers, rest } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';
import { sql } from '../support/servers/database.ts';

const waiting = async (node: ClusterNode, queue: string) =>
  (await node.engawa.get<{ items: QueueView[] }>('/api/v1/queues')).items.find(({ name }) => name === queue)?.waiting;
const agent = async (node: ClusterNode, login: string) =>
  (await node.engawa.get<{ items: AgentRow[] }>('/api/v1/agents')).items.find(({ person }) => person.login === login);

test('the queue is one queue: the oldest caller first, whichever node took the call', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { nodes } = await startClusterCentre(t, ['east', 'west']);
  const [east, west] = [nodes[0]!, nodes[1]!];
  const first = await west.callIn(numbers.product, 550);
  await eventually('east knows of one', async () => (await waiting(east, 'general')) === 1);
  const second = await east.callIn(numbers.product, 660);
  await eventually('west knows of two', async () => (await waiting(west, 'general')) === 2);
  const hanako = await east.desk('hanako', 440);
  await hanako.setState('available');
  await hanako.answer(await hanako.rings());
  await hear('the first caller', [
    [hanako, [550]],
    [first, [440]],
  ]);
  await hanako.command('hangup');
  await hanako.answer(await hanako.rings());
  await hear('then the second', [
    [hanako, [660]],
    [second, [440]],
  ]);
  second.hangUp();
  await rest(hanako);
  t.pass();
});

test('a node is killed: its agents are freed, its calls have ended records, callers elsewhere keep their place', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { nodes, databaseUrl } = await startClusterCentre(t, ['east', 'west', 'north']);
  const [east, west, north] = [nodes[0]!, nodes[1]!, nodes[2]!];
  const hanako = await north.desk('hanako', 440);
  const taro = await west.desk('taro', 330);
  // Taro, whose desk is at west, talks in a call of north; hanako, whose desk is at north, is free.
  await taro.setState('available');
  const talking = await north.callIn(numbers.contract, 550);
  await taro.answer(await taro.rings());
  await hear('each other', [
    [taro, [550]],
    [talking, [330]],
  ]);
  await taro.setState('not-ready', 'lunch');
  const waitsAtEast = await east.callIn(numbers.contract, 660);
  const waitsAtWest = await west.callIn(numbers.contract, 790);
  await north.callIn(numbers.contract, 1010);
  await eventually('three wait', async () => (await waiting(east, 'contracts')) === 3);
  await hanako.setState('available');
  t.match(await agent(east, 'hanako'), { state: 'available' }, 'known at every node');

  const killedAt = Date.now();
  await north.kill();
  await eventually('its agent is free', async () => (await agent(east, 'hanako'))?.state === 'not-ready', {
    withinMs: 10_000,
  });
  t.comment(`its agents were freed after ${Date.now() - killedAt} ms`);
  await eventually('its caller is gone', async () => (await waiting(west, 'contracts')) === 2, { withinMs: 10_000 });
  await eventually(
    'who talked in its call does so no more',
    async () => (await agent(west, 'taro'))?.state === 'not-ready',
    {
      withinMs: 10_000,
    },
  );

  await taro.setState('available');
  await taro.answer(await taro.rings());
  await hear('who waited longest', [
    [taro, [660]],
    [waitsAtEast, [330]],
  ]);
  waitsAtEast.hangUp();
  waitsAtWest.hangUp();
  await rest(taro);
  const open = async () => {
    const rows = await sql<{ type: string; call_id: string }>(
      databaseUrl,
      `SELECT type, call_id FROM events WHERE type IN ('call-started', 'call-ended')`,
    );
    const count = (type: string) => rows.filter((row) => row.type === type).length;
    return [count('call-started'), count('call-ended')];
  };
  await eventually(
    'every record is ended once',
    async () => {
      const [started, ended] = await open();
      return started === 4 && ended === 4;
    },
    { withinMs: 20_000, everyMs: 200 },
  );
});

test('Redis is killed and comes back empty: conversations go on, each node serves its own, then all agree again', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { redis, east, west, hanako, taro, talking } = await conversationOverNodes(t);
  await eventually('known at east', async () => (await agent(east, 'taro'))?.state === 'available');

  await redis.kill();
  const elsewhere = await east.callIn(numbers.product, 660);
  const here = await west.callIn(numbers.product, 790);
  await taro.answer(await taro.rings(30_000));
  await hear('the own caller of west at the desk of west, the conversation from before', [
    [taro, [790]],
    [here, [330]],
    [hanako, [550]],
    [talking, [440]],
  ]);
  await taro.command('hold');
  await taro.shows('held', (desk) => desk.call?.state === 'held');
  await taro.command('resume');

  await redis.restart();
  await eventually(
    'both agree on who talks',
    async () => {
      const states = await Promise.all([agent(east, 'taro'), agent(west, 'hanako'), agent(east, 'hanako')]);
      return states.every((one) => one?.state === 'on-call');
    },
    { withinMs: 20_000, everyMs: 200 },
  );
  await eventually('the caller of east waits at both', async () => (await waiting(west, 'general')) === 1);
  await hanako.command('hangup');
  await eventually('over', () => talking.state === 'ended');
  await hanako.answer(await hanako.rings());
  await hear('the caller who waited through it all', [
    [hanako, [660]],
    [elsewhere, [440]],
  ]);
  here.hangUp();
  elsewhere.hangUp();
  await rest(hanako, taro);
  const { items } = await east.engawa.get<{ items: EngawaEvent[] }>(`/api/v1/calls/${hanako.lines[0]!.callId}/events`);
  t.equal(items.filter(({ type }) => type === 'call-ended').length, 1);
});

test('Redis hangs and goes on with what it had: nobody has two calls, who talks goes on, who waits is served', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { redis, east, west, hanako, taro, talking } = await conversationOverNodes(t);
  redis.hang();
  // Only west has a free desk: its own caller is served there, the other waits for the end of this.
  const waits = await east.callIn(numbers.product, 660);
  const served = await west.callIn(numbers.product, 790);
  await taro.answer(await taro.rings(30_000));
  await taro.shows('connected', (desk) => desk.call?.state === 'connected');
  redis.resume();
  await hear('both conversations', [
    [taro, [790]],
    [served, [330]],
    [hanako, [550]],
    [talking, [440]],
  ]);
  await eventually(
    'both nodes agree on who talks and who waits',
    async () => {
      const states = await Promise.all([agent(east, 'taro'), agent(west, 'hanako')]);
      return states.every((one) => one?.state === 'on-call') && (await waiting(west, 'general')) === 1;
    },
    { withinMs: 30_000, everyMs: 200 },
  );
  await hanako.command('hangup');
  await hanako.answer(await hanako.rings(20_000));
  await hear('the caller who waited', [
    [hanako, [660]],
    [waits, [440]],
    [taro, [790]],
  ]);
  waits.hangUp();
  served.hangUp();
  await rest(hanako, taro);
  t.pass();
});

/** Hanako at east talks to a customer of west, and taro is free at west. */
async function conversationOverNodes(t: Parameters<typeof startClusterCentre>[0]) {
  const { nodes, redis } = await startClusterCentre(t, ['east', 'west']);
  const [east, west] = [nodes[0]!, nodes[1]!];
  const hanako = await east.desk('hanako', 440);
  const taro = await west.desk('taro', 330);
  await hanako.setState('available');
  const talking = await west.callIn(numbers.product, 550);
  await hanako.answer(await hanako.rings());
  await hear('each other', [
    [hanako, [550]],
    [talking, [440]],
  ]);
  await taro.setState('available');
  return { redis, east, west, hanako, taro, talking };
}
