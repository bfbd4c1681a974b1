// The media contract for browsers on FreeSWITCH. What it cannot: one port for all browsers (it has a port for each party), new
// ICE credentials of its own in a call that exists (it keeps those it began with), how long a digit was pressed (it is told at
// its first packets, so that one whose end is lost is heard).

import t from 'tap';
import { freeswitchRig, withoutFreeswitch } from '../support/media/freeswitch-media.ts';
import { chromiumPath, missing } from '../support/servers/peers.ts';
import { mediaWebrtcContract } from './media-webrtc-contract.ts';

t.test('FreeSWITCH with Chromium', { skip: withoutFreeswitch || missing(chromiumPath) }, async (t) => {
  const rig = await freeswitchRig(t);
  await mediaWebrtcContract(t, {
    open: () => rig.open({ mediaTimeoutMs: 20_000 }),
    can: { onePort: false, iceRestart: false, digitDuration: false },
  });
});
