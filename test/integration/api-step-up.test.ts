// Proving again to be there, on the real API.

import t from 'tap';
import { password, testApi } from '../support/centre/api.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const clock = createFakeClock();
const site = await testApi(t, { clock });
const midori = await site.signIn('midori');

const ask = (method: 'GET' | 'POST', headers: Record<string, string>, payload?: object) =>
  site.app.inject({ method, url: '/api/v1/session/step-up', headers, payload });

t.test('the password again is enough for who has no second factor, and counts for five minutes', async (t) => {
  t.match((await ask('GET', midori)).json(), { ways: ['password'], steppedUpUntil: null });
  const done = await ask('POST', midori, { password });
  t.equal(done.statusCode, 200);
  t.equal(done.json().steppedUpUntil, clock.now() + 5 * 60_000);
  t.match((await ask('GET', midori)).json(), { steppedUpUntil: clock.now() + 5 * 60_000 });
  clock.advance(5 * 60_000);
  t.match((await ask('GET', midori)).json(), { steppedUpUntil: null });
});

t.test('a wrong one is refused without ending the session, and too many are slowed down', async (t) => {
  const wrong = await ask('POST', midori, { password: 'wrong password' });
  t.equal(wrong.statusCode, 422);
  t.match(wrong.json(), { code: 'proof-wrong' });
  t.match((await ask('GET', midori)).json(), { steppedUpUntil: null });
  for (let n = 0; n < 6; n++) await ask('POST', midori, { password: 'wrong password' });
  const throttled = await ask('POST', midori, { password });
  t.equal(throttled.statusCode, 429, 'even the right one must wait');
  t.match(throttled.headers['retry-after'], /^\d+$/);
  t.match(await site.identity.signIn({ login: 'midori', password, address: '192.0.2.9', userAgent: 'test' }), {
    kind: 'signed-in',
  });
});

t.test('a program with a key has no session to step up, and nobody steps up without one', async (t) => {
  t.equal((await ask('POST', { authorization: site.bearer }, { password })).statusCode, 403);
  t.equal((await ask('POST', {}, { password })).statusCode, 401);
  t.equal((await ask('POST', { cookie: midori.cookie }, { password })).statusCode, 403, 'nor without the CSRF token');
});
