// The REST routes: what they answer, to whom, and what they refuse.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import t from 'tap';
import type { Refusal } from '../../src/call/outbound/refusals.ts';
import type { FlowProblem } from '../../src/routing/flow/flow.ts';
import { newId } from '../../src/shared/ids.ts';
import { password, testApi } from '../support/centre/api.ts';

const recordingsFolder = t.testdir({ 'a.ogg.age': 'age-encryption.org/v1 sealed', outside: {} });
const problem: FlowProblem = { severity: 'error', file: 'flow.yaml', line: 3, column: 5, message: 'No such node.' };
const site = await testApi(t, {
  recordingsFolder,
  demo: true,
  flows: { list: () => [], check: (yaml) => (yaml === 'good' ? [] : [problem]) },
  testCalls: {
    place: async ({ number = '0120000000' }) => ({ id: 't1', number, state: 'calling' }),
    byId: (id) => (id === 't1' ? { id, number: '0120000000', state: 'ended' } : undefined),
  },
});
const { app, store, callCentre, people, bearer } = site;
const hanako = await site.signIn('hanako');
const midori = await site.signIn('midori');
const root = await site.signIn('root-admin');

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const ask = (headers: Record<string, string>, method: Method, path: string, payload?: object | string) =>
  app.inject({ method, url: `/api/v1${path}`, headers, payload });

t.test('signing in gives a session, a strict cookie and a CSRF token; signing out ends it', async (t) => {
  const response = await ask({}, 'POST', '/session', { login: 'taro', password });
  t.equal(response.statusCode, 200);
  t.match(response.json(), { person: { login: 'taro', role: 'agent' }, csrfToken: /^[\w-]{43}$/, demo: true });
  t.notMatch(response.body, /argon2|passwordHash/);
  const cookie = response.headers['set-cookie'] as string;
  for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/']) t.ok(cookie.includes(part), part);
  t.ok(callCentre.desk(people.taro.id), 'the agent is at the desk');

  const taro = await site.signIn('taro');
  t.match((await ask(taro, 'GET', '/session')).json(), {
    person: { id: people.taro.id },
    csrfToken: taro['x-csrf-token'],
  });
  t.equal((await ask(taro, 'DELETE', '/session')).statusCode, 204);
  t.equal((await ask(taro, 'GET', '/session')).statusCode, 401);
});

t.test('wrong passwords look alike and are slowed down', async (t) => {
  const wrong = { login: 'root-admin', password: 'wrong password' };
  const unknown = await ask({}, 'POST', '/session', { ...wrong, login: 'nobody' });
  const first = await ask({}, 'POST', '/session', wrong);
  t.equal(first.statusCode, 401);
  t.strictSame(unknown.json(), first.json());
  t.equal(first.headers['content-type'], 'application/problem+json');
  for (let n = 0; n < 6; n++) await ask({}, 'POST', '/session', wrong);
  const throttled = await ask({}, 'POST', '/session', { login: 'root-admin', password });
  t.equal(throttled.statusCode, 429);
  t.match(throttled.headers['retry-after'], /^\d+$/);
});

t.test('without a session or key there is nothing', async (t) => {
  for (const path of [
    '/desk',
    '/calls',
    '/queues',
    '/agents',
    '/recordings',
    '/users',
    '/api-keys',
    '/feed',
    '/trunks',
  ]) {
    const response = await ask({}, 'GET', path);
    t.match(response.json(), { type: '/problems/unauthenticated', status: 401 }, path);
    t.equal((await ask({ authorization: 'Bearer engawa_guess' }, 'GET', path)).statusCode, 401);
    t.equal((await ask({ cookie: 'engawa_session=guess' }, 'GET', path)).statusCode, 401);
  }
});

t.test('what changes something needs the CSRF token and an origin of ours', async (t) => {
  const change = { state: 'available' };
  const { cookie } = hanako;
  const own = { ...hanako, host: 'engawa.test' };
  t.equal((await ask({ cookie }, 'PUT', '/desk/state', change)).statusCode, 403);
  t.equal(
    (await ask({ ...hanako, 'x-csrf-token': midori['x-csrf-token'] }, 'PUT', '/desk/state', change)).statusCode,
    403,
  );
  t.equal((await ask({ ...own, origin: 'http://evil.test' }, 'PUT', '/desk/state', change)).statusCode, 403);
  t.equal((await ask({ ...own, origin: 'http://engawa.test' }, 'PUT', '/desk/state', change)).statusCode, 200);
  const elsewhere = { origin: 'http://evil.test', host: 'engawa.test' };
  t.equal(
    (await ask(elsewhere, 'POST', '/session', { login: 'hanako', password })).statusCode,
    403,
    'nor may it sign in',
  );
});

t.test('the desk shows itself and takes a state', async (t) => {
  const available = await ask(hanako, 'PUT', '/desk/state', { state: 'available' });
  t.match(available.json(), { state: 'available', softphone: { registered: false }, call: null });
  const callId = callCentre.connect(people.hanako.id);
  const desk = (await ask(hanako, 'GET', '/desk')).json();
  t.match(desk, {
    state: 'on-call',
    call: {
      id: callId,
      alias: 'K7Q4-M2XD',
      companyNumberLabel: { en: 'Free call' },
      queueLabel: { en: 'Orders' },
      reason: { id: 'order', piiClass: 'none' },
    },
    queues: [{ name: 'orders', waiting: 2 }],
    transferTargets: [{ queue: 'orders' }, { queue: 'support' }],
    dialling: { numbersAllowed: false, presentedNumbers: [{ number: '0120000000' }] },
  });
  t.equal(desk.queues.length, 1, 'only the queues served');
  callCentre.endCall(people.hanako.id);
  t.match((await ask(hanako, 'GET', '/desk/softphone')).json(), {
    webSocketPath: '/sip',
    aor: `sip:${people.hanako.id}@engawa.invalid`,
  });
  t.equal((await ask(midori, 'GET', '/desk')).statusCode, 403, 'a supervisor without queues has none');
  t.equal((await ask({ authorization: bearer }, 'GET', '/desk')).statusCode, 403, 'a program has none');
  callCentre.answer = { kind: 'conflict', because: 'The softphone of +81 90-1234-5678 is not registered.' as Refusal };
  const conflict = await ask(hanako, 'PUT', '/desk/state', { state: 'available' });
  callCentre.answer = { kind: 'ok' };
  t.match(conflict.json(), {
    status: 409,
    type: '/problems/conflict',
    detail: 'The softphone of [number] is not registered.',
  });
});

t.test('an agent commands the own call only; a supervisor any', async (t) => {
  await callCentre.signIn(people.taro.id);
  const callId = callCentre.connect(people.hanako.id);
  const others = callCentre.connect(people.taro.id);
  const commands: [string, object | undefined, string][] = [
    ['hold', undefined, 'hold'],
    ['resume', undefined, 'resume'],
    ['mute', undefined, 'mute'],
    ['unmute', undefined, 'unmute'],
    ['digits', { digits: '12#' }, 'digits 12#'],
    ['transfer', { queue: 'support' }, 'transfer support'],
    ['reason', { reason: 'order' }, 'reason order'],
    ['attach', undefined, 'attach'],
    ['reject', undefined, 'reject'],
    ['hangup', undefined, 'hangUp'],
  ];
  for (const [name, body, verb] of commands) {
    const response = await ask(hanako, 'POST', `/calls/${callId}/commands/${name}`, body);
    t.equal(response.statusCode, 204, `${name} ${response.body}`);
    t.equal(callCentre.asked.at(-1), verb);
    t.equal((await ask(hanako, 'POST', `/calls/${others}/commands/${name}`, body)).statusCode, 404, 'not another’s');
  }
  t.equal((await ask(midori, 'POST', `/calls/${others}/commands/hold`)).statusCode, 204);
  t.equal(
    (await ask(midori, 'POST', `/calls/${others}/commands/attach`)).statusCode,
    404,
    'attaching is for the desk itself',
  );
  t.equal((await ask({ authorization: bearer }, 'POST', `/calls/${others}/commands/hangup`)).statusCode, 204);
  t.equal((await ask(midori, 'POST', '/calls/c_unknown/commands/hold')).statusCode, 404);
  t.equal((await ask(hanako, 'POST', `/calls/${callId}/commands/explode`)).statusCode, 404);
  t.equal((await ask(hanako, 'POST', `/calls/${callId}/commands/digits`, { digits: 'abc' })).statusCode, 400);
  t.equal((await ask(hanako, 'POST', `/calls/${callId}/commands/transfer`, { queue: 'nowhere' })).statusCode, 409);
  t.equal((await ask(root, 'POST', `/calls/${callId}/commands/hangup`)).statusCode, 404, 'nor an administrator');
});

t.test('placing a call: an alias for every agent, a number for who may, once per Idempotency-Key', async (t) => {
  const alias = { to: { alias: 'K7Q4-M2XD' } };
  const placed = await ask(hanako, 'POST', '/calls', alias);
  t.equal(placed.statusCode, 201);
  t.equal(placed.headers.location, `/api/v1/calls/${placed.json().callId}`);
  const number = { to: { number: '0312345678' } };
  t.equal((await ask(hanako, 'POST', '/calls', number)).statusCode, 403);
  t.equal((await ask(hanako, 'POST', '/calls', { ...alias, personId: people.taro.id })).statusCode, 403);
  t.equal((await ask({ authorization: bearer }, 'POST', '/calls', alias)).statusCode, 400, 'a program says whose desk');

  const before = callCentre.asked.length;
  const program = { authorization: bearer, 'idempotency-key': 'order-1' };
  const request = { ...alias, personId: people.hanako.id };
  const first = await ask(program, 'POST', '/calls', request);
  const again = await ask(program, 'POST', '/calls', request);
  t.equal(first.statusCode, 201);
  t.strictSame(again.json(), first.json());
  t.equal(callCentre.asked.length, before + 1, 'one call');
  t.equal((await ask(program, 'POST', '/calls', { ...request, presentedNumber: '0120000000' })).statusCode, 422);
  callCentre.answer = { kind: 'conflict', because: 'The softphone of this desk is not connected.' };
  t.equal((await ask(hanako, 'POST', '/calls', alias)).statusCode, 409);
  callCentre.answer = { kind: 'ok' };
});

async function aCall(personId: string, alias: string) {
  const callId = newId('call');
  const legId = newId('leg');
  const { events } = store;
  await events.append({
    type: 'call-started',
    callId,
    direction: 'inbound',
    alias,
    companyNumber: '0120000000',
    trunk: 'demo',
  });
  await events.append({ type: 'agent-alerted', callId, personId: personId as never, legId });
  await events.append({ type: 'agent-answered', callId, personId: personId as never, legId, place: 'home', ringMs: 5 });
  await events.append({ type: 'agent-left', callId, personId: personId as never, legId, talkMs: 7, holdMs: 0 });
  await events.append({ type: 'call-ended', callId, cause: 'normal', side: 'customer', durationMs: 12 });
  return callId;
}

t.test('calls are listed in pages; an agent finds the own ones', async (t) => {
  const mine = [await aCall(people.hanako.id, 'AAAA'), await aCall(people.hanako.id, 'AAAA')];
  const taros = await aCall(people.taro.id, 'BBBB');
  const first = (await ask(midori, 'GET', '/calls?limit=2')).json();
  t.strictSame(
    first.items.map(({ id }: { id: string }) => id),
    [taros, mine[1]],
  );
  const second = (await ask(midori, 'GET', `/calls?limit=2&cursor=${first.nextCursor}`)).json();
  t.strictSame([second.items[0].id, second.nextCursor], [mine[0], null]);
  t.match((await ask(midori, 'GET', '/calls?alias=BBBB')).json().items, [{ id: taros }]);
  const own = (await ask(hanako, 'GET', `/calls?personId=${people.taro.id}`)).json().items;
  t.strictSame(
    own.map(({ id }: { id: string }) => id),
    mine.toReversed(),
    'whatever personId says',
  );
  t.match((await ask(hanako, 'GET', `/calls/${mine[0]}`)).json(), {
    talkMs: 7,
    segments: [{ personId: people.hanako.id }],
  });
  t.equal((await ask(hanako, 'GET', `/calls/${taros}`)).statusCode, 404);
  t.equal((await ask(midori, 'GET', '/calls/c_unknown')).statusCode, 404);
  t.equal((await ask(midori, 'GET', '/calls?limit=9999')).statusCode, 400);
  const types = async (headers: Record<string, string>) =>
    (await ask(headers, 'GET', `/calls/${mine[0]}/events`)).json().items.map(({ type }: { type: string }) => type);
  t.strictSame(await types(midori), ['call-started', 'agent-alerted', 'agent-answered', 'agent-left', 'call-ended']);
  t.strictSame(await types(hanako), ['agent-alerted', 'agent-answered', 'agent-left']);
});

t.test('the centre as it is now', async (t) => {
  t.match((await ask(hanako, 'GET', '/queues')).json().items, [
    { name: 'orders', label: { en: 'Orders' }, waiting: 2, longestWaitMs: 1235, agents: { available: 1 } },
    { name: 'support' },
  ]);
  const agents = (await ask(midori, 'GET', '/agents')).json().items;
  t.match(agents, [
    { person: { login: 'hanako' }, state: 'on-call', callId: /^c_/ },
    { person: { login: 'taro' }, softphoneRegistered: false },
  ]);
  t.equal((await ask(hanako, 'GET', '/agents')).statusCode, 403);
  t.match((await ask(midori, 'GET', '/trunks')).json(), { items: [{ name: 'demo', up: true }] });
  t.equal((await ask(midori, 'PUT', `/agents/${people.taro.id}/state`, { state: 'not-ready' })).statusCode, 204);
  t.equal(callCentre.asked.at(-1), 'setState not-ready supervisor');
  t.equal((await ask(midori, 'PUT', '/agents/p_unknown/state', { state: 'not-ready' })).statusCode, 404);
  t.strictSame((await ask(midori, 'POST', '/flows/check', { yaml: 'bad' })).json(), { ok: false, problems: [problem] });
  t.strictSame((await ask(midori, 'POST', '/flows/check', { yaml: 'good' })).json(), { ok: true, problems: [] });
  t.equal((await ask(midori, 'GET', '/flows/none')).statusCode, 404);
  t.equal((await ask(hanako, 'POST', '/test-calls', {})).statusCode, 201);
  t.match((await ask(hanako, 'GET', '/test-calls/t1')).json(), { state: 'ended' });
  t.equal((await ask(hanako, 'GET', '/test-calls/t2')).statusCode, 404);
});

t.test('a recording is handed out sealed, and that is written down', async (t) => {
  const row = {
    id: newId('recording'),
    callId: newId('call'),
    startedAt: 1,
    endedAt: 2,
    durationMs: 1,
    bytes: 28,
    state: 'complete' as const,
    path: 'a.ogg.age',
    sha256: null,
    recipients: ['age1x'],
  };
  await store.recordings.create(row);
  const escaping = { ...row, id: newId('recording'), path: '../../../etc/passwd' };
  const open = { ...row, id: newId('recording'), state: 'open' as const };
  const gone = { ...row, id: newId('recording'), path: 'gone.age' };
  const folder = { ...row, id: newId('recording'), path: 'outside' };
  for (const other of [escaping, open, gone, folder]) await store.recordings.create(other);
  writeFileSync(join(recordingsFolder, 'a.ogg.age'), 'age-encryption.org/v1 sealed');

  const file = (id: string, headers: Record<string, string> = midori) =>
    ask({ ...headers, 'x-purpose': 'test' }, 'GET', `/recordings/${id}/file`);
  t.match((await file(row.id)).json(), { code: 'step-up-needed' });
  await site.stepUp(midori);
  const response = await file(row.id);
  t.equal(response.statusCode, 200);
  t.equal(response.body, 'age-encryption.org/v1 sealed');
  t.equal(response.headers['content-disposition'], `attachment; filename="${row.id}.ogg.age"`);
  t.match(await store.events.read({ types: ['recording-opened'] }), [
    { recordingId: row.id, personId: people.midori.id },
  ]);
  t.equal((await file(row.id, hanako)).statusCode, 403);
  t.equal((await file(row.id, { authorization: bearer })).statusCode, 403);
  t.equal((await file(open.id)).statusCode, 409);
  t.equal((await file(gone.id)).statusCode, 404);
  t.equal((await file(folder.id)).statusCode, 404);
  t.equal((await file(escaping.id)).statusCode, 500);
  t.equal((await file('r_unknown')).statusCode, 404);
  const list = (await ask(midori, 'GET', `/recordings?callId=${row.callId}`)).json();
  t.equal(list.items.length, 5);
  t.notOk('path' in list.items[0], 'where it lies is nobody’s business');
});

t.test('an administrator adds and changes people', async (t) => {
  const jiro = {
    login: 'jiro',
    displayName: '次郎',
    role: 'agent',
    place: 'home',
    clearance: 'none',
    queues: ['orders'],
    language: 'ja',
    password: 'a good long one',
  };
  t.equal((await ask(midori, 'POST', '/users', jiro)).statusCode, 403);
  const created = await ask(root, 'POST', '/users', { ...jiro, passwordHash: 'mine', id: 'p_mine' });
  t.equal(created.statusCode, 201, created.body);
  const { id } = created.json();
  t.match(id, /^p_[0-9a-f]{32}$/, 'what is not in the schema is not taken');
  t.equal((await ask(root, 'POST', '/users', jiro)).statusCode, 409);
  t.equal((await ask(root, 'POST', '/users', { ...jiro, login: 'x1', password: 'short' })).statusCode, 400);
  t.equal((await ask(root, 'POST', '/users', { ...jiro, login: 'x1', queues: ['nowhere'] })).statusCode, 400);
  const changed = await ask(root, 'PATCH', `/users/${id}`, { place: 'centre', clearance: 'sensitive' });
  t.match(changed.json(), { id, place: 'centre', clearance: 'sensitive', displayName: '次郎' });
  t.equal((await ask(root, 'PATCH', `/users/${people.root.id}`, { disabled: true })).statusCode, 409);
  t.equal((await ask(root, 'PATCH', '/users/p_unknown', { place: 'home' })).statusCode, 404);
  t.match((await ask(midori, 'GET', `/users/${id}`)).json(), { login: 'jiro' });
  const page = (await ask(midori, 'GET', '/users?limit=1')).json();
  t.equal(page.items.length, 1);
  t.ok(page.nextCursor);
});

t.test('an API key is shown once', async (t) => {
  const created = await ask(root, 'POST', '/api-keys', { name: 'wallboard', role: 'supervisor' });
  t.equal(created.statusCode, 201);
  const { id, key } = created.json();
  const authorization = `Bearer ${key}`;
  t.equal((await ask({ authorization }, 'GET', '/agents')).statusCode, 200, 'needs no CSRF token, has no cookie');
  t.notMatch((await ask(root, 'GET', '/api-keys')).body, /engawa_/);
  t.equal((await ask(root, 'DELETE', `/api-keys/${id}`)).statusCode, 204);
  t.equal((await ask({ authorization }, 'GET', '/agents')).statusCode, 401);
  t.equal((await ask(root, 'DELETE', `/api-keys/${id}`)).statusCode, 404);
});

t.test('every error is a problem, and none repeats what was sent', async (t) => {
  const secret = '09012345678';
  const bad: [number, InjectOptions][] = [
    [404, { method: 'GET', url: `/api/v1/nothing/${secret}` }],
    [405, { method: 'DELETE', url: '/api/v1/queues', headers: hanako }],
    [
      400,
      {
        method: 'POST',
        url: '/api/v1/session',
        payload: `{"login": "${secret}`,
        headers: { 'content-type': 'application/json' },
      },
    ],
    [400, { method: 'POST', url: '/api/v1/session', payload: '', headers: { 'content-type': 'application/json' } }],
    [400, { method: 'POST', url: '/api/v1/session', payload: { login: [secret], password: 1 } }],
    [400, { method: 'POST', url: '/api/v1/session', payload: { __proto__: null, login: secret } }],
    [
      415,
      {
        method: 'POST',
        url: '/api/v1/session',
        payload: `<login>${secret}</login>`,
        headers: { 'content-type': 'text/xml' },
      },
    ],
    [413, { method: 'POST', url: '/api/v1/session', payload: { login: 'x'.repeat(9000), password: 'x' } }],
    [413, { method: 'POST', url: '/api/v1/flows/check', payload: { yaml: 'x'.repeat(600_000) }, headers: midori }],
    [400, { method: 'GET', url: '/api/v1/calls/%E0%A4%A', headers: hanako }],
    [400, { method: 'GET', url: '/api/v1/feed', headers: { ...hanako, 'last-event-id': secret } }],
  ];
  for (const [status, request] of bad) {
    const response = await app.inject(request);
    t.equal(
      response.statusCode,
      status,
      `${JSON.stringify(request).slice(0, 90)} → ${response.statusCode} ${response.body}`,
    );
    t.match(response.headers['content-type'], /^application\/problem\+json/);
    t.match(response.json(), { type: /^\/problems\//, title: /\w/, status });
    t.notOk(response.body.includes(secret), 'nothing of the request is in the answer');
  }
  t.equal((await app.inject({ method: 'DELETE', url: '/api/v1/queues', headers: hanako })).headers.allow, 'GET, HEAD');
});

t.test('OpenAPI 3.1 describes every route with the schemas that validate', async (t) => {
  const document = (await ask({}, 'GET', '/openapi.json')).json();
  t.equal(document.openapi, '3.1.0');
  for (const path of [
    '/session',
    '/desk',
    '/desk/state',
    '/desk/softphone',
    '/turn-credentials',
    '/calls',
    '/calls/{callId}',
    '/calls/{callId}/events',
    '/calls/{callId}/commands/transfer',
    '/queues',
    '/agents',
    '/agents/{personId}/state',
    '/recordings/{recordingId}/file',
    '/flows',
    '/flows/check',
    '/users',
    '/users/{personId}',
    '/api-keys',
    '/trunks',
    '/test-calls',
    '/feed',
  ])
    t.ok(document.paths[`/api/v1${path}`], path);
  t.ok(document.paths['/api/v1/desk'].get.responses.default.content['application/problem+json'].schema.properties.type);
  t.strictSame(document.paths['/api/v1/session'].post.security, []);
  const { schema } = document.paths['/api/v1/users'].post.requestBody.content['application/json'];
  t.match(schema.properties.password, { minLength: 12 });
  t.strictSame(schema.properties.role.enum, ['agent', 'supervisor', 'administrator', 'auditor', 'integrator']);
});

t.test('security headers are strict', async (t) => {
  const { headers } = await ask({}, 'GET', '/openapi.json');
  const policy = String(headers['content-security-policy']);
  t.match(policy, /default-src 'none'/);
  t.match(policy, /connect-src 'self' wss:/);
  t.notMatch(policy, /unsafe/);
  t.match(headers, {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  t.match(headers['permissions-policy'], /microphone=\(self\)/);
});

t.test('health and metrics', async (t) => {
  t.strictSame((await app.inject('/healthz')).json(), {
    status: 'ok',
    parts: [
      { name: 'sip', ok: true },
      { name: 'database', ok: true },
    ],
  });
  const metrics = (await app.inject('/metrics')).body;
  t.match(metrics, /^engawa_queue_waiting\{queue="orders"\} 2$/m);
  t.match(metrics, /^engawa_calls_active \d+$/m);
  t.notMatch(metrics, /hanako|0120/);
  const elsewhere = (headers = {}) => app.inject({ url: '/metrics', headers, remoteAddress: '198.51.100.7' });
  t.equal((await elsewhere()).statusCode, 401);
  t.equal((await elsewhere(hanako)).statusCode, 403);
  t.equal((await elsewhere({ authorization: bearer })).statusCode, 200);
});
