// Messages for the application that owns a dialog. drachtio-srf makes its Dialog object when it reads the echo of the 200,
// but the application's listeners are only there a turn of its event loop later; a BYE in the same segment would find
// nobody. So a dialog's requests are kept apart from the echo by `apartMs`, in order. ACK may follow at once.

import { farEnd, sipEnvelope } from '../control/envelopes.ts';
import type { Flow } from '../layers.ts';
import type { Dialog, IncomingRequest } from './records.ts';
import type { Stack } from './stack.ts';

/** From now on the dialog's requests wait a little. */
export function keepApart(stack: Stack, dialog: Dialog): void {
  dialog.held.untilMs = stack.clock.now() + stack.timers.apartMs;
}

/** The application has shown that it has the answer: what waits may go. */
export function releaseHeld(stack: Stack, dialog: Dialog): void {
  const { held } = dialog;
  held.untilMs = stack.clock.now();
  held.timer?.cancel();
  held.timer = undefined;
  // A turn later, so that whoever hears of the answer now is listening by then.
  if (held.payloads.length > 0) held.timer = stack.clock.after(1, () => flushHeld(dialog));
}

function flushHeld(dialog: Dialog): void {
  dialog.held.timer = undefined;
  for (const waiting of dialog.held.payloads.splice(0)) dialog.application.deliver(waiting);
}

export function deliverToDialog(stack: Stack, dialog: Dialog, payload: string): void {
  const { held } = dialog;
  const waitMs = held.untilMs - stack.clock.now();
  if (waitMs <= 0 && held.payloads.length === 0) {
    dialog.application.deliver(payload);
    return;
  }
  held.payloads.push(payload);
  held.timer ??= stack.clock.after(Math.max(waitMs, 1), () => flushHeld(dialog));
}

/** The header line and text of a request from the network. */
export function requestEnvelope(incoming: IncomingRequest): string {
  const { transaction, dialog } = incoming;
  const { text, flow, receivedAtMs } = transaction;
  const dialogId = incoming.inDialog ? (dialog?.id ?? '') : '';
  return sipEnvelope(farEnd('network', text, flow, receivedAtMs), { transactionId: incoming.id, dialogId }, flow, text);
}

/** A message with ids of its own choosing: ACK, CANCEL, responses. */
export function messageEnvelope(
  stack: Stack,
  ids: { transactionId: string; dialogId: string },
  text: string,
  flow: Flow | undefined,
): string {
  return sipEnvelope(farEnd('network', text, flow, stack.clock.now()), ids, flow, text);
}
