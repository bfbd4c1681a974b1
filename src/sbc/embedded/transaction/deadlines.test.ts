import t from 'tap';
import { createFakeClock } from '../../../../test/support/fake-clock.ts';
import { seededRandom } from '../../../shared/random.ts';
import { createDeadlines, type Timed } from './deadlines.ts';

function timed(onDeadline: (nowMs: number) => void): Timed {
  return { deadlineMs: undefined, slot: undefined, onDeadline };
}

t.test('whatever is set, moved and taken back fires once, never early and not much late', async (t) => {
  const seed = Date.now() % 1e6;
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const clock = createFakeClock(1_700_000_000_003);
  const deadlines = createDeadlines(clock);
  const items = Array.from({ length: 300 }, () => {
    const item = {
      fired: [] as number[],
      wanted: undefined as number | undefined,
      setAt: 0,
      timed: undefined as unknown as Timed,
    };
    item.timed = timed((nowMs) => {
      item.fired.push(nowMs);
      t.ok(item.wanted !== undefined && nowMs >= item.wanted, 'never early');
      const slackMs = item.wanted! - item.setAt > 1000 ? 110 : 10;
      t.ok(nowMs - item.wanted! <= slackMs, 'not late');
      item.wanted = undefined;
    });
    return item;
  });
  for (let round = 0; round < 500; round++) {
    const item = random.pick(items);
    item.wanted = random.next() < 0.2 ? undefined : clock.now() + random.integer(0, 5000);
    item.setAt = clock.now();
    deadlines.set(item.timed, item.wanted);
    clock.advance(random.integer(0, 60));
  }
  clock.advance(10_000);
  t.ok(
    items.every(({ wanted }) => wanted === undefined),
    'all have fired',
  );
  t.equal(clock.pending, 0, 'nothing is left to wake for');
});

t.test('a deadline may set the next one, and close ends all', async (t) => {
  const clock = createFakeClock();
  const deadlines = createDeadlines(clock);
  let count = 0;
  const again: Timed = timed((nowMs) => {
    if (++count < 5) deadlines.set(again, nowMs + 100);
  });
  deadlines.set(again, clock.now() + 100);
  clock.advance(450);
  t.equal(count, 4);
  deadlines.close();
  clock.advance(1000);
  t.equal(count, 4);
  t.equal(clock.pending, 0);
});
