// The YAML format of scenarios: what the outside answers, and what must come of it. Carried out in scenario.ts.

import { type Static, Type } from 'typebox';
import { section } from '../../../shared/yaml/yaml-schema.ts';
import { id, name, oneOrMore, saysName } from '../file/schema-fields.ts';

const yes = (description: string) => Type.Literal(true, { description });
const text = (description: string) => Type.String({ maxLength: 500, description });
const record = (description: string) =>
  Type.Record(Type.String({ pattern: '^[\\p{L}\\p{N}][\\p{L}\\p{N}_-]{0,63}$' }), text('The value.'), {
    description,
    'x-keys': saysName,
  });

const StepSchema = Type.Union([
  section('The caller keys something.', {
    keys: Type.String({ pattern: '^[0-9*#]{1,32}$', 'x-says': 'keys: 0-9, * and #' }),
  }),
  section('The caller says something.', { says: text('The words as a speech service would give them.') }),
  section('The caller does nothing.', { silence: yes('Nothing is keyed or said.') }),
  section('A company service answers.', { found: record('Variables with their values.') }),
  section('A company service knows nothing.', { 'not-found': yes('No such customer.') }),
  section('Secret digits are right.', { verified: yes('They are right.') }),
  section('Secret digits are wrong.', {
    'not-verified': Type.Union([Type.Literal(true), Type.Literal('final')], {
      description: 'true, or final when no further try is allowed.',
    }),
  }),
  section('What was asked does not work.', { failed: yes('A time-out, an error, nobody answers.') }),
  section('The call leaves the queue without an agent.', {
    overflow: Type.Union(['timeout', 'full', 'nobody', 'left-empty'].map((cause) => Type.Literal(cause))),
  }),
  section('It is done: an agent or a number answers, a message is left, a number is keyed.', {
    done: yes('It is done.'),
  }),
]);

const ends = ['hang-up', 'queue', 'callback', 'voicemail', 'transfer', 'waits'] as const;

const ExpectSchema = section('What must come of it; what is not written is not looked at.', {
  path: Type.Optional(
    Type.Array(text('A node; in a sub-flow flow/node.'), {
      description: 'Nodes in this order; others may lie between.',
    }),
  ),
  reason: Type.Optional(Type.Union([id('The reason at last.'), Type.Literal(false)])),
  queue: Type.Optional(id('The queue in which the call waits at last.')),
  priority: Type.Optional(Type.Integer({ description: 'The priority there.' })),
  verified: Type.Optional(Type.Array(id('A factor.'), { description: 'All factors that are verified.' })),
  language: Type.Optional(Type.Union([Type.Literal('ja'), Type.Literal('en')])),
  variables: Type.Optional(record('Variables at last.')),
  says: Type.Optional(
    oneOrMore(text('Part of a text, or the name of a prompt.'), 'What the caller hears, in this order.'),
  ),
  ends: Type.Optional(
    Type.Union(
      ends.map((end) => Type.Literal(end)),
      { description: 'Where it ends: hang-up, queue, callback, voicemail, transfer, or waits for an answer.' },
    ),
  ),
});

const ScenarioSchema = section('One call.', {
  flow: Type.Optional(id('The flow, in place of that of the file.')),
  at: Type.Optional(
    Type.String({
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d)?(Z|[+-]\\d\\d:\\d\\d)$',
      description: 'When: 2026-11-16T12:00+09:00, a Monday at noon, unless told.',
      'x-says': 'a time such as 2026-11-16T12:00+09:00',
    }),
  ),
  dialled: Type.Optional(Type.String({ pattern: '^\\+?[0-9]{2,16}$', 'x-says': 'a telephone number' })),
  trunk: Type.Optional(name('The trunk.')),
  withheld: Type.Optional(Type.Boolean()),
  known: Type.Optional(Type.Boolean()),
  operation: Type.Optional(Type.Union([Type.Literal('normal'), Type.Literal('partly-home'), Type.Literal('all-home')])),
  'closed-by-hand': Type.Optional(Type.Array(id('A calendar.'))),
  steps: Type.Optional(Type.Array(StepSchema, { description: 'Answers in order, one for each thing that is asked.' })),
  expect: ExpectSchema,
});

export const ScenarioFileSchema = Type.Object(
  {
    flow: id('The flow.'),
    scenarios: Type.Record(Type.String({ pattern: '^.{1,120}$' }), ScenarioSchema, {
      minProperties: 1,
      description: 'Scenarios by what they show.',
      'x-keys': 'a short sentence',
    }),
  },
  { additionalProperties: false, title: 'Engawa flow scenarios' },
);

export type ScenarioFields = Static<typeof ScenarioSchema>;
export type ExpectFields = Static<typeof ExpectSchema>;
export interface StepFields {
  keys?: string;
  says?: string;
  silence?: true;
  found?: Record<string, string>;
  'not-found'?: true;
  verified?: true;
  'not-verified'?: true | 'final';
  failed?: true;
  overflow?: 'timeout' | 'full' | 'nobody' | 'left-empty';
  done?: true;
}
export interface ScenarioFileFields {
  flow?: string;
  scenarios?: Record<string, ScenarioFields>;
}
