// Which events somebody gets to see. Supervisors and programs: all. An agent: what concerns the agent's own person, and a
// call's events while the agent has that call, from being reserved to leaving it. Pure; reads events in order.

import type { EngawaEvent } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import { type FeedEvent, tellEvent } from './feed-event.ts';

export interface FeedFilter {
  /** The event as it is told, or undefined if it is none of this reader's business. */
  pass(event: EngawaEvent): FeedEvent | undefined;
  /** The reader has this call already. */
  owns(callId: CallId): void;
}

/** These end a person's part in a call. */
const leaving = new Set<EngawaEvent['type']>(['agent-left', 'agent-not-answered']);
/** These begin it, or show that it goes on. */
const joining = new Set<EngawaEvent['type']>([
  'call-started',
  'agent-reserved',
  'agent-alerted',
  'agent-answered',
  'agent-attached',
]);

export function createFeedFilter({ own }: { own?: PersonId }): FeedFilter {
  const calls = new Set<CallId>();

  function concernsOwn(event: EngawaEvent): boolean {
    if (event.type === 'operation-changed') return true;
    // Why somebody may not be offered a call is told to who can change it.
    if (event.type === 'offer-refused') return false;
    const personId = 'personId' in event ? event.personId : undefined;
    const callId = 'callId' in event ? event.callId : undefined;
    if (personId === own) {
      if (callId && joining.has(event.type)) calls.add(callId);
      if (callId && leaving.has(event.type)) calls.delete(callId);
      return true;
    }
    const passes = personId == null && callId !== undefined && calls.has(callId);
    if (callId && event.type === 'call-ended') calls.delete(callId);
    return passes;
  }

  return {
    pass(event) {
      if (own === undefined) return tellEvent(event);
      if (!concernsOwn(event)) return undefined;
      // Which mode holds concerns everybody; who switched it and why, those who can.
      return tellEvent(
        event.type === 'operation-changed' ? { ...event, personId: null, keyId: null, why: null } : event,
      );
    },
    owns: (callId) => void calls.add(callId),
  };
}
