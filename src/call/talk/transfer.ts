// The agent hands the customer to a queue: the customer hears music and waits, the agent goes to after-call work, the
// recording goes on.

import type { CallState, Centre } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { queueSettings, tell, unattended } from '../parts.ts';
import { enterQueue } from '../queue/queueing.ts';
import { agentLeaves } from './agent-leaves.ts';

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
  call.reattachTimer?.cancel();
  agentLeaves(centre, call, { afterCallWork: 'as-configured' });
  // The engine takes these in order: the customer is apart from the old agent before another one may be joined.
  unattended(call.log, 'part from the agent', customer.endpoint.unbridge());
  enterQueue(centre, call, { queue, priority: transferPriority });
  unattended(call.log, 'end the leg of the agent', agent.leg.end('transferred'));
  unattended(call.log, 'free the media of the agent', agent.endpoint.close());
  return { kind: 'ok' };
}
