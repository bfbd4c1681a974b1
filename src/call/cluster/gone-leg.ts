// The leg of a desk whose node has died: ended already, and no SIP of it can be had again. The desk is called anew (reattach.ts).

import type { Leg } from '../../sbc/leg.ts';
import type { LegId } from '../../shared/ids.ts';

const never = () => () => {};

export function goneLeg(id: LegId): Leg {
  return {
    ...{ id, kind: 'softphone', direction: 'outbound', state: 'ended', sipCallId: '' },
    ...{ trunk: undefined, sdpOffer: undefined, on: never, once: never },
    ring() {},
    answer: async () => ({ kind: 'ended' }),
    reject() {},
    end: async () => {},
    renegotiate: async () => ({ kind: 'ended' }),
    onOffer() {},
  };
}
