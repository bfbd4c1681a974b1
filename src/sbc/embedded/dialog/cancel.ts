// CANCEL in both directions (RFC 3261 §9). From the network: 200 to the CANCEL, 487 to the INVITE, and the application is
// told. After our 2xx it comes too late: 481, and the call that its caller has given up is ended.
// From an application: passed to the transaction layer, which waits for a provisional response. If nothing final follows,
// the INVITE counts as cancelled after 64·T1.

import { randomUUID } from 'node:crypto';
import { makeCancel } from '../../../protocol/sip/make-request.ts';
import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { serializeText } from '../../../protocol/sip/serialize.ts';
import type { Application } from '../control/application.ts';
import type { AppMessage } from '../control/commands.ts';
import { farEnd, sentRequestDetail } from '../control/envelopes.ts';
import type { ServerTransaction } from '../layers.ts';
import { wireHeaders } from './app-headers.ts';
import { messageEnvelope } from './deliver.ts';
import { sendFinal } from './final-response.ts';
import { refuse } from './incoming.ts';
import { stackResponse } from './network-responses.ts';
import type { IncomingRequest } from './records.ts';
import type { Stack } from './stack.ts';
import { endDialog } from './unsolicited.ts';

export function receiveCancel(stack: Stack, cancel: ServerTransaction, invite: ServerTransaction | undefined): void {
  stack.count('received.CANCEL');
  const incoming = invite && findIncoming(stack, invite);
  if (!invite || !incoming || incoming.finalStatus !== undefined) {
    if (invite && stack.proxy.cancel(invite)) {
      cancel.respond(makeResponse(cancel.request, { status: 200, toTag: stack.newTag() }));
      return;
    }
    refuse(stack, cancel, 481);
    if (invite) endUnacknowledged(stack, invite);
    return;
  }
  incoming.localTag ??= stack.newTag();
  cancel.respond(makeResponse(cancel.request, { status: 200, toTag: incoming.localTag }));
  const { application } = incoming;
  const ids = { transactionId: incoming.id, dialogId: incoming.dialog?.id ?? '' };
  const text = cancel.text;
  if (incoming.proxying) incoming.proxying.cancel();
  else sendFinal(stack, incoming, 487);
  application?.deliver(messageEnvelope(stack, ids, text, cancel.flow));
  stack.cdr.stop('network', text, stack.clock.now(), 'call-canceled');
}

function findIncoming(stack: Stack, invite: ServerTransaction): IncomingRequest | undefined {
  for (const incoming of stack.incoming.values()) if (incoming.transaction === invite) return incoming;
  return undefined;
}

/** The caller cancelled although our 2xx is on its way and not acknowledged. */
function endUnacknowledged(stack: Stack, invite: ServerTransaction): void {
  for (const dialog of stack.dialogs.all()) {
    if (dialog.unacknowledged?.incoming.transaction === invite) {
      endDialog(stack, dialog, { cause: 'CANCEL after 200 OK', cdr: 'call-canceled' });
      return;
    }
  }
}

export function cancelRequest(
  stack: Stack,
  application: Application,
  command: { id: string; transactionId: string; message: AppMessage },
): void {
  const outgoing = stack.outgoing.get(command.transactionId);
  if (!outgoing?.transaction || outgoing.application !== application || outgoing.method !== 'INVITE') {
    application.reply(command.id, 'NOK', `unable to cancel unknown transaction id: ${command.transactionId}`);
    return;
  }
  const extra = wireHeaders(command.message.headers, '').filter(({ name }) => name.toLowerCase() !== 'contact');
  outgoing.cancelled = true;
  if (outgoing.dialog && !outgoing.inDialog) outgoing.dialog.cancelled = true;
  const text = serializeText(makeCancel(outgoing.request, extra));
  const meta = farEnd('application', text, outgoing.transaction.flow, stack.clock.now());
  application.reply(command.id, 'OK', sentRequestDetail(meta, randomUUID(), text));
  outgoing.giveUp ??= stack.clock.after(64 * stack.timers.t1Ms, () => stackResponse(stack, outgoing, 487));
  outgoing.transaction.cancel(extra);
}
