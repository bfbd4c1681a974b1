// An agent's part of a call is over: by the end of the call, by a transfer, or because the browser never came back.
// Tells the log, gives the agent after-call work, and takes the agent off the call. Does not end the customer's side.

import type { CallState, Centre } from '../call-state.ts';
import { queueSettings, tell } from '../parts.ts';
import { endMonitors } from '../supervise/monitor.ts';

export function agentLeaves(
  centre: Centre,
  call: CallState,
  { afterCallWork }: { afterCallWork: 'as-configured' | 'none' },
): void {
  const agent = call.agent;
  if (!agent) return;
  const { parts } = centre;
  const now = parts.clock.now();
  if (call.heldSince !== null) {
    agent.holdMs += now - call.heldSince;
    call.heldSince = null;
  }
  // Listening to a telephone that nobody picks up is no talk.
  const talkMs = call.customer ? Math.max(0, now - agent.answeredAt - agent.holdMs) : 0;
  endMonitors(centre, call, 'agent-left');
  // Whom the customer is to be verified for is gone; who comes next asks anew.
  call.verification?.running?.abort();
  call.agent = undefined;
  agent.attaching?.abort();
  agent.awayTimer?.cancel();
  call.quality = null;
  tell(parts, {
    type: 'agent-left',
    callId: call.id,
    personId: agent.personId,
    legId: agent.leg.id,
    talkMs,
    holdMs: agent.holdMs,
  });
  const configured =
    queueSettings(parts, call.queue)?.afterCallWorkSeconds ?? parts.settings.outboundAfterCallWorkSeconds;
  void centre.acd.apply({
    kind: 'agentCallEnded',
    personId: agent.personId,
    callId: agent.asCall,
    afterCallWorkSeconds: afterCallWork === 'none' ? 0 : configured,
  });
  centre.deskChanged(agent.personId);
}
