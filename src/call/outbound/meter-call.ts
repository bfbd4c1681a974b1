// A call out is counted for the caps (toll-guard.ts), and ended when its kind of number may not last longer; the agent hears a
// tone a minute before.

import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Leg } from '../../sbc/leg.ts';
import type { Timer } from '../../shared/clock.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { CallState, Centre } from '../call-state.ts';

const warningMs = 60_000;

export function meterCall(
  { parts }: Pick<Centre, 'parts'>,
  call: CallState,
  { leg, to, personId }: { leg: Leg; to: PhoneNumber; personId: PersonId | null },
): void {
  const metered = parts.toll?.begin({ callId: call.id, legId: leg.id, personId, to });
  if (!metered) return;
  const { longestMs, numberClass } = metered;
  const timers: Timer[] = [];
  leg.on('answered', () => {
    metered.answered(leg.trunk ?? null);
    if (longestMs === undefined) return;
    if (longestMs > warningMs) timers.push(parts.clock.after(longestMs - warningMs, () => warn(call)));
    timers.push(
      parts.clock.after(longestMs, () => {
        call.log.warn({ numberClass, longestMs }, 'a call out has lasted as long as it may');
        void leg.end('time-limit');
      }),
    );
  });
  leg.on('ended', () => {
    for (const timer of timers) timer.cancel();
    metered.ended();
  });
}

function warn(call: CallState): void {
  call.agent?.endpoint.play({ kind: 'tone', frequencyHz: 1400, durationMs: 500 }, { over: true });
}
