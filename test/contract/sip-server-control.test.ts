// The control port, byte by byte: what an application may say, and what happens to one that says something else.

import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { createFrameReader, encodeFrame } from '../../src/sbc/embedded/control/framing.ts';
import { eventually } from '../support/eventually.ts';
import { call, secret, startRig } from '../support/sip/drachtio-rig.ts';

interface RawApplication {
  socket: Socket;
  payloads: string[];
  closed: () => boolean;
  say(payload: string): void;
  next(fits: (payload: string) => boolean): Promise<string>;
}

function open(t: Test, port: number): RawApplication {
  const socket = connect(port, '127.0.0.1');
  const reader = createFrameReader();
  const payloads: string[] = [];
  let closed = false;
  socket.on('data', (chunk) => {
    const result = reader.push(chunk);
    if (result.kind === 'frames') payloads.push(...result.payloads);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  t.teardown(() => socket.destroy());
  return {
    socket,
    payloads,
    closed: () => closed,
    say: (payload) => void socket.write(encodeFrame(payload)),
    next: (fits) => eventually('a message of the server', () => payloads.find(fits)),
  };
}

async function authenticated(t: Test, port: number, tags = ''): Promise<RawApplication> {
  const application = open(t, port);
  application.say(`auth|authenticate|${secret}|${tags}`);
  await application.next((payload) => payload.includes('|response|auth|OK|'));
  return application;
}

t.test(
  'the right secret is answered with transports and version, the wrong one with NO and a closed connection',
  async (t) => {
    const rig = await startRig(t);
    const { port } = rig.server.listening.control;
    const good = open(t, port);
    good.say(`1|authenticate|${secret}|`);
    const answer = await good.next((payload) => payload.includes('|response|1|'));
    t.match(answer, /\|response\|1\|OK\|udp\/127\.0\.0\.1:\d+\|v\d+\.\d+\.\d+\S*\|udp\/127\.0\.0\.1:\d+$/);
    const bad = open(t, port);
    bad.say('1|authenticate|guess|');
    t.match(await bad.next(() => true), /\|response\|1\|NO\|incorrect secret$/);
    await eventually('the connection is closed', bad.closed);
  },
);

t.test('who has not authenticated may neither route nor send', async (t) => {
  const rig = await startRig(t);
  for (const payload of ['1|route|invite', '1|sip||\r\nOPTIONS sip:x@127.0.0.1 SIP/2.0\r\n\r\n', '1|ping']) {
    const stranger = open(t, rig.server.listening.control.port);
    stranger.say(payload);
    t.match(await stranger.next(() => true), /\|NO\|authenticate first$/);
    await eventually('the connection is closed', stranger.closed);
  }
  t.equal(rig.server.stats().applications, 0);
});

t.test('ping is answered with pong, an unknown type or a message without its tokens with NO', async (t) => {
  const rig = await startRig(t);
  const { port } = rig.server.listening.control;
  const application = await authenticated(t, port);
  application.say('p|ping');
  t.match(await application.next((payload) => payload.includes('|p|')), /\|response\|p\|OK\|pong$/);
  for (const payload of ['x|dance', 'x|route', 'x|sip', 'x|proxy|1', 'x', '']) {
    const odd = await authenticated(t, port);
    odd.say(payload === '' ? ' ' : payload);
    await eventually(`the connection that said "${payload}" is closed`, odd.closed);
  }
  t.notOk(application.closed(), 'the well-behaved one stays');
});

t.test('frames may be split anywhere and come several at once', async (t) => {
  const rig = await startRig(t);
  const application = await authenticated(t, rig.server.listening.control.port);
  const bytes = Buffer.from(['a', 'b', 'c'].map((id) => encodeFrame(`${id}|ping`)).join(''));
  for (const byte of bytes) application.socket.write(Buffer.from([byte]));
  for (const id of ['a', 'b', 'c']) await application.next((payload) => payload.includes(`|response|${id}|OK|pong`));
  application.socket.write(bytes.toString().replaceAll(/[abc]\|/g, 'z|'));
  await eventually('three answers', () => application.payloads.filter((one) => one.includes('|z|')).length === 3);
});

t.test('a frame whose length is no number closes that connection only', async (t) => {
  const rig = await startRig(t);
  const { port } = rig.server.listening.control;
  const good = await authenticated(t, port);
  for (const garbage of ['abc#hello', '#hello', '123456789012#x', '99999999#x', 'GET / HTTP/1.1\r\n\r\n']) {
    const bad = open(t, port);
    bad.socket.write(garbage);
    await eventually(`"${garbage}" closes`, bad.closed);
  }
  good.say('p|ping');
  await good.next((payload) => payload.includes('|p|OK|pong'));
});

t.test('connections take turns per verb, remove_route removes that verb only, and tags are no route', async (t) => {
  const rig = await startRig(t);
  const { port } = rig.server.listening.control;
  const party = await rig.party();
  const [first, second] = [await authenticated(t, port, 'x'), await authenticated(t, port, 'y')];
  for (const application of [first, second]) {
    application.say('r|route|invite');
    application.say('o|route|options');
    await application.next((payload) => payload.includes('|o|OK'));
  }
  for (let n = 0; n < 4; n += 1) call(party);
  const invites = (application: RawApplication) =>
    application.payloads.filter((one) => one.includes('\r\nINVITE ')).length;
  await eventually('two each', () => invites(first) === 2 && invites(second) === 2);
  first.say('x|remove_route|invite');
  await first.next((payload) => payload.includes('|x|OK'));
  for (let n = 0; n < 2; n += 1) call(party);
  await eventually('both to the second', () => invites(second) === 4);
  t.equal(invites(first), 2);
});

t.test('a request of 40 kB goes out whole', async (t) => {
  const rig = await startRig(t);
  const party = await rig.party();
  const application = await authenticated(t, rig.server.listening.control.port);
  const headers = Array.from({ length: 150 }, (_, n) => `X-Long-${n}: ${'y'.repeat(200)}`).join('\r\n');
  application.say(
    `big|sip||\r\nMESSAGE sip:u@${party.host}:${party.port} SIP/2.0\r\n${headers}\r\ncontent-type: text/plain\r\n\r\n${'z'.repeat(8000)}`,
  );
  const message = await party.nextRequest('MESSAGE');
  t.equal(message.get('X-Long-149'), 'y'.repeat(200));
  t.equal(message.body.length, 8000);
  t.match(await application.next((payload) => payload.includes('|response|big|')), /\|OK\|application\|\d{5}\|udp\|/);
});

t.test('a server that is closed twice is closed', async (t) => {
  const { server } = await startRig(t);
  await Promise.all([server.close(), server.close()]);
  await server.close();
  t.strictSame(server.stats().applications, 0);
});
