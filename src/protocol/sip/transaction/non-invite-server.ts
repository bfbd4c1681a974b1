// Server transaction of every method but INVITE and ACK (RFC 3261 §17.2.2).
// Pure: says when to send the response just given ('new') or the last one again ('last'). Sends no 100 (RFC 4320 §4.1).
//
//   trying ─1xx▶ proceeding ─final▶ completed ─J▶ terminated
//      └─final▶ completed            64·T1 without an answer ▶ terminated (timeout)

import type { ServerNotify } from './invite-server.ts';
import { type MachineOptions, nothing, type Step } from './timers.ts';

export type NonInviteServerPhase = 'trying' | 'proceeding' | 'completed' | 'terminated';

export interface NonInviteServerState extends MachineOptions {
  phase: NonInviteServerPhase;
  /** Until a final response the time at which the client has given up (its timer F), then J. */
  endAtMs?: number;
}

export type NonInviteServerInput =
  | { kind: 'start' }
  | { kind: 'retransmission' }
  | { kind: 'respond'; status: number }
  | { kind: 'timer' }
  | { kind: 'transport-failed' };

export type NonInviteServerStep = Step<NonInviteServerState, 'new' | 'last', ServerNotify>;

export function newNonInviteServer({ timers, reliable }: MachineOptions): NonInviteServerState {
  return { timers, reliable, phase: 'trying', endAtMs: undefined };
}

export function stepNonInviteServer(
  state: NonInviteServerState,
  input: NonInviteServerInput,
  nowMs: number,
): NonInviteServerStep {
  switch (input.kind) {
    case 'start':
      return result({ ...state, endAtMs: nowMs + 64 * state.timers.t1Ms });
    case 'retransmission':
      return result(state, state.phase === 'proceeding' || state.phase === 'completed' ? ['last'] : nothing);
    case 'respond':
      return respond(state, input.status, nowMs);
    case 'timer':
      if (state.endAtMs === undefined || nowMs < state.endAtMs) return result(state);
      return result(ended(state), nothing, state.phase === 'completed' ? ['terminated'] : ['timeout', 'terminated']);
    case 'transport-failed':
      if (state.phase === 'terminated') return result(state);
      return result(ended(state), nothing, state.phase === 'completed' ? ['terminated'] : ['transport', 'terminated']);
  }
}

function respond(state: NonInviteServerState, status: number, nowMs: number): NonInviteServerStep {
  if (state.phase !== 'trying' && state.phase !== 'proceeding') return result(state);
  if (status < 200) return result({ ...state, phase: 'proceeding' }, ['new']);
  if (state.reliable) return result(ended(state), ['new'], ['done', 'terminated']);
  return result({ ...state, phase: 'completed', endAtMs: nowMs + 64 * state.timers.t1Ms }, ['new'], ['done']);
}

function ended(state: NonInviteServerState): NonInviteServerState {
  return { ...state, phase: 'terminated', endAtMs: undefined };
}

function result(
  state: NonInviteServerState,
  send: NonInviteServerStep['send'] = nothing,
  notify: NonInviteServerStep['notify'] = nothing,
): NonInviteServerStep {
  return { state, send, notify, deadlineMs: state.endAtMs };
}
