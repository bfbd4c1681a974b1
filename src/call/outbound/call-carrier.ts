// Calls a number out through the trunks and waits for the answer. Each carrier tried gets an endpoint and an offer of its own.

import type { Endpoint } from '../../media/endpoint.ts';
import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Leg, LegEvents } from '../../sbc/leg.ts';
import { asError } from '../../shared/errors.ts';
import type { PersonId } from '../../shared/ids.ts';
import { keepAnchored } from '../anchor/reanchor.ts';
import type { CallState, Centre, Party } from '../call-state.ts';
import { unattended } from '../parts.ts';
import { followOffers } from '../talk/follow-offers.ts';
import { meterCall } from './meter-call.ts';

export interface CarrierRequest {
  call: CallState;
  to: PhoneNumber;
  presentedNumber: string;
  withhold?: boolean;
  ringTimeoutSeconds: number;
  signal: AbortSignal;
  /** Who is at the far end: a customer unless told. */
  party?: 'customer' | 'agent';
  /** What the call is for; a customer or another place outside unless told. */
  purpose?: 'outside' | 'own-telephone';
  /** Whose call it is; nobody's when the flow makes it. */
  personId?: PersonId;
  onLeg?: (leg: Leg) => void;
  /** The carrier plays something before the answer (ringback, an announcement). */
  onEarlyMedia?: (endpoint: Endpoint) => void;
  onRinging?: () => void;
}

export type CarrierOutcome =
  | { kind: 'answered'; party: Party; ringMs: number }
  | { kind: 'failed'; ended: LegEvents['ended'] };

export async function callCarrier(centre: Centre, request: CarrierRequest): Promise<CarrierOutcome> {
  const { parts } = centre;
  const { call, to } = request;
  const startedAt = parts.clock.now();
  const personId = request.personId ?? call.agent?.personId ?? null;
  const outside = request.purpose !== 'own-telephone';
  // Whoever dialled by hand has been told in words; a flow, a transfer or a list is told here.
  if (outside && parts.toll?.check(to, personId, call.id))
    return { kind: 'failed', ended: { cause: 'forbidden', by: 'us', sipStatus: null } };
  const notBy = outside ? (parts.toll?.spentTrunks(to) ?? []) : [];
  let endpoint: Endpoint | undefined;

  const leg = parts.border.callTrunk({
    callId: request.call.id,
    to: request.to,
    presentedNumber: request.presentedNumber,
    ...(request.withhold ? { withhold: true } : {}),
    ...(notBy.length > 0 ? { notBy } : {}),
    ringTimeoutSeconds: request.ringTimeoutSeconds,
    async offer(profile) {
      await endpoint?.close();
      const created = await parts.media.createEndpoint({ callId: request.call.id, profile });
      if (created.kind === 'incompatible') throw new Error(created.because);
      endpoint = created.endpoint;
      keepAnchored(centre, request.call, { party: request.party ?? 'customer', leg, endpoint });
      // Cancelled meanwhile: nobody will hear of this endpoint any more.
      if (leg.state === 'ended') await endpoint.close();
      return endpoint.localSdp;
    },
  });
  followOffers(request.call.log, leg, () => endpoint);
  request.onLeg?.(leg);
  if (outside) meterCall(centre, call, { leg, to, personId });

  return new Promise((resolve) => {
    const stop = () => void leg.end('cancelled');
    request.signal.addEventListener('abort', stop);
    if (request.signal.aborted) stop();
    const fail = (ended: LegEvents['ended']) => {
      request.signal.removeEventListener('abort', stop);
      if (endpoint) unattended(request.call.log, 'free the media of the carrier', endpoint.close());
      resolve({ kind: 'failed', ended });
    };
    leg.on('ringing', () => request.onRinging?.());
    leg.on('earlyMedia', ({ sdpAnswer }) => {
      const early = endpoint;
      if (!early) return;
      const accepting = early.acceptAnswer(sdpAnswer).then((accepted) => {
        if (accepted.kind === 'ok' && leg.state !== 'ended') request.onEarlyMedia?.(early);
      });
      unattended(request.call.log, 'early media', accepting);
    });
    // Once answered, the end of the leg is the call's affair, and the endpoint is still needed for its figures.
    const offEnded = leg.on('ended', fail);
    leg.on('answered', ({ sdpAnswer }) => {
      const answeredBy = endpoint;
      if (!answeredBy) return;
      // A 200 after early media may come without SDP: the earlier answer stands.
      const accepted = sdpAnswer ? answeredBy.acceptAnswer(sdpAnswer) : Promise.resolve({ kind: 'ok' as const });
      const joining = accepted.then((result) => {
        if (result.kind !== 'ok') return leg.end('incompatible-media');
        if (leg.state === 'ended') return;
        request.signal.removeEventListener('abort', stop);
        offEnded();
        resolve({ kind: 'answered', party: { leg, endpoint: answeredBy }, ringMs: parts.clock.now() - startedAt });
      });
      joining.catch((thrown: unknown) => {
        request.call.log.error({ err: asError(thrown) }, 'the media of an answered carrier failed');
        return leg.end('fault');
      });
    });
  });
}
