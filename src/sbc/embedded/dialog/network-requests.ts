// Requests from the network: in a dialog, or new and for an application that routed the method (RFC 3261 §8.2, §12.2.2).
//   To tag of a dialog of ours ─▶ its application;   To tag of nobody ─▶ 481;   no To tag ─▶ the verb's application in turn
// Whatever nobody answers gets a final response in the end. ACK and CANCEL are ack.ts and cancel.ts.

import { tagOf } from '../../../protocol/sip/address.ts';
import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { header } from '../../../protocol/sip/message.ts';
import { asError } from '../../../shared/errors.ts';
import type { ServerTransaction } from '../layers.ts';
import { dialogIdOf } from './dialog.ts';
import { sendFinal } from './final-response.ts';
import { receiveInDialog } from './in-dialog-receive.ts';
import { hand, newIncoming, refuse, track } from './incoming.ts';
import { refusesInterval } from './session-timer.ts';
import type { Stack } from './stack.ts';

/** Methods an application may route; everything else out of a dialog is answered here. */
const routable = new Set([
  'INVITE',
  'REGISTER',
  'MESSAGE',
  'OPTIONS',
  'INFO',
  'NOTIFY',
  'SUBSCRIBE',
  'PUBLISH',
  'REFER',
]);
const onlyInDialog = new Set(['BYE', 'UPDATE', 'PRACK']);
const allowedMethods =
  'INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, MESSAGE, SUBSCRIBE, NOTIFY, PUBLISH, PRACK, UPDATE, REFER';

export function receiveRequest(stack: Stack, transaction: ServerTransaction): void {
  try {
    classify(stack, transaction);
  } catch (thrown) {
    stack.count('fault.request');
    const sipCallId = header(transaction.request, 'call-id');
    stack.log.error({ err: asError(thrown), sipCallId }, 'handling a request failed');
    refuse(stack, transaction, 500);
  }
}

function classify(stack: Stack, transaction: ServerTransaction): void {
  const { request } = transaction;
  const toTag = tagOf(header(request, 'to') ?? '');
  const callId = header(request, 'call-id') ?? '';
  const fromTag = tagOf(header(request, 'from') ?? '');
  stack.count(`received.${request.method}`);
  if (toTag !== undefined) {
    const dialog = stack.dialogs.find(callId, toTag, fromTag);
    if (dialog) receiveInDialog(stack, dialog, newIncoming(transaction, dialog, dialog.application));
    else if (!stack.proxy.inDialog(transaction)) refuse(stack, transaction, 481);
    return;
  }
  if (onlyInDialog.has(request.method)) {
    refuse(stack, transaction, 481);
    return;
  }
  if (!routable.has(request.method)) {
    refuse(stack, transaction, 501, [{ name: 'Allow', value: allowedMethods }]);
    return;
  }
  if (request.method === 'INVITE' && isSecondFork(stack, callId, fromTag)) {
    // The same call by another way, or a second INVITE while the first is open (RFC 3261 §8.2.2.2).
    refuse(stack, transaction, 482);
    return;
  }
  const minSeconds = request.method === 'INVITE' ? refusesInterval(stack, request) : undefined;
  if (minSeconds !== undefined) {
    refuse(stack, transaction, 422, [{ name: 'Min-SE', value: String(minSeconds) }]);
    return;
  }
  receiveNew(stack, transaction);
}

function isSecondFork(stack: Stack, callId: string, fromTag: string | undefined): boolean {
  if (stack.dialogs.byId(dialogIdOf(callId, fromTag))) return true;
  for (const pending of stack.pendingInvites.get(callId) ?? []) {
    if (tagOf(header(pending.transaction.request, 'from') ?? '') === fromTag) return true;
  }
  return false;
}

function receiveNew(stack: Stack, transaction: ServerTransaction): void {
  const incoming = newIncoming(transaction, undefined, undefined);
  if (incoming.method === 'INVITE') {
    transaction.respond(makeResponse(transaction.request, { status: 100 }));
    stack.cdr.attempt('network', transaction.text, stack.clock.now());
  }
  track(stack, incoming);
  if (stack.routeOutbound(incoming)) return;
  const application = stack.control.routes.next(incoming.method.toLowerCase());
  if (application) hand(incoming, application);
  else if (incoming.method === 'REFER') sendFinal(stack, incoming, 405, [{ name: 'Allow', value: allowedMethods }]);
  else {
    stack.count('refused.no-application');
    sendFinal(stack, incoming, 503);
  }
}
