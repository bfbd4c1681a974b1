// An agent calls a customer. The PBX is the origin of both halves: the desk is rung first and answers by itself, then the
// customer is called with the company's number. The desk never learns the number that an alias stands for.

import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Alias } from '../../privacy/vault.ts';
import { type CallId, newId, type PersonId } from '../../shared/ids.ts';
import { answeredAgent, type CallState, type Centre, callOfPerson, isOver, newCall } from '../call-state.ts';
import type { CommandOutcome, DialTarget } from '../desk.ts';
import { endCall } from '../ending/end-call.ts';
import { tell } from '../parts.ts';
import { canBeRung, ringDesk } from '../queue/ring-desk.ts';
import { faultEndsCall, watchAgent } from '../talk/join.ts';
import { callCustomer } from './call-customer.ts';
import type { Refusal } from './refusals.ts';

interface Target {
  number: PhoneNumber;
  alias: Alias;
  /** Our number is not presented. */
  withhold: boolean;
}

type DialOutcome = { kind: 'ok'; callId: CallId } | Exclude<CommandOutcome, { kind: 'ok' }>;

export async function dial(
  centre: Centre,
  personId: PersonId,
  to: DialTarget,
  presentedNumber: string | undefined,
): Promise<DialOutcome> {
  const { parts, acd } = centre;
  const presented = presentedNumber ?? parts.settings.companyNumbers[0];
  if (!presented || !parts.settings.companyNumbers.includes(presented))
    return { kind: 'forbidden', because: 'The number to present is not one of the company.' };
  const target = await findTarget(centre, to);
  if (target.kind !== 'found') return target;
  const busy = whyNotNow(centre, personId);
  if (busy) return { kind: 'conflict', because: busy };

  const id = newId('call');
  // Reserved for a call in this very moment: then that one comes first.
  if (!(await acd.apply({ kind: 'agentCallStarted', personId, callId: id })))
    return { kind: 'conflict', because: 'There is a call at this desk already.' };
  const call = newCall({
    id,
    direction: 'outbound',
    startedAt: parts.clock.now(),
    companyNumber: presented,
    trunk: null,
    alias: target.alias,
    log: parts.log.child({ callId: id }),
    phase: 'dialling',
  });
  call.alerting = { personId, since: call.startedAt, leg: undefined, withdrawn: call.over };
  centre.calls.set(id, call);
  tell(parts, {
    type: 'call-started',
    callId: id,
    direction: 'outbound',
    alias: call.alias,
    companyNumber: presented,
    trunk: null,
    personId,
  });
  call.log.info({ alias: call.alias, personId }, 'outbound call started');
  centre.deskChanged(personId);
  void connect(centre, call, personId, target).catch((thrown: unknown) => faultEndsCall(centre, call, thrown));
  return { kind: 'ok', callId: id };
}

async function findTarget(
  centre: Centre,
  to: DialTarget,
): Promise<({ kind: 'found' } & Target) | Exclude<CommandOutcome, { kind: 'ok' }>> {
  const { vault, checkDial, checkNumber } = centre.parts;
  if ('alias' in to) {
    const number = await vault.recall(to.alias as Alias);
    if (!number) return { kind: 'not-found' };
    // Whoever called from a number that must not be dialled cannot have it dialled by being called back.
    const allowed = checkNumber(number);
    if (allowed.kind === 'refused') return { kind: 'forbidden', because: allowed.because };
    return { kind: 'found', number, alias: to.alias as Alias, withhold: false };
  }
  const checked = checkDial(to.number);
  if (checked.kind === 'refused') return { kind: 'forbidden', because: checked.because };
  const alias = await vault.remember(checked.number);
  return { kind: 'found', number: checked.number, alias, withhold: checked.withhold === true };
}

function whyNotNow(centre: Centre, personId: PersonId): Refusal | undefined {
  const agent = centre.acd.acd.agent(personId);
  if (!agent || agent.state === 'offline') return 'Sign in at the desk first.';
  if (
    callOfPerson(centre, personId) ||
    agent.state === 'on-call' ||
    agent.state === 'alerting' ||
    agent.state === 'reserved'
  )
    return 'There is a call at this desk already.';
  if (!canBeRung(centre, personId)) return 'The softphone of this desk is not connected.';
  return undefined;
}

async function connect(centre: Centre, call: CallState, personId: PersonId, target: Target): Promise<void> {
  const { parts } = centre;
  const desk = await ringDesk(centre, call, {
    personId,
    ringTimeoutSeconds: parts.settings.deskAnswerSeconds,
    autoAnswer: 'outbound',
    signal: call.over.signal,
  });
  if (isOver(call)) {
    // Given up while the desk was being called: that is no fault of the desk.
    freeAgent(centre, call, personId, 'as-before');
    if (desk.kind === 'answered') await Promise.allSettled([desk.leg.end('cancelled'), desk.endpoint.close()]);
    return;
  }
  if (desk.kind === 'not-answered') {
    freeAgent(centre, call, personId, 'not-ready');
    return endCall(centre, call, { cause: 'unreachable', side: 'agent' });
  }
  const place = centre.acd.acd.agent(personId)?.place ?? 'unknown';
  const agent = answeredAgent(
    { leg: desk.leg, endpoint: desk.endpoint, personId, place, asCall: call.id },
    parts.clock.now(),
  );
  call.alerting = undefined;
  call.agent = agent;
  watchAgent(centre, call, agent);
  centre.deskChanged(personId);
  tell(parts, {
    type: 'agent-answered',
    callId: call.id,
    personId,
    legId: agent.leg.id,
    place: agent.place,
    ringMs: desk.ringMs,
  });
  const ringTimeoutSeconds = parts.settings.outboundRingSeconds;
  await callCustomer(centre, call, agent, { ...target, ringTimeoutSeconds });
}

/** The desk never answered: the agent was on this call for the ACD, but had no part in it. */
function freeAgent(centre: Centre, call: CallState, personId: PersonId, state: 'not-ready' | 'as-before'): void {
  call.alerting = undefined;
  if (state === 'not-ready') void centre.acd.apply({ kind: 'agentNotReady', personId, because: 'no-softphone' });
  void centre.acd.apply({ kind: 'agentCallEnded', personId, callId: call.id, afterCallWorkSeconds: 0 });
  centre.deskChanged(personId);
}
