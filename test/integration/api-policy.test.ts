// The routes about rules on a real database: facts of people, the mode of operation, what was decided, and who may ask.

import t from 'tap';
import { createRulesInForce } from '../../src/call/rules/rules-in-force.ts';
import { defaultClasses } from '../../src/privacy/pii-class.ts';
import { parsePolicy } from '../../src/routing/policy/load-policy.ts';
import { systemClock as clock } from '../../src/shared/clock.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { testApi } from '../support/centre/api.ts';
import { testDatabase, testStore } from '../support/servers/database.ts';

const around = { classes: defaultClasses, reasons: new Map(), queues: ['orders', 'support'] };
const reading = parsePolicy('rules: { centre: { calls: { class: personal }, needs: { place: centre } } }', 'p', around);
if (!reading.ok) throw new Error('the rules of this test are wrong');

const databaseUrl = await testDatabase(t);
// The program's own; the API below has another connection to the same database.
const store = await testStore(t, { url: databaseUrl });
const rules = createRulesInForce({ clock, log, events: store.events, source: reading.source });
await rules.start();
t.teardown(() => rules.close());
const api = await testApi(t, {
  databaseUrl,
  policy: {
    rules,
    classes: () => defaultClasses,
    check: (yaml) => parsePolicy(yaml, 'policy.yaml', around).problems,
    reload: async () => ({ version: reading.source.version, changed: false, problems: [] }),
    placeOf: async () => 'home',
  },
});
const [hanako, midori, root] = [await api.signIn('hanako'), await api.signIn('midori'), await api.signIn('root-admin')];

const ask = (headers: object, method: 'GET' | 'PUT' | 'POST' | 'PATCH', path: string, payload?: object) =>
  api.app.inject({ method, url: `/api/v1${path}`, headers: { ...headers }, ...(payload ? { payload } : {}) });

t.test('who may read and switch what', async (t) => {
  for (const [who, path, status] of [
    [hanako, '/operation', 200],
    [hanako, '/policy', 403],
    [hanako, '/decisions', 403],
    [midori, '/policy', 200],
    [midori, '/decisions', 200],
    [{ authorization: api.bearer }, '/decisions', 200],
  ] as const)
    t.equal((await ask(who, 'GET', path)).statusCode, status, path);
  t.equal((await ask(hanako, 'PUT', '/operation', { operation: 'all-home' })).statusCode, 403);
  t.equal((await ask(midori, 'POST', '/policy/reload')).statusCode, 403);
  t.equal((await ask(root, 'POST', '/policy/reload')).statusCode, 200);
});

t.test('the mode is switched by a person or a program, until a time that is not over', async (t) => {
  const until = Date.now() + 60_000;
  const switched = await ask(midori, 'PUT', '/operation', { operation: 'all-home', why: 'Typhoon 14', until });
  t.match(switched.json(), {
    operation: 'all-home',
    by: 'hand',
    why: 'Typhoon 14',
    personId: api.people.midori.id,
    until,
  });
  t.match((await ask(hanako, 'GET', '/operation')).json(), { operation: 'all-home' });
  const bearer = { authorization: api.bearer };
  t.match((await ask(bearer, 'PUT', '/operation', { operation: 'partly-home' })).json(), {
    keyId: /^k_/,
    personId: null,
  });
  t.equal((await ask(midori, 'PUT', '/operation', { operation: 'all-home', until: 1 })).statusCode, 400);
  t.equal((await ask(midori, 'PUT', '/operation', { operation: 'nowhere' })).statusCode, 400);
  t.match((await ask(midori, 'PUT', '/operation', { operation: 'by-schedule' })).json(), { operation: 'normal' });
});

t.test(
  'an administrator registers facts of people; null takes one away, and an unknown class is refused',
  async (t) => {
    const path = `/users/${api.people.hanako.id}`;
    const facts = { employment: 'regular', trainings: { privacy: 5 }, pledge: { version: '2026', signedAt: 6 } };
    t.match((await ask(root, 'PATCH', path, { facts })).json(), { facts });
    const changed = await ask(root, 'PATCH', path, { facts: { pledge: null, device: 'managed' } });
    t.strictSame(changed.json().facts, { employment: 'regular', trainings: { privacy: 5 }, device: 'managed' });
    t.strictSame((await ask(root, 'GET', path)).json().facts, changed.json().facts);
    t.equal((await ask(root, 'PATCH', path, { facts: { device: 'stolen' } })).statusCode, 400);
    t.equal((await ask(root, 'PATCH', path, { facts: { shoeSize: 42 } })).statusCode, 400);
    t.match((await ask(root, 'PATCH', path, { clearance: 'secret' })).json(), {
      detail: 'There is no class of personal information “secret”: none, personal, sensitive.',
    });
    t.notOk('facts' in (await ask(hanako, 'GET', '/session')).json().person, 'the own page does not need them');
  },
);

t.test('why a person may not take a call is explained, rule by rule', async (t) => {
  const { id: personId } = api.people.hanako;
  await ask(root, 'PATCH', `/users/${personId}`, { clearance: 'personal' });
  const call = { piiClass: 'personal', queue: 'orders' };
  t.match((await ask(midori, 'POST', '/policy/explain', { personId, call })).json(), {
    ...{ allowed: false, rule: 'centre', place: 'home', operation: 'normal' },
    because: { code: 'place', en: /at home today$/ },
    tried: [
      { rule: 'clearance', outcome: 'fulfilled' },
      { rule: 'centre', outcome: 'lacking', lacks: [{ code: 'place' }] },
    ],
  });
  const there = await ask(midori, 'POST', '/policy/explain', { personId, call, place: 'centre' });
  t.match(there.json(), { allowed: true, rule: 'centre', because: null });
  t.equal((await ask(midori, 'POST', '/policy/explain', { personId: 'p_nobody', call })).statusCode, 404);
});

t.test('rules are looked at without putting them in force', async (t) => {
  const checked = await ask(midori, 'POST', '/policy/check', { yaml: 'rules: { a: { needs: { place: hom } } }' });
  t.match(checked.json(), { ok: false, problems: [{ line: 1, column: 31, message: /did you mean "home"\?$/ }] });
});

t.test('every offer made and refused is listed, newest first, by pages and by what is asked for', async (t) => {
  const { hanako: person, taro } = api.people;
  const calls = [1, 2, 3].map(() => newId('call'));
  for (const [i, callId] of calls.entries()) {
    const alias = `K${i}`;
    const began = { direction: 'inbound' as const, alias, companyNumber: '0120', trunk: null };
    await store.events.append({ type: 'call-started', callId, ...began });
    const refusal = { because: 'not offered: at home', ja: '在宅', code: 'place', rule: 'centre' };
    await store.events.append({ type: 'offer-refused', callId, personId: person.id, queue: 'orders', ...refusal });
    await store.events.append({ type: 'agent-reserved', callId, personId: taro.id, queue: 'orders', rule: 'centre' });
  }
  await store.events.flush();
  const read = async (query: string) => (await ask(midori, 'GET', `/decisions?${query}`)).json();
  const first = await read('limit=4');
  t.equal(first.items.length, 4);
  t.match(first.items, [
    { decision: 'offered', callId: calls[2], alias: 'K2', personId: taro.id, rule: 'centre', because: null },
    { decision: 'refused', because: { code: 'place', ja: '在宅', en: 'not offered: at home' } },
  ]);
  const second = await read(`limit=4&cursor=${first.nextCursor}`);
  t.equal(second.items.length, 2);
  t.equal(second.nextCursor, null);
  t.equal(new Set([...first.items, ...second.items].map(({ id }: { id: string }) => id)).size, 6);
  const count = async (query: string) => (await read(query)).items.length;
  t.equal(await count('decision=refused'), 3);
  t.equal(await count(`personId=${taro.id}`), 3);
  t.equal(await count(`callId=${calls[0]}&decision=offered`), 1);
  t.equal(await count('alias=K1'), 2);
  t.equal(await count('alias=nobody'), 0);
  t.equal(await count('rule=centre&code=place'), 3);
  t.equal(await count('queue=support'), 0);
  t.equal(await count(`from=${Date.now() + 60_000}`), 0);
});
