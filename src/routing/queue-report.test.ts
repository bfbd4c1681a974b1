import t from 'tap';
import type { QueueOutcome } from './kpi.ts';
import { reportOnQueue } from './queue-report.ts';

const limits = { serviceLevelSeconds: 20, shortAbandonSeconds: 5 };
const left = (outcome: QueueOutcome['outcome'], ...seconds: number[]): QueueOutcome[] =>
  seconds.map((waited) => ({ outcome, waitMs: waited * 1000 }));

t.test('a day of one queue, by every formula', async (t) => {
  const day = [
    ...left('answered', 2, 4, 10, 18, 20, 21, 40, 60),
    ...left('abandoned', 3, 12, 50),
    ...left('overflowed', 120),
    ...left('transferred', 7),
  ];
  t.match(reportOnQueue(day, limits), {
    ...{ calls: 13, answered: 8, abandoned: 3, overflowed: 1, transferred: 1 },
    ...{ averageSpeedOfAnswerMs: 21_875, medianWaitMs: 18_000, ninetiethWaitMs: 60_000, longestWaitMs: 60_000 },
    ...{ averageTimeToAbandonMs: 65_000 / 3, abandonmentRate: 2 / 10, shortAbandonRate: 1 / 13, overflowRate: 1 / 13 },
    serviceLevels: { standard: 5 / 10, answered: 5 / 8, offered: 5 / 12, lenient: 7 / 11, strict: 5 / 9 },
  });
});

t.test('nobody came: no figure is zero that is not known', async (t) => {
  const { calls, serviceLevels, ...rest } = reportOnQueue([], limits);
  t.equal(calls, 0);
  t.ok(Object.values(serviceLevels).every((level) => level === null));
  t.match(rest, { averageSpeedOfAnswerMs: null, abandonmentRate: null, longestWaitMs: null });
});
