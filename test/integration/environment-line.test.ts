// The line of a check before a shift, measured by the embedded media engine.

import t from 'tap';
import { createLineMeasurer } from '../../src/call/measure/measure-line.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { PersonId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';
import { measuresWhatIsSent, person, softphone } from '../support/media/measured-line.ts';
import { endRobotMedia } from '../support/media/robot-media.ts';

t.setTimeout(180_000);
t.teardown(endRobotMedia);

t.test('the embedded engine', async (t) => {
  const media = await openEmbeddedMedia({ mediaTimeoutMs: 20_000 });
  t.teardown(() => media.close());
  await measuresWhatIsSent(t, media, { lossPoints: 2, seconds: 4, share: 1, jitterShare: 0.75 });

  await t.test('a softphone that is not there, does not answer, or is called away', async (t) => {
    const away = softphone({});
    const measurer = createLineMeasurer({ border: away.border, media, clock: systemClock, log: silentLogger });
    t.same(await measurer.begin('p_2' as PersonId, { seconds: 4 }).done, { kind: 'failed', because: 'unreachable' });
    t.equal(away.called.length, 0);
    const silent = softphone({}, false);
    const other = createLineMeasurer({ border: silent.border, media, clock: systemClock, log: silentLogger });
    t.same(await other.begin(person, { seconds: 4 }).done, { kind: 'failed', because: 'unreachable' });
    const stopped = measurer.begin(person, { seconds: 20 });
    stopped.stop();
    t.same(await stopped.done, { kind: 'failed', because: 'stopped' });
    t.match(await media.health(), { endpoints: 0 }, 'nothing is left of them');
  });
});
