// An application's response to a request from the network (drachtio control protocol, `sip|transactionId|` + response).
// The real response is made from the request; the application's headers and body are added. The first response to an
// INVITE or SUBSCRIBE makes the dialog. The echo tells the application what was sent, and the dialog's id.

import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { header, headerLines, type SipHeader, type SipResponse } from '../../../protocol/sip/message.ts';
import { serializeText } from '../../../protocol/sip/serialize.ts';
import type { Application } from '../control/application.ts';
import type { AppResponse } from '../control/commands.ts';
import { farEnd, sentResponseDetail } from '../control/envelopes.ts';
import { findHeader, wireHeaders } from './app-headers.ts';
import { keepApart } from './deliver.ts';
import { uasDialog } from './dialog.ts';
import { finishIncoming } from './final-response.ts';
import { awaitAck } from './invite-answer.ts';
import type { Dialog, IncomingRequest } from './records.ts';
import { isReliable, sendReliably, supports100rel, whenAcknowledged } from './reliable-provisionals.ts';
import { answerSessionTimer } from './session-timer.ts';
import type { Stack } from './stack.ts';
import { armSubscription } from './subscription.ts';

export interface RespondCommand {
  id: string;
  transactionId: string;
  message: AppResponse;
}

export function respond(stack: Stack, application: Application, command: RespondCommand): void {
  const incoming = stack.incoming.get(command.transactionId);
  if (!incoming || incoming.application !== application) {
    application.reply(command.id, 'NOK', 'Response not sent due to unknown transaction');
    return;
  }
  const { status } = command.message;
  if (isReliable(command.message) && status > 100 && status < 200) {
    if (!supports100rel(incoming.transaction.request)) {
      application.reply(command.id, 'NOK', 'Remote endpoint does not support 100rel');
      return;
    }
    whenAcknowledged(incoming, () => respondNow(stack, application, incoming, command, true));
    return;
  }
  if (status >= 200 && status < 300) {
    whenAcknowledged(incoming, () => respondNow(stack, application, incoming, command, false));
    return;
  }
  respondNow(stack, application, incoming, command, false);
}

function respondNow(
  stack: Stack,
  application: Application,
  incoming: IncomingRequest,
  command: RespondCommand,
  reliably: boolean,
): void {
  const { message } = command;
  const { transaction } = incoming;
  if (incoming.finalStatus !== undefined) {
    application.reply(command.id, 'NOK', 'Response not sent due to unknown transaction');
    return;
  }
  incoming.localTag ??= chosenTag(message) ?? stack.newTag();
  const dialog = dialogFor(stack, application, incoming, message.status);
  const response = buildResponse(stack, incoming, dialog, message);
  if (reliably) sendReliably(stack, incoming, response);
  const text = serializeText(response);
  // The books first: a response may be answered before `respond` returns.
  settle(stack, incoming, dialog, message, response);
  transaction.respond(response, { text });
  stack.count(`answered.${Math.floor(message.status / 100)}xx`);
  const meta = farEnd('application', text, transaction.flow, stack.clock.now());
  application.reply(command.id, 'OK', sentResponseDetail(meta, incoming.id, dialog?.id ?? '', text));
  reportCdr(stack, incoming, message.status, text);
}

/** `To: …;tag=x` of the application chooses our tag. */
function chosenTag(message: AppResponse): string | undefined {
  const to = findHeader(message.headers, 'to');
  return to === undefined ? undefined : /;\s*tag=([^;>\s]+)(?=[^>]*$)/i.exec(to)?.[1];
}

function dialogFor(
  stack: Stack,
  application: Application,
  incoming: IncomingRequest,
  status: number,
): Dialog | undefined {
  if (incoming.dialog || incoming.inDialog) return incoming.dialog;
  const makes =
    (incoming.method === 'INVITE' && status > 100 && status < 300) ||
    (incoming.method === 'SUBSCRIBE' && status >= 200 && status < 300);
  if (!makes) return undefined;
  const { request, flow } = incoming.transaction;
  const dialog = uasDialog(request, { application, localTag: incoming.localTag!, flow });
  dialog.state = 'early';
  if (incoming.method === 'INVITE') dialog.inviteIn = incoming;
  incoming.dialog = dialog;
  stack.dialogs.add(dialog);
  return dialog;
}

function buildResponse(
  stack: Stack,
  incoming: IncomingRequest,
  dialog: Dialog | undefined,
  message: AppResponse,
): SipResponse {
  const { request, flow } = incoming.transaction;
  const { status, body } = message;
  const headers: SipHeader[] = [];
  if (!incoming.inDialog && dialog && status > 100 && status < 300) {
    for (const value of headerLines(request, 'record-route')) headers.push({ name: 'Record-Route', value });
  }
  const given = wireHeaders(message.headers, stack.addresses.hostPort(flow, flow.address));
  headers.push(...given);
  const contact = findHeader(given, 'contact');
  if (contact === undefined && wantsContact(incoming.method, status)) {
    const own = dialog?.contact || stack.addresses.contact(flow, flow.address);
    headers.push({ name: 'Contact', value: own });
    if (dialog) dialog.contact = own;
  } else if (contact !== undefined && dialog && status < 300) dialog.contact = contact;
  if (body !== '' && body.startsWith('v=0') && findHeader(given, 'content-type') === undefined) {
    headers.push({ name: 'Content-Type', value: 'application/sdp' });
  }
  const reason = message.reason === '' ? undefined : message.reason;
  const response = makeResponse(request, { status, reason, toTag: incoming.localTag, headers, body });
  if (dialog && status >= 200 && status < 300) answerSessionTimer(stack, dialog, request, response);
  return response;
}

/** Responses that refresh the target or make a dialog (RFC 3261 §12.1.1, RFC 3311 §5.2). */
function wantsContact(method: string, status: number): boolean {
  if (status <= 100 || status >= 300) return false;
  return method === 'INVITE' || method === 'UPDATE' || (method === 'SUBSCRIBE' && status >= 200);
}

/** What the response changes in our books. */
function settle(
  stack: Stack,
  incoming: IncomingRequest,
  dialog: Dialog | undefined,
  message: AppResponse,
  response: SipResponse,
): void {
  const { status, body } = message;
  const { method, transaction } = incoming;
  // An application that has spoken may take its time: somebody is ringing.
  if (status < 200) {
    incoming.giveUp?.cancel();
    incoming.giveUp = undefined;
    return;
  }
  finishIncoming(stack, incoming, status);
  if (status >= 300) return;
  if ((method === 'REGISTER' || method === 'SUBSCRIBE') && transaction.flow.connectionId) {
    stack.contacts.learn(transaction.request, response, transaction.flow);
  }
  if (!dialog) return;
  if (method === 'INVITE') {
    dialog.state = 'confirmed';
    if (body !== '') dialog.localSdp = body;
    awaitAck(stack, dialog, incoming);
    if (!incoming.inDialog) keepApart(stack, dialog);
  }
  if (method === 'SUBSCRIBE') {
    dialog.state = 'confirmed';
    if (!incoming.inDialog) keepApart(stack, dialog);
    armSubscription(stack, dialog, header(response, 'expires') ?? header(transaction.request, 'expires'));
  }
}

function reportCdr(stack: Stack, incoming: IncomingRequest, status: number, text: string): void {
  if (incoming.method !== 'INVITE' || incoming.inDialog || status < 200) return;
  const now = stack.clock.now();
  if (status < 300) stack.cdr.start('application', text, now, 'uas');
  else stack.cdr.stop('application', text, now, 'call-rejected');
}
