// A pool of real media servers (embedded ones, processes of their own): proved by a packet there and back, one killed, one
// drained by REST.

import { createSocket } from 'node:dgram';
import t from 'tap';
import type { EmbeddedMedia } from '../../src/media/embedded/embedded-media.ts';
import type { Endpoint } from '../../src/media/endpoint.ts';
import { createMediaPool, type MediaPool } from '../../src/media/media-pool.ts';
import { probeByPacket } from '../../src/media/pool/probe-by-packet.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { type CallId, newId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { testApi } from '../support/centre/api.ts';
import { eventually } from '../support/eventually.ts';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';

interface Fleet {
  a: EmbeddedMedia;
  b: EmbeddedMedia;
  pool: MediaPool;
}

async function open(test: { teardown(undo: () => unknown): void }): Promise<Fleet> {
  const [a, b] = await Promise.all([openEmbeddedMedia(), openEmbeddedMedia()]);
  const members = [
    { name: 'a', server: a },
    { name: 'b', server: b },
  ];
  const pool = await createMediaPool({ clock: systemClock, log: silentLogger, members });
  test.teardown(() => pool.close());
  return { a, b, pool };
}

async function create(pool: MediaPool, callId: CallId = newId('call')): Promise<Endpoint> {
  const created = await pool.createEndpoint({ callId, profile: 'rtp' });
  if (created.kind !== 'created') throw new Error(created.because);
  return created.endpoint;
}

t.test('a media server is proved by a packet there and back, and leaves nothing behind', async (t) => {
  const { a, pool } = await open(t);
  t.same(
    pool.members().map(({ state, kind }) => [state, kind]),
    [
      ['up', 'embedded'],
      ['up', 'embedded'],
    ],
  );
  t.same(await a.probe!(), { ok: true });
  t.equal((await a.health()).endpoints, 0);
  const deaf = await create(pool);
  const silent = { createEndpoint: async () => ({ kind: 'created' as const, endpoint: deaf }) };
  t.match(await probeByPacket(silent, { address: '127.0.0.1' }), { ok: false, because: /no packet came back/ });
});

t.test('a server that is killed loses its endpoints, and the call goes on with the other', async (t) => {
  const { a, b, pool } = await open(t);
  const callId = newId('call');
  const first = await create(pool, callId);
  const here = pool.whereIs!(first);
  const [dying, other] = here === 'a/media-1' ? [a, b] : [b, a];
  let ended: string | undefined;
  first.on('ended', ({ because }) => {
    ended = because;
  });
  process.kill(dying.engines()[0]!.pid!, 'SIGKILL');
  await eventually('its endpoint is lost', () => ended === 'lost');
  const second = await create(pool, callId);
  t.not(pool.whereIs!(second), here);
  t.equal((await other.health()).endpoints, 1);
  await eventually('it is proved again', () => pool.members().every(({ state }) => state === 'up'), {
    withinMs: 20_000,
  });
});

t.test('an administrator drains a server by REST; others may look', async (t) => {
  const { pool } = await open(t);
  const { members: list, drain, resume, engineLoad: engines } = pool;
  const mediaServers = { list, drain, resume, engines };
  const { app, signIn, bearer } = await testApi(t, { mediaServers });
  const root = await signIn('root-admin');
  const midori = await signIn('midori');
  const hanako = await signIn('hanako');
  const get = (headers: Record<string, string>) => app.inject({ method: 'GET', url: '/api/v1/media-servers', headers });
  const post = (path: string, headers: Record<string, string>) =>
    app.inject({ method: 'POST', url: `/api/v1/media-servers/${path}`, headers });

  t.match((await get({ authorization: bearer })).json(), {
    items: [
      { name: 'a', state: 'up', endpoints: 0 },
      { name: 'b', state: 'up', endpoints: 0 },
    ],
  });
  t.equal((await get(hanako)).statusCode, 403, 'not an agent');
  t.equal((await post('a/drain', midori)).statusCode, 403, 'a supervisor may look only');
  t.equal((await post('a/drain', { authorization: bearer })).statusCode, 403);
  t.equal((await post('nobody/drain', root)).statusCode, 404);

  const [one, two] = [await create(pool), await create(pool)];
  t.match((await post('a/drain', root)).json(), { name: 'a', state: 'draining', draining: true, endpoints: 1 });
  const onA = pool.whereIs!(one) === 'a/media-1' ? one : two;
  await onA.close();
  t.match((await get(midori)).json().items[0], { state: 'drained', endpoints: 0 });
  t.equal(pool.whereIs!(await create(pool)), 'b/media-1');
  const stranger = createSocket('udp4');
  stranger.send(
    Buffer.alloc(172),
    Number(/m=audio (\d+)/.exec((onA === one ? two : one).localSdp)![1]),
    '127.0.0.1',
    () => stranger.close(),
  );
  const metrics = await app.inject({ method: 'GET', url: '/metrics' });
  t.match(metrics.body, /engawa_media_server_up\{server="a"\} 0\n/);
  t.match(metrics.body, /engawa_media_endpoints\{server="b"\} 2\n/);
  t.match((await post('a/resume', root)).json(), { name: 'a', state: 'up', draining: false });
  await eventually(
    'the engine tells how it is, and that a packet was refused',
    async () => {
      const { body } = await app.inject({ method: 'GET', url: '/metrics' });
      return [
        /engawa_media_engine_packets_refused_total\{engine="[ab]\/media-1"\} 1\n/,
        /engawa_media_engine_cpu_seconds_total\{engine="b\/media-1"\} 0\.\d+\n/,
        /engawa_media_engine_delay_seconds\{engine="b\/media-1"\} \d/,
      ].every((line) => line.test(body));
    },
    { withinMs: 15_000, everyMs: 200 },
  );
});
