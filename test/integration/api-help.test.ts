// Raised hands by REST and the live feed, against the real API and database: who may ask, who sees it, what is answered, when it is over.

import t from 'tap';
import { openHelpDesk } from '../../src/call/supervise/help-desk.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { password, testApi } from '../support/centre/api.ts';
import { readEvents } from '../support/centre/event-source.ts';
import { eventually } from '../support/eventually.ts';

const site = await testApi(t);
const { app, api, store, identity, people, signIn } = site;
const hanako = await signIn('hanako');
const taro = await signIn('taro');
const midori = await signIn('midori');
await identity.createPerson({
  ...{ login: 'of-support', displayName: 'of-support', role: 'supervisor', queues: [], scope: { queues: ['support'] } },
  ...{ place: 'centre', clearance: 'none', language: 'ja', password },
});
const ofSupport = await signIn('of-support');

const ask = async (
  headers: Record<string, string>,
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: string,
  payload?: object,
) => {
  const answer = await app.inject({ method, url: `/api/v1${path}`, headers, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
};
const waiting = async (headers: Record<string, string>) =>
  (await ask(headers, 'GET', '/help-requests?open=true')).body.items as { id: string; about: string }[];

t.test('a hand is raised, answered by a phrase, and taken down', async (t) => {
  t.equal((await ask(hanako, 'GET', '/desk/help')).status, 404);
  const asked = await ask(hanako, 'PUT', '/desk/help', { about: 'question' });
  t.match(asked, {
    status: 200,
    body: {
      person: { id: people.hanako.id, displayName: 'hanako' },
      about: 'question',
      answer: null,
      answeredBy: null,
    },
  });
  const { id } = asked.body;
  t.equal((await ask(hanako, 'PUT', '/desk/help', { about: 'question' })).body.id, id, 'twice is once');
  t.match(await waiting(midori), [{ id, about: 'question' }]);
  t.match((await ask(hanako, 'GET', '/desk')).body, { help: { about: 'question', answer: null } }, 'the desk shows it');

  const answered = await ask(midori, 'POST', `/help-requests/${id}/commands/answer`, { answer: 'one-moment' });
  t.match(answered, { status: 200, body: { answer: 'one-moment', answeredBy: { displayName: 'midori' } } });
  const firstAt = answered.body.answeredAt;
  await ask(midori, 'POST', `/help-requests/${id}/commands/answer`, { answer: 'may-end' });
  const own = await ask(hanako, 'GET', '/desk/help');
  t.match(own.body, { answer: 'may-end', answeredAt: firstAt, answeredBy: { displayName: 'midori' } });

  t.equal((await ask(hanako, 'DELETE', '/desk/help')).status, 204);
  t.equal((await ask(hanako, 'DELETE', '/desk/help')).status, 204, 'a hand that is down stays down');
  t.strictSame(await waiting(midori), []);
  t.equal((await ask(midori, 'POST', `/help-requests/${id}/commands/end`)).status, 404);
  const { items } = (await ask(midori, 'GET', '/help-requests?open=false')).body;
  t.match(items, [{ id, endedBecause: 'taken-back' }], 'what was is kept for who looks back');
});

t.test('about something else: the hand before is put down', async (t) => {
  const { body: first } = await ask(hanako, 'PUT', '/desk/help', { about: 'technical' });
  const { body: second } = await ask(hanako, 'PUT', '/desk/help', { about: 'harassment' });
  t.not(second.id, first.id);
  t.match(await waiting(midori), [{ id: second.id, about: 'harassment' }]);
  t.equal((await ask(midori, 'POST', `/help-requests/${second.id}/commands/end`)).status, 204);
  t.match((await ask(midori, 'GET', '/help-requests?limit=2')).body.items, [
    { id: second.id, endedBecause: 'helped' },
    { id: first.id, endedBecause: 'asked-anew' },
  ]);
});

t.test('only who may: agents do not see each other, a limited supervisor sees the own queues', async (t) => {
  const { body } = await ask(hanako, 'PUT', '/desk/help', { about: 'unwell' });
  t.equal((await ask(taro, 'GET', '/help-requests')).status, 403);
  t.equal((await ask(taro, 'POST', `/help-requests/${body.id}/commands/answer`, { answer: 'listening' })).status, 403);
  t.equal((await ask(taro, 'GET', '/desk/help')).status, 404, 'the own hand alone');
  t.strictSame(await waiting(ofSupport), [], 'of orders, where hanako works, nothing');
  t.equal((await ask(ofSupport, 'POST', `/help-requests/${body.id}/commands/end`)).status, 404);
  t.equal((await ask(midori, 'PUT', '/desk/help', { about: 'question' })).status, 403, 'who has no desk cannot ask');
  t.equal(
    (await ask(hanako, 'PUT', '/desk/help', { about: 'my customer 0312345678 shouts' })).status,
    400,
    'no free text',
  );
  t.equal((await ask({ authorization: site.bearer }, 'GET', '/help-requests')).status, 403);
  await ask(hanako, 'DELETE', '/desk/help');
});

t.test('who goes off duty asks no more; who begins to listen in has answered', async (t) => {
  const { body } = await ask(hanako, 'PUT', '/desk/help', { about: 'question' });
  const callId = newId('call');
  await store.events.append({
    ...{ type: 'monitor-started', callId, personId: people.midori.id, agentId: people.hanako.id, mode: 'listen' },
  });
  await eventually('the answer', async () => (await ask(hanako, 'GET', '/desk/help')).body?.answer === 'listening');
  await store.events.append({
    ...{ type: 'agent-state', personId: people.hanako.id, from: 'available', to: 'offline', because: null },
  });
  await eventually('the hand is down', async () => (await waiting(midori)).length === 0);
  const { items } = (await ask(midori, 'GET', '/help-requests?limit=1')).body;
  t.match(items, [{ id: body.id, endedBecause: 'off-duty' }]);
});

t.test('both sides are told as it happens', async (t) => {
  const url = await api.listen();
  const [board, desk] = await Promise.all([
    readEvents(`${url}/api/v1/feed`, { cookie: midori.cookie }),
    readEvents(`${url}/api/v1/feed`, { cookie: hanako.cookie }),
  ]);
  t.teardown(() => {
    board.close();
    desk.close();
  });
  await eventually('the desk is sent', () => desk.events.some(({ event }) => event === 'desk'));
  const { body } = await ask(hanako, 'PUT', '/desk/help', { about: 'harassment' });
  await eventually('the wallboard is told', () => board.events.some(({ data }) => data?.type === 'help-asked'));
  await ask(midori, 'POST', `/help-requests/${body.id}/commands/answer`, { answer: 'may-end' });
  await eventually('the desk is told', () => desk.events.some(({ data }) => data?.help?.answer === 'may-end'));
  const alarms = (await ask(midori, 'GET', '/alarms')).body.items;
  t.match(alarms, [{ kind: 'harassment-reported', personId: people.hanako.id }], 'abuse stays in sight for a day');
  await ask(hanako, 'DELETE', '/desk/help');
});

t.test('a hand that was up when the program ended is up when it starts again', async (t) => {
  const { body } = await ask(taro, 'PUT', '/desk/help', { about: 'technical' });
  const again = await openHelpDesk({
    ...{ clock: systemClock, log: silentLogger, events: store.events, ownEvents: store.events },
    requests: store.helpRequests,
  });
  t.teardown(() => again.close());
  t.match(again.openOf(people.taro.id), { id: body.id, about: 'technical' });
});
