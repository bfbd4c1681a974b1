// Redis that goes away, hangs, forgets, or becomes another server: what every node is told, what is there again, and that nothing hangs.

import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/shared/logger.ts';
import type { LiveState } from '../../src/store/live-state.ts';
import { createRedisLiveState } from '../../src/store/redis/redis-live-state.ts';
import { eventually } from '../support/eventually.ts';
import { startLiveStateNode } from '../support/live/live-state-node.ts';
import { type RedisServer, skipWithoutRedis, startRedis } from '../support/live/redis.ts';

const skip = { skip: skipWithoutRedis };
const soon = (what: string, probe: () => unknown) => eventually(what, () => Boolean(probe()), { withinMs: 30_000 });

/** A node with everything it is told about the map `desks` and the log `acd`. */
async function watchedNode(t: Test, url: string, more: object = {}) {
  const node = await createRedisLiveState({ url, log: silentLogger, ...more });
  t.teardown(() => node.close());
  const lines: string[] = [];
  const entries: unknown[] = [];
  node.on('down', () => lines.push('down'));
  node.on('up', () => lines.push('up'));
  node.on('declaredDead', () => lines.push('declaredDead'));
  node.on('nodeGone', ({ because }) => lines.push(`gone ${because}`));
  const map = node.map<unknown>('desks');
  map.on('put', ({ key }) => lines.push(`put ${key}`));
  map.on('removed', ({ key, because }) => lines.push(`removed ${key} ${because}`));
  node.log('acd').follow({
    onSnapshot: () => lines.push('snapshot'),
    onEntry: ({ value }) => entries.push(value),
    onLost: () => {
      lines.push('lost');
      entries.length = 0;
    },
  });
  return { node, map, lines, entries, log: node.log<unknown>('acd') };
}

type Watched = Awaited<ReturnType<typeof watchedNode>>;

async function twoNodes(t: Test, url: string, more: object = {}): Promise<[Watched, Watched]> {
  const [a, b] = [await watchedNode(t, url, more), await watchedNode(t, url, more)];
  await a.map.put('of a', 1);
  await b.map.put('of b', 2, { keepOrphan: true });
  await a.log.append('first');
  await soon('both know all', () =>
    [a, b].every((each) => each.map.entries().length === 2 && each.entries.length === 1),
  );
  return [a, b];
}

const both = (nodes: readonly Watched[], line: string) =>
  soon(`all hear '${line}'`, () => nodes.every(({ lines }) => lines.includes(line)));
/** Besides that it went and came, which a busy machine may make happen twice. */
const told = (lines: readonly string[]) => lines.filter((line) => line !== 'down' && line !== 'up');
const forget = (nodes: readonly Watched[]) => {
  for (const { lines } of nodes) lines.length = 0;
};

/** How long `act` takes to reject with 'live-state-unavailable'. */
async function refusedAfterMs(t: Test, act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await t.rejects(act(), { code: 'live-state-unavailable' });
  return performance.now() - from;
}

t.test(
  'killed and started again empty: what each node owns is there again, and the order is lost for all',
  skip,
  async (t) => {
    const server = await startRedis(t);
    const nodes = await twoNodes(t, server.url);
    const [a, b] = nodes;
    forget(nodes);
    await server.kill();
    await both(nodes, 'down');
    t.equal(a.map.get('of b')?.value, 2, 'what was known is still read');
    const whileDown = a.map.put('put while down', 3);
    t.equal(a.map.get('put while down')?.value, 3, 'and written here');
    await t.rejects(whileDown, { code: 'live-state-unavailable' });
    const waits = await Promise.all([
      refusedAfterMs(t, () => a.log.append('x')),
      refusedAfterMs(t, () => a.map.claim('y', 1)),
      refusedAfterMs(t, () => a.node.acquireLease('z', 1000)),
      refusedAfterMs(t, () => a.node.publish('feed', 1)),
      refusedAfterMs(t, () => a.node.ask(b.node.nodeId, 1)),
    ]);
    t.ok(
      waits.every((ms) => ms < 10_000),
      `settled after ${waits.map(Math.round).join(', ')} ms`,
    );
    t.equal((await a.node.takeToken('k', 1, 60_000)).allowed, true, 'limits are counted here alone');
    t.equal((await a.node.takeToken('k', 1, 60_000)).allowed, false);
    t.match(await a.node.health(), { ok: false, because: /127\.0\.0\.1/ });
    await server.restart();
    await both(nodes, 'up');
    await both(nodes, 'lost');
    await soon('all is there again', () => nodes.every(({ map }) => map.entries().length === 3));
    await a.log.append('new order');
    await soon('which both follow', () => nodes.every(({ entries }) => entries.join() === 'new order'));
    t.strictSame(await a.node.health(), { ok: true });
    t.strictSame(
      a.lines.filter((line) => line.includes('of a')),
      [],
      'its own was never gone for a',
    );
    t.match(await server.call('HLEN', '{engawa}:entries'), 3);
  },
);

t.test('Redis that hangs is noticed, and nobody is declared dead for it', skip, async (t) => {
  const server = await startRedis(t);
  const nodes = await twoNodes(t, server.url);
  forget(nodes);
  server.hang();
  const ms = await refusedAfterMs(t, () => nodes[0].log.append('x'));
  t.ok(ms < 10_000, `noticed after ${Math.round(ms)} ms`);
  await both(nodes, 'down');
  // Longer than a lapse.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  server.resume();
  await both(nodes, 'up');
  await nodes[0].log.append('second');
  await soon('the order goes on', () => nodes.every(({ entries }) => entries.at(-1) === 'second'));
  for (const { lines, map } of nodes) {
    t.strictSame(told(lines), [], 'nothing else was told');
    t.equal(map.entries().length, 2);
  }
});

t.test('what was lost without a restart is noticed by the next heartbeat', skip, async (t) => {
  const server = await startRedis(t);
  const nodes = await twoNodes(t, server.url);
  forget(nodes);
  await server.call('FLUSHALL');
  await both(nodes, 'lost');
  await soon('all is there again', () => nodes.every(({ map }) => map.entries().length === 2));
  await soon('in Redis, too', async () => (await server.call('HLEN', '{engawa}:entries')) === 2);
  await server.call('SCRIPT', 'FLUSH');
  await Promise.all([nodes[0].map.put('more', 1), nodes[0].log.append('after the scripts were forgotten')]);
  await soon('it is told', () => nodes[1].map.get('more') && nodes[1].entries.length === 1);
});

t.test('a connection that is cut alone brings both back', skip, async (t) => {
  const server = await startRedis(t);
  const nodes = await twoNodes(t, server.url);
  forget(nodes);
  const clients = String(await server.call('CLIENT', 'LIST')).split('\n');
  const reader = clients.find((line) => line.includes('cmd=xread') && line.includes(`name=${nodes[0].node.nodeId}`));
  await server.call('CLIENT', 'KILL', 'ID', /id=(\d+)/.exec(reader!)![1]!);
  await both([nodes[0]], 'up');
  await nodes[1].map.put('after', 1);
  await soon('it hears again', () => nodes[0].map.get('after'));
  t.strictSame(told(nodes[0].lines), ['put after']);
});

t.test('another master is found, and what it does not have is told', skip, async (t) => {
  const first = await startRedis(t);
  const settings = ['--replicaof', '127.0.0.1', String(first.port)];
  const second = await startRedis(t, { settings });
  const replicates = async (server: RedisServer) =>
    String(await server.call('INFO', 'replication')).includes('master_link_status:up');
  await eventually('the replica has it all', () => replicates(second), { withinMs: 30_000 });
  const nodes = await twoNodes(t, `${second.url},${first.url}`);
  await eventually('so far', async () => (await second.call('HLEN', '{engawa}:entries')) === 2, { withinMs: 30_000 });
  await soon('and the log', async () => (await second.call('XLEN', '{engawa}:logged:acd')) === 1);
  // From here on the replica hears nothing; nobody looks for another master yet.
  await second.call('REPLICAOF', 'NO', 'ONE');
  await nodes[0].map.put('lost in failover', 1);
  await nodes[0].log.append('lost in failover');
  await soon('all have seen it', () =>
    nodes.every(({ entries, map }) => entries.length === 2 && map.entries().length === 3),
  );
  forget(nodes);
  await first.kill();
  await both(nodes, 'up');
  await both(nodes, 'lost');
  await soon('what a node owns is there again', async () => (await second.call('HLEN', '{engawa}:entries')) === 3);
  await soon('for all', () => nodes.every(({ map }) => map.entries().length === 3));
  await nodes[1].log.append('new order');
  await soon('one order for all', () => nodes.every(({ entries }) => entries.join() === 'new order'));
  t.notOk(nodes.some(({ lines }) => lines.includes('declaredDead')));
});

t.test('a master that becomes a replica is left for the one that is', skip, async (t) => {
  const [first, second] = [await startRedis(t), await startRedis(t)];
  const nodes = await twoNodes(t, `${first.url},${second.url}`);
  forget(nodes);
  await first.call('REPLICAOF', '127.0.0.1', String(second.port));
  await both(nodes, 'up');
  await soon('all is there again', async () => (await second.call('HLEN', '{engawa}:entries')) === 2);
  await soon('for all', () => nodes.every(({ map, lines }) => map.entries().length === 2 && lines.includes('lost')));
});

t.test('a node that hung learns that it was declared dead, and a killed one leaves nothing behind', skip, async (t) => {
  const server = await startRedis(t);
  const settings = { lapseMs: 2500, settings: { beatMs: 500 } };
  const a = await watchedNode(t, server.url, settings);
  const child = await startLiveStateNode(t, server.url, settings, ['bound', 'kept']);
  await soon('it is there', () => child.lines.some((line) => line.startsWith('ready')) && a.map.entries().length === 2);
  child.signal('SIGSTOP');
  await both([a], 'gone lapsed');
  await soon('what it owned is free', () => !a.map.get('bound') && a.map.get('kept')?.orphan);
  t.equal(await a.map.claim('kept', 'adopted'), undefined);
  child.signal('SIGCONT');
  await soon('it is told', () => child.lines.includes('declaredDead'));
  t.ok(child.lines.includes('removed bound removed') || child.lines.includes('removed bound owner-gone'));
  t.ok(child.lines.includes('removed kept replaced'), 'another has adopted it');
  await soon('it is a node again', () => a.node.nodes().length === 2);
  t.equal(a.map.get('kept')?.owner, a.node.nodeId, 'and takes nothing back by itself');
  forget([a]);
  child.signal('SIGKILL');
  await both([a], 'gone lapsed');
  const left = async () => (await server.call('KEYS', '*owned:*')) as string[];
  await eventually('its keys are gone', async () => (await left()).every((key) => key.endsWith(a.node.nodeId)), {
    withinMs: 30_000,
  });
});

/** Answers every command, and INFO with this text. */
async function fakeRedis(t: Test, info: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      for (const command of data.toString().split(/(?=\*\d+\r\n)/)) {
        socket.write(/\r\ninfo\r\n/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `redis://127.0.0.1:${(server.address() as { port: number }).port}`;
}

t.test('what is wrong at start is said in a sentence', async (t) => {
  const open = (url: string, more = {}): Promise<LiveState> =>
    createRedisLiveState({ url, log: silentLogger, settings: { startTimeoutMs: 500 }, ...more });
  const old = await fakeRedis(t, 'redis_version:5.0.14\r\nrole:master\r\n');
  await t.rejects(open(old), { code: 'config-invalid', message: /This is Redis 5\.0\.14; Engawa needs 6\.2 or later/ });
  const replica = await fakeRedis(t, 'redis_version:7.0.0\r\nrole:slave\r\n');
  await t.rejects(open(replica), { code: 'live-state-unavailable', message: /it is a replica/ });
  await t.rejects(open('redis://127.0.0.1:1'), { code: 'live-state-unavailable', message: /nothing listens there/ });
  t.throws(() => void open('http://127.0.0.1'), { code: 'config-invalid', message: /redis:\/\/user:password@host/ });
  t.throws(() => void open(''), { code: 'config-invalid' });
});

t.test('a wrong password and an unknown certificate are said in a sentence', skip, async (t) => {
  const server = await startRedis(t, { password: 'right', tls: true });
  const settings = { startTimeoutMs: 500 };
  const wrong = server.url.replace('right', 'wrong');
  const own = { ca: server.ca! };
  await t.rejects(createRedisLiveState({ url: wrong, log: silentLogger, settings, ...own }), {
    code: 'config-invalid',
    message: /does not accept the password/,
  });
  await t.rejects(createRedisLiveState({ url: server.url, log: silentLogger, settings }), {
    code: 'live-state-unavailable',
    message: /certificate is not trusted/,
  });
});
