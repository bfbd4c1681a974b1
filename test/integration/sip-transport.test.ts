// The lower half of our SIP server on every transport, with real sockets: requests, responses, connections, limits.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { WebSocket } from 'ws';
import { makeResponse } from '../../src/protocol/sip/make-response.ts';
import { header } from '../../src/protocol/sip/message.ts';
import { parseMessage } from '../../src/protocol/sip/parse.ts';
import type { Flow, ServerTransaction, TransactionLayer } from '../../src/sbc/embedded/layers.ts';
import { eventually } from '../support/eventually.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { ask, makeRequest, startLayer, targetOf, unaccounted } from '../support/sip/sip-layer.ts';

const tls = makeCertificate();
const protocols = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;
const listen = protocols.map((protocol) => ({ protocol, address: '127.0.0.1', port: 0, tls }));

function answerAll(layer: TransactionLayer): ServerTransaction[] {
  const seen: ServerTransaction[] = [];
  layer.onRequest((transaction) => {
    seen.push(transaction);
    transaction.respond(
      makeResponse(transaction.request, { status: 200, toTag: 'b1', body: transaction.request.body }),
    );
  });
  return seen;
}

function portOf(layer: TransactionLayer, protocol: Flow['protocol']): number {
  return targetOf(layer, protocol).port!;
}

const options = (branch: string, via = 'SIP/2.0/TCP client.invalid') =>
  `OPTIONS sip:x@y SIP/2.0\r\nVia: ${via};branch=z9hG4bK${branch}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\n` +
  `Call-ID: ${branch}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;

async function tcp(
  t: { teardown(close: () => unknown): void },
  layer: TransactionLayer,
): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(portOf(layer, 'tcp'), '127.0.0.1');
  t.teardown(() => socket.destroy());
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  await once(socket, 'connect');
  return { socket, text: () => text };
}

for (const protocol of ['udp', 'tcp', 'tls'] as const) {
  t.test(`a request and its response travel over ${protocol}, and the next one over the same connection`, async (t) => {
    const server = await startLayer(t, { listen });
    const client = await startLayer(t, { listen, clientTls: { ca: tls.cert } });
    const seen = answerAll(server);
    const target = { ...targetOf(server, protocol), serverName: 'localhost' };
    for (const round of [1, 2]) {
      const outcome = await ask(client, makeRequest('MESSAGE', [], `こんにちは ${round}`), target);
      t.equal(outcome.failed, undefined);
      t.equal(outcome.responses[0]?.status, 200);
      t.equal(outcome.responses[0]?.body.toString(), `こんにちは ${round}`);
      t.match(outcome.texts[0], new RegExp(`こんにちは ${round}$`));
      t.match(header(outcome.responses[0]!, 'via'), new RegExp(`^SIP/2.0/${protocol.toUpperCase()} 127\\.0\\.0\\.1:`));
    }
    t.equal(seen[0]?.flow.protocol, protocol);
    t.equal(seen[0]?.flow.connectionId, seen[1]?.flow.connectionId, 'the connection is reused');
    t.match(seen[0]?.text, /;rport=\d+;.*received=127\.0\.0\.1/);
    for (const layer of [server, client]) t.equal(unaccounted(layer.counters), 0);
  });
}

t.test('a certificate that is not trusted stops the request', async (t) => {
  const server = await startLayer(t, { listen });
  const client = await startLayer(t, { listen });
  const outcome = await ask(client, makeRequest('OPTIONS'), { ...targetOf(server, 'tls'), serverName: 'localhost' });
  t.equal(outcome.failed, 'transport');
  const misnamed = await startLayer(t, { listen, clientTls: { ca: tls.cert } });
  const target = { ...targetOf(server, 'tls'), serverName: 'other.example.com' };
  t.equal((await ask(misnamed, makeRequest('OPTIONS'), target)).failed, 'transport', 'nor one for another name');
});

for (const protocol of ['ws', 'wss'] as const) {
  t.test(`a browser calls and is called over ${protocol}`, async (t) => {
    const server = await startLayer(t, { listen });
    const seen = answerAll(server);
    const closed: string[] = [];
    server.onConnectionClosed((id) => closed.push(id));
    const url = `${protocol}://127.0.0.1:${portOf(server, protocol)}/any/path`;
    const browser = new WebSocket(url, 'sip', { rejectUnauthorized: false });
    t.teardown(() => browser.terminate());
    const texts: string[] = [];
    browser.on('message', (data, binary) => texts.push(`${binary ? 'binary' : 'text'} ${String(data)}`));
    await once(browser, 'open');
    t.equal(browser.protocol, 'sip');
    browser.send(options('1', `SIP/2.0/${protocol.toUpperCase()} abc.invalid`));
    await eventually('the answer comes back', () => texts.length === 1);
    t.match(
      texts[0],
      /^text SIP\/2\.0 200 OK\r\nVia: SIP\/2\.0\/WSS? abc\.invalid;branch=z9hG4bK1;received=127\.0\.0\.1\r\n/,
    );

    const { connectionId } = seen[0]!.flow;
    const asked = ask(server, makeRequest('OPTIONS'), { host: 'abc.invalid', connectionId });
    await eventually('the browser is asked', () => texts.length === 2);
    const request = parseMessage(Buffer.from(texts[1]!.slice(5)));
    if (request.kind !== 'message' || request.message.kind !== 'request') throw new Error('not a request');
    t.match(request.via, { transport: protocol.toUpperCase(), host: '127.0.0.1' });
    const { serialize } = await import('../../src/protocol/sip/serialize.ts');
    browser.send(serialize(makeResponse(request.message, { status: 200, toTag: 'w' })));
    t.equal((await asked).responses[0]?.status, 200);

    browser.send('\r\n\r\n');
    await eventually('a ping gets its pong', () => texts[2] === 'text \r\n');
    const pending = ask(server, makeRequest('MESSAGE'), { host: 'abc.invalid', connectionId });
    await eventually('it is asked once more', () => texts.length === 4);
    browser.close();
    await eventually('the end is told', () => closed[0] === connectionId);
    t.equal((await pending).failed, 'transport', 'nobody waits for an answer that cannot come');
    const late = await ask(server, makeRequest('OPTIONS'), { protocol, host: '127.0.0.1', port: 9, connectionId });
    t.equal(late.failed, 'transport', 'a browser that is gone cannot be called');
    t.equal(unaccounted(server.counters), 0);
  });
}

t.test('a WebSocket without the sip sub-protocol, and plain HTTP, are turned away', async (t) => {
  const server = await startLayer(t, { listen });
  const port = portOf(server, 'ws');
  const wrong = new WebSocket(`ws://127.0.0.1:${port}/`, 'chat');
  const [error] = (await once(wrong, 'error')) as [Error];
  t.match(error.message, '400');
  t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 426);
  t.equal(server.counters['websocket-refused'], 1);
});

t.test('responses go to the source port with rport, and to the sent-by port without (RFC 3581)', async (t) => {
  const server = await startLayer(t);
  answerAll(server);
  const [asker, named] = [createSocket('udp4'), createSocket('udp4')];
  t.teardown(() => asker.close());
  t.teardown(() => named.close());
  await Promise.all([asker, named].map((socket) => new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))));
  const port = portOf(server, 'udp');
  asker.send(options('r1', 'SIP/2.0/UDP 10.9.9.9:4444;rport'), port, '127.0.0.1');
  const [behindNat] = (await once(asker, 'message')) as [Buffer];
  t.match(
    behindNat.toString(),
    `Via: SIP/2.0/UDP 10.9.9.9:4444;rport=${asker.address().port};branch=z9hG4bKr1;received=127.0.0.1\r\n`,
  );
  asker.send(options('r2', `SIP/2.0/UDP 10.9.9.9:${named.address().port}`), port, '127.0.0.1');
  const [old] = (await once(named, 'message')) as [Buffer];
  t.match(old.toString(), 'branch=z9hG4bKr2;received=127.0.0.1\r\n');
});

t.test('a stream may be cut anywhere, and pings are answered', async (t) => {
  const server = await startLayer(t, { listen });
  const seen = answerAll(server);
  const { socket, text } = await tcp(t, server);
  socket.setNoDelay(true);
  const bytes = `\r\n\r\n${options('s1')}${options('s2')}`;
  for (let at = 0; at < bytes.length; at += 37) {
    socket.write(bytes.slice(at, at + 37));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually('both are answered', () => text().split('SIP/2.0 200 OK').length === 3);
  t.ok(text().startsWith('\r\nSIP/2.0 200 OK'), 'the pong comes first');
  t.equal(seen.length, 2);
  t.equal(unaccounted(server.counters), 0);
});

t.test('a stream whose framing is lost gets its 400 and is closed', async (t) => {
  const server = await startLayer(t, { listen });
  answerAll(server);
  const { socket, text } = await tcp(t, server);
  socket.write(options('s3').replace('Content-Length: 0', 'Content-Length: -5'));
  await once(socket, 'close');
  t.match(text(), /^SIP\/2\.0 400 Bad Request - Content-Length is not one number\r\n/);
  t.equal(server.counters['answered-400'], 1);
  t.equal(unaccounted(server.counters), 0);
});

t.test('a body over the limit gets 513 and the connection closes', async (t) => {
  const server = await startLayer(t, { listen, limits: { maxMessageBytes: 5000 } });
  answerAll(server);
  const { socket, text } = await tcp(t, server);
  socket.write(options('big').replace('Content-Length: 0', 'Content-Length: 5001'));
  await once(socket, 'close');
  t.match(text(), /^SIP\/2\.0 513 Message Too Large\r\n/);
  t.equal(unaccounted(server.counters), 0);
});

t.test('connections that never speak, and too many of them, are closed', async (t) => {
  const clock = createFakeClock();
  const server = await startLayer(t, {
    listen,
    clock,
    limits: { maxConnectionsPerAddress: 2, firstMessageWithinMs: 10_000 },
  });
  answerAll(server);
  const talker = await tcp(t, server);
  talker.socket.write(options('t1'));
  await eventually('it is answered', () => talker.text() !== '');
  const silent = await tcp(t, server);
  const third = await tcp(t, server);
  await once(third.socket, 'close');
  t.equal(server.counters['connection-refused'], 1);
  clock.advance(20_000);
  await once(silent.socket, 'close');
  t.equal(server.counters['connection-silent'], 1);
  t.notOk(talker.socket.destroyed, 'one that has spoken stays');
  clock.advance(20 * 60_000);
  await once(talker.socket, 'close');
  t.equal(server.counters['connection-idle'], 1);
});

t.test('a response whose connection is gone is told as a failed transport', async (t) => {
  const server = await startLayer(t, { listen });
  const pending: ServerTransaction[] = [];
  server.onRequest((transaction) => pending.push(transaction));
  const { socket } = await tcp(t, server);
  socket.write(options('g1', 'SIP/2.0/TCP 127.0.0.1:1'));
  await eventually('it arrives', () => pending.length === 1);
  socket.destroy();
  await new Promise<void>((resolve) => server.onConnectionClosed(() => resolve()));
  const ended = new Promise((resolve) => pending[0]!.onEnd(resolve));
  pending[0]!.respond(makeResponse(pending[0]!.request, { status: 200 }));
  t.equal(await ended, 'transport');
});

t.test('an address that is taken is a rejection that leaves nothing open', async (t) => {
  const first = await startLayer(t, { listen });
  const taken = { protocol: 'tcp' as const, address: '127.0.0.1', port: portOf(first, 'tcp') };
  await t.rejects(startLayer(t, { listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }, taken] }), {
    code: 'EADDRINUSE',
  });
});
