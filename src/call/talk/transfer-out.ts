// The flow sends a customer to an outside number: a second leg through a trunk, joined with the first.
// The customer's number does not go along: the company's number is presented.

import type { FlowAction } from '../../routing/flow/flow.ts';
import type { CallState, Centre } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { callCarrier } from '../outbound/call-carrier.ts';
import { tell } from '../parts.ts';

export async function transferOut(
  centre: Centre,
  call: CallState,
  action: Extract<FlowAction, { kind: 'transfer' }>,
): Promise<{ kind: 'connected' } | { kind: 'failed'; because: string }> {
  const allowed = centre.parts.checkDial(action.number);
  if (allowed.kind === 'refused') {
    call.log.error({ because: allowed.because }, 'flow asks for a number that must not be dialled');
    return { kind: 'failed', because: allowed.because };
  }
  const customer = call.customer;
  if (!customer) return { kind: 'failed', because: 'nobody to transfer' };
  const ringback = customer.endpoint.play({ kind: 'ringback' }, { loop: true });
  const outcome = await callCarrier(centre, {
    call,
    to: allowed.number,
    presentedNumber: call.companyNumber,
    ringTimeoutSeconds: action.ringTimeoutSeconds,
    signal: call.over.signal,
  });
  ringback.stop();
  if (outcome.kind === 'failed') return { kind: 'failed', because: outcome.ended.cause };
  const { leg, endpoint } = outcome.party;
  if (isOver(call)) {
    await Promise.allSettled([leg.end('cancelled'), endpoint.close()]);
    return { kind: 'connected' };
  }
  call.over.signal.addEventListener('abort', () => void Promise.allSettled([leg.end(), endpoint.close()]));
  // Whoever is at the outside number is neither customer nor agent: the call ends on the carrier's side.
  leg.on('ended', ({ cause }) => void endCall(centre, call, { cause, side: 'carrier' }));
  endpoint.on('mediaTimeout', () => void endCall(centre, call, { cause: 'media-timeout', side: 'carrier' }));
  endpoint.on('ended', ({ because }) => {
    if (because === 'lost') void endCall(centre, call, { cause: 'media-lost', side: 'us' });
  });
  tell(centre.parts, { type: 'call-transferred', callId: call.id, to: { kind: 'number', name: action.number } });
  call.log.info({ ringMs: outcome.ringMs }, 'transferred to an outside number');
  await customer.endpoint.bridge(endpoint);
  call.phase = 'talking';
  return { kind: 'connected' };
}
