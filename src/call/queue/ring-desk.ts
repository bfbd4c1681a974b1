// Calls a person where the person takes calls today, the softphone or the own telephone (telephone/ring-telephone.ts), and waits
// for the answer. Frees the endpoint and the leg when nobody answers.

import type { Endpoint } from '../../media/endpoint.ts';
import type { Leg, LegEvents } from '../../sbc/leg.ts';
import type { Device } from '../../shared/events.ts';
import type { PersonId } from '../../shared/ids.ts';
import { keepAnchored } from '../anchor/reanchor.ts';
import type { CallState, Centre } from '../call-state.ts';
import { ringTelephone } from '../telephone/ring-telephone.ts';
import type { RingPurpose } from '../telephone/telephone-words.ts';

export interface RingRequest {
  personId: PersonId;
  ringTimeoutSeconds: number;
  autoAnswer?: 'outbound' | 'attach' | 'monitor';
  /** Today's device of the person unless told. */
  device?: Device;
  /** What an own telephone is told; by `autoAnswer` unless told. */
  words?: RingPurpose;
  /** Stops the ringing. */
  signal: AbortSignal;
  onLeg?: (leg: Leg) => void;
  onRinging?: () => void;
}

export type RingOutcome =
  | { kind: 'answered'; leg: Leg; endpoint: Endpoint; ringMs: number }
  | { kind: 'not-answered'; ended: LegEvents['ended'] };

const gone = (cause: LegEvents['ended']['cause']): RingOutcome => ({
  kind: 'not-answered',
  ended: { cause, by: 'us', sipStatus: null },
});

const purposes = { none: 'offer', outbound: 'dial', attach: 'back', monitor: 'offer' } as const satisfies Record<
  string,
  RingPurpose
>;

const deviceOf = ({ parts }: Pick<Centre, 'parts'>, personId: PersonId): Device =>
  parts.telephones?.deviceOf(personId) ?? 'browser';

/** How much longer than it rings somebody may take to answer: an own telephone asks for key 1. */
export function confirmSecondsOf(centre: Pick<Centre, 'parts'>, personId: PersonId): number {
  const { telephone } = centre.parts.settings;
  return telephone && deviceOf(centre, personId) === 'telephone' ? telephone.confirmSeconds : 0;
}

/** A party of ours on a trunk is at the own telephone. */
export const deviceOfParty = ({ leg }: { leg: Leg }): Device => (leg.kind === 'trunk' ? 'telephone' : 'browser');

/** Whether this person can be called at all: by a softphone that is registered, or by an own telephone. */
export function canBeRung(centre: Pick<Centre, 'parts'>, personId: PersonId): boolean {
  return deviceOf(centre, personId) === 'telephone' || centre.parts.border.isSoftphoneRegistered(personId);
}

export async function ringDesk(centre: Centre, call: CallState, request: RingRequest): Promise<RingOutcome> {
  const { border, clock, media } = centre.parts;
  const startedAt = clock.now();
  if ((request.device ?? deviceOf(centre, request.personId)) === 'telephone')
    return ringTelephone(centre, call, request, request.words ?? purposes[request.autoAnswer ?? 'none']);
  if (!border.isSoftphoneRegistered(request.personId)) return gone('unreachable');
  const created = await media.createEndpoint({ callId: call.id, profile: 'webrtc' });
  if (created.kind === 'incompatible') return gone('incompatible-media');
  const { endpoint } = created;
  if (request.signal.aborted) {
    await endpoint.close();
    return gone('cancelled');
  }

  const leg = border.callSoftphone({
    callId: call.id,
    personId: request.personId,
    displayName: call.alias ?? '—',
    sdpOffer: endpoint.localSdp,
    ringTimeoutSeconds: request.ringTimeoutSeconds,
    ...(request.autoAnswer ? { autoAnswer: request.autoAnswer } : {}),
  });
  const isReachable = () => border.isSoftphoneRegistered(request.personId);
  keepAnchored(centre, call, { party: 'agent', leg, endpoint, isReachable });
  request.onLeg?.(leg);
  const outcome = await waitForAnswer(leg, endpoint, request);
  if (outcome.kind === 'answered') return { ...outcome, ringMs: clock.now() - startedAt };
  await endpoint.close();
  return outcome;
}

function waitForAnswer(leg: Leg, endpoint: Endpoint, request: RingRequest): Promise<RingOutcome> {
  return new Promise((resolve) => {
    const stop = () => void leg.end('cancelled');
    request.signal.addEventListener('abort', stop);
    const settle = (outcome: RingOutcome) => {
      request.signal.removeEventListener('abort', stop);
      resolve(outcome);
    };
    leg.on('ringing', () => request.onRinging?.());
    leg.on('ended', (ended) => settle({ kind: 'not-answered', ended }));
    leg.on('answered', ({ sdpAnswer }) => {
      void endpoint.acceptAnswer(sdpAnswer ?? '').then(
        (accepted) => {
          if (accepted.kind === 'ok') return settle({ kind: 'answered', leg, endpoint, ringMs: 0 });
          settle(gone('incompatible-media'));
          return leg.end('incompatible-media');
        },
        () => {
          settle(gone('fault'));
          return leg.end('fault');
        },
      );
    });
    if (leg.state === 'ended') settle(gone('unreachable'));
  });
}
