// Pairs of UDP sockets for RTP and RTCP: an even port and the odd one after it (RFC 3550 §11), from a configured range.
// Ports are handed out in rotation, so that late packets of an ended call do not reach the next one.

import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { systemRandom } from '../../../../shared/random.ts';

export interface PortPair {
  rtp: Socket;
  rtcp: Socket;
  port: number;
}

/** Addresses in SDP are numbers, so nothing is looked up; answering at once keeps a send synchronous. */
const noLookup = (host: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
  done(null, host, isIPv6(host) ? 6 : 4);

const receiveBufferBytes = 512 * 1024;

function bind(address: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup: noLookup as never });
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

async function bindPair(address: string, port: number): Promise<PortPair | undefined> {
  const rtp = await bind(address, port);
  if (!rtp) return undefined;
  const bound = rtp.address().port;
  const rtcp = bound % 2 === 0 ? await bind(address, bound + 1) : undefined;
  if (!rtcp) {
    rtp.close();
    return undefined;
  }
  rtp.setRecvBufferSize(receiveBufferBytes);
  return { rtp, rtcp, port: bound };
}

export interface UdpPorts {
  /** Undefined when the range is used up. */
  take(): Promise<PortPair | undefined>;
}

export function createUdpPorts(address: string, range: { from: number; to: number }): UdpPorts {
  const first = range.from + (range.from % 2);
  const pairs = Math.max(0, Math.floor((range.to - first + 1) / 2));
  let next = pairs > 0 ? systemRandom.integer(0, pairs) : 0;

  return {
    async take() {
      if (range.from === 0) {
        for (let attempt = 0; attempt < 50; attempt++) {
          const pair = await bindPair(address, 0);
          if (pair) return pair;
        }
        return undefined;
      }
      for (let attempt = 0; attempt < pairs; attempt++) {
        const port = first + 2 * (next++ % pairs);
        const pair = await bindPair(address, port);
        if (pair) return pair;
      }
      return undefined;
    },
  };
}
