// Secret digits on FreeSWITCH. In the audio it tells a key when it has begun, and never its end.

import t from 'tap';
import { freeswitchRig, withoutFreeswitch } from '../support/media/freeswitch-media.ts';
import { mediaSecretContract } from './media-secret-contract.ts';

if (withoutFreeswitch) t.plan(0, withoutFreeswitch);
else {
  const rig = await freeswitchRig(t);
  mediaSecretContract(t, { can: { keepHeldKeyBack: false }, create: () => rig.open() });
}
