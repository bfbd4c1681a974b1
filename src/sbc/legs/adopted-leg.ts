// A leg that another node had, or this one before it died: answered, its SIP server gone with its node. Taken up at once with a
// re-INVITE (rescue.ts); the far end's answer is told by `answerReceived`. Ends with `fault` when nobody takes it up, and as hung up
// by the far end when that says 481.

import type { EndCause } from '../../shared/events.ts';
import type { LegId } from '../../shared/ids.ts';
import type { Leg } from '../leg.ts';
import { noLink } from '../link/control-link.ts';
import type { DialogFacts } from './dialog-facts.ts';
import { createLegCore, type LegContext } from './leg-core.ts';
import { createSipDialog, type ServerLoss } from './sip-dialog.ts';

export interface AdoptedLegOptions extends LegContext {
  id: LegId;
  direction: 'inbound' | 'outbound';
  trunk: string | undefined;
  facts: DialogFacts;
  mayTransfer: boolean;
  onServerLost: ServerLoss;
  onEnded: (cause: EndCause) => void;
}

export function createAdoptedLeg(options: AdoptedLegOptions): Leg {
  const { id, direction, facts } = options;
  const log = options.log.child({ legId: id, trunk: options.trunk });
  const core = createLegCore({
    ...options,
    log,
    initial: 'answered',
    onFault: () => void core.dialog?.bye('fault'),
  });
  const owner = core.owner(() => {}, options.mayTransfer);
  core.dialog = createSipDialog({
    ...options,
    log,
    owner,
    link: noLink,
    dialogId: '',
    role: direction === 'inbound' ? 'uas' : 'uac',
    localSdp: facts.localSdp,
  });

  return {
    id,
    kind: 'trunk',
    direction,
    trunk: options.trunk,
    sipCallId: facts.sipCallId,
    sdpOffer: undefined,
    get state() {
      return core.state;
    },
    on: core.emitter.on,
    once: core.emitter.once,
    ring() {},
    answer: () => Promise.resolve({ kind: 'ended' }),
    reject() {},
    async end(cause = 'normal') {
      if (core.finish(cause, 'us', null)) await core.dialog?.bye(cause);
    },
    renegotiate: core.renegotiate,
    onOffer: core.setOfferHandler,
    dialogFacts: core.dialogFacts,
    handOver: core.handOver,
  };
}
