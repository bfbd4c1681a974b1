// Proves of a flow that no call is handed to a queue none of whose people may have it: every way is explored (explore.ts), and for
// each state in which a queue is reached the policy is asked about each of its people, in each mode of operation, over a week.
//
// What is proven: for every such state there is somebody in the queue who may take the call, by clearance, registered place and
// the other facts that are registered; what changes from day to day (the device, the connection check) is taken to be in order
// unless it is registered otherwise. What is not: that this person is there. And a call never reaches anybody who may not have it
// even without this proof, because the policy decides at every offer; without it, it would wait for nobody.

import type { Operation, PersonFacts, Policy, PolicyDecision } from '../../policy/policy.ts';
import type { Flow, Reason } from '../flow.ts';
import { explore, type HandOver } from './explore.ts';

/** Somebody who serves queues, as registered. */
export interface ProofPerson {
  name: string;
  queues: readonly string[];
  facts: PersonFacts;
}

export interface ProofNeeds {
  flows: { get(id: string): Flow | undefined };
  reasons: ReadonlyMap<string, Reason>;
  policy: Policy;
  people: readonly ProofPerson[];
  /** The week that begins here is looked at. */
  atMs: number;
}

export interface Finding extends HandOver {
  /**
   * `never`: nobody of the queue may take it, at any time of the week. `not-always`: there are times at which nobody may.
   * `not-in`: nobody may in an operation that is not the normal one. `empty`: the queue has no people.
   */
  kind: 'never' | 'not-always' | 'not-in' | 'empty';
  operation: Operation;
  /** The policy's words, for the person who comes nearest. */
  because: { ja: string; en: string } | null;
  atMs: number;
}

export interface Proof {
  /** False: there are too many states to look at them all. */
  complete: boolean;
  /** States in which a queue is reached. */
  handOvers: number;
  findings: readonly Finding[];
}

const operations: readonly Operation[] = ['normal', 'partly-home', 'all-home'];
/** The worst first. */
const kinds: readonly Finding['kind'][] = ['never', 'empty', 'not-always', 'not-in'];
const weekMs = 7 * 24 * 3600_000;
const maxInstants = 400;

export function prove(flow: Flow, needs: ProofNeeds): Proof {
  const findings = new Map<string, Finding>();
  let handOvers = 0;
  let complete = true;
  for (const operation of operations) {
    const explored = explore(flow, { ...needs, operation });
    complete &&= explored.complete;
    handOvers = Math.max(handOvers, explored.handOvers.length);
    for (const handOver of explored.handOvers) {
      const found = judged(handOver, operation, needs);
      if (!found) continue;
      // Of one reason at one node, the worst is enough to say; verified factors make more of the same.
      const key = JSON.stringify([handOver.flow.id, handOver.node, handOver.reason]);
      const before = findings.get(key);
      if (before && kinds.indexOf(before.kind) <= kinds.indexOf(found.kind)) continue;
      findings.set(key, { ...handOver, ...found, operation });
    }
  }
  return { complete, handOvers, findings: [...findings.values()] };
}

type Judgement = Pick<Finding, 'kind' | 'because' | 'atMs'>;

function judged(handOver: HandOver, operation: Operation, needs: ProofNeeds): Judgement | undefined {
  const people = needs.people.filter(({ queues }) => queues.includes(handOver.queue));
  if (people.length === 0) return { kind: 'empty', because: null, atMs: needs.atMs };
  let missing: Judgement | undefined;
  let sometimes = false;
  for (const atMs of instants(people, operation, needs)) {
    const refusal = refusalOfAll(people, handOver, operation, atMs, needs);
    if (refusal) missing ??= { kind: 'never', because: refusal, atMs };
    else sometimes = true;
    if (missing && sometimes) break;
  }
  if (!missing) return undefined;
  if (operation !== 'normal') return { ...missing, kind: 'not-in' };
  return sometimes ? { ...missing, kind: 'not-always' } : missing;
}

/** Undefined when one of the people may take the call; otherwise the words of the policy. */
function refusalOfAll(
  people: readonly ProofPerson[],
  { queue, reason, verified }: HandOver,
  operation: Operation,
  atMs: number,
  { policy, reasons }: ProofNeeds,
): { ja: string; en: string } | undefined {
  const piiClass = reason === null ? undefined : reasons.get(reason)?.piiClass;
  const call = {
    ...({ direction: 'inbound', queue, verified, step: 'whole' } as const),
    ...(reason !== null && { reason }),
    ...(piiClass !== undefined && { piiClass }),
  };
  let refusal: Extract<PolicyDecision, { allowed: false }> | undefined;
  for (const { facts } of people) {
    for (const possible of possibleFacts(facts, operation, atMs)) {
      const decision = policy.decide(possible, call, operation, atMs);
      if (decision.allowed) return undefined;
      // A rule says more than that the clearance is too low.
      if (!refusal || refusal.rule === 'clearance') refusal = decision;
    }
  }
  return refusal?.because;
}

function possibleFacts(facts: PersonFacts, operation: Operation, atMs: number): PersonFacts[] {
  const inOrder = { device: 'managed', connectionCheck: { passed: true, at: atMs } } as const;
  return placesOf(facts, operation).map((place) => ({ ...inOrder, ...facts, place }));
}

/** Who works at the centre works at home when everybody does. */
function placesOf({ place }: PersonFacts, operation: Operation): ('centre' | 'home')[] {
  if (operation === 'all-home') return ['home'];
  if (place === 'home') return ['home'];
  return place === 'centre' && operation === 'normal' ? ['centre'] : ['centre', 'home'];
}

/** The times of the coming week at which a decision about one of these people may change. */
function instants(people: readonly ProofPerson[], operation: Operation, { policy, atMs }: ProofNeeds): number[] {
  const times = new Set([atMs]);
  const standings = new Map<string, PersonFacts>();
  for (const { facts } of people) {
    for (const possible of possibleFacts(facts, operation, atMs)) {
      standings.set(policy.standing(possible, operation, atMs).key, possible);
    }
  }
  for (const facts of standings.values()) {
    let now = atMs;
    while (times.size < maxInstants) {
      const { untilMs } = policy.standing(facts, operation, now);
      if (untilMs === null || untilMs <= now || untilMs > atMs + weekMs) break;
      times.add(untilMs);
      now = untilMs;
    }
  }
  return [...times].sort((a, b) => a - b);
}
