// When an application's connection goes: what it had not answered is answered, what it had asked for is called off, and its
// dialogs end with BYE, since no other application can take them over. Nothing of it is kept.

import type { Application } from '../control/application.ts';
import { sendFinal } from './final-response.ts';
import type { Stack } from './stack.ts';
import { endDialog } from './unsolicited.ts';

export function applicationGone(stack: Stack, application: Application): void {
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
    else endDialog(stack, dialog, { cause: 'application gone', cdr: 'system-initiated-termination', tell: false });
  }
}
