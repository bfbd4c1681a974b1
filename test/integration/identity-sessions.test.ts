// Signing in, sessions and keys on a real database. Time is a fake clock's; argon2 is real.

import t from 'tap';
import { createIdentity } from '../../src/identity/identity.ts';
import type { PersonId } from '../../src/shared/ids.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { cuttableWire, sql, testDatabase, testStore } from '../support/servers/database.ts';

const url = await testDatabase(t);
const wire = await cuttableWire(t, url);
const clock = createFakeClock();
const store = await testStore(t, { url: wire.url, clock });
const busy = new Set<PersonId>();
const identity = createIdentity({
  clock,
  log,
  store,
  settings: { idleMinutes: 30, absoluteHours: 12 },
  isBusy: (personId) => busy.has(personId),
});
t.teardown(() => identity.close());

const minute = 60_000;
const password = 'correct horse battery';
const base = { role: 'agent', place: 'home', clearance: 'none', queues: [] as string[], language: 'ja' } as const;
const person = await identity.createPerson({ ...base, login: 'hanako', displayName: '花子', password });
let lastAddress = 0;

function signIn(overrides: { login?: string; password?: string; address?: string } = {}) {
  const address = `198.51.100.${++lastAddress % 250}`;
  return identity.signIn({ login: 'hanako', password, address, userAgent: 'test', ...overrides });
}

async function signedIn(overrides = {}) {
  const outcome = await signIn(overrides);
  if (outcome.kind !== 'signed-in') throw new Error(outcome.kind);
  return outcome;
}

t.test('a right password gives a session; neither password nor token is stored', async (t) => {
  const { token, session } = await signedIn();
  t.match(await identity.bySessionToken(token), {
    kind: 'session',
    person: { id: person.id },
    session: { id: session.id },
  });
  const stored = JSON.stringify([await sql(url, 'SELECT * FROM people'), await sql(url, 'SELECT * FROM sessions')]);
  t.notOk(stored.includes(password) || stored.includes(token));
  t.match(stored, /\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  t.equal(await identity.bySessionToken('guessed'), undefined);
});

t.test('a wrong password, an unknown login and a disabled person are refused alike', async (t) => {
  await identity.createPerson({ ...base, login: 'leaver', displayName: 'L', password });
  const { id } = (await store.people.byLogin('leaver'))!;
  const { token } = await signedIn({ login: 'leaver' });
  await identity.changePerson(id, { disabled: true });
  t.equal(await identity.bySessionToken(token), undefined, 'the running session ended');
  const refused = { kind: 'refused' };
  t.strictSame(await signIn({ login: 'leaver' }), refused);
  t.strictSame(await signIn({ password: 'wrong password' }), refused);
  t.strictSame(await signIn({ login: '090-1234-5678' }), refused);
  const failures = await store.events.read({ types: ['sign-in-failed'] });
  t.match(failures, [
    { login: 'leaver', because: 'disabled' },
    { login: 'hanako', because: 'password' },
    { login: '(unknown)', because: 'unknown' },
  ]);
  t.notOk(JSON.stringify(failures).includes('1234'), 'what was typed instead of a login is not kept');
});

t.test('an unknown login takes as long as a wrong password', async (t) => {
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let n = 0; n < 3; n++) {
    for (const [kind, login] of [
      ['known', 'hanako'],
      ['unknown', `nobody-${n}`],
    ] as const) {
      const began = performance.now();
      await signIn({ login, password: 'wrong password' });
      times[kind].push(performance.now() - began);
    }
  }
  const [known, unknown] = [Math.min(...times.known), Math.min(...times.unknown)];
  t.comment(`known ${known.toFixed(0)} ms, unknown ${unknown.toFixed(0)} ms`);
  t.ok(unknown > known / 3, 'argon2 has run for nobody, too');
  clock.advance(60 * minute);
});

t.test('guessing is slowed down per login and per address', async (t) => {
  await identity.createPerson({ ...base, login: 'target', displayName: 'T', password });
  for (let n = 0; n < 6; n++)
    t.match(await signIn({ login: 'target', password: 'wrong password' }), { kind: 'refused' });
  t.strictSame(
    await signIn({ login: 'TARGET' }),
    { kind: 'throttled', retryAfterSeconds: 2 },
    'even with the right password, in whatever case',
  );
  clock.advance(2000);
  t.match(await signIn({ login: 'target' }), { kind: 'signed-in' }, 'and not for longer than said');

  const address = '203.0.113.9';
  const many = await Promise.all(
    Array.from({ length: 55 }, (_, n) => signIn({ login: `spray-${n}`, password: 'Password2026!', address })),
  );
  t.equal(many.at(-1)?.kind, 'throttled');
  t.match(await signIn({ address }), { kind: 'throttled' });
  t.match(await signIn(), { kind: 'signed-in' }, 'other addresses are not touched');
});

t.test('a whole office may sign in at nine', async (t) => {
  const address = '203.0.113.10';
  const logins = Array.from({ length: 45 }, (_, n) => `agent-${n}`);
  for (const login of logins) await identity.createPerson({ ...base, login, displayName: login, password });
  const many = await Promise.all(logins.map((login) => signIn({ login, address })));
  t.ok(many.every(({ kind }) => kind === 'signed-in'));
});

t.test('a session ends when idle, at its absolute limit, and when asked', async (t) => {
  const ends: string[] = [];
  const off = identity.onSessionEnded(({ session, because }) => ends.push(`${session.id} ${because}`));
  const idle = await signedIn();
  clock.advance(29 * minute);
  t.ok(await identity.bySessionToken(idle.token), 'used within the limit');
  clock.advance(29 * minute);
  t.ok(await identity.bySessionToken(idle.token), 'and again, counted from the last use');
  clock.advance(30 * minute);
  t.equal(await identity.bySessionToken(idle.token), undefined);

  const long = await signedIn();
  for (let n = 0; n < 35; n++) {
    clock.advance(20 * minute);
    await identity.bySessionToken(long.token);
  }
  t.ok(await identity.bySessionToken(long.token));
  clock.advance(20 * minute);
  t.equal(await identity.bySessionToken(long.token), undefined);

  const asked = await signedIn();
  await identity.bySessionToken(asked.token);
  await identity.endSession(asked.session.id, 'asked');
  t.equal(await identity.bySessionToken(asked.token), undefined);
  off();
  t.strictSame(ends, [`${idle.session.id} idle`, `${long.session.id} expired`, `${asked.session.id} asked`]);
  const out = await store.events.read({ types: ['signed-out'], descending: true, limit: 3 });
  t.match(out, [{ because: 'asked' }, { because: 'expired' }, { because: 'idle' }]);
});

t.test('a call keeps its session alive', async (t) => {
  const { token } = await signedIn();
  busy.add(person.id);
  clock.advance(45 * minute);
  t.ok(await identity.bySessionToken(token));
  busy.delete(person.id);
  clock.advance(31 * minute);
  t.equal(await identity.bySessionToken(token), undefined);
});

t.test('the sweep ends sessions that nobody asks about', async (t) => {
  const { session } = await signedIn();
  const ended = new Promise<string>((resolve) => {
    const off = identity.onSessionEnded((end) => {
      if (end.session.id !== session.id) return;
      off();
      resolve(end.because);
    });
  });
  identity.start();
  clock.advance(31 * minute);
  t.equal(await ended, 'idle');
});

t.test(
  'another node ends a session that it has not seen; this one notices, even when nobody could tell it',
  async (t) => {
    const other = createIdentity({ clock, log, store });
    t.teardown(() => other.close());
    const { token, session } = await signedIn();
    t.equal(identity.isLive(session.id), true);
    t.match(await other.sessionsOf(person.id), [{ id: session.id }]);
    const told = new Promise<string>((resolve) => {
      const off = identity.onSessionEnded((end) => {
        if (end.session.id !== session.id) return;
        off();
        resolve(end.because);
      });
    });
    t.equal(await other.endSession(session.id, 'revoked'), true);
    t.equal(await other.endSession(session.id, 'revoked'), false, 'twice is once');
    identity.start();
    clock.advance(10_000);
    t.equal(await told, 'revoked', 'within ten seconds');
    t.equal(identity.isLive(session.id), false);
    t.equal(await identity.bySessionToken(token), undefined);
  },
);

t.test('all sessions of a person end together, but the one that asks', async (t) => {
  const [one, two, three] = [await signedIn(), await signedIn(), await signedIn()];
  const ends: string[] = [];
  const off = identity.onSessionEnded(({ session }) => ends.push(session.id));
  t.equal(await identity.endSessionsOf(person.id, 'revoked', three.session.id), 2);
  off();
  t.same(ends.sort(), [one.session.id, two.session.id].sort());
  t.match(await identity.sessionsOf(person.id), [{ id: three.session.id }]);
  await identity.endSession(three.session.id, 'asked');
});

t.test('a new password ends the other sessions', async (t) => {
  const { token } = await signedIn();
  await identity.changePerson(person.id, { password: 'another good one' });
  t.equal(await identity.bySessionToken(token), undefined);
  t.match(await signIn(), { kind: 'refused' });
  t.match(await signIn({ password: 'another good one' }), { kind: 'signed-in' });
  await identity.changePerson(person.id, { password });
});

t.test('a changed place is known at once, without signing in again', async (t) => {
  const { token } = await signedIn();
  await identity.bySessionToken(token);
  await identity.changePerson(person.id, { place: 'centre' });
  t.match(await identity.bySessionToken(token), { person: { place: 'centre' } });
});

t.test('passwords that are too easy are refused', async (t) => {
  const someone = { ...base, login: 'tanaka', displayName: 'T' };
  await t.rejects(identity.createPerson({ ...someone, password: 'short' }), { code: 'invalid-argument' });
  await t.rejects(identity.createPerson({ ...someone, password: 'my-Tanaka-pass' }), { code: 'invalid-argument' });
});

t.test('an API key works until it is revoked, and is stored nowhere', async (t) => {
  const { key, secret } = await identity.createApiKey({ name: 'crm', role: 'integrator' });
  t.match(secret, /^engawa_[\w-]{43}$/);
  t.match(await identity.byApiKey(secret), { kind: 'key', key: { id: key.id, role: 'integrator' } });
  t.notOk(JSON.stringify(await sql(url, 'SELECT * FROM api_keys')).includes(secret));
  t.equal(await identity.revokeApiKey(key.id), true);
  t.equal(await identity.byApiKey(secret), undefined);
  t.equal(await identity.byApiKey('engawa_guess'), undefined);
  await t.rejects(identity.createApiKey({ name: 'x', role: 'agent' }), { code: 'invalid-argument' });
});

t.test('a session that is known goes on while the database is away; another does not begin', async (t) => {
  const { token, session } = await signedIn();
  t.ok(await identity.bySessionToken(token));
  await wire.cut();
  clock.advance(minute);
  t.ok(await identity.bySessionToken(token));
  await t.rejects(identity.bySessionToken('unknown'), { code: 'database-unavailable' });
  await identity.endSession(session.id, 'asked');
  t.equal(await identity.bySessionToken(token).catch(() => undefined), undefined, 'ended is ended');
  await wire.mend();
  await store.events.flush();
  t.equal(await identity.bySessionToken(token), undefined, 'also when the database is back');
});
