// The media contract on FreeSWITCH. Loss is counted from its first RTCP report on, exact to a packet; it begins a tap when it is
// connected and ends it when it is told, so the time is that of its answers.

import t from 'tap';
import { freeswitchRig, withoutFreeswitch } from '../support/media/freeswitch-media.ts';
import { mediaServerContract } from './media-server-contract.ts';

const mediaTimeoutMs = 1500;

if (withoutFreeswitch) t.plan(0, withoutFreeswitch);
else {
  const rig = await freeswitchRig(t);
  mediaServerContract(t, {
    can: {
      srtp: true,
      inbandDigits: true,
      heardBy: true,
      transcoding: true,
      loss: { within: 1 },
      tapWithinMs: 400,
    },
    mediaTimeoutMs,
    create: () => rig.open({ mediaTimeoutMs }),
  });
}
