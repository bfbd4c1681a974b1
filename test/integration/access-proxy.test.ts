// The signed headers of an access proxy, with its keys by URL from a real HTTP server: a key that is new is fetched when a token names
// it, one that was taken out is not believed for longer than the keys are, and a server that is away leaves what was known.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import t from 'tap';
import { createAccessProxies } from '../../src/identity/devices/access-proxy.ts';
import { createGuardedRequests } from '../../src/shared/http/guarded-request.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const clock = createFakeClock();
const header = 'x-proxy-assertion';
const published: object[] = [];
let asked = 0;
let status = 200;
const server = createServer((_request, response) => {
  asked += 1;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: published }));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
t.teardown(() => server.close());
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
const { send } = createGuardedRequests({ hosts: ['127.0.0.1'], privateNetworks: ['127.0.0.1'] });
const proxies = createAccessProxies({
  ...{ clock, log },
  proxies: [
    {
      ...{ name: 'gate', header, keys: { url }, issuer: 'https://gate.example', audiences: ['engawa'] },
      ...{ algorithms: ['ES256'], screenLock: null, person: 'email' },
    },
  ] as Parameters<typeof createAccessProxies>[0]['proxies'],
  async fetchKeys(keys) {
    if (!('url' in keys)) throw new Error('a URL was meant');
    const answer = await send({ url: keys.url, method: 'GET', timeoutMs: 5000, maxResponseBytes: 65_536 });
    if (answer.kind === 'answered' && answer.status === 200) return answer.body.toString('utf8');
    throw new Error(answer.kind === 'failed' ? answer.because : `HTTP ${answer.status}`);
  },
});

async function newKey(kid: string): Promise<{ kid: string; key: CryptoKey; jwk: object }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  return { kid, key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } };
}

let serial = 0;
async function token(by: { kid: string; key: CryptoKey }, more: Record<string, unknown> = {}, typ?: string) {
  const seconds = Math.floor(clock.now() / 1000);
  return new SignJWT({ email: 'Hanako@example.co.jp', jti: String(serial++), ...more })
    .setProtectedHeader({ alg: 'ES256', kid: by.kid, ...(typ ? { typ } : {}) })
    .setIssuer('https://gate.example')
    .setAudience('engawa')
    .setExpirationTime(seconds + 60)
    .sign(by.key);
}
const seen = async (text: string) => (await proxies.seenIn({ [header]: text }))?.login;
const [first, second, never] = await Promise.all([newKey('1'), newKey('2'), newKey('3')]);
published.push(first.jwk);

t.test('keys are fetched once and believed', async (t) => {
  t.equal(await seen(await token(first)), 'hanako@example.co.jp');
  t.equal(await seen(await token(first, {}, 'JWT')), 'hanako@example.co.jp');
  t.equal(asked, 1);
});

t.test('a token that is meant for something else is none', async (t) => {
  for (const typ of ['at+jwt', 'logout+jwt', 'dpop+jwt'])
    t.equal(await seen(await token(first, {}, typ)), undefined, typ);
});

t.test('a new key is fetched as soon as a token names it, but not more often than every half minute', async (t) => {
  published.push(second.jwk);
  t.equal(await seen(await token(second)), undefined, 'fetched a moment ago');
  t.equal(asked, 1);
  clock.advance(31_000);
  t.equal(await seen(await token(second)), 'hanako@example.co.jp');
  t.equal(asked, 2);
  for (let n = 0; n < 20; n++) t.equal(await seen(await token(never)), undefined);
  t.equal(asked, 2, 'whoever sends made-up keys does not make us ask');
  clock.advance(31_000);
  for (let n = 0; n < 20; n++) t.equal(await seen(await token(never)), undefined);
  t.equal(asked, 3);
});

t.test('a key that was taken out is not believed for longer than an hour, nor is one of the same name', async (t) => {
  published.splice(0, published.length, second.jwk);
  clock.advance(3_600_001);
  t.equal(await seen(await token(first)), undefined);
  t.equal(await seen(await token(second)), 'hanako@example.co.jp');
  t.equal(await seen(await token({ kid: '2', key: never.key })), undefined);
});

t.test('while the server is away, or says nothing sensible, what was known holds', async (t) => {
  status = 503;
  clock.advance(3_600_001);
  t.equal(await seen(await token(second)), 'hanako@example.co.jp');
  status = 200;
  published.splice(0, published.length);
  clock.advance(31_000);
  t.equal(await seen(await token(second)), undefined, 'no key is published any more');
});
