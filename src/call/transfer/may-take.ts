// Whether a person may take a call that comes past the queues (transfer to a person, consultation, park, supervision): the
// policy that the ACD asks, asked here with the same facts. Made anew each time; an unknown fact counts against.

import { defaultClasses } from '../../privacy/pii-class.ts';
import { compilePolicy } from '../../routing/policy/compile-policy.ts';
import { defaultPolicy } from '../../routing/policy/load-policy.ts';
import type { CallFacts, PersonFacts, PolicyDecision } from '../../routing/policy/policy.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { CallState, Centre } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { tell } from '../parts.ts';
import { factsOfCall } from '../queue/queueing.ts';

type Refused = Extract<CommandOutcome, { kind: 'forbidden' }>;

const clearanceAlone = compilePolicy(defaultPolicy({ classes: defaultClasses, reasons: new Map() }));

/** Undefined: allowed. What is refused is told, as a refused offer is. */
export async function whyNotTake(centre: Centre, call: CallState, personId: PersonId): Promise<Refused | undefined> {
  const decision = call.notFor.has(personId) ? takenBack : await decide(centre, call, personId);
  if (decision.allowed) return undefined;
  const { rule, because } = decision;
  const { code, ja, en } = because;
  const queue = call.queue ?? '';
  tell(centre.parts, { type: 'offer-refused', callId: call.id, personId, queue, because: en, ja, code, rule });
  call.log.info({ personId, rule, because: en }, 'may not take the call');
  return { kind: 'forbidden', because: 'This call may not go there: it touches personal information.' };
}

const takenBack: PolicyDecision = {
  allowed: false,
  rule: null,
  because: {
    code: 'came-up',
    ja: '割り当て不可：個人情報に触れる話になったため、この担当者から引き上げた通話です',
    en: 'not offered: the call was taken from this person because personal information came up',
  },
};

/** Undefined: this person may make such a call. There is no call yet, so it is a line of the log alone. */
export async function whyNotDial(centre: Centre, personId: PersonId, asked: CallFacts): Promise<Refused | undefined> {
  const decision = await decideOn(centre, asked, personId);
  if (decision.allowed) return undefined;
  const { rule, because } = decision;
  centre.parts.log.info({ personId, reason: asked.reason, rule, because: because.en }, 'may not make the call');
  return { kind: 'forbidden', because: 'You may not make this call where you are: it touches personal information.' };
}

function decide(centre: Centre, call: CallState, personId: PersonId): Promise<PolicyDecision> {
  return decideOn(centre, { ...factsOfCall(call), ...(call.queue === null ? {} : { queue: call.queue }) }, personId);
}

async function decideOn({ parts, acd }: Centre, asked: CallFacts, personId: PersonId): Promise<PolicyDecision> {
  const { rules, people, placeOf, provenOf, clock } = parts;
  const agent = acd.acd.agent(personId);
  let facts: PersonFacts | undefined = agent?.state === 'offline' ? undefined : agent;
  if (!facts) {
    const person = await people.byId(personId);
    const place = person && placeOf ? await placeOf(person) : person?.place;
    const proven = person && (await provenOf?.(person));
    facts = { ...person?.facts, ...proven, clearance: person?.clearance ?? '', place: place ?? 'unknown' };
  }
  return rules ? rules.decide(facts, asked) : clearanceAlone.decide(facts, asked, 'normal', clock.now());
}
