// SIP over UDP (RFC 3261 §18). One datagram, one message. The receive buffer is asked to be large, since a burst of calls
// that overflows it shows as retransmissions; what the kernel grants (net.core.rmem_max) is logged.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Flow } from '../layers.ts';
import type { DatagramFactory, ListenAddress, TransportContext } from './parts.ts';

export interface UdpEndpoint {
  readonly address: string;
  readonly port: number;
  readonly ipv6: boolean;
  send(bytes: Buffer, port: number, address: string, failed?: () => void): boolean;
  close(): Promise<void>;
}

const wantedReceiveBytes = 4 << 20;
const largestDatagram = 65_507;

/** dgram resolves every destination; ours are addresses already, so there is nothing to wait for. */
function noLookup(
  host: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(null, host, host.includes(':') ? 6 : 4);
}

export async function listenUdp(
  { address, port }: ListenAddress,
  factory: DatagramFactory = createSocket,
  { log, handlers, guard }: TransportContext,
): Promise<UdpEndpoint> {
  const ipv6 = address.includes(':');
  const socket = factory({ type: ipv6 ? 'udp6' : 'udp4', lookup: noLookup, ipv6Only: ipv6 });
  await bind(socket, port, address);
  const bound = socket.address();
  enlarge(socket, log);
  let open = true;
  socket.on('error', (error) => {
    handlers.count('udp-error');
    log.warn({ err: error }, 'a UDP socket reported an error');
  });
  socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
    if (guard && !guard.admitsMessage(from.address)) return;
    const flow: Flow = {
      protocol: 'udp',
      address: from.address,
      port: from.port,
      localAddress: bound.address,
      localPort: bound.port,
    };
    handlers.message(bytes, flow);
  });

  return {
    address: bound.address,
    port: bound.port,
    ipv6,
    send(bytes, toPort, toAddress, failed) {
      if (!open || bytes.length > largestDatagram || toPort < 1 || toPort > 65535) return false;
      socket.send(bytes, toPort, toAddress, failed && ((error) => error && failed()));
      return true;
    },
    close: () =>
      new Promise<void>((resolve) => {
        open = false;
        socket.close(() => resolve());
      }),
  };
}

function bind(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port, address }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

function enlarge(socket: Socket, log: TransportContext['log']): void {
  try {
    socket.setRecvBufferSize(wantedReceiveBytes);
    socket.setSendBufferSize(wantedReceiveBytes);
    log.debug({ receiveBytes: socket.getRecvBufferSize() }, 'UDP receive buffer');
  } catch (error) {
    log.debug({ err: error }, 'the UDP receive buffer keeps its size');
  }
}
