// The automatic call distributor as a pure machine: inputs with their time in, effects out. No timers, no sockets.
// It owns the agent states and the waiting calls; `call/` carries out its effects. The maker is createAcd in distributor.ts.

import type { AgentState, PiiClass } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import type { AgentFacts, AgentView } from '../agent.ts';
import type { AcdSnapshot } from './snapshot.ts';

export interface QueueSettings {
  name: string;
  label: { ja: string; en: string };
  ringTimeoutSeconds: number;
  afterCallWorkSeconds: number;
  /** Answered within this many seconds counts towards the service level. */
  serviceLevelSeconds: number;
  shortAbandonSeconds: number;
}

export interface WaitingCall {
  callId: CallId;
  queue: string;
  enteredAt: number;
  /** Undefined when no reason is known: handled as the strictest class. */
  piiClass: PiiClass | undefined;
  /** Higher goes first; 0 unless told. Within a priority the oldest goes first. A call that came back unanswered goes before all. */
  priority: number;
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
   * A queue that does not exist is an impossible input. A call that is in a queue already leaves it first: so a queue change,
   * or a reason learned while waiting, is this input again.
   */
  | { kind: 'callWaiting'; call: WaitingCall }
  /** The caller left the queue: hung up, overflowed, transferred. Frees a reserved or alerting agent. */
  | { kind: 'callGone'; callId: CallId }
  | { kind: 'alerting'; callId: CallId; personId: PersonId }
  | { kind: 'answered'; callId: CallId; personId: PersonId }
  /** Ring no answer, refusal, or no softphone: the call goes back to the head, the agent becomes not-ready. */
  | { kind: 'notAnswered'; callId: CallId; personId: PersonId; because: 'timeout' | 'rejected' | 'unreachable' }
  /** A call that did not come through a queue (outbound, direct): straight to on-call. */
  | { kind: 'agentCallStarted'; personId: PersonId; callId: CallId }
  /** The agent's part of a call is over; after-call work begins (0 seconds: none). */
  | { kind: 'agentCallEnded'; personId: PersonId; callId: CallId; afterCallWorkSeconds: number }
  /** Time has passed; call at `nextDeadline()` or later. */
  | { kind: 'tick' };

export type AcdEffect =
  /** Reserve has happened: ring this person for this call, then report alerting, answered or notAnswered. */
  | { kind: 'offer'; callId: CallId; personId: PersonId; queue: string }
  /** Stop ringing and report nothing more: the call is gone, or this agent may not have it any more. */
  | { kind: 'withdraw'; callId: CallId; personId: PersonId }
  | { kind: 'agentState'; personId: PersonId; from: AgentState; to: AgentState; because: string | null }
  /** The free agent who would have come first was passed over by rule; once per call and person. */
  | { kind: 'refused'; callId: CallId; personId: PersonId; queue: string; because: string };

export interface QueueView {
  name: string;
  /** Callers not yet answered, those being offered included. */
  waiting: number;
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
  /** Everything, as plain data, for `createAcd({ from })`. */
  snapshot(): AcdSnapshot;
  readonly ignoredInputs: number;
}
