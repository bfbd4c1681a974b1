// Agents as routing sees them. The table of their states is agent-states.ts.

import type { AgentState } from '../shared/events.ts';
import type { CallId, PersonId } from '../shared/ids.ts';
import type { PersonFacts } from './policy/policy.ts';

/** Facts about an agent that decide what may be offered. Unknown counts against. */
export interface AgentFacts extends PersonFacts {
  personId: PersonId;
  queues: readonly string[];
  /** Level by skill, 1 and above; a skill that is not named is not there. */
  skills?: Readonly<Record<string, number>>;
  /** Tier by queue: who is of a lower tier is asked first. 0 unless named. */
  tiers?: Readonly<Record<string, number>>;
}

export interface AgentView extends AgentFacts {
  state: AgentState;
  stateSince: number;
  /** The reason of not-ready, such as 'break' or 'no-answer'; null elsewhere. */
  because: string | null;
  callId: CallId | null;
  /** When after-call work ends by itself; null elsewhere. */
  afterCallWorkEndsAt: number | null;
  /** When an agent who did not answer is available again by itself; null elsewhere. */
  returnsAt: number | null;
  /** When the agent last became available; a call that went away while ringing does not count. For longest-idle. */
  idleSince: number;
  /** The state asked for during a call, taken afterwards. */
  nextState: 'not-ready' | 'offline' | null;
  /** The reason that goes with `nextState`. */
  nextBecause?: string | null;
}

/** What of a view are facts, for telling them again. */
export function factsOfAgent(view: AgentFacts): AgentFacts {
  const { personId, queues, skills, tiers, ...rest } = view;
  const { clearance, place, employment, employedSince, trainings, pledge, device, connectionCheck, keptAway } = rest;
  const known = { employment, employedSince, trainings, pledge, device, connectionCheck, keptAway, skills, tiers };
  const told = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  return { personId, queues, clearance, place, ...told };
}
