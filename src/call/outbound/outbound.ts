// An agent calls a customer. The PBX is the origin of both halves: the desk is rung first and answers by itself, then the
// customer is called with the company's number. The desk never learns the number that an alias stands for.

import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Alias } from '../../privacy/vault.ts';
import type { Reason } from '../../routing/flow/flow.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import { type CallState, type Centre, callOfPerson } from '../call-state.ts';
import type { CommandOutcome, DialTarget, DialWishes } from '../desk.ts';
import { canBeRung } from '../queue/ring-desk.ts';
import { faultEndsCall } from '../talk/join.ts';
import { whyNotDial } from '../transfer/may-take.ts';
import { beginOutbound, ringOwnDesk } from './begin-outbound.ts';
import { callCustomer } from './call-customer.ts';
import { refuseAloud, ruleOnEmergency } from './emergency.ts';
import type { Refusal } from './refusals.ts';

interface Target {
  number: PhoneNumber;
  /** Null: an emergency call. */
  alias: Alias | null;
  /** With this number of ours, whatever was asked. */
  presented?: string;
  /** Our number is not presented. */
  withhold: boolean;
}

type DialOutcome = { kind: 'ok'; callId: CallId } | Exclude<CommandOutcome, { kind: 'ok' }>;

export async function dial(
  centre: Centre,
  personId: PersonId,
  to: DialTarget,
  how: DialWishes = {},
): Promise<DialOutcome> {
  const { parts } = centre;
  const presented = how.presentedNumber ?? parts.settings.companyNumbers[0];
  if (!presented || !parts.settings.companyNumbers.includes(presented))
    return { kind: 'forbidden', because: 'The number to present is not one of the company.' };
  const target = await findTarget(centre, personId, to);
  if (target.kind !== 'found') return target;
  const busy = whyNotNow(centre, personId);
  if (busy) return { kind: 'conflict', because: busy };
  let reason: Reason | undefined;
  // Help is never refused for what might be said.
  if (target.alias) {
    const about = await whatAbout(centre, target.alias, how.reason);
    if (about.kind !== 'known') return about;
    reason = about.reason;
    const facts = { direction: 'outbound' as const, reason: reason?.id, piiClass: reason?.piiClass };
    const refused = await whyNotDial(centre, personId, facts);
    if (refused) return refused;
  }
  const { alias } = target;
  const call = await beginOutbound(centre, personId, { presented: target.presented ?? presented, alias, reason });
  // Reserved for a call in this very moment: then that one comes first.
  if (!call) return { kind: 'conflict', because: 'There is a call at this desk already.' };
  void connect(centre, call, personId, target).catch((thrown: unknown) => faultEndsCall(centre, call, thrown));
  return { kind: 'ok', callId: call.id };
}

/** What was said it is about; else why this customer called last; else what the company says of calls by hand. */
async function whatAbout(
  { parts }: Centre,
  alias: Alias,
  told: string | undefined,
): Promise<{ kind: 'known'; reason: Reason | undefined } | { kind: 'conflict'; because: Refusal }> {
  if (told !== undefined) {
    const reason = parts.reason(told);
    return reason ? { kind: 'known', reason } : { kind: 'conflict', because: 'There is no such reason.' };
  }
  const earlier = (await parts.callRecords?.list({ alias, limit: 5 }).catch(() => undefined)) ?? [];
  const last = earlier.find(({ reason }) => reason !== null)?.reason ?? parts.settings.outboundReason;
  return { kind: 'known', reason: last === undefined ? undefined : parts.reason(last) };
}

async function findTarget(
  centre: Centre,
  personId: PersonId,
  to: DialTarget,
): Promise<({ kind: 'found' } & Target) | Exclude<CommandOutcome, { kind: 'ok' }>> {
  const { vault, checkDial, checkNumber, toll } = centre.parts;
  if ('alias' in to) {
    const number = await vault.recall(to.alias as Alias);
    if (!number) return { kind: 'not-found' };
    // Whoever called from a number that must not be dialled cannot have it dialled by being called back.
    const allowed = checkNumber(number);
    if (allowed.kind === 'refused') return { kind: 'forbidden', because: allowed.because };
    const capped = toll?.check(number, personId);
    if (capped) return { kind: 'forbidden', because: capped };
    return { kind: 'found', number, alias: to.alias as Alias, withhold: false };
  }
  const checked = checkDial(to.number);
  if (checked.kind === 'refused' && checked.emergency) return findEmergency(centre, personId, checked.emergency);
  if (checked.kind === 'refused') return { kind: 'forbidden', because: checked.because };
  const capped = toll?.check(checked.number, personId);
  if (capped) return { kind: 'forbidden', because: capped };
  const alias = await vault.remember(checked.number);
  return { kind: 'found', number: checked.number, alias, withhold: checked.withhold === true };
}

/** Nobody's number: it has no alias in the vault, and is not called back. */
async function findEmergency(centre: Centre, personId: PersonId, number: PhoneNumber) {
  const ruling = ruleOnEmergency(centre, personId, number);
  if (ruling.kind === 'refused') {
    if (!whyNotNow(centre, personId)) refuseAloud(centre, personId);
    return { kind: 'forbidden' as const, because: ruling.because };
  }
  const { presentedNumber: presented } = ruling;
  return { kind: 'found' as const, number, alias: null, withhold: false, ...(presented ? { presented } : {}) };
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
  const agent = await ringOwnDesk(centre, call, personId);
  if (!agent) return;
  const ringTimeoutSeconds = centre.parts.settings.outboundRingSeconds;
  await callCustomer(centre, call, agent, { ...target, ringTimeoutSeconds });
}
