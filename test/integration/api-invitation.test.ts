// Invitations on the real API: one link, once, for a while; and coming in again after a password or a second factor was lost.

import t from 'tap';
import { password, testApi } from '../support/centre/api.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { rememberedAudit, signInParts } from '../support/sign-in/sign-in-api.ts';

const clock = createFakeClock();
const audit = rememberedAudit();
const listen = { host: '127.0.0.1', port: 0, publicUrl: 'https://engawa.test' };
const site = await testApi(t, {
  ...{ clock, audit, listen },
  // Whoever signs in here has a password only: what follows an acceptance is tested where second factors are.
  comingIn: (of) => signInParts({ ...of, settings: { roles: [], outsideCentre: false } }),
});
const { app, store } = site;
const root = await site.signIn('root-admin');

type Method = 'GET' | 'POST' | 'DELETE';
const ask = (method: Method, path: string, headers: Record<string, string> = {}, payload?: object) =>
  app.inject({ method, url: `/api/v1${path}`, headers, payload });
const stepUp = () => ask('POST', '/session/step-up', root, { password });

async function invited(login: string): Promise<{ id: string; token: string }> {
  await stepUp();
  const person = {
    login,
    displayName: login,
    role: 'agent',
    place: 'home',
    clearance: 'none',
    queues: [],
    language: 'ja',
  };
  const response = await ask('POST', '/users', root, person);
  if (response.statusCode !== 201) throw new Error(response.body);
  const { id, invitation } = response.json();
  return { id, token: tokenOf(invitation.link) };
}

const tokenOf = (link: string) => /^https:\/\/engawa\.test\/#invitation=([\w-]{43})$/.exec(link)?.[1] ?? '';
const chosen = 'four swallows under the eaves';
const accept = (token: string, given = chosen) => ask('POST', '/invitation/acceptance', {}, { token, password: given });

t.test('whoever is added without a password is invited, and sets one', async (t) => {
  const { id, token } = await invited('jiro');
  t.equal((await ask('POST', '/session', {}, { login: 'jiro', password: 'none' })).statusCode, 401);
  t.match((await ask('GET', `/users/${id}/invitation`, root)).json(), { state: 'open' });
  t.match((await ask('POST', '/invitation', {}, { token })).json(), { login: 'jiro', minimumPasswordCharacters: 15 });
  t.match((await accept(token, 'password123456789')).json(), { code: 'password-known' });
  const done = await accept(token);
  t.match(done.json(), { person: { login: 'jiro' } });
  t.match((await accept(token, `${chosen} again`)).json(), { code: 'invitation-over' }, 'the link works once');
  t.match((await ask('POST', '/invitation', {}, { token })).json(), { code: 'invitation-over' });
  t.equal((await ask('POST', '/session', {}, { login: 'jiro', password: chosen })).statusCode, 200);
  t.match((await ask('GET', `/users/${id}/invitation`, root)).json(), { state: 'accepted' });
  const kept = JSON.stringify(await store.signIn.invitations.ofPerson(id as never));
  t.notOk(kept.includes(token), 'the link is kept nowhere');
  t.notOk(JSON.stringify(audit.entries).includes(token));
  for (const act of ['person-added', 'person-invited', 'invitation-accepted'] as const)
    t.ok(audit.acts().includes(act), act);
});

t.test('of many who accept at once, one does', async (t) => {
  const { token } = await invited('saburo');
  const answers = await Promise.all(Array.from({ length: 5 }, (_, n) => accept(token, `${chosen} number ${n}`)));
  t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 404, 404, 404, 404]);
});

t.test('an invitation ends by itself, is revoked, and is replaced by a newer one', async (t) => {
  const late = await invited('shiro');
  clock.advance(48 * 3_600_000);
  t.equal((await accept(late.token)).statusCode, 404);
  const admin = await site.signIn('root-admin');
  t.match((await ask('GET', `/users/${late.id}/invitation`, admin)).json(), { state: 'expired' });
  Object.assign(root, admin);

  const revoked = await invited('goro');
  t.equal((await ask('DELETE', `/users/${revoked.id}/invitation`, root)).statusCode, 204);
  t.equal((await accept(revoked.token)).statusCode, 404);
  t.equal((await ask('DELETE', `/users/${revoked.id}/invitation`, root)).statusCode, 404);

  const first = await invited('rokuro');
  const renewed = await ask('POST', `/users/${first.id}/invitation`, root);
  t.equal((await accept(first.token)).statusCode, 404);
  t.equal((await accept(tokenOf(renewed.json().link))).statusCode, 200);
});

t.test('who is invited again loses password, second factors and sessions at once', async (t) => {
  const { id, token } = await invited('shichiro');
  await accept(token);
  const before = await site.app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { login: 'shichiro', password: chosen },
  });
  const cookie = { cookie: `${before.cookies[0]!.name}=${before.cookies[0]!.value}` };
  await store.signIn.recoveryCodes.replace(id as never, ['a hash'], clock.now());
  clock.advance(6 * 60_000);
  t.match((await ask('POST', `/users/${id}/invitation`, root)).json(), { code: 'step-up-needed' });
  await stepUp();
  const again = await ask('POST', `/users/${id}/invitation`, root);
  t.equal((await ask('GET', '/session', cookie)).statusCode, 401);
  t.equal((await ask('POST', '/session', {}, { login: 'shichiro', password: chosen })).statusCode, 401);
  t.equal(await store.signIn.recoveryCodes.left(id as never), 0);
  t.equal((await accept(tokenOf(again.json().link), `${chosen}, seven`)).statusCode, 200);
});

t.test('guessing links is slowed down, and only administrators invite', async (t) => {
  const midori = await site.signIn('midori');
  const { id } = site.people.hanako;
  t.equal((await ask('POST', `/users/${id}/invitation`, midori)).statusCode, 403);
  t.equal((await ask('DELETE', `/users/${id}/invitation`, midori)).statusCode, 403);
  const guess = () => ask('POST', '/invitation', {}, { token: 'x'.repeat(43) });
  for (let n = 0; n < 52; n++) await guess();
  t.equal((await guess()).statusCode, 429);
});
