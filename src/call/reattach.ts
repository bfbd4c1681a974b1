// The desk went away in mid-call (reload, dropped WebSocket, another network) and comes back.
// The customer stays: music while nobody is there, the same agent again on a new leg as soon as the browser registers.
// A new leg instead of an ICE restart: it is one code path for all of these, and does not depend on the browser's old state.
//
//   attached ─media gone▶ detached ─registered▶ attaching ─answered▶ attached
//                            └──── reattachSeconds over ▶ back to the queue, or ended (outbound)

import { agentLeaves } from './agent-leaves.ts';
import type { AgentParty, CallState, Centre } from './call-state.ts';
import { isOver } from './call-state.ts';
import type { CommandOutcome } from './desk.ts';
import { endCall } from './end-call.ts';
import { joinAgent, playMusic, watchAgent } from './join.ts';
import { tell } from './parts.ts';
import { enterQueue } from './queueing.ts';
import { ringDesk } from './ring-desk.ts';

/** Packets must stop for this long after the WebSocket closed before the customer is given music. */
const silenceProofMs = 1000;
/** A customer who lost the agent goes before everybody else. */
const returnPriority = 100;

/** The WebSocket closed: often the audio goes on. Only when that stops, too, is the agent away. */
export async function softphoneWentAway(centre: Centre, call: CallState): Promise<void> {
  const agent = call.agent;
  if (!agent) return;
  const before = await agent.endpoint.stats();
  await new Promise<void>((resolve) => void centre.parts.clock.after(silenceProofMs, resolve));
  if (isOver(call) || call.agent !== agent || agent.attaching) return;
  const after = await agent.endpoint.stats();
  if (after.packetsReceived === before.packetsReceived) agentMediaWentAway(centre, call);
}

export function agentMediaWentAway(centre: Centre, call: CallState): void {
  const agent = call.agent;
  if (!agent || isOver(call) || agent.detachedAt !== null) return;
  const { parts } = centre;
  agent.detachedAt = parts.clock.now();
  tell(parts, { type: 'agent-detached', callId: call.id, personId: agent.personId });
  call.log.warn({ personId: agent.personId }, 'agent is away; customer hears music');
  void call.customer?.endpoint
    .unbridge()
    .then(() => {
      if (agent.detachedAt !== null && !isOver(call)) playMusic(call);
    })
    .catch((err: unknown) => call.log.warn({ err }, 'unbridge failed'));
  call.reattachTimer?.cancel();
  call.reattachTimer = parts.clock.after(parts.settings.reattachSeconds * 1000, () => giveUp(centre, call));
  centre.deskChanged(agent.personId);
  if (parts.border.isSoftphoneRegistered(agent.personId)) void attachDesk(centre, call);
}

function giveUp(centre: Centre, call: CallState): void {
  const agent = call.agent;
  if (!agent || isOver(call) || agent.detachedAt === null) return;
  const { personId, leg, endpoint } = agent;
  agentLeaves(centre, call, { afterCallWork: 'none' });
  centre.acd.apply({ kind: 'agentNotReady', personId, because: 'no-softphone' });
  void leg.end('unreachable');
  void endpoint.close();
  if (call.direction === 'inbound' && call.queue)
    enterQueue(centre, call, { queue: call.queue, priority: returnPriority });
  else void endCall(centre, call, { cause: 'unreachable', side: 'agent' });
}

/** Rings the desk again, to answer by itself; the old leg goes once the new one carries the call. */
export async function attachDesk(centre: Centre, call: CallState): Promise<CommandOutcome> {
  const old = call.agent;
  if (!old || isOver(call)) return { kind: 'conflict', because: 'No agent belongs to this call any more.' };
  if (old.attaching) return { kind: 'ok' };
  old.attaching = true;
  const { parts } = centre;
  const outcome = await ringDesk(centre, call, {
    personId: old.personId,
    ringTimeoutSeconds: parts.settings.deskAnswerSeconds,
    autoAnswer: 'attach',
    signal: call.over.signal,
  });
  old.attaching = false;
  if (outcome.kind !== 'answered') {
    call.log.warn({ ended: outcome.ended }, 'desk did not answer when it came back');
    return { kind: 'conflict', because: 'The softphone did not answer.' };
  }
  if (isOver(call) || call.agent !== old) {
    await Promise.allSettled([outcome.leg.end('cancelled'), outcome.endpoint.close()]);
    return { kind: 'conflict', because: 'The call is over.' };
  }
  await swap(centre, call, old, outcome);
  return { kind: 'ok' };
}

async function swap(
  centre: Centre,
  call: CallState,
  old: AgentParty,
  fresh: { leg: AgentParty['leg']; endpoint: AgentParty['endpoint'] },
): Promise<void> {
  const { parts } = centre;
  const awayMs = old.detachedAt === null ? 0 : parts.clock.now() - old.detachedAt;
  const agent: AgentParty = { ...old, leg: fresh.leg, endpoint: fresh.endpoint, detachedAt: null, attaching: false };
  call.reattachTimer?.cancel();
  if (call.muted) await agent.endpoint.setMuted(true);
  call.agent = agent;
  watchAgent(centre, call, agent);
  if (call.heldSince === null && call.customer) await joinAgent(centre, call, agent);
  tell(parts, { type: 'agent-attached', callId: call.id, personId: agent.personId, legId: agent.leg.id, awayMs });
  call.log.info({ personId: agent.personId, awayMs }, 'agent is back');
  centre.deskChanged(agent.personId);
  await Promise.allSettled([old.leg.end('transferred'), old.endpoint.close()]);
}
