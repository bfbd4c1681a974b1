// A request that an application asks for outside any dialog (RFC 3261 §8.1, §12.1.2): From, To, Call-ID, CSeq and Contact
// are made where it gave none, the transport is chosen, and INVITE and SUBSCRIBE get a dialog. The reply to the application
// goes out with the request as sent, before any response.

import { randomUUID } from 'node:crypto';
import { tagOf } from '../../../protocol/sip/address.ts';
import { parseCSeq } from '../../../protocol/sip/cseq.ts';
import type { SipHeader, SipRequest } from '../../../protocol/sip/message.ts';
import { newCallId } from '../../../protocol/sip/tokens.ts';
import { parseUri } from '../../../protocol/sip/uri.ts';
import type { Application } from '../control/application.ts';
import type { AppRequest } from '../control/commands.ts';
import type { Flow, Target } from '../layers.ts';
import { targetOfUri } from './addresses.ts';
import { findHeader, replaceLocalhost, wireHeaders } from './app-headers.ts';
import { adoptOrphan } from './application-gone.ts';
import { dialogIdOf, newDialog, withTag } from './dialog.ts';
import { send } from './network-responses.ts';
import type { OutgoingRequest } from './records.ts';
import { offerSessionTimer } from './session-timer.ts';
import type { Stack } from './stack.ts';

export interface RequestCommand {
  id: string;
  routeUrl: string;
  message: AppRequest;
}

const keepMaxForwards = new Set(['max-forwards']);

export function requestOutsideDialog(stack: Stack, application: Application, command: RequestCommand): void {
  const { message } = command;
  const route = firstHop(stack, command);
  if (route.kind === 'refused') {
    application.reply(command.id, 'NOK', route.because);
    return;
  }
  if (message.body !== '' && !message.body.startsWith('v=0') && !findHeader(message.headers, 'content-type')) {
    application.reply(command.id, 'NOK', 'missing content-type');
    return;
  }
  const { target, transport } = route;
  const built = build(stack, message, transport, target.host);
  const makesDialog = message.method === 'INVITE' || message.method === 'SUBSCRIBE';
  const remoteTag = tagOf(built.to);
  if (makesDialog && remoteTag !== undefined) adoptOrphan(stack, built.callId, built.tag, remoteTag);
  if (makesDialog && stack.dialogs.byId(dialogIdOf(built.callId, built.tag))) {
    application.reply(command.id, 'NOK', 'a dialog with this Call-ID and From tag exists');
    return;
  }
  const outgoing: OutgoingRequest = {
    id: randomUUID(),
    method: message.method,
    application,
    dialog: undefined,
    inDialog: false,
    request: built.request,
    transaction: undefined,
    cancelled: false,
    giveUp: undefined,
  };
  if (makesDialog) {
    const dialog = newDialog({
      role: 'uac',
      kind: message.method === 'INVITE' ? 'INVITE' : 'SUBSCRIBE',
      application,
      callId: built.callId,
      fromTag: built.tag,
      localTag: built.tag,
      local: built.from,
      remote: built.to,
      localSeq: built.cseq,
      contact: findHeader(built.request.headers, 'contact'),
    });
    if (message.body !== '') dialog.localSdp = message.body;
    outgoing.dialog = dialog;
    stack.dialogs.add(dialog);
  }
  send(stack, outgoing, target, command.id);
}

type Hop = { kind: 'hop'; target: Target; transport: Flow } | { kind: 'refused'; because: string };

function firstHop(stack: Stack, { message, routeUrl }: RequestCommand): Hop {
  const { method, uri } = message;
  const parsed = parseUri(uri);
  const usable = parsed && parsed.scheme !== 'other' && (parsed.scheme !== 'tel' || routeUrl !== '');
  if (!usable || uri === 'sip:placeholder') {
    return { kind: 'refused', because: `invalid request-uri: ${method} ${uri} SIP/2.0` };
  }
  const hop = routeUrl === '' ? uri : withScheme(routeUrl);
  const target = targetOfUri(hop);
  if (!target) return { kind: 'refused', because: `invalid route url: ${routeUrl}` };
  const hopUri = parseUri(hop);
  if (hopUri && (hopUri.scheme === 'sip' || hopUri.scheme === 'sips') && stack.addresses.isOurs(hopUri)) {
    return { kind: 'refused', because: 'can not send request to myself' };
  }
  const connection = stack.contacts.find(hop);
  if (connection) {
    const { protocol, address, port, connectionId } = connection;
    return { kind: 'hop', target: { protocol, host: address, port, connectionId }, transport: connection };
  }
  const transport = stack.addresses.transportFor(target);
  if (!transport) return { kind: 'refused', because: 'requested protocol/transport not available' };
  if (!target.protocol) target.protocol = transport.protocol;
  return { kind: 'hop', target, transport };
}

function withScheme(uri: string): string {
  return /^sips?:/i.test(uri) ? uri : `sip:${uri}`;
}

interface Built {
  request: SipRequest;
  callId: string;
  tag: string;
  from: string;
  to: string;
  cseq: number;
}

function build(stack: Stack, message: AppRequest, transport: Flow, peerHost: string): Built {
  const { method, uri, body } = message;
  const hostPort = stack.addresses.hostPort(transport, peerHost);
  const contact = stack.addresses.contact(transport, peerHost);
  const tag = tagOf(findHeader(message.headers, 'from') ?? '') ?? stack.newTag();
  const from = withTag(replaceLocalhost(nameAddr(findHeader(message.headers, 'from') ?? contact), hostPort), tag);
  const to = replaceLocalhost(nameAddr(findHeader(message.headers, 'to') ?? uri), hostPort);
  const callId = findHeader(message.headers, 'call-id') ?? newCallId(stack.random);
  const cseq = parseCSeq(findHeader(message.headers, 'cseq') ?? '')?.number ?? stack.random.integer(1, 2 ** 24);
  const headers: SipHeader[] = [];
  const given = wireHeaders(message.headers, hostPort, { keep: keepMaxForwards });
  if (findHeader(given, 'max-forwards') === undefined) headers.push({ name: 'Max-Forwards', value: '70' });
  headers.push({ name: 'From', value: from }, { name: 'To', value: to });
  headers.push({ name: 'Call-ID', value: callId }, { name: 'CSeq', value: `${cseq} ${method}` });
  if ((method === 'INVITE' || method === 'SUBSCRIBE') && findHeader(given, 'contact') === undefined) {
    headers.push({ name: 'Contact', value: contact });
  }
  headers.push(...given);
  if (body !== '' && findHeader(given, 'content-type') === undefined) {
    headers.push({ name: 'Content-Type', value: 'application/sdp' });
  }
  const request: SipRequest = { kind: 'request', method, uri, headers, body: Buffer.from(body) };
  if (method === 'INVITE') offerSessionTimer(stack, request);
  return { request, callId, tag, from, to, cseq };
}

/** Brackets around a bare URI, so that a tag may follow it. */
function nameAddr(value: string): string {
  if (value.includes('<')) return value;
  const semicolon = value.search(/;\s*tag=/i);
  return semicolon < 0 ? `<${value}>` : `<${value.slice(0, semicolon)}>${value.slice(semicolon)}`;
}
