// The media contract on FreeSWITCH.

import t from 'tap';
import { freeswitchRig, withoutFreeswitch } from '../support/freeswitch-media.ts';
import { mediaServerContract } from './media-server-contract.ts';

const mediaTimeoutMs = 1500;

if (withoutFreeswitch) t.plan(0, withoutFreeswitch);
else {
  const rig = await freeswitchRig(t);
  mediaServerContract(t, {
    can: { srtp: true, inbandDigits: true, heardBy: true, transcoding: true, loss: { within: 1, afterMs: 5500 } },
    mediaTimeoutMs,
    create: () => rig.open({ mediaTimeoutMs }),
  });
}
