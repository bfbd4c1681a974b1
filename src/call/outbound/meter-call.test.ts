import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Leg, LegEvents } from '../../sbc/leg.ts';
import { createEmitter } from '../../shared/emitter.ts';
import type { EndCause } from '../../shared/events.ts';
import { silentLogger } from '../../shared/logger.ts';
import type { CallState, Centre } from '../call-state.ts';
import { meterCall } from './meter-call.ts';

const to = PhoneNumber.fromCanonical('+12125550123')!;

function metered(longestMs: number | undefined) {
  const clock = createFakeClock();
  const events = createEmitter<LegEvents>();
  const happened: string[] = [];
  const leg = {
    ...events,
    id: 'l_1',
    trunk: 'ntt',
    end: async (cause: EndCause) => {
      happened.push(`leg ended: ${cause}`);
      events.emit('ended', { cause, by: 'us', sipStatus: null });
    },
  } as unknown as Leg;
  const endpoint = { play: () => void happened.push('tone to the agent') };
  const call = { id: 'c_1', log: silentLogger, agent: { endpoint } } as unknown as CallState;
  const toll = {
    begin: () => ({
      ...{ numberClass: 'international', longestMs },
      answered: (trunk: string) => void happened.push(`answered by ${trunk}`),
      ended: () => void happened.push('counted'),
    }),
  };
  meterCall({ parts: { clock, toll } } as unknown as Centre, call, { leg, to, personId: null });
  return { clock, events, happened };
}

t.test('a call that may last ten minutes hears a tone after nine, and ends after ten', async (t) => {
  const { clock, events, happened } = metered(600_000);
  clock.advance(600_000);
  t.strictSame(happened, [], 'ringing is not talking');
  events.emit('answered', {});
  clock.advance(539_999);
  t.strictSame(happened, ['answered by ntt']);
  clock.advance(1);
  t.equal(happened.at(-1), 'tone to the agent');
  clock.advance(60_000);
  t.strictSame(happened.slice(2), ['leg ended: time-limit', 'counted']);
});

t.test('a call that ends before leaves no timer; one without a limit has none', async (t) => {
  const short = metered(600_000);
  short.events.emit('answered', {});
  short.events.emit('ended', { cause: 'normal', by: 'far-end', sipStatus: null });
  t.equal(short.clock.pending, 0);
  t.strictSame(short.happened, ['answered by ntt', 'counted']);
  const free = metered(undefined);
  free.events.emit('answered', {});
  t.equal(free.clock.pending, 0);
});
