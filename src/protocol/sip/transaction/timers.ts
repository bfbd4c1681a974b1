// The timers of RFC 3261 (table 4 in appendix A) as a value, so that two tests in one process can differ, and the one shape
// that all transaction machines have.

export interface SipTimers {
  /** Estimate of the round trip; first retransmission interval. */
  t1Ms: number;
  /** Largest retransmission interval of requests other than INVITE and of INVITE responses. */
  t2Ms: number;
  /** How long a message may stay in the network. */
  t4Ms: number;
  /** How long an INVITE client waits in Completed for retransmitted finals over UDP (timer D). */
  timerDMs: number;
}

export const defaultSipTimers: SipTimers = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000, timerDMs: 32_000 };

/**
 * What a machine is told once, when its transaction begins. Every state has all its fields from the start, those without a
 * value too: copies with another shape (`{ ...state, … }`) cost microseconds each.
 */
export interface MachineOptions {
  timers: SipTimers;
  /** TCP, TLS, WS, WSS: no retransmissions, no waiting for stray ones. */
  reliable: boolean;
}

/**
 * A step of a machine. `send` names messages that the caller holds, in order; `notify` is for the transaction user.
 * `deadlineMs` is when the machine wants its next `timer` input; undefined: never.
 */
export interface Step<State, Send, Notify> {
  state: State;
  send: readonly Send[];
  notify: readonly Notify[];
  deadlineMs?: number;
}

export const nothing: readonly never[] = [];

/** The earlier of two times of which either may be absent. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined || a <= b ? a : b;
}
