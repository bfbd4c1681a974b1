// The live feed over real HTTP: the own desk, events by role, coming back where one left off, readers that do not read.

import t from 'tap';
import { type CallId, newId, type PersonId } from '../../src/shared/ids.ts';
import { testApi } from '../support/centre/api.ts';
import { type EventSourceReader, readEvents } from '../support/centre/event-source.ts';
import { eventually } from '../support/eventually.ts';
import { cuttableWire, testDatabase } from '../support/servers/database.ts';

const databaseUrl = await testDatabase(t);
const wire = await cuttableWire(t, databaseUrl);
const site = await testApi(t, {
  databaseUrl: wire.url,
  limits: { feedHeartbeatMs: 100, feedBacklogBytes: 64 * 1024, feedsPerCredential: 3 },
});
const { store, callCentre, people, identity } = site;
const url = `${await site.api.listen()}/api/v1/feed`;

const kinds = (reader: EventSourceReader, event: string) => reader.events.filter((sent) => sent.event === event);
const ids = (reader: EventSourceReader) => kinds(reader, 'event').map(({ id }) => id);

async function open(t: { teardown(run: () => void): void }, headers: Record<string, string>, query = '') {
  const reader = await readEvents(url + query, headers);
  t.teardown(() => reader.close());
  return reader;
}

function happen(personId: PersonId, because = 'test') {
  return store.events.append({ type: 'agent-state', personId, from: 'available', to: 'not-ready', because });
}

t.test('an agent gets the own desk at once and on every change', async (t) => {
  const reader = await open(t, await site.signIn('hanako'));
  await eventually('the desk is there', () => kinds(reader, 'desk').length === 1);
  await eventually('a heartbeat that pages can see', () => kinds(reader, 'alive').length > 0);
  t.match(kinds(reader, 'desk')[0]?.data, { state: 'not-ready', revision: Number, call: null });
  callCentre.setState(people.hanako.id, 'available');
  const callId = callCentre.connect(people.hanako.id);
  await eventually('the call is there', () => kinds(reader, 'desk').at(-1)?.data.call?.id === callId);
  // A number of its own, not a part of an id.
  t.notMatch(JSON.stringify(reader.events), /passwordHash|(?<![0-9a-z])09\d{9}(?![0-9a-z])/);
  const before = kinds(reader, 'desk').length;
  await store.events.append({ type: 'queue-entered', callId: newId('call'), queue: 'orders' });
  await eventually('another one waits', () => kinds(reader, 'desk').length > before);
  callCentre.endCall(people.hanako.id);
});

t.test('agents see their own events, supervisors and programs all', async (t) => {
  const hanako = await open(t, await site.signIn('hanako'));
  const midori = await open(t, await site.signIn('midori'));
  const program = await open(t, { authorization: site.bearer });
  const [mine, taros] = [await happen(people.hanako.id), await happen(people.taro.id)];
  for (const reader of [midori, program])
    await eventually('both came', () => ids(reader).includes(mine.id) && ids(reader).includes(taros.id));
  t.ok(ids(hanako).includes(mine.id));
  t.notOk(ids(hanako).includes(taros.id));
  t.strictSame(kinds(midori, 'desk'), [], 'no desk, no desk events');
  t.match(kinds(midori, 'event').at(-1), { id: taros.id, data: { ...taros } });
});

t.test('who comes back with the last id misses nothing and hears nothing twice', async (t) => {
  const headers = { authorization: site.bearer };
  const first = await open(t, headers);
  const heard = await happen(people.taro.id, 'heard');
  await eventually('it came', () => ids(first).includes(heard.id));
  first.close();
  const missed = [await happen(people.taro.id, 'missed'), await happen(people.taro.id, 'missed')];

  let running = true;
  const during: string[] = [];
  const busy = (async () => {
    while (running) during.push((await happen(people.taro.id, 'during')).id);
  })();
  const second = await open(t, { ...headers, 'last-event-id': heard.id });
  await eventually('live again', () => ids(second).length > 200);
  running = false;
  await busy;
  await eventually('all came', () => ids(second).includes(during.at(-1)));
  t.strictSame(ids(second), [...missed.map(({ id }) => id), ...during]);

  const third = await open(t, headers, `?after=${missed[0]!.id}`);
  await eventually('from there on', () => ids(third).includes(during.at(-1)));
  t.equal(ids(third)[0], missed[1]!.id);
});

t.test('what is no longer in memory comes from the log', async (t) => {
  const site = await testApi(t);
  const before = [];
  for (let n = 0; n < 3; n++) before.push(await site.store.events.append(signedOut(site.people.taro.id)));
  const restarted = await testApi(t, { store: site.store, databaseUrl: await testDatabase(t) });
  const { secret } = await restarted.identity.createApiKey({ name: 'x', role: 'integrator' });
  const url = `${await restarted.api.listen()}/api/v1/feed`;
  const reader = await readEvents(url, { authorization: `Bearer ${secret}`, 'last-event-id': before[0]!.id });
  t.teardown(() => reader.close());
  await eventually('the others came', () => ids(reader).length === 2);
  t.strictSame(ids(reader), [before[1]!.id, before[2]!.id]);
});

function signedOut(personId: PersonId) {
  return { type: 'signed-out' as const, personId, sessionId: newId('session'), because: 'asked' as const };
}

t.test('an agent who comes back knows the own call', async (t) => {
  const callId = newId('call') as CallId;
  const personId = people.hanako.id;
  const alerted = await store.events.append({ type: 'agent-alerted', callId, personId, legId: newId('leg') });
  const held = await store.events.append({ type: 'call-held', callId, by: 'agent' });
  const reader = await open(t, { ...(await site.signIn('hanako')), 'last-event-id': alerted.id });
  await eventually('it came', () => ids(reader).includes(held.id));
  t.equal(reader.status, 200);
});

t.test('the feed goes on, and resumes, while the database is away', async (t) => {
  const headers = { authorization: site.bearer };
  const reader = await open(t, headers);
  const before = await happen(people.taro.id);
  await eventually('it came', () => ids(reader).includes(before.id));
  await wire.cut();
  const during = await happen(people.taro.id);
  await eventually('it came', () => ids(reader).includes(during.id));
  const back = await open(t, { ...headers, 'last-event-id': before.id });
  await eventually('it came from memory', () => ids(back).includes(during.id));
  await wire.mend();
  await store.events.flush();
});

t.test('a reader that does not read is cut, told so, and may come back', async (t) => {
  const headers = { authorization: site.bearer };
  const reader = await open(t, headers);
  const start = await happen(people.taro.id, 'start');
  await eventually('it came', () => ids(reader).includes(start.id));
  reader.pause();
  const big = 'x'.repeat(20_000);
  let last = start.id;
  for (let n = 0; n < 600; n++) last = (await happen(people.taro.id, big)).id;
  reader.resume();
  await eventually('it was cut', () => reader.ended, { withinMs: 10_000 });
  const told = kinds(reader, 'cut');
  t.comment(`${ids(reader).length} events came, ${told.length ? 'with' : 'without'} the reason`);
  t.ok(!ids(reader).includes(last), 'the last event was not sent to it');
  if (told.length > 0) t.match(told[0]?.data, { because: 'slow-reader' });
  const received = ids(reader).at(-1)!;
  const back = await open(t, { ...headers, 'last-event-id': received });
  await eventually('the rest came', () => ids(back).includes(last), { withinMs: 20_000 });
  t.equal(new Set([...ids(reader), ...ids(back)]).size, ids(reader).length + ids(back).length);
});

t.test('signing out ends the feed', async (t) => {
  const headers = await site.signIn('taro');
  const reader = await open(t, headers);
  await site.app.inject({ method: 'DELETE', url: '/api/v1/session', headers });
  await eventually('it ended', () => reader.ended);
  t.match(kinds(reader, 'cut')[0]?.data, { because: 'signed-out' });
});

t.test('a revoked key loses its feed', async (t) => {
  const { key, secret } = await identity.createApiKey({ name: 'x', role: 'integrator' });
  const reader = await open(t, { authorization: `Bearer ${secret}` });
  await eventually('a heartbeat came', () => reader.comments > 1);
  await identity.revokeApiKey(key.id);
  await eventually('it ended', () => reader.ended);
  t.match(kinds(reader, 'cut')[0]?.data, { because: 'signed-out' });
});

t.test('one credential has only so many feeds: the oldest makes room', async (t) => {
  const headers = await site.signIn('taro');
  const readers: EventSourceReader[] = [];
  for (let n = 0; n < 4; n++) readers.push(await open(t, headers));
  await eventually('the first was cut', () => readers[0]!.ended);
  t.match(kinds(readers[0]!, 'cut')[0]?.data, { because: 'replaced' });
  t.notOk(readers[1]!.ended);
});
