import t from 'tap';
import { createThrottle } from './throttle.ts';

const settings = { freeFailures: 3, firstWaitMs: 1000, mostWaitMs: 10_000, forgetMs: 60_000 };

t.test('waits double beyond the free failures, up to the most', async (t) => {
  const throttle = createThrottle(settings);
  const waits = Array.from({ length: 8 }, () => {
    throttle.failed('a', 0);
    return throttle.waitMs('a', 0);
  });
  t.strictSame(waits, [0, 0, 0, 1000, 2000, 4000, 8000, 10_000]);
  t.equal(throttle.waitMs('a', 9999), 1);
  t.equal(throttle.waitMs('a', 10_000), 0);
  t.equal(throttle.waitMs('b', 0), 0, 'another key is not touched');
});

t.test('failures fade with time and go with success', async (t) => {
  const throttle = createThrottle(settings);
  for (let n = 0; n < 4; n++) throttle.failed('a', 0);
  throttle.failed('a', 120_000);
  t.equal(throttle.waitMs('a', 120_000), 0, 'two of four have faded: this is the third');
  throttle.failed('a', 120_000);
  t.equal(throttle.waitMs('a', 120_000), 1000);
  throttle.succeeded('a');
  t.equal(throttle.waitMs('a', 120_000), 0);
});

t.test('a forgiven failure does not count', async (t) => {
  const throttle = createThrottle(settings);
  for (let n = 0; n < 4; n++) throttle.failed('a', 0);
  throttle.forgive('a');
  t.equal(throttle.waitMs('a', 0), 0);
  throttle.failed('a', 0);
  t.equal(throttle.waitMs('a', 0), 1000);
  throttle.forgive('unknown');
});

t.test('memory is bounded', async (t) => {
  const throttle = createThrottle({ ...settings, freeFailures: 0, mostKeys: 2 });
  for (const key of ['a', 'b', 'c']) throttle.failed(key, 0);
  t.strictSame(
    ['a', 'b', 'c'].map((key) => throttle.waitMs(key, 0)),
    [0, 1000, 1000],
  );
});

t.test('what others have counted is refused here, and a success ends it', async (t) => {
  const throttle = createThrottle(settings);
  throttle.refuse('a', 5000, 0);
  t.equal(throttle.waitMs('a', 0), 5000);
  throttle.refuse('a', 3000, 0);
  t.equal(throttle.waitMs('a', 0), 5000, 'never sooner');
  throttle.failed('a', 5000);
  t.equal(throttle.waitMs('a', 5000), 0, 'it counted as no failure');
  throttle.refuse('a', 9000, 5000);
  throttle.succeeded('a');
  t.equal(throttle.waitMs('a', 5000), 0);
});
