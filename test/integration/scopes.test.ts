// Limits to sites and queues, against the real API and database: what is outside answers as what does not exist (OWASP API1:2023,
// broken object level authorization), in lists it is not there, and the live feed does not tell of it. For each kind of object.

import t, { type Test } from 'tap';
import type { ApiNeeds } from '../../src/api/needs.ts';
import type { NewEvent } from '../../src/shared/events.ts';
import { type CallId, newId, type PersonId } from '../../src/shared/ids.ts';
import type { Scope } from '../../src/store/records.ts';
import { password, testApi } from '../support/centre/api.ts';
import { readEvents } from '../support/centre/event-source.ts';
import { eventually } from '../support/eventually.ts';

const work = { choose: async () => ({ kind: 'not-found' }), atDesk: async () => undefined };
const site = await testApi(t, {
  mailboxes: [
    { name: 'orders-box', queue: 'orders' },
    { name: 'support-box', queue: 'support' },
  ],
  callLists: { work, unknownIn: () => undefined, add: async () => ({ added: 0 }), aliasOf: async () => 'K7Q4-M2XD' },
  telephones: { view: async () => ({ allowed: true, masked: null, device: 'browser', usable: false }) },
  policy: {
    rules: {
      operation: () => ({ operation: 'normal', untilMs: null }),
      explain: () => ({ allowed: true, because: [] }),
      decide: () => ({ allowed: true }),
    },
    classes: () => [{ id: 'none', label: { ja: 'なし', en: 'None' } }],
    placeOf: async () => 'centre',
  },
} as unknown as Partial<ApiNeeds>);
const { app, store, identity, callCentre, signIn } = site;

const person = (login: string, more: object) =>
  identity.createPerson({
    ...({ place: 'centre', clearance: 'none', language: 'ja', password, displayName: login } as const),
    ...{ login, role: 'agent' as const, queues: [] as string[], ...more },
  });
const ours = await person('ours', { queues: ['orders'], site: 'Osaka' });
const theirs = await person('theirs', { queues: ['support'], site: 'Osaka' });
const elsewhere = await person('elsewhere', { queues: ['orders'], site: 'Tokyo' });
const supervisor = async (login: string, scope: Scope) => {
  await person(login, { role: 'supervisor', scope });
  return signIn(login);
};
const ofOrders = await supervisor('of-orders', { queues: ['orders'] });
const ofOsaka = await supervisor('of-osaka', { sites: ['Osaka'] });
const ofBoth = await supervisor('of-both', { queues: ['orders'], sites: ['Osaka'] });
const { secret } = await identity.createApiKey({ name: 'bi', role: 'integrator', scope: { queues: ['orders'] } });
const byKey = { authorization: `Bearer ${secret}` };
const midori = await signIn('midori');

const tell = (event: NewEvent) => store.events.append(event);
/** A call in a queue that this person had, with a recording. */
async function talkedOf(queue: string | null, personId: PersonId) {
  const callId = newId('call');
  const recordingId = newId('recording');
  const started = { direction: 'inbound', alias: 'K7Q4-M2XD', companyNumber: '0120000000', trunk: null } as const;
  await tell({ type: 'call-started', callId, ...started });
  if (queue) await tell({ type: 'queue-entered', callId, queue });
  await tell({ type: 'agent-reserved', callId, personId, queue });
  await tell({ type: 'agent-answered', callId, personId, legId: newId('leg'), place: 'home', ringMs: 1 });
  const row = { endedAt: null, durationMs: null, bytes: null, state: 'open', sha256: null, recipients: [] } as const;
  await store.recordings.create({ id: recordingId, callId, startedAt: 1, path: 'x', ...row, recipients: [] });
  return { callId, recordingId };
}
const call = {
  ours: await talkedOf('orders', ours.id),
  theirs: await talkedOf('support', theirs.id),
  elsewhere: await talkedOf('orders', elsewhere.id),
  outbound: await talkedOf(null, ours.id),
};
await store.events.flush();
await eventually('the records are there', async () => (await store.calls.list({ limit: 10 })).length === 4);

type Headers = Record<string, string>;
const ask = (headers: Headers, method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
  app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
const list = async (headers: Headers, url: string) => (await ask(headers, 'GET', url)).json().items;

/** The same answer as for an id that nobody has. */
async function isAbsent(
  t: Test,
  headers: Headers,
  method: Parameters<typeof ask>[1],
  path: (id: string) => string,
  id: string,
  body?: object,
) {
  const unknown = id.replace(/[0-9a-f]{8}$/, '00000000');
  const [there, nowhere] = [
    await ask(headers, method, path(id), body),
    await ask(headers, method, path(unknown), body),
  ];
  t.equal(there.statusCode, 404, `${method} ${path('…')}`);
  t.same(there.json(), nowhere.json(), 'and the same words as for one that does not exist');
}

t.test('calls: lists, one, its events, commands, listening, digits', async (t) => {
  const seen = async (headers: Headers) =>
    (await list(headers, '/api/v1/calls')).map(({ id }: { id: string }) => id).sort();
  const ids = (...names: (keyof typeof call)[]) => names.map((name) => call[name].callId).sort();
  t.same(await seen(midori), ids('ours', 'theirs', 'elsewhere', 'outbound'), 'without a limit: all');
  t.same(await seen(ofOrders), ids('ours', 'elsewhere', 'outbound'));
  t.same(await seen(ofOsaka), ids('ours', 'theirs', 'outbound'));
  t.same(await seen(ofBoth), ids('ours', 'outbound'));
  t.same(await seen(byKey), ids('ours', 'elsewhere', 'outbound'));
  t.same(await list(ofOrders, '/api/v1/calls?queue=support'), [], 'naming another queue shows nothing of it');
  const page = (await ask(ofOrders, 'GET', '/api/v1/calls?limit=1')).json();
  t.equal(page.items.length, 1, 'pages are full');
  t.equal((await ask(ofOrders, 'GET', `/api/v1/calls?limit=5&cursor=${page.nextCursor}`)).json().items.length, 2);

  await callCentre.signIn(theirs.id);
  await callCentre.signIn(ours.id);
  callCentre.connect(theirs.id, call.theirs.callId);
  callCentre.connect(ours.id, call.ours.callId);
  for (const headers of [ofOrders, byKey]) {
    const at = (path: string) => (id: string) => `/api/v1/calls/${id}${path}`;
    await isAbsent(t, headers, 'GET', at(''), call.theirs.callId);
    await isAbsent(t, headers, 'GET', at('/events'), call.theirs.callId);
    for (const command of ['hold', 'hangup', 'park', 'mute'])
      await isAbsent(t, headers, 'POST', at(`/commands/${command}`), call.theirs.callId);
    await isAbsent(t, headers, 'POST', at('/pii-came-up'), call.theirs.callId);
    await isAbsent(t, headers, 'POST', at('/verification'), call.theirs.callId, { factor: 'x' });
    await isAbsent(t, headers, 'DELETE', at('/verification'), call.theirs.callId);
  }
  await isAbsent(t, ofOrders, 'PUT', (id) => `/api/v1/calls/${id}/monitor`, call.theirs.callId, { mode: 'listen' });
  t.equal(
    callCentre.asked.some((what) => /^(hold|hangUp|park|monitor)/.test(what)),
    false,
    'nothing was commanded',
  );
  t.equal((await ask(ofOrders, 'POST', `/api/v1/calls/${call.ours.callId}/commands/hold`)).statusCode, 204);
  const listens = await ask(ofOrders, 'PUT', `/api/v1/calls/${call.ours.callId}/monitor`, { mode: 'listen' });
  t.equal(listens.statusCode, 204, 'the own queue is open');
});

t.test('agents: the wallboard, their state, calls from their desk', async (t) => {
  const names = async (headers: Headers) =>
    (await list(headers, '/api/v1/agents')).map(({ person }: { person: { login: string } }) => person.login).sort();
  t.same(await names(ofOrders), ['elsewhere', 'hanako', 'ours']);
  t.same(await names(ofOsaka), ['ours', 'theirs']);
  t.same(await names(ofBoth), ['ours']);
  const state = { state: 'not-ready' };
  await isAbsent(t, ofOrders, 'PUT', (id) => `/api/v1/agents/${id}/state`, theirs.id, state);
  await isAbsent(t, byKey, 'PUT', (id) => `/api/v1/agents/${id}/state`, theirs.id, state);
  t.equal((await ask(ofOrders, 'PUT', `/api/v1/agents/${ours.id}/state`, state)).statusCode, 204);
  const dial = await ask(byKey, 'POST', '/api/v1/calls', { to: { alias: 'K7Q4-M2XD' }, personId: theirs.id });
  t.equal(dial.statusCode, 404);
});

t.test('queues', async (t) => {
  const names = async (headers: Headers) =>
    (await list(headers, '/api/v1/queues')).map((q: { name: string }) => q.name);
  t.same(await names(ofOrders), ['orders']);
  t.same(await names(byKey), ['orders']);
  t.same(await names(ofOsaka), ['orders', 'support'], 'a limit to sites is none to queues');
});

t.test('recordings', async (t) => {
  const ids = async (headers: Headers) =>
    (await list(headers, '/api/v1/recordings')).map(({ callId }: { callId: CallId }) => callId).sort();
  t.same(await ids(ofBoth), [call.ours.callId, call.outbound.callId].sort());
  // A sealed file is handed out after a proof, and for a purpose.
  await site.stepUp(ofOrders);
  for (const path of ['', '/file'])
    await isAbsent(
      ...([t, { ...ofOrders, 'x-purpose': 'test' }, 'GET' as const] as const),
      ...([(id: string) => `/api/v1/recordings/${id}${path}`, call.theirs.recordingId] as const),
    );
  t.equal((await ask(ofOrders, 'GET', `/api/v1/recordings/${call.ours.recordingId}`)).statusCode, 200);
});

t.test('messages and call backs', async (t) => {
  const left = { alias: null, reason: 'order', piiClass: 'none', durationMs: 1 } as const;
  const boxes = { orders: 'orders-box', support: 'support-box' };
  const kept = { alias: 'K7Q4-M2XD', companyNumber: '0120000000', priority: 0, skills: {}, reason: null } as const;
  const times = { piiClass: null, waitingSince: 1, expiresAt: Date.now() + 1e6 } as const;
  for (const [queue, { callId, recordingId }] of [
    ['orders', call.ours],
    ['support', call.theirs],
  ] as const) {
    await tell({ type: 'voicemail-left', callId, recordingId, mailbox: boxes[queue], ...left });
    await tell({ type: 'callback-kept', callId, queue, ...kept, ...times });
  }
  await store.events.flush();
  await eventually('they are listed', async () => (await list(midori, '/api/v1/voicemails')).length === 2);
  for (const headers of [ofOrders, byKey]) {
    const mailboxes = await list(headers, '/api/v1/voicemails');
    t.same(
      mailboxes.map(({ mailbox }: { mailbox: string }) => mailbox),
      ['orders-box'],
    );
    const callbacks = await list(headers, '/api/v1/callbacks');
    t.same(
      callbacks.map(({ queue }: { queue: string }) => queue),
      ['orders'],
    );
    await isAbsent(t, headers, 'DELETE', (id) => `/api/v1/callbacks/${id}`, call.theirs.callId);
  }
  const done = (id: string) => `/api/v1/voicemails/${id}/commands/done`;
  await isAbsent(t, ofOrders, 'POST', done, call.theirs.recordingId);
  t.equal((await ask(ofOrders, 'POST', done(call.ours.recordingId))).statusCode, 204);
});

t.test('call lists', async (t) => {
  const texts = { label: { ja: 'あ', en: 'a' }, script: { ja: 'い', en: 'b' } };
  const listOf = (name: string, queue: string) => ({
    ...{ name, queue, ...texts, mode: 'preview', reason: 'order', presentedNumber: '0120000000', calendar: 'day' },
  });
  const made = await ask(midori, 'POST', '/api/v1/call-lists', listOf('spring', 'support'));
  t.equal(made.statusCode, 201, made.body);
  const { id } = made.json();
  for (const headers of [ofOrders, byKey]) {
    t.same(await list(headers, '/api/v1/call-lists'), []);
    t.equal((await ask(headers, 'POST', '/api/v1/call-lists', listOf('mine', 'support'))).statusCode, 422);
    await isAbsent(t, headers, 'PATCH', (one) => `/api/v1/call-lists/${one}`, id, { state: 'running' });
    await isAbsent(t, headers, 'GET', (one) => `/api/v1/call-lists/${one}/figures`, id);
    await isAbsent(t, headers, 'GET', (one) => `/api/v1/call-lists/${one}/customers`, id);
    await isAbsent(t, headers, 'POST', (one) => `/api/v1/call-lists/${one}/customers`, id, { customers: [] });
    await isAbsent(t, headers, 'DELETE', (one) => `/api/v1/call-lists/${one}/customers/le_1`, id);
    t.equal((await ask(headers, 'DELETE', '/api/v1/do-not-call/K7Q4-M2XD')).statusCode, 403, 'it holds for every list');
  }
  const mine = await ask(ofOrders, 'POST', '/api/v1/call-lists', listOf('mine', 'orders'));
  t.equal(mine.statusCode, 201);
  const moved = await ask(ofOrders, 'PATCH', `/api/v1/call-lists/${mine.json().id}`, { queue: 'support' });
  t.equal(moved.statusCode, 422, 'nor is one given away');
});

t.test('decisions', async (t) => {
  const of = async (headers: Headers) =>
    (await list(headers, '/api/v1/decisions')).map(({ callId }: { callId: CallId }) => callId).sort();
  t.same(await of(ofOrders), [call.ours, call.elsewhere, call.outbound].map(({ callId }) => callId).sort());
  t.same(await of(ofBoth), [call.ours, call.outbound].map(({ callId }) => callId).sort());
  const explain = { call: { reason: 'order' } };
  const refused = await ask(ofOrders, 'POST', '/api/v1/policy/explain', { ...explain, personId: theirs.id });
  t.equal(refused.statusCode, 404);
});

t.test('people, their telephones and their sessions', async (t) => {
  const logins = (await list(ofBoth, '/api/v1/users')).map(({ login }: { login: string }) => login);
  t.same(logins, ['ours', 'of-both'], 'and oneself');
  await signIn('theirs');
  for (const path of ['', '/telephone', '/sessions'])
    await isAbsent(t, ofOrders, 'GET', (id) => `/api/v1/users/${id}${path}`, theirs.id);
  t.equal((await ask(ofOrders, 'GET', `/api/v1/users/${ours.id}/telephone`)).statusCode, 200);
});

t.test(
  'the live feed tells nothing of what is outside, live and afterwards; a limit that is set holds at once',
  async (t) => {
    const url = await site.api.listen();
    const before = (await store.events.read({ descending: true, limit: 1 }))[0]!.id;
    const open = async (headers: Headers) => {
      const feed = await readEvents(`${url}/api/v1/feed`, { ...headers, accept: 'text/event-stream' });
      t.teardown(() => feed.close());
      return feed;
    };
    const [limited, keys, all] = [await open(ofOrders), await open(byKey), await open(midori)];
    const late = await talkedOf('orders', ours.id);
    const hidden = await talkedOf('support', theirs.id);
    await tell({ type: 'sign-in-failed', login: 'x', because: 'password' });
    await tell({ type: 'agent-state', personId: theirs.id, from: 'available', to: 'not-ready', because: 'break' });
    await tell({ type: 'agent-state', personId: ours.id, from: 'available', to: 'not-ready', because: 'end' });
    const told = (feed: typeof limited) => feed.events.filter(({ event }) => event === 'event').map(({ data }) => data);
    for (const feed of [limited, keys, all])
      await eventually('the last event is told', () => told(feed).some((one) => one.because === 'end'));
    for (const feed of [limited, keys]) {
      t.ok(told(feed).some((one) => one.callId === late.callId));
      t.notOk(JSON.stringify(feed.events).includes(hidden.callId));
      t.notOk(JSON.stringify(feed.events).includes(theirs.id));
      t.notOk(told(feed).some((one) => one.type === 'sign-in-failed'));
    }
    t.ok(JSON.stringify(all.events).includes(hidden.callId), 'who has no limit is told');
    const again = await open({ ...ofOrders, 'last-event-id': before });
    await eventually('the backfill has come', () => told(again).some((one) => one.because === 'end'));
    t.notOk(JSON.stringify(again.events).includes(hidden.callId), 'nor in what is told afterwards');

    await identity.changePerson(site.people.midori.id, { scope: { queues: ['orders'] } });
    await eventually('a page with a wider view is sent for a new one', () =>
      all.events.some(({ event }) => event === 'cut'),
    );
    await isAbsent(t, midori, 'GET', (id) => `/api/v1/calls/${id}`, call.theirs.callId);
  },
);
