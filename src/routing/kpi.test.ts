import { test } from 'tap';
import {
  abandonmentRate,
  answerRate,
  averageHandleTimeMs,
  averageSpeedOfAnswerMs,
  averageTimeToAbandonMs,
  occupancy,
  overflowRate,
  type QueueOutcome,
  serviceLevel,
  shortAbandonRate,
  transferRate,
  unansweredOfferRate,
  utilisation,
  waitOfShareMs,
} from './kpi.ts';

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

const limits = { serviceLevelSeconds: 20, shortAbandonSeconds: 5 };
const left = (outcome: QueueOutcome['outcome'], ...waits: number[]) => waits.map((waitMs) => ({ outcome, waitMs }));
/** Answered: two of three in time. Abandoned: one short, one within T, one later. One overflowed late, one transferred. */
const hour = [
  ...left('answered', 1000, 20_000, 30_000),
  ...left('abandoned', 5000, 10_000, 40_000),
  ...left('overflowed', 60_000),
  ...left('transferred', 2000),
];

test('each formula of the service level divides what its line says', async (t) => {
  t.equal(serviceLevel(hour, limits), 2 / 5, 'standard: three answered, two abandoned later than short');
  t.equal(serviceLevel(hour, limits, 'answered'), 2 / 3);
  t.equal(serviceLevel(hour, limits, 'offered'), 2 / 7);
  t.equal(serviceLevel(hour, limits, 'lenient'), 4 / 6);
  t.equal(serviceLevel(hour, limits, 'strict'), 2 / 4);
  for (const formula of ['standard', 'answered', 'offered', 'lenient', 'strict'] as const) {
    t.equal(serviceLevel([], limits, formula), null, `${formula} of nothing`);
    t.equal(serviceLevel(left('transferred', 1), limits, formula), null, `${formula} of transfers alone`);
    t.equal(serviceLevel(left('answered', 0), limits, formula), 1, `${formula} of one answered at once`);
  }
});

test('abandonment leaves short abandons out, and they have a rate of their own', async (t) => {
  t.equal(abandonmentRate(hour, limits), 2 / 5);
  t.equal(abandonmentRate(left('abandoned', 100), limits), null);
  t.equal(shortAbandonRate(hour, limits), 1 / 8);
  t.equal(shortAbandonRate([], limits), null);
  t.equal(averageTimeToAbandonMs(hour), 55_000 / 3);
  t.equal(averageTimeToAbandonMs(left('answered', 1)), null);
});

test('overflow is a share of all that entered', async (t) => {
  t.equal(overflowRate(hour), 1 / 8);
  t.equal(overflowRate([]), null);
});

test('the wait of a share of calls is that of the nearest rank', async (t) => {
  const calls = left('answered', 40, 10, 30, 20);
  t.equal(waitOfShareMs(calls, 0.5), 20);
  t.equal(waitOfShareMs(calls, 0.9), 40);
  t.equal(waitOfShareMs(calls, 1), 40);
  t.equal(waitOfShareMs(calls, 0), 10);
  t.equal(waitOfShareMs(left('abandoned', 1), 0.5), null);
});

test('agents’ rates: work of the time signed in, offers not answered, calls passed on; answers of calls tried', async (t) => {
  t.equal(utilisation(time, 900_000), 0.5);
  t.equal(utilisation(time, 0), null);
  t.equal(unansweredOfferRate({ answered: 6, notAnswered: 1, rejected: 1 }), 0.25);
  t.equal(unansweredOfferRate({ answered: 0, notAnswered: 0, rejected: 0 }), null);
  t.equal(transferRate(1, 4), 0.25);
  t.equal(answerRate(3, 10), 0.3);
  t.equal(answerRate(0, 0), null);
});
