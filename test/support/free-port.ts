// Ports for programs that cannot bind to port 0 and say which they got, such as sipp. Below the range that the system gives
// to whoever binds to port 0 (32768 and up), so that nobody is given one of them between our look and the program's bind.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [lowest, highest] = [10_240, 19_999];
const given = new Set<number>();

async function freePort(bind: (port: number) => Promise<boolean>): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(lowest, highest + 1);
    if (given.has(port) || !(await bind(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no port between ${lowest} and ${highest} is free`);
}

export function freeUdpPort(): Promise<number> {
  return freePort(
    (port) =>
      new Promise((resolve) => {
        const socket = createSocket('udp4');
        socket.once('error', () => socket.close(() => resolve(false)));
        socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
      }),
  );
}

export function freeTcpPort(): Promise<number> {
  return freePort(
    (port) =>
      new Promise((resolve) => {
        const server = createServer();
        server.once('error', () => resolve(false));
        server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
      }),
  );
}
