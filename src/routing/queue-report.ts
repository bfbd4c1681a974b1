// What a queue did in some time: the figures of kpi.ts over those who left it. Pure; the event log is read elsewhere.

import {
  abandonmentRate,
  averageSpeedOfAnswerMs,
  averageTimeToAbandonMs,
  overflowRate,
  type QueueOutcome,
  type ServiceLevelFormula,
  type ServiceLevelLimits,
  serviceLevel,
  serviceLevelFormulas,
  shortAbandonRate,
  waitOfShareMs,
} from './kpi.ts';

export interface QueueReport {
  /** All who left the queue in this time. */
  calls: number;
  answered: number;
  abandoned: number;
  overflowed: number;
  transferred: number;
  averageSpeedOfAnswerMs: number | null;
  medianWaitMs: number | null;
  /** Nine of ten who were answered did not wait longer. */
  ninetiethWaitMs: number | null;
  longestWaitMs: number | null;
  averageTimeToAbandonMs: number | null;
  abandonmentRate: number | null;
  shortAbandonRate: number | null;
  overflowRate: number | null;
  /** The same calls by each formula: they are quoted without saying which. */
  serviceLevels: Record<ServiceLevelFormula, number | null>;
}

export function reportOnQueue(left: readonly QueueOutcome[], limits: ServiceLevelLimits): QueueReport {
  const count = (outcome: QueueOutcome['outcome']) => left.filter((one) => one.outcome === outcome).length;
  const answered = left.filter(({ outcome }) => outcome === 'answered');
  const waitedMs = answered.reduce((sum, { waitMs }) => sum + waitMs, 0);
  return {
    calls: left.length,
    answered: answered.length,
    ...{ abandoned: count('abandoned'), overflowed: count('overflowed'), transferred: count('transferred') },
    averageSpeedOfAnswerMs: averageSpeedOfAnswerMs(waitedMs, answered.length),
    medianWaitMs: waitOfShareMs(left, 0.5),
    ninetiethWaitMs: waitOfShareMs(left, 0.9),
    longestWaitMs: waitOfShareMs(left, 1),
    averageTimeToAbandonMs: averageTimeToAbandonMs(left),
    abandonmentRate: abandonmentRate(left, limits),
    shortAbandonRate: shortAbandonRate(left, limits),
    overflowRate: overflowRate(left),
    serviceLevels: Object.fromEntries(
      serviceLevelFormulas.map((formula) => [formula, serviceLevel(left, limits, formula)]),
    ) as Record<ServiceLevelFormula, number | null>,
  };
}
