// Settings of what flows ask outside: which hosts may be asked at all, and each company service by its name. Part of the
// configuration (config/schema.ts); what they do is lookups.ts.

import { type Static, Type } from 'typebox';
import { section } from '../../shared/yaml/yaml-schema.ts';

export const OutgoingSchema = section(
  'What this program may ask on the network for flows. A host that is not listed is not asked, and a redirect is not followed.',
  {
    hosts: Type.Array(Type.String({ pattern: '^(\\*\\.)?[A-Za-z0-9.:-]+$' }), {
      default: [],
      description: 'Host names or addresses, as crm.example.co.jp, or *.example.co.jp for all names below it.',
    }),
    privateNetworks: Type.Array(Type.String(), {
      default: [],
      description:
        'Networks that are not of the internet and may be reached all the same, as 10.1.0.0/16. Plain http goes only there.',
    }),
    caFile: Type.Optional(Type.String({ description: 'PEM of an authority of the company’s own.' })),
  },
);

export const LookupServiceSchema = section('A service of the company that flows ask by its name.', {
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$', description: 'What flows call it.' }),
  url: Type.String({
    pattern: '^https?://',
    description:
      'Where it is. {parameter} stands for a parameter that the flow gives; those that are not in it go into the query (GET) or into the JSON body (POST).',
  }),
  fallbackUrl: Type.Optional(
    Type.String({ pattern: '^https?://', description: 'Asked when the first does not answer.' }),
  ),
  method: Type.Union([Type.Literal('GET'), Type.Literal('POST')], { default: 'GET', description: 'GET or POST.' }),
  headers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }), Type.String(), {
    default: {},
    description: 'Headers to send; env:NAME and file:PATH take the value from the environment or a file.',
  }),
  timeoutSeconds: Type.Number({
    default: 3,
    minimum: 0.1,
    maximum: 20,
    description: 'For the whole, further attempts included: the caller waits so long.',
  }),
  attempts: Type.Integer({
    default: 2,
    minimum: 1,
    maximum: 5,
    description: 'How often it is asked while it does not answer, or answers that it is in trouble (5xx, 429).',
  }),
  maxResponseKilobytes: Type.Integer({ default: 64, minimum: 1, maximum: 1024, description: 'A longer answer fails.' }),
  sendsCallerNumber: Type.Union([Type.Literal('no'), Type.Literal('e164'), Type.Literal('national')], {
    default: 'no',
    description: 'Whether it is given the caller’s number when a flow asks for that, and how the number is written.',
  }),
  notFoundStatuses: Type.Array(Type.Integer({ minimum: 200, maximum: 499 }), {
    default: [404],
    description: 'Statuses that mean: there is nobody like that.',
  }),
  foundWhen: Type.Optional(
    Type.String({ description: 'A field of the answer that must be there and neither false, null, "" nor [].' }),
  ),
  values: Type.Record(Type.String({ pattern: '^[\\p{L}\\p{N}_-]{1,64}$' }), Type.String(), {
    default: {},
    description: 'Variable of the flow by field of the JSON answer, as tier: customer.contracts.0.tier.',
  }),
});

export type LookupSettings = Static<typeof LookupServiceSchema>;
export type OutgoingSettings = Static<typeof OutgoingSchema>;
