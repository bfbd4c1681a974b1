// What an attack of the lab is: how it is told in the table, at which rate it is made, and what it says became of it. Attacks run in a
// process of their own (attacker-program.ts), from addresses of loopback that no trunk has, unless they say otherwise.

import { createSocket, type Socket } from 'node:dgram';

export interface Targets {
  sip: { host: string; port: number };
  /** SIP over TCP; 0 where it is not ours to open. */
  sipTcpPort: number;
  url: string;
  /** Of the call that goes on: where the carrier's RTP goes, where the desk's browser has its audio and by which ICE name. */
  rtpPort: number;
  webrtcPort: number;
  iceName: string;
  /** A number of the company, as dialled. */
  number: string;
  /** The person at the desk of the call that goes on; somebody else who may sign in, for attacks from inside. */
  agentId: string;
  insider: { login: string; password: string };
  /** Somebody on the way between that desk and the server: packets that the desk sent sealed (base64), and where one goes on as its. */
  onPath?: { sealed: string[]; asHomePort: number };
  /** A TURN server that the API names; only in the scene `relay`. */
  turn?: { host: string; port: number };
}

export interface Outcome {
  sent: number;
  /** Anything that came back, in messages. */
  answered: number;
  /** What the attack wanted and got: calls, bindings, sessions, packets heard. Must be 0. */
  gotIn: number;
  note?: string;
}

export interface RunningAttack {
  /** Makes one attack message, or opens one connection. */
  once(): void | Promise<void>;
  stop(): Outcome | Promise<Outcome>;
}

export interface Attack {
  name: string;
  /** In the words of the table. */
  sends: string;
  perSecond: number;
  /** What it needs: a trunk that proves itself by password, or a TURN server by which the desk is heard. */
  scene?: 'gateway' | 'relay';
  start(targets: Targets): RunningAttack | Promise<RunningAttack>;
}

/** An address of loopback that nobody else uses; `of` of them in turn. */
export const strangerAddress = (index: number): string => `127.66.${(index >> 8) & 255}.${index & 255 || 1}`;

/** Datagrams from so many sockets in turn; those that come back and are wanted got in. */
export function flood(
  addresses: number,
  make: (count: number, targets: Targets) => { bytes: Buffer; port: number },
  wanted: (bytes: Buffer) => boolean,
): (targets: Targets) => Promise<RunningAttack> {
  return async (targets) => {
    const sockets = await Promise.all(
      Array.from(
        { length: addresses },
        (_, index) =>
          new Promise<Socket>((resolve) => {
            const socket = createSocket('udp4');
            // The second half sits on the carrier's own host, at ports of its own.
            socket.bind(0, index % 2 === 0 ? strangerAddress(500 + index) : '127.0.0.1', () => resolve(socket));
          }),
      ),
    );
    let [sent, answered, gotIn] = [0, 0, 0];
    for (const socket of sockets)
      socket.on('message', (bytes) => {
        answered++;
        if (wanted(bytes)) gotIn++;
      });
    return {
      once() {
        const { bytes, port } = make(sent, targets);
        sockets[sent % sockets.length]!.send(bytes, port, '127.0.0.1');
        sent++;
      },
      async stop() {
        await new Promise((resolve) => setTimeout(resolve, 300));
        for (const socket of sockets) socket.close();
        return { sent, answered, gotIn };
      },
    };
  };
}
