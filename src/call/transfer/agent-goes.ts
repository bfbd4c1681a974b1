// An agent hangs up, or went away and did not come back, while others are in the call. Never leaves a customer in a room without
// anybody: whoever was asked and has answered has the customer now (a completed attended transfer), otherwise the customer
// goes back to the queue, before all others. Without a consultation the agent's hanging up ends the call.

import type { PersonId } from '../../shared/ids.ts';
import type { CallState, Centre } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import type { Termination } from '../ending/termination.ts';
import { unattended } from '../parts.ts';
import { enterQueue } from '../queue/queueing.ts';
import { agentLeaves } from '../talk/agent-leaves.ts';
import { audioFollows } from '../talk/arrange-audio.ts';
import { complete } from './consult-commands.ts';
import { dismiss } from './end-of-party.ts';
import { consultationEnds } from './party-leaves.ts';

/** A customer who lost the agent goes before everybody else. */
const returnPriority = 100;

export function agentHungUp(centre: Centre, call: CallState, personId: PersonId): void {
  goes(centre, call, personId, 'hung-up');
}

export function agentGaveUp(centre: Centre, call: CallState, personId: PersonId): void {
  goes(centre, call, personId, 'gave-up');
}

function goes(centre: Centre, call: CallState, personId: PersonId, how: 'hung-up' | 'gave-up'): void {
  if (isOver(call)) return;
  if (call.agent?.personId !== personId) return consultationEnds(centre, call, how);
  if (call.consultation?.state === 'answered')
    return unattended(call.log, 'leave the customer to who was asked', handOver(centre, call, personId, how));
  if (call.consultation || how === 'gave-up') return returnToQueue(centre, call, how);
  void endCall(centre, call, { cause: 'normal', side: 'agent' });
}

async function handOver(
  centre: Centre,
  call: CallState,
  personId: PersonId,
  how: 'hung-up' | 'gave-up',
): Promise<void> {
  const done = await complete(centre, call);
  if (done.kind !== 'ok' && call.agent?.personId === personId) returnToQueue(centre, call, how);
}

function returnToQueue(centre: Centre, call: CallState, how: 'hung-up' | 'gave-up'): void {
  const { agent, queue } = call;
  if (isOver(call) || !agent) return;
  consultationEnds(centre, call, 'agent-left');
  if (!queue || !call.customer)
    return void endCall(centre, call, { cause: how === 'hung-up' ? 'normal' : 'unreachable', side: 'agent' });
  agentLeaves(centre, call, { afterCallWork: how === 'hung-up' ? 'as-configured' : 'none' });
  enterQueue(centre, call, { queue, priority: returnPriority });
  audioFollows(centre, call);
  dismiss(call, agent, how === 'hung-up' ? 'normal' : 'unreachable');
}

/** A place outside is gone: the consultation is over, or, if the customer was there, the call. */
export function outsideGone(centre: Centre, call: CallState, why: Termination): void {
  if (isOver(call)) return;
  if (call.outside) return void endCall(centre, call, why);
  consultationEnds(centre, call, why.cause === 'normal' ? 'hung-up' : why.cause);
}
