// Both makers of the media engine's UDP sockets, on loopback: packets and addresses both ways, ports, and what goes wrong.

import { networkInterfaces } from 'node:os';
import t, { type Test } from 'tap';
import { dgramSockets } from '../../src/media/embedded/engine/sockets/dgram-socket.ts';
import { libcSockets } from '../../src/media/embedded/engine/sockets/libc-socket.ts';
import {
  type Remote,
  sameRemote,
  type UdpSocket,
  type UdpSockets,
} from '../../src/media/embedded/engine/sockets/udp-socket.ts';
import { eventually } from '../support/eventually.ts';

interface Arrived {
  text: string;
  from: Remote;
}

async function open(test: Test, sockets: UdpSockets, address: string) {
  const socket = await sockets.open(address, 0);
  if (!socket) throw new Error(`no socket on ${address}`);
  test.teardown(() => socket.close());
  const arrived: Arrived[] = [];
  // The packet's memory is the socket's again afterwards, so it is read here.
  socket.listen((packet, from) => arrived.push({ text: packet.toString('latin1'), from }));
  return { socket, arrived };
}

const send = (socket: UdpSocket, text: string, to: Remote) => socket.send(Buffer.from(text, 'latin1'), to);

const addresses = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));

function suite(name: string, sockets: UdpSockets): void {
  for (const address of ['127.0.0.1', '::1']) {
    const skip = addresses.includes(address) ? false : `this machine has no ${address}`;
    t.test(`${name}: packets go both ways over ${address}, and say from where`, { skip }, async (test) => {
      const [a, b] = [await open(test, sockets, address), await open(test, sockets, address)];
      for (const text of ['one', 'two two', 'three']) send(a.socket, text, a.socket.remote(address, b.socket.port));
      await eventually('they arrive', () => b.arrived.length === 3);
      test.same(b.arrived.map(({ text }) => text).sort(), ['one', 'three', 'two two']);
      const { from } = b.arrived[0]!;
      test.match(from, { address, port: a.socket.port });
      test.ok(sameRemote(from, b.socket.remote(address, a.socket.port)));
      send(b.socket, 'back', from);
      await eventually('the answer arrives', () => a.arrived[0]?.text === 'back');
      test.notOk(sameRemote(from, a.arrived[0]!.from));
    });
  }

  t.test(`${name}: a part of a buffer is sent as that part`, async (test) => {
    const [a, b] = [await open(test, sockets, '127.0.0.1'), await open(test, sockets, '127.0.0.1')];
    a.socket.send(Buffer.from('not this, only this').subarray(10), a.socket.remote('127.0.0.1', b.socket.port));
    await eventually('it arrives', () => b.arrived[0]?.text === 'only this');
  });

  t.test(`${name}: two who send at once are told apart`, async (test) => {
    const [to, a, b] = await Promise.all([0, 1, 2].map(() => open(test, sockets, '127.0.0.1')));
    for (let i = 0; i < 20; i++) {
      for (const each of [a!, b!])
        send(each.socket, String(each.socket.port), each.socket.remote('127.0.0.1', to!.socket.port));
    }
    await eventually('all arrive', () => to!.arrived.length === 40);
    test.ok(to!.arrived.every(({ text, from }) => text === String(from.port)));
  });

  t.test(`${name}: of what comes at once nothing is lost, and it stays in order`, async (test) => {
    const [to, from] = [await open(test, sockets, '127.0.0.1'), await open(test, sockets, '127.0.0.1')];
    const texts = Array.from({ length: 100 }, (_, i) => String(i));
    const remote = from.socket.remote('127.0.0.1', to.socket.port);
    for (const text of texts) send(from.socket, text, remote);
    await eventually('all arrive', () => to.arrived.length === texts.length);
    test.same(
      to.arrived.map(({ text }) => text),
      texts,
    );
  });

  t.test(`${name}: a packet is passed on, in whole and in part, while it is the listener's`, async (test) => {
    const [via, from, to] = await Promise.all([0, 1, 2].map(() => open(test, sockets, '127.0.0.1')));
    const remote = via!.socket.remote('127.0.0.1', to!.socket.port);
    via!.socket.listen((packet) => {
      packet[0] = 0x58;
      via!.socket.send(packet, remote);
      via!.socket.send(packet.subarray(4), remote);
    });
    send(from!.socket, 'one and two', from!.socket.remote('127.0.0.1', via!.socket.port));
    await eventually('both arrive', () => to!.arrived.length === 2);
    test.same(to!.arrived.map(({ text }) => text).sort(), ['Xne and two', 'and two']);
  });

  t.test(`${name}: a port that is taken is not opened, and one that was closed is free`, async (test) => {
    const { socket } = await open(test, sockets, '127.0.0.1');
    test.equal(await sockets.open('127.0.0.1', socket.port), undefined);
    await socket.close();
    const again = await sockets.open('127.0.0.1', socket.port);
    test.equal(again?.port, socket.port);
    await again?.close();
  });

  t.test(`${name}: a socket closed by its own packet hears no more, and the others do`, async (test) => {
    const [closes, goesOn, from] = await Promise.all([0, 1, 2].map(() => open(test, sockets, '127.0.0.1')));
    let heard = 0;
    closes!.socket.listen(() => {
      heard++;
      if (heard === 1) void closes!.socket.close();
    });
    for (let i = 0; i < 5; i++) {
      for (const to of [closes!, goesOn!]) send(from!.socket, 'x', from!.socket.remote('127.0.0.1', to.socket.port));
    }
    await eventually('the other hears all', () => goesOn!.arrived.length === 5);
    test.equal(heard, 1);
    send(closes!.socket, 'from a closed one', from!.socket.remote('127.0.0.1', from!.socket.port));
  });

  t.test(`${name}: an address that is none, or an unreachable one, harms nothing`, async (test) => {
    const [a, b] = [await open(test, sockets, '127.0.0.1'), await open(test, sockets, '127.0.0.1')];
    for (const address of ['not an address', '::1', '127.0.0.1']) send(a.socket, 'x', a.socket.remote(address, 9));
    test.match(a.socket.remote('127.0.0.1', 65536), { address: '127.0.0.1', port: 65536 });
    send(a.socket, 'y', a.socket.remote('127.0.0.1', b.socket.port));
    await eventually('what can be sent is sent', () => b.arrived[0]?.text === 'y');
  });
}

suite('dgram', dgramSockets);
const cheap = libcSockets();
if (typeof cheap !== 'string') suite('libc', cheap);
else t.test('libc', { skip: cheap }, async () => {});

t.test('the C library is reached on the systems it is known for', async (test) => {
  const known = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
  test.equal(typeof cheap, known ? 'object' : 'string');
});
