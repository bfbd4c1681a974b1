// Bodies of the routes for flows and calendars.

import { type Static, Type } from 'typebox';
import type { FlowProblem } from '../../routing/flow/flow.ts';
import type { Opening } from '../../routing/hours.ts';
import type { PersonId } from '../../shared/ids.ts';
import { FlowProblems } from '../contract.ts';

export const PublishFlow = Type.Object(
  {
    yaml: Type.Optional(
      Type.String({ maxLength: 262144, description: 'The flow; without it, the file of the flow as it is now.' }),
    ),
  },
  { additionalProperties: false },
);
export const RollBackFlow = Type.Object(
  {
    version: Type.Optional(
      Type.String({ pattern: '^[0-9a-f]{12}$', description: 'Without it, the version that was in force before.' }),
    ),
  },
  { additionalProperties: false },
);
export const FlowVersionView = Type.Object({
  version: Type.String(),
  keptAt: Type.Integer({ description: 'When it was first taken.' }),
  publishedAt: Type.Union([Type.Integer(), Type.Null()], { description: 'Null: it came from a file.' }),
  publishedBy: Type.Union([Type.String(), Type.Null()]),
  inForce: Type.Boolean(),
});
export const PublishedFlow = Type.Object({
  flow: Type.String(),
  version: Type.String({ description: 'In force for calls that come from now on.' }),
  problems: FlowProblems.properties.problems,
});
export const FlowState = Type.Object({
  checkedAt: Type.Integer({ description: 'When the files were last read.' }),
  problems: FlowProblems.properties.problems,
});
export const CloseCalendar = Type.Object(
  {
    until: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
        description: 'Epoch milliseconds; until opened unless told.',
      }),
    ),
    because: Type.String({ minLength: 1, maxLength: 200, description: 'Why, for the people of the company.' }),
  },
  { additionalProperties: false },
);
export const CalendarView = Type.Object({
  id: Type.String(),
  timeZone: Type.String(),
  now: Type.Unsafe<Opening>({ type: 'string', enum: ['open', 'closed', 'holiday', 'closure'] }),
  closure: Type.Union([
    Type.Object({
      since: Type.Integer(),
      until: Type.Union([Type.Integer(), Type.Null()]),
      by: Type.Union([Type.String(), Type.Null()]),
      because: Type.String(),
      all: Type.Boolean({ description: 'All calendars are closed, not this one only.' }),
    }),
    Type.Null(),
  ]),
});
export type CalendarView = Static<typeof CalendarView>;

export type FlowVersionInfo = Omit<Static<typeof FlowVersionView>, 'publishedBy'> & { publishedBy: PersonId | null };

export type FlowOutcome =
  | { kind: 'published'; version: string; problems: FlowProblem[] }
  /** It has mistakes: what was in force goes on. */
  | { kind: 'refused'; problems: FlowProblem[] }
  /** The text is that of another flow. */
  | { kind: 'other-flow'; id: string }
  | { kind: 'not-found' };
