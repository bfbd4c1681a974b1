// A request that an application asks for inside a dialog (`sip||dialogId`): the stack sets the request URI, From, To, Call-ID,
// CSeq and Route (RFC 3261 §12.2.1). ACK and PRACK belong to an INVITE and have rules of their own.

import { randomUUID } from 'node:crypto';
import { parseRAck } from '../../../protocol/sip/cseq.ts';
import type { SipHeader, SipRequest } from '../../../protocol/sip/message.ts';
import { serializeText } from '../../../protocol/sip/serialize.ts';
import type { Application } from '../control/application.ts';
import type { AppRequest } from '../control/commands.ts';
import { farEnd, sentRequestDetail } from '../control/envelopes.ts';
import { findHeader, wireHeaders } from './app-headers.ts';
import { releaseHeld } from './deliver.ts';
import { inDialogHeaders, inDialogTarget } from './dialog.ts';
import { send, stackResponse } from './network-responses.ts';
import type { Dialog, Fork, OutgoingRequest } from './records.ts';
import { keepSessionTimer } from './session-timer.ts';
import type { Stack } from './stack.ts';
import { endDialog } from './unsolicited.ts';

export interface InDialogCommand {
  id: string;
  dialogId: string;
  message: AppRequest;
}

export function requestInDialog(stack: Stack, application: Application, command: InDialogCommand): void {
  const dialog = stack.dialogs.byId(command.dialogId);
  const { message } = command;
  if (!dialog || dialog.application !== application || dialog.state === 'terminated') {
    application.reply(command.id, 'NOK', 'Server error: unable to find dialog for dialog id provided');
    return;
  }
  if (message.method === 'ACK') {
    sendAck(stack, dialog, command);
    return;
  }
  if (!dialog.far) {
    application.reply(command.id, 'NOK', 'Server error: the dialog is not established');
    return;
  }
  if (message.body !== '' && !message.body.startsWith('v=0') && !findHeader(message.headers, 'content-type')) {
    application.reply(command.id, 'NOK', 'Server error: missing content-type');
    return;
  }
  if (message.method === 'BYE' && dialog.unacknowledged) {
    // Not before the ACK, or the time-out of our 2xx (RFC 3261 §15).
    dialog.afterAck = () => requestInDialog(stack, application, command);
    return;
  }
  launch(stack, dialog, command);
}

function launch(stack: Stack, dialog: Dialog, { id, message }: InDialogCommand): void {
  const { method } = message;
  const fork = method === 'PRACK' ? forkOfPrack(dialog, message) : dialog.far!;
  dialog.localSeq += 1;
  const request = buildInDialog(stack, dialog, fork, message, dialog.localSeq);
  const outgoing: OutgoingRequest = {
    id: randomUUID(),
    method,
    application: dialog.application,
    dialog,
    inDialog: true,
    request,
    transaction: undefined,
    cancelled: false,
    giveUp: undefined,
  };
  if (method === 'INVITE' && (dialog.inviteOut || dialog.inviteIn)) {
    // RFC 3261 §14.1 forbids it; the application hears what the far end would have said.
    refuseLocally(stack, outgoing, id, 491);
    return;
  }
  if (method === 'INVITE') {
    dialog.inviteOut = true;
    if (message.body !== '') dialog.localSdp = message.body;
  }
  if (method === 'UPDATE') dialog.updateOut = true;
  if (method === 'BYE') cancelOpenInvite(stack, dialog);
  send(stack, outgoing, inDialogTarget(fork), id);
}

function refuseLocally(stack: Stack, outgoing: OutgoingRequest, commandId: string, status: number): void {
  const text = serializeText(outgoing.request);
  const meta = farEnd('application', text, undefined, stack.clock.now());
  outgoing.application.reply(commandId, 'OK', sentRequestDetail(meta, outgoing.id, text));
  stackResponse(stack, outgoing, status);
}

/** BYE while a re-INVITE of ours is open: that ends first. */
function cancelOpenInvite(stack: Stack, dialog: Dialog): void {
  if (!dialog.inviteOut) return;
  for (const open of stack.outgoing.values()) {
    if (open.dialog === dialog && open.method === 'INVITE') open.transaction?.cancel();
  }
}

function buildInDialog(stack: Stack, dialog: Dialog, fork: Fork, message: AppRequest, cseq: number): SipRequest {
  const { method, body } = message;
  const hostPort = stack.addresses.hostPort(fork.flow, fork.flow.address);
  const headers: SipHeader[] = inDialogHeaders(dialog, fork, method, cseq);
  const given = wireHeaders(message.headers, hostPort);
  if (needsContact.has(method) && findHeader(given, 'contact') === undefined) {
    headers.push({ name: 'Contact', value: dialog.contact || stack.addresses.contact(fork.flow, fork.flow.address) });
  }
  headers.push(...given);
  if (body.startsWith('v=0') && findHeader(given, 'content-type') === undefined) {
    headers.push({ name: 'Content-Type', value: 'application/sdp' });
  }
  const own = message.uri === 'sip:placeholder' || method === 'ACK' || method === 'PRACK';
  const uri = own ? fork.remoteTarget : message.uri;
  const request: SipRequest = { kind: 'request', method, uri, headers, body: Buffer.from(body) };
  if (method === 'INVITE' || method === 'UPDATE') keepSessionTimer(dialog, request);
  return request;
}

const needsContact = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);

/** PRACK goes to the fork whose provisional response it acknowledges. */
function forkOfPrack(dialog: Dialog, message: AppRequest): Fork {
  const rack = parseRAck(findHeader(message.headers, 'rack') ?? '');
  for (const fork of dialog.forks?.values() ?? []) if (fork.lastRSeq === rack?.rseq) return fork;
  return dialog.far!;
}

/** ACK to a 2xx. Kept, so that a retransmitted 2xx is acknowledged again without the application. */
function sendAck(stack: Stack, dialog: Dialog, { id, message }: InDialogCommand): void {
  const { application } = dialog;
  const open = [...(dialog.answered?.values() ?? [])].find((answered) => answered.ack === undefined);
  const { far } = dialog;
  if (!open || !far) {
    application.reply(id, 'NOK', 'Server error: ACK for non-success response is sent by the stack');
    return;
  }
  dialog.reaper?.cancel();
  dialog.reaper = undefined;
  if (message.body !== '') dialog.localSdp = message.body;
  const ack = buildInDialog(stack, dialog, far, message, open.cseq);
  open.ack = ack;
  releaseHeld(stack, dialog);
  const text = serializeText(ack);
  stack.count('sent.ACK');
  void stack.layer.send(ack, inDialogTarget(far)).catch((err: unknown) => {
    stack.log.warn({ err, sipCallId: dialog.callId }, 'ACK could not be sent');
  });
  const meta = farEnd('application', text, far.flow, stack.clock.now());
  application.reply(id, 'OK', sentRequestDetail(meta, randomUUID(), text));
  if (dialog.cancelled) {
    endDialog(stack, dialog, { cause: 'ACK-BYE due to cancel race condition', cdr: 'call-canceled' });
  }
}
