// Whether this person may work on this call list, and whether its customers may be called now. Asked anew before every customer.

import type { CallFacts } from '../../routing/policy/policy.ts';
import type { Clock } from '../../shared/clock.ts';
import type { PiiClass } from '../../shared/events.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { CallList, CallLists } from '../../store/call-lists.ts';
import type { EventLog } from '../../store/event-log.ts';
import type { CallCentre, CommandOutcome } from '../desk.ts';
import type { Refusal } from '../outbound/refusals.ts';

export interface ListNeeds {
  clock: Clock;
  log: Logger;
  lists: CallLists;
  events: Pick<EventLog, 'subscribe'>;
  callCentre: Pick<CallCentre, 'dial' | 'setReason' | 'desk' | 'onDesk'>;
  /** The class that the reason touches; undefined for a reason that is not known (any more). */
  classOf(reason: string): PiiClass | undefined;
  /** Whether the calendar says that customers may be called now; false for one that is not known. */
  mayCallNow(calendar: string): boolean;
  /** The policy: whether this person may have such a call now. */
  mayHave(personId: PersonId, call: CallFacts): boolean;
}

type Refused = Extract<CommandOutcome, { because: Refusal }>;

export interface Duty {
  /** Undefined: this person may have calls of this list. */
  whoMayNot(personId: PersonId, list: CallList): Promise<Refused | undefined>;
  /** Undefined: and a customer may be called now. */
  refusal(personId: PersonId, list: CallList): Promise<Refused | undefined>;
}

export function createDuty({ callCentre, classOf, mayCallNow, mayHave }: ListNeeds): Duty {
  async function whoMayNot(personId: PersonId, list: CallList): Promise<Refused | undefined> {
    const agent = callCentre.desk(personId)?.agent;
    if (!agent || agent.state === 'offline') return { kind: 'conflict', because: 'Sign in at the desk first.' };
    if (!agent.queues.includes(list.queue))
      return { kind: 'forbidden', because: 'This call list is worked on by people of another queue.' };
    const { reason, queue } = list;
    const piiClass = classOf(reason);
    const call: CallFacts = { direction: 'outbound', reason, queue, ...(piiClass === undefined ? {} : { piiClass }) };
    if (!mayHave(personId, call))
      return {
        kind: 'forbidden',
        because: 'These calls touch personal information that you may not handle where you are.',
      };
    return undefined;
  }

  return {
    whoMayNot,
    async refusal(personId, list) {
      const refused = await whoMayNot(personId, list);
      if (refused) return refused;
      if (list.state !== 'running') return { kind: 'conflict', because: 'This call list is not running.' };
      if (!mayCallNow(list.calendar))
        return { kind: 'conflict', because: 'Customers of this list are not called at this hour.' };
      return undefined;
    },
  };
}
