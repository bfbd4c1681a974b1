// Settings of call backs that keep a place in a queue. Part of the configuration (config/schema.ts).

import { type Static, Type } from 'typebox';
import { section } from '../../shared/yaml/yaml-schema.ts';

export const CallbacksSchema = section('Calling back who has kept a place in a queue.', {
  attempts: Type.Integer({ default: 3, minimum: 1, maximum: 10, description: 'How often the customer is called.' }),
  retryMinutes: Type.Number({
    default: 15,
    exclusiveMinimum: 0,
    maximum: 1440,
    description: 'After a customer who was busy or did not answer, until the next attempt.',
  }),
  expireHours: Type.Number({
    default: 24,
    exclusiveMinimum: 0,
    maximum: 168,
    description: 'After so long nobody is called back any more.',
  }),
  ringSeconds: Type.Integer({
    default: 40,
    minimum: 10,
    maximum: 120,
    description: 'How long the customer’s telephone rings.',
  }),
});
export type CallbackSettings = Static<typeof CallbacksSchema>;
