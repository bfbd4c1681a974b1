// The people for a proof (prove.ts), as a file: who serves which queue, and what is registered of them. For checks without a
// running system, such as in CI. Pure: the caller reads the file.

import { Type } from 'typebox';
import { byPlace, readYaml } from '../../../shared/yaml/yaml-reader.ts';
import { section } from '../../../shared/yaml/yaml-schema.ts';
import type { Employment } from '../../policy/policy.ts';
import { id } from '../file/schema-fields.ts';
import type { FlowProblem } from '../flow.ts';
import type { ProofPerson } from './prove.ts';

const date = (description: string) =>
  Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d$', description, 'x-says': 'a date such as 2026-04-01' });
const words = <T extends string>(list: readonly T[], description: string) =>
  Type.Union(
    list.map((word) => Type.Literal(word)),
    { description },
  );

const PersonSchema = section('One person.', {
  queues: Type.Array(id('A queue.'), { description: 'Queues that the person serves.' }),
  clearance: id('The strictest class of personal information that the person may handle.'),
  place: Type.Optional(words(['centre', 'home'], 'Where the person is registered to work; either unless told.')),
  employment: Type.Optional(words(['regular', 'temporary', 'outsourced'], 'How the person is employed.')),
  'employed-since': Type.Optional(date('Since when.')),
  trainings: Type.Optional(
    Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }), date('When it was passed.'), {
      description: 'Trainings passed.',
      'x-keys': 'a training in small letters, digits and "-"',
    }),
  ),
  pledge: Type.Optional(
    section('The pledge signed.', { version: Type.String({ maxLength: 64 }), signed: date('When.') }),
  ),
  device: Type.Optional(words(['managed', 'enrolled', 'unknown', 'revoked'], 'The device; managed unless told.')),
});

const PeopleSchema = Type.Object(
  {
    people: Type.Record(Type.String({ pattern: '^.{1,80}$' }), PersonSchema, {
      description: 'People by name.',
      'x-keys': 'a name',
    }),
  },
  { additionalProperties: false, title: 'Engawa people for the check of flows' },
);

interface PersonFields {
  queues?: string[];
  clearance?: string;
  place?: 'centre' | 'home';
  employment?: Employment;
  'employed-since'?: string;
  trainings?: Record<string, string>;
  pledge?: { version: string; signed: string };
  device?: 'managed' | 'enrolled' | 'unknown' | 'revoked';
}

export function parseProofPeople(yaml: string, file: string): { people: ProofPerson[]; problems: FlowProblem[] } {
  const owner = (path: readonly string[]) => (path[1] === undefined ? undefined : `person "${path[1]}"`);
  const reading = readYaml(yaml, file, PeopleSchema, owner);
  const fields = (reading.value ?? {}) as { people?: Record<string, PersonFields> };
  const people = Object.entries(fields.people ?? {}).map(([name, person]) => personFrom(name, person));
  return { people, problems: reading.problems.sort(byPlace) };
}

function personFrom(name: string, fields: PersonFields): ProofPerson {
  const { employment, trainings, pledge, device } = fields;
  const since = fields['employed-since'];
  return {
    name,
    queues: fields.queues ?? [],
    facts: {
      clearance: fields.clearance ?? '',
      place: fields.place ?? 'unknown',
      ...(employment && { employment }),
      ...(since && { employedSince: Date.parse(since) }),
      ...(trainings && {
        trainings: Object.fromEntries(Object.entries(trainings).map(([training, at]) => [training, Date.parse(at)])),
      }),
      ...(pledge && { pledge: { version: pledge.version, signedAt: Date.parse(pledge.signed) } }),
      ...(device && { device }),
    },
  };
}
