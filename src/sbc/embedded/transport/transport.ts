// The transport layer (RFC 3261 §18): every listening socket and every connection behind one send() and one handler.
// Carries bytes; knows nothing of transactions. A message goes to a flow: over its connection while that is alive, else
// over a new one where the protocol can connect.

import type { Frame } from '../../../protocol/sip/stream-framer.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { Flow, TransportProtocol } from '../layers.ts';
import { type Connections, createConnections } from './connections.ts';
import { localAddressFor } from './local-address.ts';
import { connectStream, listenStream } from './stream.ts';
import { type DatagramFactory, listenUdp, type UdpEndpoint } from './udp.ts';
import { listenWebSocket } from './websocket.ts';

export interface TlsMaterial {
  cert: string | Buffer;
  key: string | Buffer;
  /** Authorities to trust instead of the system's. */
  ca?: string | Buffer | (string | Buffer)[];
  requestCert?: boolean;
}

export interface ListenAddress {
  protocol: TransportProtocol;
  address: string;
  /** 0: any free port; `listening` tells which. */
  port: number;
  /** Needed for tls and wss. */
  tls?: TlsMaterial;
  /** What peers are told instead of the bound address: in Via, and in `listening`'s sent-by. */
  external?: { host: string; port?: number };
}

export interface TransportLimits {
  /** Connections open at once, all protocols together. */
  maxConnections: number;
  /** Connections from one address. */
  maxConnectionsPerAddress: number;
  /** A connection that has not brought its first message by then is closed. */
  firstMessageWithinMs: number;
  /** A connection on which nothing came for this long is closed; WebSockets are kept by ping and pong instead. */
  idleAfterMs: number;
  connectWithinMs: number;
  /** Interval of WebSocket pings; two without a pong close the connection. */
  webSocketPingMs: number;
  /** Larger messages are refused. */
  maxMessageBytes: number;
  /** Bytes waiting in one connection's send queue before it counts as stuck and is closed. */
  maxQueuedBytes: number;
}

export const defaultTransportLimits: TransportLimits = {
  maxConnections: 5000,
  maxConnectionsPerAddress: 1000,
  firstMessageWithinMs: 30_000,
  idleAfterMs: 15 * 60_000,
  connectWithinMs: 5000,
  webSocketPingMs: 25_000,
  maxMessageBytes: 65_535,
  maxQueuedBytes: 1 << 20,
};

export type BrokenFrame = Extract<Frame, { kind: 'broken' }>;

export interface TransportHandlers {
  message(bytes: Buffer, flow: Flow): void;
  /** A keep-alive on a stream, or a WebSocket ping-pong frame made of CRLFs. */
  keepalive(flow: Flow): void;
  /** Framing was lost, with what was there; the connection closes after this call. */
  broken(frame: BrokenFrame, flow: Flow): void;
  closed(connectionId: string): void;
  /** A connection was refused, or something else of note to count. */
  count(what: string): void;
}

export interface TransportOptions {
  listen: readonly ListenAddress[];
  clock: Clock;
  log: Logger;
  handlers: TransportHandlers;
  limits?: Partial<TransportLimits>;
  /** Makes UDP sockets; a test puts a lossy network here. */
  datagrams?: DatagramFactory;
  /** For connections that we open. */
  clientTls?: { ca?: string | Buffer | (string | Buffer)[]; rejectUnauthorized?: boolean };
}

export interface Destination {
  protocol: TransportProtocol;
  address: string;
  port: number;
  serverName?: string;
}

export interface SipTransport {
  readonly listening: readonly Flow[];
  /** False when it cannot be sent at all; `failed` when that shows later. */
  send(bytes: Buffer, flow: Flow, failed?: () => void): boolean;
  /** The flow towards a destination: at once over UDP or an open connection. Rejects when it cannot connect. */
  connect(destination: Destination): Flow | Promise<Flow>;
  /** The flow of a connection that is alive. */
  flowOf(connectionId: string): Flow | undefined;
  /** Host and port for the Via of a request on this flow. */
  sentBy(flow: Flow): { host: string; port: number };
  close(): Promise<void>;
}

export interface TransportContext {
  clock: Clock;
  log: Logger;
  handlers: TransportHandlers;
  limits: TransportLimits;
  connections: Connections;
  clientTls: TransportOptions['clientTls'];
}

export async function createTransport(options: TransportOptions): Promise<SipTransport> {
  const limits = { ...defaultTransportLimits, ...options.limits };
  const { clock, log, handlers } = options;
  const connections = createConnections({ clock, log, handlers, limits });
  const context: TransportContext = { clock, log, handlers, limits, connections, clientTls: options.clientTls };
  const udp: UdpEndpoint[] = [];
  const listening: Flow[] = [];
  const external = new Map<string, { host: string; port?: number }>();
  const closers: (() => Promise<void>)[] = [];

  async function listen(spec: ListenAddress): Promise<void> {
    if (spec.protocol === 'udp') {
      const endpoint = await listenUdp(spec, options.datagrams, context);
      udp.push(endpoint);
      remember(spec, endpoint.port);
      closers.push(endpoint.close);
      return;
    }
    const start = spec.protocol === 'ws' || spec.protocol === 'wss' ? listenWebSocket : listenStream;
    const server = await start(spec, context);
    remember(spec, server.port);
    closers.push(server.close);
  }

  function remember({ protocol, address, external: told }: ListenAddress, port: number): void {
    listening.push({ protocol, address: '', port: 0, localAddress: address, localPort: port });
    if (told) external.set(`${protocol}|${port}`, told);
  }

  async function close(): Promise<void> {
    connections.closeAll();
    await Promise.all(closers.map((one) => one()));
  }

  try {
    for (const spec of options.listen) await listen(spec);
  } catch (error) {
    await close();
    throw error;
  }

  function connect(destination: Destination): Flow | Promise<Flow> {
    const { protocol, address, port } = destination;
    if (protocol === 'udp') {
      const endpoint = udp.find((one) => one.ipv6 === address.includes(':'));
      if (!endpoint) throw new Error(`no UDP socket can reach ${address}`);
      const localAddress = localAddressFor(endpoint.address, address);
      return { protocol, address, port, localAddress, localPort: endpoint.port };
    }
    const open = connections.towards(destination);
    if (open) return open;
    if (protocol === 'ws' || protocol === 'wss')
      throw new Error('a WebSocket client cannot be called without its connection');
    return connectStream(destination, context);
  }

  return {
    listening,
    send(bytes, flow, failed) {
      if (flow.connectionId !== undefined) return connections.send(flow.connectionId, bytes);
      if (flow.protocol !== 'udp') return false;
      const ipv6 = flow.address.includes(':');
      const endpoint =
        udp.find((one) => one.port === flow.localPort && one.ipv6 === ipv6 && covers(one.address, flow.localAddress)) ??
        udp.find((one) => one.ipv6 === ipv6);
      return endpoint?.send(bytes, flow.port, flow.address, failed) ?? false;
    },
    connect,
    flowOf: connections.flowOf,
    sentBy(flow) {
      const same = listening.filter(({ protocol }) => protocol === flow.protocol);
      const listener = same.find(({ localPort }) => localPort === flow.localPort) ?? same[0];
      const port = listener?.localPort ?? flow.localPort;
      const told = external.get(`${flow.protocol}|${port}`);
      return { host: told?.host ?? flow.localAddress, port: told?.port ?? port };
    },
    close,
  };
}

function covers(bound: string, local: string): boolean {
  return bound === local || bound === '0.0.0.0' || bound === '::';
}
