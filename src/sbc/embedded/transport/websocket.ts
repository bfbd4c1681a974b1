// SIP over WebSocket (RFC 7118): one SIP message per WebSocket message, sub-protocol `sip`. Any path. A client cannot be
// connected to; requests to it go over the connection it opened.

import { isUtf8 } from 'node:buffer';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../../shared/errors.ts';
import type { Flow } from '../layers.ts';
import type { ListenAddress, Listener, TransportContext } from './parts.ts';

export async function listenWebSocket(spec: ListenAddress, context: TransportContext): Promise<Listener> {
  const { log, handlers, connections, limits } = context;
  const secure = spec.protocol === 'wss';
  if (secure && !spec.tls)
    throw new AppError('config-invalid', 'SIP over secure WebSocket needs a certificate and a key');
  const http = secure
    ? createHttpsServer({ ...spec.tls, handshakeTimeout: limits.firstMessageWithinMs })
    : createHttpServer();
  http.headersTimeout = limits.firstMessageWithinMs;
  http.maxConnections = limits.maxConnections;
  http.on('request', (_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: () => 'sip',
  });
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!offersSip(request)) return refuse(socket, '400 Bad Request', handlers);
    if (!connections.admits(plain(request.socket.remoteAddress ?? '')))
      return refuse(socket, '503 Service Unavailable', handlers);
    sockets.handleUpgrade(request, socket, head, (opened) => adopt(opened, request, spec.protocol, context));
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(spec.port, spec.address, () => {
      http.off('error', reject);
      resolve();
    });
  });
  http.on('error', (error) => log.warn({ err: error }, 'a listening socket reported an error'));
  const { port } = http.address() as { port: number };
  return {
    port,
    close: () =>
      new Promise<void>((resolve) => {
        connections.closeAll();
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
}

function offersSip(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim().toLowerCase() === 'sip');
}

function refuse(socket: Duplex, status: string, handlers: TransportContext['handlers']): void {
  handlers.count('websocket-refused');
  socket.on('error', () => handlers.count('connection-error'));
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function adopt(
  opened: WebSocket,
  request: IncomingMessage,
  protocol: Flow['protocol'],
  context: TransportContext,
): void {
  const { clock, handlers, connections, limits } = context;
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = request.socket;
  opened.on('error', () => handlers.count('connection-error'));
  const wire = {
    write: (bytes: Buffer) => {
      if (opened.readyState !== opened.OPEN) return false;
      // Text when it is text: browsers hand that to JavaScript without a detour, and RFC 7118 §5 allows both.
      opened.send(bytes, { binary: !isText(bytes) });
      return true;
    },
    queuedBytes: () => opened.bufferedAmount,
    end: () => opened.terminate(),
  };
  const flow = connections.add(
    { protocol, address: plain(remoteAddress), port: remotePort, localAddress: plain(localAddress), localPort },
    wire,
  );
  if (!flow) return opened.terminate();
  const connectionId = flow.connectionId!;

  // A browser behind a home router may vanish without a word; two pings without a pong and it is gone.
  let missed = 0;
  const pinger = clock.every(limits.webSocketPingMs, () => {
    if (missed >= 2) {
      handlers.count('connection-silent');
      return opened.terminate();
    }
    missed++;
    opened.ping();
  });
  opened.on('pong', () => {
    missed = 0;
    connections.touch(connectionId, false);
  });
  opened.on('message', (data: RawData) => {
    missed = 0;
    const bytes = toBuffer(data);
    const keepalive = bytes.length <= 4 && bytes.toString('latin1').trim() === '';
    connections.touch(connectionId, !keepalive);
    if (!keepalive) return handlers.message(bytes, flow);
    handlers.keepalive(flow);
    if (bytes.length === 4) wire.write(Buffer.from('\r\n'));
  });
  opened.on('close', () => {
    pinger.cancel();
    connections.remove(connectionId);
  });
}

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
