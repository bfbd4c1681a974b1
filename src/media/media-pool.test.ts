// The pool over simulated media servers and a simulated clock: what it promises about every call, whatever happens to the
// servers, in an order drawn from a printed seed. POOL_SEED=… repeats a run.

import t, { type Test } from 'tap';
import { createFakeClock, type FakeClock } from '../../test/support/fake-clock.ts';
import { createEmitter } from '../shared/emitter.ts';
import { AppError } from '../shared/errors.ts';
import { type CallId, newId } from '../shared/ids.ts';
import { silentLogger } from '../shared/logger.ts';
import type { Endpoint, EndpointEvents } from './endpoint.ts';
import { createMediaPool, type MediaPool, type PoolMember } from './media-pool.ts';
import type { Conference, MediaServer, MediaServerEvents } from './media-server.ts';

type Mood = 'well' | 'dead' | 'hung' | 'sick';

interface Simulated extends MediaServer {
  mood: Mood;
  readonly live: Set<Endpoint>;
  probes: number;
  die(): void;
  revive(): void;
}

const never = <T>() => new Promise<T>(() => {});
const dead = () => new AppError('media-unavailable', 'it is not there');

/** `sick`: says that it is well, and does nothing that it is asked for. */
function simulate(): Simulated {
  const emitter = createEmitter<MediaServerEvents>();
  const live = new Set<Endpoint>();
  const answer = <T>(good: () => T, whenSick: () => T | Promise<T>): Promise<T> => {
    if (server.mood === 'hung') return never();
    if (server.mood === 'dead') return Promise.reject(dead());
    return Promise.resolve(server.mood === 'sick' ? whenSick() : good());
  };
  const server: Simulated = {
    kind: 'embedded',
    mood: 'well',
    live,
    probes: 0,
    on: emitter.on,
    once: emitter.once,
    createEndpoint: () =>
      answer(
        () => ({ kind: 'created' as const, endpoint: simulatedEndpoint(live) }),
        () => Promise.reject(new AppError('internal', 'out of something')),
      ),
    createConference: () => Promise.reject(new AppError('media-unavailable', 'it has no rooms')),
    health: () =>
      answer(
        () => ({ ok: true, endpoints: live.size }),
        () => ({ ok: true, endpoints: live.size }),
      ),
    probe() {
      server.probes++;
      return answer<{ ok: true } | { ok: false; because: string }>(
        () => ({ ok: true }),
        () => ({ ok: false, because: 'no packet came back' }),
      );
    },
    whereIs: () => 'media-1',
    die() {
      server.mood = 'dead';
      for (const endpoint of [...live]) (endpoint as Endpoint & { lose(): void }).lose();
      emitter.emit('engineState', { engine: 'media-1', up: false, because: 'killed' });
    },
    revive() {
      server.mood = 'well';
      emitter.emit('engineState', { engine: 'media-1', up: true, because: 'started' });
    },
    close: async () => undefined,
  };
  return server;
}

function simulatedEndpoint(live: Set<Endpoint>): Endpoint {
  const emitter = createEmitter<EndpointEvents>();
  const end = (because: 'closed' | 'lost') => {
    if (live.delete(endpoint)) emitter.emit('ended', { because });
  };
  const endpoint = {
    id: newId('endpoint'),
    on: emitter.on,
    once: emitter.once,
    close: async () => end('closed'),
    lose: () => end('lost'),
  } as unknown as Endpoint;
  live.add(endpoint);
  return endpoint;
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Lets time pass until it has settled. */
async function inTime<T>(clock: FakeClock, work: Promise<T>, atMostMs = 120_000): Promise<T> {
  let done = false;
  const finish = () => {
    done = true;
  };
  work.then(finish, finish);
  for (let ms = 0; ms < atMostMs; ms += 250) {
    await settle();
    if (done) return work;
    clock.advance(250);
  }
  throw new Error(`not settled after ${atMostMs} ms`);
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    await settle();
    clock.advance(Math.min(250, ms - passed));
  }
  await settle();
}

async function open(t: Test, members: Omit<PoolMember, 'server'>[], region?: string) {
  const clock = createFakeClock();
  const servers = members.map(simulate);
  const withServers = members.map((member, index) => ({ ...member, server: servers[index]! }));
  const made = createMediaPool({ clock, log: silentLogger, members: withServers, ...(region ? { region } : {}) });
  const pool = await inTime(clock, made);
  t.teardown(() => pool.close());
  const states: string[] = [];
  pool.on('memberState', ({ member, state }) => states.push(`${member} ${state}`));
  return { clock, servers, pool, states };
}

async function create(pool: MediaPool, callId: CallId = newId('call'), region?: string): Promise<Endpoint> {
  const created = await pool.createEndpoint({ callId, ...(region ? { region } : {}) });
  if (created.kind !== 'created') throw new Error(created.because);
  return created.endpoint;
}

t.test('load is spread by weight, and what ends makes room', async (t) => {
  const { pool, servers } = await open(t, [{ name: 'a' }, { name: 'b', weight: 2 }, { name: 'c', weight: 3 }]);
  const made = await Promise.all(Array.from({ length: 600 }, () => create(pool)));
  t.same(
    servers.map(({ live }) => live.size),
    [100, 200, 300],
  );
  await Promise.all(made.filter((each) => servers[2]!.live.has(each)).map((each) => each.close()));
  await Promise.all(Array.from({ length: 60 }, () => create(pool)));
  t.same(
    servers.map(({ live }) => live.size),
    [100, 200, 60],
    'the one with room gets all',
  );
});

t.test('servers that are idle take turns', async (t) => {
  const { pool, servers } = await open(t, [{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  const seen: string[] = [];
  for (let i = 0; i < 6; i++) {
    const endpoint = await create(pool);
    seen.push(pool.whereIs!(endpoint)!);
    await endpoint.close();
  }
  t.same(seen, ['a/media-1', 'b/media-1', 'c/media-1', 'a/media-1', 'b/media-1', 'c/media-1']);
  t.ok(servers.every(({ live }) => live.size === 0));
});

t.test('everything of one call is on one server', async (t) => {
  const { pool } = await open(t, [{ name: 'a' }, { name: 'b' }]);
  const callId = newId('call');
  const first = await create(pool, callId);
  for (let i = 0; i < 10; i++) t.equal(pool.whereIs!(await create(pool, callId)), pool.whereIs!(first));
});

t.test('a room for a call is made where its parties are, or not at all', async (t) => {
  const { pool, servers } = await open(t, [{ name: 'a' }, { name: 'b' }]);
  const callId = newId('call');
  await create(pool, callId);
  servers[1]!.createConference = () => Promise.resolve({ close: async () => undefined } as Conference);
  await t.rejects(pool.createConference(callId), { message: 'it has no rooms' });
  const room = await pool.createConference(newId('call'));
  t.equal(pool.members()[1]!.endpoints, 1, 'one without parties yet is made where rooms are');
  await room.close();
  t.equal(pool.members()[1]!.endpoints, 0);
});

t.test('the wanted region first, another one rather than none', async (t) => {
  const { pool, servers, clock } = await open(
    t,
    [
      { name: 'tokyo', region: 'jp-east' },
      { name: 'osaka', region: 'jp-west' },
    ],
    'jp-east',
  );
  for (let i = 0; i < 5; i++) await create(pool);
  await create(pool, newId('call'), 'jp-west');
  t.same(
    servers.map(({ live }) => live.size),
    [5, 1],
  );
  servers[0]!.die();
  await pass(clock, 1000);
  await create(pool);
  t.same(
    servers.map(({ live }) => live.size),
    [0, 2],
  );
});

t.test('draining: no new calls, the old ones stay and get what they need, empty is told', async (t) => {
  const { pool, servers, states } = await open(t, [{ name: 'a' }, { name: 'b' }]);
  const callId = newId('call');
  const first = await create(pool, callId);
  t.equal(pool.drain('nobody'), false);
  t.equal(pool.drain('a'), true);
  const second = await create(pool, callId);
  t.equal(pool.whereIs!(second), 'a/media-1', 'the desk of a call that waits there');
  for (let i = 0; i < 5; i++) t.equal(pool.whereIs!(await create(pool)), 'b/media-1');
  t.match(pool.members()[0], { state: 'draining', endpoints: 2 });
  await first.close();
  t.same(states, ['a draining']);
  await second.close();
  t.same(states, ['a draining', 'a drained']);
  pool.drain('b');
  await t.rejects(create(pool), { code: 'media-unavailable', message: /a: drained; b: draining/ });
  pool.resume('a');
  t.same(states.slice(2), ['b draining', 'a up']);
  t.equal(pool.whereIs!(await create(pool)), 'a/media-1');
  t.equal(servers[0]!.live.size, 1);
});

t.test('a draining server that dies loses its calls to another', async (t) => {
  const { pool, servers } = await open(t, [{ name: 'a' }, { name: 'b' }]);
  const callId = newId('call');
  await create(pool, callId);
  pool.drain('a');
  servers[0]!.die();
  t.equal(pool.whereIs!(await create(pool, callId)), 'b/media-1');
});

t.test('the breaker opens on a server that only says it is well, and closes when it has been proved', async (t) => {
  const { pool, servers, states, clock } = await open(t, [{ name: 'a' }, { name: 'b' }]);
  servers[0]!.mood = 'sick';
  for (let i = 0; i < 12; i++) await create(pool);
  t.equal(servers[1]!.live.size, 12, 'not one call is lost');
  t.same(states, ['a open']);
  t.match(await pool.health(), { ok: true, because: /a is open/ });
  const probed = servers[0]!.probes;
  await pass(clock, 2500);
  t.ok(servers[0]!.probes > probed, 'half-open, it is proved before any caller is sent there');
  t.same(states, ['a open', 'a half-open', 'a down']);
  servers[0]!.mood = 'well';
  await pass(clock, 12_000);
  t.equal(states.at(-1), 'a up');
  t.equal(pool.whereIs!(await create(pool)), 'a/media-1');
});

t.test('a server that hangs costs a call five seconds, not the call', async (t) => {
  const { pool, servers, clock } = await open(t, [{ name: 'a' }, { name: 'b' }]);
  servers[0]!.mood = 'hung';
  const at = clock.now();
  const endpoint = await inTime(clock, create(pool));
  t.equal(pool.whereIs!(endpoint), 'b/media-1');
  t.ok(clock.now() - at <= 5500, `${clock.now() - at} ms`);
  t.equal(pool.members()[0]!.state, 'down', 'its health did not come either');
});

t.test('a server takes no call before it has been proved', async (t) => {
  const clock = createFakeClock();
  const server = simulate();
  server.mood = 'sick';
  const pool = await inTime(clock, createMediaPool({ clock, log: silentLogger, members: [{ name: 'a', server }] }));
  t.teardown(() => pool.close());
  await t.rejects(create(pool), { code: 'media-unavailable', message: /a: down, no packet came back/ });
  t.equal((await pool.health()).ok, false);
  server.mood = 'well';
  await pass(clock, 12_000);
  t.equal((await pool.health()).ok, true);
  await create(pool);
});

t.test('two of one name are refused', async (t) => {
  const members = [simulate(), simulate()].map((server) => ({ name: 'a', server }));
  await t.rejects(createMediaPool({ clock: createFakeClock(), log: silentLogger, members }), /two media servers/);
});

/** mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

t.test('whatever happens to the servers, a call goes to one that may take it, if there is one', async (t) => {
  const seed = Number(process.env['POOL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  t.comment(`POOL_SEED=${seed}`);
  const random = seeded(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const names = ['a', 'b', 'c', 'd'];
  const { pool, servers, clock } = await open(
    t,
    names.map((name, index) => ({ name, weight: 1 + (index % 3) })),
  );
  const serverOf = (endpoint: Endpoint) => servers.findIndex(({ live }) => live.has(endpoint));
  const calls = new Map<CallId, Endpoint[]>();
  const problems: string[] = [];
  let [made, refused] = [0, 0];

  async function add(callId: CallId): Promise<void> {
    const before = pool.members();
    const liveOf = (id: CallId) => (calls.get(id) ?? []).filter((each) => serverOf(each) >= 0);
    const known = new Set(liveOf(callId).map(serverOf));
    const couldTake = servers.some(({ mood }, index) => mood === 'well' && before[index]!.state === 'up');
    const outcome = await inTime(clock, create(pool, callId)).catch((thrown: AppError) => thrown);
    if (outcome instanceof Error) {
      refused++;
      if (couldTake) problems.push(`refused although one could take it: ${outcome.message}`);
      return;
    }
    made++;
    const at = serverOf(outcome);
    const stays = known.has(at);
    if (servers[at]?.mood !== 'well') problems.push(`on ${names[at]}, which is ${servers[at]?.mood}`);
    const { state } = before[at] ?? {};
    // A server may have recovered while the call was tried elsewhere; one that drains is drained until it is told otherwise.
    if ((state === 'draining' || state === 'drained') && !stays) problems.push(`a new call on ${names[at]}, ${state}`);
    const [home] = known;
    if (known.size === 1 && !stays && before[home!]?.state === 'up' && servers[home!]?.mood === 'well')
      problems.push('a call was split although its server is well');
    calls.set(callId, [...liveOf(callId), outcome]);
  }

  for (let step = 0; step < 1500 && problems.length === 0; step++) {
    const dice = random();
    const index = Math.floor(random() * names.length);
    const server = servers[index]!;
    if (dice < 0.45) await add(newId('call', clock.now()));
    else if (dice < 0.6 && calls.size > 0) await add(pick([...calls.keys()]));
    else if (dice < 0.75 && calls.size > 0) {
      const callId = pick([...calls.keys()]);
      await Promise.all(calls.get(callId)!.map((endpoint) => endpoint.close()));
      calls.delete(callId);
    } else if (dice < 0.78) server.die();
    else if (dice < 0.86) server.revive();
    else if (dice < 0.88) server.mood = 'sick';
    else if (dice < 0.89) server.mood = 'hung';
    else if (dice < 0.92) pool.drain(names[index]!);
    else if (dice < 0.96) pool.resume(names[index]!);
    else await pass(clock, Math.floor(random() * 5000));
  }
  t.same(problems, [], `seed ${seed}`);
  t.ok(made > 50, `${made} made, ${refused} refused while nothing could take them`);

  for (const server of servers) server.revive();
  for (const name of names) pool.resume(name);
  await pass(clock, 30_000);
  t.same(
    pool.members().map(({ state }) => state),
    ['up', 'up', 'up', 'up'],
    'all come back',
  );
  t.same(
    pool.members().map(({ endpoints }) => endpoints),
    servers.map(({ live }) => live.size),
    'counted right',
  );
  await Promise.all([...calls.values()].flat().map((endpoint) => endpoint.close()));
  await pass(clock, 5000);
  t.same(
    pool.members().map(({ endpoints }) => endpoints),
    [0, 0, 0, 0],
  );
});
