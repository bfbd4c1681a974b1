// Reliable provisional responses, as UAS (RFC 3262 §3): RSeq, retransmission until PRACK, one at a time.
// A 2xx waits until they are acknowledged. 64·T1 without PRACK refuses the INVITE with 504.

import { header, headerLines, type SipRequest, type SipResponse } from '../../../protocol/sip/message.ts';
import type { AppResponse } from '../control/commands.ts';
import { findHeader } from './app-headers.ts';
import { sendFinal } from './final-response.ts';
import type { Dialog, IncomingRequest } from './records.ts';
import type { Stack } from './stack.ts';

const option = /(^|,)\s*100rel\s*(,|$)/i;

export function isReliable(message: AppResponse): boolean {
  return option.test(findHeader(message.headers, 'require') ?? '');
}

export function supports100rel(request: SipRequest): boolean {
  return [...headerLines(request, 'supported'), ...headerLines(request, 'require')].some((line) => option.test(line));
}

/** Runs at once, or when the provisional response before it has had its PRACK. */
export function whenAcknowledged(incoming: IncomingRequest, run: () => void): void {
  // Also behind a PRACK that the application has not answered yet.
  const { reliable } = incoming;
  if (reliable && (reliable.unacknowledged || reliable.waiting.length > 0)) reliable.waiting.push(run);
  else run();
}

/** Puts RSeq on the response and starts its retransmission. The caller sends it the first time. */
export function sendReliably(stack: Stack, incoming: IncomingRequest, response: SipResponse): void {
  const { clock, timers, random } = stack;
  incoming.reliable ??= { nextRSeq: random.integer(1, 2 ** 16), unacknowledged: undefined, waiting: [] };
  const { reliable } = incoming;
  const rseq = reliable.nextRSeq;
  reliable.nextRSeq += 1;
  response.headers.push({ name: 'RSeq', value: String(rseq) });
  let intervalMs = timers.t1Ms;
  const again = () => {
    if (reliable.unacknowledged?.rseq !== rseq) return;
    incoming.transaction.respond(response);
    intervalMs *= 2;
    reliable.unacknowledged.timer = clock.after(intervalMs, again);
  };
  const deadline = clock.after(64 * timers.t1Ms, () => {
    stack.count('prack-timeout');
    sendFinal(stack, incoming, 504);
  });
  reliable.unacknowledged = { rseq, response, timer: clock.after(intervalMs, again), deadline };
}

/** True when the PRACK acknowledges what is waiting. The retransmission has then stopped; what waits goes after its answer. */
export function receivePrack(dialog: Dialog, prack: IncomingRequest): boolean {
  const invite = dialog.inviteIn;
  const waiting = invite?.reliable?.unacknowledged;
  // Liberal: some peers write more than one method behind the numbers.
  const rack = /^(\d+)\s+(\d+)\s+INVITE\b/.exec(header(prack.transaction.request, 'rack') ?? '');
  if (!invite?.reliable || !waiting || !rack) return false;
  if (Number(rack[1]) !== waiting.rseq || Number(rack[2]) !== invite.cseq) return false;
  waiting.timer.cancel();
  waiting.deadline.cancel();
  invite.reliable.unacknowledged = undefined;
  prack.afterFinal = () => sendWaiting(invite);
  return true;
}

function sendWaiting({ reliable }: IncomingRequest): void {
  while (reliable && !reliable.unacknowledged) {
    const next = reliable.waiting.shift();
    if (!next) return;
    next();
  }
}
