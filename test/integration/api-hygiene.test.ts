// What every answer over HTTP keeps to, whatever was sent: problem details that say nothing of the inside, headers, content types;
// and what no route may have: keys in URLs, free sort keys, forms of other sites.

import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { createLogger } from '../../src/shared/logger.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { testApi } from '../support/centre/api.ts';
import { auditedApi } from '../support/centre/audit.ts';
import { eventually } from '../support/eventually.ts';
import { cuttableWire, testDatabase } from '../support/servers/database.ts';

const { app, api, signIn, bearer } = await auditedApi(t);
const root = await signIn('root-admin');

/** Of the inside: stacks, SQL, files, packages, hosts of the database. */
const inside =
  /\bat .*[:(]\d+|\.(ts|js):\d|node_modules|\/src\/|\/work\/|\/home\/|\/tmp\/|SELECT |INSERT |UPDATE |relation "|syntax error|ECONN|postgres|fastify|typebox|ajv|stack|MARKER/i;

type Answer = Awaited<ReturnType<typeof app.inject>>;

function isProblem(t: Tap, answer: Answer, status: number | readonly number[], what: string): void {
  t.ok([status].flat().includes(answer.statusCode), `${what}: ${answer.statusCode}`);
  t.match(answer.headers['content-type'], /^application\/problem\+json/, `${what}: its type`);
  const body = answer.json() as Record<string, unknown>;
  t.match(body, { type: /^\/problems\//, title: String, status: answer.statusCode, code: String }, what);
  t.notMatch(answer.body, inside, `${what}: nothing of the inside`);
}
type Tap = Pick<typeof t, 'ok' | 'match' | 'notMatch' | 'equal'>;

t.test('what is not right is a problem that says nothing of the inside', async (t) => {
  const json = { 'content-type': 'application/json' };
  const send = (payload: string, headers: Record<string, string> = json, url = '/api/v1/users') =>
    app.inject({ method: 'POST', url, headers: { ...root, ...headers }, payload });
  isProblem(t, await send('{"login": MARKER'), 400, 'malformed JSON');
  isProblem(t, await send(''), 400, 'an empty body');
  isProblem(t, await send('null'), 400, 'null');
  isProblem(t, await send('[]'), 400, 'a list');
  isProblem(t, await send('"MARKER"'), 400, 'a text');
  isProblem(t, await send('{"login":{"MARKER":1},"role":7}'), 400, 'wrong types');
  isProblem(t, await send('{"__proto__":{"MARKER":true}}'), 400, '__proto__');
  isProblem(t, await send('{"constructor":{"prototype":{"MARKER":true}}}'), 400, 'constructor.prototype');
  t.equal(({} as Record<string, unknown>)['MARKER'], undefined, 'no prototype was changed');
  isProblem(t, await send(`${'['.repeat(50_000)}${']'.repeat(50_000)}`), 400, 'very deep');
  isProblem(t, await send(`{"login":"${'x'.repeat(600 * 1024)}"}`), 413, 'too large');
  isProblem(t, await send('{}', { ...json, 'content-encoding': 'gzip' }), [400, 415], 'packed');
  for (const form of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])
    isProblem(t, await send('login=MARKER', { 'content-type': form }), 415, `a form of another site: ${form}`);
});

t.test('so is what is not there, not allowed, or asked for in an odd way', async (t) => {
  const get = (url: string, headers: Record<string, string> = root) => app.inject({ url, headers });
  isProblem(t, await get('/api/v1/MARKER'), 404, 'no such route');
  isProblem(t, await get('/api/v1/calls/%00'), [400, 404], 'NUL in an address');
  isProblem(t, await get('/api/v1/calls/%E0%A4%A'), 400, 'no percent-encoding');
  isProblem(t, await get(`/api/v1/calls/${'x'.repeat(500)}`), [404, 414], 'a long address');
  const injected = await get("/api/v1/calls?cursor=c_1'%20OR%201=1--");
  t.strictSame(injected.json().items ?? [], [], 'a quotation mark is a letter like others');
  t.notMatch(injected.body, inside);
});

t.test('without the database, too; the log has all of it', { timeout: 60_000 }, async (t) => {
  const wire = await cuttableWire(t, await testDatabase(t));
  const lines: string[] = [];
  const log = createLogger({ destination: { write: (line: string) => void lines.push(line) } });
  const { app, signIn, bearer } = await testApi(t, { databaseUrl: wire.url, log });
  const midori = await signIn('midori');
  await wire.cut();
  for (const [method, url, headers, payload] of [
    ['GET', '/api/v1/users', midori, undefined],
    ['GET', '/api/v1/calls', { authorization: bearer }, undefined],
    ['POST', '/api/v1/session', {}, { login: 'hanako', password: 'correct horse battery' }],
  ] as const) {
    const answer = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
    isProblem(t, answer, 503, `${method} ${url}`);
    t.ok(answer.headers['retry-after']);
  }
  t.ok(
    lines.some((line) => /a request failed/.test(line) && /database/i.test(line)),
    'somebody can find out why',
  );
  t.notMatch(lines.join(''), /correct horse battery/);
});

t.test('every answer has the headers that keep a page safe', async (t) => {
  const answers: [string, Answer][] = [
    ['a page of data', await app.inject({ url: '/api/v1/users', headers: root })],
    ['a refusal', await app.inject({ url: '/api/v1/users' })],
    ['nothing there', await app.inject({ url: '/nowhere' })],
    ['a mistake', await app.inject({ method: 'POST', url: '/api/v1/users', headers: root, payload: 'x' })],
    [
      'a foreign origin',
      await app.inject({ url: '/api/v1/users', headers: { ...root, origin: 'https://evil.example' } }),
    ],
    [
      'a preflight',
      await app.inject({
        method: 'OPTIONS',
        url: '/api/v1/users',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      }),
    ],
    [
      'an export',
      await app.inject({
        method: 'POST',
        url: '/api/v1/audit/export',
        headers: { ...root, 'x-purpose': 'test' },
        payload: { format: 'csv' },
      }),
    ],
  ];
  for (const [what, { headers }] of answers) {
    const policy = String(headers['content-security-policy']);
    for (const directive of [
      "default-src 'none'",
      "script-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ])
      t.ok(policy.includes(directive), `${what}: ${directive}`);
    t.notMatch(policy, /unsafe|\*|http:/, what);
    t.equal(headers['x-content-type-options'], 'nosniff', what);
    t.equal(headers['referrer-policy'], 'no-referrer', what);
    t.equal(headers['access-control-allow-origin'], undefined, `${what}: no other site reads it`);
    t.equal(headers['x-powered-by'] ?? headers.server, undefined, `${what}: not what it runs on`);
  }
  for (const [what, { headers }] of answers.filter(([what]) => !['nothing there', 'a preflight'].includes(what)))
    t.equal(headers['cache-control'], 'no-store', what);
  const [, users] = answers[0]!;
  t.match(users.headers['content-type'], /^application\/json; charset=utf-8$/);
  const [, exported] = answers.at(-1)!;
  t.match(exported.headers['content-disposition'], /^attachment; filename="engawa-audit-\d{4}-\d\d-\d\d\.csv"$/);
});

t.test('methods, folders and files that nobody is to see are not there', async (t) => {
  for (const url of [
    '/.git/config',
    '/.env',
    '/package.json',
    '/assets/',
    '/../package.json',
    '/%2e%2e/package.json',
    '/debug',
    '/api/',
    '/actuator',
  ])
    t.ok([400, 403, 404].includes((await app.inject({ url })).statusCode), url);
  await api.listen();
  const answer = await raw(api.port, 'TRACE / HTTP/1.1\r\nHost: x\r\nX-Secret: MARKER\r\n\r\n');
  t.match(answer, /^HTTP\/1\.1 (400|404|405)/);
  t.notMatch(answer, /MARKER/);
});

t.test('where one message ends and the next begins is not open to two readings', async (t) => {
  const smuggled = 'GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n';
  for (const [what, head] of [
    ['length and chunks', `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello'],
    ['an odd coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a length with a sign', 'Content-Length: +5\r\n\r\nhello'],
    ['a folded header', 'X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
    ['a space before the colon', 'Content-Length : 5\r\n\r\nhello'],
  ] as const) {
    const answer = await raw(api.port, `POST /api/v1/session HTTP/1.1\r\nHost: x\r\n${head}`);
    t.match(answer, /^HTTP\/1\.1 400/, what);
    t.notMatch(answer, /openapi/, `${what}: nothing was smuggled in`);
  }
});

t.test('no route takes a secret in its address, or a sort key that is not listed', async (t) => {
  const document = (await app.inject({ url: '/api/v1/openapi.json' })).json() as {
    paths: Record<
      string,
      Record<string, { parameters?: { in: string; name: string; schema: { enum?: string[]; type?: string } }[] }>
    >;
  };
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, { parameters = [] }] of Object.entries(methods))
      for (const { in: where, name, schema } of parameters) {
        if (where !== 'query') continue;
        if (/^(sort|order|orderBy|sortBy)$/i.test(name))
          t.ok(schema.enum, `${method} ${path}: ${name} is one of a list`);
        if (!/^(keyId|apiKeyId)$/.test(name)) t.notMatch(name, /token|secret|password|key$|csrf/i, `${method} ${path}`);
      }
  const twice = await app.inject({ url: '/api/v1/audit?act=signed-in&act=signed-out', headers: root });
  t.equal(twice.statusCode, 400, 'a parameter that is given twice is no list');
  const both = await app.inject({
    url: '/api/v1/users?limit=1',
    headers: { authorization: bearer, cookie: root.cookie },
  });
  t.equal(both.statusCode, 403, 'a key and a cookie at once: the key counts');
});

t.test('the page has no code in its text, and shows text as text', async (t) => {
  const folder = join(projectRoot, 'web-softphone');
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  t.notMatch(html, /<script(?![^>]*\bsrc=)[^>]*>|<style|\son\w+=|style=/i, 'index.html');
  for (const entry of readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!/\.tsx?$/.test(entry)) continue;
    const source = readFileSync(join(folder, 'src', entry), 'utf8');
    t.notMatch(
      source,
      /dangerouslySetInnerHTML|\.innerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\(/,
      entry,
    );
  }
});

/** What comes back on a bare socket until it is closed, or for a while nothing more came. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  let closed = false;
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  socket.on('close', () => (closed = true));
  socket.on('error', () => (closed = true));
  socket.write(text);
  await eventually('an answer', () => closed || answer.includes('\r\n\r\n'));
  socket.destroy();
  return answer;
}
