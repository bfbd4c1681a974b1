// What the nodes of a flow are written with: names, seconds, words to say. For schema-nodes.ts and schema.ts.

import { type Static, type TSchema, Type } from 'typebox';
import { section } from '../../../shared/yaml/yaml-schema.ts';

export const namePattern = '^[\\p{L}\\p{N}][\\p{L}\\p{N}_-]{0,63}$';
/** A node or text of this file, or of a part: `common.goodbye`. */
const targetPattern = '^[\\p{L}\\p{N}][\\p{L}\\p{N}_-]{0,63}(\\.[\\p{L}\\p{N}][\\p{L}\\p{N}_-]{0,63})?$';
const idPattern = '^[a-z0-9][a-z0-9-]{0,63}$';
export const saysName = 'a name (letters, digits, "-" and "_")';

export const name = (description: string) => Type.String({ pattern: namePattern, description, 'x-says': saysName });
export const id = (description: string) =>
  Type.String({ pattern: idPattern, description, 'x-says': 'a name in small letters, digits and "-"' });
export const target = (description: string) =>
  Type.String({ pattern: targetPattern, description, 'x-says': 'the name of a node (letters, digits, "-" and "_")' });
export const next = (description: string) => target(`${description} A node, or hang-up.`);
export const seconds = (description: string, minimum: number, maximum: number) =>
  Type.Integer({ minimum, maximum, description });
export const retries = Type.Optional(
  Type.Integer({ minimum: 0, maximum: 9, description: 'How often to ask again when nothing fits; 2 unless told.' }),
);
/** One or several. */
export const oneOrMore = <T extends TSchema>(one: T, description: string) =>
  Type.Union([one, Type.Array(one)], { description });
export const values = (description: string) =>
  Type.Optional(
    Type.Record(Type.String({ pattern: namePattern }), Type.String({ maxLength: 500, description: 'The value.' }), {
      description,
      'x-keys': saysName,
    }),
  );
export const skills = Type.Optional(
  Type.Record(
    Type.String({ pattern: idPattern }),
    Type.Integer({ minimum: 1, maximum: 9, description: 'The least level, 1 to 9.' }),
    {
      description: 'Skills that are wanted, with the least level.',
      'x-keys': 'a skill in small letters, digits and "-"',
    },
  ),
);
export const stickySeconds = Type.Optional(
  seconds('For so long, only the agent who last spoke with this customer is asked.', 1, 3600),
);
export const priority = (description: string) =>
  Type.Optional(Type.Integer({ minimum: -100, maximum: 100, description }));
export const endKey = Type.Optional(
  Type.Union([Type.Literal('#'), Type.Literal('*')], { description: 'Key that ends the number early; # unless told.' }),
);
export const choicesOf = (description: string) =>
  Type.Record(Type.String({ pattern: '^[0-9*#]{1,4}$' }), target('Where the choice leads.'), {
    minProperties: 1,
    description,
    'x-keys': 'a choice: one to four of 0-9, * and # ("*" and "#" in quotes)',
  });

const spoken = (description: string) => Type.String({ minLength: 1, maxLength: 2000, description });

export const TextSchema = section(
  'Text to be spoken.',
  {
    ja: spoken('Japanese.'),
    'ja-kana': Type.Optional(
      spoken('The reading of the Japanese in kana, for a speech engine that cannot read kanji.'),
    ),
    en: Type.Optional(spoken('English.')),
  },
  'text by language (ja and en)',
);
export const PromptSchema = section(
  'A recorded prompt.',
  { prompt: name('Name of the recorded prompt.') },
  'a recorded prompt (prompt)',
);
export const TextNameSchema = section(
  'A text of "texts" in this file, or of a part: part.name.',
  { text: target('Name of the text.') },
  'the name of a text (text)',
);
export const Say = (description: string) => Type.Union([TextSchema, PromptSchema, TextNameSchema], { description });
export const texts = Type.Optional(
  Type.Record(Type.String({ pattern: namePattern }), Type.Union([TextSchema, PromptSchema]), {
    description: 'What is said in more than one place, by name.',
    'x-keys': saysName,
  }),
);

export type TextFields = Static<typeof TextSchema>;
export type WordsFields = TextFields | Static<typeof PromptSchema>;
export type SayFields = WordsFields | Static<typeof TextNameSchema>;
