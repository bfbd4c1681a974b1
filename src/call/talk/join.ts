// Customer and agent hear each other: joining, hold, resume, mute. Each returns what the desk is told.

import type { PlaySource } from '../../media/endpoint.ts';
import { asError } from '../../shared/errors.ts';
import type { AgentParty, CallState, Centre } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { endCall } from '../ending/end-call.ts';
import { tell, unattended } from '../parts.ts';
import { startRecording } from './call-recording.ts';
import { followOffers } from './follow-offers.ts';

const holdMusic: PlaySource = { kind: 'music' };

/** The customer hears music until `stopMusic`. */
export function playMusic(call: CallState): void {
  call.music?.stop();
  call.music = call.customer?.endpoint.play(holdMusic, { loop: true });
}

function stopMusic(call: CallState): void {
  call.music?.stop();
  call.music = undefined;
}

/** An answered agent (watched by `watchAgent` already) and the customer are joined; recording starts with the first agent. */
export async function joinAgent(centre: Centre, call: CallState, agent: AgentParty): Promise<void> {
  if (!call.customer) throw new Error('no customer to join');
  call.phase = 'talking';
  call.agent = agent;
  await startRecording(centre, call);
  // Meanwhile the call may have ended, been put on hold or transferred, or the desk may have gone.
  if (mayHear(call, agent)) {
    stopMusic(call);
    await call.customer.endpoint.bridge(agent.endpoint);
  }
  centre.deskChanged(agent.personId);
}

/** Whether customer and this agent are to hear each other now. */
function mayHear(call: CallState, agent: AgentParty): boolean {
  return !isOver(call) && call.agent === agent && call.heldSince === null && agent.detachedAt === null;
}

/** Before the customer has answered: the agent hears the carrier if it plays something, otherwise our ringback. */
export function hearRinging(call: CallState, agent: AgentParty): void {
  call.ringback?.stop();
  if (call.early) unattended(call.log, 'early media', agent.endpoint.bridge(call.early));
  else call.ringback = agent.endpoint.play({ kind: 'ringback' }, { loop: true });
}

/** What the agent's side may do by itself: hang up, or go away. */
export function watchAgent(centre: Centre, call: CallState, agent: AgentParty): void {
  const { leg, endpoint } = agent;
  followOffers(call.log, leg, () => endpoint);
  leg.on('ended', (ended) => {
    if (call.agent?.leg !== leg || isOver(call)) return;
    if (ended.by === 'far-end' && ended.cause === 'normal')
      void endCall(centre, call, { cause: 'normal', side: 'agent' });
    else centre.agentWentAway(call);
  });
  endpoint.on('mediaTimeout', () => {
    if (call.agent?.endpoint === endpoint) centre.agentWentAway(call);
  });
  endpoint.on('ended', ({ because }) => {
    if (because === 'lost' && call.agent?.endpoint === endpoint) centre.agentWentAway(call);
  });
}

export async function holdCall(centre: Centre, call: CallState): Promise<CommandOutcome> {
  const { agent, customer } = call;
  if (call.phase !== 'talking' || !agent || !customer)
    return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  if (call.heldSince !== null) return { kind: 'conflict', because: 'The call is on hold already.' };
  call.heldSince = centre.parts.clock.now();
  tell(centre.parts, { type: 'call-held', callId: call.id, by: 'agent' });
  await customer.endpoint.unbridge();
  if (call.heldSince !== null && !isOver(call)) playMusic(call);
  centre.deskChanged(agent.personId);
  return { kind: 'ok' };
}

export async function resumeCall(centre: Centre, call: CallState): Promise<CommandOutcome> {
  const { agent, customer } = call;
  if (call.heldSince === null || !agent || !customer) return { kind: 'conflict', because: 'The call is not on hold.' };
  const heldMs = centre.parts.clock.now() - call.heldSince;
  agent.holdMs += heldMs;
  call.heldSince = null;
  tell(centre.parts, { type: 'call-resumed', callId: call.id, by: 'agent', heldMs });
  if (mayHear(call, agent)) {
    stopMusic(call);
    await customer.endpoint.bridge(agent.endpoint);
  }
  centre.deskChanged(agent.personId);
  return { kind: 'ok' };
}

export async function muteAgent(centre: Centre, call: CallState, muted: boolean): Promise<CommandOutcome> {
  const { agent } = call;
  if (!agent) return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  call.muted = muted;
  await agent.endpoint.setMuted(muted);
  centre.deskChanged(agent.personId);
  return { kind: 'ok' };
}

/** An exception inside a call ends that call alone, and is told. */
export function faultEndsCall(centre: Centre, call: CallState, thrown: unknown): void {
  call.log.error({ err: asError(thrown) }, 'call failed');
  void endCall(centre, call, { cause: 'fault', side: 'us' }).catch((again: unknown) =>
    call.log.error({ err: asError(again) }, 'ending the call failed'),
  );
}
