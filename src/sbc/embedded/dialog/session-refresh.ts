// The request with which we refresh a session by ourselves (RFC 4028 §7.4): UPDATE without SDP where the far end takes it,
// otherwise a re-INVITE with our last SDP again, acknowledged by us.
// 491 is tried again after the time of RFC 3261 §14.1, 422 with what it asks for; 408 and 481 mean that the far end is gone.

import { parseCSeq } from '../../../protocol/sip/cseq.ts';
import { header, type SipRequest, type SipResponse } from '../../../protocol/sip/message.ts';
import { inDialogHeaders, inDialogTarget, refreshTarget } from './dialog.ts';
import type { Dialog } from './records.ts';
import type { Stack } from './stack.ts';

export interface Refresh {
  /** Puts Session-Expires on the request; `leastSeconds` after a 422. */
  prepare(request: SipRequest, leastSeconds?: number): void;
  succeeded(request: SipRequest, response: SipResponse): void;
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
  const method = dialog.farTakesUpdate ? 'UPDATE' : 'INVITE';
  const headers = inDialogHeaders(dialog, far, method, dialog.localSeq);
  headers.push({ name: 'Contact', value: dialog.contact || stack.addresses.contact(far.flow, far.flow.address) });
  const sdp = method === 'INVITE' ? dialog.localSdp : undefined;
  if (sdp) headers.push({ name: 'Content-Type', value: 'application/sdp' });
  const request: SipRequest = {
    kind: 'request',
    method,
    uri: far.remoteTarget,
    headers,
    body: Buffer.from(sdp ?? ''),
  };
  refresh.prepare(request, leastSeconds);
  const open = method === 'INVITE' ? 'inviteOut' : 'updateOut';
  dialog[open] = true;
  stack.count('session-refresh');
  let answered = false;
  stack.layer.request(request, inDialogTarget(far), {
    response(response, _text, flow) {
      const { status } = response;
      if (status < 200) return;
      if (status < 300 && method === 'INVITE') acknowledge(stack, dialog, response);
      if (answered) return;
      answered = true;
      dialog[open] = false;
      if (stack.dialogs.byId(dialog.id) !== dialog || dialog.state !== 'confirmed') return;
      if (status < 300) {
        refreshTarget(dialog, response, flow);
        refresh.succeeded(request, response);
      } else refused(stack, dialog, refresh, response);
    },
    failed() {
      dialog[open] = false;
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
  } else if (dialog.farTakesUpdate && (status === 405 || status === 501)) {
    dialog.farTakesUpdate = false;
    retry(stack, dialog, refresh, 0);
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
