// Injection into the media of a call, from outside: other hosts, other ports, right and wrong sources, before the first packet, plain into
// sealed, replayed and forged; STUN and DTLS floods at the browsers' port. What gets in is what `packetsReceived` counts: nothing.

import { createSocket } from 'node:dgram';
import t, { type Test } from 'tap';
import { newId } from '../../src/shared/ids.ts';
import { openPath, variantOf } from '../support/attack/on-path.ts';
import { openRawRtp, portOf, type RawRtp } from '../support/attack/raw-rtp.ts';
import { clientHello, forgedBinding } from '../support/attack/webrtc-forgeries.ts';
import { eventually } from '../support/eventually.ts';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';
import { createRobotMedia, endRobotMedia } from '../support/media/robot-media.ts';

t.setTimeout(60_000);
const media = await openEmbeddedMedia({ mediaTimeoutMs: 60_000 });
t.teardown(() => media.close());
t.teardown(endRobotMedia);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function call(t: Test, sdpOffer: string) {
  const made = await media.createEndpoint({ callId: newId('call'), sdpOffer });
  if (made.kind !== 'created') throw new Error(made.because);
  t.teardown(() => made.endpoint.close());
  const port = portOf(made.endpoint.localSdp);
  const { endpoint } = made;
  return { endpoint, port, arrived: async () => (await endpoint.stats()).packetsReceived };
}

/** Paced a little, so that none is lost on the way. */
async function pour(
  party: RawRtp,
  port: number,
  count: number,
  packet: () => Buffer = () => party.next(),
): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    party.send(packet(), port);
    if (sent % 10 === 9) await pause(5);
  }
  await pause(50);
}

t.test('before the first packet nobody takes the place of the host that the SDP names', async (t) => {
  const [honest, attacker] = [await openRawRtp(t), await openRawRtp(t, '127.66.9.1')];
  const { port, arrived } = await call(t, honest.sdp());
  await pour(attacker, port, 40);
  t.equal(await arrived(), 0);
  await eventually('our audio goes where the SDP says', () => honest.received.length > 5);
  t.equal(attacker.received.length, 0);
  await pour(honest, port, 20);
  t.equal(await arrived(), 20);
});

t.test(
  'in a running call no other host and no other port gets a packet in, be its source and order right',
  async (t) => {
    const [honest, elsewhere, beside] = [await openRawRtp(t), await openRawRtp(t, '127.66.9.2'), await openRawRtp(t)];
    const { port, arrived } = await call(t, honest.sdp());
    await pour(honest, port, 10);
    const before = await arrived();
    for (const attacker of [elsewhere, beside]) {
      await pour(attacker, port, 50);
      // The very packets of the honest far end: its source, its sequence.
      await pour(attacker, port, 50, () => honest.next());
    }
    t.equal(await arrived(), before);
    const [heardHere, heardThere] = [elsewhere.received.length, beside.received.length];
    t.same([heardHere, heardThere], [0, 0], 'and none of our audio is turned aside');
  },
);

t.test('RTCP BYE and forged reports of others end nothing and change no figure', async (t) => {
  const [honest, attacker] = [await openRawRtp(t), await openRawRtp(t, '127.66.9.3')];
  const { endpoint, port, arrived } = await call(t, honest.sdp());
  let ended = false;
  endpoint.on('ended', () => {
    ended = true;
  });
  await pour(honest, port, 10);
  const bye = Buffer.from('81cb000100000000', 'hex');
  honest.next().copy(bye, 4, 8, 12);
  const report = Buffer.concat([Buffer.from('81c90007', 'hex'), honest.next().subarray(8, 12), Buffer.alloc(24, 0xff)]);
  for (const to of [port, port + 1]) {
    for (const party of [attacker, honest]) await pour(party, to, 5, () => Buffer.concat([report, bye]));
  }
  await pour(honest, port, 10);
  t.equal(await arrived(), 20);
  t.equal(ended, false, 'a call ends by SIP; RTCP BYE does not end one');
});

t.test(
  'a far end behind a translator is believed after some packets in order, and nobody who only guesses',
  async (t) => {
    const [honest, guesser] = [await openRawRtp(t, '127.66.9.4'), await openRawRtp(t, '127.66.9.5')];
    const { port, arrived } = await call(t, honest.sdp({ host: '10.1.2.3' }));
    await pour(guesser, port, 30, () => Buffer.concat([guesser.next({ ssrc: Math.floor(Math.random() * 2 ** 32) })]));
    t.equal(await arrived(), 0);
    await pour(honest, port, 20);
    t.equal(await arrived(), 16, 'the first four are its probation');
    await eventually('and our audio goes there', () => honest.received.length > 0);
    await pour(guesser, port, 30);
    t.equal(await arrived(), 16);
  },
);

t.test(
  'a carrier that sends from another host is believed when the named one is silent, which may come back',
  async (t) => {
    const [named, other] = [await openRawRtp(t), await openRawRtp(t, '127.66.9.6')];
    const { port, arrived } = await call(t, named.sdp());
    await pour(other, port, 20);
    t.equal(await arrived(), 0);
    await pause(1100);
    await pour(other, port, 20);
    t.equal(await arrived(), 16);
    await pour(named, port, 10);
    t.equal(await arrived(), 26);
    await pour(other, port, 10);
    t.equal(await arrived(), 26);
  },
);

t.test('what is plain, forged, changed or replayed does not get into SRTP', async (t) => {
  const [honest, attacker] = [await openRawRtp(t), await openRawRtp(t, '127.66.9.7')];
  const { port, arrived } = await call(t, honest.sdp({ srtp: true }));
  const sealed = Array.from({ length: 150 }, () => honest.next({ sealed: true }));
  // Before the first packet, too.
  await pour(attacker, port, 20);
  await pour(attacker, port, 20, () => attacker.next({ sealed: true }).fill(1, 20, 30));
  t.equal(await arrived(), 0);
  for (const packet of sealed) honest.send(packet, port);
  await eventually('all have arrived', async () => (await arrived()) === sealed.length);
  for (const party of [honest, attacker]) {
    let at = 0;
    // Replayed: those within the window of RFC 3711 §3.3.2 and those before it.
    await pour(party, port, sealed.length, () => sealed[at++]!);
    await pour(party, port, 20, () => party.next());
    await pour(party, port, 20, () => {
      const changed = Buffer.from(honest.next({ sealed: true }));
      changed[40]! ^= 1;
      return changed;
    });
  }
  t.equal(await arrived(), sealed.length);
  t.equal(attacker.received.length, 0);
});

t.test(
  'what was sealed before the sequence began anew is not taken after it, nor is what claims to be later',
  async (t) => {
    const honest = await openRawRtp(t);
    const { port, arrived } = await call(t, honest.sdp({ srtp: true }));
    honest.skipTo(65_400);
    const before = Array.from({ length: 100 }, () => honest.next({ sealed: true }));
    for (const packet of before) honest.send(packet, port);
    await eventually('those before have arrived', async () => (await arrived()) === before.length);
    const after = Array.from({ length: 200 }, () => honest.next({ sealed: true }));
    for (const packet of after) honest.send(packet, port);
    const all = before.length + after.length;
    await eventually('and those on both sides of it', async () => (await arrived()) === all);
    const moved = (packet: Buffer, by: number) => {
      const other = Buffer.from(packet);
      other.writeUInt16BE((packet.readUInt16BE(2) + by) & 0xffff, 2);
      return other;
    };
    for (const by of [0, 1000, 0x7fff, 0x8000, 0xff00]) {
      let at = 0;
      await pour(honest, port, all, () => moved([...before, ...after][at++]!, by));
    }
    t.equal(await arrived(), all, 'no rollover counter fits');
    await pour(honest, port, 20, () => honest.next({ sealed: true }));
    t.equal(await arrived(), all + 20, 'and the true one is still known');
  },
);

t.test('reports that are replayed or forged change no figure of a sealed call', async (t) => {
  const [honest, attacker] = [await openRawRtp(t), await openRawRtp(t, '127.66.9.9')];
  const { endpoint, port } = await call(t, honest.sdp({ srtp: true }));
  await pour(honest, port, 20, () => honest.next({ sealed: true }));
  await eventually('our audio arrives', () => honest.received.length > 0);
  const roundTripMs = async () => (await endpoint.stats()).roundTripMs ?? 0;
  const report = honest.report({ roundTripMs: 5_000 });
  honest.send(report, port + 1);
  await eventually('the far end’s report is believed', async () => (await roundTripMs()) >= 5_000);
  const told = await roundTripMs();
  const changed = (at: number) => {
    const other = Buffer.from(report);
    other[at]! ^= 0x15;
    return other;
  };
  await pause(50);
  for (const party of [honest, attacker])
    for (const to of [port, port + 1])
      for (const packet of [
        // Were it taken again, the way would be longer by now.
        report,
        changed(20),
        // Another index, as though it were new (RFC 3711 §3.4).
        changed(report.length - 11),
        honest.report({ roundTripMs: 15_000, plain: true }),
      ])
        await pour(party, to, 3, () => packet);
  t.equal(await roundTripMs(), told);
  honest.send(honest.report({ roundTripMs: 10_000 }), port + 1);
  await eventually('the next of its own is', async () => (await roundTripMs()) >= 10_000);
});

t.test(
  'on the way between a home and the server: what was heard once is not heard again, nor what is made of it',
  async (t) => {
    const path = await openPath(t);
    const made = await media.createEndpoint({ callId: newId('call'), profile: 'webrtc' });
    if (made.kind !== 'created') throw new Error(made.because);
    const { endpoint } = made;
    t.teardown(() => endpoint.close());
    const robot = createRobotMedia(440);
    t.teardown(() => robot.close());
    const connected = new Promise((resolve) => endpoint.once('connected', resolve));
    await endpoint.acceptAnswer(path.back(await robot.answer(path.through(endpoint.localSdp))));
    await connected;
    const arrived = async () => (await endpoint.stats()).packetsReceived;
    await eventually('the home is heard', async () => (await arrived()) > 20);
    const pastIs = path.keep();
    await eventually('some is kept', async () => (await arrived()) > 100);
    const past = pastIs();
    const withheldIs = path.keep({ passOn: false });
    const attacker = createSocket('udp4');
    await new Promise<void>((resolve) => attacker.bind(0, '127.0.0.1', resolve));
    t.teardown(() => attacker.close());
    await pause(500);
    robot.silence();
    // Its own threads send what they have; nothing of it may pass once the way is open again.
    await pause(1000);
    const withheld = withheldIs().filter((packet) => packet[1]! < 192 || packet[1]! > 223);
    t.ok(past.length > 20 && withheld.length > 5, `${past.length} kept, ${withheld.length} withheld`);
    const before = await arrived();
    const asHome = async (packets: readonly Buffer[]) => {
      for (const packet of packets) {
        attacker.send(packet, path.asHomePort, '127.0.0.1');
        await pause(1);
      }
      await pause(100);
    };
    await asHome(withheld);
    t.equal(await arrived(), before + withheld.length, 'what comes late for the first time is taken: the way works');
    await asHome([...past, ...withheld]);
    await asHome(Array.from({ length: 5 * past.length }, (_, count) => variantOf(past, count)));
    t.equal(await arrived(), before + withheld.length);
    t.ok(robot.open, 'and the call goes on');
  },
);

t.test(
  'floods of STUN, forged bindings and ClientHellos at the browsers’ port get no answer, and a call does not notice',
  async (t) => {
    const made = await media.createEndpoint({ callId: newId('call'), profile: 'webrtc' });
    if (made.kind !== 'created') throw new Error(made.because);
    const { endpoint } = made;
    t.teardown(() => endpoint.close());
    const robot = createRobotMedia(440);
    t.teardown(() => robot.close());
    const connected = new Promise((resolve) => endpoint.once('connected', resolve));
    await endpoint.acceptAnswer(await robot.answer(endpoint.localSdp));
    await connected;
    await endpoint.play({ kind: 'tone', frequencyHz: 660 });
    await eventually('the desk hears', () => robot.hears().includes(660));
    const port = Number(/a=candidate:.* (\d+) typ host/.exec(endpoint.localSdp)?.[1]);
    const ufrag = /a=ice-ufrag:(\S+)/.exec(endpoint.localSdp)![1]!;
    const attacker = createSocket('udp4');
    await new Promise<void>((resolve) => attacker.bind(0, '127.66.9.8', resolve));
    t.teardown(() => attacker.close());
    let successes = 0;
    let answers = 0;
    attacker.on('message', (bytes) => {
      answers += bytes.length;
      if (bytes.readUInt16BE(0) === 0x0101) successes++;
    });
    let sent = 0;
    const before = { at: performance.now(), gaps: robot.gapsMs.length, received: robot.packetsReceived() };
    for (let round = 0; round < 200; round++) {
      for (const bytes of [
        forgedBinding(`nobody:${round}`, 'wrong'),
        // Knows the name that the SDP shows, not its password.
        forgedBinding(`${ufrag}:evil`, 'wrong'),
        clientHello(),
        Buffer.alloc(1200, round),
      ]) {
        attacker.send(bytes, port, '127.0.0.1');
        sent += bytes.length;
      }
      if (round % 20 === 19) await pause(10);
    }
    await pause(500);
    t.equal(successes, 0, 'no forged binding succeeds');
    t.ok(answers < sent / 4, `${answers} bytes for ${sent}: nobody is flooded through us`);
    const ms = performance.now() - before.at;
    const received = robot.packetsReceived() - before.received;
    t.ok(received > (ms / 20) * 0.9, `${received} packets in ${ms.toFixed(0)} ms`);
    t.same(robot.hears(), [660]);
    t.equal((await endpoint.stats()).packetsLost, 0);
  },
);
