// What Redis keeps, for how long, and what happens to a node that was away for longer than that.

import t from 'tap';
import { silentLogger } from '../../src/shared/logger.ts';
import { createRedisLiveState } from '../../src/store/redis/redis-live-state.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis, startRedis, startRedisCluster } from '../support/live/redis.ts';
import { cuttableWire } from '../support/servers/database.ts';

const skip = { skip: skipWithoutRedis };
const patient = { withinMs: 60_000 };

t.test('Redis holds a bounded part of the past, and who missed more starts from a snapshot', skip, async (t) => {
  const server = await startRedis(t);
  const wire = await cuttableWire(t, server.url);
  // Long enough that being cut off is no death.
  const settings = { log: silentLogger, lapseMs: 300_000 };
  const a = await createRedisLiveState({ ...settings, url: server.url });
  const b = await createRedisLiveState({ ...settings, url: wire.url });
  t.teardown(() => Promise.all([a.close(), b.close()]));
  const read = { count: 0, last: 0, place: '' };
  a.log<number>('acd').follow({
    onSnapshot() {},
    onLost: () => t.fail('nothing is lost'),
    onEntry({ value, place }) {
      read.count += 1;
      read.last = value;
      read.place = place;
    },
  });
  const told: string[] = [];
  let sum = 0;
  b.log<number>('acd').follow({
    onSnapshot: (state) => {
      told.push('snapshot');
      sum = state as number;
    },
    onEntry: ({ value }) => {
      sum += value;
    },
    onLost: () => told.push('lost'),
  });
  await a.log('acd').append(1);
  await eventually('b has read it', () => sum === 1, patient);
  await wire.cut();
  let expected = 1;
  for (let i = 0; i < 26; i++) {
    await Promise.all(Array.from({ length: 4000 }, () => a.log('acd').append(1)));
    expected += 4000;
    await Promise.all(Array.from({ length: 1000 }, (_, n) => a.map('desks').put(`key ${n}`, i)));
    await Promise.all(Array.from({ length: 500 }, () => a.publish('feed', i)));
  }
  await eventually('a has read all', () => read.count === expected, patient);
  for (const [stream, most] of [
    ['topics', 10_000],
    ['changes', 20_000],
    ['logged:acd', 100_000],
  ] as const) {
    const length = Number(await server.call('XLEN', `{engawa}:${stream}`));
    t.ok(length >= most && length <= most + 200, `${stream}: ${length}`);
  }
  await a.log('acd').saveSnapshot(read.place, expected);
  await a.log('acd').append(1);
  await a.acquireLease('sweeper', 60_000);
  await a.takeToken('k', 3, 60_000);
  await wire.mend();
  await eventually('b has all of it', () => sum === expected + 1, patient);
  t.strictSame(told, ['snapshot']);
  await eventually('and the map', () => b.map('desks').get('key 999')?.value === 25, patient);
  t.strictSame(b.map('desks').entries().length, 1000);
  // The next heartbeat.
  const leaveByThemselves = async () => {
    const keys = (await server.call('KEYS', '*')) as string[];
    const times = await Promise.all(keys.map((key) => server.call('PTTL', key)));
    return keys.length > 8 && times.every((ms) => Number(ms) > 0);
  };
  await eventually('every key has an end', leaveByThemselves, patient);
});

t.test('when a cluster gives our slot to another server, it is found there', skip, async (t) => {
  const servers = await startRedisCluster(t);
  const node = await createRedisLiveState({ url: servers[0]!.url, log: silentLogger, keyPrefix: 'moved' });
  t.teardown(() => node.close());
  const told: string[] = [];
  node
    .log('acd')
    .follow({ onSnapshot() {}, onLost: () => told.push('lost'), onEntry: ({ value }) => told.push(String(value)) });
  await node.log('acd').append('before');
  await node.map('desks').put('mine', 1);
  const slot = String(await servers[0]!.call('CLUSTER', 'KEYSLOT', '{moved}'));
  const has = async (server: (typeof servers)[number]) =>
    Number(await server.call('CLUSTER', 'COUNTKEYSINSLOT', slot).catch(() => 0)) > 0;
  const owners = await Promise.all(servers.map(has));
  const from = servers[owners.indexOf(true)]!;
  const to = servers[owners.indexOf(false)]!;
  const ids = { from: String(await from.call('CLUSTER', 'MYID')), to: String(await to.call('CLUSTER', 'MYID')) };
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids.from);
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids.to);
  for (let keys = ['']; keys.length > 0; ) {
    keys = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
    if (keys.length > 0) await from.call('MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...keys);
  }
  for (const server of servers) await server.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids.to);
  await eventually(
    'it goes on',
    () =>
      node
        .log('acd')
        .append('after')
        .then(() => true),
    patient,
  );
  await eventually('and is told', () => told.includes('after'), patient);
  t.strictSame([...new Set(told)], ['before', 'after'], 'nothing was lost on the way');
  t.equal(await to.call('HLEN', '{moved}:entries'), 1);
  t.equal(node.map('desks').get('mine')?.value, 1);
});
