// placeholder
import type { SipRequest, SipResponse } from '../../../protocol/sip/message.ts';
import type { Dialog } from './records.ts';
import type { Stack } from './stack.ts';
export function refusesInterval(_stack: Stack, _request: SipRequest): number | undefined {
  return undefined;
}
export function answerSessionTimer(
  _stack: Stack,
  _dialog: Dialog,
  _request: SipRequest,
  _response: SipResponse,
): void {}
export function offerSessionTimer(_stack: Stack, _request: SipRequest): void {}
export function keepSessionTimer(_stack: Stack, _dialog: Dialog, _request: SipRequest): void {}
export function takeSessionTimer(_stack: Stack, _dialog: Dialog, _response: SipResponse): void {}
