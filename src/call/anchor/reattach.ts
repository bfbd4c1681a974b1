// The desk went away in mid-call (reload, dropped WebSocket, another network) and comes back.
// The customer stays: music while nobody is there, the same agent again on a new leg as soon as the browser registers.
// A new leg instead of an ICE restart: it is one code path for all of these, and does not depend on the browser's old state.
// While the old audio still flows it is kept until the new leg can carry it.
//
//   attached ─media gone▶ detached ─registered▶ attaching ─answered▶ attached
//                            └──── reattachSeconds over ▶ back to the queue, or ended (outbound)

import type { Endpoint } from '../../media/endpoint.ts';
import type { NewEvent } from '../../shared/events.ts';
import type { PersonId } from '../../shared/ids.ts';
import { type AgentParty, agentPartyOf, type CallState, type Centre, isOver, type Party } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { deskChangedForAll } from '../desks.ts';
import { tell, unattended } from '../parts.ts';
import { deviceOfParty, ringDesk } from '../queue/ring-desk.ts';
import { arrangeAudio, audioFollows } from '../talk/arrange-audio.ts';
import { hearRinging, watchAgent } from '../talk/join.ts';

/** Packets must stop for this long after the WebSocket closed before the customer is given music. */
const silenceProofMs = 1000;
/** ICE and DTLS of the new leg take 50 to 300 ms; the old audio is not kept longer than this for them. */
const connectPatienceMs = 3000;

/** The WebSocket closed: often the audio goes on. Only when that stops, too, is the agent away. */
export async function softphoneWentAway(centre: Centre, call: CallState, personId: PersonId): Promise<void> {
  const agent = agentPartyOf(call, personId);
  if (!agent || deviceOfParty(agent) === 'telephone') return;
  const packets = async () => (await agent.endpoint.stats().catch(() => undefined))?.packetsReceived;
  const before = await packets();
  await new Promise<void>((resolve) => void centre.parts.clock.after(silenceProofMs, resolve));
  if (isOver(call) || agentPartyOf(call, personId) !== agent || agent.attaching) return;
  const after = await packets();
  if (agentPartyOf(call, personId) === agent && after === before) agentMediaWentAway(centre, call, personId);
}

/** `mayRing`: the desk is rung again at once if it can be. */
export function agentMediaWentAway(
  centre: Centre,
  call: CallState,
  personId: PersonId,
  { mayRing = true }: { mayRing?: boolean } = {},
): void {
  const agent = agentPartyOf(call, personId);
  if (!agent || isOver(call) || agent.detachedAt !== null) return;
  const { parts } = centre;
  agent.detachedAt = parts.clock.now();
  tell(parts, { type: 'agent-detached', callId: call.id, personId: agent.personId });
  call.log.warn({ personId }, 'agent is away; whoever is left alone hears music');
  audioFollows(centre, call);
  agent.awayTimer?.cancel();
  agent.awayTimer = parts.clock.after(parts.settings.reattachSeconds * 1000, () => giveUp(centre, call, personId));
  deskChangedForAll(centre, call);
  const byTelephone = deviceOfParty(agent) === 'telephone';
  // One that is called again must not be busy with the call that has no audio.
  if (byTelephone) unattended(call.log, 'end the leg of the telephone', agent.leg.end('media-timeout'));
  if (mayRing && !agent.attaching && (byTelephone || parts.border.isSoftphoneRegistered(personId)))
    unattended(call.log, 'ring the desk again', attachDesk(centre, call, { personId }));
}

function giveUp(centre: Centre, call: CallState, personId: PersonId): void {
  const agent = agentPartyOf(call, personId);
  if (!agent || isOver(call) || agent.detachedAt === null) return;
  call.log.warn({ personId }, 'agent did not come back');
  // First the state afterwards, then the end of the agent's part: between the two nothing may be offered.
  void centre.acd.apply({ kind: 'agentNotReady', personId, because: 'no-softphone' });
  centre.agentGaveUp(call, personId);
}

/**
 * Rings the desk again, to answer by itself; the old leg goes once the new one carries the call. `anew`: the desk has
 * registered over another connection since, so a ring that is under way leads nowhere. `personId`: whose desk; the agent's
 * unless told.
 */
export async function attachDesk(
  centre: Centre,
  call: CallState,
  { anew = false, personId = call.agent?.personId }: { anew?: boolean; personId?: PersonId | undefined } = {},
): Promise<CommandOutcome> {
  const old = personId && agentPartyOf(call, personId);
  if (!old || isOver(call)) return { kind: 'conflict', because: 'No agent belongs to this call any more.' };
  if (old.attaching && !anew) return { kind: 'ok' };
  // Whoever talks by telephone may reload the page as often as need be.
  if (deviceOfParty(old) === 'telephone' && old.detachedAt === null) return { kind: 'ok' };
  old.attaching?.abort();
  const attaching = new AbortController();
  old.attaching = attaching;
  const { parts } = centre;
  try {
    const outcome = await ringDesk(centre, call, {
      personId: old.personId,
      ringTimeoutSeconds: parts.settings.deskAnswerSeconds,
      autoAnswer: 'attach',
      device: anew ? 'browser' : deviceOfParty(old),
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
  if (isOver(call) || agentPartyOf(call, old.personId) !== old || givenUp.aborted || leg.state === 'ended') {
    await Promise.allSettled([leg.end('cancelled'), endpoint.close()]);
    return { kind: 'conflict', because: 'The call is over, or with another desk.' };
  }
  if (old.muted) await endpoint.setMuted(true);
  await swap(centre, call, old, { leg, endpoint });
  return { kind: 'ok' };
}

/** A new leg of a browser carries audio. Resolves also when that takes too long. */
export function connected(centre: Centre, endpoint: Endpoint): Promise<void> {
  return new Promise((resolve) => {
    const late = centre.parts.clock.after(connectPatienceMs, resolve);
    endpoint.once('connected', () => {
      late.cancel();
      resolve();
    });
  });
}

/** From one leg of an agent to another in one step. `told` replaces the event that the desk is back. */
export async function swap(
  centre: Centre,
  call: CallState,
  old: AgentParty,
  fresh: Party,
  told?: NewEvent,
): Promise<void> {
  const { parts } = centre;
  const awayMs = old.detachedAt === null ? 0 : parts.clock.now() - old.detachedAt;
  const agent: AgentParty = { ...old, ...fresh, detachedAt: null, attaching: undefined, awayTimer: undefined };
  old.awayTimer?.cancel();
  if (call.agent === old) call.agent = agent;
  else if (call.consultation) call.consultation.colleague = agent;
  watchAgent(centre, call, agent);
  const { personId } = agent;
  tell(parts, told ?? { type: 'agent-attached', callId: call.id, personId, legId: agent.leg.id, awayMs });
  call.log.info({ personId, awayMs }, told ? 'agent is at another device' : 'agent is back');
  if (call.customer) {
    await arrangeAudio(centre, call);
    deskChangedForAll(centre, call);
  } else {
    hearRinging(call, agent);
    centre.deskChanged(agent.personId);
  }
  unattended(call.log, 'end the old leg of the desk', old.leg.end('transferred'));
  unattended(call.log, 'free the old media of the desk', old.endpoint.close());
}
