// Outbound mode (drachtio control protocol): a new request is not given to a connected application; instead an HTTP service
// is asked what to do with it, or an application is dialled straight away, one connection per request.
//   answers: reject, redirect, proxy, route to an address (dialled) or to a tag (a connected application)

import { parseAddress } from '../../../protocol/sip/address.ts';
import { header, type SipHeader } from '../../../protocol/sip/message.ts';
import { parseSipUri } from '../../../protocol/sip/uri.ts';
import { asError } from '../../../shared/errors.ts';
import { durationMs } from '../control/commands.ts';
import { sendFinal } from './final-response.ts';
import { hand } from './incoming.ts';
import type { IncomingRequest } from './records.ts';
import type { ProxyRequest, Stack } from './stack.ts';

export interface RequestHandler {
  /** A SIP method, or `*`. */
  method: string;
  /** `http://…`, `https://…` to ask; `tcp://host:port`, `tls://host:port` to dial. */
  url: string;
  httpMethod?: 'GET' | 'POST';
}

const answerWithinMs = 3000;

/** True when a handler takes the request; connected applications are then not considered. */
export function routeOutbound(stack: Stack, handlers: readonly RequestHandler[], incoming: IncomingRequest): boolean {
  const handler =
    handlers.find(({ method }) => method.toUpperCase() === incoming.method) ??
    handlers.find(({ method }) => method === '*');
  if (!handler) return false;
  const dialled = /^(tcp|tls):\/\/(.+):(\d+)\/?$/.exec(handler.url);
  const work = dialled
    ? dial(stack, incoming, { host: dialled[2]!, port: Number(dialled[3]), tls: dialled[1] === 'tls' })
    : ask(stack, incoming, handler);
  work.catch((thrown: unknown) => {
    stack.count('outbound-routing-failed');
    stack.log.error({ err: asError(thrown), sipCallId: incoming.callId }, 'outbound routing failed');
    sendFinal(stack, incoming, 500);
  });
  return true;
}

async function dial(
  stack: Stack,
  incoming: IncomingRequest,
  target: { host: string; port: number; tls: boolean },
): Promise<void> {
  const application = await stack.control.dial(target);
  if (incoming.finalStatus !== undefined) {
    application?.end();
    return;
  }
  if (application) hand(incoming, application);
  else {
    stack.count('outbound-application-unreachable');
    sendFinal(stack, incoming, 480);
  }
}

async function ask(stack: Stack, incoming: IncomingRequest, handler: RequestHandler): Promise<void> {
  const url = new URL(handler.url);
  for (const [name, value] of Object.entries(queryOf(incoming))) url.searchParams.set(name, value);
  const post = handler.httpMethod === 'POST';
  const answer = await fetch(url, {
    method: post ? 'POST' : 'GET',
    ...(post ? { body: incoming.transaction.text, headers: { 'content-type': 'text/plain' } } : {}),
    signal: AbortSignal.timeout(answerWithinMs),
  });
  if (!answer.ok) throw new Error(`the request handler answered ${answer.status}`);
  const instruction = (await answer.json()) as { action?: unknown; data?: unknown };
  if (incoming.finalStatus !== undefined) return;
  await act(stack, incoming, instruction);
}

function queryOf({ method, transaction }: IncomingRequest): Record<string, string> {
  const { request, flow } = transaction;
  const from = parseSipUri(parseAddress(header(request, 'from') ?? '')?.uri ?? '');
  const to = parseSipUri(parseAddress(header(request, 'to') ?? '')?.uri ?? '');
  const uri = parseSipUri(request.uri);
  return {
    method,
    domain: uri?.host ?? '',
    protocol: flow.protocol,
    source_address: flow.address,
    fromUser: from?.user ?? '',
    toUser: to?.user ?? '',
    uriUser: uri?.user ?? '',
    contentType: header(request, 'content-type') ?? '',
    uri: request.uri,
  };
}

async function act(
  stack: Stack,
  incoming: IncomingRequest,
  { action, data }: { action?: unknown; data?: unknown },
): Promise<void> {
  const given = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  switch (action) {
    case 'reject': {
      const status = Number(given['status']);
      sendFinal(stack, incoming, status >= 300 && status < 700 ? status : 500, undefined, stringOf(given['reason']));
      return;
    }
    case 'redirect': {
      const contacts: SipHeader[] = listOf(given['contact']).map((value) => ({ name: 'Contact', value }));
      sendFinal(stack, incoming, contacts.length > 0 ? 302 : 500, contacts);
      return;
    }
    case 'proxy':
      stack.proxy.start(incoming, proxyRequest(given));
      return;
    case 'route':
      await route(stack, incoming, given);
      return;
    default:
      throw new Error('the request handler gave no action that is known');
  }
}

function proxyRequest(given: Record<string, unknown>): ProxyRequest {
  return {
    remainInDialog: given['recordRoute'] === true,
    fullResponse: false,
    followRedirects: given['followRedirects'] !== false,
    simultaneous: given['simultaneous'] === true,
    provisionalTimeoutMs: durationMs(stringOf(given['provisionalTimeout'])),
    finalTimeoutMs: durationMs(stringOf(given['finalTimeout'])),
    destinations: listOf(given['destination']).map((uri) => (/^(sips?|tel):/i.test(uri) ? uri : `sip:${uri}`)),
    headers: [],
  };
}

async function route(stack: Stack, incoming: IncomingRequest, given: Record<string, unknown>): Promise<void> {
  const place = /^(.+):(\d+)(?:;transport=(tcp|tls))?$/.exec(stringOf(given['uri']) ?? '');
  if (place) {
    await dial(stack, incoming, { host: place[1]!, port: Number(place[2]), tls: place[3] === 'tls' });
    return;
  }
  const tag = stringOf(given['tag']);
  const application = tag === undefined ? undefined : stack.control.routes.tagged(tag);
  if (application) hand(incoming, application);
  else sendFinal(stack, incoming, 480);
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function listOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((each): each is string => typeof each === 'string' && each !== '');
}
