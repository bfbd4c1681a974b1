// Bodies of transfers, supervision and steps (routes/talk-routes.ts). Joined to the desk's view in contract.ts.

import { type Static, type TSchema, Type } from 'typebox';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Id = Type.String({ minLength: 1, maxLength: 64 });
const Words = Type.Object({ ja: Type.String(), en: Type.String() });
const Facts = Type.Record(Type.String({ maxLength: 40 }), Type.String({ maxLength: 40 }));

/** Blind: to a queue, to a colleague who is available, to a place outside by name, or (who may dial) to a number. */
export const TransferTarget = Type.Union([
  Type.Object({ queue: Id }),
  Type.Object({ personId: Id }),
  Type.Object({ outside: Id }),
  Type.Object({ number: Type.String({ minLength: 1, maxLength: 32 }) }),
]);
export type TransferTarget = Static<typeof TransferTarget>;

export const HandOverBody = Type.Object({
  reason: Id,
  queue: Id,
  verified: Type.Optional(
    Type.Array(Type.String({ maxLength: 40 }), {
      maxItems: 16,
      description: 'What the agent has verified by asking: names from GET /api/v1/steps.',
    }),
  ),
  facts: Type.Optional(
    Type.Unsafe<Record<string, string>>({ ...Facts, description: 'Choices from GET /api/v1/steps, never free text.' }),
  ),
});

export const MonitorBody = Type.Object({ mode: literals('listen', 'whisper', 'barge') });

export const MonitorSchema = Type.Object({
  callId: Type.String(),
  personId: Type.String({ description: 'The supervisor.' }),
  agentId: Nullable(Type.String()),
  mode: literals('listen', 'whisper', 'barge'),
  since: Type.Integer(),
  connected: Type.Boolean({ description: 'False while the supervisor’s softphone is rung.' }),
});

export const ParkedSchema = Type.Object({
  callId: Type.String(),
  slot: Type.String(),
  since: Type.Integer(),
  by: Type.String(),
  alias: Nullable(Type.String()),
  reason: Nullable(Type.String()),
  queue: Nullable(Type.String()),
});

export const ColleagueSchema = Type.Object({
  personId: Type.String(),
  displayName: Type.String(),
  state: Type.String(),
  queues: Type.Array(Type.String()),
});

export const StepChoices = Type.Object({
  factors: Type.Array(Type.Object({ id: Type.String(), label: Words })),
  facts: Type.Array(
    Type.Object({
      name: Type.String(),
      label: Words,
      values: Type.Array(Type.Object({ id: Type.String(), label: Words })),
    }),
  ),
});
export type StepChoices = Static<typeof StepChoices>;

export const ReasonSchema = Type.Object({
  id: Type.String(),
  label: Words,
  piiClass: Type.String(),
  free: Type.Boolean({ description: 'It touches no personal information.' }),
});

export const OutsidePlace = Type.Object({ name: Type.String(), label: Words });

const ConsultedSchema = Type.Union([
  Type.Object({ kind: Type.Literal('person'), personId: Type.String() }),
  Type.Object({ kind: Type.Literal('queue'), queue: Type.String() }),
  Type.Object({ kind: Type.Literal('outside'), name: Type.String({ description: 'Of the place, or an alias.' }) }),
]);

const StepSchema = Type.Object({
  kind: literals('handed-over', 'pii-came-up'),
  at: Type.Integer(),
  by: Type.String(),
  place: literals('centre', 'home', 'unknown'),
  reason: Nullable(Type.String()),
  queue: Type.String(),
  verified: Type.Array(Type.String()),
  facts: Facts,
});

/** What DeskCall has of these. */
export const talkFields = {
  role: literals('agent', 'consulted'),
  consultation: Nullable(
    Type.Object({
      with: ConsultedSchema,
      by: Type.String(),
      startedAt: Type.Integer(),
      state: literals('waiting', 'ringing', 'answered'),
      talkingWith: literals('customer', 'consulted', 'both'),
      personId: Nullable(Type.String()),
    }),
  ),
  supervisors: Type.Array(Type.Object({ personId: Type.String(), mode: literals('listen', 'whisper', 'barge') }), {
    description: 'Those whom the agent may know of: who whispers, who has barged in.',
  }),
  step: literals('whole', 'identify', 'handed-over'),
  steps: Type.Array(StepSchema, { description: 'What came before, oldest first.' }),
  verified: Type.Array(Type.String(), { description: 'Factors by which the customer’s identity is verified.' }),
};
