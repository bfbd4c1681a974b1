// The port of browsers over real UDP, met by a browser made of our own parts (checks, DTLS, SRTP): who gets in, which way is taken,
// and when sending stops. Chromium meets it in test/contract/media-webrtc-embedded.test.ts.

import { randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import { dgramSockets } from '../../src/media/embedded/engine/sockets/dgram-socket.ts';
import { libcSockets } from '../../src/media/embedded/engine/sockets/libc-socket.ts';
import type { UdpSockets } from '../../src/media/embedded/engine/sockets/udp-socket.ts';
import { BrowserPort } from '../../src/media/embedded/engine/transport/browser-port.ts';
import { createDtlsCertificate } from '../../src/media/embedded/engine/transport/dtls-certificate.ts';
import { DtlsSession } from '../../src/media/embedded/engine/transport/dtls-session.ts';
import type { DtlsSrtpTransport } from '../../src/media/embedded/engine/transport/dtls-srtp-transport.ts';
import { loadOpenssl, type Openssl } from '../../src/media/embedded/engine/transport/openssl.ts';
import { createPacketProtection } from '../../src/media/embedded/engine/transport/packet-protection.ts';
import type { PacketProtection } from '../../src/media/embedded/engine/transport/udp-transport.ts';
import type { LocalIce } from '../../src/media/negotiation.ts';
import { buildRtp } from '../../src/protocol/rtp/packet.ts';
import { nodeSrtpCrypto } from '../../src/protocol/rtp/srtp-crypto.ts';
import { decodeStun, encodeStun } from '../../src/protocol/stun/stun-message.ts';
import { eventually } from '../support/eventually.ts';

const loaded = loadOpenssl();
const skip = typeof loaded === 'string' ? loaded : false;
const openssl = loaded as Openssl;
const cheap = libcSockets();
const rtp = (sequence: number) =>
  buildRtp({ payloadType: 0, sequence, timestamp: 0, ssrc: 5 }, Buffer.from(`${sequence}`));

interface Rig {
  port: BrowserPort;
  transport: DtlsSrtpTransport;
  ours: LocalIce;
  /** What the engine's party got. */
  heard: string[];
  lost: string[];
}

async function startRig(t: Test, sockets: UdpSockets, consentMs?: number): Promise<Rig> {
  const at = { sockets, openssl, srtp: nodeSrtpCrypto, address: '127.0.0.1', port: 0 };
  const port = await BrowserPort.listen({ ...at, ...(consentMs === undefined ? {} : { consentMs }) });
  if (!port) throw new Error('no port');
  const heard: string[] = [];
  const lost: string[] = [];
  const transport = port.open({
    name: 'one',
    ssrc: 1,
    cname: 'one',
    listener: {
      onRtp: (packet) => heard.push(packet.toString('latin1', 12)),
      onRtcp: () => {},
      onConnected: () => {},
    },
    onLost: (because) => lost.push(because),
  });
  t.teardown(async () => {
    await transport.close();
    await port.close();
  });
  return { port, transport, ours: transport.offer(), heard, lost };
}

/** One of a browser's sockets. */
async function openWay(t: Test, { port, ours }: Rig) {
  const socket = await dgramSockets.open('127.0.0.1', 0);
  if (!socket) throw new Error('no socket');
  t.teardown(() => socket.close());
  const to = socket.remote('127.0.0.1', port.port);
  const got: Buffer[] = [];
  socket.listen((packet) => got.push(Buffer.from(packet)));
  return {
    port: socket.port,
    got,
    send: (packet: Buffer) => socket.send(packet, to),
    check(options: { nominate?: boolean; password?: string; fragment?: string } = {}) {
      const { nominate = false, password = ours.password, fragment = ours.usernameFragment } = options;
      const transactionId = randomBytes(12);
      const message = { method: 'binding', class: 'request', transactionId, username: `${fragment}:theirs` } as const;
      const nominates = nominate ? { useCandidate: true as const } : {};
      socket.send(encodeStun({ ...message, ...nominates }, Buffer.from(password)), to);
    },
    answers: () => got.flatMap((each) => decodeStun(each) ?? []),
    media: () => got.filter((each) => (each[0]! & 0xc0) === 0x80),
  };
}

type Way = Awaited<ReturnType<typeof openWay>>;

/** The browser's half of DTLS by this way; `begins` sends its first datagram, and that one once only until it is answered. */
function openDtls(t: Test, { ours }: Rig, way: Way) {
  const certificate = createDtlsCertificate(Date.now());
  const [algorithm = '', value = ''] = ours.fingerprint.split(' ');
  const one = { sdp: answerOf(certificate.fingerprint), protection: undefined as PacketProtection | undefined };
  let begun = false;
  let answered = false;
  const session = new DtlsSession({
    ...{ openssl, certificate, role: 'active', fingerprint: { algorithm, value } },
    send(datagram) {
      if (!begun || answered) way.send(datagram);
      begun = true;
    },
    onKeys: (keys) => {
      one.protection = createPacketProtection(keys, nodeSrtpCrypto);
    },
    onEnd: (because) => t.comment(because),
    onClosed: () => t.comment('closed'),
  });
  t.teardown(() => session.close());
  const read = () => {
    for (const packet of way.got.splice(0))
      if (packet[0]! >= 20 && packet[0]! < 64) {
        answered = true;
        session.receive(packet);
      }
  };
  return Object.assign(one, { begin: () => session.begin(), read });
}

function answerOf(fingerprint: string): string {
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 0',
    'c=IN IP4 0.0.0.0',
  ];
  const theirs = ['a=ice-ufrag:theirs', 'a=ice-pwd:theirpasswordtheirpassword', 'a=setup:active'];
  return [...lines, ...theirs, `a=fingerprint:${fingerprint}`, ''].join('\r\n');
}

/** Both have keys. The browser begins before its SDP answer is here, as happens when the answer goes a longer way. */
async function associate(t: Test, rig: Rig, way: Way): Promise<PacketProtection> {
  const dtls = openDtls(t, rig, way);
  dtls.begin();
  way.check();
  const answers = way.answers().length;
  await eventually('what was sent before has been read', () => way.answers().length > answers);
  rig.transport.setAnswer(dtls.sdp);
  await eventually('both have keys', () => {
    dtls.read();
    return dtls.protection !== undefined && (rig.transport.connected || rig.lost.length > 0);
  });
  return dtls.protection!;
}

for (const [name, sockets] of [
  ['dgram', dgramSockets],
  ['the C library', cheap],
] as const) {
  if (typeof sockets === 'string') continue;

  t.test(`${name}: who has the password is answered, and nobody else gets a byte`, { skip }, async (t) => {
    const rig = await startRig(t, sockets);
    const [browser, stranger] = [await openWay(t, rig), await openWay(t, rig)];
    stranger.check({ password: 'guessed' });
    stranger.check({ fragment: 'nobody' });
    stranger.send(rtp(1));
    stranger.send(Buffer.from([22, 254, 253, ...Array<number>(60).fill(1)]));
    stranger.send(Buffer.alloc(0));
    stranger.send(Buffer.from([0]));
    await eventually('the stranger was met', () => rig.port.strangers + rig.transport.refused >= 5);
    browser.check();
    await eventually('an answer', () => browser.answers().length === 1);
    t.match(browser.answers()[0], { class: 'success', mappedAddress: { address: '127.0.0.1', port: browser.port } });
    t.same(stranger.got, []);
  });

  t.test(`${name}: audio goes both ways, sealed, to the way that was nominated last`, { skip }, async (t) => {
    const rig = await startRig(t, sockets);
    const [first, second, stranger] = [await openWay(t, rig), await openWay(t, rig), await openWay(t, rig)];
    first.check();
    await eventually('an answer', () => first.answers().length === 1);
    const protection = await associate(t, rig, first);
    first.send(protection.protectRtp(rtp(1))!);
    await eventually('it is heard', () => rig.heard.includes('1'));

    const toBrowser = async (way: Way, sequence: number) => {
      rig.transport.sendRtp(rtp(sequence));
      await eventually('it arrives', () => way.media().length > 0);
      const [sealed] = way.media();
      way.got.length = 0;
      t.notMatch(sealed!.toString('latin1'), String(sequence), 'sealed');
      t.equal(protection.unprotectRtp(sealed!)?.toString('latin1', 12), String(sequence));
    };
    await toBrowser(first, 1001);
    second.check();
    await eventually('an answer', () => second.answers().length === 1);
    await toBrowser(first, 1002);
    second.check({ nominate: true });
    await eventually('an answer', () => second.answers().length === 2);
    await toBrowser(second, 1003);
    t.same(first.media(), []);

    // Whoever copies a packet has no way in, and on a way that is known it is a repeat.
    const packet = protection.protectRtp(rtp(2))!;
    stranger.send(packet);
    await eventually('the stranger was met', () => rig.port.strangers > 0);
    second.send(Buffer.from(packet));
    await eventually('it is heard', () => rig.heard.includes('2'));
    first.send(Buffer.from(packet));
    await eventually('the repeat is refused', () => rig.transport.refused > 0);
    t.same(rig.heard, ['1', '2']);
  });

  t.test(`${name}: without checks nothing is sent any more, with them it goes on`, { skip }, async (t) => {
    const rig = await startRig(t, sockets, 2_000);
    const way = await openWay(t, rig);
    way.check();
    await eventually('an answer', () => way.answers().length === 1);
    await associate(t, rig, way);
    await eventually('consent is over', () => rig.lost.length > 0);
    t.match(rig.lost, [/no connectivity check/]);
    t.notOk(rig.transport.connected);
    way.check();
    await eventually('it goes on', () => rig.transport.connected);
  });
}
