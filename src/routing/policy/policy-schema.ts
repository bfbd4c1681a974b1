// What may stand in config/policy.yaml, with the words for whoever writes it. Reading is load-policy.ts.

import { type TSchema, Type } from 'typebox';
import { section } from '../../shared/yaml/yaml-schema.ts';
import type { Employment, Operation } from './policy.ts';
import type { Words } from './rules.ts';

const namePattern = '^[a-z0-9][a-z0-9-]{0,63}$';
const words = <T extends string>(...each: T[]) => Type.Union(each.map((one) => Type.Literal(one)));
/** One, or a list of several. */
const some = (schema: TSchema, description: string) => {
  const { anyOf } = schema as { anyOf?: TSchema[] };
  return Type.Union([...(anyOf ?? [schema]), Type.Array(schema)], { description });
};
const name = (what: string) => Type.String({ pattern: namePattern, 'x-says': what });

const localTime = Type.String({
  pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])( ([01]\\d|2[0-3]):[0-5]\\d)?$',
  'x-says': 'a time such as 2026-09-10 18:00, or a date',
});
const days = Type.Integer({ minimum: 1, maximum: 36500, description: 'Not longer ago than so many days.' });
const operation = words<Operation>('normal', 'partly-home', 'all-home');
const hours = {
  'while-open': Type.Optional(name('the name of a calendar of calendars.yaml')),
  'while-closed': Type.Optional(name('the name of a calendar of calendars.yaml')),
};

const Need = section('What a person needs; all that is written. What is not known of a person is lacking.', {
  place: Type.Optional(some(words('centre', 'home'), 'Where the person works today, proven.')),
  employment: Type.Optional(
    some(words<Employment>('regular', 'temporary', 'outsourced'), 'How the person is employed.'),
  ),
  'years-of-service': Type.Optional(
    Type.Number({ minimum: 0, maximum: 60, description: 'At least; 0.5 is six months.' }),
  ),
  trainings: Type.Optional(
    some(
      Type.Union(
        [
          name('the name of a training'),
          section('A training that may not be too old.', {
            training: name('the name of a training'),
            'within-days': days,
          }),
        ],
        { description: 'A training.' },
      ),
      'All of these passed.',
    ),
  ),
  pledge: Type.Optional(
    Type.Union([
      Type.Literal('signed'),
      section('The pledge, signed.', {
        version: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'This version of it.' })),
        'within-days': Type.Optional(days),
      }),
    ]),
  ),
  device: Type.Optional(some(words('managed', 'enrolled'), 'The device at which the person works.')),
  'connection-check': Type.Optional(
    Type.Union([
      Type.Literal('passed'),
      section('Passed, and not long ago.', {
        'within-hours': Type.Number({
          exclusiveMinimum: 0,
          maximum: 8760,
          description: 'Not longer ago than so many hours.',
        }),
      }),
    ]),
  ),
  clearance: Type.Optional(name('a class of personal information')),
});

const Calls = section('Which calls the rule is about; all that is written must fit. Unless told, all calls.', {
  class: Type.Optional(some(name('a class of personal information'), 'Exactly one of these classes.')),
  'class-at-least': Type.Optional(name('a class of personal information')),
  reason: Type.Optional(some(name('a reason of reasons.yaml'), 'One of these reasons.')),
  queue: Type.Optional(some(name('a queue'), 'Waiting in one of these queues.')),
  direction: Type.Optional(words('inbound', 'outbound')),
  step: Type.Optional(
    some(words('whole', 'identify', 'handed-over'), 'In one of these steps of a call that is split.'),
  ),
  verified: Type.Optional(
    Type.Union([Type.Boolean(), Type.Array(name('a factor such as one-time-code'))], {
      description: 'Whether the identity of the customer is verified, or by one of which factors.',
    }),
  ),
});

const text = Type.String({ minLength: 1, maxLength: 200 });

const RuleSchema = section('One rule.', {
  says: Type.Optional(section('What it says, for those whom it refuses.', { ja: text, en: text })),
  calls: Type.Optional(Calls),
  operation: Type.Optional(some(operation, 'Only in these modes of operation.')),
  ...hours,
  needs: Type.Optional(Need),
  'one-of': Type.Optional(Type.Array(Need, { description: 'Several ways; one of them is enough.' })),
});

export const PolicySchema = section('Engawa policy', {
  'time-zone': Type.Optional(Type.String({ description: 'For dates and times here; Asia/Tokyo unless told.' })),
  operation: Type.Optional(
    section('Where the company works from.', {
      usual: Type.Optional(operation),
      schedule: Type.Optional(
        Type.Array(
          section('A time of another mode.', {
            operation,
            from: Type.Optional(localTime),
            to: Type.Optional(localTime),
            ...hours,
          }),
        ),
      ),
    }),
  ),
  'handed-over': Type.Optional(
    section('What remains of a call once the centre has handed it over.', {
      verified: Type.Optional(
        Type.Union([Type.Literal('any'), Type.Array(name('a factor such as one-time-code'))], {
          description: 'By which factors the customer must have been verified before.',
        }),
      ),
      leaves: Type.Record(Type.String({ pattern: namePattern }), name('a class of personal information'), {
        description: 'The class that is left, by the class of the reason.',
        'x-keys': 'a class of personal information',
      }),
    }),
  ),
  rules: Type.Record(Type.String({ pattern: namePattern }), RuleSchema, {
    description: 'The rules by name.',
    'x-keys': 'a name in small letters, digits and "-"',
  }),
});

export interface HoursFields {
  'while-open'?: string;
  'while-closed'?: string;
}

type Some<T> = T | T[];

export interface NeedFields {
  place?: Some<'centre' | 'home'>;
  employment?: Some<Employment>;
  'years-of-service'?: number;
  trainings?: Some<string | { training: string; 'within-days'?: number }>;
  pledge?: 'signed' | { version?: string; 'within-days'?: number };
  device?: Some<'managed' | 'enrolled'>;
  'connection-check'?: 'passed' | { 'within-hours': number };
  clearance?: string;
}

export interface RuleFields extends HoursFields {
  says?: Words;
  calls?: {
    class?: Some<string>;
    'class-at-least'?: string;
    reason?: Some<string>;
    queue?: Some<string>;
    direction?: 'inbound' | 'outbound';
    step?: Some<'whole' | 'identify' | 'handed-over'>;
    verified?: boolean | string[];
  };
  operation?: Some<Operation>;
  needs?: NeedFields;
  'one-of'?: NeedFields[];
}

export interface PlannedFields extends HoursFields {
  operation: Operation;
  from?: string;
  to?: string;
}

export interface PolicyFields {
  'time-zone'?: string;
  operation?: { usual?: Operation; schedule?: PlannedFields[] };
  'handed-over'?: { verified?: 'any' | string[]; leaves?: Record<string, string> };
  rules?: Record<string, RuleFields>;
}
