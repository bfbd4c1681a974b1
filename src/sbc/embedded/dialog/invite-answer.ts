// After our 2xx to an INVITE: the ACK, or its absence (RFC 3261 §13.3.1.4). The transaction layer repeats the 2xx; when
// nothing comes for 64·T1 we end the dialog and tell its application. A BYE of ours waits for the ACK (§15).

import { tagOf } from '../../../protocol/sip/address.ts';
import { parseCSeq } from '../../../protocol/sip/cseq.ts';
import { header, type SipRequest } from '../../../protocol/sip/message.ts';
import type { Flow } from '../layers.ts';
import { messageEnvelope } from './deliver.ts';
import type { Dialog, IncomingRequest } from './records.ts';
import type { Stack } from './stack.ts';
import { endDialog } from './unsolicited.ts';

export function awaitAck(stack: Stack, dialog: Dialog, incoming: IncomingRequest): void {
  dialog.unacknowledged = { incoming, cseq: incoming.cseq };
  incoming.transaction.onEnd((why) => {
    if (why === 'done' || dialog.unacknowledged?.incoming !== incoming) return;
    dialog.unacknowledged = undefined;
    if (dialog.state === 'terminated') return;
    stack.count('ack-timeout');
    endDialog(stack, dialog, { cause: 'ACK timeout', cdr: 'system-initiated-termination' });
  });
}

/** An ACK to a 2xx. Told to the application once; repeated ones are absorbed. */
export function receiveAck(stack: Stack, ack: SipRequest, text: string, flow: Flow): void {
  const toTag = tagOf(header(ack, 'to') ?? '');
  const callId = header(ack, 'call-id') ?? '';
  const dialog = toTag === undefined ? undefined : stack.dialogs.find(callId, toTag, tagOf(header(ack, 'from') ?? ''));
  const waiting = dialog?.unacknowledged;
  if (!dialog || !waiting || parseCSeq(header(ack, 'cseq') ?? '')?.number !== waiting.cseq) {
    if (!stack.proxy.ack(ack)) stack.count('stray-ack');
    return;
  }
  dialog.unacknowledged = undefined;
  const ids = { transactionId: waiting.incoming.id, dialogId: dialog.id };
  dialog.application.deliver(messageEnvelope(stack, ids, text, flow));
  const then = dialog.afterAck;
  dialog.afterAck = undefined;
  then?.();
}
