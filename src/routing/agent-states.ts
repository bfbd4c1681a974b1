// The table of agent states: what may happen in which state, and where it leads.
// A missing cell is an impossible input. A cell that names its own state is allowed and changes nothing but what is remembered.
//
//     offline ─signIn▶ not-ready ◀──▶ available ─reserve▶ reserved ─alert▶ alerting ─answer▶ on-call ─callEnd▶ after-call-work
//
// Does not say when something happens nor what else it causes; acd/distributor.ts does.

import type { AgentState } from '../shared/events.ts';

export const agentStates = [
  'offline',
  'not-ready',
  'available',
  'reserved',
  'alerting',
  'on-call',
  'after-call-work',
] as const satisfies readonly AgentState[];

export const agentTriggers = [
  /** The person signed in at a desk. */
  'signIn',
  /** The person asks for calls. */
  'ready',
  /** The person asks for no calls; during a call it is remembered. */
  'notReady',
  /** The person signed out; during a call it is remembered. */
  'signOut',
  /** The ACD chose this agent for a call. */
  'reserve',
  /** The softphone rings. */
  'alert',
  /** The agent took the call offered. */
  'answer',
  /** Ring no answer, refusal, no softphone, or a lease that ran out. */
  'noAnswer',
  /** The offered call is gone, or may no longer be offered: not the agent's doing. */
  'withdraw',
  /** A call that came through no queue. */
  'callStart',
  /** The agent's part of a call is over. */
  'callEnd',
  /** After-call work is over. */
  'finish',
] as const;

export type AgentTrigger = (typeof agentTriggers)[number];

export const agentTransitions: Record<AgentState, Partial<Record<AgentTrigger, AgentState>>> = {
  offline: { signIn: 'not-ready' },
  'not-ready': {
    signIn: 'not-ready',
    ready: 'available',
    notReady: 'not-ready',
    signOut: 'offline',
    callStart: 'on-call',
  },
  available: {
    signIn: 'available',
    ready: 'available',
    notReady: 'not-ready',
    signOut: 'offline',
    reserve: 'reserved',
    callStart: 'on-call',
  },
  reserved: {
    signIn: 'reserved',
    ready: 'reserved',
    notReady: 'not-ready',
    signOut: 'offline',
    alert: 'alerting',
    // A desk that answers by itself never alerts.
    answer: 'on-call',
    noAnswer: 'not-ready',
    withdraw: 'available',
  },
  alerting: {
    signIn: 'alerting',
    ready: 'alerting',
    notReady: 'not-ready',
    signOut: 'offline',
    // A second provisional response of the same softphone.
    alert: 'alerting',
    answer: 'on-call',
    noAnswer: 'not-ready',
    withdraw: 'available',
  },
  'on-call': {
    signIn: 'on-call',
    ready: 'on-call',
    notReady: 'on-call',
    signOut: 'on-call',
    callEnd: 'after-call-work',
  },
  'after-call-work': {
    signIn: 'after-call-work',
    ready: 'available',
    notReady: 'not-ready',
    signOut: 'offline',
    callStart: 'on-call',
    finish: 'available',
  },
};

/** The state that follows; undefined: impossible in this state. */
export function nextAgentState(state: AgentState, trigger: AgentTrigger): AgentState | undefined {
  return agentTransitions[state][trigger];
}
