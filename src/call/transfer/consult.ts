// Attended (consultative) transfer: the customer hears music while the agent asks a colleague, whoever of a queue is free, or
// a place outside; then completes, swaps, makes it a conference of three, or takes the customer back.
//
//   nobody ─consult▶ waiting (queue) ─▶ ringing ─▶ answered ─swap▶ answered, the consulted one on hold
//                        └─ no answer, withdrawn ─▶ nobody; the customer stays on hold until taken back
//
// Does not decide who hears whom (talk/audio-plan.ts), nor what follows when somebody hangs up (party-leaves.ts).

import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Consulted } from '../../shared/events.ts';
import { type CallId, newId, type PersonId } from '../../shared/ids.ts';
import type { AgentParty, Alerting, CallState, Centre, Consultation } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import type { CommandOutcome, ConsultTarget, OutsideTarget } from '../desk.ts';
import { deskChangedForAll } from '../desks.ts';
import { callCarrier } from '../outbound/call-carrier.ts';
import { queueSettings, tell, unattended } from '../parts.ts';
import { waitingCall } from '../queue/queueing.ts';
import { arrangeAudio } from '../talk/arrange-audio.ts';
import { holdCustomer, watchAgent } from '../talk/join.ts';
import { dismiss } from './end-of-party.ts';
import { whyNotTake } from './may-take.ts';
import { outsideAllowed } from './outside-targets.ts';
import { consultationEnds } from './party-leaves.ts';
import { claim, release, ringColleague } from './ring-colleague.ts';

/** Somebody who is asked is nobody who waits to be served. */
const consultPriority = 50;
const colleagueRingSeconds = 25;

export async function consult(centre: Centre, call: CallState, target: ConsultTarget): Promise<CommandOutcome> {
  const { agent, customer } = call;
  if (call.phase !== 'talking' || !agent || !customer || agent.detachedAt !== null)
    return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  if (call.consultation) return { kind: 'conflict', because: 'A consultation is under way: swap, join or end it.' };
  if ('personId' in target) return consultPerson(centre, call, agent, target.personId);
  if ('queue' in target) return consultQueue(centre, call, agent, target.queue);
  return consultOutside(centre, call, agent, target);
}

/** The customer is put on hold and the consultation is there; undefined: somebody else was faster. */
async function begin(
  centre: Centre,
  call: CallState,
  agent: AgentParty,
  asked: Consulted,
  state: Consultation['state'],
  asCall = newId('call'),
): Promise<Consultation | undefined> {
  if (isOver(call) || call.agent !== agent || call.consultation) return undefined;
  const { clock } = centre.parts;
  const consultation: Consultation = {
    asCall,
    with: asked,
    by: agent.personId,
    startedAt: clock.now(),
    over: new AbortController(),
    state,
    alerting: undefined,
    colleague: undefined,
    outside: undefined,
    heldSince: null,
    metCustomer: false,
  };
  call.consultation = consultation;
  holdCustomer(centre, call);
  tell(centre.parts, { type: 'consultation-started', callId: call.id, personId: agent.personId, with: asked });
  call.log.info({ with: asked, personId: agent.personId }, 'consultation started');
  return consultation;
}

const gone: CommandOutcome = { kind: 'conflict', because: 'Nobody is connected to this call.' };

async function consultPerson(
  centre: Centre,
  call: CallState,
  agent: AgentParty,
  personId: PersonId,
): Promise<CommandOutcome> {
  if (personId === agent.personId) return { kind: 'conflict', because: 'This person is not free at the moment.' };
  const asCall = newId('call');
  const refused =
    (await whyNotTake(centre, call, personId)) ?? (await claim(centre, asCall, personId, { inAnyState: true }));
  if (refused) return refused;
  const consultation = await begin(centre, call, agent, { kind: 'person', personId }, 'ringing', asCall);
  if (!consultation) {
    release(centre, asCall, personId);
    return gone;
  }
  const alerting = alert(centre, consultation, personId);
  const ringing = ringColleague(centre, call, alerting, { asCall, ringTimeoutSeconds: colleagueRingSeconds }).then(
    (rung) => {
      consultation.alerting = undefined;
      if (rung.kind === 'answered') return colleagueAnswered(centre, call, consultation, rung.party);
      if (!consultation.over.signal.aborted) consultationEnds(centre, call, rung.because);
    },
  );
  unattended(call.log, 'ring a colleague', ringing);
  await shown(centre, call);
  return { kind: 'ok' };
}

function alert(centre: Centre, consultation: Consultation, personId: PersonId): Alerting {
  const withdrawn = new AbortController();
  consultation.over.signal.addEventListener('abort', () => withdrawn.abort());
  const alerting: Alerting = { personId, since: centre.parts.clock.now(), leg: undefined, withdrawn };
  consultation.state = 'ringing';
  consultation.alerting = alerting;
  return alerting;
}

/** For a colleague who was rung, from wherever: the consultation is under way. */
async function colleagueAnswered(
  centre: Centre,
  call: CallState,
  consultation: Consultation,
  party: AgentParty,
): Promise<void> {
  if (isOver(call) || call.consultation !== consultation || consultation.over.signal.aborted) {
    dismiss(call, party, 'cancelled');
    return release(centre, consultation.asCall, party.personId);
  }
  consultation.colleague = party;
  watchAgent(centre, call, party);
  tell(centre.parts, { type: 'consultation-answered', callId: call.id, with: consultation.with });
  await answered(centre, call, consultation);
  if (party.leg.state === 'ended') consultationEnds(centre, call, 'hung-up');
}

async function answered(centre: Centre, call: CallState, consultation: Consultation): Promise<void> {
  consultation.state = 'answered';
  // The agent has taken the customer back meanwhile: whoever was asked waits.
  if (call.heldSince === null) consultation.heldSince = centre.parts.clock.now();
  await shown(centre, call);
}

async function shown(centre: Centre, call: CallState): Promise<void> {
  await arrangeAudio(centre, call);
  deskChangedForAll(centre, call);
}

async function consultQueue(
  centre: Centre,
  call: CallState,
  agent: AgentParty,
  queue: string,
): Promise<CommandOutcome> {
  if (!queueSettings(centre.parts, queue)) return { kind: 'conflict', because: 'There is no such queue.' };
  const consultation = await begin(centre, call, agent, { kind: 'queue', queue }, 'waiting');
  if (!consultation) return gone;
  const waiting = waitingCall(call, { queue, enteredAt: consultation.startedAt, priority: consultPriority });
  void centre.acd.apply({
    kind: 'callWaiting',
    call: { ...waiting, callId: consultation.asCall, notFor: [...(waiting.notFor ?? []), agent.personId] },
    alwaysJoins: true,
  });
  await shown(centre, call);
  return { kind: 'ok' };
}

/** The ACD has found somebody of the queue that is asked. True: this offer was for a consultation. */
export function offerConsultation(centre: Centre, call: CallState, asCall: CallId, personId: PersonId): boolean {
  const { consultation } = call;
  if (consultation?.asCall !== asCall) return false;
  if (call.phase !== 'talking' || consultation.state !== 'waiting') return true;
  const alerting = alert(centre, consultation, personId);
  unattended(call.log, 'ring whoever of the queue is free', ringForConsultation(centre, call, consultation, alerting));
  deskChangedForAll(centre, call);
  return true;
}

async function ringForConsultation(
  centre: Centre,
  call: CallState,
  consultation: Consultation,
  alerting: Alerting,
): Promise<void> {
  const { acd } = centre;
  const { personId } = alerting;
  const queue = consultation.with.kind === 'queue' ? consultation.with.queue : null;
  const rung = await ringColleague(centre, call, alerting, {
    asCall: consultation.asCall,
    ringTimeoutSeconds: queueSettings(centre.parts, queue)?.ringTimeoutSeconds ?? colleagueRingSeconds,
    offeredByAcd: true,
  });
  if (consultation.alerting === alerting) consultation.alerting = undefined;
  if (rung.kind === 'answered') {
    if (await acd.apply({ kind: 'answered', callId: consultation.asCall, personId }))
      return colleagueAnswered(centre, call, consultation, rung.party);
    return dismiss(call, rung.party, 'cancelled');
  }
  if (consultation.over.signal.aborted || rung.because === 'withdrawn') return;
  // The ACD looks for the next one.
  consultation.state = 'waiting';
  void acd.apply({ kind: 'notAnswered', callId: consultation.asCall, personId, because: rung.because });
  await shown(centre, call);
}

/** The ACD takes an offer back. True: it was for a consultation. */
export function withdrawConsultation(centre: Centre, call: CallState, asCall: CallId, personId: PersonId): boolean {
  const { consultation } = call;
  if (consultation?.asCall !== asCall) return false;
  if (consultation.alerting?.personId !== personId) return true;
  consultation.alerting.withdrawn.abort();
  consultation.alerting = undefined;
  consultation.state = 'waiting';
  deskChangedForAll(centre, call);
  centre.deskChanged(personId);
  return true;
}

async function consultOutside(
  centre: Centre,
  call: CallState,
  agent: AgentParty,
  target: OutsideTarget,
): Promise<CommandOutcome> {
  const allowed = await outsideAllowed(centre, call, target);
  if (allowed.kind !== 'allowed') return allowed;
  const consultation = await begin(centre, call, agent, { kind: 'outside', name: allowed.name }, 'ringing');
  if (!consultation) return gone;
  unattended(call.log, 'call a place outside', callOutside(centre, call, consultation, allowed.number));
  await shown(centre, call);
  return { kind: 'ok' };
}

async function callOutside(
  centre: Centre,
  call: CallState,
  consultation: Consultation,
  to: PhoneNumber,
): Promise<void> {
  const outcome = await callCarrier(centre, {
    call,
    to,
    presentedNumber: call.companyNumber,
    ringTimeoutSeconds: centre.parts.settings.outboundRingSeconds,
    signal: AbortSignal.any([call.over.signal, consultation.over.signal]),
  });
  if (outcome.kind === 'failed') {
    if (!consultation.over.signal.aborted) consultationEnds(centre, call, outcome.ended.cause);
    return;
  }
  const { party } = outcome;
  if (isOver(call) || call.consultation !== consultation || consultation.over.signal.aborted)
    return dismiss(call, party, 'cancelled');
  consultation.outside = party;
  watchOutside(centre, call, party);
  tell(centre.parts, { type: 'consultation-answered', callId: call.id, with: consultation.with });
  await answered(centre, call, consultation);
}

/** What a place outside may do by itself: hang up, fall silent. */
export function watchOutside(
  centre: Pick<Centre, 'outsideGone'>,
  call: CallState,
  { leg, endpoint }: Pick<AgentParty, 'leg' | 'endpoint'>,
): void {
  const isHere = () => !isOver(call) && (call.outside?.leg === leg || call.consultation?.outside?.leg === leg);
  leg.on('ended', ({ cause }) => {
    if (isHere()) centre.outsideGone(call, { cause, side: 'carrier' });
  });
  endpoint.on('mediaTimeout', () => {
    if (isHere()) centre.outsideGone(call, { cause: 'media-timeout', side: 'carrier' });
  });
  endpoint.on('ended', ({ because }) => {
    if (because === 'lost' && isHere()) centre.outsideGone(call, { cause: 'media-lost', side: 'us' });
  });
}
