// INVITE client transaction (RFC 3261 §17.1.1, with the Accepted state of RFC 6026 §7.2).
// Pure: takes inputs with their time, says which of the caller's two messages to send (the INVITE, the ACK to a final
// response other than 2xx) and when it wants to be called again. Does not build the ACK, and does not ACK a 2xx.
//
//   calling ─1xx▶ proceeding ─3xx-6xx▶ completed ─D▶ terminated
//      │  │            └──2xx▶ accepted ─M▶ terminated
//      │  └─2xx▶ accepted; 3xx-6xx▶ completed
//      └─B, transport failure▶ terminated

import { earlier, type MachineOptions, nothing, type Step } from './timers.ts';

export type InviteClientPhase = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

export interface InviteClientState extends MachineOptions {
  phase: InviteClientPhase;
  /** Timer A; undefined on reliable transports and outside calling. */
  retransmitAtMs?: number;
  intervalMs: number;
  /** Timer B in calling, D in completed, M in accepted; in proceeding only after CANCEL. */
  endAtMs?: number;
  cancelled?: boolean;
}

export type InviteClientInput =
  | { kind: 'start' }
  | { kind: 'response'; status: number }
  /** CANCEL went out: the final response has 64·T1 to come (RFC 3261 §9.1). */
  | { kind: 'cancelled' }
  | { kind: 'timer' }
  | { kind: 'transport-failed' };

export type ClientNotify = 'response' | 'timeout' | 'transport' | 'terminated';
export type InviteClientStep = Step<InviteClientState, 'request' | 'ack', ClientNotify>;

export function newInviteClient({ timers, reliable }: MachineOptions): InviteClientState {
  const times = { retransmitAtMs: undefined, intervalMs: timers.t1Ms, endAtMs: undefined };
  return { timers, reliable, phase: 'calling', cancelled: false, ...times };
}

export function stepInviteClient(state: InviteClientState, input: InviteClientInput, nowMs: number): InviteClientStep {
  switch (input.kind) {
    case 'start':
      return start(state, nowMs);
    case 'response':
      return response(state, input.status, nowMs);
    case 'cancelled':
      if (state.phase !== 'proceeding') return result(state);
      return result({ ...state, cancelled: true, endAtMs: nowMs + 64 * state.timers.t1Ms });
    case 'timer':
      return timer(state, nowMs);
    case 'transport-failed':
      return failed(state);
  }
}

function start(state: InviteClientState, nowMs: number): InviteClientStep {
  const retransmitAtMs = state.reliable ? undefined : nowMs + state.timers.t1Ms;
  return result({ ...state, retransmitAtMs, endAtMs: nowMs + 64 * state.timers.t1Ms }, ['request']);
}

function response(state: InviteClientState, status: number, nowMs: number): InviteClientStep {
  const open = state.phase === 'calling' || state.phase === 'proceeding';
  if (status < 200) {
    if (!open) return result(state);
    const endAtMs = state.cancelled ? state.endAtMs : undefined;
    return result({ ...state, phase: 'proceeding', retransmitAtMs: undefined, endAtMs }, nothing, ['response']);
  }
  if (status < 300) {
    if (state.phase === 'accepted') return result(state, nothing, ['response']);
    if (!open) return result(state);
    const endAtMs = nowMs + 64 * state.timers.t1Ms;
    return result({ ...state, phase: 'accepted', retransmitAtMs: undefined, endAtMs }, nothing, ['response']);
  }
  // In completed only the ACK is repeated; the transaction user has seen this response.
  if (state.phase === 'completed') return result(state, ['ack']);
  if (!open) return result(state);
  if (state.reliable) return result(ended(state), ['ack'], ['response', 'terminated']);
  const endAtMs = nowMs + state.timers.timerDMs;
  return result({ ...state, phase: 'completed', retransmitAtMs: undefined, endAtMs }, ['ack'], ['response']);
}

function timer(state: InviteClientState, nowMs: number): InviteClientStep {
  if (state.endAtMs !== undefined && nowMs >= state.endAtMs) {
    const waiting = state.phase === 'calling' || state.phase === 'proceeding';
    return result(ended(state), nothing, waiting ? ['timeout', 'terminated'] : ['terminated']);
  }
  if (state.retransmitAtMs !== undefined && nowMs >= state.retransmitAtMs) {
    const intervalMs = state.intervalMs * 2;
    return result({ ...state, intervalMs, retransmitAtMs: nowMs + intervalMs }, ['request']);
  }
  return result(state);
}

function failed(state: InviteClientState): InviteClientStep {
  if (state.phase === 'terminated') return result(state);
  const tell = state.phase === 'calling' || state.phase === 'proceeding';
  return result(ended(state), nothing, tell ? ['transport', 'terminated'] : ['terminated']);
}

function ended(state: InviteClientState): InviteClientState {
  return { ...state, phase: 'terminated', retransmitAtMs: undefined, endAtMs: undefined };
}

function result(
  state: InviteClientState,
  send: InviteClientStep['send'] = nothing,
  notify: InviteClientStep['notify'] = nothing,
): InviteClientStep {
  return { state, send, notify, deadlineMs: earlier(state.retransmitAtMs, state.endAtMs) };
}
