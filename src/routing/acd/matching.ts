// Who takes which call. Every answer here asks the policy (privacy/pii-class.ts) anew: an index finds candidates, it permits nobody.
// Whoever is passed over by rule is named, so that the audit can say why a free agent got no call.

import { mayHandle } from '../../privacy/pii-class.ts';
import type { PiiClass } from '../../shared/events.ts';
import {
  clearances,
  type Effort,
  idleBefore,
  type Need,
  needs,
  type Seat,
  servedBefore,
  type Waiting,
} from './line.ts';

export interface Pairing<T> {
  best: T | undefined;
  /** Would have come before `best`, but may not. */
  passedOver: T[];
}

/** The class as the policy knows it. What is no known class counts as unknown. */
export function needOf(piiClass: PiiClass | undefined): Need {
  return piiClass !== undefined && needs.includes(piiClass) ? piiClass : 'unknown';
}

export function mayTake(seat: Seat, waiting: Waiting): boolean {
  return (
    seat.lines.includes(waiting.line) &&
    mayHandle(seat.clearance, waiting.need === 'unknown' ? undefined : waiting.need)
  );
}

/** The longest-idle free agent who may take this call. */
export function agentFor(waiting: Waiting, effort: Effort): Pairing<Seat> {
  const firsts = clearances.map((clearance) => waiting.line.free[clearance].first());
  return choose(firsts, (seat) => mayTake(seat, waiting), idleBefore, effort);
}

/** The next call that this agent may take, over all queues of the agent. */
export function callFor(seat: Seat, effort: Effort): Pairing<Waiting> {
  const firsts = seat.lines.flatMap((line) => needs.map((need) => line.waiting[need].first()));
  return choose(firsts, (waiting) => mayTake(seat, waiting), servedBefore, effort);
}

function choose<T>(
  firsts: (T | undefined)[],
  may: (candidate: T) => boolean,
  before: (a: T, b: T) => boolean,
  effort: Effort,
): Pairing<T> {
  let best: T | undefined;
  const forbidden: T[] = [];
  for (const candidate of firsts) {
    if (candidate === undefined) continue;
    effort.candidates += 1;
    if (!may(candidate)) forbidden.push(candidate);
    else if (best === undefined || before(candidate, best)) best = candidate;
  }
  const chosen = best;
  return { best, passedOver: forbidden.filter((one) => chosen === undefined || before(one, chosen)) };
}

/** Why a free agent was passed over, as a sentence for the audit. */
export function refusalOf(seat: Seat, waiting: Waiting): string {
  const asked =
    waiting.need === 'unknown' ? 'the reason for the call is unknown' : `the call is of class ${waiting.need}`;
  return `${asked}, the agent is cleared for ${seat.clearance}`;
}
