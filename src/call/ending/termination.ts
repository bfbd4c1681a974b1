// Why a call ended and whose doing it was, from how a leg ended. Nobody else decides this.

import type { LegEvents } from '../../sbc/leg.ts';
import type { EndCause, Side } from '../../shared/events.ts';

export interface Termination {
  cause: EndCause;
  side: Side;
}

/** What the network, not the person at the far end, says no with. */
const theCarriersDoing: readonly EndCause[] = [
  'unreachable',
  'not-found',
  'forbidden',
  'overload',
  'incompatible-media',
  'fault',
  'session-expired',
];

/** A customer's leg ended by itself. Outbound, a telephone that rings until our patience is over is the customer's. */
export function customerLegEnded(ended: LegEvents['ended'], direction: 'inbound' | 'outbound'): Termination {
  const { cause, by } = ended;
  if (by === 'us') return { cause, side: 'us' };
  if (by === 'timeout' && direction === 'inbound') return { cause, side: 'unknown' };
  return { cause, side: theCarriersDoing.includes(cause) ? 'carrier' : 'customer' };
}

/** How an alerted agent's leg ended without an answer, in the ACD's words. */
export function agentDidNotAnswer(ended: LegEvents['ended']): 'timeout' | 'rejected' | 'unreachable' {
  if (ended.cause === 'no-answer' || ended.by === 'timeout') return 'timeout';
  if (ended.cause === 'rejected' || ended.cause === 'busy') return 'rejected';
  return 'unreachable';
}
