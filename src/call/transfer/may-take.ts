// Whether a person may take a call that comes past the queues (transfer to a person, consultation, park, supervision): the
// policy that the ACD asks, asked here with the same facts. Made anew each time; an unknown fact counts against.

import { mayHandle } from '../../privacy/pii-class.ts';
import type { PersonId } from '../../shared/ids.ts';
import { type CallState, type Centre, classOf } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { tell } from '../parts.ts';

type Refused = Extract<CommandOutcome, { kind: 'forbidden' }>;

/** Undefined: allowed. What is refused is told, as a refused offer is. */
export async function whyNotTake(centre: Centre, call: CallState, personId: PersonId): Promise<Refused | undefined> {
  const { parts, acd } = centre;
  const facts = acd.acd.agent(personId) ?? (await parts.people.byId(personId));
  const needed = classOf(call);
  if (facts && !call.notFor.has(personId) && mayHandle(facts.clearance, needed)) return undefined;
  const because = call.notFor.has(personId)
    ? 'the call was taken from this person because personal information came up'
    : `the call is of class ${needed ?? 'unknown'}, the person is cleared for ${facts?.clearance ?? 'nothing'}`;
  tell(parts, { type: 'offer-refused', callId: call.id, personId, queue: call.queue ?? '', because });
  call.log.info({ personId, because }, 'may not take the call');
  return { kind: 'forbidden', because: 'This call may not go there: it touches personal information.' };
}
