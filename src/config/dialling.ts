// The settings of calling out: agents' own telephones, and which numbers may be dialled, how often and for how long.

import { Type } from 'typebox';
import { section } from '../shared/yaml/yaml-schema.ts';

export const Telephones = section('Agents who work with their own telephones, called out through a trunk.', {
  allowed: Type.Boolean({ default: true, description: 'False: nobody does, whoever has a number entered.' }),
  ringSeconds: Type.Integer({
    default: 30,
    minimum: 10,
    maximum: 120,
    description: 'How long one rings for a call that the agent makes or moves; for a call from a queue the queue says.',
  }),
  confirmSeconds: Type.Integer({
    default: 15,
    minimum: 5,
    maximum: 60,
    description: 'How long it may take to press 1 after the answer; a voicemail never does.',
  }),
  presentedNumber: Type.Optional(
    Type.String({ description: 'The company’s number that the telephone shows; the first one unless told.' }),
  ),
  saidName: Type.Optional(
    section('Who is said to call; company.name unless told.', { ja: Type.String(), en: Type.String() }),
  ),
});

/** Classes that a cap or a rate can be about; an emergency call has neither. */
const cappedClasses = [
  'fixed',
  'mobile',
  'ip-phone',
  'toll-free',
  'navi-dial',
  'special-service',
  'm2m',
  'international',
  'premium',
  'satellite',
] as const;

const amount = (standard: number) => Type.Number({ default: standard, minimum: 0 });

const Rates = section('Estimated cost of a minute by kind of number, in any unit, for the caps alone.', {
  fixed: amount(3),
  mobile: amount(16),
  'ip-phone': amount(4),
  'toll-free': amount(0),
  'navi-dial': amount(20),
  'special-service': amount(10),
  m2m: amount(16),
  international: amount(60),
  premium: amount(100),
  satellite: amount(300),
});

const minutes = (standard: number) => Type.Integer({ default: standard, minimum: 0, maximum: 1440 });

const LongestMinutes = section(
  'How long a call to such a number may last, in minutes; 0 is no limit. A tone tells a minute before.',
  {
    fixed: minutes(0),
    mobile: minutes(0),
    'ip-phone': minutes(0),
    'toll-free': minutes(0),
    'navi-dial': minutes(120),
    'special-service': minutes(10),
    m2m: minutes(10),
    international: minutes(120),
    premium: minutes(10),
    satellite: minutes(10),
  },
);

const limit = (description: string) => Type.Optional(Type.Number({ exclusiveMinimum: 0, description }));

const Cap = section('How much may be dialled before calls are refused. Emergency calls never are.', {
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,39}$', description: 'For logs and events.' }),
  per: Type.Unsafe<'person' | 'trunk' | 'company'>({
    type: 'string',
    enum: ['person', 'trunk', 'company'],
    default: 'person',
    description: 'person, trunk or company.',
  }),
  window: Type.Unsafe<'hour' | 'day'>({
    type: 'string',
    enum: ['hour', 'day'],
    default: 'day',
    description: 'The last hour or the last 24 hours, always up to now.',
  }),
  classes: Type.Array(Type.Unsafe<(typeof cappedClasses)[number]>({ type: 'string', enum: [...cappedClasses] }), {
    default: [],
    description: `Kinds of numbers, of: ${cappedClasses.join(', ')}. [] is all of them.`,
  }),
  calls: limit('Calls begun.'),
  minutes: limit('Minutes talked, calls that are running included.'),
  cost: limit('By dialling.rates.'),
  alarmPercent: Type.Integer({
    default: 80,
    minimum: 1,
    maximum: 100,
    description: 'From this share on an event warns, once in the window.',
  }),
});

const costly = ['international', 'premium', 'satellite', 'navi-dial'];

export const Dialling = section('What people may dial by hand.', {
  numbersAllowed: Type.Array(Type.Union([Type.Literal('agent'), Type.Literal('supervisor')]), {
    default: [],
    description: 'Roles that may dial a number; everybody may call an alias back.',
  }),
  reason: Type.Optional(
    Type.String({
      description:
        'What a call is about that a person begins and says no reason of, to a customer whose last call had none (config/reasons.yaml). Without it that is unknown, and only those may call who may have the strictest class.',
    }),
  ),
  international: Type.Boolean({ default: false }),
  premium: Type.Boolean({ default: false, description: '0990 and the like, at home and abroad.' }),
  naviDial: Type.Boolean({ default: false, description: '0570.' }),
  satellite: Type.Boolean({ default: false, description: '+870, +881, +882 and +883.' }),
  m2m: Type.Boolean({ default: false, description: '020, lines of machines.' }),
  allowCountries: Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), {
    default: [],
    description: 'Countries (ISO 3166) that may be dialled although international is false, such as ["US", "GB"].',
  }),
  allowCountryCodes: Type.Array(Type.String({ pattern: '^[1-9]\\d{0,2}$' }), {
    default: [],
    description: 'The same by country code. "1" is twenty countries, some of them costly: allowCountries is safer.',
  }),
  allowNumbers: Type.Array(Type.String({ pattern: '^(\\+[1-9]\\d{3,14}|\\d{2,15})$' }), {
    default: [],
    description:
      'Canonical numbers that may be dialled whatever their kind, such as ["0570000111", "117"]; never 110, 118 and 119.',
  }),
  denyPrefixes: Type.Array(Type.String(), {
    default: [],
    description: 'Canonical beginnings of numbers that are never dialled.',
  }),
  emergencyTrunk: Type.Optional(
    Type.String({
      description:
        'The trunk of the site that 110, 118 and 119 go out by when somebody in the centre dials them. Without it, and from home always, they are refused.',
    }),
  ),
  emergencyPresentedNumber: Type.Optional(
    Type.String({
      description: 'The site’s number that they are called with; the first one of company.numbers unless told.',
    }),
  ),
  caps: Type.Array(Cap, {
    default: [
      { name: 'costly-person', per: 'person', window: 'hour', classes: costly, calls: 20, minutes: 60 },
      { name: 'costly-company', per: 'company', window: 'day', classes: costly, calls: 200, minutes: 1200 },
      { name: 'calls-person', per: 'person', window: 'hour', calls: 240 },
    ],
    description: 'Against toll fraud. The first that is reached refuses the call.',
  }),
  rates: Rates,
  longestMinutes: LongestMinutes,
});
