// The transaction layer (RFC 3261 §17): every message that arrives is matched, absorbed, answered or counted as dropped, and
// none throws. Owns all timers. Dialogs, applications and the content of responses are above (control/).

import { isIP } from 'node:net';
import { makeResponse } from '../../../protocol/sip/make-response.ts';
import type { SipRequest, SipResponse } from '../../../protocol/sip/message.ts';
import { type Malformed, type ParsedMessage, parseMessage } from '../../../protocol/sip/parse.ts';
import { serialize } from '../../../protocol/sip/serialize.ts';
import { newBranch, newTag } from '../../../protocol/sip/tokens.ts';
import { defaultSipTimers, type SipTimers } from '../../../protocol/sip/transaction/timers.ts';
import { markSource, parseViaLoosely } from '../../../protocol/sip/via.ts';
import type { Clock } from '../../../shared/clock.ts';
import { asError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { Random } from '../../../shared/random.ts';
import { createResolver, type Dns } from '../dns.ts';
import type { Flow, ServerTransaction, Target, TransactionLayer } from '../layers.ts';
import {
  type BrokenFrame,
  createTransport,
  type ListenAddress,
  type TransportLimits,
  type TransportOptions,
} from '../transport/transport.ts';
import type { DatagramFactory } from '../transport/udp.ts';
import { ClientRequest, withVia } from './client.ts';
import type { LayerContext } from './context.ts';
import { createCounters } from './counters.ts';
import { createDeadlines } from './deadlines.ts';
import { acceptedKey, clientKey, serverKey } from './matching.ts';
import { responseFlow, ServerTransactionEntry } from './server.ts';

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
}

export async function createTransactionLayer(options: TransactionLayerOptions): Promise<TransactionLayer> {
  const { clock, log, random } = options;
  const counters = createCounters();
  const maxServers = options.maxServerTransactions ?? 100_000;
  let requestHandler: ((transaction: ServerTransaction) => void) | undefined;
  let ackHandler: ((ack: SipRequest, text: string, flow: Flow) => void) | undefined;
  let cancelHandler: ((cancel: ServerTransaction, invite: ServerTransaction | undefined) => void) | undefined;
  let closedHandler: ((connectionId: string) => void) | undefined;

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

  const transport = await createTransport({
    listen: options.listen,
    clock,
    log,
    limits: options.limits,
    datagrams: options.datagrams,
    clientTls: options.clientTls,
    handlers: {
      message: (bytes, flow) => void guard(() => onBytes(bytes, flow)),
      keepalive() {
        counters.received();
        counters.outcome('understood-keepalive');
      },
      broken: (frame, flow) => void guard(() => onBroken(frame, flow)),
      closed: (connectionId) => void guard(() => onClosed(connectionId)),
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

  function onBytes(bytes: Buffer, flow: Flow): void {
    counters.received();
    const parsed = parseMessage(bytes);
    if (parsed.kind === 'keepalive') return counters.outcome('understood-keepalive');
    if (parsed.kind === 'malformed') return onMalformed(parsed, flow);
    if (parsed.message.kind === 'response') onResponse(parsed.message, parsed, flow);
    else onRequest(parsed.message, parsed, flow);
  }

  function onBroken({ because, status, bytes }: BrokenFrame, flow: Flow): void {
    counters.received();
    const parsed = parseMessage(bytes);
    const partial = parsed.kind === 'malformed' ? parsed.partial : undefined;
    onMalformed({ kind: 'malformed', because, status, partial }, flow);
  }

  function onMalformed({ because, status, partial }: Malformed, flow: Flow): void {
    log.debug({ because, protocol: flow.protocol, address: flow.address }, 'malformed SIP message');
    const viaHeader = partial?.headers[0];
    const via = viaHeader && parseViaLoosely(viaHeader.value);
    if (status === undefined || !partial || !via) return counters.outcome('dropped-malformed');
    viaHeader.value = markSource(viaHeader.value, via, flow.address, flow.port);
    // The reason phrase says what was wrong, as RFC 3261 §21.4.1 wishes; it never repeats the peer's own text.
    const reason = status === 400 ? `Bad Request - ${because}` : undefined;
    const response = makeResponse(partial, { status, reason, toTag: newTag(random) });
    transport.send(serialize(response), responseFlow({ via }, flow));
    counters.outcome(`answered-${status}`);
  }

  function onClosed(connectionId: string): void {
    // A browser does not come back to answer; a TCP peer may, over a connection of its own (RFC 3261 §18.2.2).
    if (connectionId.startsWith('ws')) {
      for (const attempt of [...context.clients.values()])
        if (attempt.flow.connectionId === connectionId) attempt.fail();
    }
    closedHandler?.(connectionId);
  }

  function answer(request: SipRequest, parsed: ParsedMessage, flow: Flow, status: number, headers = noHeaders): void {
    const response = makeResponse(request, { status, toTag: newTag(random), headers });
    transport.send(serialize(response), responseFlow(parsed, flow));
    counters.outcome(`answered-${status}`);
  }

  function onResponse(response: SipResponse, parsed: ParsedMessage, flow: Flow): void {
    const { branch } = parsed.via;
    const attempt = branch === undefined ? undefined : context.clients.get(clientKey(branch, parsed.cseq.method));
    if (attempt?.request.method !== parsed.cseq.method) return counters.outcome('dropped-unmatched-response');
    counters.outcome('understood-response');
    attempt.receive(response, parsed, flow);
  }

  function onRequest(request: SipRequest, parsed: ParsedMessage, flow: Flow): void {
    const marked = markSource(parsed.viaHeader.value, parsed.via, flow.address, flow.port);
    let { text } = parsed;
    if (marked !== parsed.viaHeader.value) {
      parsed.viaHeader.value = marked;
      text = text.slice(0, parsed.viaStart) + marked + text.slice(parsed.viaEnd);
    }
    const { method } = request;
    if (method === 'ACK') return onAck(request, parsed, text, flow);
    const key = serverKey(parsed, method);
    const known = context.servers.get(key);
    if (known) {
      counters.outcome('understood-retransmission');
      return known.input({ kind: 'retransmission' });
    }
    const invite = method === 'CANCEL' ? context.servers.get(serverKey(parsed, 'INVITE')) : undefined;
    if (context.servers.size >= maxServers && !invite) {
      const headers = [{ name: 'Retry-After', value: String(options.retryAfterSeconds ?? 5) }];
      return answer(request, parsed, flow, 503, headers);
    }
    const handler = method === 'CANCEL' ? cancelHandler : requestHandler;
    if (!handler) return answer(request, parsed, flow, 503);
    const entry = new ServerTransactionEntry(context, key, parsed, request, text, flow);
    context.servers.set(key, entry);
    counters.outcome(method === 'CANCEL' ? 'understood-cancel' : 'understood-request');
    const fine = guard(() => {
      if (method === 'CANCEL') cancelHandler?.(entry, invite?.transaction);
      else requestHandler?.(entry);
    });
    if (!fine && entry.finalStatus === undefined)
      entry.respond(makeResponse(request, { status: 500, toTag: newTag(random) }));
    // Most users answer at once, and then nothing has to be timed until there is something to repeat.
    else if (!entry.responded) entry.input({ kind: 'start' });
  }

  function onAck(ack: SipRequest, parsed: ParsedMessage, text: string, flow: Flow): void {
    const entry = context.servers.get(serverKey(parsed, 'INVITE'));
    if (entry && !entry.accepted) {
      counters.outcome('understood-ack');
      return entry.input({ kind: 'ack' });
    }
    const accepted = context.accepted.get(acceptedKey(parsed.callId, parsed.cseq.number, parsed.toTag));
    accepted?.input({ kind: 'ack-2xx' });
    if (!ackHandler) return counters.outcome('dropped-unmatched-ack');
    counters.outcome('understood-ack-2xx');
    ackHandler(ack, text, flow);
  }

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
    if (open || !isIP(target.host) || target.protocol !== 'udp') return open;
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
      requestHandler = handler;
    },
    onAck(handler) {
      ackHandler = handler;
    },
    onCancel(handler) {
      cancelHandler = handler;
    },
    onConnectionClosed(handler) {
      closedHandler = handler;
    },
    request(request, target, handlers) {
      const client = new ClientRequest(context, request, handlers);
      client.start(target);
      return client;
    },
    send,
    listening: transport.listening,
    counters: counters.values,
    async close() {
      context.deadlines.close();
      context.servers.clear();
      context.accepted.clear();
      context.clients.clear();
      await transport.close();
    },
  };
}

const noHeaders: { name: string; value: string }[] = [];
