// The customer goes to a number outside: a second leg through a trunk, joined with the first. The customer's number does not go
// along: the company's number is presented. By a flow (transferOut), or by an agent (blind.ts).

import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { FlowAction } from '../../routing/flow/flow.ts';
import type { CallState, Centre } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import { callCarrier } from '../outbound/call-carrier.ts';
import { tell } from '../parts.ts';
import { arrangeAudio } from '../talk/arrange-audio.ts';
import { watchOutside } from './consult.ts';
import { dismiss } from './end-of-party.ts';

type Outcome = { kind: 'connected' } | { kind: 'failed'; because: string };

export async function transferOut(
  centre: Centre,
  call: CallState,
  action: Extract<FlowAction, { kind: 'transfer' }>,
): Promise<Outcome> {
  const allowed = centre.parts.checkDial(action.number);
  if (allowed.kind === 'refused') {
    call.log.error({ because: allowed.because }, 'flow asks for a number that must not be dialled');
    return { kind: 'failed', because: allowed.because };
  }
  const { ringTimeoutSeconds } = action;
  const outcome = await goOutside(centre, call, { to: allowed.number, ringTimeoutSeconds });
  if (outcome.kind === 'connected')
    tell(centre.parts, { type: 'call-transferred', callId: call.id, to: { kind: 'number', name: action.number } });
  return outcome;
}

/** When somebody answers there both are joined. 'connected' also when the call is over meanwhile. */
export async function goOutside(
  centre: Centre,
  call: CallState,
  { to, ringTimeoutSeconds }: { to: PhoneNumber; ringTimeoutSeconds: number },
): Promise<Outcome> {
  const { customer } = call;
  if (!customer) return { kind: 'failed', because: 'nobody to transfer' };
  // From an agent, the music of the hold goes on.
  const ringback = call.phase === 'directed' ? undefined : customer.endpoint.play({ kind: 'ringback' }, { loop: true });
  const outcome = await callCarrier(centre, {
    call,
    to,
    presentedNumber: call.companyNumber,
    ringTimeoutSeconds,
    signal: call.over.signal,
  });
  ringback?.stop();
  if (outcome.kind === 'failed')
    return isOver(call) ? { kind: 'connected' } : { kind: 'failed', because: outcome.ended.cause };
  const { party } = outcome;
  if (isOver(call)) {
    dismiss(call, party, 'cancelled');
    return { kind: 'connected' };
  }
  call.outside = party;
  call.phase = 'talking';
  watchOutside(centre, call, party);
  call.log.info({ ringMs: outcome.ringMs }, 'transferred to an outside number');
  await arrangeAudio(centre, call);
  return { kind: 'connected' };
}
