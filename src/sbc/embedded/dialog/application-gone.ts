// When an application's connection goes: what it had not answered is answered, what it had asked for is called off, and its
// dialogs wait a little for somebody who takes them up (a re-INVITE with their Call-ID and tags, from whatever application, through
// this server or another). Then they end with BYE.

import { makeResponse } from '../../../protocol/sip/make-response.ts';
import type { Application } from '../control/application.ts';
import { sendFinal } from './final-response.ts';
import { refuse } from './incoming.ts';
import type { Dialog, IncomingRequest } from './records.ts';
import type { Stack } from './stack.ts';
import { endDialog } from './unsolicited.ts';

export function applicationGone(
  stack: Stack,
  application: Application,
  { orphanMs } = { orphanMs: stack.timers.orphanMs },
): void {
  for (const incoming of [...stack.incoming.values()]) {
    if (incoming.application !== application || incoming.proxying) continue;
    sendFinal(stack, incoming, incoming.method === 'BYE' ? 200 : 503);
  }
  for (const outgoing of [...stack.outgoing.values()]) {
    if (outgoing.application !== application) continue;
    if (outgoing.method !== 'INVITE') continue;
    outgoing.cancelled = true;
    if (outgoing.dialog && !outgoing.inDialog) outgoing.dialog.cancelled = true;
    outgoing.transaction?.cancel();
  }
  for (const dialog of stack.dialogs.of(application)) {
    // An INVITE of ours that is still open ends by its CANCEL; should its 2xx come all the same, the reaper ends it.
    if (dialog.role === 'uac' && dialog.state !== 'confirmed') continue;
    if (dialog.state === 'terminated') stack.dialogs.remove(dialog);
    else if (orphanMs === 0 || dialog.state !== 'confirmed') end(stack, dialog);
    else {
      dialog.reaper?.cancel();
      dialog.reaper = stack.clock.after(orphanMs, () => end(stack, dialog));
    }
  }
}

function end(stack: Stack, dialog: Dialog): void {
  endDialog(stack, dialog, { cause: 'application gone', cdr: 'system-initiated-termination', tell: false });
}

/** Nobody will come any more: the server closes. */
export function endOrphans(stack: Stack): void {
  for (const dialog of [...stack.dialogs.all()])
    if (!dialog.application.open && dialog.state === 'confirmed') end(stack, dialog);
}

/** A request from the network in a dialog that nobody owns at the moment: a BYE ends it, anything else may come again. */
export function receiveForOrphan(stack: Stack, dialog: Dialog, incoming: IncomingRequest): void {
  if (incoming.method !== 'BYE') return refuse(stack, incoming.transaction, 500, [{ name: 'Retry-After', value: '5' }]);
  const { transaction } = incoming;
  stack.cdr.stop('network', transaction.text, stack.clock.now(), 'normal-release');
  stack.dialogs.remove(dialog);
  transaction.respond(makeResponse(transaction.request, { status: 200 }));
}

/** Room for a re-INVITE that takes up a dialog which nobody owns any more. */
export function adoptOrphan(stack: Stack, callId: string, localTag: string, remoteTag: string): void {
  const orphan = stack.dialogs.find(callId, localTag, remoteTag);
  if (orphan && !orphan.application.open) stack.dialogs.remove(orphan);
}
