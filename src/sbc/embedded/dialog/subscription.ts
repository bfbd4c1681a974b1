// A SUBSCRIBE dialog that nobody refreshes ends by itself (RFC 6665 §4.1.2.2), so that none is kept for ever.

import type { Dialog } from './records.ts';
import type { Stack } from './stack.ts';

const defaultExpirySeconds = 3600;

/** Starts the clock anew with every 2xx to SUBSCRIBE. `expires` is the granted value of its header. */
export function armSubscription(stack: Stack, dialog: Dialog, expires: string | undefined): void {
  const seconds = Number.parseInt(expires ?? '', 10);
  const granted = Number.isFinite(seconds) ? seconds : defaultExpirySeconds;
  dialog.reaper?.cancel();
  dialog.reaper = stack.clock.after(granted * 1000 + 64 * stack.timers.t1Ms, () => {
    stack.count('subscription-expired');
    stack.dialogs.remove(dialog);
  });
}
