// The network between the sites of the lab: IP packets come from each site's tun device inside UDP, and go on to the site that has the
// destination address, after what the line does to them. Loss and jitter are drawn from the lab's seed, so one seed is one weather.
// It knows IPv4 and nothing above it.

import { createSocket, type Socket } from 'node:dgram';
import type { Random } from '../../src/shared/random.ts';

/** What a site's line does to packets, each way on its own. */
export interface Line {
  lossPercent: number;
  delayMs: number;
  /** Each packet waits up to this much longer; so packets overtake each other. */
  jitterMs: number;
  /** Nothing passes. */
  cut: boolean;
}

export interface WirePort {
  /** The site's address on the wire. */
  address: string;
  /** Where this end of the site's tunnel listens, and where the site's end is. */
  local: { host: string; port: number };
  remote: { host: string; port: number };
}

export interface Wire {
  attach(port: WirePort): Promise<void>;
  /** Changes a site's line; what is not named stays. */
  line(address: string, change: Partial<Line>): void;
  readonly passed: number;
  readonly dropped: number;
  close(): void;
}

const calm: Line = { lossPercent: 0, delayMs: 0, jitterMs: 0, cut: false };
const destinationOffset = 16;

export function createWire(random: Random): Wire {
  const ports = new Map<string, { socket: Socket; port: WirePort; line: Line }>();
  let passed = 0;
  let dropped = 0;

  function carry(from: string, packet: Buffer): void {
    const to = [...packet.subarray(destinationOffset, destinationOffset + 4)].join('.');
    const source = ports.get(from);
    const target = ports.get(to);
    if (packet[0]! >> 4 !== 4 || !source || !target) return;
    let waitMs = 0;
    for (const { line } of [source, target]) {
      if (line.cut || (line.lossPercent > 0 && random.next() * 100 < line.lossPercent)) {
        dropped++;
        return;
      }
      waitMs += line.delayMs + (line.jitterMs > 0 ? random.next() * line.jitterMs : 0);
    }
    passed++;
    const deliver = () => target.socket.send(packet, target.port.remote.port, target.port.remote.host);
    if (waitMs < 1) deliver();
    else setTimeout(deliver, waitMs).unref();
  }

  return {
    attach(port) {
      const socket = createSocket('udp4');
      ports.set(port.address, { socket, port, line: { ...calm } });
      socket.on('message', (packet) => carry(port.address, packet));
      // The site's end may not be there yet, or any more: what is sent to it is lost, as on any line.
      socket.on('error', () => {});
      return new Promise((resolve) => socket.bind(port.local.port, port.local.host, resolve));
    },
    line(address, change) {
      const found = ports.get(address);
      if (!found) throw new Error(`no site has the address ${address}`);
      Object.assign(found.line, change);
    },
    get passed() {
      return passed;
    },
    get dropped() {
      return dropped;
    },
    close() {
      for (const { socket } of ports.values()) socket.close();
      ports.clear();
    },
  };
}
