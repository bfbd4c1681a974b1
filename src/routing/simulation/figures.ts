// The figures of a day, as it was or as it would have been: one place, so that the columns of a table can be compared.

import type { PersonId } from '../../shared/ids.ts';
import type { QueueSettings } from '../acd/acd.ts';
import { averageSpeedOfAnswerMs, serviceLevel } from '../kpi.ts';
import type { Visit } from './day.ts';
import type { SimulatedVisit } from './simulate.ts';

export interface DayFigures {
  calls: number;
  answered: number;
  abandoned: number;
  overflowed: number;
  /** Nobody had taken it as the day ended. */
  waiting: number;
  averageWaitMs: number | null;
  longestWaitMs: number;
  /** Between 0 and 1. */
  serviceLevel: number | null;
  byPerson: ReadonlyMap<PersonId, number>;
}

type Outcome = Pick<SimulatedVisit, 'outcome' | 'waitMs' | 'answeredBy'>;

export const asItWas = (visit: Visit): Outcome => ({
  outcome: visit.outcome === 'transferred' ? 'overflowed' : visit.outcome,
  waitMs: visit.waitMs,
  answeredBy: visit.outcome === 'answered' ? visit.answeredBy : null,
});

export function figuresOf(visits: readonly Outcome[], settings: QueueSettings): DayFigures {
  const count = (outcome: Outcome['outcome']) => visits.filter((one) => one.outcome === outcome).length;
  const answered = visits.filter(({ outcome }) => outcome === 'answered');
  const byPerson = new Map<PersonId, number>();
  for (const { answeredBy } of answered) if (answeredBy) byPerson.set(answeredBy, (byPerson.get(answeredBy) ?? 0) + 1);
  const ended = visits.flatMap(({ outcome, waitMs }) =>
    outcome === 'answered' || outcome === 'abandoned' ? [{ outcome, waitMs }] : [],
  );
  return {
    calls: visits.length,
    answered: answered.length,
    ...{ abandoned: count('abandoned'), overflowed: count('overflowed'), waiting: count('waiting') },
    averageWaitMs: averageSpeedOfAnswerMs(
      answered.reduce((sum, { waitMs }) => sum + waitMs, 0),
      answered.length,
    ),
    longestWaitMs: visits.reduce((most, { waitMs }) => Math.max(most, waitMs), 0),
    serviceLevel: serviceLevel(ended, settings),
    byPerson,
  };
}
