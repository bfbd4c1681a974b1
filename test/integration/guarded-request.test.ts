// Requests to services of the company, against real HTTP servers that are slow, huge, broken, or somewhere else than they say.

import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import t from 'tap';
import {
  createGuardedRequests,
  type GuardedRequest,
  type OutgoingRules,
} from '../../src/shared/http/guarded-request.ts';
import { makeCertificate } from '../support/servers/certificate.ts';

interface Asked {
  method: string | undefined;
  url: string | undefined;
  headers: Record<string, unknown>;
  body: string;
}

const asked: Asked[] = [];
const open: ServerResponse[] = [];

const answers: Record<string, (response: ServerResponse) => void> = {
  '/good': (response) => void response.setHeader('content-type', 'application/json').end('{"tier":"gold"}'),
  '/never': (response) => void open.push(response),
  '/drip': (response) => {
    response.write('{');
    const drip = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drip));
  },
  '/redirect': (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
  '/huge': (response) => void response.end(Buffer.alloc(200_000, 'x')),
  '/endless': (response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384)));
    };
    response.on('drain', more);
    more();
  },
  '/cut': (response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
    setImmediate(() => response.destroy());
  },
  '/zipped': (response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('bomb'),
  '/gone': (response) => void response.destroy(),
  '/500': (response) => void response.writeHead(500).end('no'),
};

const answer: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { method, url, headers } = request;
    asked.push({ method, url, headers, body });
    answers[url ?? '']?.(response);
  });
};

const server = createServer(answer);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
t.teardown(() => {
  for (const response of open) response.destroy();
  server.closeAllConnections();
  server.close();
});

/** What the names in these tests mean. */
const names: Record<string, string[]> = {
  'crm.test': ['127.0.0.1'],
  'rebound.test': ['169.254.169.254'],
  'half.test': ['127.0.0.1', '10.9.9.9'],
};
const lookup = ((hostname, _options, callback) => {
  const found = names[hostname];
  if (!found) return callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), []);
  callback(
    null,
    found.map((address) => ({ address, family: 4 })),
  );
}) as LookupFunction;

const rules: OutgoingRules = {
  hosts: ['crm.test', '*.sub.test', 'rebound.test', 'half.test', 'nowhere.test', '127.0.0.1', '127.0.0.9'],
  privateNetworks: ['127.0.0.1'],
};
const { send } = createGuardedRequests(rules, { lookup });
const at = (path: string, more: Partial<GuardedRequest> = {}) =>
  send({ url: `http://crm.test:${port}${path}`, method: 'GET', timeoutMs: 10_000, maxResponseBytes: 65_536, ...more });

t.test('a listed host in a listed network is asked, with headers and body as given', async (t) => {
  const got = await at('/good', { method: 'POST', body: '{"a":"東"}', headers: { authorization: 'Bearer s' } });
  t.match(got, { kind: 'answered', status: 200 });
  t.equal(got.kind === 'answered' && got.body.toString(), '{"tier":"gold"}');
  t.match(asked.at(-1), {
    method: 'POST',
    body: '{"a":"東"}',
    headers: { authorization: 'Bearer s', host: `crm.test:${port}` },
  });
  t.match(await at('/500'), { kind: 'answered', status: 500 }, 'what a status means is the asker’s to say');
});

t.test('a host that is not listed is not asked, and nothing is looked up for it', async (t) => {
  const before = asked.length;
  const urls = [
    `http://other.test:${port}/good`,
    `http://crm.test.evil.test:${port}/good`,
    `http://sub.test:${port}/good`,
    `http://user:secret@crm.test:${port}/good`,
    `file:///etc/passwd`,
    `http://[::ffff:127.0.0.1]:${port}/good`,
    'not a url',
  ];
  for (const url of urls) t.strictSame(await at('', { url }), { kind: 'failed', because: 'forbidden-host' }, url);
  t.equal(asked.length, before);
});

t.test('a listed name that leads to a forbidden address is not connected to', async (t) => {
  const before = asked.length;
  for (const url of [
    `http://rebound.test:${port}/good`,
    `http://half.test:${port}/good`,
    `http://127.0.0.9:${port}/good`,
  ])
    t.strictSame(await at('', { url }), { kind: 'failed', because: 'forbidden-address' }, url);
  t.equal(asked.length, before);
});

t.test('an address in disguise is what it is: decimal, octal, hexadecimal, short, inside of IPv6', async (t) => {
  const before = asked.length;
  // WHATWG URL makes dotted decimal of all these; a host list that names loopback does not let another address through.
  for (const host of ['2130706441', '0x7f000009', '0177.0.0.011', '127.9', '0x7f.0.0.9', '127.0.0.9.'])
    t.strictSame(
      await at('', { url: `http://${host}:${port}/good` }),
      { kind: 'failed', because: 'forbidden-address' },
      host,
    );
  for (const host of [
    '2852039166',
    '0xa9fea9fe',
    '169.254.169.254',
    '[::1]',
    '[::ffff:7f00:1]',
    '[::ffff:169.254.169.254]',
  ])
    t.strictSame(
      await at('', { url: `http://${host}:${port}/good` }),
      { kind: 'failed', because: 'forbidden-host' },
      host,
    );
  const everyHost = createGuardedRequests(
    { hosts: ['[::1]', '::1', '::ffff:7f00:1', '169.254.169.254', '0.0.0.0'], privateNetworks: [] },
    { lookup },
  );
  for (const host of ['[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '0', '0xa9fea9fe']) {
    const request = {
      url: `http://${host}:${port}/good`,
      method: 'GET' as const,
      timeoutMs: 5000,
      maxResponseBytes: 99,
    };
    t.strictSame(
      await everyHost.send(request),
      { kind: 'failed', because: 'forbidden-address' },
      `listed by mistake: ${host}`,
    );
  }
  t.equal(asked.length, before);
});

t.test(
  'a name that leads elsewhere the second time it is asked for is looked at when it is connected to',
  async (t) => {
    const before = asked.length;
    const turns = [['127.0.0.1'], ['169.254.169.254'], ['10.0.0.1']];
    const rebinding = ((_hostname, _options, callback) =>
      callback(
        null,
        (turns.shift() ?? ['10.0.0.1']).map((address) => ({ address, family: 4 })),
      )) as LookupFunction;
    const { send: sendTo, mayAsk } = createGuardedRequests(rules, { lookup: rebinding });
    const request = {
      url: `http://crm.test:${port}/good`,
      method: 'GET' as const,
      timeoutMs: 5000,
      maxResponseBytes: 9999,
    };
    t.ok(mayAsk(request.url), 'a check by name says nothing of addresses, and looks nothing up');
    t.match(await sendTo(request), { kind: 'answered' });
    for (const turn of ['metadata', 'private'])
      t.strictSame(await sendTo(request), { kind: 'failed', because: 'forbidden-address' }, turn);
    const ipv6 = ((_hostname, _options, callback) =>
      callback(null, [{ address: '::ffff:169.254.169.254', family: 6 }])) as LookupFunction;
    const { send: sendMapped } = createGuardedRequests(rules, { lookup: ipv6 });
    t.strictSame(await sendMapped(request), { kind: 'failed', because: 'forbidden-address' }, 'IPv4 inside of IPv6');
    t.equal(asked.length, before + 1);
  },
);

t.test('plain HTTP is for listed networks only', async (t) => {
  const onTheInternet = ((_hostname, _options, callback) =>
    callback(null, [{ address: '203.1.2.3', family: 4 }])) as LookupFunction;
  const { send: sendOut } = createGuardedRequests(rules, { lookup: onTheInternet });
  t.strictSame(await sendOut({ url: 'http://crm.test/', method: 'GET', timeoutMs: 5000, maxResponseBytes: 1 }), {
    kind: 'failed',
    because: 'forbidden-address',
  });
});

t.test('a redirect is not followed, whichever it is, and what was sent goes nowhere else', async (t) => {
  t.strictSame(await at('/redirect'), { kind: 'failed', because: 'redirected' });
  for (const status of [301, 303, 307, 308]) {
    const before = asked.length;
    const path = `/redirect-${status}`;
    answers[path] = (response) => void response.writeHead(status, { location: '/good' }).end();
    const got = await at(path, { method: 'POST', body: 'x', headers: { authorization: 'Bearer s' } });
    t.strictSame(got, { kind: 'failed', because: 'redirected' }, String(status));
    t.equal(asked.length, before + 1);
  }
});

t.test('slow answers end with the time, also those that begin at once and never end', async (t) => {
  t.strictSame(await at('/never', { timeoutMs: 150 }), { kind: 'failed', because: 'timeout' });
  t.strictSame(await at('/drip', { timeoutMs: 300 }), { kind: 'failed', because: 'timeout' });
});

t.test('answers that are too large, cut off, or packed are not taken', async (t) => {
  t.strictSame(await at('/huge'), { kind: 'failed', because: 'too-large' });
  t.strictSame(await at('/endless'), { kind: 'failed', because: 'too-large' });
  t.strictSame(await at('/cut'), { kind: 'failed', because: 'unreadable' });
  t.strictSame(await at('/zipped'), { kind: 'failed', because: 'unreadable' });
});

t.test('nobody there', async (t) => {
  t.strictSame(await at('/gone'), { kind: 'failed', because: 'unreachable' });
  t.strictSame(await at('', { url: 'http://nowhere.test/' }), { kind: 'failed', because: 'unreachable' });
  t.strictSame(await at('', { url: 'http://crm.test:1/' }), { kind: 'failed', because: 'unreachable' });
});

t.test('TLS: a certificate of a named authority, for that name, and no other', async (t) => {
  const { cert, key } = makeCertificate();
  const tls = createTlsServer({ cert, key }, answer);
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
  t.teardown(() => tls.close());
  const url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}/good`;
  const request: GuardedRequest = { url, method: 'GET', timeoutMs: 10_000, maxResponseBytes: 1000 };
  t.match(await createGuardedRequests({ ...rules, ca: cert }).send(request), { kind: 'answered', status: 200 });
  t.strictSame(await createGuardedRequests(rules).send(request), { kind: 'failed', because: 'unreachable' });
});
