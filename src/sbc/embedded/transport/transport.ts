// The transport layer (RFC 3261 §18): every listening socket and every connection behind one send() and one handler.
// Carries bytes; knows nothing of transactions. A message goes to a flow: over its connection while that is alive, else
// over a new one where the protocol can connect.

import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { SipGuard } from '../../guard/sip-guard.ts';
import type { Flow } from '../layers.ts';
import { createConnections } from './connections.ts';
import { localAddressFor } from './local-address.ts';
import {
  type ClientTls,
  type DatagramFactory,
  type Destination,
  defaultTransportLimits,
  type ListenAddress,
  type TransportContext,
  type TransportHandlers,
  type TransportLimits,
} from './parts.ts';
import { connectStream, listenStream } from './stream.ts';
import { listenUdp, type UdpEndpoint } from './udp.ts';
import { listenWebSocket } from './websocket.ts';

export type {
  BrokenFrame,
  ClientTls,
  DatagramFactory,
  Destination,
  ListenAddress,
  TlsMaterial,
  TransportLimits,
} from './parts.ts';

export interface TransportOptions {
  listen: readonly ListenAddress[];
  clock: Clock;
  log: Logger;
  handlers: TransportHandlers;
  limits?: Partial<TransportLimits>;
  /** Makes UDP sockets; a test puts a lossy network here. */
  datagrams?: DatagramFactory;
  clientTls?: ClientTls;
  /** Who may speak; without it everybody. */
  guard?: SipGuard;
}

export interface SipTransport {
  readonly listening: readonly Flow[];
  /** False when it cannot be sent at all; `failed` when that shows later. */
  send(bytes: Buffer, flow: Flow, failed?: () => void): boolean;
  /** The flow towards a destination: at once over UDP or an open connection. Rejects when it cannot connect. */
  connect(destination: Destination): Flow | Promise<Flow>;
  /** Closes a connection without a word. */
  end(connectionId: string): void;
  /** The flow of a connection that is alive. */
  flowOf(connectionId: string): Flow | undefined;
  /** Host and port for the Via of a request on this flow. */
  sentBy(flow: Flow): { host: string; port: number };
  close(): Promise<void>;
}

export async function createTransport(options: TransportOptions): Promise<SipTransport> {
  const limits = { ...defaultTransportLimits, ...options.limits };
  const { clock, log, handlers } = options;
  const { guard, clientTls } = options;
  const connections = createConnections({ clock, log, handlers, limits, guard });
  const context: TransportContext = { clock, log, handlers, limits, connections, clientTls, guard };
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
    guard?.asked(address);
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
    end: connections.end,
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
