// Client transaction of every method but INVITE and ACK (RFC 3261 §17.1.2).
// Pure: takes inputs with their time, says when to send the request again and when it wants to be called again.
//
//   trying ─1xx▶ proceeding ─final▶ completed ─K▶ terminated
//      └─final▶ completed            F, transport failure ▶ terminated

import type { ClientNotify } from './invite-client.ts';
import { earlier, type MachineOptions, nothing, type Step } from './timers.ts';

export type NonInviteClientPhase = 'trying' | 'proceeding' | 'completed' | 'terminated';

export interface NonInviteClientState extends MachineOptions {
  phase: NonInviteClientPhase;
  /** Timer E; undefined on reliable transports and once completed. */
  retransmitAtMs?: number;
  intervalMs: number;
  /** Timer F until a final response, then K. */
  endAtMs?: number;
}

export type NonInviteClientInput =
  | { kind: 'start' }
  | { kind: 'response'; status: number }
  | { kind: 'timer' }
  | { kind: 'transport-failed' };

export type NonInviteClientStep = Step<NonInviteClientState, 'request', ClientNotify>;

export function newNonInviteClient({ timers, reliable }: MachineOptions): NonInviteClientState {
  const times = { retransmitAtMs: undefined, intervalMs: timers.t1Ms, endAtMs: undefined };
  return { timers, reliable, phase: 'trying', ...times };
}

export function stepNonInviteClient(
  state: NonInviteClientState,
  input: NonInviteClientInput,
  nowMs: number,
): NonInviteClientStep {
  switch (input.kind) {
    case 'start': {
      const retransmitAtMs = state.reliable ? undefined : nowMs + state.timers.t1Ms;
      return result({ ...state, retransmitAtMs, endAtMs: nowMs + 64 * state.timers.t1Ms }, ['request']);
    }
    case 'response':
      return response(state, input.status, nowMs);
    case 'timer':
      return timer(state, nowMs);
    case 'transport-failed':
      if (state.phase === 'terminated') return result(state);
      return result(ended(state), nothing, state.phase === 'completed' ? ['terminated'] : ['transport', 'terminated']);
  }
}

function response(state: NonInviteClientState, status: number, nowMs: number): NonInviteClientStep {
  if (state.phase !== 'trying' && state.phase !== 'proceeding') return result(state);
  if (status < 200) return result({ ...state, phase: 'proceeding' }, nothing, ['response']);
  if (state.reliable) return result(ended(state), nothing, ['response', 'terminated']);
  const endAtMs = nowMs + state.timers.t4Ms;
  return result({ ...state, phase: 'completed', retransmitAtMs: undefined, endAtMs }, nothing, ['response']);
}

function timer(state: NonInviteClientState, nowMs: number): NonInviteClientStep {
  if (state.endAtMs !== undefined && nowMs >= state.endAtMs) {
    return result(ended(state), nothing, state.phase === 'completed' ? ['terminated'] : ['timeout', 'terminated']);
  }
  if (state.retransmitAtMs !== undefined && nowMs >= state.retransmitAtMs) {
    const { t2Ms } = state.timers;
    const intervalMs = state.phase === 'proceeding' ? t2Ms : Math.min(state.intervalMs * 2, t2Ms);
    return result({ ...state, intervalMs, retransmitAtMs: nowMs + intervalMs }, ['request']);
  }
  return result(state);
}

function ended(state: NonInviteClientState): NonInviteClientState {
  return { ...state, phase: 'terminated', retransmitAtMs: undefined, endAtMs: undefined };
}

function result(
  state: NonInviteClientState,
  send: NonInviteClientStep['send'] = nothing,
  notify: NonInviteClientStep['notify'] = nothing,
): NonInviteClientStep {
  return { state, send, notify, deadlineMs: earlier(state.retransmitAtMs, state.endAtMs) };
}
