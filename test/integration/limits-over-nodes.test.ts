// Limits that hold over several nodes: two identities and two servers that count in one live state, and, beside them, ones that do not.

import t from 'tap';
import { limitDefaults } from '../../src/api/needs.ts';
import { createServer } from '../../src/api/server.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { createMemoryHub } from '../../src/store/live/memory-hub.ts';
import { createMemoryLiveState } from '../../src/store/live/memory-live-state.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { testStore } from '../support/servers/database.ts';

async function twoNodes(clock = createFakeClock()) {
  const hub = createMemoryHub({ clock });
  return { clock, nodes: [await createMemoryLiveState({ hub, clock }), await createMemoryLiveState({ hub, clock })] };
}

t.test('a login that fails on one node and on another waits on both', async (t) => {
  const { clock, nodes } = await twoNodes();
  const store = await testStore(t, { clock });
  const common = { clock, log: silentLogger, store };
  const [a, b] = nodes.map((overNodes) => createIdentity({ ...common, overNodes }));
  const alone = createIdentity(common);
  const request = { login: 'hanako', password: 'wrong', address: '192.0.2.1', userAgent: 'test' };
  const person = {
    displayName: '花子',
    role: 'agent',
    place: 'home',
    clearance: 'none',
    language: 'ja',
    queues: [],
  } as const;
  await a!.createPerson({ ...person, queues: [], login: 'hanako', password: 'correct horse battery' });
  // Five are free on each node; ten on both together.
  for (let i = 0; i < 5; i++) {
    t.match(await a!.signIn(request), { kind: 'refused' });
    t.match(await b!.signIn(request), { kind: 'refused' });
  }
  t.match(await a!.signIn(request), { kind: 'refused' }, 'the eleventh is heard and fails');
  t.match(await a!.signIn(request), { kind: 'throttled', retryAfterSeconds: 300 }, 'and then there is a wait');
  t.match(await b!.signIn(request), { kind: 'refused' });
  t.match(await b!.signIn(request), { kind: 'throttled', retryAfterSeconds: 300 }, 'on the other node, too');
  t.match(await alone.signIn(request), { kind: 'refused' }, 'who counts alone knows nothing of it');
  clock.advance(301_000);
  t.match(await b!.signIn({ ...request, password: 'correct horse battery' }), { kind: 'signed-in' }, 'it passes');
});

t.test('requests of an address are counted on all nodes together', async (t) => {
  const { nodes } = await twoNodes();
  const open = async (overNodes?: (typeof nodes)[number]) => {
    const listen = { host: '127.0.0.1', port: 0 };
    const needs = { log: silentLogger, listen, limits: limitDefaults };
    const app = await createServer(overNodes ? { ...needs, overNodes } : needs);
    const config = { rateLimit: { max: 3, timeWindow: 60_000 } };
    app.get('/limited', { config }, async () => 'yes');
    app.get('/other', { config }, async () => 'yes');
    t.teardown(() => app.close());
    return async (url = '/limited') => app.inject({ method: 'GET', url });
  };
  const [a, b, alone] = [await open(nodes[0]), await open(nodes[1]), await open()];
  const statuses = [await a(), await b(), await a(), await b(), await a()].map(({ statusCode }) => statusCode);
  t.strictSame(statuses, [200, 200, 200, 429, 429]);
  const refused = await b();
  t.match(refused.headers, { 'retry-after': /^(60|59)$/, 'content-type': /problem\+json/ });
  t.equal((await b('/other')).statusCode, 200, 'each route by itself');
  t.equal((await alone()).headers['x-ratelimit-remaining'], '2', 'a node alone counts as ever');
});
