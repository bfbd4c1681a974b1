// Verification by REST: one-time codes for the company's systems, on a real database; what a desk asks of its call.

import t from 'tap';
import type { MadeVerificationCode, VerificationCodeView } from '../../src/api/contracts/verify.ts';
import { createOneTimeCodes } from '../../src/call/verify/one-time-codes.ts';
import { codeFactor } from '../../src/call/verify/verification-settings.ts';
import { parseUserInput } from '../../src/privacy/number-forms.ts';
import { createNumberVault } from '../../src/privacy/number-vault.ts';
import type { PhoneNumber } from '../../src/privacy/phone-number.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { systemRandom } from '../../src/shared/random.ts';
import { testApi } from '../support/centre/api.ts';
import { sql, testDatabase, testStore } from '../support/servers/database.ts';

const databaseUrl = await testDatabase(t);
const store = await testStore(t, { url: databaseUrl });
const keys = { aliasKey: Buffer.alloc(32, 1), sealingKeys: [Buffer.alloc(32, 2)] };
const vault = createNumberVault({ clock: systemClock, log: silentLogger, rows: store.vaultRows, keys });
const codes = createOneTimeCodes({
  ...{ clock: systemClock, random: systemRandom, rows: store.verificationCodes, vault, key: Buffer.alloc(32, 3) },
  settings: { lifetimeSeconds: 600, mostPerCustomer: 5, triesPerCustomer: 10, triesWithheld: 60 },
});
const numberOf = (typed: string): PhoneNumber | undefined => {
  const parsed = parseUserInput(typed);
  return parsed.kind === 'number' ? parsed.number : undefined;
};
const site = await testApi(t, { databaseUrl, verification: { codes, factors: [codeFactor], numberOf } });
const { app, callCentre, people } = site;
const bearer = { authorization: site.bearer };
const hanako = await site.signIn('hanako');
const midori = await site.signIn('midori');

type Method = 'GET' | 'POST' | 'DELETE';
const ask = (headers: Record<string, string>, method: Method, path: string, payload?: object) =>
  app.inject({ method, url: `/api/v1${path}`, headers, payload });
const make = (payload: object) => ask(bearer, 'POST', '/verification-codes', payload);

t.test('a code is made for a number, an alias or a key; it is in that answer and nowhere else', async (t) => {
  const response = await make({ customer: { number: '090-1234-5678', key: 'C-4711' }, lifetimeSeconds: 120 });
  t.equal(response.statusCode, 201);
  const made = response.json<MadeVerificationCode>();
  t.match(made, { id: /^o_[0-9a-f]{32}$/, code: /^\d{8}$/, shown: /^\d{4} \d{4}$/ });
  t.equal(response.headers['location'], `/api/v1/verification-codes/${made.id}`);
  t.equal(response.headers['cache-control'], 'no-store');
  const left = made.expiresAt - Date.now();
  t.ok(left > 60_000 && left <= 120_000, `${left} ms`);
  const view = (await ask(bearer, 'GET', `/verification-codes/${made.id}`)).json<VerificationCodeView>();
  t.match(view, { id: made.id, factor: 'one-time-code', state: 'waiting', endedAt: null, callId: null });
  t.notMatch(JSON.stringify(view), new RegExp(made.code));
  const rows = JSON.stringify(await sql(databaseUrl, 'SELECT * FROM verification_codes'));
  for (const secret of [made.code, '9012345678', '4711']) t.notMatch(rows, new RegExp(secret), 'nor in the table');

  const alias = await vault.remember(numberOf('09012345678')!);
  const second = await make({ customer: { alias }, factor: 'pin' });
  t.equal(second.statusCode, 201);
  const callId = newId('call');
  const { code, id } = second.json<MadeVerificationCode>();
  t.match(await codes.redeem({ digits: code, factor: 'pin', alias, callId }), { kind: 'verified', codeId: id });
  t.match((await ask(bearer, 'GET', `/verification-codes/${id}`)).json(), { state: 'used', callId });
});

t.test('what is wrong with a request is said, without saying the number again', async (t) => {
  for (const [payload, status, code] of [
    [{ customer: {} }, 400, 'invalid-request'],
    [{ customer: { number: '12ab' } }, 400, 'invalid-request'],
    [{ customer: { alias: 'nobody' } }, 404, 'unknown-alias'],
    [{ customer: { alias: 'ZZZZ-ZZZZ' } }, 404, 'unknown-alias'],
    [{ customer: { key: 'x', name: 'y' } }, 400, 'invalid-request'],
    [{ customer: { key: 'x' }, lifetimeSeconds: 10 }, 400, 'invalid-request'],
    [{}, 400, 'invalid-request'],
  ] as const) {
    const response = await make(payload);
    t.equal(response.statusCode, status, JSON.stringify(payload));
    t.equal(response.json<{ code: string }>().code, code, JSON.stringify(payload));
    t.notMatch(response.body, /12ab/);
  }
});

t.test('too many for one customer are refused; a code can be revoked once', async (t) => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await make({ customer: { key: 'many' } })).json<MadeVerificationCode>().id);
  const refused = await make({ customer: { key: 'many' } });
  t.equal(refused.statusCode, 429);
  t.equal(refused.json<{ code: string }>().code, 'too-many-requests');
  t.match((await ask(bearer, 'GET', `/verification-codes/${ids[0]}`)).json(), { state: 'replaced' });
  t.equal((await ask(bearer, 'DELETE', `/verification-codes/${ids[4]}`)).statusCode, 204);
  t.equal((await ask(bearer, 'DELETE', `/verification-codes/${ids[4]}`)).statusCode, 404);
  t.match((await ask(bearer, 'GET', `/verification-codes/${ids[4]}`)).json(), { state: 'revoked' });
  t.equal((await ask(bearer, 'GET', '/verification-codes/o_none')).statusCode, 404);
});

t.test('codes are made by programs only; agents see which factors there are', async (t) => {
  for (const who of [hanako, midori]) {
    t.equal((await ask(who, 'POST', '/verification-codes', { customer: { key: 'x' } })).statusCode, 403);
    t.equal((await ask(who, 'GET', '/verification-codes/o_none')).statusCode, 403);
  }
  t.equal((await ask({}, 'POST', '/verification-codes', { customer: { key: 'x' } })).statusCode, 401);
  const factors = (await ask(hanako, 'GET', '/verification-factors')).json<{ items: object[] }>();
  t.strictSame(factors.items, [{ name: 'one-time-code', label: codeFactor.label }]);
});

t.test('an agent has the own customer verified, others’ calls are nobody’s business', async (t) => {
  const callId = callCentre.connect(people.hanako.id);
  const path = `/calls/${callId}/verification`;
  t.equal((await ask(hanako, 'POST', path, { factor: 'one-time-code', language: 'en' })).statusCode, 204);
  t.equal((await ask(hanako, 'DELETE', path)).statusCode, 204);
  t.same(callCentre.asked.slice(-2), ['verify {"factor":"one-time-code","language":"en"}', 'cancel verification']);
  const taro = await site.signIn('taro');
  t.equal((await ask(taro, 'POST', path, { factor: 'one-time-code' })).statusCode, 404);
  t.equal((await ask(bearer, 'POST', path, { factor: 'one-time-code' })).statusCode, 204, 'a program may');
  callCentre.answer = { kind: 'conflict', because: 'The customer is being asked already.' };
  const response = await ask(hanako, 'POST', path, { factor: 'one-time-code' });
  t.equal(response.statusCode, 409);
  t.equal(response.json<{ code: string }>().code, 'verification-running');
});
