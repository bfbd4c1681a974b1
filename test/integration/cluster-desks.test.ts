// Desks of one node and calls of another, when the node of the desk is killed: while it rings, and while its agent talks. And what
// one node decides about people is known at the other.

import { test } from 'tap';
import type { AgentRow } from '../../src/api/contract.ts';
import { addAdministrator } from '../support/centre/administrator.ts';
import { startClusterCentre } from '../support/centre/cluster-centre.ts';
import { readEvents } from '../support/centre/event-source.ts';
import { hear, numbers, rest } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';
import { sql } from '../support/servers/database.ts';

test('the node of a desk that rings is killed: the call is offered to somebody else and keeps its place', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { nodes } = await startClusterCentre(t, ['east', 'west'], { ringTimeoutSeconds: 30 });
  const [east, west] = [nodes[0]!, nodes[1]!];
  const hanako = await west.desk('hanako', 440);
  const taro = await east.desk('taro', 330);
  await hanako.setState('available');
  const customer = await east.callIn(numbers.product, 550);
  await hanako.rings();
  await taro.setState('available');
  await west.kill();
  await taro.answer(await taro.rings(20_000));
  await hear('each other', [
    [taro, [550]],
    [customer, [330]],
  ]);
  customer.hangUp();
  await rest(taro);
  t.pass();
});

test('the node of a desk is killed in mid-call: the desk comes back at another node and goes on with its call', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { nodes } = await startClusterCentre(t, ['east', 'west'], { calls: { reattachSeconds: 20 } });
  const [east, west] = [nodes[0]!, nodes[1]!];
  const hanako = await west.desk('hanako', 440);
  await hanako.setState('available');
  const customer = await east.callIn(numbers.product, 550);
  await hanako.answer(await hanako.rings());
  await hear('each other', [
    [hanako, [550]],
    [customer, [440]],
  ]);
  const { id } = hanako.view.call!;
  await west.kill();
  hanako.vanish();
  const back = await east.desk('hanako', 660);
  await back.shows('the same call', (desk) => desk.call?.id === id && desk.call.state === 'connected', 20_000);
  await hear('each other again', [
    [back, [550]],
    [customer, [660]],
  ]);
  await back.command('hangup');
  const record = await east.endedCall(id);
  t.match(record, { cause: 'normal', side: 'agent' });
  await rest(back);
});

test('the node of an agent who works by telephone is killed, and no page comes back: the telephone rings from the other node', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { nodes, environment } = await startClusterCentre(t, ['east', 'west'], {
    config: { telephones: { confirmSeconds: 8, ringSeconds: 20 } },
  });
  const [east, west] = [nodes[0]!, nodes[1]!];
  const administrator = await addAdministrator(east.engawa, 'kanri', environment);
  const hanako = await west.desk('hanako', 440, { withoutPhone: true });
  const telephone = `/api/v1/users/${hanako.personId}/telephone`;
  t.match(await administrator.rest('PUT', telephone, { number: '080-5555-7788' }), { status: 200 });
  t.match(await hanako.rest('PUT', '/api/v1/desk/device', { device: 'telephone' }), { status: 200 });
  await hanako.setState('available');
  await hanako.inState('available');
  await west.kill();
  hanako.vanish();
  const state = async () => {
    const { items } = await east.engawa.get<{ items: AgentRow[] }>('/api/v1/agents');
    return items.find(({ person }) => person.id === hanako.personId)?.state;
  };
  await eventually('not ready', async () => (await state()) === 'not-ready', { withinMs: 15_000 });
  await eventually('available', async () => (await state()) === 'available', { withinMs: 15_000 });
  east.carrier.next({ answer: { toneHz: 330 } });
  const customer = await east.callIn(numbers.product, 550);
  const called = await eventually('the telephone rings', () => east.carrier.called[0], { withinMs: 30_000 });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await called.customer.digits('1');
  await hear('each other', [
    [called.customer, [550]],
    [customer, [330]],
  ]);
  customer.hangUp();
  await eventually('after-call work or available', async () => (await state()) !== 'on-call');
});

test('a node is killed with a call in every phase: nobody elsewhere is stuck, and every record is ended', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { nodes, databaseUrl } = await startClusterCentre(t, ['east', 'west'], { ringTimeoutSeconds: 60 });
  const [east, west] = [nodes[0]!, nodes[1]!];
  const hanako = await east.desk('hanako', 440);
  const taro = await east.desk('taro', 330);
  await taro.setState('available');
  await west.callIn(numbers.contract, 550);
  await taro.answer(await taro.rings());
  await taro.shows('connected', (desk) => desk.call?.state === 'connected');
  await taro.command('hold');
  await taro.shows('held', (desk) => desk.call?.state === 'held');
  await west.callIn(numbers.contract, 660);
  await hanako.setState('available');
  await west.callIn(numbers.product, 790);
  const ringing = await hanako.rings();
  await west.callIn(numbers.menu, 1010);

  await west.kill();
  await hanako.inState('available', 20_000);
  await eventually('the telephone is quiet', () => ringing.state === 'ended', { withinMs: 15_000 });
  await taro.shows('no call', (desk) => desk.call === null && desk.state === 'available', 20_000);
  const causes = async () =>
    (
      await sql<{ cause: string }>(
        databaseUrl,
        `SELECT fields->>'cause' AS cause FROM events WHERE type = 'call-ended'`,
      )
    ).map(({ cause }) => cause);
  await eventually('four records are ended', async () => (await causes()).length === 4, { withinMs: 20_000 });
  t.same(await causes(), ['fault', 'fault', 'fault', 'fault']);

  await rest(taro);
  const customer = await east.callIn(numbers.product, 550);
  await hanako.answer(await hanako.rings());
  await hear('the next call', [
    [hanako, [550]],
    [customer, [440]],
  ]);
  customer.hangUp();
  await rest(hanako);
});

test('what happens at one node is told at the other, each event once; who signs out at one is out at both', {
  skip: skipWithoutRedis,
}, async (t) => {
  const { nodes } = await startClusterCentre(t, ['east', 'west']);
  const [east, west] = [nodes[0]!, nodes[1]!];
  const authorization = { authorization: `Bearer ${east.engawa.apiKey}`, accept: 'text/event-stream' };
  const feeds = await Promise.all(
    [east, west].map(({ engawa }) => readEvents(`${engawa.url}/api/v1/feed`, authorization)),
  );
  t.teardown(() => feeds.map((feed) => feed.close()));
  const customers = await Promise.all([east, west].map((node, i) => node.callIn(numbers.product, [550, 660][i]!)));
  for (const customer of customers) customer.hangUp();
  const idsOf = (which: number) => feeds[which]!.events.flatMap(({ id }) => id ?? []);
  const ended = (which: number) =>
    feeds[which]!.events.filter(({ event, data }) => event === 'event' && data.type === 'call-ended').length;
  await eventually('both feeds tell the end of both calls', () => ended(0) === 2 && ended(1) === 2);
  await eventually('both tell the same', () => idsOf(0).length === idsOf(1).length);
  t.same(idsOf(0), idsOf(1), 'the same events in the same order');
  t.equal(new Set(idsOf(0)).size, idsOf(0).length, 'each once');

  const middle = idsOf(0)[3]!;
  const again = await readEvents(`${west.engawa.url}/api/v1/feed`, { ...authorization, 'last-event-id': middle });
  t.teardown(() => again.close());
  const rest = idsOf(0).slice(4);
  await eventually('who comes back to the other node is told the rest', () => {
    const told = again.events.flatMap(({ id }) => id ?? []);
    return told.length >= rest.length && JSON.stringify(told.slice(0, rest.length)) === JSON.stringify(rest);
  });

  const signedIn = await fetch(`${west.engawa.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: new URL(west.engawa.url).origin },
    body: JSON.stringify({ login: 'midori', password: west.engawa.passwordOf('midori') }),
  });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { csrfToken } = (await signedIn.json()) as { csrfToken: string };
  const atEast = () => fetch(`${east.engawa.url}/api/v1/session`, { headers: { cookie } });
  t.equal((await atEast()).status, 200, 'a session is good at every node');
  const hers = await readEvents(`${east.engawa.url}/api/v1/feed`, { cookie, accept: 'text/event-stream' });
  t.teardown(() => hers.close());
  const headers = { cookie, 'x-csrf-token': csrfToken, origin: new URL(west.engawa.url).origin };
  t.equal((await fetch(`${west.engawa.url}/api/v1/session`, { method: 'DELETE', headers })).status, 204);
  await eventually('her feed at the other node is cut', () =>
    hers.events.some(({ event, data }) => event === 'cut' && data.because === 'signed-out'),
  );
  t.equal((await atEast()).status, 401);
});
