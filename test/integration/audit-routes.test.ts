// What requests leave in the audit log: every route that changes something, refusals, programs with a key, purposes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { isChanging, routeName } from '../../src/api/trail/trail.ts';
import { trails } from '../../src/api/trail/trail-table.ts';
import { startApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { auditActs } from '../../src/identity/audit/audit.ts';
import { loadSecrets } from '../../src/secrets.ts';
import { AppError } from '../../src/shared/errors.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { auditedApi } from '../support/centre/audit.ts';

const { app, rows, signIn, bearer, people, callCentre } = await auditedApi(t);

async function left<T>(
  act: () => Promise<T>,
): Promise<{ answer: T; entries: Awaited<ReturnType<typeof rows.search>> }> {
  const before = (await rows.head())?.seq ?? 0;
  const answer = await act();
  return { answer, entries: await rows.search({ after: before, oldestFirst: true }) };
}

const onlyAmongNodes = ['POST /api/v1/nodes/:nodeId/drain'];

t.test('every route that changes something leaves an entry, or says why not', { timeout: 120_000 }, async (t) => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'engawa-routes-'));
  t.teardown(() => rmSync(dataFolder, { recursive: true, force: true }));
  const listen = ['udp/127.0.0.1:0', 'tcp/127.0.0.1:0'];
  const text = stringify({ demo: true, dataFolder, http: { port: 0 }, sip: { kind: 'embedded', listen } });
  const { config } = parseConfig(text, 'demo.yaml');
  const running = await startApp(config, loadSecrets(dataFolder, {}), { log });
  try {
    const document = (await (await fetch(`${running.url}/api/v1/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), url: path.replace(/\{(\w+)\}/g, ':$1') })),
    );
    const changing = routes.filter(({ method }) => isChanging(method));
    t.ok(changing.length > 60, `${changing.length} routes change something`);
    const untold = changing.flatMap(({ method, url }) => {
      const trail = trails[routeName(method, url)];
      return trail && 'untold' in trail ? [`${method} ${url}: ${trail.untold}`] : [];
    });
    t.comment(`left out:\n${untold.join('\n')}`);
    for (const reason of untold) t.match(reason, /: .{20,}/, 'says why');
    // Whatever is not in the table leaves an entry by itself, so what could go wrong is a row that is for no route.
    const known = new Set(routes.map(({ method, url }) => routeName(method, url)));
    for (const name of Object.keys(trails))
      if (!onlyAmongNodes.includes(name)) t.ok(known.has(name), `${name} is a route`);
    for (const trail of Object.values(trails)) if ('act' in trail) t.ok(auditActs.includes(trail.act), trail.act);
  } finally {
    await running.close();
  }
});

t.test('a route that is in no table leaves its name, whoever uses it', async (t) => {
  const root = await signIn('root-admin');
  const name = 'PUT /api/v1/desk/state';
  t.ok('untold' in trails[name]!, 'the own state is in the event log');
  const own = await left(() =>
    app.inject({ method: 'PUT', url: '/api/v1/desk/state', headers: root, payload: { state: 'available' } }),
  );
  t.match(own.entries, [
    { act: 'access-refused', outcome: 'refused', personId: people.root.id, details: { more: { route: name } } },
  ]);
});

t.test('a supervisor who forces a state is seen, with the reason; the person sees it', async (t) => {
  const midori = await signIn('midori');
  await callCentre.signIn(people.hanako.id);
  const url = `/api/v1/agents/${people.hanako.id}/state`;
  const { answer, entries } = await left(() =>
    app.inject({
      ...{ method: 'PUT', url, headers: { ...midori, 'user-agent': 'Chromium 140' } },
      payload: { state: 'not-ready', because: 'team-meeting' },
    }),
  );
  t.equal(answer.statusCode, 204);
  t.match(entries, [
    {
      ...{ act: 'agent-state-forced', outcome: 'done', personId: people.midori.id },
      target: { kind: 'person', id: people.hanako.id },
      details: {
        address: '127.0.0.1',
        place: 'home',
        userAgent: 'Chromium 140',
        purpose: 'team-meeting',
        more: { state: 'not-ready' },
      },
    },
  ]);
  t.match(entries[0]?.details?.sessionId, /^s_/);
  const hanako = await signIn('hanako');
  const seen = await app.inject({ url: '/api/v1/session/audit', headers: hanako });
  t.match(seen.json().items[0], {
    ...{ act: 'agent-state-forced', purpose: 'team-meeting', place: 'home' },
    by: { kind: 'person', id: people.midori.id, name: 'midori' },
  });
  t.notMatch(seen.body, /127\.0\.0\.1|Chromium/, 'not from where');
  const taro = await app.inject({ url: '/api/v1/session/audit', headers: await signIn('taro') });
  t.strictSame(taro.json().items, [], 'others are not told');
  const did = await app.inject({ url: '/api/v1/session/audit?what=did', headers: midori });
  t.ok(did.json().items.some(({ act }: { act: string }) => act === 'agent-state-forced'));
});

t.test('a program with a key leaves what it called, and how that ended', async (t) => {
  const headers = { authorization: bearer };
  const { entries } = await left(() =>
    app.inject({
      method: 'POST',
      url: '/api/v1/calls',
      headers,
      payload: { personId: newId('person'), alias: 'K7Q4-M2XD' },
    }),
  );
  t.match(entries, [{ keyId: /^k_/, details: { more: { route: 'POST /api/v1/calls' } } }]);
  t.notMatch(JSON.stringify(entries), /K7Q4/);
  const refused = await left(() => app.inject({ method: 'POST', url: '/api/v1/users', headers, payload: {} }));
  t.match(refused.entries, [{ act: 'access-refused', outcome: 'refused', details: { more: { status: 403 } } }]);
  const wrong = await left(() => app.inject({ method: 'POST', url: '/api/v1/calls', headers, payload: { alias: 1 } }));
  t.match(wrong.entries, [{ act: 'api-called', outcome: 'refused', details: { more: { status: 400 } } }]);
});

t.test('looking at the calls of a customer is seen, looking at the centre is not', async (t) => {
  const midori = await signIn('midori');
  const byAlias = await left(() => app.inject({ url: '/api/v1/calls?alias=K7Q4-M2XD', headers: midori }));
  t.match(byAlias.entries, [{ act: 'customer-viewed', target: { kind: 'alias', id: 'K7Q4-M2XD' } }]);
  for (const url of ['/api/v1/queues', '/api/v1/agents', '/api/v1/calls'])
    t.strictSame((await left(() => app.inject({ url, headers: midori }))).entries, [], url);
});

t.test('what needs a purpose asks for it', async (t) => {
  const root = await signIn('root-admin');
  const ask = (payload: object, more = {}) =>
    app.inject({ method: 'POST', url: '/api/v1/audit/export', headers: { ...root, ...more }, payload });
  const without = await left(() => ask({ format: 'csv' }));
  t.match(without.answer.json(), { status: 400, code: 'purpose-needed', detail: /X-Purpose/ });
  t.strictSame(without.entries, []);
  const withIt = await left(() => ask({ format: 'csv' }, { 'x-purpose': encodeURIComponent('年次監査') }));
  t.equal(withIt.answer.statusCode, 200);
  t.match(withIt.entries, [{ act: 'audit-exported', details: { purpose: '年次監査', more: { format: 'csv' } } }]);
  for (const purpose of ['%E5%B9%', '   '])
    t.equal((await ask({ format: 'csv' }, { 'x-purpose': purpose })).statusCode, 400, purpose);
});

t.test('only who may look may look, and looking is kept', async (t) => {
  for (const login of ['hanako', 'midori'])
    t.equal((await app.inject({ url: '/api/v1/audit', headers: await signIn(login) })).statusCode, 403, login);
  t.equal((await app.inject({ url: '/api/v1/audit', headers: { authorization: bearer } })).statusCode, 403);
  const root = await signIn('root-admin');
  const { entries } = await left(() =>
    app.inject({ url: `/api/v1/audit?personId=${people.midori.id}`, headers: root }),
  );
  t.match(entries, [
    { act: 'audit-searched', personId: people.root.id, details: { more: { personId: people.midori.id } } },
  ]);
});

t.test('search pages, sorts by what is listed, and refuses what is not', async (t) => {
  const root = await signIn('root-admin');
  const get = async (query: string) => app.inject({ url: `/api/v1/audit?${query}`, headers: root });
  const first = (await get('limit=2&sort=oldest')).json();
  t.strictSame(
    first.items.map(({ seq }: { seq: number }) => seq),
    [1, 2],
  );
  const next = (await get(`limit=2&sort=oldest&cursor=${first.nextCursor}`)).json();
  t.strictSame(
    next.items.map(({ seq }: { seq: number }) => seq),
    [3, 4],
  );
  for (const query of [
    'sort=hash',
    'sort=seq;DROP TABLE people',
    'order=asc',
    'act=nothing',
    'cursor=1e3',
    'limit=1000',
    'from=x',
  ])
    t.equal((await get(query)).statusCode, 400, query);
  t.match((await get('act=agent-state-forced&outcome=done')).json().items, [
    { by: { name: 'midori' }, target: { name: 'hanako' } },
  ]);
  t.strictSame((await get(`concerning=${people.taro.id}`)).json().items, []);
});

t.test('the state of the chain, and looking through it, over the API', async (t) => {
  const root = await signIn('root-admin');
  const verified = await app.inject({ method: 'POST', url: '/api/v1/audit/verify', headers: root });
  t.match(verified.json(), { problems: [], more: false, first: 1 });
  const state = await app.inject({ url: '/api/v1/audit/state', headers: root });
  t.match(state.json(), { publicKey: /^[0-9a-f]{64}$/, broken: null, head: { seq: Number } });
});

t.test('what must not happen unseen does not happen when it cannot be kept; what was done is done', async (t) => {
  let away = false;
  const audit = {
    write: async () => {
      if (away) throw new AppError('database-unavailable', 'The database does not answer.');
    },
  };
  const { app, signIn, callCentre, people } = await auditedApi(t, { audit });
  const [root, midori] = [await signIn('root-admin'), await signIn('midori')];
  await callCentre.signIn(people.hanako.id);
  away = true;
  const asked = { method: 'POST' as const, url: '/api/v1/audit/export', headers: { ...root, 'x-purpose': 'why' } };
  const refused = await app.inject({ ...asked, payload: { format: 'csv' } });
  t.match(refused.json(), { status: 503, code: 'database-unavailable' });
  const url = `/api/v1/agents/${people.hanako.id}/state`;
  const forced = await app.inject({ method: 'PUT', url, headers: midori, payload: { state: 'not-ready' } });
  t.equal(forced.statusCode, 204);
});
