// The settings of a queue: who is asked, what becomes of agents who do not answer, and when a call may not join or stay
// (docs/queues.md). What each means is routing/acd/acd.ts's and admission.ts's.

import { Type } from 'typebox';
import type { QueueSettings } from '../routing/acd/acd.ts';
import { presences } from '../routing/acd/admission.ts';
import { section } from '../shared/yaml/yaml-schema.ts';

const strategies = ['longest-idle', 'round-robin', 'least-occupied', 'fewest-calls', 'ring-all'] as const;
const oneOf = (names: readonly string[], options: { default: string; description: string }) =>
  Type.Union(
    names.map((name) => Type.Literal(name)),
    options,
  );
const seconds = (description: string, minimum = 0) => Type.Optional(Type.Integer({ minimum, description }));

const Unanswered = (when: string) =>
  section(`What becomes of an agent ${when}.`, {
    returnAfterSeconds: seconds('Available again by itself after this; without it, when the agent says so.', 1),
    signOutAfter: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Signed out after so many calls in a row that were not answered.' }),
    ),
  });

const Admission = section('When a call may not join, or not stay: it goes on in its flow, which says where.', {
  mostWaiting: seconds('So many may wait; a call that somebody takes at once always may join.'),
  mostWaitSeconds: seconds('A call leaves after this, unless the flow says another time.'),
  mostExpectedWaitSeconds: seconds('A call that is expected to wait longer does not join.'),
  joinWith: oneOf(presences, {
    default: 'always',
    description:
      'Who has to be there for a call to join: nobody (always), an agent who may take it signed-in, or ready.',
  }),
  stayWith: oneOf(presences, { default: 'always', description: 'The same for staying.' }),
  absenceSeconds: Type.Integer({ default: 0, minimum: 0, description: 'Nobody may be there for so long.' }),
});

const fields = section('A queue.', {
  name: Type.String({ pattern: '^[a-z0-9-]+$' }),
  label: section('The same in Japanese and English.', { ja: Type.String(), en: Type.String() }),
  strategy: oneOf(strategies, {
    default: 'longest-idle',
    description:
      'Whom of those who may take a call it is offered to: longest-idle, round-robin, least-occupied, fewest-calls or ring-all.',
  }),
  ringAtOnce: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 100,
    description: 'With ring-all: at most so many at once.',
  }),
  priority: Type.Integer({ default: 0, minimum: -100, maximum: 100, description: 'Added to that of each call.' }),
  tierWaitSeconds: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'Agents of tier n are asked after n times this; 0: as soon as nobody of a lower tier is free.',
  }),
  relaxSkillsEverySeconds: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'Each level of skill that a call asks for falls by one every so many seconds; 0: never.',
  }),
  ringTimeoutSeconds: Type.Integer({ default: 20, minimum: 3, maximum: 300 }),
  afterCallWorkSeconds: Type.Integer({ default: 30, minimum: 0, maximum: 3600 }),
  noAnswer: Unanswered('who does not answer'),
  rejected: Unanswered('who rejects a call'),
  admission: Admission,
  serviceLevelSeconds: Type.Integer({ default: 20, minimum: 1 }),
  shortAbandonSeconds: Type.Integer({ default: 5, minimum: 0 }),
});

/** Typed by routing: the defaults are filled in here. */
export const Queue = Type.Unsafe<Required<QueueSettings>>(fields);
