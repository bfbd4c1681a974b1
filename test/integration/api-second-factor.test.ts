// Coming in with a second factor, on the real API and a real database: who needs one, what the half-open state opens (nothing),
// TOTP, recovery codes, passkeys, and the own security. Time is a fake clock's.

import { type TOTP, URI } from 'otpauth';
import t from 'tap';
import { createInvitation } from '../../src/identity/invitations.ts';
import { password, testApi } from '../support/centre/api.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { sql, testDatabase } from '../support/servers/database.ts';
import { createTestAuthenticator } from '../support/sign-in/authenticator.ts';
import { rememberedAudit, signInParts } from '../support/sign-in/sign-in-api.ts';

const clock = createFakeClock();
const audit = rememberedAudit();
const databaseUrl = await testDatabase(t);
const listen = { host: '127.0.0.1', port: 0, publicUrl: 'https://engawa.test', trustedProxies: ['127.0.0.1'] };
const site = await testApi(t, { clock, databaseUrl, listen, audit, comingIn: signInParts });
const { app, store, identity } = site;
const office = '203.0.113.7';
const home = '198.51.100.9';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Headers = Record<string, string>;
const ask = (method: Method, path: string, headers: Headers = {}, payload?: object, from = home) =>
  app.inject({ method, url: `/api/v1${path}`, headers: { 'x-forwarded-for': from, ...headers }, payload });

const cookieOf = (response: { cookies: { name: string; value: string }[] }, name: string) => {
  const cookie = response.cookies.find((one) => one.name === name && one.value !== '');
  return cookie && { cookie: `${name}=${cookie.value}` };
};

async function add(login: string, role: 'agent' | 'supervisor' = 'agent', place: 'centre' | 'home' = 'home') {
  const base = { clearance: 'none', language: 'ja' as const, queues: ['orders'], displayName: login };
  return identity.createPerson({ ...base, login, role, place, password });
}

/** The right password; the cookie of the half-open state. */
async function halfOpen(login: string, from = home) {
  const response = await ask('POST', '/session', {}, { login, password }, from);
  if (response.statusCode !== 202) throw new Error(`${response.statusCode} ${response.body}`);
  return { body: response.json(), headers: cookieOf(response, '__Host-engawa_half_open')! };
}

const codeOf = (uri: string, agoMs = 0) => (URI.parse(uri) as TOTP).generate({ timestamp: clock.now() - agoMs });

/** A person with an authenticator app, signed in; the next code is another one. */
async function withTotp(login: string) {
  const person = await add(login);
  const { headers } = await halfOpen(login);
  const { uri } = (await ask('POST', '/session/enrolment/totp/options', headers)).json();
  const done = await ask('POST', '/session/enrolment/totp', headers, { code: codeOf(uri) });
  if (done.statusCode !== 200) throw new Error(done.body);
  const session = { ...cookieOf(done, '__Host-engawa_session')!, 'x-csrf-token': done.json().session.csrfToken };
  clock.advance(30_000);
  return { person, uri, session, recoveryCodes: done.json().recoveryCodes as string[] };
}

t.test('who needs a second factor: by role, by registered place, and by where the request comes from', async (t) => {
  await add('in-office', 'agent', 'centre');
  await add('boss', 'supervisor', 'centre');
  const next = async (login: string, from: string) => {
    const response = await ask('POST', '/session', {}, { login, password }, from);
    return response.statusCode === 202 ? response.json().next : response.statusCode;
  };
  t.equal(
    await next('in-office', office),
    200,
    'in the centre, by registration and by network: the password is enough',
  );
  t.equal(await next('in-office', home), 'enrol', 'the same person at home');
  t.equal(await next('hanako', office), 'enrol', 'registered at home, though in the office today: the stricter holds');
  t.equal(await next('boss', office), 'enrol', 'a supervisor, wherever');
});

t.test('the half-open state opens nothing', async (t) => {
  const { body, headers } = await halfOpen('hanako');
  t.match(body, { next: 'enrol', factors: [], person: { login: 'hanako' } });
  t.notOk('csrfToken' in body);
  const token = headers.cookie.split('=')[1]!;
  const asSession = { cookie: `__Host-engawa_session=${token}` };
  const known = (await ask('GET', '/openapi.json')).json().paths as Record<string, Record<string, { security?: [] }>>;
  let tried = 0;
  for (const [path, methods] of Object.entries(known)) {
    for (const [method, { security }] of Object.entries(methods)) {
      if (security?.length === 0) continue;
      const url = path.replace(/^\/api\/v1/, '').replace(/\{\w+\}/g, 'x_1');
      for (const cookie of [headers, asSession]) {
        const response = await ask(method.toUpperCase() as Method, url, cookie, method === 'get' ? undefined : {});
        if (response.statusCode !== 401) t.fail(`${method} ${path} answers ${response.statusCode}`);
        tried += 1;
      }
    }
  }
  t.ok(tried > 150, `${tried} requests, every route that is not for everybody`);
  const open = Object.entries(known).filter(([, methods]) =>
    Object.values(methods).some((m) => m.security?.length === 0),
  );
  for (const [path] of open)
    t.match(path, /\/(session|sign-in|invitation|openapi|single-sign-on|health|version)/, path);
  t.strictSame(await store.sessions.ofPerson(site.people.hanako.id), [], 'there is no session');
  t.equal(site.callCentre.desk(site.people.hanako.id), undefined, 'nor a desk');
  clock.advance(10 * 60_000);
  t.equal((await ask('POST', '/session/enrolment/totp/options', headers)).statusCode, 401, 'and it ends by itself');
});

t.test(
  'an authenticator app is enrolled with its first code; each code counts once; the secret is sealed',
  async (t) => {
    const { person, uri, session, recoveryCodes } = await withTotp('totp-person');
    t.match(uri, /^otpauth:\/\/totp\/.*issuer=Engawa/);
    t.equal(recoveryCodes.length, 10);
    t.equal((await ask('GET', '/desk', session)).statusCode, 200);
    const [row] = await store.sessions.ofPerson(person.id);
    t.match(row, { secondFactor: 'totp', steppedUpAt: Number }, 'a sign-in with a second factor counts as stepped up');
    const secret = /secret=(\w+)/.exec(uri)![1]!;
    t.notOk(JSON.stringify(await sql(databaseUrl, 'SELECT * FROM totp_secrets')).includes(secret));
    t.notOk(JSON.stringify(await sql(databaseUrl, 'SELECT * FROM recovery_codes')).includes(recoveryCodes[0]!));

    const again = await halfOpen('totp-person');
    t.match(again.body, { next: 'prove', factors: ['totp', 'recovery-code'] });
    t.equal(
      (await ask('POST', '/session/enrolment/totp/options', again.headers)).statusCode,
      409,
      'no second one is added',
    );
    const code = codeOf(uri);
    t.match((await ask('POST', '/session/second-factor', again.headers, { code: '000000' })).json(), {
      code: 'proof-wrong',
    });
    t.equal((await ask('POST', '/session/second-factor', again.headers, { code })).statusCode, 200);
    t.equal(
      (await ask('POST', '/session/second-factor', again.headers, { code })).statusCode,
      401,
      'the state is used up',
    );
    const third = await halfOpen('totp-person');
    t.equal(
      (await ask('POST', '/session/second-factor', third.headers, { code })).statusCode,
      422,
      'and so is the code',
    );
    const older = codeOf(uri, 30_000);
    t.equal(
      (await ask('POST', '/session/second-factor', third.headers, { code: older })).statusCode,
      422,
      'an older one, too',
    );
    clock.advance(30_000);
    t.equal((await ask('POST', '/session/second-factor', third.headers, { code: codeOf(uri) })).statusCode, 200);
    t.ok(audit.acts().includes('second-factor-added'));
  },
);

t.test('a recovery code works once, however it is typed', async (t) => {
  const { recoveryCodes, uri } = await withTotp('printed');
  const typed = recoveryCodes[3]!.toLowerCase().replaceAll('-', ' ');
  const { headers } = await halfOpen('printed');
  t.equal((await ask('POST', '/session/second-factor', headers, { recoveryCode: typed })).statusCode, 200);
  const again = await halfOpen('printed');
  t.equal((await ask('POST', '/session/second-factor', again.headers, { recoveryCode: typed })).statusCode, 422);
  const done = await ask('POST', '/session/second-factor', again.headers, { code: codeOf(uri) });
  const session = { ...cookieOf(done, '__Host-engawa_session')!, 'x-csrf-token': done.json().csrfToken };
  t.match((await ask('GET', '/security', session)).json(), { recoveryCodesLeft: 9 });
  const renewed = (await ask('POST', '/security/recovery-codes', session)).json().recoveryCodes;
  t.equal(renewed.length, 10);
  const third = await halfOpen('printed');
  const old = { recoveryCode: recoveryCodes[0]! };
  t.equal(
    (await ask('POST', '/session/second-factor', third.headers, old)).statusCode,
    422,
    'the earlier ones are worth nothing',
  );
});

t.test('guessing codes is slowed down, and a new password does not make it quicker', async (t) => {
  const { uri } = await withTotp('guessed');
  for (let n = 0; n < 6; n++) {
    const { headers } = await halfOpen('guessed');
    t.equal((await ask('POST', '/session/second-factor', headers, { code: '123456' })).statusCode, 422);
  }
  const { headers } = await halfOpen('guessed');
  const refused = await ask('POST', '/session/second-factor', headers, { code: codeOf(uri) });
  t.equal(refused.statusCode, 429, 'even the right one must wait');
  t.match(refused.headers['retry-after'], /^\d+$/);
  clock.advance(10_000);
  t.equal((await ask('POST', '/session/second-factor', headers, { code: codeOf(uri) })).statusCode, 200);
});

t.test('a passkey is enrolled, signs in alone, and its counter shows a copy', async (t) => {
  const person = await add('passkey-person');
  const key = createTestAuthenticator({ origin: 'https://engawa.test', rpId: 'engawa.test' });
  const { headers } = await halfOpen('passkey-person');
  const options = (await ask('POST', '/session/enrolment/passkey/options', headers)).json();
  t.match(options, {
    rp: { id: 'engawa.test', name: 'Engawa' },
    user: { name: 'passkey-person' },
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  const answer = { name: 'Work laptop', passkey: key.create(options) };
  const done = await ask('POST', '/session/enrolment/passkey', headers, answer);
  t.match(done.json(), { session: { person: { login: 'passkey-person' } }, recoveryCodes: Array });
  const session = { ...cookieOf(done, '__Host-engawa_session')!, 'x-csrf-token': done.json().session.csrfToken };
  t.match((await ask('GET', '/security', session)).json(), { passkeys: [{ name: 'Work laptop' }], required: true });

  const signIn = async (wrongly?: Parameters<typeof key.get>[1], challenge?: string) => {
    const asked = challenge ?? (await ask('POST', '/session/passkey/options')).json().challenge;
    const passkey = key.get({ challenge: asked }, wrongly);
    return { challenge: asked, passkey, response: await ask('POST', '/session/passkey', {}, { passkey }) };
  };
  const first = await signIn();
  t.equal(first.response.statusCode, 200);
  t.match((await store.sessions.ofPerson(person.id)).at(-1), { secondFactor: 'passkey' });
  t.equal(
    (await ask('POST', '/session/passkey', {}, { passkey: first.passkey })).statusCode,
    401,
    'an answer counts once',
  );
  t.equal((await signIn(undefined, first.challenge)).response.statusCode, 401, 'and so does a challenge');
  t.equal(
    (await signIn({ origin: 'https://engawa.test.evil.example' })).response.statusCode,
    401,
    'not from elsewhere',
  );
  t.equal((await signIn({ rpId: 'evil.example' })).response.statusCode, 401, 'nor for elsewhere');
  t.equal((await signIn({ unverified: true })).response.statusCode, 401, 'nor without fingerprint or PIN');
  t.equal((await signIn({ signCount: 1 })).response.statusCode, 401, 'nor when it counts backwards');
  const forged = Buffer.from(first.challenge, 'base64url');
  forged[0]! ^= 1;
  t.equal(
    (await signIn({}, forged.toString('base64url'))).response.statusCode,
    401,
    'nor for a challenge of its own making',
  );
  const late = (await ask('POST', '/session/passkey/options')).json().challenge;
  clock.advance(5 * 60_000);
  t.equal((await signIn({ signCount: 40 }, late)).response.statusCode, 401, 'nor too late');
  t.equal((await signIn({ signCount: 50 })).response.statusCode, 200);

  await t.test('after the password it is proven for that person only', async (t) => {
    await withTotp('somebody-else');
    const other = await halfOpen('somebody-else');
    const asked = (await ask('POST', '/session/second-factor/options', other.headers)).json();
    const passkey = key.get({ challenge: asked.challenge });
    t.equal((await ask('POST', '/session/second-factor', other.headers, { passkey })).statusCode, 422);
    const own = await halfOpen('passkey-person');
    const wanted = (await ask('POST', '/session/second-factor/options', own.headers)).json();
    t.match(wanted.allowCredentials, [{ id: key.id }]);
    t.equal((await ask('POST', '/session/second-factor', own.headers, { passkey: key.get(wanted) })).statusCode, 200);
  });
});

t.test('stepping up needs the second factor of who has one; adding and removing factors needs a step-up', async (t) => {
  const { uri, session } = await withTotp('careful');
  clock.advance(6 * 60_000);
  t.match((await ask('GET', '/session/step-up', session)).json(), { ways: ['totp'], steppedUpUntil: null });
  const key = createTestAuthenticator({ origin: 'https://engawa.test', rpId: 'engawa.test' });
  t.match((await ask('POST', '/security/passkeys/options', session)).json(), { code: 'step-up-needed' });
  t.match((await ask('POST', '/session/step-up', session, { password })).json(), { code: 'second-factor-needed' });
  t.match((await ask('POST', '/session/step-up', session, { code: '000000' })).json(), { code: 'proof-wrong' });
  t.equal((await ask('POST', '/session/step-up', session, { code: codeOf(uri) })).statusCode, 200);
  const options = (await ask('POST', '/security/passkeys/options', session)).json();
  const added = await ask('POST', '/security/passkeys', session, { name: 'Key', passkey: key.create(options) });
  t.equal(added.statusCode, 201);
  t.strictSame(added.json(), {}, 'there are recovery codes already');
  t.equal((await ask('PATCH', `/security/passkeys/${key.id}`, session, { name: 'Blue key' })).statusCode, 204);
  t.equal((await ask('DELETE', '/security/totp', session)).statusCode, 204);
  t.match((await ask('DELETE', `/security/passkeys/${key.id}`, session)).json(), { code: 'last-factor' });
  t.match((await ask('GET', '/security', session)).json(), { passkeys: [{ name: 'Blue key' }], totpSince: null });
  clock.advance(6 * 60_000);
  const { passkeyOptions } = (await ask('GET', '/session/step-up', session)).json();
  t.equal((await ask('POST', '/session/step-up', session, { passkey: key.get(passkeyOptions) })).statusCode, 200);
  for (const act of ['stepped-up', 'step-up-refused', 'second-factor-removed'] as const)
    t.ok(audit.acts().includes(act), act);
});

t.test('a person changes the own password: the old one is asked for, and the other sessions end', async (t) => {
  const { uri, session } = await withTotp('changer');
  const elsewhere = await halfOpen('changer');
  const other = await ask('POST', '/session/second-factor', elsewhere.headers, { code: codeOf(uri) });
  const waiting = await halfOpen('changer');
  const fresh = 'green tea on the veranda';
  const change = (body: object) => ask('PUT', '/security/password', session, body);
  t.match((await change({ old: 'wrong', new: fresh })).json(), { code: 'proof-wrong' });
  t.match((await change({ old: password, new: 'short one' })).json(), { code: 'password-too-short' });
  t.match((await change({ old: password, new: 'Password123456789!' })).json(), { code: 'password-known' });
  t.match((await change({ old: password, new: 'changer-changer' })).json(), { code: 'password-name' });
  t.equal((await change({ old: password, new: fresh })).statusCode, 204);
  t.equal((await ask('GET', '/session', session)).statusCode, 200, 'this one goes on');
  t.equal(
    (await ask('GET', '/session', cookieOf(other, '__Host-engawa_session'))).statusCode,
    401,
    'the other one is over',
  );
  t.equal(
    (await ask('POST', '/session/second-factor/options', waiting.headers)).statusCode,
    401,
    'and what was half-open',
  );
  t.equal((await ask('POST', '/session', {}, { login: 'changer', password })).statusCode, 401);
  t.equal((await ask('POST', '/session', {}, { login: 'changer', password: fresh })).statusCode, 202);
});

t.test('who takes a signed-in computer home without a second factor is signed out there', async (t) => {
  await add('traveller', 'agent', 'centre');
  const response = await ask('POST', '/session', {}, { login: 'traveller', password }, office);
  const session = cookieOf(response, '__Host-engawa_session')!;
  t.equal((await ask('GET', '/session', session, undefined, office)).statusCode, 200);
  t.equal((await ask('GET', '/session', session, undefined, home)).statusCode, 401);
  t.equal((await ask('GET', '/session', session, undefined, office)).statusCode, 401, 'for good');
});

t.test(
  'passwords in Japanese are the same however their signs are composed, and nothing of a long one is cut off',
  async (t) => {
    const composed = 'えんがわで がぎぐげご を のむ';
    const person = await add('kana');
    await identity.setPassword(person.id, composed.normalize('NFC'));
    const signIn = (given: string) => ask('POST', '/session', {}, { login: 'kana', password: given });
    t.equal((await signIn(composed.normalize('NFD'))).statusCode, 202);
    const long = `veranda ${'nine clouds over the harbour '.repeat(20)}`;
    await identity.setPassword(person.id, long);
    t.equal((await signIn(long.slice(0, -1))).statusCode, 401);
    t.equal((await signIn(long)).statusCode, 202);
  },
);

t.test(
  'the first factor is added soon after the invitation, or in the centre; a password alone does not add one later',
  async (t) => {
    const person = await add('came-late');
    const day = 24 * 3_600_000;
    clock.advance(day - 60_000);
    const inTime = await halfOpen('came-late');
    t.equal(inTime.body.next, 'enrol');
    clock.advance(120_000);
    t.equal(
      (await ask('GET', '/session/half-open', inTime.headers)).json().code,
      'first-factor-over',
      'nor by what began',
    );
    const begun = await ask('POST', '/session/enrolment/totp/options', inTime.headers);
    t.equal(begun.json().code, 'first-factor-over');
    const refused = await ask('POST', '/session', {}, { login: 'came-late', password });
    t.equal(refused.statusCode, 403);
    t.equal(refused.json().code, 'first-factor-over');
    t.notOk(refused.cookies.length, 'nothing to go on with');
    t.match(audit.entries.at(-1), {
      ...{ act: 'sign-in-refused', outcome: 'refused', by: { personId: person.id } },
      details: { because: 'first-factor-over' },
    });
    t.equal(
      (await ask('POST', '/session', {}, { login: 'came-late', password: 'wrong' })).statusCode,
      401,
      'nor is it told',
    );

    const inCentre = await halfOpen('came-late', office);
    t.equal(inCentre.body.next, 'enrol', 'whoever is in the centre may');

    // A new invitation begins a new day.
    const { token } = await createInvitation(store.signIn.invitations, {
      ...{ personId: person.id, now: clock.now(), hours: 48 },
    });
    const accepted = await ask('POST', '/invitation/acceptance', {}, { token, password: 'nine lanterns on the pier' });
    t.equal(accepted.statusCode, 202);
    t.equal(accepted.json().next, 'enrol');
    clock.advance(day - 60_000);
    const again = await ask('POST', '/session', {}, { login: 'came-late', password: 'nine lanterns on the pier' });
    t.equal(again.json().next, 'enrol', 'who was interrupted comes back');
    clock.advance(120_000);
    const late = await ask('POST', '/session', {}, { login: 'came-late', password: 'nine lanterns on the pier' });
    t.equal(late.json().code, 'first-factor-over');
  },
);
