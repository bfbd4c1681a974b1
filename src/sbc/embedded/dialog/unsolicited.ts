// Dialogs that the server ends by itself: no ACK, a session that ran out, a CANCEL that crossed the answer, an application
// that is gone. The far end gets BYE; the application gets the same BYE as `unsolicited`, with the reason in words.

import type { SipRequest } from '../../../protocol/sip/message.ts';
import { serializeText } from '../../../protocol/sip/serialize.ts';
import { farEnd, sipEnvelope } from '../control/envelopes.ts';
import type { StopReason } from './cdr.ts';
import { deliverToDialog } from './deliver.ts';
import { inDialogHeaders, inDialogTarget } from './dialog.ts';
import type { Dialog } from './records.ts';
import type { Stack } from './stack.ts';

interface Why {
  /** Goes into Reason; drachtio-srf hands it to `destroy` listeners. */
  cause: string;
  cdr: StopReason;
  /** False when the application is gone or knows already. */
  tell?: boolean;
}

export function endDialog(stack: Stack, dialog: Dialog, { cause, cdr, tell = true }: Why): void {
  const bye = byeFor(dialog, cause);
  stack.dialogs.remove(dialog);
  if (!bye) return;
  const text = serializeText(bye);
  sendBye(stack, dialog, bye);
  stack.cdr.stop('application', text, stack.clock.now(), cdr);
  if (!tell) return;
  const meta = farEnd('application', text, dialog.far?.flow, stack.clock.now());
  deliverToDialog(
    stack,
    dialog,
    sipEnvelope(meta, { transactionId: 'unsolicited', dialogId: dialog.id }, undefined, text),
  );
}

function byeFor(dialog: Dialog, cause: string): SipRequest | undefined {
  const { far } = dialog;
  if (!far) return undefined;
  dialog.localSeq += 1;
  const headers = inDialogHeaders(dialog, far, 'BYE', dialog.localSeq);
  headers.push({ name: 'Reason', value: `SIP;cause=200;text="${cause}"` });
  return { kind: 'request', method: 'BYE', uri: far.remoteTarget, headers, body: Buffer.alloc(0) };
}

function sendBye(stack: Stack, dialog: Dialog, bye: SipRequest): void {
  stack.count('sent.BYE');
  stack.layer.request(bye, inDialogTarget(dialog.far!), {
    response: () => {},
    failed: (why) => stack.log.debug({ why, sipCallId: dialog.callId }, 'BYE of our own was not answered'),
  });
}
