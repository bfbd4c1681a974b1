// The automatic call distributor as a pure machine: inputs with their time in, effects out. No timers, no sockets.
// It owns the agent states and the waiting calls; `call/` carries out its effects. The maker is createAcd in distributor.ts.

import type { AgentState } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import type { AgentFacts, AgentView } from '../agent.ts';
import type { CallFacts, Operation, PolicySource } from '../policy/policy.ts';
import type { AdmissionRules, OverflowReason } from './admission.ts';
import type { AcdSnapshot } from './snapshot.ts';

/**
 * Who of those who may take a call is asked. Whatever the strategy, a lower tier goes first, and whoever is equal goes by
 * idle time.
 *
 *   longest-idle    who has been available longest
 *   round-robin     whose last call (or call not answered) of this queue lies farthest back; a newcomer is last
 *   least-occupied  who worked least of late: calls and after-call work, of which half is forgotten in half an hour that the
 *                   agent was ready (occupied-share.ts)
 *   fewest-calls    who answered fewest calls of any queue since sign-in
 *   ring-all        as longest-idle, but `ringAtOnce` agents at once; the first answer wins
 */
export type Strategy = 'longest-idle' | 'round-robin' | 'least-occupied' | 'fewest-calls' | 'ring-all';

/** What becomes of an agent whom a call did not reach. */
export interface UnansweredRule {
  /** Available again by itself after so many seconds; null: not-ready until the agent says otherwise. */
  returnAfterSeconds?: number | null;
  /** Signed out after so many in a row; null: never. */
  signOutAfter?: number | null;
}

export interface QueueSettings {
  name: string;
  label: { ja: string; en: string };
  ringTimeoutSeconds: number;
  afterCallWorkSeconds: number;
  /** Answered within this many seconds counts towards the service level. */
  serviceLevelSeconds: number;
  shortAbandonSeconds: number;
  /** longest-idle unless told. */
  strategy?: Strategy;
  /** For ring-all: at most so many agents at once; 10 unless told. */
  ringAtOnce?: number;
  /** Added to the priority of each of its calls; 0 unless told. */
  priority?: number;
  /** Agents of tier n are asked once a call has waited n times this; 0 (unless told): as soon as nobody of a lower tier is free. */
  tierWaitSeconds?: number;
  /** For skills that a call asks for without steps of its own: each level falls by one every so many seconds; 0: never. */
  relaxSkillsEverySeconds?: number;
  noAnswer?: UnansweredRule;
  rejected?: UnansweredRule;
  admission?: Partial<AdmissionRules>;
}

/** A skill that a call asks for. What it asks for falls as it waits. */
export interface SkillNeed {
  skill: string;
  level: number;
  /** From so many seconds after it entered on, this level is enough; 0: the skill is not asked for any more. */
  relax?: readonly { afterSeconds: number; level: number }[];
}

export interface WaitingCall {
  callId: CallId;
  queue: string;
  /** Since when it waits in this queue: for what the caller is told, relaxing, and overflow. */
  enteredAt: number;
  /** For the policy; `queue` is filled in. */
  facts: CallFacts;
  /** Higher goes first; 0 unless told. Within a priority the oldest goes first. A call that came back unanswered goes before all. */
  priority: number;
  /** Its place in the order is that of this time: a caller who was cut off and is back, a call from another queue. */
  placeSince?: number;
  skills?: readonly SkillNeed[];
  /**
   * For so many seconds this agent alone is asked, if signed in, ready or busy, and allowed; then anybody. The place in the order
   * stays what it is: a preference lets nobody overtake.
   */
  preferred?: { personId: PersonId; seconds: number };
  /** Never offered to these, whatever the policy says. */
  notFor?: readonly PersonId[];
  /** Nobody is on the line: the place is kept for a call back. Does not overflow. */
  callback?: boolean;
  /** Does not overflow: there is no other way for it. */
  stays?: boolean;
  /** Instead of the queue's; null: as long as it takes. */
  mostWaitSeconds?: number | null;
}

export type AcdInput =
  | { kind: 'agentSignedIn'; agent: AgentFacts }
  | { kind: 'agentFactsChanged'; agent: AgentFacts }
  /** Asks for available. Out of after-call work it ends that; during a call it clears `nextState`. */
  | { kind: 'agentReady'; personId: PersonId }
  /** During a call it is remembered as the next state; while reserved or alerting the call goes back to the head of its queue. */
  | { kind: 'agentNotReady'; personId: PersonId; because: string }
  /** As agentNotReady; after a call there is no after-call work. */
  | { kind: 'agentSignedOut'; personId: PersonId }
  /**
   * A queue that does not exist is an impossible input. A call that is in another queue already leaves it first. One that is in
   * this queue keeps its place and whoever is rung for it and still may take it: so what is learned of a call while it waits is
   * this input again. May be answered by `overflow`, unless `alwaysJoins`. `anew`: whoever is rung for it is let go, as if it had
   * left and come.
   */
  | { kind: 'callWaiting'; call: WaitingCall; alwaysJoins?: boolean; anew?: boolean }
  /** The caller left the queue: hung up, overflowed, transferred. Frees a reserved or alerting agent. */
  | { kind: 'callGone'; callId: CallId }
  /** `moreSeconds`: an own telephone that was answered waits so long for key 1, besides the queue's ringing time. */
  | { kind: 'alerting'; callId: CallId; personId: PersonId; moreSeconds?: number }
  /** Whoever else was rung for this call is let go. */
  | { kind: 'answered'; callId: CallId; personId: PersonId }
  /**
   * Ring no answer, refusal, or no softphone: the call goes back to the head (unless others are rung for it too), the agent
   * becomes not-ready, or what the queue's rule says.
   */
  | { kind: 'notAnswered'; callId: CallId; personId: PersonId; because: 'timeout' | 'rejected' | 'unreachable' }
  /** A call that did not come through a queue (outbound, direct): straight to on-call. */
  | { kind: 'agentCallStarted'; personId: PersonId; callId: CallId }
  /** The agent's part of a call is over; after-call work begins (0 seconds: none). */
  | { kind: 'agentCallEnded'; personId: PersonId; callId: CallId; afterCallWorkSeconds: number }
  /** Other rules, or another mode of operation: whoever is rung and may not take the call any more is let go. */
  | { kind: 'rulesChanged'; policy: PolicySource; operation: Operation }
  /** Time has passed; call at `nextDeadline()` or later. */
  | { kind: 'tick' };

export type AcdEffect =
  /**
   * Reserve has happened: ring this person for this call, then report alerting, answered or notAnswered. With ring-all there may
   * be several persons for one call. `rule`: the rule of the policy that allows it.
   */
  | { kind: 'offer'; callId: CallId; personId: PersonId; queue: string; rule: string }
  /** Stop ringing and report nothing more: the call is gone, somebody else has it, or this agent may not have it any more. */
  | { kind: 'withdraw'; callId: CallId; personId: PersonId }
  | { kind: 'agentState'; personId: PersonId; from: AgentState; to: AgentState; because: string | null }
  /** A free agent who would have come first was passed over by the policy; once per call and person under one set of rules. */
  | {
      kind: 'refused';
      callId: CallId;
      personId: PersonId;
      queue: string;
      rule: string | null;
      because: { code: string; ja: string; en: string };
    }
  /** It is in no queue any more, by the queue's admission rules: do with it what the flow says. Never while somebody is rung for it. */
  | { kind: 'overflow'; callId: CallId; queue: string; because: OverflowReason };

export interface QueueView {
  name: string;
  /** Callers not yet answered, those being offered and those who are called back included. */
  waiting: number;
  /** How many of `waiting` are called back. */
  callbacks: number;
  longestWaitMs: number;
  agents: Record<AgentState, number>;
}

export interface Acd {
  /** Applies one input. An impossible input (unknown agent, wrong state) changes nothing and gives no effect but is counted. */
  apply(input: AcdInput, nowMs: number): AcdEffect[];
  /** When `tick` has something to do next; undefined: nothing. */
  nextDeadline(): number | undefined;
  agent(personId: PersonId): AgentView | undefined;
  agents(): AgentView[];
  queue(name: string, nowMs: number): QueueView | undefined;
  queues(nowMs: number): QueueView[];
  /** 1 for the next to be served; a call being offered stands before those that wait. */
  position(callId: CallId): number | undefined;
  /** How long it will wait still, from how fast its queue was served of late; undefined: not in a queue, or too little is known. */
  estimateWaitMs(callId: CallId): number | undefined;
  /** What the admission rules would answer a call that would not be served at once; null: it may join. */
  wouldOverflow(call: WaitingCall, nowMs: number): OverflowReason | null;
  readonly rules: { policy: PolicySource; operation: Operation };
  /** Everything, as plain data, for `createAcd({ from })`. */
  snapshot(): AcdSnapshot;
  readonly ignoredInputs: number;
}
