// A softphone of known loss and jitter that a media server measures for a check before a shift, and what its figures have to be: for
// every maker of media.
//
// Stated tolerance: loss within 2 points of a hundred on the embedded engine, 3 on FreeSWITCH, which counts by its RTCP reports, one in
// four seconds; of jitter at least three quarters on the embedded engine. A machine that is busy adds to jitter, so that there is no upper
// bound. FreeSWITCH reads one packet for each tick of its own clock, 20 ms: what is late by less does not show there, and it throws
// away what comes too close together, so that much jitter is loss.

import type { Test } from 'tap';
import { createLineMeasurer } from '../../../src/call/measure/measure-line.ts';
import { lineFigures } from '../../../src/identity/environment/line-figures.ts';
import type { MediaServer } from '../../../src/media/media-server.ts';
import type { Border, SoftphoneCall } from '../../../src/sbc/border.ts';
import type { Leg, LegEvents } from '../../../src/sbc/leg.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { createEmitter } from '../../../src/shared/emitter.ts';
import type { EndCause } from '../../../src/shared/events.ts';
import { newId, type PersonId } from '../../../src/shared/ids.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { createRobotMedia, type Impairment } from './robot-media.ts';

export const person = 'p_1' as PersonId;

/** A border with one softphone, which answers by itself with media of its own. */
export function softphone(impairment: Impairment, answers = true) {
  const called: SoftphoneCall[] = [];
  const ended: string[] = [];
  const border: Pick<Border, 'callSoftphone' | 'isSoftphoneRegistered'> = {
    isSoftphoneRegistered: (personId) => personId === person,
    callSoftphone(call) {
      called.push(call);
      const emitter = createEmitter<LegEvents>();
      const media = createRobotMedia(440, impairment);
      const end = (by: LegEvents['ended']['by'], cause: LegEvents['ended']['cause']) => {
        ended.push(cause);
        media.close();
        emitter.emit('ended', { cause, by, sipStatus: null });
      };
      if (answers) void media.answer(call.sdpOffer).then((sdpAnswer) => emitter.emit('answered', { sdpAnswer }));
      else setImmediate(() => end('timeout', 'no-answer'));
      return {
        id: newId('leg'),
        state: 'trying',
        on: emitter.on,
        once: emitter.once,
        onOffer() {},
        end: async (cause: EndCause = 'normal') => end('us', cause),
      } as unknown as Leg;
    },
  };
  return { border, called, ended };
}

async function measure(media: MediaServer, impairment: Impairment, seconds: number) {
  const phone = softphone(impairment);
  const measurer = createLineMeasurer({ border: phone.border, media, clock: systemClock, log: silentLogger });
  const measuring = measurer.begin(person, { seconds });
  const outcome = await measuring.done;
  return { ...phone, measuring, outcome };
}

export async function measuresWhatIsSent(
  t: Test,
  media: MediaServer,
  within: { lossPoints: number; seconds: number; share: number; jitterShare?: number },
) {
  const { seconds, lossPoints, share, jitterShare } = within;
  await t.test('a good line', async (t) => {
    const { outcome, called, ended, measuring } = await measure(media, {}, seconds);
    if (outcome.kind === 'failed') return t.fail(outcome.because);
    const { up } = lineFigures(outcome.line, undefined)!;
    t.ok(up!.packets > seconds * share * 40 && up!.packets < seconds * 65, `${up!.packets} packets in ${seconds} s`);
    t.ok(up!.lossPercent <= lossPoints, `${up!.lossPercent} % lost`);
    t.equal(outcome.line.codec, 'PCMU');
    t.ok(outcome.line.packetsSent > seconds * 40, 'music goes the other way');
    t.match(called, [{ callId: measuring.callId, autoAnswer: 'measure', displayName: '—' }]);
    t.same(ended, ['normal'], 'hung up, once');
    t.match(await media.health(), { endpoints: 0 });
  });

  await t.test('one packet in eight lost', async (t) => {
    const { outcome } = await measure(media, { lossEvery: 8 }, seconds);
    if (outcome.kind === 'failed') return t.fail(outcome.because);
    const { up } = lineFigures(outcome.line, undefined)!;
    t.ok(Math.abs(up!.lossPercent - 12.5) <= lossPoints, `${up!.lossPercent} % of 12.5`);
    t.ok(up!.mos < 3.6, `MOS ${up!.mos}`);
  });

  const skip = jitterShare === undefined && 'FreeSWITCH does not see lateness within the 20 ms of its clock';
  await t.test('every other packet 12 ms late', { skip }, async (t) => {
    const { outcome } = await measure(media, { lateMs: 12 }, seconds);
    if (outcome.kind === 'failed') return t.fail(outcome.because);
    const { up } = lineFigures(outcome.line, undefined)!;
    t.ok(up!.worstJitterMs >= 12 * (jitterShare ?? 1), `jitter up to ${up!.worstJitterMs} ms of 12`);
  });
}
