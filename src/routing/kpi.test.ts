import { test } from 'tap';
import { averageHandleTimeMs, averageSpeedOfAnswerMs, occupancy, serviceLevel } from './kpi.ts';

const time = { talkMs: 300_000, holdMs: 60_000, afterCallWorkMs: 90_000 };

test('average handle time is talk, hold and after-call work per call handled', async (t) => {
  t.equal(averageHandleTimeMs(time, 3), 150_000);
  t.equal(averageHandleTimeMs(time, 0), null);
});

test('average speed of answer is the wait of answered calls per answered call', async (t) => {
  t.equal(averageSpeedOfAnswerMs(45_000, 3), 15_000);
  t.equal(averageSpeedOfAnswerMs(0, 0), null);
});

test('occupancy counts alerting as busy or as available, and never more than one', async (t) => {
  const day = { ...time, alertingMs: 50_000, availableMs: 500_000 };
  t.equal(occupancy(day, true), 0.5);
  t.equal(occupancy(day, false), 0.45);
  t.equal(occupancy({ ...time, alertingMs: 0, availableMs: 0 }, true), 1);
  t.equal(occupancy({ talkMs: 0, holdMs: 0, afterCallWorkMs: 0, alertingMs: 0, availableMs: 0 }, true), null);
});

test('service level leaves short abandons out and counts later ones against', async (t) => {
  const limits = { serviceLevelSeconds: 20, shortAbandonSeconds: 5 };
  const answered = (waitMs: number) => ({ outcome: 'answered' as const, waitMs });
  const abandoned = (waitMs: number) => ({ outcome: 'abandoned' as const, waitMs });
  t.equal(
    serviceLevel([answered(20_000), answered(20_001), abandoned(5_000), abandoned(5_001), answered(0)], limits),
    0.5,
  );
  t.equal(serviceLevel([abandoned(1000)], limits), null);
  t.equal(serviceLevel([], limits), null);
});
