// SIP over TCP and TLS (RFC 3261 §18.2, §26.2.1): listening and connecting. Framing is protocol/sip/stream-framer.ts; which
// connection is reused is connections.ts.

import { connect as connectTcp, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { createStreamFramer } from '../../../protocol/sip/stream-framer.ts';
import { AppError } from '../../../shared/errors.ts';
import type { Flow } from '../layers.ts';
import type { Destination, ListenAddress, Listener, TransportContext } from './parts.ts';

const pong = Buffer.from('\r\n');

export async function listenStream(spec: ListenAddress, context: TransportContext): Promise<Listener> {
  const { log, handlers, connections, limits, guard } = context;
  const secure = spec.protocol === 'tls';
  if (secure && !spec.tls) throw new AppError('config-invalid', 'SIP over TLS needs a certificate and a key');
  // TCP connections that never finish a TLS handshake count as half-open too.
  const handshakeTimeout = guard ? limits.strangersFirstMessageWithinMs : limits.firstMessageWithinMs;
  const server: Server = secure ? createTlsServer({ ...spec.tls, handshakeTimeout }) : createTcpServer();
  server.maxConnections = limits.maxConnections;
  server.on('drop', () => handlers.count('connection-refused'));
  // Before TLS costs anything.
  server.on('connection', (socket: Socket) => {
    const over = connections.begin(plain(socket.remoteAddress ?? ''));
    if (over) socket.once('close', over);
    else socket.destroy();
  });
  server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
    if (!socket.destroyed && !adopt(socket, spec.protocol, context)) socket.destroy();
  });
  server.on('tlsClientError', (error, socket) => {
    handlers.count('tls-handshake-failed');
    if (socket.remoteAddress) guard?.strike(plain(socket.remoteAddress), 'idle-connection');
    // Node tells of a handshake that takes too long, and leaves the socket open.
    socket.destroy();
    log.debug({ err: error }, 'a TLS handshake failed');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(spec.port, spec.address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => log.warn({ err: error }, 'a listening socket reported an error'));
  const { port } = server.address() as { port: number };
  return {
    port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        connections.closeAll();
      }),
  };
}

/** Opens a connection. Rejects when that fails or takes too long. */
export function connectStream(destination: Destination, context: TransportContext): Promise<Flow> {
  const { protocol, address, port, serverName } = destination;
  const { clock, limits, clientTls } = context;
  return new Promise((resolve, reject) => {
    const secure = protocol === 'tls';
    const socket: Socket = secure
      ? connectTls({ host: address, port, servername: isName(serverName) ? serverName : undefined, ...clientTls })
      : connectTcp({ host: address, port });
    const late = clock.after(limits.connectWithinMs, () => socket.destroy(new Error('connecting took too long')));
    const failed = (error: Error) => {
      late.cancel();
      reject(error);
    };
    socket.once('error', failed);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      late.cancel();
      socket.off('error', failed);
      const flow = adopt(socket, protocol, context, { outbound: true, serverName });
      if (flow) resolve(flow);
      else reject(new Error('the connection closed at once'));
    });
  });
}

/** Makes a connected socket one of ours. */
function adopt(
  socket: Socket,
  protocol: Flow['protocol'],
  context: TransportContext,
  options: { outbound?: boolean; serverName?: string } = {},
): Flow | undefined {
  const { handlers, connections, limits, guard } = context;
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  socket.on('error', () => handlers.count('connection-error'));
  if (remoteAddress === undefined || remotePort === undefined || !localAddress || !localPort) return undefined;
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  const candidate: Flow = {
    protocol,
    address: plain(remoteAddress),
    port: remotePort,
    localAddress: plain(localAddress),
    localPort,
  };
  const wire = {
    write: (bytes: Buffer) => {
      if (socket.destroyed || socket.writableEnded) return false;
      socket.write(bytes);
      return true;
    },
    queuedBytes: () => socket.writableLength,
    end: () => void socket.destroy(),
  };
  const flow = connections.add(candidate, wire, options);
  if (!flow) return undefined;
  const connectionId = flow.connectionId!;
  const framer = createStreamFramer({ maxHeadBytes: limits.maxMessageBytes, maxBodyBytes: limits.maxMessageBytes });
  socket.on('data', (chunk: Buffer) => {
    for (const frame of framer.push(chunk)) {
      connections.touch(connectionId, frame.kind === 'message');
      if (guard && !guard.admitsMessage(flow.address)) return void socket.destroy();
      if (frame.kind === 'message') handlers.message(frame.bytes, flow);
      else if (frame.kind === 'broken') {
        handlers.broken(frame, flow);
        socket.end();
      } else {
        handlers.keepalive(flow);
        if (frame.kind === 'ping') socket.write(pong);
      }
    }
    connections.pending(connectionId, framer.pendingBytes > 0);
  });
  socket.on('close', () => connections.remove(connectionId));
  return flow;
}

/** An IPv4 address on a dual-stack socket, without its IPv6 clothes. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

function isName(name: string | undefined): boolean {
  return name !== undefined && !/^[\d.]+$/.test(name) && !name.includes(':');
}
