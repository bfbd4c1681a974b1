// The line of a check before a shift, measured by FreeSWITCH.

import t from 'tap';
import { freeswitchRig, withoutFreeswitch } from '../support/media/freeswitch-media.ts';
import { measuresWhatIsSent } from '../support/media/measured-line.ts';
import { endRobotMedia } from '../support/media/robot-media.ts';

t.setTimeout(180_000);
t.teardown(endRobotMedia);

t.test('FreeSWITCH', { skip: withoutFreeswitch }, async (t) => {
  const rig = await freeswitchRig(t);
  const media = await rig.open({ mediaTimeoutMs: 20_000 });
  t.teardown(() => media.close());
  await measuresWhatIsSent(t, media, { lossPoints: 3, seconds: 10, share: 0.35 });
});
