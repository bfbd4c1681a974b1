import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { PhoneNumber } from '../../privacy/phone-number.ts';
import { createEmitter } from '../../shared/emitter.ts';
import type { EngawaEvent, NewEvent } from '../../shared/events.ts';
import type { CallId, EventId, LegId, PersonId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import type { EventLog } from '../../store/event-log.ts';
import { createTollGuard, type TollSettings } from './toll-guard.ts';

const aoi = 'p_aoi' as PersonId;
const abroad = PhoneNumber.fromCanonical('+12125550123')!;
const mobile = PhoneNumber.fromCanonical('+819012345678')!;
const police = PhoneNumber.fromCanonical('110')!;
const minuteMs = 60_000;

/** One log that several nodes read, as PostgreSQL and the live state make it. */
function createLog(clock: { now(): number }) {
  const told = createEmitter<{ event: EngawaEvent }>();
  const kept: EngawaEvent[] = [];
  return {
    kept,
    events: {
      append: (async (event: NewEvent) => {
        const full = { ...event, id: `v_${String(kept.length).padStart(6, '0')}` as EventId, at: clock.now() };
        kept.push(full as EngawaEvent);
        told.emit('event', full as EngawaEvent);
        return full as EngawaEvent;
      }) as EventLog['append'],
      subscribe: (listener: (event: EngawaEvent) => void) => told.on('event', listener),
      read: async ({ after, limit = 100, types }: { after?: EventId; limit?: number; types?: readonly string[] }) =>
        kept.filter(({ id, type }) => (!after || id > after) && (!types || types.includes(type))).slice(0, limit),
    },
  };
}

function centre(settings: Partial<TollSettings>) {
  const clock = createFakeClock();
  const log = createLog(clock);
  const node = () =>
    createTollGuard({
      clock,
      log: silentLogger,
      events: log.events,
      settings: { caps: [], rates: {}, longestMinutes: {}, homeCountry: 'JP', trunks: ['ntt', 'kddi'], ...settings },
    });
  let legs = 0;
  const begin = (guard: ReturnType<typeof node>, to = abroad) =>
    guard.begin({ callId: `c_${++legs}` as CallId, legId: `l_${legs}` as LegId, personId: aoi, to });
  return { clock, log, node, begin };
}

const cap = {
  name: 'abroad',
  per: 'person' as const,
  window: 'hour' as const,
  classes: ['international'],
  alarmPercent: 50,
};

t.test('the call beyond the cap is refused, on every node, and told once', async (t) => {
  const { log, node, begin } = centre({ caps: [{ ...cap, calls: 2 }] });
  const [here, there] = [node(), node()];
  await Promise.all([here.start(), there.start()]);
  t.equal(here.check(abroad, aoi), undefined);
  begin(here);
  t.equal(there.check(abroad, aoi), undefined);
  begin(there);
  for (const guard of [here, there, here]) t.match(guard.check(abroad, aoi), /no more are allowed/);
  t.equal(here.check(mobile, aoi), undefined, 'another kind of number');
  t.equal(here.check(abroad, 'p_ren' as PersonId), undefined, 'another person');
  const told = log.kept.filter(({ type }) => type === 'toll-cap');
  t.match(told, [
    { level: 'alarm', cap: 'abroad', subject: aoi, used: 1, limit: 2 },
    { level: 'reached', cap: 'abroad', subject: aoi, used: 2, limit: 2 },
  ]);
  t.equal(told.length, 2);
});

t.test('a restart forgets nothing of the last day', async (t) => {
  const { node, begin, clock } = centre({ caps: [{ ...cap, window: 'day', minutes: 30 }] });
  const before = node();
  await before.start();
  const leg = begin(before)!;
  leg.answered('ntt');
  clock.advance(30 * minuteMs);
  leg.ended();
  before.close();
  const after = node();
  t.equal(after.check(abroad, aoi), undefined, 'not read yet');
  await after.start();
  t.match(after.check(abroad, aoi), /no more are allowed/);
});

t.test('an emergency call is neither counted nor refused', async (t) => {
  const { node, begin, log } = centre({ caps: [{ ...cap, classes: [], calls: 1 }] });
  const guard = node();
  await guard.start();
  begin(guard, mobile);
  t.match(guard.check(mobile, aoi), /no more are allowed/);
  t.equal(guard.check(police, aoi), undefined);
  t.equal(begin(guard, police), undefined);
  t.equal(log.kept.filter(({ type }) => type === 'outside-dialled').length, 1);
});

t.test('a trunk that is spent is passed over, and when all are nothing goes out', async (t) => {
  const { node, begin, clock } = centre({ caps: [{ ...cap, per: 'trunk', window: 'day', minutes: 10 }] });
  const guard = node();
  await guard.start();
  for (const [trunk, spent] of [
    ['ntt', ['ntt']],
    ['kddi', ['ntt', 'kddi']],
  ] as const) {
    t.equal(guard.check(abroad, aoi), undefined);
    const leg = begin(guard)!;
    leg.answered(trunk);
    clock.advance(10 * minuteMs);
    leg.ended();
    t.strictSame(guard.spentTrunks(abroad), spent);
  }
  t.match(guard.check(abroad, aoi), /no more are allowed/);
  t.equal(guard.check(mobile, aoi), undefined);
});

t.test('how long a call may last goes by its kind, and what it cost is told', async (t) => {
  const { node, begin, clock, log } = centre({ longestMinutes: { international: 120 }, rates: { international: 60 } });
  const guard = node();
  await guard.start();
  t.equal(begin(guard, mobile)?.longestMs, undefined);
  const leg = begin(guard)!;
  t.equal(leg.longestMs, 120 * minuteMs);
  leg.answered('ntt');
  clock.advance(90_000);
  leg.ended();
  leg.ended();
  const ended = log.kept.filter(({ type }) => type === 'outside-ended');
  t.match(ended, [{ talkMs: 90_000, estimatedCost: 90 }]);
  t.equal(ended.length, 1);
});
