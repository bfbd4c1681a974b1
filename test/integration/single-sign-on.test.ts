// Single sign-on against a provider that lies, on the real API and a real database: of an ID token that is not right in any one point,
// or an answer that belongs to another browser, nobody comes in. And a logout token is nothing but a logout token.

import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { createOpenIdConnect } from '../../src/identity/single-sign-on/openid-connect.ts';
import { createTextSealer } from '../../src/privacy/seal-text.ts';
import { createGuardedRequests } from '../../src/shared/http/guarded-request.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { testApi } from '../support/centre/api.ts';
import { type Lie, startLyingProvider } from '../support/sign-in/lying-provider.ts';
import { rememberedAudit, signInParts } from '../support/sign-in/sign-in-api.ts';

t.setTimeout(180_000);

const clientSecret = 'a secret of the provider and of engawa';
const provider = await startLyingProvider(t, { clientSecret });
const audit = rememberedAudit();
const { app, api, people, store } = await testApi(t, {
  audit,
  comingIn({ clock, store }) {
    const { identity, signIn } = signInParts({ clock, store, settings: { roles: [], outsideCentre: false } });
    const { send } = createGuardedRequests({ hosts: ['127.0.0.1'], privateNetworks: ['127.0.0.1'] });
    const singleSignOn = createOpenIdConnect({
      ...{ clock, log, rows: store.signIn, people: store.people, sessions: store.sessions, send },
      sealer: createTextSealer([Buffer.alloc(32, 5)], 'single sign-on'),
      settings: {
        ...{ issuer: provider.issuer, clientId: 'engawa', clientSecret, publicUrl: 'http://localhost' },
        ...{ label: { ja: '会社', en: 'Company' }, only: false, scopes: ['openid', 'profile'] },
        ...{ claim: 'preferred_username', secondFactor: { acr: [], amr: [] } },
      },
    });
    return { identity, signIn: { ...signIn, singleSignOn } };
  },
});
const path = '/api/v1/single-sign-on';

/** A browser that was sent to the provider: what it would come back with. */
async function begin() {
  const sent = await app.inject({ method: 'GET', url: path });
  if (sent.statusCode !== 302) throw new Error(sent.body);
  const asked = new URL(String(sent.headers.location)).searchParams;
  provider.nonce = asked.get('nonce') ?? '';
  const cookie = sent.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  return { state: asked.get('state') ?? '', cookie };
}

async function comeBack(query: Record<string, string>, cookie: string) {
  const answer = await app.inject({
    method: 'GET',
    url: `${path}/callback?${new URLSearchParams(query)}`,
    headers: { cookie },
  });
  const session = answer.cookies.some(({ name, value }) => /engawa_(session|half_open)$/.test(name) && value !== '');
  return { status: answer.statusCode, to: answer.headers.location, session };
}

async function signOn(lie: Lie = {}) {
  provider.lie = lie;
  const { state, cookie } = await begin();
  return comeBack({ code: 'c', state }, cookie);
}

const cameIn = { status: 302, to: '/', session: true };
const refused = { status: 302, to: '/#sign-on=failed', session: false };
const now = () => Math.floor(Date.now() / 1000);

t.test('who comes back with what is right is in', async (t) => {
  t.match(await signOn(), cameIn);
  t.match(await signOn({ claims: { preferred_username: undefined } }), cameIn, 'by the subject, from then on');
});

const lies: Record<string, Lie> = {
  'another nonce': { claims: { nonce: 'of another sign-on' } },
  'no nonce': { claims: { nonce: undefined } },
  'another issuer': { claims: { iss: 'https://elsewhere.example' } },
  'another audience': { claims: { aud: 'another-client' } },
  'several audiences, and authorized for another': { claims: { aud: ['engawa', 'another'], azp: 'another' } },
  'a time that is over': { claims: { iat: now() - 7200, exp: now() - 3600 } },
  'no end': { claims: { exp: undefined } },
  'a time that has not begun': { claims: { iat: now(), nbf: now() + 3600 } },
  'no subject': { claims: { sub: undefined } },
  'the signature of another key': { signed: 'other-key' },
  'a key that is not in the set': { signed: 'unknown-key' },
  'no signature (alg none)': { signed: 'none' },
  'a signature by the client secret (HS256 for RS256)': { signed: 'secret' },
  'no ID token at all': { withoutIdToken: true },
  'a user of whom another subject is told': {
    claims: { preferred_username: undefined },
    userinfo: { sub: 'somebody else' },
  },
  'a logout token for an ID token': {
    claims: { nonce: undefined, events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
    header: { typ: 'logout+jwt' },
  },
};
for (const [what, lie] of Object.entries(lies)) {
  t.test(`nobody comes in with ${what}`, async (t) => {
    const before = (await store.sessions.ofPerson(people.hanako.id)).length;
    t.match(await signOn(lie), refused);
    t.equal((await store.sessions.ofPerson(people.hanako.id)).length, before);
    t.match(audit.entries.at(-1), { act: 'sign-in-refused', details: { by: 'single-sign-on' } });
  });
}

t.test('an answer is for the browser that asked, once', async (t) => {
  provider.lie = {};
  const [one, other] = [await begin(), await begin()];
  const asked = provider.codes.length;
  t.match(await comeBack({ code: 'c', state: other.state }, one.cookie), refused, 'the state of another browser');
  t.match(await comeBack({ code: 'c' }, (await begin()).cookie), refused, 'no state');
  t.match(await comeBack({ code: 'c', state: other.state }, ''), refused, 'no cookie');
  t.match(
    await comeBack(
      { code: 'c', state: other.state },
      other.cookie.replace(/.(?=.{20}$)/, (one) => (one === 'A' ? 'B' : 'A')),
    ),
    refused,
    'a cookie that is not ours',
  );
  t.match(await comeBack({ code: 'c', state: (await begin()).state }, one.cookie), refused, 'used up by the first try');
  t.equal(provider.codes.length, asked, 'the provider was asked for nothing');
  const { state, cookie } = await begin();
  t.match(await comeBack({ code: 'c', state }, cookie), cameIn);
  t.match(await comeBack({ code: 'c', state }, cookie), refused, 'a second time');
  const denied = await begin();
  t.match(await comeBack({ error: 'access_denied', state: denied.state }, denied.cookie), { to: '/#sign-on=denied' });
});

t.test('a logout token ends what it names, and an ID token ends nothing', async (t) => {
  const event = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const sid = 'session-at-the-provider';
  t.match(await signOn({ claims: { sid } }), cameIn);
  const there = async () => (await store.sessions.ofPerson(people.hanako.id)).length;
  const before = await there();
  let jti = 0;
  const claims = () => ({
    iss: provider.issuer,
    aud: 'engawa',
    iat: now(),
    exp: now() + 60,
    jti: `j${jti++}`,
    sid,
    events: event,
  });
  const post = async (token: string) =>
    (
      await app.inject({
        ...{ method: 'POST', url: `${path}/logout`, payload: new URLSearchParams({ logout_token: token }).toString() },
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
    ).statusCode;
  const wrong: Record<string, string> = {
    'an ID token': await provider.sign({ ...claims(), events: undefined, nonce: 'n', sub: 'subject-of-hanako' }),
    'with a nonce': await provider.sign({ ...claims(), nonce: 'n' }),
    'of another issuer': await provider.sign({ ...claims(), iss: 'https://elsewhere.example' }),
    'for another client': await provider.sign({ ...claims(), aud: 'another' }),
    'an old one': await provider.sign({ ...claims(), iat: now() - 3600 }),
    'without an id': await provider.sign({ ...claims(), jti: undefined }),
    'of another type': await provider.sign(claims(), { header: { typ: 'at+jwt' } }),
    'signed by somebody else': await provider.sign(claims(), { signed: 'other-key' }),
    'not signed': await provider.sign(claims(), { signed: 'none' }),
    'signed with the secret': await provider.sign(claims(), { signed: 'secret' }),
    'nothing of the kind': 'a.b.c',
  };
  for (const [what, token] of Object.entries(wrong)) t.equal(await post(token), 400, what);
  t.equal(await there(), before, 'nothing ended');
  const right = await provider.sign(claims(), { header: { typ: 'logout+jwt' } });
  t.equal(await post(right), 200);
  t.equal(await there(), before - 1);
  t.equal(await post(right), 400, 'once');
});

t.test('targets as no browser writes them are answered, and end nothing', async (t) => {
  const { port } = new URL(await api.listen());
  for (const target of [
    'http://[/api/v1/single-sign-on/callback?x',
    'http://[::1]:99999/api/v1/single-sign-on/callback?code=c&state=s',
    'http://evil.example/api/v1/single-sign-on/callback?code=c&state=s',
    '//[/api/v1/single-sign-on/callback?x',
    '/api/v1/single-sign-on/callback?%',
    '/api/v1/single-sign-on/callback?code=%00&state=%ff',
    '*',
  ]) {
    const socket = connect(Number(port), '127.0.0.1');
    let heard = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
    });
    socket.end(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    t.match(heard, /^HTTP\/1\.1 (302|400|404) /, `${target}: ${heard.slice(0, 60)}`);
    t.notMatch(heard, /evil\.example|engawa_session=[^;]/, target);
  }
  t.match(await signOn(), cameIn, 'and it goes on');
});
