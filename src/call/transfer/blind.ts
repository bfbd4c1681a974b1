// Blind transfer by an agent: the call goes to a person's desk or to a place outside without a word between the two, and the
// agent is out of it at once. To a queue: transfer-to-queue.ts.

import type { PersonId } from '../../shared/ids.ts';
import type { CallState, Centre } from '../call-state.ts';
import type { CommandOutcome, OutsideTarget } from '../desk.ts';
import { tell } from '../parts.ts';
import { agentLeaves } from '../talk/agent-leaves.ts';
import { audioFollows } from '../talk/arrange-audio.ts';
import { faultEndsCall, resumeCustomer } from '../talk/join.ts';
import { direct } from './direct.ts';
import { dismiss } from './end-of-party.ts';
import { whyNotTake } from './may-take.ts';
import { outsideAllowed } from './outside-targets.ts';
import { consultationEnds } from './party-leaves.ts';
import { claim, release } from './ring-colleague.ts';
import { goOutside } from './transfer-out.ts';

export async function transferToPerson(centre: Centre, call: CallState, personId: PersonId): Promise<CommandOutcome> {
  const { agent, customer } = call;
  if (call.phase !== 'talking' || !agent || !customer)
    return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  if (personId === agent.personId) return { kind: 'conflict', because: 'This person is not free at the moment.' };
  const refused = (await whyNotTake(centre, call, personId)) ?? (await claim(centre, call.id, personId));
  if (refused) return refused;
  if (call.phase !== 'talking' || call.agent !== agent) {
    release(centre, call.id, personId);
    return { kind: 'not-found' };
  }
  agentOut(centre, call, { kind: 'person', name: personId });
  direct(centre, call, { claimed: personId, others: [agent.personId] });
  return { kind: 'ok' };
}

/** The agent is out when the place is being called; should nobody answer there, the agent is called back, then the queue. */
export async function transferOutside(centre: Centre, call: CallState, target: OutsideTarget): Promise<CommandOutcome> {
  const { agent, customer } = call;
  if (call.phase !== 'talking' || !agent || !customer)
    return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  const allowed = await outsideAllowed(centre, call, target);
  if (allowed.kind !== 'allowed') return allowed;
  if (call.phase !== 'talking' || call.agent !== agent) return { kind: 'not-found' };
  const { personId } = agent;
  agentOut(centre, call, { kind: 'number', name: allowed.name });
  call.phase = 'directed';
  audioFollows(centre, call);
  void goOutside(centre, call, {
    to: allowed.number,
    ringTimeoutSeconds: centre.parts.settings.outboundRingSeconds,
  })
    .then((outcome) => {
      if (outcome.kind === 'failed') direct(centre, call, { others: [personId] });
    })
    .catch((thrown: unknown) => faultEndsCall(centre, call, thrown));
  return { kind: 'ok' };
}

function agentOut(centre: Centre, call: CallState, to: { kind: 'person' | 'number'; name: string }): void {
  const { agent } = call;
  if (!agent) return;
  consultationEnds(centre, call, 'transferred');
  resumeCustomer(centre, call);
  tell(centre.parts, { type: 'call-transferred', callId: call.id, personId: agent.personId, to });
  call.log.info({ to, personId: agent.personId }, 'transferred without a word');
  agentLeaves(centre, call, { afterCallWork: 'as-configured' });
  dismiss(call, agent);
}
