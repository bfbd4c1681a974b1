// Pairs of UDP sockets for RTP and RTCP: an even port and the odd one after it (RFC 3550 §11), from a configured range.
// Ports are handed out in rotation, so that late packets of an ended call do not reach the next one.

import { systemRandom } from '../../../../shared/random.ts';
import type { UdpSocket, UdpSockets } from './udp-socket.ts';

export interface PortPair {
  rtp: UdpSocket;
  rtcp: UdpSocket;
}

async function bindPair(sockets: UdpSockets, address: string, port: number): Promise<PortPair | undefined> {
  const rtp = await sockets.open(address, port);
  if (!rtp) return undefined;
  const rtcp = rtp.port % 2 === 0 ? await sockets.open(address, rtp.port + 1) : undefined;
  if (rtcp) return { rtp, rtcp };
  await rtp.close();
  return undefined;
}

export interface UdpPorts {
  /** Undefined when the range is used up. */
  take(): Promise<PortPair | undefined>;
}

export function createUdpPorts(sockets: UdpSockets, address: string, range: { from: number; to: number }): UdpPorts {
  const first = range.from + (range.from % 2);
  const pairs = Math.max(0, Math.floor((range.to - first + 1) / 2));
  let next = pairs > 0 ? systemRandom.integer(0, pairs) : 0;

  return {
    async take() {
      if (range.from === 0) {
        for (let attempt = 0; attempt < 50; attempt++) {
          const pair = await bindPair(sockets, address, 0);
          if (pair) return pair;
        }
        return undefined;
      }
      for (let attempt = 0; attempt < pairs; attempt++) {
        const port = first + 2 * (next++ % pairs);
        const pair = await bindPair(sockets, address, port);
        if (pair) return pair;
      }
      return undefined;
    },
  };
}
