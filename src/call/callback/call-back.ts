// An agent has answered for a customer who is called back: the customer is called with the number that was dialled then. Agent first, so
// that nobody picks up a telephone and finds silence (docs/decisions/0063).

import type { EndCause } from '../../shared/events.ts';
import type { AgentParty, CallState, Centre } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { callCustomer } from '../outbound/call-customer.ts';

export async function callBack(
  centre: Centre,
  call: CallState,
  agent: AgentParty,
  onSettled: (outcome: 'reached' | EndCause) => void,
): Promise<void> {
  const { vault, checkNumber, settings } = centre.parts;
  call.phase = 'dialling';
  centre.deskChanged(agent.personId);
  const number = call.alias === null ? undefined : await vault.recall(call.alias);
  // The rules may have become stricter since it was promised.
  const allowed = number && checkNumber(number);
  if (allowed?.kind !== 'allowed') {
    onSettled('forbidden');
    return endCall(centre, call, { cause: 'forbidden', side: 'us' });
  }
  const ringTimeoutSeconds = settings.callbacks?.ringSeconds ?? settings.outboundRingSeconds;
  await callCustomer(centre, call, agent, { number: allowed.number, withhold: false, ringTimeoutSeconds, onSettled });
}
