// A UDP way that loses audio: what is sent to its port goes on to another, and answers come back, but of the audio of a TURN server's
// clients (ChannelData, RFC 8656 §12.4, of the size of 20 ms of G.711) every so many packets are lost, in each direction by itself.
// STUN and DTLS pass, so that a line comes up and is bad, as bad lines are.

import { createSocket, type Socket } from 'node:dgram';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface LossyUdp {
  readonly port: number;
  /** 0: nothing is lost. May be changed at any time. */
  lossEvery: number;
  /** Lost so far, both ways. */
  readonly lost: number;
}

const isChannelData = (packet: Buffer): boolean => (packet[0] ?? 0) >> 6 === 1;
const isAudio = (packet: Buffer): boolean => isChannelData(packet) && packet.length > 170 && packet.length < 240;

export async function createLossyUdp(t: Teardown, target: { host: string; port: number }): Promise<LossyUdp> {
  const entrance = createSocket('udp4');
  const exits = new Map<string, Socket>();
  const way = { port: 0, lossEvery: 0, lost: 0 };

  function passes(counter: { audio: number }, packet: Buffer): boolean {
    if (way.lossEvery === 0 || !isAudio(packet)) return true;
    counter.audio++;
    if (counter.audio % way.lossEvery !== 0) return true;
    way.lost++;
    return false;
  }

  entrance.on('message', (packet, from) => {
    const key = `${from.address}:${from.port}`;
    let exit = exits.get(key);
    if (!exit) {
      exit = createSocket('udp4');
      exits.set(key, exit);
      const back = { audio: 0 };
      exit.on('message', (answer) => passes(back, answer) && entrance.send(answer, from.port, from.address));
      const there = { audio: 0 };
      counters.set(exit, there);
    }
    if (passes(counters.get(exit)!, packet)) exit.send(packet, target.port, target.host);
  });
  const counters = new Map<Socket, { audio: number }>();
  await new Promise<void>((resolve) => entrance.bind(0, '127.0.0.1', resolve));
  way.port = entrance.address().port;
  t.teardown(() => {
    entrance.close();
    for (const exit of exits.values()) exit.close();
  });
  return way;
}
