// What arrives: every message is matched, absorbed, answered or counted as dropped (RFC 3261 §17.1.3, §17.2.3, §18.2.1).
// Of a stranger (guard/sip-guard.ts) only what belongs to something of ours gets an answer.
// Decides which transaction a message belongs to; what a transaction does with it is server.ts and client-attempt.ts.

import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { header, type SipRequest, type SipResponse } from '../../../protocol/sip/message.ts';
import { defaultParseLimits, type Malformed, type ParsedMessage, parseMessage } from '../../../protocol/sip/parse.ts';
import { serialize } from '../../../protocol/sip/serialize.ts';
import { newTag } from '../../../protocol/sip/tokens.ts';
import { parseUri, unescapeUri } from '../../../protocol/sip/uri.ts';
import { markSource, parseViaLoosely } from '../../../protocol/sip/via.ts';
import type { SipGuard } from '../../guard/sip-guard.ts';
import type { Flow, ServerTransaction } from '../layers.ts';
import type { BrokenFrame } from '../transport/transport.ts';
import type { LayerContext } from './context.ts';
import { acceptedKey, clientKey, serverKey } from './matching.ts';
import { responseFlow, ServerTransactionEntry } from './server.ts';

/** The transaction user's handlers; each may be missing. */
export interface UserHandlers {
  request?: (transaction: ServerTransaction) => void;
  ack?: (ack: SipRequest, text: string, flow: Flow) => void;
  cancel?: (cancel: ServerTransaction, invite: ServerTransaction | undefined) => void;
  closed?: (connectionId: string) => void;
  belongs?: (request: SipRequest, callId: string, toTag: string, fromTag: string | undefined) => boolean;
}

export interface IncomingOptions {
  context: LayerContext;
  /** Who may speak; without it everybody. */
  guard?: SipGuard | undefined;
  handlers: UserHandlers;
  maxServerTransactions: number;
  retryAfterSeconds: number;
}

export interface Incoming {
  bytes(bytes: Buffer, flow: Flow): void;
  broken(frame: BrokenFrame, flow: Flow): void;
  closed(connectionId: string): void;
}

export function createIncoming({
  context,
  guard: who,
  handlers,
  maxServerTransactions,
  retryAfterSeconds,
}: IncomingOptions): Incoming {
  const { counters, guard, log, random, transport } = context;

  /** What comes over our WebSocket was let in by its session. */
  const isStranger = ({ protocol, address }: Flow): boolean =>
    who !== undefined && protocol !== 'ws' && protocol !== 'wss' && who.standing(address) === 'stranger';

  /** No word to whoever has no business here; a connection is closed. */
  function ignore(flow: Flow, what: string): void {
    counters.outcome(`dropped-stranger-${what}`);
    if (flow.connectionId !== undefined) transport.end(flow.connectionId);
  }

  /** Whether a stranger's request belongs to something of ours, or may begin something. */
  function isHeard(request: SipRequest, parsed: ParsedMessage, flow: Flow): boolean {
    const { callId, from, to, toTag, fromTag } = parsed;
    const { method } = request;
    if (context.servers.has(serverKey(parsed, method))) return true;
    if (method === 'CANCEL' || method === 'ACK') {
      if (context.servers.has(serverKey(parsed, 'INVITE'))) return true;
      if (method === 'CANCEL') return false;
    }
    if (toTag !== undefined) return handlers.belongs?.(request, callId, toTag, fromTag) === true;
    if (method === 'ACK') return false;
    const uri = parseUri(request.uri);
    const uriUser = uri?.scheme === 'sip' || uri?.scheme === 'sips' ? unescapeUri(uri.user ?? '') : undefined;
    const userAgent = header(request, 'user-agent');
    return who!.admitsRequest({ address: flow.address, method, uriUser, userAgent, from, to });
  }

  function bytes(received: Buffer, flow: Flow): void {
    counters.received();
    const parsed = parseMessage(received, parseLimits);
    if (parsed.kind === 'keepalive') return counters.outcome('understood-keepalive');
    if (parsed.kind === 'malformed') return onMalformed(parsed, flow);
    if (parsed.message.kind === 'response') onResponse(parsed.message, parsed, flow);
    else onRequest(parsed.message, parsed, flow);
  }

  function broken({ because, status, bytes: received }: BrokenFrame, flow: Flow): void {
    counters.received();
    const parsed = parseMessage(received);
    const partial = parsed.kind === 'malformed' ? parsed.partial : undefined;
    onMalformed({ kind: 'malformed', because, status, partial }, flow);
  }

  function onMalformed({ because, status, partial }: Malformed, flow: Flow): void {
    log.debug({ because, protocol: flow.protocol, address: flow.address }, 'malformed SIP message');
    if (isStranger(flow)) {
      who?.strike(flow.address, 'malformed-sip');
      return ignore(flow, 'malformed');
    }
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

  function closed(connectionId: string): void {
    // A browser does not come back to answer; a TCP peer may, over a connection of its own (RFC 3261 §18.2.2).
    if (connectionId.startsWith('ws')) {
      for (const attempt of [...context.clients.values()])
        if (attempt.flow.connectionId === connectionId) attempt.fail();
    }
    handlers.closed?.(connectionId);
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
    if (isStranger(flow) && !isHeard(request, parsed, flow)) return ignore(flow, method === 'ACK' ? 'ack' : 'request');
    if (method === 'ACK') return onAck(request, parsed, text, flow);
    const key = serverKey(parsed, method);
    const known = context.servers.get(key);
    if (known) {
      counters.outcome('understood-retransmission');
      return known.input({ kind: 'retransmission' });
    }
    const invite = method === 'CANCEL' ? context.servers.get(serverKey(parsed, 'INVITE')) : undefined;
    if (context.servers.size >= maxServerTransactions && !invite) {
      const headers = [{ name: 'Retry-After', value: String(retryAfterSeconds) }];
      return answer(request, parsed, flow, 503, headers);
    }
    const handler = method === 'CANCEL' ? handlers.cancel : handlers.request;
    if (!handler) return answer(request, parsed, flow, 503);
    const entry = new ServerTransactionEntry(context, key, parsed, request, text, flow);
    context.servers.set(key, entry);
    counters.outcome(method === 'CANCEL' ? 'understood-cancel' : 'understood-request');
    const fine = guard(() => {
      if (method === 'CANCEL') handlers.cancel?.(entry, invite?.transaction);
      else handlers.request?.(entry);
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
    if (!handlers.ack) return counters.outcome('dropped-unmatched-ack');
    counters.outcome('understood-ack-2xx');
    handlers.ack(ack, text, flow);
  }

  return { bytes, broken, closed };
}

/** How large a message may be is the transports' to say; here only that it ends. */
const parseLimits = { ...defaultParseLimits, maxBytes: 1 << 20 };
const noHeaders: { name: string; value: string }[] = [];
