// The agent is there already: calls the customer out with the company's number, and joins the two. Until the customer answers, the
// agent hears the carrier, or our ringback.

import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { EndCause } from '../../shared/events.ts';
import { type AgentParty, type CallState, type Centre, isOver } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { customerLegEnded } from '../ending/termination.ts';
import { watchCustomer } from '../inbound/answer-customer.ts';
import { tell } from '../parts.ts';
import { hearRinging, joinAgent } from '../talk/join.ts';
import { callCarrier } from './call-carrier.ts';

export interface CustomerTarget {
  number: PhoneNumber;
  /** Our number is not presented. */
  withhold: boolean;
  ringTimeoutSeconds: number;
  /** Told once, before the call is ended or joined. */
  onSettled?: (outcome: 'reached' | EndCause) => void;
}

export async function callCustomer(
  centre: Centre,
  call: CallState,
  agent: AgentParty,
  { number: to, withhold, ringTimeoutSeconds, onSettled = () => {} }: CustomerTarget,
): Promise<void> {
  const { parts } = centre;
  hearRinging(call, agent);
  const outcome = await callCarrier(centre, {
    ...{ call, to, withhold, ringTimeoutSeconds },
    presentedNumber: call.companyNumber,
    signal: call.over.signal,
    onEarlyMedia: (endpoint) => {
      call.early = endpoint;
      if (call.agent) hearRinging(call, call.agent);
    },
  });
  call.early = undefined;
  call.ringback?.stop();
  if (outcome.kind === 'failed') {
    onSettled(outcome.ended.cause);
    return endCall(centre, call, customerLegEnded(outcome.ended, 'outbound'));
  }
  const { party } = outcome;
  if (isOver(call) || !call.agent) {
    onSettled('cancelled');
    await Promise.allSettled([party.leg.end('cancelled'), party.endpoint.close()]);
    return;
  }
  onSettled('reached');
  call.customer = party;
  call.customerLeg = party.leg;
  call.trunk = party.leg.trunk ?? null;
  party.leg.on('ended', (ended) => void endCall(centre, call, customerLegEnded(ended, 'outbound')));
  watchCustomer(centre, call);
  call.agent.answeredAt = parts.clock.now();
  tell(parts, {
    type: 'customer-answered',
    callId: call.id,
    legId: party.leg.id,
    ringMs: outcome.ringMs,
    trunk: call.trunk,
  });
  call.log.info({ ringMs: outcome.ringMs }, 'customer answered');
  const { agent: now } = call;
  await joinAgent(centre, call, now);
}
