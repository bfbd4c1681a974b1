// The transaction layer (RFC 3261 §17), put together: transports below, what arrives in incoming.ts, requests in client.ts, and
// one owner for all timers. Nothing that arrives throws. Dialogs, applications and the content of responses are above (control/).

import { isIP } from 'node:net';
import type { SipRequest, SipResponse } from '../../../protocol/sip/message.ts';
import { serialize } from '../../../protocol/sip/serialize.ts';
import { newBranch } from '../../../protocol/sip/tokens.ts';
import { defaultSipTimers, type SipTimers } from '../../../protocol/sip/transaction/timers.ts';
import type { Clock } from '../../../shared/clock.ts';
import { asError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { Random } from '../../../shared/random.ts';
import type { SipGuard } from '../../guard/sip-guard.ts';
import { createResolver, type Dns } from '../dns.ts';
import type { Flow, Target, TransactionLayer } from '../layers.ts';
import {
  createTransport,
  type DatagramFactory,
  type ListenAddress,
  type TransportLimits,
  type TransportOptions,
} from '../transport/transport.ts';
import { ClientRequest, withVia } from './client.ts';
import type { LayerContext } from './context.ts';
import { createCounters } from './counters.ts';
import { createDeadlines } from './deadlines.ts';
import { createIncoming, type Incoming, type UserHandlers } from './incoming.ts';

export interface TransactionLayerOptions {
  clock: Clock;
  log: Logger;
  random: Random;
  listen: readonly ListenAddress[];
  timers?: Partial<SipTimers>;
  limits?: Partial<TransportLimits>;
  /** Server transactions alive at once, finished ones that absorb retransmissions included; above it new requests get 503. */
  maxServerTransactions?: number;
  /** Seconds in the Retry-After of that 503. */
  retryAfterSeconds?: number;
  datagrams?: DatagramFactory;
  dns?: Dns;
  clientTls?: TransportOptions['clientTls'];
  /** Who may speak; without it everybody. */
  guard?: SipGuard;
}

export async function createTransactionLayer(options: TransactionLayerOptions): Promise<TransactionLayer> {
  const { clock, log, random } = options;
  const counters = createCounters();
  const handlers: UserHandlers = {};
  /** Set once every socket is bound. */
  let incoming: Incoming | undefined;

  function guard(run: () => void): boolean {
    try {
      run();
      return true;
    } catch (thrown) {
      counters.count('fault');
      log.error({ err: asError(thrown) }, 'handling a SIP message failed');
      return false;
    }
  }

  /** The first socket is bound before the last; whoever speaks in between will say it again. */
  function tooEarly(): void {
    counters.received();
    counters.outcome('dropped-too-early');
  }

  const transport = await createTransport({
    listen: options.listen,
    clock,
    log,
    limits: options.limits,
    datagrams: options.datagrams,
    clientTls: options.clientTls,
    guard: options.guard,
    handlers: {
      message: (bytes, flow) => (incoming ? void guard(() => incoming?.bytes(bytes, flow)) : tooEarly()),
      keepalive() {
        counters.received();
        counters.outcome('understood-keepalive');
      },
      broken: (frame, flow) => (incoming ? void guard(() => incoming?.broken(frame, flow)) : tooEarly()),
      closed: (connectionId) => void guard(() => incoming?.closed(connectionId)),
      count: counters.count,
    },
  });
  const protocols = [...new Set(transport.listening.map(({ protocol }) => protocol))];
  const context: LayerContext = {
    clock,
    log,
    random,
    timers: { ...defaultSipTimers, ...options.timers },
    transport,
    resolver: createResolver({ clock, random, protocols, dns: options.dns }),
    deadlines: createDeadlines(clock),
    counters,
    servers: new Map(),
    accepted: new Map(),
    clients: new Map(),
    guard,
  };

  incoming = createIncoming({
    context,
    guard: options.guard,
    handlers,
    maxServerTransactions: options.maxServerTransactions ?? 100_000,
    retryAfterSeconds: options.retryAfterSeconds ?? 5,
  });

  /** Goes out before this returns when no name or connection has to be waited for: an ACK must not fall behind a request. */
  function send(message: SipRequest | SipResponse, target: Target): Promise<Flow> {
    try {
      const flow = flowNow(target);
      return flow ? Promise.resolve(sendOn(message, flow)) : flowFor(target).then((found) => sendOn(message, found));
    } catch (thrown) {
      return Promise.reject(asError(thrown));
    }
  }

  function sendOn(message: SipRequest | SipResponse, flow: Flow): Flow {
    const outgoing = message.kind === 'request' ? withVia(message, context, flow, newBranch(random)) : message;
    counters.count(message.kind === 'request' ? 'sent-request' : 'sent-response');
    if (!transport.send(serialize(outgoing), flow)) throw new Error('the message could not be sent');
    return flow;
  }

  function flowNow(target: Target): Flow | undefined {
    const open = target.connectionId === undefined ? undefined : transport.flowOf(target.connectionId);
    if (open || !isIP(target.host) || (target.protocol ?? 'udp') !== 'udp') return open;
    const found = context.resolver.resolve(target);
    const flow = Array.isArray(found) && found[0] ? transport.connect(found[0]) : undefined;
    return flow instanceof Promise ? undefined : flow;
  }

  async function flowFor(target: Target): Promise<Flow> {
    const open = target.connectionId === undefined ? undefined : transport.flowOf(target.connectionId);
    if (open) return open;
    let failure: Error = new Error(`${target.host} has no address`);
    for (const destination of await context.resolver.resolve(target)) {
      try {
        return await transport.connect(destination);
      } catch (thrown) {
        failure = asError(thrown);
      }
    }
    throw failure;
  }

  return {
    onRequest(handler) {
      handlers.request = handler;
    },
    onAck(handler) {
      handlers.ack = handler;
    },
    onCancel(handler) {
      handlers.cancel = handler;
    },
    onConnectionClosed(handler) {
      handlers.closed = handler;
    },
    onStranger(belongs) {
      handlers.belongs = belongs;
    },
    request(request, target, clientHandlers) {
      const client = new ClientRequest(context, request, clientHandlers);
      client.start(target);
      return client;
    },
    send,
    listening: transport.listening,
    counters: counters.values,
    get live() {
      return { server: context.servers.size, client: context.clients.size };
    },
    async close() {
      context.deadlines.close();
      context.servers.clear();
      context.accepted.clear();
      context.clients.clear();
      await transport.close();
    },
  };
}
