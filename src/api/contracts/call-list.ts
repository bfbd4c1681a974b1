// Bodies of the call-list routes, as TypeBox schemas. A customer is an alias in every answer; a number only ever comes in.

import { type Static, type TSchema, Type } from 'typebox';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Both = (maxLength: number) =>
  Type.Object({ ja: Type.String({ maxLength }), en: Type.String({ maxLength }) }, { additionalProperties: false });
const Minutes = Type.Optional(Type.Integer({ minimum: 1, maximum: 43_200 }));

const Retry = Type.Object(
  {
    maxAttempts: Type.Integer({ minimum: 1, maximum: 20 }),
    retryMinutes: Type.Object(
      {
        'no-answer': Minutes,
        busy: Minutes,
        rejected: Minutes,
        unreachable: Minutes,
        failed: Minutes,
        'answering-machine': Minutes,
      },
      { additionalProperties: false, description: 'Minutes to the next attempt; without a row there is none.' },
    ),
  },
  { additionalProperties: false },
);

const listFields = {
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
  label: Both(80),
  mode: literals('preview', 'progressive'),
  reason: Type.String({ maxLength: 64, description: 'A reason of reasons.yaml: its class decides who may call.' }),
  queue: Type.String({ maxLength: 64, description: 'The people of this queue work on the list.' }),
  presentedNumber: Type.String({ maxLength: 32, description: 'The number of the company that customers see.' }),
  calendar: Type.String({ maxLength: 64, description: 'Calling hours: a name in calendars.yaml.' }),
  script: Both(4000),
};

export const NewCallList = Type.Object({ ...listFields, retry: Type.Optional(Retry) }, { additionalProperties: false });
export type NewCallList = Static<typeof NewCallList>;

export const CallListChange = Type.Partial(
  Type.Object(
    { ...listFields, retry: Retry, state: literals('paused', 'running', 'ended') },
    { additionalProperties: false },
  ),
);

export const CallListView = Type.Object({
  ...listFields,
  id: Type.String(),
  retry: Retry,
  state: literals('paused', 'running', 'ended'),
  createdAt: Type.Integer(),
});
export type CallListView = Static<typeof CallListView>;

const outcomes = ['answered', 'no-answer', 'busy', 'rejected', 'unreachable', 'failed'] as const;
const said = ['done', 'call-again', 'answering-machine', 'wrong-number', 'do-not-call'] as const;
const Count = Type.Optional(Type.Integer());

export const CallListFigures = Type.Object({
  entries: Type.Integer(),
  closed: Type.Integer(),
  attempts: Type.Integer(),
  byOutcome: Type.Object(Object.fromEntries(outcomes.map((name) => [name, Count]))),
  byDisposition: Type.Object(Object.fromEntries(said.map((name) => [name, Count]))),
  talkMs: Type.Integer(),
  answerRate: Nullable(Type.Number({ description: 'Answered attempts ÷ attempts.' })),
  contactRate: Nullable(Type.Number({ description: 'Attempts that reached a person ÷ attempts.' })),
  attemptsPerAnswer: Nullable(Type.Number()),
  averageTalkMs: Nullable(Type.Number()),
});

const customerFields = {
  number: Type.Optional(Type.String({ maxLength: 32 })),
  alias: Type.Optional(Type.String({ maxLength: 32 })),
  reference: Type.Optional(Type.String({ maxLength: 200, description: 'Your own key; never shown at a desk.' })),
  facts: Type.Optional(Type.Record(Type.String({ maxLength: 80 }), Type.String({ maxLength: 200 }))),
  notBefore: Type.Optional(Type.Integer({ minimum: 0 })),
};

/** JSON rows; or the same as text/csv. */
export const NewCustomers = Type.Union([
  Type.Object(
    { customers: Type.Array(Type.Object(customerFields, { additionalProperties: false }), { maxItems: 5000 }) },
    { additionalProperties: false },
  ),
  Type.String(),
]);

export const CustomersAdded = Type.Object({
  added: Type.Integer(),
  present: Type.Integer({ description: 'On the list already.' }),
  doNotCall: Type.Integer({ description: 'Left out: not to be called.' }),
  refused: Type.Array(Type.Object({ row: Type.Integer(), because: Type.String() })),
});

const entryFields = {
  id: Type.String(),
  alias: Type.String(),
  facts: Type.Record(Type.String(), Type.String()),
  state: literals('waiting', 'reserved', 'calling', 'closed'),
  attempts: Type.Integer(),
  notBefore: Type.Integer(),
  callId: Nullable(Type.String()),
  lastOutcome: Nullable(literals(...outcomes)),
};

export const ListEntryView = Type.Object({
  ...entryFields,
  reference: Nullable(Type.String()),
  personId: Nullable(Type.String()),
  closedBecause: Nullable(Type.String()),
});

/** GET /api/v1/desk/call-list: what the desk shows of it. `because` is a problem code. */
export const DeskCallList = Type.Object({
  list: Nullable(
    Type.Object({
      id: Type.String(),
      label: Both(80),
      mode: listFields.mode,
      reason: Type.String(),
      script: Both(4000),
    }),
  ),
  entry: Nullable(Type.Object(entryFields)),
  because: Nullable(Type.String()),
});
export type DeskCallList = Static<typeof DeskCallList>;

export const ChooseCallList = Type.Object({ listId: Nullable(Type.String({ maxLength: 64 })) });
export const Judgement = Type.Object(
  { disposition: literals(...said), againAt: Type.Optional(Type.Integer({ minimum: 0 })) },
  { additionalProperties: false },
);

export const DoNotCall = Type.Object(
  {
    number: Type.Optional(Type.String({ maxLength: 32 })),
    alias: Type.Optional(Type.String({ maxLength: 32 })),
    because: Type.String({ minLength: 1, maxLength: 200 }),
  },
  { additionalProperties: false },
);
