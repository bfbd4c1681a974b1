// Customer and agent hear each other: joining, hold, resume, mute. Each returns what the desk is told. Who is joined with whom
// follows from the state that is set here (audio-plan.ts).

import { asError } from '../../shared/errors.ts';
import type { AgentParty, CallState, Centre } from '../call-state.ts';
import { agentPartyOf, isOver } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { deskChangedForAll } from '../desks.ts';
import { endCall } from '../ending/end-call.ts';
import { tell, unattended } from '../parts.ts';
import { arrangeAudio } from './arrange-audio.ts';
import { startRecording } from './call-recording.ts';
import { followOffers } from './follow-offers.ts';

/** An answered agent (watched by `watchAgent` already) and the customer are joined; recording starts with the first agent. */
export async function joinAgent(centre: Centre, call: CallState, agent: AgentParty): Promise<void> {
  if (!call.customer) throw new Error('no customer to join');
  call.phase = 'talking';
  call.agent = agent;
  await startRecording(centre, call);
  // Meanwhile the call may have ended, been put on hold or transferred, or the desk may have gone.
  await arrangeAudio(centre, call);
  centre.deskChanged(agent.personId);
}

/** Before the customer has answered: the agent hears the carrier if it plays something, otherwise our ringback. */
export function hearRinging(call: CallState, agent: AgentParty): void {
  call.ringback?.stop();
  if (call.early) unattended(call.log, 'early media', agent.endpoint.bridge(call.early));
  else call.ringback = agent.endpoint.play({ kind: 'ringback' }, { loop: true });
}

/** What the side of an agent (or of a colleague who is asked) may do by itself: hang up, or go away. */
export function watchAgent(centre: Centre, call: CallState, agent: AgentParty): void {
  const { leg, endpoint, personId } = agent;
  const isHere = () => !isOver(call) && partyOn(call, leg) !== undefined;
  // An own telephone's have been followed since it was called.
  if (leg.kind === 'softphone') followOffers(call.log, leg, () => endpoint);
  leg.on('ended', (ended) => {
    if (!isHere()) return;
    if (ended.by === 'far-end' && ended.cause === 'normal') centre.agentHungUp(call, personId);
    else centre.agentWentAway(call, personId);
  });
  endpoint.on('mediaTimeout', () => {
    if (isHere()) centre.agentWentAway(call, personId);
  });
  endpoint.on('ended', ({ because }) => {
    if (because === 'lost' && isHere()) centre.agentWentAway(call, personId);
  });
}

function partyOn(call: CallState, leg: AgentParty['leg']): AgentParty | undefined {
  return [call.agent, call.consultation?.colleague].find((party) => party?.leg === leg);
}

export async function holdCall(centre: Centre, call: CallState): Promise<CommandOutcome> {
  const { agent, customer } = call;
  if (call.phase !== 'talking' || !agent || !customer)
    return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  if (call.heldSince !== null) return { kind: 'conflict', because: 'The call is on hold already.' };
  holdCustomer(centre, call);
  await arrangeAudio(centre, call);
  deskChangedForAll(centre, call);
  return { kind: 'ok' };
}

export async function resumeCall(centre: Centre, call: CallState): Promise<CommandOutcome> {
  const { agent, customer, consultation } = call;
  if (call.heldSince === null || !agent || !customer) return { kind: 'conflict', because: 'The call is not on hold.' };
  if (consultation?.state === 'answered' && consultation.heldSince === null)
    return { kind: 'conflict', because: 'A consultation is under way: swap, join or end it.' };
  resumeCustomer(centre, call);
  await arrangeAudio(centre, call);
  deskChangedForAll(centre, call);
  return { kind: 'ok' };
}

/** Sets and tells it; the audio follows when it is arranged. */
export function holdCustomer(centre: Centre, call: CallState): void {
  if (call.heldSince !== null) return;
  call.heldSince = centre.parts.clock.now();
  tell(centre.parts, { type: 'call-held', callId: call.id, by: 'agent' });
}

export function resumeCustomer(centre: Centre, call: CallState): void {
  if (call.heldSince === null) return;
  const heldMs = centre.parts.clock.now() - call.heldSince;
  if (call.agent) call.agent.holdMs += heldMs;
  call.heldSince = null;
  tell(centre.parts, { type: 'call-resumed', callId: call.id, by: 'agent', heldMs });
}

/** `personId`: whose microphone; the agent's unless told. */
export async function muteAgent(
  centre: Centre,
  call: CallState,
  muted: boolean,
  personId = call.agent?.personId,
): Promise<CommandOutcome> {
  const party = personId && agentPartyOf(call, personId);
  if (!party) return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  party.muted = muted;
  await party.endpoint.setMuted(muted);
  centre.deskChanged(party.personId);
  return { kind: 'ok' };
}

/** An exception inside a call ends that call alone, and is told. */
export function faultEndsCall(centre: Centre, call: CallState, thrown: unknown): void {
  call.log.error({ err: asError(thrown) }, 'call failed');
  void endCall(centre, call, { cause: 'fault', side: 'us' }).catch((again: unknown) =>
    call.log.error({ err: asError(again) }, 'ending the call failed'),
  );
}
