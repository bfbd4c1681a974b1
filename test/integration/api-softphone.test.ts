// SIP over WebSocket through the API: real sockets, with the `ws` package as browser and as SIP server.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { createSoftphoneTickets } from '../../src/identity/softphone-tickets.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { seededRandom } from '../../src/shared/random.ts';
import { testApi } from '../support/centre/api.ts';
import { eventually } from '../support/eventually.ts';
import { createFakeClock } from '../support/fake-clock.ts';

interface Admission {
  peer: string;
  personId: string;
  sessionId: string;
  undone: boolean;
}

const upgrades: IncomingMessage[] = [];
const connections: { peer: string; socket: WebSocket }[] = [];
const admissions: Admission[] = [];
const http = createServer();
const sipServer = new WebSocketServer({ server: http, handleProtocols: () => 'sip' });
sipServer.on('connection', (socket, request) => {
  upgrades.push(request);
  connections.push({ peer: `${request.socket.remoteAddress}:${request.socket.remotePort}`, socket });
  socket.on('message', (data, isBinary) => socket.send(isBinary ? data : `echo ${data}`, { binary: isBinary }));
  socket.on('error', () => socket.terminate());
});
await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
let target = { host: '127.0.0.1', port: (http.address() as { port: number }).port };
const good = target;

const ticketKey = randomBytes(32);
const tickets = createSoftphoneTickets({ clock: systemClock, key: ticketKey });
const softphone = {
  tickets,
  tunnelTarget: () => target,
  registerExpiresSeconds: 300,
  admit: (peer: string, who: { personId: string; sessionId: string }) => {
    const admission = { peer, ...who, undone: false };
    admissions.push(admission);
    return () => {
      admission.undone = true;
    };
  },
};
const site = await testApi(t, {
  softphone,
  limits: { upgradeTimeoutMs: 400, softphonesPerSession: 2, softphoneMessagesPerSecond: 5 },
});
t.teardown(() => {
  for (const client of sipServer.clients) client.terminate();
  http.close();
});
const origin = await site.api.listen();
const url = origin.replace('http', 'ws');
const { port } = site.api;

interface Options {
  origin?: string;
  protocol?: string;
  path?: string;
  /** A fresh one of the session unless given. */
  ticket?: string;
}

async function sessionOf({ cookie }: { cookie: string }) {
  return (await site.identity.bySessionToken(cookie.split('=')[1]!))!.session;
}

async function ticketFor({ cookie = '', ...more }: Record<string, string>, app = site.app): Promise<string> {
  const headers = { cookie, 'x-csrf-token': more['x-csrf-token'] ?? '' };
  const answer = await app.inject({ method: 'POST', url: '/api/v1/desk/softphone/ticket', headers, payload: {} });
  return answer.statusCode === 200 ? answer.json().ticket : 'none';
}

async function phone(
  headers: Record<string, string>,
  { path = '/sip', protocol = 'sip', ticket, ...options }: Options = {},
): Promise<WebSocket> {
  const socket = new WebSocket(`${url}${path}?ticket=${ticket ?? (await ticketFor(headers))}`, protocol, {
    origin,
    headers,
    perMessageDeflate: true,
    ...options,
  });
  socket.on('error', () => undefined);
  t.teardown(() => socket.terminate());
  return socket;
}

function opened(socket: WebSocket): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => reject(new Error(`status ${response.statusCode}`)));
  });
}

const closed = (socket: WebSocket) => new Promise<number>((resolve) => socket.once('close', resolve));
const said = (socket: WebSocket) =>
  new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));

t.test('a signed-in desk gets through; the border knows who it is before any SIP', async (t) => {
  const headers = await site.signIn('hanako');
  const socket = await opened(
    await phone({ ...headers, authorization: 'Basic secret', 'x-forwarded-for': '203.0.113.7' }),
  );
  t.equal(socket.protocol, 'sip');
  const { peer } = connections.at(-1)!;
  t.match(admissions.at(-1), { peer, personId: site.people.hanako.id, undone: false });
  const seen = JSON.stringify([upgrades.at(-1)!.rawHeaders, upgrades.at(-1)!.url]);
  for (const word of ['cookie', 'engawa_session', 'authorization', 'secret', '203.0.113', 'deflate', 'origin', 'csrf'])
    t.notOk(seen.toLowerCase().includes(word), `${word} does not go on to the SIP server`);
  const answer = said(socket);
  socket.send('REGISTER sip:engawa.invalid SIP/2.0');
  t.equal(await answer, 'echo REGISTER sip:engawa.invalid SIP/2.0');
  const large = Buffer.alloc(60_000, 'x');
  const back = new Promise<Buffer>((resolve) => socket.once('message', (data) => resolve(data as Buffer)));
  socket.send(large);
  t.ok((await back).equals(large), 'large messages pass unchanged');
  socket.close();
  await closed(socket);
  await eventually('the admission is undone', () => admissions.at(-1)?.undone);
});

t.test(
  'a cookie alone opens no softphone, nor does a ticket that was used, is of another session, or too old',
  async (t) => {
    const count = admissions.length;
    const hanako = await site.signIn('hanako');
    const taro = await site.signIn('taro');
    for (const ticket of ['', 'none', await ticketFor(taro), `${Date.now() - 1}.${'A'.repeat(22)}.${'A'.repeat(43)}`])
      await t.rejects(opened(await phone(hanako, { ticket })), /status 401/, ticket.slice(0, 8));
    const again = await site.signIn('hanako');
    await t.rejects(
      opened(await phone(hanako, { ticket: await ticketFor(again) })),
      /status 401/,
      'her own other session',
    );
    const clock = createFakeClock(Date.now() - 60_000);
    const old = createSoftphoneTickets({ clock, key: ticketKey }).mint(await sessionOf(hanako)).ticket;
    await t.rejects(opened(await phone(hanako, { ticket: old })), /status 401/, 'a minute old');
    const ticket = await ticketFor(hanako);
    const socket = await opened(await phone(hanako, { ticket }));
    await t.rejects(opened(await phone(hanako, { ticket })), /status 401/, 'used');
    t.equal(admissions.length, count + 1, 'the border heard of one');
    await t.rejects(opened(await phone({ authorization: site.bearer })), /status 401/, 'a key gets none');
    const root = await site.signIn('root-admin');
    const refused = await site.app.inject({
      method: 'POST',
      url: '/api/v1/desk/softphone/ticket',
      headers: root,
      payload: {},
    });
    t.equal(refused.statusCode, 403, 'nor who has no softphone');
    socket.terminate();
  },
);

t.test('a supervisor without a desk has a softphone, to listen with', async (t) => {
  const socket = await opened(await phone(await site.signIn('midori')));
  t.equal(admissions.at(-1)?.personId, site.people.midori.id);
  socket.close();
  await closed(socket);
});

t.test('who is not signed in, has no softphone, or comes from another page is refused', async (t) => {
  const count = { admissions: admissions.length, connections: connections.length };
  const hanako = await site.signIn('hanako');
  const root = await site.signIn('root-admin');
  await t.rejects(opened(await phone({})), /status 401/);
  await t.rejects(opened(await phone({ cookie: 'engawa_session=guess' })), /status 401/);
  await t.rejects(opened(await phone({ authorization: site.bearer })), /status 401/, 'a key is no desk');
  await t.rejects(opened(await phone(root)), /status 403/);
  await t.rejects(opened(await phone(hanako, { origin: 'http://evil.test' })), /status 403/);
  await t.rejects(opened(await phone(hanako, { protocol: 'xmpp' })), /status 400/);
  await t.rejects(opened(await phone(hanako, { path: '/other' })), /status 404/);
  t.strictSame({ admissions: admissions.length, connections: connections.length }, count, 'nobody else heard of it');
});

/** Writes bytes to the port and says what came back until the other side closed. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket: Socket = connect(port, '127.0.0.1', () => void socket.write(text));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

t.test('upgrades that are not quite right get an HTTP answer on the bare socket', async (t) => {
  const { cookie } = await site.signIn('hanako');
  const head = (lines: string[], path = '/sip') =>
    [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Connection: Upgrade', ...lines, '', ''].join('\r\n');
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  const right = ['Upgrade: websocket', key, 'Sec-WebSocket-Protocol: sip', `Cookie: ${cookie}`];
  const version = 'Sec-WebSocket-Version: 13';
  t.match(await raw(head([...right, version])), /^HTTP\/1.1 403 /, 'no Origin: no browser');
  t.match(await raw(head([...right, `Origin: ${origin}`])), /^HTTP\/1.1 426 [\s\S]*Sec-WebSocket-Version: 13/);
  t.match(await raw(head(['Upgrade: h2c', version])), /^HTTP\/1.1 400 [\s\S]*problem\+json/);
  t.match(await raw(head(['Upgrade: websocket', version, 'Sec-WebSocket-Key: short'])), /^HTTP\/1.1 400 /);
  t.match(await raw('nonsense\r\n\r\n'), /^HTTP\/1.1 400 /);
});

t.test('whatever bytes come to the port, it answers or closes, and goes on', { timeout: 60_000 }, async (t) => {
  const seed = Date.now() % 1_000_000;
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const headers = await site.signIn('hanako');
  const before = admissions.filter(({ undone }) => !undone).length;
  const request = (ticket: string) =>
    [
      `GET /sip?ticket=${ticket} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: sip',
      `Origin: ${origin}`,
      `Cookie: ${headers.cookie}`,
      '',
      '',
    ].join('\r\n');
  const session = await sessionOf(headers);
  for (let round = 0; round < 150; round++) {
    const good = Buffer.from(request(tickets.mint(session).ticket));
    const bytes = Buffer.concat([good, Buffer.from([0x81, 0x84, 1, 2, 3, 4, 0, 0, 0, 0])]);
    for (let n = random.integer(1, 8); n > 0; n--) bytes[random.integer(0, bytes.length)] = random.integer(0, 256);
    const cut = bytes.subarray(0, random.integer(1, bytes.length));
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => void socket.end(random.integer(0, 3) ? bytes : cut));
      socket.on('data', () => undefined);
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      setTimeout(() => socket.destroy(), 40).unref();
    });
  }
  t.equal((await fetch(`${origin}/healthz`)).status, 200);
  await eventually('nobody is left admitted', () => admissions.filter(({ undone }) => !undone).length === before);
});

t.test('half a request is not waited for for ever', async (t) => {
  const began = performance.now();
  t.match(await raw(`GET /sip HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: webso`), /^HTTP\/1.1 408 /);
  t.ok(performance.now() - began < 5000);
});

t.test('a SIP server that is away, silent, or refuses is told as such', async (t) => {
  const headers = await site.signIn('hanako');
  t.teardown(() => {
    target = good;
  });
  const sockets: Socket[] = [];
  const silent = createTcpServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  const refusing = createServer((_request, response) => response.writeHead(200).end('hello'));
  for (const server of [silent, refusing]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    refusing.close();
  });
  const portOf = (server: { address(): unknown }) => (server.address() as { port: number }).port;
  target = { host: '127.0.0.1', port: 1 };
  await t.rejects(opened(await phone(headers)), /status 502/);
  target = { host: '127.0.0.1', port: portOf(silent) };
  await t.rejects(opened(await phone(headers)), /status 504/);
  await eventually('nobody is left admitted', () => admissions.every(({ undone }) => undone));
  target = { host: '127.0.0.1', port: portOf(refusing) };
  await t.rejects(opened(await phone(headers)), /status 502/);
});

t.test('signing out cuts the softphone and undoes its admission', async (t) => {
  const headers = await site.signIn('hanako');
  const socket = await opened(await phone(headers));
  const other = await opened(await phone(await site.signIn('hanako')));
  const ended = closed(socket);
  await site.app.inject({ method: 'DELETE', url: '/api/v1/session', headers });
  await ended;
  await eventually('the admission is undone', () => admissions.at(-2)?.undone);
  t.equal(other.readyState, WebSocket.OPEN, 'another session of the same person goes on');
  other.terminate();
  await eventually('a cut cable undoes it, too', () => admissions.at(-1)?.undone);
});

t.test('the SIP server closing it closes the browser’s side', async (t) => {
  const socket = await opened(await phone(await site.signIn('hanako')));
  const ended = closed(socket);
  connections.at(-1)?.socket.close(1012);
  t.equal(await ended, 1012);
  await eventually('the admission is undone', () => admissions.at(-1)?.undone);
});

t.test('one session has only so many softphones: the oldest makes room', async (t) => {
  const headers = await site.signIn('hanako');
  const [first, second, third] = [
    await opened(await phone(headers)),
    await opened(await phone(headers)),
    await opened(await phone(headers)),
  ];
  await eventually('the first is gone', () => first.readyState === WebSocket.CLOSED);
  t.strictSame([second.readyState, third.readyState], [WebSocket.OPEN, WebSocket.OPEN]);
  second.terminate();
  third.terminate();
});

t.test('a softphone that is not heard from for two registration periods is given up', async (t) => {
  const clock = createFakeClock(Date.now());
  const idle = await testApi(t, { softphone: { ...softphone, tickets: createSoftphoneTickets({ clock }) }, clock });
  const idleUrl = await idle.api.listen();
  const headers = await idle.signIn('hanako');
  const connectTo = { origin: idleUrl, headers };
  const address = async () => `${idleUrl.replace('http', 'ws')}/sip?ticket=${await ticketFor(headers, idle.app)}`;
  const quiet = await opened(new WebSocket(await address(), 'sip', connectTo));
  const busy = await opened(new WebSocket(await address(), 'sip', connectTo));
  const ended = closed(quiet);
  clock.advance(590_000);
  const answer = said(busy);
  busy.send('');
  await answer;
  clock.advance(20_000);
  await ended;
  t.equal(busy.readyState, WebSocket.OPEN);
  busy.terminate();
});

t.test('a flood or a huge message is cut off with a close frame', async (t) => {
  const flood = await opened(await phone(await site.signIn('hanako')));
  const ended = closed(flood);
  for (let n = 0; n < 60; n++) flood.send('x');
  t.equal(await ended, 1008);
  const huge = await opened(await phone(await site.signIn('hanako')));
  const cut = closed(huge);
  huge.send(Buffer.alloc(70_000));
  t.equal(await cut, 1009);
});

t.test('a browser that does not read holds the SIP server back instead of filling memory', async (t) => {
  const socket = await opened(await phone(await site.signIn('hanako')));
  const { socket: far } = connections.at(-1)!;
  socket.pause();
  const before = process.memoryUsage();
  for (let n = 0; n < 400; n++) far.send(Buffer.alloc(100_000));
  await eventually('the far side has to wait', () => far.bufferedAmount > 1_000_000);
  t.comment(
    `${far.bufferedAmount} of 40000000 bytes wait at the SIP server; rss ${before.rss} → ${process.memoryUsage.rss()}`,
  );
  let received = 0;
  const all = new Promise<void>((resolve) =>
    socket.on('message', () => {
      if (++received === 400) resolve();
    }),
  );
  socket.resume();
  await all;
  t.equal(received, 400, 'and nothing is lost');
});
