// Settings of transfers, parking, and of calls that are split by step. Joined to the others in schema.ts.

import { Type } from 'typebox';
import { section } from '../shared/yaml/yaml-schema.ts';

const Words = section('The same in Japanese and English.', { ja: Type.String(), en: Type.String() });
const Id = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,39}$' });

export const Transfers = section('Where agents may take a call, besides queues and colleagues.', {
  outside: Type.Array(
    section('A place outside, by name. Desks never see its number.', {
      name: Id,
      label: Words,
      number: Type.String({ description: 'As dialled by hand; the rules for dialling hold.' }),
      clearance: Type.String({
        default: 'none',
        description: 'The class of personal information up to which calls may go there.',
      }),
    }),
    { default: [] },
  ),
  parkSlots: Type.Integer({ default: 20, minimum: 0, maximum: 1000, description: '0: nobody parks.' }),
  parkSeconds: Type.Integer({
    default: 120,
    minimum: 5,
    maximum: 3600,
    description: 'Then a parked call comes back to whoever parked it, then to its queue.',
  }),
});

export const Steps = section('Calls that the centre begins and somebody at home goes on with.', {
  factors: Type.Array(section('What an agent may say was verified by asking.', { id: Id, label: Words }), {
    default: [],
  }),
  facts: Type.Array(
    section('What may be told along, as a choice and never as free text.', {
      name: Id,
      label: Words,
      values: Type.Array(section('A choice.', { id: Id, label: Words }), { minItems: 1 }),
    }),
    { default: [] },
  ),
  piiCameUp: section('Where a call goes when personal information comes up at home.', {
    queue: Type.Optional(
      Type.String({ description: 'The centre’s queue; the one in which the call was before, unless told.' }),
    ),
    reason: Type.Optional(
      Type.String({
        description:
          'A reason whose class the call has from then on. Unless told, the one before it was handed over; else the strictest.',
      }),
    ),
  }),
});
