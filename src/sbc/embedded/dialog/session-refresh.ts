// The re-INVITE with which we refresh a session by ourselves (RFC 4028 §7.4): our last SDP again, acknowledged by us.
// 491 is tried again after the time of RFC 3261 §14.1, 422 with what it asks for; 408 and 481 mean that the far end is gone.

import { parseCSeq } from '../../../protocol/sip/cseq.ts';
import { header, type SipRequest, type SipResponse } from '../../../protocol/sip/message.ts';
import { inDialogHeaders, inDialogTarget, refreshTarget } from './dialog.ts';
import type { Dialog } from './records.ts';
import type { Stack } from './stack.ts';

export interface Refresh {
  /** Puts Session-Expires on the request; `leastSeconds` after a 422. */
  prepare(invite: SipRequest, leastSeconds?: number): void;
  succeeded(invite: SipRequest, response: SipResponse): void;
  /** The far end does not know the dialog, or does not answer. */
  gone(): void;
}

const busyRetryMs = 2000;

/** False when it has to wait, because another INVITE is open or the application's SDP is not known. */
export function refreshSession(stack: Stack, dialog: Dialog, refresh: Refresh, leastSeconds?: number): boolean {
  const { far } = dialog;
  if (!far || dialog.state !== 'confirmed') return false;
  if (dialog.inviteOut || dialog.inviteIn || dialog.updateOut || dialog.updateIn || dialog.unacknowledged) {
    retry(stack, dialog, refresh, busyRetryMs);
    return false;
  }
  dialog.localSeq += 1;
  const headers = inDialogHeaders(dialog, far, 'INVITE', dialog.localSeq);
  headers.push({ name: 'Contact', value: dialog.contact || stack.addresses.contact(far.flow, far.flow.address) });
  if (dialog.localSdp) headers.push({ name: 'Content-Type', value: 'application/sdp' });
  const body = Buffer.from(dialog.localSdp ?? '');
  const invite: SipRequest = { kind: 'request', method: 'INVITE', uri: far.remoteTarget, headers, body };
  refresh.prepare(invite, leastSeconds);
  dialog.inviteOut = true;
  stack.count('session-refresh');
  let answered = false;
  stack.layer.request(invite, inDialogTarget(far), {
    response(response, _text, flow) {
      const { status } = response;
      if (status < 200) return;
      if (status < 300) acknowledge(stack, dialog, response);
      if (answered) return;
      answered = true;
      dialog.inviteOut = false;
      if (stack.dialogs.byId(dialog.id) !== dialog || dialog.state !== 'confirmed') return;
      if (status < 300) {
        refreshTarget(dialog, response, flow);
        refresh.succeeded(invite, response);
      } else refused(stack, dialog, refresh, response);
    },
    failed() {
      dialog.inviteOut = false;
      if (dialog.state === 'confirmed') refresh.gone();
    },
  });
  return true;
}

function refused(stack: Stack, dialog: Dialog, refresh: Refresh, response: SipResponse): void {
  const { status } = response;
  if (status === 481 || status === 408) refresh.gone();
  else if (status === 491) {
    // Who owns the Call-ID waits longer, so that the two do not meet again.
    const waitMs = dialog.role === 'uac' ? stack.random.integer(2100, 4000) : stack.random.integer(0, 2000);
    retry(stack, dialog, refresh, waitMs);
  } else if (status === 422) {
    const least = Number.parseInt(header(response, 'min-se') ?? '', 10);
    if (least > 0) retry(stack, dialog, refresh, 0, least);
  }
  // Anything else leaves the session until it runs out.
}

function retry(stack: Stack, dialog: Dialog, refresh: Refresh, waitMs: number, leastSeconds?: number): void {
  stack.clock.after(waitMs, () => {
    if (dialog.state === 'confirmed' && dialog.sessionTimer) refreshSession(stack, dialog, refresh, leastSeconds);
  });
}

function acknowledge(stack: Stack, dialog: Dialog, response: SipResponse): void {
  const fork = dialog.far;
  if (!fork) return;
  const cseq = parseCSeq(header(response, 'cseq') ?? '')?.number ?? dialog.localSeq;
  const headers = inDialogHeaders(dialog, fork, 'ACK', cseq);
  const ack: SipRequest = { kind: 'request', method: 'ACK', uri: fork.remoteTarget, headers, body: Buffer.alloc(0) };
  void stack.layer.send(ack, inDialogTarget(fork)).catch((err: unknown) => {
    stack.log.warn({ err, sipCallId: dialog.callId }, 'ACK could not be sent');
  });
}
