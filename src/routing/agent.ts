// Agents as routing sees them. The table of their states is agent-states.ts.

import type { AgentState, PiiClass, Place } from '../shared/events.ts';
import type { CallId, PersonId } from '../shared/ids.ts';

/** Facts about an agent that decide what may be offered. Unknown counts against. */
export interface AgentFacts {
  personId: PersonId;
  queues: readonly string[];
  clearance: PiiClass;
  place: Place;
}

export interface AgentView extends AgentFacts {
  state: AgentState;
  stateSince: number;
  /** The reason of not-ready, such as 'break' or 'no-answer'; null elsewhere. */
  because: string | null;
  callId: CallId | null;
  /** When after-call work ends by itself; null elsewhere. */
  afterCallWorkEndsAt: number | null;
  /** When the agent last became available; a call that went away while ringing does not count. For longest-idle. */
  idleSince: number;
  /** The state asked for during a call, taken afterwards. */
  nextState: 'not-ready' | 'offline' | null;
}
