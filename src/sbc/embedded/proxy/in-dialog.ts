// Requests inside a dialog that we stay in as a proxy (RFC 3261 §16.4): the Route that names us is taken off and they go on,
// without any application. ACK is passed without a transaction.

import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { header, type SipRequest } from '../../../protocol/sip/message.ts';
import { parseSipUri } from '../../../protocol/sip/uri.ts';
import { targetOfUri } from '../dialog/addresses.ts';
import type { Stack } from '../dialog/stack.ts';
import type { ServerTransaction, Target } from '../layers.ts';
import { forwardedRequest, forwardedResponse, popOurRoute } from './forwarding.ts';

type Mark = (callId: string) => string;

function nextHop(stack: Stack, request: SipRequest, mark: Mark): { request: SipRequest; target: Target } | undefined {
  const isOurs = (text: string) => {
    const uri = parseSipUri(text);
    return uri !== undefined && stack.addresses.isOurs(uri);
  };
  const popped = popOurRoute(request, mark(header(request, 'call-id') ?? ''), isOurs);
  if (!popped) return undefined;
  const hop = popped.next ?? request.uri;
  if (isOurs(hop)) return undefined;
  const target = targetOfUri(hop);
  const forwarded = forwardedRequest(popped.request, { uri: request.uri, extra: [], stayIn: undefined });
  if (!target || !forwarded) return undefined;
  const connection = stack.contacts.find(hop);
  if (connection?.connectionId) target.connectionId = connection.connectionId;
  target.protocol ??= connection?.protocol ?? stack.addresses.transportFor(target)?.protocol;
  return { request: forwarded, target };
}

/** Whether it is of a dialog that we stay in; forwards nothing. */
export function isOfProxiedDialog(stack: Stack, request: SipRequest, mark: Mark): boolean {
  return nextHop(stack, request, mark) !== undefined;
}

/** True when the request was one of ours to forward. */
export function forwardInDialog(stack: Stack, transaction: ServerTransaction, mark: Mark): boolean {
  const { request } = transaction;
  const hop = nextHop(stack, request, mark);
  if (!hop) return false;
  stack.count(`proxied.${request.method}`);
  const client = stack.layer.request(hop.request, hop.target, {
    response(response) {
      const success = response.status >= 200 && response.status < 300;
      transaction.respond(forwardedResponse(response), success ? { once: true } : undefined);
    },
    failed(why) {
      transaction.respond(makeResponse(request, { status: why === 'timeout' ? 408 : 503, toTag: stack.newTag() }));
    },
  });
  forwarding.set(transaction, () => client.cancel());
  return true;
}

/** Open forwarded INVITEs, for a CANCEL. */
const forwarding = new WeakMap<ServerTransaction, () => void>();

export function cancelForwarded(invite: ServerTransaction): boolean {
  const cancel = forwarding.get(invite);
  if (!cancel || invite.finalStatus !== undefined) return false;
  cancel();
  return true;
}

export function forwardAck(stack: Stack, ack: SipRequest, mark: Mark): boolean {
  const hop = nextHop(stack, ack, mark);
  if (!hop) return false;
  stack.count('proxied.ACK');
  void stack.layer.send(hop.request, hop.target).catch((err: unknown) => {
    stack.log.warn({ err }, 'an ACK could not be passed on');
  });
  return true;
}
