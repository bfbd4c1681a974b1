// Sending an application's request and bringing back what comes: responses from the network, or ones that the stack makes
// when nothing comes (408, 503). For INVITE: early dialogs and forks, reliable provisional responses told once, 2xx
// retransmissions acknowledged again, further forks' 2xx acknowledged and ended (RFC 3261 §13.2.2, RFC 3262 §4).

import { tagOf } from '../../../protocol/sip/address.ts';
import { parseCSeq } from '../../../protocol/sip/cseq.ts';
import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { header, type SipRequest, type SipResponse } from '../../../protocol/sip/message.ts';
import { serializeText } from '../../../protocol/sip/serialize.ts';
import { asError } from '../../../shared/errors.ts';
import { farEnd, sentRequestDetail } from '../control/envelopes.ts';
import type { Flow, Target } from '../layers.ts';
import { keepApart, messageEnvelope } from './deliver.ts';
import { forkOf, inDialogHeaders, inDialogTarget, refreshTarget } from './dialog.ts';
import type { Dialog, OutgoingRequest } from './records.ts';
import { takeSessionTimer } from './session-timer.ts';
import type { Stack } from './stack.ts';
import { armSubscription } from './subscription.ts';
import { endDialog } from './unsolicited.ts';

/** Sends, replies to the application's command with the request as sent, and follows the transaction. */
export function send(stack: Stack, outgoing: OutgoingRequest, target: Target, commandId: string): void {
  let replied = false;
  const reply = (text: string, flow: Flow | undefined) => {
    if (replied) return;
    replied = true;
    const meta = farEnd('application', text, flow, stack.clock.now());
    outgoing.application.reply(commandId, 'OK', sentRequestDetail(meta, outgoing.id, text));
  };
  stack.outgoing.set(outgoing.id, outgoing);
  stack.count(`sent.${outgoing.method}`);
  outgoing.transaction = stack.layer.request(outgoing.request, target, {
    sent(request, text, flow) {
      outgoing.request = request;
      reply(text, flow);
      if (outgoing.method === 'INVITE' && !outgoing.inDialog) stack.cdr.attempt('application', text, stack.clock.now());
    },
    response(response, text, flow) {
      reply(serializeText(outgoing.request), flow);
      try {
        receiveResponse(stack, outgoing, response, text, flow);
      } catch (thrown) {
        stack.count('fault.response');
        stack.log.error({ err: asError(thrown), method: outgoing.method }, 'handling a response failed');
      }
    },
    failed(why) {
      reply(serializeText(outgoing.request), undefined);
      stack.count(`failed.${why}`);
      stackResponse(stack, outgoing, why === 'timeout' ? 408 : 503, failureReason[why]);
    },
  });
}

const failureReason = { timeout: 'Request Timeout', dns: 'DNS Error', transport: 'Transport Error' } as const;

/** A final response that the stack makes for the far end. */
export function stackResponse(stack: Stack, outgoing: OutgoingRequest, status: number, reason?: string): void {
  if (!stack.outgoing.has(outgoing.id) && outgoing.transaction) return;
  const response = makeResponse(outgoing.request, { status, reason, toTag: stack.newTag() });
  const text = serializeText(response);
  finish(stack, outgoing, status);
  const ids = { transactionId: outgoing.id, dialogId: outgoing.dialog?.id ?? '' };
  const payload = messageEnvelope(stack, ids, text, undefined);
  outgoing.application.deliver(payload.replace(`|network|${Buffer.byteLength(text)}|`, '|network|0|'));
}

function receiveResponse(
  stack: Stack,
  outgoing: OutgoingRequest,
  response: SipResponse,
  text: string,
  flow: Flow,
): void {
  const { status } = response;
  const { dialog } = outgoing;
  if (status === 100) return;
  if (outgoing.method === 'INVITE' && status >= 200 && status < 300) {
    receiveAnswer(stack, outgoing, response, text, flow);
    return;
  }
  if (!stack.outgoing.has(outgoing.id)) return;
  if (dialog && !outgoing.inDialog && status < 300 && !establish(stack, dialog, outgoing, response, flow)) return;
  if (status >= 200) {
    if (dialog && outgoing.inDialog) afterInDialog(stack, dialog, outgoing, response, flow);
    finish(stack, outgoing, status);
    if (outgoing.method === 'INVITE' && !outgoing.inDialog) {
      stack.cdr.stop('network', text, stack.clock.now(), status === 487 ? 'call-canceled' : 'call-rejected');
    }
  }
  tell(stack, outgoing, text, flow);
}

function tell(stack: Stack, outgoing: OutgoingRequest, text: string, flow: Flow): void {
  const ids = { transactionId: outgoing.id, dialogId: outgoing.dialog?.id ?? '' };
  outgoing.application.deliver(messageEnvelope(stack, ids, text, flow));
}

/** A response below 300 to what makes the dialog. False when the application has had it already. */
function establish(
  stack: Stack,
  dialog: Dialog,
  outgoing: OutgoingRequest,
  response: SipResponse,
  flow: Flow,
): boolean {
  if (response.status < 200 && tagOf(header(response, 'to') ?? '') === undefined) return true;
  const fork = forkOf(dialog, response, flow);
  if (dialog.state === 'trying') dialog.state = 'early';
  if (outgoing.method === 'SUBSCRIBE' && response.status >= 200) {
    dialog.state = 'confirmed';
    armSubscription(stack, dialog, header(response, 'expires') ?? header(outgoing.request, 'expires'));
  }
  const rseq = Number.parseInt(header(response, 'rseq') ?? '', 10);
  if (response.status >= 200 || !Number.isFinite(rseq)) return true;
  // In order and once each; a repeated one means that its PRACK is still on the way (RFC 3262 §4).
  if (fork.lastRSeq !== undefined && rseq !== fork.lastRSeq + 1) return false;
  fork.lastRSeq = rseq;
  return true;
}

/** 2xx to an INVITE of ours: the first, a retransmission, or another fork's. */
function receiveAnswer(stack: Stack, outgoing: OutgoingRequest, response: SipResponse, text: string, flow: Flow): void {
  const dialog = outgoing.dialog!;
  const cseq = parseCSeq(header(response, 'cseq') ?? '')?.number ?? 0;
  const forkTag = tagOf(header(response, 'to') ?? '') ?? '';
  const key = `${cseq} ${forkTag}`;
  const known = dialog.answered?.get(key);
  if (known) {
    stack.count('retransmitted-2xx');
    if (known.ack) acknowledgeAgain(stack, dialog, known.ack);
    return;
  }
  if (!stack.outgoing.has(outgoing.id)) {
    endExtraFork(stack, dialog, response, flow, cseq);
    return;
  }
  if (outgoing.inDialog) refreshTarget(dialog, response, flow);
  else forkOf(dialog, response, flow);
  dialog.state = 'confirmed';
  dialog.answered ??= new Map();
  for (const [old, { ack }] of dialog.answered) if (ack) dialog.answered.delete(old);
  dialog.answered.set(key, { cseq, forkTag, ack: undefined });
  takeSessionTimer(stack, dialog, outgoing.request, response);
  finish(stack, outgoing, response.status);
  dialog.reaper?.cancel();
  dialog.reaper = stack.clock.after(64 * stack.timers.t1Ms, () => {
    stack.count('application-did-not-acknowledge');
    acknowledgeAgain(stack, dialog, plainAck(dialog, cseq));
    endDialog(stack, dialog, { cause: 'the application did not acknowledge', cdr: 'system-initiated-termination' });
  });
  if (!outgoing.inDialog) {
    keepApart(stack, dialog);
    stack.cdr.start('network', text, stack.clock.now(), 'uac');
  }
  tell(stack, outgoing, text, flow);
}

function acknowledgeAgain(stack: Stack, dialog: Dialog, ack: SipRequest): void {
  if (!dialog.far) return;
  void stack.layer.send(ack, inDialogTarget(dialog.far)).catch((err: unknown) => {
    stack.log.warn({ err, sipCallId: dialog.callId }, 'ACK could not be sent');
  });
}

function plainAck(dialog: Dialog, cseq: number): SipRequest {
  const fork = dialog.far!;
  const headers = inDialogHeaders(dialog, fork, 'ACK', cseq);
  return { kind: 'request', method: 'ACK', uri: fork.remoteTarget, headers, body: Buffer.alloc(0) };
}

/** Somebody else answered too: ACK, then BYE (RFC 3261 §13.2.2.4). The application hears nothing of it. */
function endExtraFork(stack: Stack, dialog: Dialog, response: SipResponse, flow: Flow, cseq: number): void {
  stack.count('extra-fork-ended');
  const extra: Dialog = { ...dialog, forks: new Map(), localSeq: cseq, sessionTimer: undefined, reaper: undefined };
  forkOf(extra, response, flow);
  acknowledgeAgain(stack, extra, plainAck(extra, cseq));
  endDialog(stack, extra, { cause: 'answered by another', cdr: 'call-rejected', tell: false });
}

/** What a final response to a request inside the dialog means for the dialog. */
function afterInDialog(
  stack: Stack,
  dialog: Dialog,
  outgoing: OutgoingRequest,
  response: SipResponse,
  flow: Flow,
): void {
  const { status } = response;
  const { method } = outgoing;
  if ((method === 'UPDATE' || method === 'SUBSCRIBE') && status < 300) refreshTarget(dialog, response, flow);
  if (method === 'UPDATE' && status < 300) takeSessionTimer(stack, dialog, outgoing.request, response);
  if (method === 'SUBSCRIBE' && status < 300) {
    armSubscription(stack, dialog, header(response, 'expires') ?? header(outgoing.request, 'expires'));
  }
  if (method === 'BYE' && status !== 401 && status !== 407) {
    stack.cdr.stop('application', serializeText(outgoing.request), stack.clock.now(), 'normal-release');
  }
}

/** Takes a request of an application off the books; removes the dialog that its outcome ends. */
function finish(stack: Stack, outgoing: OutgoingRequest, status: number): void {
  const { dialog, method } = outgoing;
  outgoing.giveUp?.cancel();
  stack.outgoing.delete(outgoing.id);
  outgoing.onFinal?.(status);
  if (!dialog) return;
  if (method === 'INVITE') dialog.inviteOut = false;
  if (method === 'UPDATE') dialog.updateOut = false;
  const challenged = status === 401 || status === 407;
  if (!outgoing.inDialog) {
    if (status >= 300) stack.dialogs.remove(dialog);
    return;
  }
  if (challenged) return;
  if (method === 'BYE' || (method === 'NOTIFY' && endsSubscription(dialog, outgoing.request)))
    stack.dialogs.remove(dialog);
}

function endsSubscription(dialog: Dialog, notify: SipRequest): boolean {
  return dialog.kind === 'SUBSCRIBE' && /^terminated/i.test(header(notify, 'subscription-state') ?? '');
}
