// What every store must do, on a real PostgreSQL.

import t from 'tap';
import type { EngawaEvent } from '../../src/shared/events.ts';
import { type CallId, newId, type PersonId, type RecordingId } from '../../src/shared/ids.ts';
import type { Person } from '../../src/store/records.ts';
import { sql, testDatabase, testStore } from '../support/servers/database.ts';

const url = await testDatabase(t);
const store = await testStore(t, { url });

const somebody: Omit<Person, 'id' | 'createdAt'> = {
  login: 'hanako',
  displayName: '花子',
  role: 'agent',
  place: 'home',
  clearance: 'none',
  queues: ['orders', 'support'],
  language: 'ja',
  disabled: false,
  passwordHash: 'x',
  facts: {},
};

t.test('a person is kept, changed and found again', async (t) => {
  const created = await store.people.create(somebody);
  t.match(created, { ...somebody, id: /^p_[0-9a-f]{32}$/ });
  t.strictSame(await store.people.byLogin('hanako'), created);
  const changed = await store.people.update(created.id, { place: 'centre', queues: [], disabled: true });
  t.strictSame(changed, { ...created, place: 'centre', queues: [], disabled: true });
  t.strictSame(await store.people.byId(created.id), changed);
  const facts = { employment: 'regular' as const, trainings: { privacy: 5 }, pledge: { version: '1', signedAt: 6 } };
  t.strictSame(await store.people.update(created.id, { facts }), { ...changed!, facts });
  t.strictSame(await store.people.update(created.id, { facts: {} }), changed);
  t.equal(await store.people.byLogin('nobody'), undefined);
  t.equal(await store.people.update(newId('person'), { place: 'home' }), undefined);
  await t.rejects(store.people.create(somebody), { code: 'conflict' }, 'a login is given once');
  const second = await store.people.create({ ...somebody, login: 'taro' });
  t.strictSame(
    (await store.people.list()).map((person) => person.login),
    ['hanako', 'taro'],
  );
  t.strictSame(await store.people.list({ after: created.id }), [second]);
});

t.test('a session is found by the hash of its token until it is removed', async (t) => {
  const { id: personId } = await store.people.create({ ...somebody, login: 'session-owner' });
  const session = {
    id: newId('session'),
    personId,
    tokenHash: 'a'.repeat(64),
    createdAt: 1000,
    seenAt: 1000,
    expiresAt: 9000,
    address: '127.0.0.1',
    userAgent: 'test',
  };
  await store.sessions.create(session);
  await store.sessions.touch(session.id, 5000);
  await store.sessions.touch(session.id, 4000);
  await store.sessions.move(session.id, '192.0.2.9');
  const touched = { ...session, seenAt: 5000, address: '192.0.2.9' };
  t.strictSame(await store.sessions.byTokenHash(session.tokenHash), touched, 'seenAt never goes back');
  t.strictSame(await store.sessions.ofPerson(personId), [touched]);
  t.strictSame(await store.sessions.ended({ expiredAt: 8999, seenBefore: 4999 }), []);
  t.strictSame(await store.sessions.ended({ expiredAt: 9000, seenBefore: 0 }), [touched], 'past its absolute limit');
  t.strictSame(await store.sessions.ended({ expiredAt: 0, seenBefore: 5000 }), [touched], 'idle');
  await store.sessions.remove(session.id);
  t.equal(await store.sessions.byTokenHash(session.tokenHash), undefined);
});

t.test('an API key is revoked once', async (t) => {
  const key = {
    id: newId('apiKey'),
    name: 'crm',
    keyHash: 'b'.repeat(64),
    role: 'integrator' as const,
    createdAt: 1,
    revokedAt: null,
  };
  await store.apiKeys.create(key);
  t.strictSame(await store.apiKeys.byHash(key.keyHash), key);
  t.equal(await store.apiKeys.revoke(key.id, 7), true);
  t.equal(await store.apiKeys.revoke(key.id, 8), false);
  t.strictSame(await store.apiKeys.list(), [{ ...key, revokedAt: 7 }]);
});

t.test('a recording is listed newest first and by call', async (t) => {
  const [first, second] = [newId('recording', 1000), newId('recording', 2000)] as [RecordingId, RecordingId];
  const callId = newId('call');
  const row = {
    id: first,
    callId,
    startedAt: 1000,
    endedAt: null,
    durationMs: null,
    bytes: null,
    state: 'open' as const,
    path: '2026/x.age',
    sha256: null,
    recipients: ['age1x'],
  };
  await store.recordings.create(row);
  await store.recordings.create({ ...row, id: second, callId: newId('call') });
  const big = 6_000_000_000;
  await store.recordings.update(first, { state: 'complete', bytes: big, sha256: 'c0', endedAt: 5, durationMs: 4 });
  t.match(await store.recordings.byId(first), { state: 'complete', bytes: big, sha256: 'c0', path: '2026/x.age' });
  t.strictSame(
    (await store.recordings.list({})).map(({ id }) => id),
    [second, first],
  );
  t.strictSame(
    (await store.recordings.list({ before: second })).map(({ id }) => id),
    [first],
  );
  t.strictSame(
    (await store.recordings.list({ callId })).map(({ id }) => id),
    [first],
  );
});

t.test('a vault row is put once and read back byte for byte', async (t) => {
  const row = { alias: 'K7Q4-M2XD', numberHash: 'd0', sealedNumber: new Uint8Array([0, 255, 10, 13]), firstSeenAt: 5 };
  await store.vaultRows.put(row);
  await store.vaultRows.put({ ...row, sealedNumber: new Uint8Array([9]), firstSeenAt: 6 });
  t.strictSame(await store.vaultRows.byAlias('K7Q4-M2XD'), row);
  t.equal(await store.vaultRows.byAlias('ZZZZ-ZZZZ'), undefined);
});

t.test('events come back as they were appended, in order, and to subscribers in the same order', async (t) => {
  const callId = newId('call');
  const heard: EngawaEvent[] = [];
  const off = store.events.subscribe((event) => heard.push(event));
  const appended = await Promise.all([
    store.events.append({
      type: 'call-started',
      callId,
      direction: 'inbound',
      alias: 'K7Q4-M2XD',
      companyNumber: '0120000000',
      trunk: 'demo',
    }),
    store.events.append({ type: 'flow-node', callId, flow: 'main', node: 'nul \0 and lone \ud800 surrogate' }),
    store.events.append({ type: 'call-ended', callId, cause: 'normal', side: 'customer', durationMs: 10 }),
  ]);
  off();
  t.strictSame(heard, appended);
  const read = await store.events.read({ callId });
  t.strictSame(
    read.map(({ id }) => id),
    appended.map(({ id }) => id),
  );
  t.strictSame(read[0], { ...appended[0] });
  t.match(read[1], { node: 'nul \ufffd and lone \ufffd surrogate' }, 'what jsonb cannot hold is replaced, not lost');
  t.strictSame(await store.events.read({ callId, after: read[0]!.id, limit: 1 }), [read[1]]);
  t.strictSame(await store.events.read({ callId, upTo: read[0]!.id }), [read[0]]);
  t.strictSame(await store.events.read({ callId, descending: true, types: ['call-started', 'call-ended'] }), [
    read[2],
    read[0],
  ]);
});

t.test('a listener that appends does not overtake the event it heard', async (t) => {
  const heard: string[] = [];
  const personId = newId('person');
  const offs = [
    store.events.subscribe((event) => {
      if (event.type === 'agent-state' && event.personId === personId && event.to === 'available')
        void store.events.append({ ...event, type: 'agent-state', from: 'available', to: 'reserved' });
    }),
    store.events.subscribe((event) => {
      if (event.type === 'agent-state') heard.push(event.to);
    }),
  ];
  await store.events.append({ type: 'agent-state', personId, from: 'not-ready', to: 'available', because: null });
  for (const off of offs) off();
  t.strictSame(heard, ['available', 'reserved']);
});

t.test('the event log refuses to be changed', async (t) => {
  await t.rejects(sql(url, "UPDATE events SET type = 'x'"), /append-only/);
  await t.rejects(sql(url, 'DELETE FROM events'), /append-only/);
  await t.rejects(sql(url, 'TRUNCATE events'), /append-only/);
});

async function appendCall(callId: CallId, personId: PersonId, queue: string, alias: string) {
  const { events } = store;
  await events.append({ type: 'call-started', callId, direction: 'inbound', alias, companyNumber: '03', trunk: 'a' });
  await events.append({ type: 'queue-entered', callId, queue });
  await events.append({ type: 'queue-left', callId, queue, outcome: 'answered', waitMs: 1200 });
  const legId = newId('leg');
  await events.append({ type: 'agent-answered', callId, personId, legId, place: 'home', ringMs: 900 });
  await events.append({ type: 'agent-left', callId, personId, legId, talkMs: 5000, holdMs: 100 });
  await events.append({ type: 'call-ended', callId, cause: 'normal', side: 'agent', durationMs: 9000 });
}

t.test(
  'call records follow the events, are listed by person, queue and alias, and can be computed again',
  async (t) => {
    const [a, b] = [newId('call', 10_000), newId('call', 20_000)];
    const [hanako, taro] = [newId('person'), newId('person')];
    await appendCall(a, hanako, 'orders', 'AAAA-AAAA');
    await appendCall(b, taro, 'support', 'BBBB-BBBB');
    t.match(await store.calls.byId(a), { queue: 'orders', waitMs: 1200, talkMs: 5000, holdMs: 100, side: 'agent' });
    const ids = async (query: Parameters<typeof store.calls.list>[0]) =>
      (await store.calls.list(query)).map((record) => record.id).filter((id) => id === a || id === b);
    t.strictSame(await ids({}), [b, a]);
    t.strictSame(await ids({ before: b }), [a]);
    t.strictSame(await ids({ personId: hanako }), [a]);
    t.strictSame(await ids({ queue: 'support' }), [b]);
    t.strictSame(await ids({ alias: 'AAAA-AAAA' }), [a]);
    const before = await store.calls.list({});
    await sql(url, 'DELETE FROM call_records');
    t.equal(await store.calls.byId(a), undefined);
    t.equal(await store.rebuildCallRecords(), before.length);
    t.strictSame(await store.calls.list({}), before);
  },
);

t.test('a second program goes on with a call record that the first began', async (t) => {
  const callId = newId('call');
  await store.events.append({
    type: 'call-started',
    callId,
    direction: 'inbound',
    alias: null,
    companyNumber: '03',
    trunk: null,
  });
  await store.events.append({ type: 'queue-entered', callId, queue: 'orders' });
  const second = await testStore(t, { url });
  await second.events.append({ type: 'call-ended', callId, cause: 'fault', side: 'us', durationMs: 1 });
  t.match(await second.calls.byId(callId), { queue: 'orders', cause: 'fault', side: 'us' });
});

t.test('two programs write of one call in turn, and none undoes what the other knows', async (t) => {
  const callId = newId('call');
  const personId = newId('person');
  const second = await testStore(t, { url });
  const started = { type: 'call-started', callId, direction: 'inbound', alias: null, companyNumber: '03' } as const;
  await store.events.append({ ...started, trunk: null });
  await second.events.append({ type: 'reason-set', callId, reason: 'order', piiClass: 'none', by: 'flow' });
  await store.events.append({ type: 'queue-entered', callId, queue: 'orders' });
  const legId = newId('leg');
  await store.events.append({ type: 'agent-answered', callId, personId, legId, place: 'home', ringMs: 1 });
  await second.events.append({ type: 'flow-entered', callId, flow: 'main', version: 'a' });
  await store.events.append({ type: 'call-ended', callId, cause: 'normal', side: 'customer', durationMs: 1 });
  await store.calls.byId(callId);
  t.match(await second.calls.byId(callId), {
    ...{ reason: 'order', queue: 'orders', flow: 'main', cause: 'normal', side: 'customer' },
    segments: [{ personId }],
  });
});

t.test('a healthy store says so', async (t) => t.strictSame(await store.health(), { ok: true }));

t.test('closing twice is closing once', async (t) => {
  const second = await testStore(t, { url });
  await Promise.all([second.close(), second.close()]);
  await second.close();
  t.pass();
});
