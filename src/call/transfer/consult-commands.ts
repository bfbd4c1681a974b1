// What an agent does with a consultation that was answered: swap, conference of three, complete, end it. Whoever is to hear the
// customer must be allowed the call's class, asked at that moment.

import type { CallState, Centre, Consultation } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { deskChangedForAll } from '../desks.ts';
import { tell } from '../parts.ts';
import { agentLeaves } from '../talk/agent-leaves.ts';
import { arrangeAudio } from '../talk/arrange-audio.ts';
import { holdCustomer, resumeCustomer } from '../talk/join.ts';
import { dismiss } from './end-of-party.ts';
import { whyNotTake } from './may-take.ts';
import { whyNotOutside } from './outside-targets.ts';
import { closeConsultation, consultationEnds } from './party-leaves.ts';

type Answered = { kind: 'answered'; consultation: Consultation } | Extract<CommandOutcome, { kind: 'conflict' }>;

function answeredConsultation(call: CallState): Answered {
  const { consultation } = call;
  if (!consultation || call.phase !== 'talking') return { kind: 'conflict', because: 'There is no consultation.' };
  if (consultation.state !== 'answered') return { kind: 'conflict', because: 'Whoever is asked has not answered yet.' };
  return { kind: 'answered', consultation };
}

async function shown(centre: Centre, call: CallState): Promise<CommandOutcome> {
  await arrangeAudio(centre, call);
  deskChangedForAll(centre, call);
  return { kind: 'ok' };
}

/** The agent is with the other one of the two; whom the agent leaves hears music. */
export async function swap(centre: Centre, call: CallState): Promise<CommandOutcome> {
  const found = answeredConsultation(call);
  if (found.kind !== 'answered') return found;
  const { consultation } = found;
  if (call.heldSince !== null && consultation.heldSince === null) {
    consultation.heldSince = centre.parts.clock.now();
    resumeCustomer(centre, call);
  } else if (call.heldSince === null && consultation.heldSince !== null) {
    holdCustomer(centre, call);
    consultation.heldSince = null;
  } else return { kind: 'conflict', because: 'All are in one conversation.' };
  return shown(centre, call);
}

/** Customer, agent and whoever was asked in one conversation. */
export async function conference(centre: Centre, call: CallState): Promise<CommandOutcome> {
  const found = answeredConsultation(call);
  if (found.kind !== 'answered') return found;
  const refused = await mayHearCustomer(centre, call, found.consultation);
  if (refused) return refused;
  if (isOver(call) || call.consultation !== found.consultation) return { kind: 'not-found' };
  found.consultation.heldSince = null;
  resumeCustomer(centre, call);
  meetsCustomer(centre, call, found.consultation);
  tell(centre.parts, { type: 'conference-started', callId: call.id, with: found.consultation.with });
  return shown(centre, call);
}

/** The agent leaves the customer to whoever was asked. */
export async function complete(centre: Centre, call: CallState): Promise<CommandOutcome> {
  const found = answeredConsultation(call);
  if (found.kind !== 'answered') return found;
  const { consultation } = found;
  const refused = await mayHearCustomer(centre, call, consultation);
  if (refused) return refused;
  const { agent } = call;
  const { colleague, outside } = consultation;
  if (isOver(call) || call.consultation !== consultation || !agent || !(colleague ?? outside))
    return { kind: 'not-found' };
  meetsCustomer(centre, call, consultation);
  resumeCustomer(centre, call);
  closeConsultation(centre, call, 'completed');
  const to = colleague
    ? { kind: 'person' as const, name: colleague.personId }
    : { kind: 'number' as const, name: consultation.with.kind === 'outside' ? consultation.with.name : '' };
  tell(centre.parts, { type: 'call-transferred', callId: call.id, personId: agent.personId, to });
  call.log.info({ to, personId: agent.personId }, 'transferred after a consultation');
  agentLeaves(centre, call, { afterCallWork: 'as-configured' });
  if (consultation.with.kind === 'queue') call.queue = consultation.with.queue;
  call.agent = colleague;
  call.outside = outside;
  const arranged = await shown(centre, call);
  dismiss(call, agent);
  return arranged;
}

/** The consultation is over, and the customer is taken back. */
export async function endConsultation(centre: Centre, call: CallState): Promise<CommandOutcome> {
  if (!call.consultation) return { kind: 'conflict', because: 'There is no consultation.' };
  consultationEnds(centre, call, 'ended');
  resumeCustomer(centre, call);
  return shown(centre, call);
}

async function mayHearCustomer(
  centre: Centre,
  call: CallState,
  { colleague, with: asked }: Consultation,
): Promise<Extract<CommandOutcome, { kind: 'forbidden' }> | undefined> {
  if (colleague) return whyNotTake(centre, call, colleague.personId);
  return asked.kind === 'outside' ? whyNotOutside(centre, call, asked.name) : undefined;
}

function meetsCustomer(centre: Centre, call: CallState, consultation: Consultation): void {
  const { colleague } = consultation;
  if (!colleague || consultation.metCustomer) return;
  consultation.metCustomer = true;
  const { parts } = centre;
  const { personId, leg, place } = colleague;
  const ringMs = Math.max(0, colleague.answeredAt - consultation.startedAt);
  colleague.answeredAt = parts.clock.now();
  tell(parts, { type: 'agent-answered', callId: call.id, personId, legId: leg.id, place, ringMs });
}
