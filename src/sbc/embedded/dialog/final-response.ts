// Ending a request from the network: a final response that the server makes itself, and taking the request off the books.

import { makeResponse } from '../../../protocol/sip/make-response.ts';
import type { SipHeader } from '../../../protocol/sip/message.ts';
import type { IncomingRequest } from './records.ts';
import type { Stack } from './stack.ts';

/** Answers in the application's place; does nothing when the request has its final response. */
export function sendFinal(
  stack: Stack,
  incoming: IncomingRequest,
  status: number,
  headers?: SipHeader[],
  reason?: string,
): void {
  if (incoming.finalStatus !== undefined) return;
  const toTag = incoming.localTag ?? stack.newTag();
  const { transaction } = incoming;
  finishIncoming(stack, incoming, status);
  transaction.respond(makeResponse(transaction.request, { status, reason, toTag, headers }));
}

/** The request has, or needs, no further response. A dialog that its refusal ends is removed. */
export function finishIncoming(stack: Stack, incoming: IncomingRequest, status: number): void {
  const { dialog } = incoming;
  incoming.finalStatus = status;
  incoming.giveUp?.cancel();
  incoming.reliable?.unacknowledged?.timer.cancel();
  incoming.reliable?.unacknowledged?.deadline.cancel();
  incoming.reliable = undefined;
  stack.incoming.delete(incoming.id);
  if (incoming.afterFinal) queueMicrotask(incoming.afterFinal);
  if (incoming.method === 'INVITE' && !incoming.inDialog) {
    const pending = stack.pendingInvites.get(incoming.callId);
    pending?.delete(incoming);
    if (pending?.size === 0) stack.pendingInvites.delete(incoming.callId);
  }
  if (!dialog) return;
  if (dialog.inviteIn === incoming) dialog.inviteIn = undefined;
  if (incoming.method === 'UPDATE') dialog.updateIn = false;
  const endsDialog = incoming.inDialog ? incoming.method === 'BYE' : status >= 300;
  if (endsDialog) stack.dialogs.remove(dialog);
}
