// A plain TCP relay that keeps every byte each side received: what a browser got from the server, whatever it was for
// (pages, REST, the live feed, SIP over WebSocket), is searched as bytes.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface RecordingProxy {
  readonly port: number;
  /** Everything the server sent to the client, connection by connection. */
  toClient(): Buffer;
  toServer(): Buffer;
  /** Cuts every open connection, as a failing network would. */
  cut(): void;
  /** Open connections stay open and carry nothing more, as when a NAT forgot them or the network is another one. */
  forget(): void;
  close(): Promise<void>;
}

/** With `ca` it speaks TLS to the server, and what it keeps is what was inside. */
export async function createRecordingProxy(target: {
  host: string;
  port: number;
  ca?: string;
}): Promise<RecordingProxy> {
  const streams: { toClient: Buffer[]; toServer: Buffer[] }[] = [];
  const open = new Set<Socket>();
  const forgotten = new Set<Socket>();
  const server = createServer((client) => {
    const stream = { toClient: [] as Buffer[], toServer: [] as Buffer[] };
    streams.push(stream);
    const upstream = target.ca === undefined ? connect(target) : connectTls(target);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        open.delete(socket);
        forgotten.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (forgotten.has(client)) return;
      stream.toServer.push(bytes);
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (forgotten.has(upstream)) return;
      stream.toClient.push(bytes);
      client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const joined = (side: 'toClient' | 'toServer') => Buffer.concat(streams.flatMap((stream) => stream[side]));
  return {
    port: (server.address() as AddressInfo).port,
    toClient: () => joined('toClient'),
    toServer: () => joined('toServer'),
    cut() {
      for (const socket of open) socket.destroy();
    },
    forget() {
      for (const socket of open) forgotten.add(socket);
    },
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
