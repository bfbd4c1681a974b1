// Bodies of the routes about rules: who may take what, the mode of operation, and what was decided.

import { type Static, Type } from 'typebox';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
const Words = Type.Object({ ja: Type.String(), en: Type.String() });
const name = (maxLength = 64) => Type.String({ minLength: 1, maxLength });
const time = Type.Integer({ minimum: 0 });
const nullable = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) => Type.Union([schema, Type.Null()]);

export const OperationSchema = literals('normal', 'partly-home', 'all-home');

/** What is registered of a person for the rules; what is absent is not known, and counts against. */
export const WorkFactsSchema = Type.Object(
  {
    employment: Type.Optional(literals('regular', 'temporary', 'outsourced')),
    employedSince: Type.Optional(time),
    trainings: Type.Optional(Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }), time)),
    pledge: Type.Optional(Type.Object({ version: name(), signedAt: time }, { additionalProperties: false })),
    device: Type.Optional(literals('managed', 'enrolled', 'unknown', 'revoked')),
    connectionCheck: Type.Optional(Type.Object({ passed: Type.Boolean(), at: time }, { additionalProperties: false })),
    skills: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }), Type.Integer({ minimum: 1, maximum: 100 })),
    ),
    tiers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z0-9-]{1,64}$' }), Type.Integer({ minimum: 0, maximum: 100 })),
    ),
  },
  { additionalProperties: false, description: 'Times are epoch milliseconds.' },
);

/** In a change: what is not named stays, null takes it away. */
export const ChangeFacts = Type.Object(
  Object.fromEntries(
    Object.entries(WorkFactsSchema.properties).map(([key, schema]) => [key, Type.Optional(nullable(schema))]),
  ),
  { additionalProperties: false },
);

const Who = {
  personId: nullable(Type.String()),
  keyId: nullable(Type.String()),
};

export const OperationView = Type.Object({
  operation: OperationSchema,
  by: literals('hand', 'schedule'),
  why: nullable(Type.String()),
  ...Who,
  since: nullable(Type.Integer()),
  until: nullable(Type.Integer({ description: 'When it may be another by itself.' })),
});

/** PUT /api/v1/operation */
export const SwitchOperation = Type.Object({
  operation: literals('normal', 'partly-home', 'all-home', 'by-schedule'),
  why: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  until: Type.Optional(
    Type.Integer({ description: 'Then the schedule holds again; until somebody switches unless told.' }),
  ),
});

const Problems = Type.Array(
  Type.Object({
    severity: literals('error', 'warning'),
    file: Type.String(),
    line: Type.Integer(),
    column: Type.Integer(),
    message: Type.String(),
  }),
);

/** GET /api/v1/policy */
export const PolicyView = Type.Object({
  version: Type.String(),
  classes: Type.Array(Type.Object({ id: Type.String(), label: Words, description: Type.Optional(Words) }), {
    description: 'From least to most.',
  }),
  rules: Type.Array(Type.Object({ name: Type.String(), says: nullable(Words) })),
  operation: OperationView,
});

export const CheckPolicy = Type.Object({ yaml: Type.String({ maxLength: 262_144 }) });
export const PolicyProblems = Type.Object({ ok: Type.Boolean(), problems: Problems });
export const ReloadedPolicy = Type.Object({
  version: Type.String({ description: 'In force now.' }),
  changed: Type.Boolean(),
  problems: Problems,
});

/** POST /api/v1/policy/explain */
export const ExplainPolicy = Type.Object({
  personId: name(),
  call: Type.Object(
    {
      direction: Type.Optional(literals('inbound', 'outbound')),
      reason: Type.Optional(name()),
      piiClass: Type.Optional(name()),
      queue: Type.Optional(name()),
      verified: Type.Optional(Type.Array(name(), { maxItems: 20 })),
      step: Type.Optional(literals('whole', 'identify', 'handed-over')),
    },
    { additionalProperties: false },
  ),
  place: Type.Optional(literals('centre', 'home', 'unknown')),
  operation: Type.Optional(OperationSchema),
});
export const Explanation = Type.Object({
  allowed: Type.Boolean(),
  rule: nullable(Type.String()),
  because: nullable(Type.Object({ code: Type.String(), ja: Type.String(), en: Type.String() })),
  place: literals('centre', 'home', 'unknown'),
  operation: OperationSchema,
  tried: Type.Array(
    Type.Object({
      rule: Type.String(),
      outcome: literals('fulfilled', 'lacking', 'not-about', 'not-now'),
      lacks: Type.Array(Type.Object({ code: Type.String(), words: Words })),
    }),
  ),
});

/** One offer, made or refused. */
export const DecisionView = Type.Object({
  id: Type.String(),
  at: Type.Integer(),
  decision: literals('offered', 'refused'),
  callId: Type.String(),
  alias: nullable(Type.String()),
  personId: Type.String(),
  queue: nullable(Type.String()),
  rule: nullable(Type.String({ description: 'Of the policy: which allowed it, or which was not fulfilled.' })),
  because: nullable(Type.Object({ code: nullable(Type.String()), ja: nullable(Type.String()), en: Type.String() })),
});
export type DecisionView = Static<typeof DecisionView>;

export const DecisionQuery = {
  decision: Type.Optional(literals('offered', 'refused')),
  personId: Type.Optional(name()),
  callId: Type.Optional(name()),
  alias: Type.Optional(name()),
  queue: Type.Optional(name()),
  rule: Type.Optional(name()),
  code: Type.Optional(name()),
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'Epoch milliseconds; a day ago unless told.' })),
  to: Type.Optional(Type.Integer({ minimum: 0 })),
};
