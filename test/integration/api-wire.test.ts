// What the API does on the wire: TLS, the files of the page, readiness, being stopped.

import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { TLSSocket, connect as tlsConnect } from 'node:tls';
import t from 'tap';
import { createApi } from '../../src/api/api.ts';
import { password, testApi } from '../support/centre/api.ts';
import { readEvents } from '../support/centre/event-source.ts';
import { eventually } from '../support/eventually.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { cuttableWire, testDatabase } from '../support/servers/database.ts';

// One cluster for the whole file.
await testDatabase(t);

t.test('over TLS the cookie is of this host alone and HSTS is sent; old TLS is refused', async (t) => {
  const tls = makeCertificate();
  const site = await testApi(t, { listen: { host: '127.0.0.1', port: 0, tls } });
  const url = await site.api.listen();
  t.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const body = JSON.stringify({ login: 'hanako', password });
  const answer = await new Promise<{ status?: number; headers: Record<string, unknown> }>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), origin: url };
    const sent = httpsRequest(`${url}/api/v1/session`, { method: 'POST', ca: tls.cert, headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, headers: response.headers });
    });
    sent.on('error', reject).end(body);
  });
  t.equal(answer.status, 200);
  const cookie = String(answer.headers['set-cookie']);
  t.match(cookie, /^__Host-engawa_session=/);
  for (const part of [/; Secure/, /; HttpOnly/, /; SameSite=Strict/, /; Path=\/(;|$)/]) t.match(cookie, part);
  t.notMatch(cookie, /domain=/i);
  t.equal(answer.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
  const asks = (headers: object) => site.app.inject({ method: 'GET', url: '/api/v1/session', headers: { ...headers } });
  const [pair = ''] = cookie.split(';');
  t.equal((await asks({ cookie: pair })).statusCode, 200);
  t.equal(
    (await asks({ cookie: pair.replace('__Host-', '') })).statusCode,
    401,
    'under the name that anybody can plant',
  );
  const connect = (how: object) =>
    new Promise<TLSSocket | Error>((resolve) => {
      const socket = tlsConnect({ port: site.api.port, host: '127.0.0.1', rejectUnauthorized: false, ...how }, () =>
        resolve(socket.destroy()),
      );
      socket.once('error', resolve);
    });
  const old = (await connect({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })) as Error;
  t.match(old.message, /version|protocol|handshake/i);
  const weak = (await connect({
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256',
  })) as Error;
  t.match(weak.message, /handshake/i, 'neither without forward secrecy nor without authenticated encryption');
  t.ok((await connect({ maxVersion: 'TLSv1.2' })) instanceof TLSSocket);
});

t.test('beyond loopback there must be TLS', async (t) => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'engawa.example'])
    await t.rejects(createApi({ listen: { host, port: 0 } } as never), { code: 'config-invalid' }, host);
});

t.test('the page: hashed files for good, others asked for, addresses of the page get index.html', async (t) => {
  const webRoot = t.testdir({
    'index.html': '<!doctype html><title>Engawa</title>',
    'favicon.svg': '<svg/>',
    assets: { 'index-DeadBeef1.js': 'export {};', 'index-DeadBeef1.js.gz': 'zipped' },
  });
  const { app } = await testApi(t, { webRoot });
  const get = (url: string, headers = {}) => app.inject({ url, headers });
  const html = { accept: 'text/html' };
  t.match((await get('/assets/index-DeadBeef1.js')).headers, {
    'cache-control': /immutable/,
    'content-type': /javascript/,
  });
  t.match((await get('/assets/index-DeadBeef1.js', { 'accept-encoding': 'gzip' })).headers, {
    'content-encoding': 'gzip',
  });
  t.match((await get('/')).headers, { 'cache-control': 'no-cache', 'content-security-policy': /script-src 'self'/ });
  t.equal((await get('/favicon.svg')).headers['cache-control'], 'no-cache');
  t.match((await get('/desk', html)).body, /Engawa/);
  t.equal((await get('/desk', html)).headers['cache-control'], 'no-cache');
  t.equal((await get('/desk')).statusCode, 404, 'a program that does not ask for HTML is told the truth');
  t.equal((await get('/assets/gone-DeadBeef2.js', html)).statusCode, 404);
  t.equal((await get('/api/v1/nothing', html)).statusCode, 404);
  for (const path of ['/..%2fpackage.json', '/%2e%2e/package.json', '/assets/..%2f..%2fpackage.json'])
    t.not((await get(path)).statusCode, 200, path);
  t.match((await app.inject({ method: 'POST', url: '/', payload: {} })).json(), { status: 405 });
});

t.test('without a built page the API works and says nothing of a page', async (t) => {
  const { app } = await testApi(t, { webRoot: join(t.testdir(), 'none') });
  t.equal((await app.inject({ url: '/', headers: { accept: 'text/html' } })).statusCode, 404);
  t.equal((await app.inject('/healthz')).statusCode, 200);
});

t.test('healthz: 503 with reasons when calls cannot be taken, degraded without the database', async (t) => {
  const wire = await cuttableWire(t, await testDatabase(t));
  let sip: { ok: boolean; because?: string } = { ok: true };
  const { app, bearer, signIn } = await testApi(t, {
    databaseUrl: wire.url,
    health: async () => [{ name: 'sip', ...sip }],
  });
  const headers = await signIn('hanako');
  sip = { ok: false, because: 'The control connection is down.' };
  const down = await app.inject('/healthz');
  t.equal(down.statusCode, 503);
  t.match(down.json(), { status: 'unavailable', parts: [{ name: 'sip', ok: false, because: /control/ }] });
  const elsewhere = await app.inject({ url: '/healthz', remoteAddress: '198.51.100.7' });
  t.notMatch(elsewhere.body, /control/, 'reasons are not for strangers');
  sip = { ok: true };
  await wire.cut();
  const degraded = await app.inject('/healthz');
  t.equal(degraded.statusCode, 200, 'calls can be taken: events go to the journal');
  t.match(degraded.json(), { status: 'degraded' });
  t.equal((await app.inject({ url: '/api/v1/desk', headers })).statusCode, 200, 'a desk that is signed in works on');
  const list = await app.inject({ url: '/api/v1/calls', headers: { authorization: bearer } });
  t.match(list.json(), { status: 503, type: '/problems/database-unavailable' });
  t.match(list.headers['retry-after'], /\d/);
  await wire.mend();
});

t.test('being stopped: feeds are told, the port is closed, nothing hangs', async (t) => {
  const site = await testApi(t);
  const url = await site.api.listen();
  const reader = await readEvents(`${url}/api/v1/feed`, { authorization: site.bearer });
  const began = performance.now();
  await site.api.close();
  await eventually('the feed ended', () => reader.ended);
  t.match(reader.events.at(-1), { event: 'cut', data: { because: 'shutting-down' } });
  t.ok(performance.now() - began < 3000);
  await t.rejects(fetch(`${url}/healthz`));
});

t.test('too many requests are told when to come back', async (t) => {
  const { app, bearer } = await testApi(t, { limits: { requestsPerMinutePerCredential: 5 } });
  const ask = () => app.inject({ url: '/api/v1/queues', headers: { authorization: bearer } });
  for (let n = 0; n < 5; n++) t.equal((await ask()).statusCode, 200);
  const over = await ask();
  t.match(over.json(), { status: 429, type: '/problems/too-many-requests' });
  t.match(over.headers['retry-after'], /^\d+$/);
});
