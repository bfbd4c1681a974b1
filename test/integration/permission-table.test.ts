// Each role × each route of the API: real requests, by sessions and by keys. What a route needs is read from the OpenAPI document
// (`x-needs`), who has which permission is written out in src/identity/permissions.test.ts; the routes that need none are named
// here, so that no route is open by mistake. Whoever may not is refused before anything is looked up.

import t from 'tap';
import type { ApiNeeds } from '../../src/api/needs.ts';
import { isForUnlimited, type Permission, roleMay } from '../../src/identity/permissions.ts';
import type { Role } from '../../src/store/records.ts';
import { roles } from '../../src/store/records.ts';
import { password, testApi } from '../support/centre/api.ts';
import { eventually } from '../support/eventually.ts';

const absent = new Proxy({}, { get: () => () => undefined });
const optional = {
  telephones: absent,
  flowControl: absent,
  verification: { codes: absent, factors: [], numberOf: () => undefined },
  callLists: { work: absent },
  policy: { rules: absent, classes: () => [], placeOf: async () => 'home' },
  mediaServers: { list: () => [], drain: () => false, resume: () => false, engines: () => [] },
  nodes: { list: () => [], drain: async () => false, isDraining: () => false, onPageMoves: () => () => {} },
  testCalls: absent,
  reveal: absent,
} as unknown as Partial<ApiNeeds>;
const limits = {
  requestsPerMinutePerAddress: 100_000,
  requestsPerMinutePerCredential: 100_000,
  signInsPerMinutePerAddress: 1000,
};
const { app, identity, signIn, bearer } = await testApi(t, { ...optional, limits });

interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  needs: string;
}

const document = (await app.inject('/api/v1/openapi.json')).json() as {
  paths: Record<string, Record<string, { 'x-needs'?: string }>>;
};
const routes: Route[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { 'x-needs': needs = 'nothing' }]) => ({
    method: method.toUpperCase() as Route['method'],
    path,
    needs,
  })),
);

const base = { place: 'home', clearance: 'none', language: 'ja', password } as const;
for (const role of ['auditor', 'integrator'] as const)
  await identity.createPerson({ ...base, login: `the-${role}`, displayName: role, role, queues: [] });
await identity.createPerson({
  ...{ ...base, login: 'limited', displayName: 'limited', role: 'supervisor', queues: [] },
  scope: { queues: ['orders'] },
});
const logins: Record<Role, string> = {
  agent: 'hanako',
  supervisor: 'midori',
  administrator: 'root-admin',
  auditor: 'the-auditor',
  integrator: 'the-integrator',
};

/** The guard's own refusal names the permission that is lacking; what a handler refuses does not. */
async function isTurnedAway(headers: Record<string, string>, { method, path, needs }: Route): Promise<boolean> {
  const url = path.replace(/\{\w+\}/g, 'x');
  // A feed that is let in does not end.
  const signal = AbortSignal.timeout(path.endsWith('/feed') ? 300 : 20_000);
  const answer = await app.inject({ method, url, headers, signal }).catch(() => undefined);
  if (!answer) return false;
  if (answer.statusCode === 401) return true;
  if (answer.statusCode !== 403) return false;
  const { code, permission } = answer.json() as { code: string; permission?: string };
  return code === 'forbidden' && permission === needs;
}

t.test('every route says what it needs, and those that need no permission are these', async (t) => {
  const open = routes.filter(({ needs }) => needs === 'public' || needs === 'nothing');
  t.strictSame(
    open
      .map(({ method, path }) => `${method} ${path}`)
      .filter((route) => !/\/(session|sign-in|invitations)\b/.test(route)),
    [],
    'without signing in there is nothing but signing in',
  );
  t.ok(routes.length > 80, `${routes.length} routes`);
});

t.test('nobody, and a key that was never made, are let in nowhere', async (t) => {
  const stranger = { authorization: `Bearer engawa_${'A'.repeat(43)}` };
  for (const route of routes.filter(({ needs }) => needs !== 'public')) {
    t.equal(await isTurnedAway({}, route), true, `nobody: ${route.method} ${route.path}`);
    t.equal(await isTurnedAway(stranger, route), true, `a stranger's key: ${route.method} ${route.path}`);
  }
});

const guarded = routes.filter(({ needs }) => needs !== 'public' && needs !== 'signed-in');

for (const role of roles) {
  t.test(`${role}: each route, cell by cell`, async (t) => {
    const headers = await signIn(logins[role]);
    for (const route of guarded)
      t.equal(
        await isTurnedAway(headers, route),
        !roleMay(role, route.needs as Permission),
        `${route.method} ${route.path} (${route.needs})`,
      );
  });
}

for (const role of ['administrator', 'auditor', 'integrator'] as const) {
  t.test(`a key with the role ${role}: each route`, async (t) => {
    const { secret } = await identity.createApiKey({ name: role, role });
    for (const route of guarded)
      t.equal(
        await isTurnedAway({ authorization: `Bearer ${secret}` }, route),
        !roleMay(role, route.needs as Permission),
        `${route.method} ${route.path} (${route.needs})`,
      );
  });
}

t.test('who is limited to a queue changes nothing that concerns the whole company', async (t) => {
  const headers = await signIn('limited');
  const { secret } = await identity.createApiKey({ name: 'l', role: 'integrator', scope: { queues: ['orders'] } });
  for (const route of guarded) {
    const needs = route.needs as Permission;
    const what = `${route.method} ${route.path} (${route.needs})`;
    t.equal(await isTurnedAway(headers, route), !roleMay('supervisor', needs) || isForUnlimited(needs), what);
    const byKey = { authorization: `Bearer ${secret}` };
    t.equal(await isTurnedAway(byKey, route), !roleMay('integrator', needs) || isForUnlimited(needs), `key: ${what}`);
  }
});

t.test('a key that has ended or was revoked is nobody; when it was used is known', async (t) => {
  const headers = await signIn('root-admin');
  const soon = await identity.createApiKey({ name: 'soon', role: 'integrator', expiresAt: Date.now() + 2000 });
  const queues = (authorization: string) => app.inject({ url: '/api/v1/queues', headers: { authorization } });
  t.equal((await queues(`Bearer ${soon.secret}`)).statusCode, 200);
  await eventually('its time is up', async () => (await queues(`Bearer ${soon.secret}`)).statusCode === 401);
  await queues(bearer);
  const { items } = (await app.inject({ url: '/api/v1/api-keys', headers })).json();
  t.match(
    items.find(({ name }: { name: string }) => name === 'soon'),
    { expiresAt: Number, lastUsedAt: Number },
  );
  const refused = await app.inject({
    ...{ method: 'POST', url: '/api/v1/api-keys', headers },
    payload: { name: 'late', role: 'integrator', expiresAt: 1 },
  });
  t.equal(refused.statusCode, 400, 'a key that ends before it begins');
});
