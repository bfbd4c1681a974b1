// The YAML format of an IVR flow, as a schema: load.ts reads by it, and editors complete by the JSON Schema made from it
// (config/flow.schema.json). Each node does one thing, named by its first key.
// Says what may be written; what it means together (names that exist, ways out) is checked in checks.ts.

import { type Static, Type } from 'typebox';
import { section } from '../../shared/yaml/yaml-schema.ts';

/** A node that every flow has: the end of the call, in silence. */
export const hangUpName = 'hang-up';
/** In the choices of a menu: ask again. */
export const repeatName = 'repeat';

const namePattern = '^[\\p{L}\\p{N}][\\p{L}\\p{N}_-]{0,63}$';
const idPattern = '^[a-z0-9][a-z0-9-]{0,63}$';
const name = (description: string) =>
  Type.String({ pattern: namePattern, description, 'x-says': 'a name (letters, digits, "-" and "_")' });
const id = (description: string) =>
  Type.String({ pattern: idPattern, description, 'x-says': 'a name in small letters, digits and "-"' });
const next = (description: string) => name(`${description} A node, or hang-up.`);
const seconds = (description: string, minimum: number, maximum: number) =>
  Type.Integer({ minimum, maximum, description });
const spoken = (description: string) => Type.String({ minLength: 1, maxLength: 2000, description });

const TextSchema = section(
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
const PromptSchema = section(
  'A recorded prompt.',
  { prompt: name('Name of the recorded prompt.') },
  'a recorded prompt (prompt)',
);
const Say = (description: string) => Type.Union([TextSchema, PromptSchema], { description });

const SayNode = section('Says something, then goes on.', {
  say: Say('What the caller hears.'),
  next: next('Where to go on.'),
});
const PlayNode = section('Plays a recorded prompt, then goes on.', {
  play: name('Name of the recorded prompt.'),
  next: next('Where to go on.'),
});
const MenuNode = section('Asks for a choice.', {
  menu: Say('The question.'),
  choices: Type.Record(
    Type.String({ pattern: '^[0-9*#]{1,4}$' }),
    name('Where the choice leads: a node, hang-up, or repeat to ask again.'),
    {
      minProperties: 1,
      description: 'What the caller may key, and where it leads: a node, hang-up, or repeat to ask again.',
      'x-keys': 'a choice: one to four of 0-9, * and # ("*" and "#" in quotes)',
    },
  ),
  'timeout-seconds': Type.Optional(seconds('How long to wait for a digit after the question; 6 unless told.', 1, 60)),
  retries: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 9, description: 'How often to ask again when nothing fits; 2 unless told.' }),
  ),
  'on-timeout': Type.Optional(next('Where to go when nothing was keyed after all retries; hang-up unless told.')),
  'on-invalid': Type.Optional(next('Where to go when no choice fitted after all retries; as on-timeout unless told.')),
});
const CollectNode = section('Asks for a number, such as a member number. It is never logged.', {
  collect: Say('The question.'),
  variable: Type.Optional(name('What the number is called; the name of the node unless told.')),
  'min-digits': Type.Optional(
    Type.Integer({ minimum: 1, maximum: 32, description: 'Fewest digits; as many as max-digits unless told.' }),
  ),
  'max-digits': Type.Integer({ minimum: 1, maximum: 32, description: 'Most digits.' }),
  'end-key': Type.Optional(
    Type.Union([Type.Literal('#'), Type.Literal('*')], {
      description: 'Key that ends the number early; # unless told.',
    }),
  ),
  'timeout-seconds': Type.Optional(seconds('How long to wait for each digit; 6 unless told.', 1, 60)),
  retries: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 9, description: 'How often to ask again when too few came; 2 unless told.' }),
  ),
  next: next('Where to go with the number.'),
  'on-failure': Type.Optional(next('Where to go when none came after all retries; hang-up unless told.')),
});
const ReasonNode = section('Sets the reason for the call, and with it who may take it.', {
  reason: id('A reason of reasons.yaml.'),
  next: next('Where to go on.'),
});
const HoursNode = section('Branches by opening hours.', {
  hours: id('A calendar of calendars.yaml.'),
  open: next('Where to go during opening hours.'),
  closed: next('Where to go outside of them.'),
});
const QueueNode = section('Waits for an agent.', {
  queue: id('The queue.'),
  priority: Type.Optional(
    Type.Integer({ minimum: -100, maximum: 100, description: 'Higher is served first; 0 unless told.' }),
  ),
  'timeout-seconds': Type.Optional(
    seconds('How long to wait at most; without it, as long as the caller does.', 1, 7200),
  ),
  'on-timeout': Type.Optional(next('Where to go then.')),
  comfort: Type.Optional(Say('Said from time to time while waiting.')),
  'comfort-every-seconds': Type.Optional(seconds('How often; 30 unless told.', 10, 600)),
});
const TransferNode = section('Sends the caller to a telephone number.', {
  transfer: Type.String({
    pattern: '^\\+?[0-9]([0-9-]*[0-9])?$',
    minLength: 2,
    maxLength: 24,
    description: 'The number, as +81… or as dialled within the country.',
    'x-says': 'a telephone number, such as +81312345678 or 03-1234-5678',
  }),
  'ring-timeout-seconds': Type.Optional(seconds('How long to let it ring; 30 unless told.', 5, 180)),
  'on-failure': Type.Optional(next('Where to go when nobody answers; hang-up unless told.')),
});
const HangupNode = section('Ends the call.', {
  'hang-up': Type.Union([TextSchema, PromptSchema, Type.Literal(true)], {
    description: 'What to say before, or true to say nothing.',
  }),
});

const NodeSchema = Type.Union([
  SayNode,
  PlayNode,
  MenuNode,
  CollectNode,
  ReasonNode,
  HoursNode,
  QueueNode,
  TransferNode,
  HangupNode,
]);

export const FlowFileSchema = Type.Object(
  {
    flow: id('The name of the flow, as numbers in the configuration refer to it.'),
    description: Type.Optional(Type.String({ description: 'What the flow is for, for people.' })),
    language: Type.Optional(
      Type.Union([Type.Literal('ja'), Type.Literal('en')], { description: 'The language spoken; ja unless told.' }),
    ),
    start: name('The first node.'),
    nodes: Type.Record(Type.String({ pattern: namePattern }), NodeSchema, {
      minProperties: 1,
      description: 'The nodes by name.',
      'x-keys': 'a name (letters, digits, "-" and "_")',
    }),
  },
  { additionalProperties: false, title: 'Engawa IVR flow', description: 'What a caller hears and chooses.' },
);

export type TextFields = Static<typeof TextSchema>;
export type SayFields = TextFields | Static<typeof PromptSchema>;
/** All keys of all nodes: what is missing or wrong in a file is absent here too. */
export type NodeFields = Partial<
  Static<typeof SayNode> &
    Static<typeof PlayNode> &
    Static<typeof MenuNode> &
    Static<typeof CollectNode> &
    Static<typeof ReasonNode> &
    Static<typeof HoursNode> &
    Static<typeof QueueNode> &
    Static<typeof TransferNode> &
    Static<typeof HangupNode>
>;
export interface FlowFields {
  flow?: string;
  language?: 'ja' | 'en';
  start?: string;
  nodes?: Record<string, NodeFields>;
}

/** The JSON Schema for editors, as the text of its file. */
export function flowJsonSchema(): string {
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...FlowFileSchema };
  const plain = JSON.stringify(schema, (key, value) => (key === 'x-says' || key === 'x-keys' ? undefined : value), 2);
  return `${plain}\n`;
}
