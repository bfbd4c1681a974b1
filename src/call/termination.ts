// Why a call ended and whose doing it was, from how a leg ended. Nobody else decides this.

import type { LegEvents } from '../sbc/leg.ts';
import type { EndCause, Side } from '../shared/events.ts';

export interface Termination {
  cause: EndCause;
  side: Side;
}

/** A customer's leg ended by itself. `answered` is whether the customer was ever connected. */
export function customerLegEnded(ended: LegEvents['ended'], direction: 'inbound' | 'outbound'): Termination {
  if (ended.by === 'timeout') return { cause: ended.cause, side: direction === 'outbound' ? 'carrier' : 'unknown' };
  if (ended.by === 'us') return { cause: ended.cause, side: 'us' };
  const theCarriersDoing: readonly EndCause[] = [
    'unreachable',
    'overload',
    'incompatible-media',
    'fault',
    'session-expired',
  ];
  return { cause: ended.cause, side: theCarriersDoing.includes(ended.cause) ? 'carrier' : 'caller' };
}

/** How an alerted agent's leg ended without an answer, in the ACD's words. */
export function agentDidNotAnswer(ended: LegEvents['ended']): 'timeout' | 'rejected' | 'unreachable' {
  if (ended.cause === 'no-answer' || ended.by === 'timeout') return 'timeout';
  if (ended.cause === 'rejected' || ended.cause === 'busy') return 'rejected';
  return 'unreachable';
}
