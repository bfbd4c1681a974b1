// What the files of this folder share: addresses to listen on, limits, what is told upwards, and what a connection can do.

import type { Socket, SocketOptions } from 'node:dgram';
import type { Frame } from '../../../protocol/sip/stream-framer.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { SipGuard } from '../../guard/sip-guard.ts';
import type { Flow, TransportProtocol } from '../layers.ts';

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
  /** The same for a stranger, TLS handshake included. */
  strangersFirstMessageWithinMs: number;
  /** A message that has begun is whole by then, or its connection is closed: nobody sends a header line a minute. */
  messageWithinMs: number;
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
  strangersFirstMessageWithinMs: 5_000,
  messageWithinMs: 10_000,
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

/** For connections that we open. */
export interface ClientTls {
  ca?: string | Buffer | (string | Buffer)[];
  rejectUnauthorized?: boolean;
}

export interface Destination {
  protocol: TransportProtocol;
  address: string;
  port: number;
  serverName?: string;
}

export type DatagramFactory = (options: SocketOptions) => Socket;

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** One open connection, as its maker offers it. */
export interface Wire {
  /** False when it cannot take more. */
  write(bytes: Buffer): boolean;
  queuedBytes(): number;
  /** Ends it; `closed` must follow through `Connections.remove`. */
  end(): void;
}

export interface Connections {
  /** Undefined when a limit forbids it. The flow's connectionId is filled in. */
  add(flow: Flow, wire: Wire, options?: { outbound?: boolean; serverName?: string }): Flow | undefined;
  /** Whether another one from this address is within the limits; counts when not. */
  admits(address: string): boolean;
  /** A socket that is no connection yet (TLS handshake); undefined when a limit forbids it, else undoes it. */
  begin(address: string): (() => void) | undefined;
  remove(connectionId: string): void;
  /** A message or keep-alive came in. */
  touch(connectionId: string, spoke: boolean): void;
  /** Bytes of a message that has not ended have come (true), or none are left. */
  pending(connectionId: string, unfinished: boolean): void;
  send(connectionId: string, bytes: Buffer): boolean;
  /** Closes it. */
  end(connectionId: string): void;
  flowOf(connectionId: string): Flow | undefined;
  towards(destination: Destination): Flow | undefined;
  closeAll(): void;
  readonly size: number;
}

export interface TransportContext {
  clock: Clock;
  log: Logger;
  handlers: TransportHandlers;
  limits: TransportLimits;
  connections: Connections;
  clientTls: ClientTls | undefined;
  /** Who may speak; without it everybody. */
  guard: SipGuard | undefined;
}
