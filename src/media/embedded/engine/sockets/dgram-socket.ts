// UDP sockets of Node.

import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type PacketListener, type Remote, receiveBufferBytes, type UdpSocket, type UdpSockets } from './udp-socket.ts';

/** Addresses in SDP are numbers, so nothing is looked up; answering at once keeps a send synchronous. */
const noLookup = (host: string, family: number, done: (error: null, address: string, family: number) => void) =>
  done(null, host, family);

class DgramSocket implements UdpSocket {
  readonly port: number;
  private readonly socket: Socket;
  private closing: Promise<void> | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.port = socket.address().port;
    socket.setRecvBufferSize(receiveBufferBytes);
    // Errors of a send (unreachable network) show as missing packets in the statistics; a socket stays usable.
    socket.on('error', () => {});
  }

  listen(onPacket: PacketListener): void {
    this.socket.on('message', onPacket);
  }

  remote(address: string, port: number): Remote {
    return { address, port };
  }

  send(packet: Buffer, to: Remote): void {
    // A copy: Node reads it later.
    if (!this.closing) this.socket.send(Buffer.from(packet), to.port, to.address);
  }

  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => this.socket.close(() => resolve()));
    return this.closing;
  }
}

export const dgramSockets: UdpSockets = {
  open(address, port) {
    return new Promise((resolve) => {
      const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup: noLookup as never });
      socket.once('error', () => {
        socket.close();
        resolve(undefined);
      });
      socket.bind({ address, port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        resolve(new DgramSocket(socket));
      });
    });
  },
};
