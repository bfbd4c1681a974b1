// A request from the network inside a dialog (RFC 3261 §12.2.2, §14.2, §15.1.2; RFC 3311 §5.2; RFC 3262 §3).
// Refuses what may not come now (old CSeq, glare), keeps the dialog's state, and hands the rest to the application.

import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { header, type SipHeader } from '../../../protocol/sip/message.ts';
import { receiveForOrphan } from './application-gone.ts';
import { messageEnvelope } from './deliver.ts';
import { refreshTarget } from './dialog.ts';
import { sendFinal } from './final-response.ts';
import { handInDialog, refuse } from './incoming.ts';
import type { Dialog, IncomingRequest } from './records.ts';
import { receivePrack } from './reliable-provisionals.ts';
import { refusesInterval } from './session-timer.ts';
import type { Stack } from './stack.ts';

export function receiveInDialog(stack: Stack, dialog: Dialog, incoming: IncomingRequest): void {
  const { transaction, cseq, method } = incoming;
  if (dialog.remoteSeq !== undefined && cseq < dialog.remoteSeq) {
    refuse(stack, transaction, 500, [{ name: 'Retry-After', value: '0' }]);
    return;
  }
  dialog.remoteSeq = cseq;
  if (!dialog.application.open && dialog.state === 'confirmed') return receiveForOrphan(stack, dialog, incoming);
  const blocked = glare(stack, dialog, incoming);
  if (blocked) {
    const headers: SipHeader[] =
      blocked === 500 ? [{ name: 'Retry-After', value: String(stack.random.integer(0, 10)) }] : [];
    refuse(stack, transaction, blocked, headers);
    return;
  }
  switch (method) {
    case 'BYE':
      receiveBye(stack, dialog, incoming);
      return;
    case 'PRACK':
      if (receivePrack(dialog, incoming)) handInDialog(stack, dialog, incoming);
      else refuse(stack, transaction, 481);
      return;
    case 'INVITE':
    case 'UPDATE':
      receiveOffer(stack, dialog, incoming);
      return;
    case 'NOTIFY':
      receiveNotify(stack, dialog, incoming);
      return;
    default:
      if (method === 'SUBSCRIBE') refreshTarget(dialog, transaction.request, transaction.flow);
      handInDialog(stack, dialog, incoming);
  }
}

/** The status that refuses a request which crosses another, if it does. */
function glare(stack: Stack, dialog: Dialog, { method }: IncomingRequest): number | undefined {
  if (method === 'INVITE') {
    if (dialog.inviteIn) return 500;
    if (dialog.inviteOut || dialog.updateOut) return 491;
  }
  if (method === 'UPDATE') {
    if (dialog.updateIn) return 500;
    if (dialog.updateOut || (dialog.state === 'confirmed' && dialog.inviteOut)) return 491;
  }
  if (dialog.state === 'terminated') {
    stack.count('request-after-bye');
    return 481;
  }
  return undefined;
}

function receiveOffer(stack: Stack, dialog: Dialog, incoming: IncomingRequest): void {
  const { request, flow } = incoming.transaction;
  const minSeconds = refusesInterval(stack, request);
  if (minSeconds !== undefined) {
    refuse(stack, incoming.transaction, 422, [{ name: 'Min-SE', value: String(minSeconds) }]);
    return;
  }
  refreshTarget(dialog, request, flow);
  if (incoming.method === 'INVITE') dialog.inviteIn = incoming;
  else dialog.updateIn = true;
  handInDialog(stack, dialog, incoming);
}

function receiveBye(stack: Stack, dialog: Dialog, incoming: IncomingRequest): void {
  const early = dialog.state !== 'confirmed';
  stack.cdr.stop('network', incoming.transaction.text, stack.clock.now(), early ? 'call-canceled' : 'normal-release');
  // An INVITE that is still open ends first (RFC 3261 §15.1.2). For an early dialog that is all there is to it: the
  // application is told as by CANCEL.
  if (dialog.inviteIn) {
    const invite = dialog.inviteIn;
    sendFinal(stack, invite, 487);
    if (early) {
      incoming.transaction.respond(makeResponse(incoming.transaction.request, { status: 200 }));
      const text = incoming.transaction.text.replace(/^BYE /, 'CANCEL ');
      const ids = { transactionId: invite.id, dialogId: dialog.id };
      dialog.application.deliver(messageEnvelope(stack, ids, text, incoming.transaction.flow));
      return;
    }
  }
  dialog.state = 'terminated';
  dialog.afterAck = undefined;
  handInDialog(stack, dialog, incoming);
}

function receiveNotify(stack: Stack, dialog: Dialog, incoming: IncomingRequest): void {
  const { request, flow } = incoming.transaction;
  if (dialog.kind === 'SUBSCRIBE' && dialog.role === 'uac') refreshTarget(dialog, request, flow);
  const terminated = /^terminated/i.test(header(request, 'subscription-state') ?? '');
  handInDialog(stack, dialog, incoming);
  if (terminated && dialog.kind === 'SUBSCRIBE') stack.dialogs.remove(dialog);
}
