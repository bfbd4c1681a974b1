// The life of a request from the network on our books: taken up, handed to an application, answered in the end by somebody.

import { randomUUID } from 'node:crypto';
import { parseCSeq } from '../../../protocol/sip/cseq.ts';
import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { header, type SipHeader } from '../../../protocol/sip/message.ts';
import type { Application } from '../control/application.ts';
import type { ServerTransaction } from '../layers.ts';
import { deliverToDialog, requestEnvelope } from './deliver.ts';
import { finishIncoming, sendFinal } from './final-response.ts';
import type { Dialog, IncomingRequest } from './records.ts';
import type { Stack } from './stack.ts';

/** Gives a new request to an application. */
export function hand(incoming: IncomingRequest, application: Application): void {
  incoming.application = application;
  application.deliver(requestEnvelope(incoming));
}

export function newIncoming(
  transaction: ServerTransaction,
  dialog: Dialog | undefined,
  application: Application | undefined,
): IncomingRequest {
  const { request } = transaction;
  return {
    id: randomUUID(),
    method: request.method,
    transaction,
    callId: header(request, 'call-id') ?? '',
    cseq: parseCSeq(header(request, 'cseq') ?? '')?.number ?? 0,
    application,
    dialog,
    inDialog: dialog !== undefined,
    localTag: dialog?.localTag,
    finalStatus: undefined,
    giveUp: undefined,
    reliable: undefined,
    afterFinal: undefined,
    proxying: undefined,
  };
}

/** From here on the request is known to applications, and will be answered whatever happens. */
export function track(stack: Stack, incoming: IncomingRequest): void {
  const { timers, clock } = stack;
  stack.incoming.set(incoming.id, incoming);
  const invite = incoming.method === 'INVITE';
  if (invite && !incoming.inDialog) addPendingInvite(stack, incoming);
  const waitMs = invite ? timers.unansweredInviteMs : timers.unansweredRequestMs;
  incoming.giveUp = clock.after(waitMs, () => {
    stack.count('unanswered');
    const status = invite ? 480 : incoming.method === 'BYE' ? 200 : 500;
    stack.log.warn({ sipCallId: incoming.callId, method: incoming.method }, 'the application did not answer a request');
    sendFinal(stack, incoming, status);
  });
  incoming.transaction.onEnd((why) => {
    if (why === 'transport' && incoming.finalStatus === undefined) finishIncoming(stack, incoming, 503);
  });
}

function addPendingInvite(stack: Stack, incoming: IncomingRequest): void {
  const pending = stack.pendingInvites.get(incoming.callId);
  if (pending) pending.add(incoming);
  else stack.pendingInvites.set(incoming.callId, new Set([incoming]));
}

/** Hands a request of a dialog to the dialog's application. */
export function handInDialog(stack: Stack, dialog: Dialog, incoming: IncomingRequest): void {
  track(stack, incoming);
  if (incoming.method === 'INVITE') {
    incoming.transaction.respond(makeResponse(incoming.transaction.request, { status: 100 }));
  }
  deliverToDialog(stack, dialog, requestEnvelope(incoming));
}

/** Answers without any application having seen the request. */
export function refuse(stack: Stack, transaction: ServerTransaction, status: number, headers?: SipHeader[]): void {
  stack.count(`refused.${status}`);
  if (transaction.finalStatus !== undefined) return;
  transaction.respond(makeResponse(transaction.request, { status, toTag: stack.newTag(), headers }));
}
