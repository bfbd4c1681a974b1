// Answering a customer with a media endpoint, and watching what the customer's side does by itself.

import type { InboundCall } from '../../sbc/border.ts';
import { asError } from '../../shared/errors.ts';
import { keepAnchored } from '../anchor/reanchor.ts';
import { type CallState, type Centre, isOver } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { tell } from '../parts.ts';
import { followOffers } from '../talk/follow-offers.ts';

/** Answers the customer with an endpoint of its own. False when that cannot be: the call has ended then. */
export async function answerCustomer(centre: Centre, call: CallState, { leg }: InboundCall): Promise<boolean> {
  const { parts } = centre;
  const created = await parts.media
    .createEndpoint({ callId: call.id, profile: 'rtp', ...(leg.sdpOffer ? { sdpOffer: leg.sdpOffer } : {}) })
    .catch((thrown: unknown) => ({ kind: 'unavailable' as const, err: asError(thrown) }));
  if (created.kind !== 'created') {
    const cause = created.kind === 'incompatible' ? 'incompatible-media' : 'overload';
    call.log.warn(created.kind === 'incompatible' ? { because: created.because } : { err: created.err }, 'no endpoint');
    leg.reject(cause);
    await endCall(centre, call, { cause, side: created.kind === 'incompatible' ? 'carrier' : 'us' });
    return false;
  }
  const { endpoint } = created;
  if (isOver(call)) {
    await endpoint.close();
    return false;
  }
  call.customer = { leg, endpoint };
  followOffers(call.log, leg, () => call.customer?.endpoint);
  keepAnchored(centre, call, { party: 'customer', leg, endpoint });
  watchCustomer(centre, call);
  const answered = await leg.answer(endpoint.localSdp);
  if (answered.kind === 'ended' || isOver(call)) return false;
  if (!leg.sdpOffer && !(await acceptLateAnswer(call, answered.sdpAnswer))) {
    await endCall(centre, call, { cause: 'incompatible-media', side: 'carrier' });
    return false;
  }
  if (isOver(call)) return false;
  tell(parts, { type: 'call-answered', callId: call.id });
  return true;
}

/** The INVITE had no offer, so ours was in the 200 and the answer came with the ACK (RFC 3261 §13.2.1). */
async function acceptLateAnswer(call: CallState, sdpAnswer: string | undefined): Promise<boolean> {
  const accepted = sdpAnswer ? await call.customer?.endpoint.acceptAnswer(sdpAnswer) : undefined;
  return accepted?.kind === 'ok';
}

/** What the customer's side may do by itself: hold, fall silent for good. */
export function watchCustomer(centre: Centre, call: CallState): void {
  const { parts } = centre;
  if (!call.customer) return;
  const { leg, endpoint } = call.customer;
  let heldAt = 0;
  leg.on('held', () => {
    heldAt = parts.clock.now();
    tell(parts, { type: 'call-held', callId: call.id, by: 'customer' });
  });
  leg.on('resumed', () =>
    tell(parts, { type: 'call-resumed', callId: call.id, by: 'customer', heldMs: parts.clock.now() - heldAt }),
  );
  endpoint.on('mediaTimeout', () => void endCall(centre, call, { cause: 'media-timeout', side: 'carrier' }));
  endpoint.on('ended', ({ because }) => {
    if (because === 'lost') void endCall(centre, call, { cause: 'media-lost', side: 'us' });
  });
}
