// Connections of strangers to the SIP port: floods, half-open ones, TLS handshakes that never end, a header line a second, one byte at a
// time, readers that do not read. Carriers always find room.

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { startGuardedRig } from '../support/attack/guarded-rig.ts';
import { eventually } from '../support/eventually.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { onOwnServer } from '../support/sip/border-rig.ts';

const ourOwn = onOwnServer ? {} : { skip: 'drachtio-server has its own limits' };
t.setTimeout(60_000);
const certificate = makeCertificate();
const limits = { strangersFirstMessageWithinMs: 800, messageWithinMs: 1_500, firstMessageWithinMs: 20_000 };

async function rigWith(t: Test, guard: Record<string, number> = {}) {
  const rig = await startGuardedRig(t, {
    guard,
    server: {
      sip: ['udp/127.0.0.1:0', 'tcp/127.0.0.1:0', 'tls/127.0.0.1:0', 'ws/127.0.0.1:0'],
      tls: { cert: certificate.cert, key: certificate.key },
      layer: { limits },
    },
  });
  const port = (protocol: string) => rig.server.listening.sip.find((flow) => flow.protocol === protocol)!.localPort;
  function open(protocol: 'tcp' | 'tls', from: string): Socket {
    const socket = connect({ host: '127.0.0.1', port: port(protocol), localAddress: from });
    socket.on('error', () => undefined).resume();
    t.teardown(() => socket.destroy());
    return socket;
  }
  return { ...rig, port, open };
}

const connected = (socket: Socket) => eventually('connected', () => socket.readyState === 'open');
const gone = (sockets: Socket[], what = 'they are closed', withinMs = 10_000) =>
  eventually(what, () => sockets.every(({ destroyed }) => destroyed), {
    withinMs,
  });

function request(method: string, more = ''): string {
  return `${method} sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK${Math.random()}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: ${Math.random()}\r\nCSeq: 1 ${method}\r\n${more}Content-Length: 0\r\n\r\n`;
}

/** The carrier, over TCP, is answered. */
async function carrierFindsRoom(rig: Awaited<ReturnType<typeof rigWith>>): Promise<string> {
  const socket = rig.open('tcp', '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk) => (heard += String(chunk)));
  socket.write(request('OPTIONS'));
  await eventually('the carrier is answered', () => heard.includes('\r\n\r\n'));
  return heard.slice(0, 11);
}

for (const protocol of ['tcp', 'tls'] as const)
  t.test(`half-open ${protocol} connections of a stranger are few, and not for long`, ourOwn, async (t) => {
    const rig = await rigWith(t, { strangerConnections: 5, strangersConnections: 8 });
    const sockets = Array.from({ length: 12 }, (_, index) => rig.open(protocol, `127.66.5.${1 + (index % 2)}`));
    await eventually('the surplus is cut', () => sockets.filter(({ destroyed }) => destroyed).length >= 4);
    t.equal(await carrierFindsRoom(rig), 'SIP/2.0 200');
    await gone(sockets);
    const honest = rig.open(protocol, '127.0.0.1');
    await connected(honest);
    await eventually('a stranger has room again', () => {
      const { counters } = rig.server.stats();
      return (counters['connection-silent'] ?? 0) + (counters['tls-handshake-failed'] ?? 0) > 0;
    });
    t.equal(honest.destroyed, false, 'a carrier may be silent for longer');
  });

t.test('a stranger that speaks over TCP or TLS hears nothing: the connection closes', ourOwn, async (t) => {
  const rig = await rigWith(t);
  let heard = '';
  const plain = rig.open('tcp', '127.66.6.1');
  plain.on('data', (chunk) => (heard += String(chunk)));
  plain.write(request('OPTIONS'));
  const secure = connectTls({
    host: '127.0.0.1',
    port: rig.port('tls'),
    ca: certificate.cert,
    servername: 'localhost',
    localAddress: '127.66.6.2',
  } as never);
  secure.on('error', () => undefined);
  secure.on('data', (chunk) => (heard += String(chunk)));
  secure.write(request('INVITE'));
  await gone([plain, secure]);
  t.equal(heard, '');
  t.equal(rig.calls.length, 0);
});

t.test(
  'a message that comes a line, or a byte, at a time is not waited for, be it of a stranger or of a carrier',
  ourOwn,
  async (t) => {
    const rig = await rigWith(t);
    const text = request('OPTIONS', 'X-Filler: 1\r\n'.repeat(200));
    const slow = ['127.66.7.1', '127.0.0.1'].map((from) => rig.open('tcp', from));
    // The carrier has spoken before: only the message in progress is late.
    slow[1]!.write(request('OPTIONS'));
    let at = 0;
    const drip = setInterval(() => {
      for (const socket of slow) if (!socket.destroyed) socket.write(text.slice(at, at + 7));
      at += 7;
    }, 50);
    t.teardown(() => clearInterval(drip));
    await gone(slow, 'both are cut off');
    const { counters } = rig.server.stats();
    t.ok((counters['connection-slow'] ?? 0) + (counters['connection-silent'] ?? 0) >= 2);
  },
);

t.test('garbage, endless headers and an endless body end their connection', ourOwn, async (t) => {
  const rig = await rigWith(t, { strangerConnections: 20 });
  const bombs = [
    '\0'.repeat(200_000),
    `OPTIONS sip:x SIP/2.0\r\n${'X: y\r\n'.repeat(40_000)}`,
    'OPTIONS sip:x SIP/2.0\r\nContent-Length: 9999999999\r\n\r\n',
    'OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  ];
  const sockets = bombs.map((bomb, index) => {
    const socket = rig.open('tcp', `127.66.8.${index + 1}`);
    socket.write(bomb);
    return socket;
  });
  await gone(sockets);
  t.equal(await carrierFindsRoom(rig), 'SIP/2.0 200');
});

t.test('a reader that does not read is cut off before its queue grows without end', ourOwn, async (t) => {
  const rig = await rigWith(t);
  const socket = rig.open('tcp', '127.0.0.1');
  await connected(socket);
  socket.pause();
  // Answers that nobody takes, more than the kernel's buffers and our own queue hold: each 400 says the long Via again.
  const batch = request('OPTIONS', 'Max-Forwards: many\r\n')
    .replace('branch=', `x=${'y'.repeat(2000)};branch=`)
    .repeat(50);
  const pour = setInterval(() => {
    if (socket.writableLength < 1 << 20 && !socket.destroyed) for (let i = 0; i < 20; i++) socket.write(batch);
  }, 5);
  t.teardown(() => clearInterval(pour));
  await eventually('it is cut off', () => (rig.server.stats().counters['connection-stuck'] ?? 0) > 0, {
    withinMs: 20_000,
  });
  t.equal(await carrierFindsRoom(rig), 'SIP/2.0 200');
});
