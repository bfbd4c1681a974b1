// The agent hands the customer to a queue: the customer hears music and waits, the agent goes to after-call work, the
// recording goes on.

import type { CallState, Centre } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { queueSettings, tell } from '../parts.ts';
import { enterQueue } from '../queue/queueing.ts';
import { agentLeaves } from '../talk/agent-leaves.ts';
import { audioFollows } from '../talk/arrange-audio.ts';
import { dismiss } from './end-of-party.ts';
import { consultationEnds } from './party-leaves.ts';

/** A customer who was with somebody already goes before those who have not been served. */
const transferPriority = 50;

export async function transferToQueue(centre: Centre, call: CallState, queue: string): Promise<CommandOutcome> {
  const { agent, customer } = call;
  if (!queueSettings(centre.parts, queue)) return { kind: 'conflict', because: 'There is no such queue.' };
  if (call.phase !== 'talking' || !agent || !customer)
    return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  tell(centre.parts, {
    type: 'call-transferred',
    callId: call.id,
    personId: agent.personId,
    to: { kind: 'queue', name: queue },
  });
  call.log.info({ queue, personId: agent.personId }, 'transferred to queue');
  consultationEnds(centre, call, 'transferred');
  agentLeaves(centre, call, { afterCallWork: 'as-configured' });
  enterQueue(centre, call, { queue, priority: transferPriority });
  // The customer is apart from the old agent before another one is joined: one arrangement follows the other.
  audioFollows(centre, call);
  dismiss(call, agent);
  return { kind: 'ok' };
}
