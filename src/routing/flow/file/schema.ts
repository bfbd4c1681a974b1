// The YAML format of an IVR flow and of a part that flows include, as schemas: load.ts reads by them, and editors complete by the
// JSON Schema made from them (config/flow.schema.json). The nodes are in schema-nodes.ts.
// Says what may be written; what it means together (names that exist, ways out) is checked in checks.ts.

import { Type } from 'typebox';
import { id, name, namePattern, saysName, texts, type WordsFields } from './schema-fields.ts';
import { type NodeFields, NodeSchema } from './schema-nodes.ts';

export type { SayFields, TextFields, WordsFields } from './schema-fields.ts';
export type { CheckFields, ConditionFields, NodeFields } from './schema-nodes.ts';

/** A node that every flow has: the end of the call, in silence. */
export const hangUpName = 'hang-up';
/** In the choices of a menu: ask again. */
export const repeatName = 'repeat';

const nodes = Type.Record(Type.String({ pattern: namePattern }), NodeSchema, {
  minProperties: 1,
  description: 'The nodes by name.',
  'x-keys': saysName,
});

export const FlowFileSchema = Type.Object(
  {
    flow: id('The name of the flow, as numbers in the configuration refer to it.'),
    description: Type.Optional(Type.String({ description: 'What the flow is for, for people.' })),
    language: Type.Optional(
      Type.Union([Type.Literal('ja'), Type.Literal('en')], { description: 'The language spoken; ja unless told.' }),
    ),
    include: Type.Optional(
      Type.Array(id('A part.'), {
        description: 'Parts whose nodes and texts are used, as part.name: files of the folder parts/.',
      }),
    ),
    parameters: Type.Optional(
      Type.Array(name('A variable.'), { description: 'Variables that it is given when called as a sub-flow.' }),
    ),
    texts,
    start: name('The first node.'),
    nodes,
  },
  { additionalProperties: false, title: 'Engawa IVR flow', description: 'What a caller hears and chooses.' },
);

export const PartFileSchema = Type.Object(
  {
    part: id('The name of the part, as flows include it.'),
    description: Type.Optional(Type.String({ description: 'What the part is for, for people.' })),
    texts,
    nodes: Type.Optional(nodes),
  },
  { additionalProperties: false, title: 'Engawa part of IVR flows', description: 'What several flows use.' },
);

export interface FlowFields {
  flow?: string;
  language?: 'ja' | 'en';
  include?: string[];
  parameters?: string[];
  texts?: Record<string, WordsFields>;
  start?: string;
  nodes?: Record<string, NodeFields>;
}

export interface PartFields {
  part?: string;
  texts?: Record<string, WordsFields>;
  nodes?: Record<string, NodeFields>;
}

/** The JSON Schema for editors, as the text of its file. */
export function flowJsonSchema(): string {
  return jsonText(FlowFileSchema);
}

export function partJsonSchema(): string {
  return jsonText(PartFileSchema);
}

function jsonText(of: object): string {
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...of };
  const plain = JSON.stringify(schema, (key, value) => (key === 'x-says' || key === 'x-keys' ? undefined : value), 2);
  return `${plain}\n`;
}
