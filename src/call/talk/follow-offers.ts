// The far end's later offers (RFC 3261 §14: re-INVITE, UPDATE) are its endpoint's to answer; the offer that it asks for by a
// re-INVITE without SDP is its endpoint's to make. Once per leg; which endpoint the leg has is asked each time.

import type { Endpoint } from '../../media/endpoint.ts';
import type { Leg } from '../../sbc/leg.ts';
import type { Logger } from '../../shared/logger.ts';
import { unattended } from '../parts.ts';

export function followOffers(log: Logger, leg: Leg, endpoint: () => Endpoint | undefined): void {
  leg.onOffer(
    async (sdpOffer) => {
      const answered = await endpoint()?.answerOffer(sdpOffer);
      return answered?.kind === 'ok' ? answered : { kind: 'incompatible' };
    },
    async () => {
      const asked = endpoint();
      if (!asked) throw new Error('the far end asks for an offer of an endpoint that is not there');
      return asked.createOffer();
    },
  );
  leg.on('answerReceived', ({ sdpAnswer }) => {
    const accepting = endpoint()
      ?.acceptAnswer(sdpAnswer)
      .then((accepted) => {
        // The audio stays as it was; should the far end not send that, the media time-out ends the call.
        if (accepted.kind === 'incompatible') log.warn({ because: accepted.because }, 'a later answer does not fit');
      });
    if (accepting) unattended(log, 'a later answer', accepting);
  });
}
