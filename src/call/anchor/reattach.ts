// The desk went away in mid-call (reload, dropped WebSocket, another network) and comes back.
// The customer stays: music while nobody is there, the same agent again on a new leg as soon as the browser registers.
// A new leg instead of an ICE restart: it is one code path for all of these, and does not depend on the browser's old state.
// While the old audio still flows it is kept until the new leg can carry it.
//
//   attached ─media gone▶ detached ─registered▶ attaching ─answered▶ attached
//                            └──── reattachSeconds over ▶ back to the queue, or ended (outbound)

import type { Endpoint } from '../../media/endpoint.ts';
import { type AgentParty, type CallState, type Centre, isOver, type Party } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { endCall } from '../ending/end-call.ts';
import { tell, unattended } from '../parts.ts';
import { enterQueue } from '../queue/queueing.ts';
import { ringDesk } from '../queue/ring-desk.ts';
import { agentLeaves } from '../talk/agent-leaves.ts';
import { hearRinging, joinAgent, playMusic, watchAgent } from '../talk/join.ts';

/** Packets must stop for this long after the WebSocket closed before the customer is given music. */
const silenceProofMs = 1000;
/** ICE and DTLS of the new leg take 50 to 300 ms; the old audio is not kept longer than this for them. */
const connectPatienceMs = 3000;
/** A customer who lost the agent goes before everybody else. */
const returnPriority = 100;

/** The WebSocket closed: often the audio goes on. Only when that stops, too, is the agent away. */
export async function softphoneWentAway(centre: Centre, call: CallState): Promise<void> {
  const agent = call.agent;
  if (!agent) return;
  const packets = async () => (await agent.endpoint.stats().catch(() => undefined))?.packetsReceived;
  const before = await packets();
  await new Promise<void>((resolve) => void centre.parts.clock.after(silenceProofMs, resolve));
  if (isOver(call) || call.agent !== agent || agent.attaching) return;
  const after = await packets();
  if (call.agent === agent && after === before) agentMediaWentAway(centre, call);
}

export function agentMediaWentAway(centre: Centre, call: CallState): void {
  const agent = call.agent;
  if (!agent || isOver(call) || agent.detachedAt !== null) return;
  const { parts } = centre;
  agent.detachedAt = parts.clock.now();
  tell(parts, { type: 'agent-detached', callId: call.id, personId: agent.personId });
  call.log.warn({ personId: agent.personId }, 'agent is away; customer hears music');
  if (call.customer) {
    const alone = call.customer.endpoint.unbridge().then(() => {
      if (call.agent === agent && !isOver(call)) playMusic(call);
    });
    unattended(call.log, 'part from the agent who is away', alone);
  }
  call.reattachTimer?.cancel();
  call.reattachTimer = parts.clock.after(parts.settings.reattachSeconds * 1000, () => giveUp(centre, call));
  centre.deskChanged(agent.personId);
  if (!agent.attaching && parts.border.isSoftphoneRegistered(agent.personId))
    unattended(call.log, 'ring the desk again', attachDesk(centre, call));
}

function giveUp(centre: Centre, call: CallState): void {
  const agent = call.agent;
  if (!agent || isOver(call) || agent.detachedAt === null) return;
  const { personId, leg, endpoint } = agent;
  call.log.warn({ personId }, 'agent did not come back');
  // First the state afterwards, then the end of the agent's part: between the two nothing may be offered.
  void centre.acd.apply({ kind: 'agentNotReady', personId, because: 'no-softphone' });
  agentLeaves(centre, call, { afterCallWork: 'none' });
  unattended(call.log, 'end the leg of the agent', leg.end('unreachable'));
  unattended(call.log, 'free the media of the agent', endpoint.close());
  if (call.queue && call.customer) enterQueue(centre, call, { queue: call.queue, priority: returnPriority });
  else void endCall(centre, call, { cause: 'unreachable', side: 'agent' });
}

/**
 * Rings the desk again, to answer by itself; the old leg goes once the new one carries the call. `anew`: the desk has
 * registered over another connection since, so a ring that is under way leads nowhere.
 */
export async function attachDesk(centre: Centre, call: CallState, { anew = false } = {}): Promise<CommandOutcome> {
  const old = call.agent;
  if (!old || isOver(call)) return { kind: 'conflict', because: 'No agent belongs to this call any more.' };
  if (old.attaching && !anew) return { kind: 'ok' };
  old.attaching?.abort();
  const attaching = new AbortController();
  old.attaching = attaching;
  const { parts } = centre;
  try {
    const outcome = await ringDesk(centre, call, {
      personId: old.personId,
      ringTimeoutSeconds: parts.settings.deskAnswerSeconds,
      autoAnswer: 'attach',
      signal: AbortSignal.any([call.over.signal, attaching.signal]),
    });
    if (outcome.kind === 'answered') return await takeBack(centre, call, old, outcome, attaching.signal);
    if (attaching.signal.aborted) return { kind: 'ok' };
    call.log.warn({ ended: outcome.ended }, 'desk did not answer when it came back');
    return { kind: 'conflict', because: 'The softphone did not answer.' };
  } finally {
    if (old.attaching === attaching) old.attaching = undefined;
  }
}

async function takeBack(
  centre: Centre,
  call: CallState,
  old: AgentParty,
  { leg, endpoint }: Party,
  givenUp: AbortSignal,
): Promise<CommandOutcome> {
  if (old.detachedAt === null) await connected(centre, endpoint);
  if (isOver(call) || call.agent !== old || givenUp.aborted || leg.state === 'ended') {
    await Promise.allSettled([leg.end('cancelled'), endpoint.close()]);
    return { kind: 'conflict', because: 'The call is over, or with another desk.' };
  }
  if (call.muted) await endpoint.setMuted(true);
  await swap(centre, call, old, { leg, endpoint });
  return { kind: 'ok' };
}

function connected(centre: Centre, endpoint: Endpoint): Promise<void> {
  return new Promise((resolve) => {
    const late = centre.parts.clock.after(connectPatienceMs, resolve);
    endpoint.once('connected', () => {
      late.cancel();
      resolve();
    });
  });
}

async function swap(centre: Centre, call: CallState, old: AgentParty, fresh: Party): Promise<void> {
  const { parts } = centre;
  const awayMs = old.detachedAt === null ? 0 : parts.clock.now() - old.detachedAt;
  const agent: AgentParty = { ...old, ...fresh, detachedAt: null, attaching: undefined };
  call.reattachTimer?.cancel();
  call.agent = agent;
  watchAgent(centre, call, agent);
  tell(parts, { type: 'agent-attached', callId: call.id, personId: agent.personId, legId: agent.leg.id, awayMs });
  call.log.info({ personId: agent.personId, awayMs }, 'agent is back');
  if (call.customer) await joinAgent(centre, call, agent);
  else {
    hearRinging(call, agent);
    centre.deskChanged(agent.personId);
  }
  unattended(call.log, 'end the old leg of the desk', old.leg.end('transferred'));
  unattended(call.log, 'free the old media of the desk', old.endpoint.close());
}
