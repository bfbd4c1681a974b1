// INVITE server transaction (RFC 3261 §17.2.1, with the Accepted state of RFC 6026 §7.1), and the user agent's
// retransmission of its 2xx until the ACK is there (RFC 3261 §13.3.1.4), which shares its clock.
// Pure: says when to send the response just given ('new'), the last one again ('last') or 100 ('trying').
// Does not build responses and does not match the ACK to a 2xx; whoever does says `ack-2xx`.
//
//   proceeding ─300-699▶ completed ─ACK▶ confirmed ─I▶ terminated
//       │                    └─H▶ terminated (timeout)
//       └─2xx▶ accepted ─L▶ terminated          ACK to the 2xx: 'done', its absence for 64·T1: 'timeout'

import { earlier, type MachineOptions, nothing, type Step } from './timers.ts';

export type InviteServerPhase = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

export interface InviteServerState extends MachineOptions {
  phase: InviteServerPhase;
  /** A response was given by the transaction user, so a retransmitted INVITE is answered with it. */
  responded: boolean;
  /** 100 in proceeding (200 ms), timer G in completed, the 2xx in accepted. */
  resendAtMs?: number;
  intervalMs: number;
  /** Timer H, I or L. */
  endAtMs?: number;
}

export type InviteServerInput =
  | { kind: 'start' }
  | { kind: 'retransmission' }
  /** `once`: a 2xx that somebody else retransmits (a proxy passing it on). */
  | { kind: 'respond'; status: number; once?: boolean }
  | { kind: 'ack' }
  | { kind: 'ack-2xx' }
  | { kind: 'timer' }
  | { kind: 'transport-failed' };

export type ServerNotify = 'done' | 'timeout' | 'transport' | 'terminated';
export type InviteServerStep = Step<InviteServerState, 'new' | 'last' | 'trying', ServerNotify>;

/** A transaction user that has nothing to say within this time has 100 sent for it. */
const tryingAfterMs = 200;

export function newInviteServer({ timers, reliable }: MachineOptions): InviteServerState {
  const times = { resendAtMs: undefined, intervalMs: timers.t1Ms, endAtMs: undefined };
  return { timers, reliable, phase: 'proceeding', responded: false, ...times };
}

export function stepInviteServer(state: InviteServerState, input: InviteServerInput, nowMs: number): InviteServerStep {
  switch (input.kind) {
    case 'start':
      return result({ ...state, resendAtMs: nowMs + tryingAfterMs });
    case 'retransmission':
      return retransmission(state);
    case 'respond':
      return respond(state, input.status, input.once === true, nowMs);
    case 'ack':
      return ack(state, nowMs);
    case 'ack-2xx':
      if (state.phase !== 'accepted' || state.resendAtMs === undefined) return result(state);
      return result({ ...state, resendAtMs: undefined }, nothing, ['done']);
    case 'timer':
      return timer(state, nowMs);
    case 'transport-failed':
      return failed(state);
  }
}

function retransmission(state: InviteServerState): InviteServerStep {
  if (state.phase === 'proceeding' && state.responded) return result(state, ['last']);
  if (state.phase === 'proceeding') return result({ ...state, responded: true, resendAtMs: undefined }, ['trying']);
  // In accepted the INVITE is absorbed: the 2xx has its own retransmission (RFC 6026 §7.1).
  return result(state, state.phase === 'completed' ? ['last'] : nothing);
}

function respond(state: InviteServerState, status: number, once: boolean, nowMs: number): InviteServerStep {
  const { timers } = state;
  if (state.phase === 'accepted' && status >= 200 && status < 300) return result(state, ['new']);
  if (state.phase !== 'proceeding') return result(state);
  if (status < 200) return result({ ...state, responded: true, resendAtMs: undefined }, ['new']);
  const endAtMs = nowMs + 64 * timers.t1Ms;
  const again = { ...state, responded: true, intervalMs: timers.t1Ms, resendAtMs: nowMs + timers.t1Ms, endAtMs };
  if (status < 300) {
    const accepted = { ...again, phase: 'accepted' as const };
    return once ? result({ ...accepted, resendAtMs: undefined }, ['new'], ['done']) : result(accepted, ['new']);
  }
  return result({ ...again, phase: 'completed', resendAtMs: state.reliable ? undefined : again.resendAtMs }, ['new']);
}

function ack(state: InviteServerState, nowMs: number): InviteServerStep {
  if (state.phase !== 'completed') return result(state);
  if (state.reliable) return result(ended(state), nothing, ['done', 'terminated']);
  const endAtMs = nowMs + state.timers.t4Ms;
  return result({ ...state, phase: 'confirmed', resendAtMs: undefined, endAtMs }, nothing, ['done']);
}

function timer(state: InviteServerState, nowMs: number): InviteServerStep {
  if (state.endAtMs !== undefined && nowMs >= state.endAtMs) {
    const unacknowledged =
      state.phase === 'completed' || (state.phase === 'accepted' && state.resendAtMs !== undefined);
    return result(ended(state), nothing, unacknowledged ? ['timeout', 'terminated'] : ['terminated']);
  }
  if (state.resendAtMs === undefined || nowMs < state.resendAtMs) return result(state);
  if (state.phase === 'proceeding') return result({ ...state, responded: true, resendAtMs: undefined }, ['trying']);
  const intervalMs = Math.min(state.intervalMs * 2, state.timers.t2Ms);
  return result({ ...state, intervalMs, resendAtMs: nowMs + intervalMs }, ['last']);
}

function failed(state: InviteServerState): InviteServerStep {
  if (state.phase === 'terminated') return result(state);
  const tell = state.phase !== 'confirmed' && !(state.phase === 'accepted' && state.resendAtMs === undefined);
  return result(ended(state), nothing, tell ? ['transport', 'terminated'] : ['terminated']);
}

function ended(state: InviteServerState): InviteServerState {
  return { ...state, phase: 'terminated', resendAtMs: undefined, endAtMs: undefined };
}

function result(
  state: InviteServerState,
  send: InviteServerStep['send'] = nothing,
  notify: InviteServerStep['notify'] = nothing,
): InviteServerStep {
  return { state, send, notify, deadlineMs: earlier(state.resendAtMs, state.endAtMs) };
}
