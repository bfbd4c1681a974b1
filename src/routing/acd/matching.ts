// Who takes which call. The indices find candidates and permit nobody: every answer here asks the policy anew, with all facts.
// Candidates are looked at in the order of service, so whoever is refused would have come first: the audit can say why a free
// agent got no call.

import type { PolicyDecision } from '../policy/policy.ts';
import type { Present } from './admission.ts';
import type { Core } from './books/core.ts';
import {
  askedBefore,
  type Group,
  type Line,
  type Member,
  type Seat,
  servedBefore,
  type Waiting,
} from './books/line.ts';
import { hasSkills, type Level } from './measures/demand.ts';

export type Refused = (seat: Seat, waiting: Waiting, decision: Extract<PolicyDecision, { allowed: false }>) => void;

export interface Match<T> {
  found: T;
  /** Of the policy, that allows it. */
  rule: string;
}

export function decide({ policy, operation, now }: Core, seat: Seat, waiting: Waiting): PolicyDecision {
  return policy.decide(seat, waiting.facts, operation, now);
}

/** By queue, skills, tier and exclusion; the policy is another question. */
function suits(member: Member, waiting: Waiting): boolean {
  const { skills, reach, notFor } = waiting.demand;
  return member.tier <= reach && hasSkills(member.seat.skills, skills) && !notFor.includes(member.seat.personId);
}

export function mayTake(core: Core, seat: Seat, waiting: Waiting): boolean {
  const member = seat.members.find(({ line }) => line === waiting.line);
  return member !== undefined && suits(member, waiting) && decide(core, seat, waiting).allowed;
}

/** The free agent whom the strategy of the queue asks first, of those who may take this call. */
export function agentFor(core: Core, waiting: Waiting, refused: Refused): Match<Seat> | undefined {
  const { line, demand, heldFor } = waiting;
  if (heldFor) {
    if (heldFor.state !== 'available') return undefined;
    return firstAllowed(core, [heldFor], (seat) => [seat, waiting], refused);
  }
  const firsts: Member[] = [];
  for (const group of line.groups.values()) {
    if (group.tier > demand.reach) continue;
    const first = freeOf(group, demand.notFor);
    if (first && hasSkills(first.seat.skills, demand.skills)) firsts.push(first);
  }
  const before = askedBefore(line.settings.strategy);
  firsts.sort((a, b) => (before(a, b) ? -1 : 1));
  const seats = firsts.map(({ seat }) => seat);
  return firstAllowed(core, seats, (seat) => [seat, waiting], refused);
}

/** The first free agent of a group who is none of these. */
function freeOf(group: Group, notFor: readonly string[]): Member | undefined {
  const first = group.free.first();
  if (!first || !notFor.includes(first.seat.personId)) return first;
  const aside: Member[] = [];
  let next: Member | undefined = first;
  for (; next && notFor.includes(next.seat.personId); next = group.free.first()) {
    group.free.remove(next);
    aside.push(next);
  }
  for (const one of aside) group.free.add(one);
  return next;
}

/**
 * The next call that this agent may take, over all queues of the agent; when nobody waits for whom no one is rung, the next
 * that rings at several and may ring here too.
 */
export function callFor(core: Core, seat: Seat, refused: Refused): Match<Waiting> | undefined {
  for (const index of ['waiting', 'ringing'] as const) {
    const firsts: Waiting[] = [];
    if (index === 'waiting') {
      const held = seat.held.first();
      if (held && mayStillHold(seat, held)) firsts.push(held);
    }
    for (const member of seat.members)
      for (const shelf of member.line.shelves.values()) {
        const first = shelf[index].first();
        if (first && suits(member, first)) firsts.push(first);
      }
    firsts.sort((a, b) => (servedBefore(a, b) ? -1 : 1));
    const match = firstAllowed(core, firsts, (waiting) => [seat, waiting], refused);
    if (match) return match;
  }
  return undefined;
}

function mayStillHold(seat: Seat, waiting: Waiting): boolean {
  return seat.members.some((member) => member.line === waiting.line && suits(member, waiting));
}

function firstAllowed<T>(
  core: Core,
  inOrder: readonly T[],
  pair: (one: T) => [Seat, Waiting],
  refused: Refused,
): Match<T> | undefined {
  for (const one of inOrder) {
    core.effort.candidates += 1;
    const [seat, waiting] = pair(one);
    const decision = decide(core, seat, waiting);
    if (decision.allowed) return { found: one, rule: decision.rule };
    refused(seat, waiting, decision);
  }
  return undefined;
}

/** How many are there who may take such calls, of any tier, with the skills that are asked for in the end. */
export function presentFor(core: Core, line: Line, waiting: Waiting, skills: readonly Level[]): Present {
  const present: Present = { signedIn: 0, ready: 0 };
  for (const group of line.groups.values()) {
    if (group.signedIn === 0) continue;
    const [one] = group.members;
    if (!one || !hasSkills(one.seat.skills, skills) || !decide(core, one.seat, waiting).allowed) continue;
    present.signedIn += group.signedIn;
    present.ready += group.ready;
  }
  return present;
}
