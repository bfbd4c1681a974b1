// Bodies of reports: what queues did in some time.

import { type Static, Type } from 'typebox';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const count = () => Type.Integer({ minimum: 0 });
const share = (description: string) =>
  Nullable(Type.Number({ minimum: 0, maximum: 1, description: `${description} Between 0 and 1.` }));
const wait = (description: string) => Nullable(Type.Number({ description: `${description} Milliseconds.` }));

export const ReportQuery = Type.Object({
  from: Type.Optional(Type.Integer({ description: 'Epoch milliseconds; a day ago unless told.' })),
  to: Type.Optional(Type.Integer({ description: 'Now unless told. At most 31 days after `from`.' })),
});

export const QueueReportView = Type.Object({
  queue: Type.String(),
  label: Type.Object({ ja: Type.String(), en: Type.String() }),
  serviceLevelSeconds: Type.Integer({ description: 'What the service levels are about: the queue’s own setting.' }),
  shortAbandonSeconds: Type.Integer(),
  calls: count(),
  answered: count(),
  abandoned: count(),
  overflowed: count(),
  transferred: count(),
  averageSpeedOfAnswerMs: wait('ASA: wait of answered calls ÷ answered calls.'),
  medianWaitMs: wait('Half of those who were answered did not wait longer.'),
  ninetiethWaitMs: wait('Nine of ten who were answered did not wait longer.'),
  longestWaitMs: wait('Of those who were answered.'),
  averageTimeToAbandonMs: wait('Of those who gave up.'),
  abandonmentRate: share('Short abandons in neither part.'),
  shortAbandonRate: share('Of all.'),
  overflowRate: share('Of all.'),
  serviceLevels: Type.Object(
    {
      standard: share('Answered in time ÷ (answered + abandoned later than the short-abandon limit).'),
      answered: share('Answered in time ÷ answered.'),
      offered: share('Answered in time ÷ (answered + abandoned + overflowed).'),
      lenient: share('(Answered + abandoned, in time) ÷ (answered + abandoned).'),
      strict: share('Answered in time ÷ (answered + abandoned later than in time).'),
    },
    { description: 'The same calls by each formula in use; say which one is quoted.' },
  ),
});

export const QueueReports = Type.Object({
  from: Type.Integer(),
  to: Type.Integer(),
  items: Type.Array(QueueReportView),
});

export type QueueReportView = Static<typeof QueueReportView>;
export type QueueReports = Static<typeof QueueReports>;
