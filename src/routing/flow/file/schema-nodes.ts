// The YAML format of each node of a flow. A node does one thing, named by its first key here, which no other node has.

import { type Static, Type } from 'typebox';
import { section } from '../../../shared/yaml/yaml-schema.ts';
import {
  choicesOf,
  endKey,
  id,
  name,
  namePattern,
  next,
  oneOrMore,
  PromptSchema,
  priority,
  retries,
  Say,
  saysName,
  seconds,
  skills,
  stickySeconds,
  TextNameSchema,
  TextSchema,
  target,
  values,
} from './schema-fields.ts';

const SayNode = section('Says something, then goes on.', {
  say: Say('What the caller hears; {name} in it is a variable, {name:digits} is read digit by digit.'),
  next: next('Where to go on.'),
});
const PlayNode = section('Plays a recorded prompt, then goes on.', {
  play: name('Name of the recorded prompt.'),
  next: next('Where to go on.'),
});
const MenuNode = section('Asks for a choice.', {
  menu: Say('The question.'),
  choices: choicesOf('What the caller may key, and where it leads: a node, hang-up, or repeat to ask again.'),
  'timeout-seconds': Type.Optional(seconds('How long to wait for a digit after the question; 6 unless told.', 1, 60)),
  retries,
  'on-timeout': Type.Optional(next('Where to go when nothing was keyed after all retries; hang-up unless told.')),
  'on-invalid': Type.Optional(next('Where to go when no choice fitted after all retries; as on-timeout unless told.')),
});
const minDigits = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 32, description: 'Fewest digits; as many as max-digits unless told.' }),
);
const maxDigits = Type.Integer({ minimum: 1, maximum: 32, description: 'Most digits.' });
const perDigit = Type.Optional(seconds('How long to wait for each digit; 6 unless told.', 1, 60));

const CollectNode = section('Asks for a number, such as a member number. It is never logged.', {
  collect: Say('The question.'),
  variable: Type.Optional(name('What the number is called; the name of the node unless told.')),
  'min-digits': minDigits,
  'max-digits': maxDigits,
  'end-key': endKey,
  'timeout-seconds': perDigit,
  retries,
  next: next('Where to go with the number.'),
  'on-failure': Type.Optional(next('Where to go when none came after all retries; hang-up unless told.')),
});
const ListenNode = section('Asks, and listens to what the caller says.', {
  listen: Say('The question.'),
  phrases: Type.Record(
    Type.String({ pattern: namePattern }),
    Type.Array(Type.String({ minLength: 1, maxLength: 100, description: 'A word or phrase, in any language.' })),
    {
      minProperties: 1,
      description: 'Words by the node that they lead to. The longest that is heard decides.',
      'x-keys': 'the name of a node',
    },
  ),
  choices: Type.Optional(choicesOf('What may be keyed instead, and where it leads.')),
  'timeout-seconds': Type.Optional(seconds('Silence after which nothing was said; 5 unless told.', 1, 30)),
  'max-seconds': Type.Optional(seconds('How long the caller may speak; 10 unless told.', 1, 60)),
  retries,
  'on-nothing': next('Where to go when nothing was understood after all retries, usually a menu.'),
  'on-failure': Type.Optional(next('Where to go when no speech service answers; as on-nothing unless told.')),
});
const LookupNode = section('Asks a service of the company; its values become variables.', {
  lookup: id('The service, of the configuration.'),
  with: values('Parameters: texts with {variable}; "{caller.number}" alone stands for the number of the caller.'),
  'reason-from': Type.Optional(name('A variable of the answer that names the reason for the call.')),
  reasons: Type.Optional(
    Type.Array(id('A reason.'), { description: 'The reasons that it may name; another sets none. Any unless told.' }),
  ),
  found: next('Where to go with an answer.'),
  'not-found': next('Where to go when the service knows nothing.'),
  'on-failure': next('Where to go when it does not answer in time, or with an error.'),
});
const VerifyNode = section('Asks for secret digits and has them checked. Nobody hears, sees, logs or records them.', {
  verify: id('The factor that is verified then, such as date-of-birth, contract-number or one-time-code.'),
  ask: Say('The question.'),
  check: Type.Union(
    [
      Type.Literal('code'),
      section(
        'A service of the company says whether they are right.',
        {
          lookup: id('The service, of the configuration.'),
          with: values('Parameters besides the digits.'),
          'digits-as': Type.Optional(
            name('The parameter that carries the digits; the name of the factor unless told.'),
          ),
        },
        'a service (lookup)',
      ),
      section(
        'Sealed to a key of the company and posted; nothing here can open them.',
        { seal: id('The destination, of the configuration.') },
        'a destination (seal)',
      ),
    ],
    { description: 'code: one of our one-time codes. Or a service, or a destination for sealed digits.' },
  ),
  'min-digits': minDigits,
  'max-digits': maxDigits,
  'end-key': endKey,
  'timeout-seconds': perDigit,
  retries,
  verified: next('Where to go when they are right.'),
  'not-verified': next('Where to go when they are not, after all retries.'),
  'on-failure': Type.Optional(next('Where to go when they cannot be checked; as not-verified unless told.')),
});
const ReasonNode = section('Sets the reason for the call, and with it who may take it.', {
  reason: id('A reason of reasons.yaml.'),
  next: next('Where to go on.'),
});
const HoursNode = section('Branches by opening hours.', {
  hours: id('A calendar of calendars.yaml.'),
  open: next('Where to go during opening hours.'),
  closed: next('Where to go outside of them.'),
  holiday: Type.Optional(next('Where to go on a national holiday; as closed unless told.')),
  closure: Type.Optional(next('Where to go when a supervisor has closed it by hand; as closed unless told.')),
});
const language = Type.Union([Type.Literal('ja'), Type.Literal('en')]);
const operation = Type.Union([Type.Literal('normal'), Type.Literal('partly-home'), Type.Literal('all-home')]);
const ConditionSchema = section('What must hold.', {
  dialled: Type.Optional(
    oneOrMore(
      Type.String({ pattern: '^\\+?[0-9]{2,16}$', 'x-says': 'a telephone number as in the configuration' }),
      'The company’s number that was dialled.',
    ),
  ),
  trunk: Type.Optional(oneOrMore(Type.String({ minLength: 1, maxLength: 64 }), 'The trunk that the call came by.')),
  withheld: Type.Optional(Type.Boolean({ description: 'The caller’s number is withheld.' })),
  known: Type.Optional(Type.Boolean({ description: 'This customer has called before.' })),
  language: Type.Optional(oneOrMore(language, 'The language spoken now.')),
  operation: Type.Optional(oneOrMore(operation, 'Where the company works from.')),
  reason: Type.Optional(oneOrMore(id('A reason.'), 'The reason for the call.')),
  verified: Type.Optional(oneOrMore(id('A factor.'), 'Factors that are all verified.')),
  variables: Type.Optional(
    Type.Record(
      Type.String({ pattern: namePattern }),
      oneOrMore(
        Type.String({ maxLength: 200, description: 'A value.' }),
        'The value, or several of which one is enough.',
      ),
      { description: 'Variables with their values.', 'x-keys': saysName },
    ),
  ),
});
const WhenNode = section('Branches by what is known of the call.', {
  when: Type.Array(
    section('One way; the first that holds is taken.', {
      if: Type.Optional(ConditionSchema),
      unless: Type.Optional(ConditionSchema),
      go: next('Where to go then.'),
    }),
    { description: 'Ways in order: all of "if" must hold, and nothing of "unless".' },
  ),
  else: next('Where to go when none holds.'),
});
const SwitchNode = section('Branches by a variable.', {
  switch: name('The variable.'),
  cases: Type.Record(Type.String({ pattern: '^.{1,100}$' }), target('Where this value leads.'), {
    minProperties: 1,
    description: 'Nodes by value.',
    'x-keys': 'a value',
  }),
  else: next('Where every other value leads.'),
});
const SetNode = section('Changes what holds for the rest of the call.', {
  set: section('What to change.', {
    variables: values('Variables; {name} in a value is another variable.'),
    priority: priority('Added to the priority in every queue from here on.'),
    skills,
    'sticky-seconds': stickySeconds,
  }),
  next: next('Where to go on.'),
});
const LanguageNode = section('Changes the language that is spoken.', {
  language: Type.Union([Type.Literal('ja'), Type.Literal('en')], { description: 'ja or en.' }),
  next: next('Where to go on.'),
});
const SubFlowNode = section('Goes through another flow and comes back.', {
  'sub-flow': id('The flow.'),
  with: values('Its parameters.'),
  returns: Type.Optional(
    Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }), target('Where to go then.'), {
      description: 'Where to go, by the word that it returns.',
      'x-keys': 'a word that it returns',
    }),
  ),
  next: next('Where to go for every other word.'),
});
const ReturnNode = section('Ends a sub-flow: back to the flow that called it.', {
  return: Type.Union([id('A word that says how it ended.'), Type.Literal(true)], {
    description: 'A word that says how it ended, or true for "done".',
  }),
  give: values('Variables for the flow that called it.'),
});
const QueueNode = section('Waits for an agent.', {
  queue: id('The queue.'),
  priority: priority('Higher is served first; 0 unless told.'),
  skills,
  'sticky-seconds': stickySeconds,
  'timeout-seconds': Type.Optional(
    seconds('How long to wait at most; without it, as long as the caller does.', 1, 7200),
  ),
  'on-timeout': Type.Optional(next('Where to go then.')),
  'on-full': Type.Optional(next('Where to go when as many wait as may.')),
  'on-nobody': Type.Optional(next('Where to go when nobody is there who may take the call.')),
  'on-empty': Type.Optional(next('Where to go when the last of them leaves while the caller waits.')),
  comfort: Type.Optional(Say('Said from time to time while waiting.')),
  'comfort-every-seconds': Type.Optional(seconds('How often; 30 unless told.', 10, 600)),
  announce: Type.Optional(
    section('What the caller is told about the wait.', {
      position: Type.Optional(Type.Boolean({ description: 'How many wait before.' })),
      wait: Type.Optional(Type.Boolean({ description: 'How long it will take, about.' })),
      'every-seconds': Type.Optional(seconds('How often; 60 unless told.', 15, 600)),
    }),
  ),
  music: Type.Optional(name('A recorded prompt to play in place of the music of the house.')),
  keys: Type.Optional(choicesOf('What may be keyed while waiting, and where it leads, such as a callback.')),
});
const CallbackNode = section('Offers to call back; the caller keeps the place in the queue.', {
  callback: id('The queue.'),
  confirm: Say('Asks whether the number is right: 1 is yes, 2 another one. {number} is the end of the number.'),
  ask: Say('Asks for another number, to be ended with #.'),
  priority: priority('Higher is served first; 0 unless told.'),
  skills,
  'timeout-seconds': Type.Optional(seconds('How long to wait for each digit; 6 unless told.', 1, 60)),
  retries,
  next: next('Where to go when the callback is kept.'),
  'on-failure': Type.Optional(next('Where to go when no number was confirmed; hang-up unless told.')),
});
const VoicemailNode = section('Takes a message, sealed like a recording.', {
  voicemail: id('The mailbox, of the configuration.'),
  greeting: Type.Optional(Say('Said before the tone.')),
  'max-seconds': Type.Optional(seconds('Longest message; 120 unless told.', 5, 600)),
  'silence-seconds': Type.Optional(seconds('Silence that ends it; 5 unless told.', 2, 30)),
  next: Type.Optional(next('Where to go after the message; hang-up unless told.')),
  'on-failure': Type.Optional(next('Where to go when nothing was left; as next unless told.')),
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
  'hang-up': Type.Union([TextSchema, PromptSchema, TextNameSchema, Type.Literal(true)], {
    description: 'What to say before, or true to say nothing.',
  }),
});

export const NodeSchema = Type.Union([
  ...[SayNode, PlayNode, MenuNode, CollectNode, ListenNode, LookupNode, VerifyNode, ReasonNode, HoursNode],
  ...[WhenNode, SwitchNode, SetNode, LanguageNode, SubFlowNode, ReturnNode],
  ...[QueueNode, CallbackNode, VoicemailNode, TransferNode, HangupNode],
]);

export type ConditionFields = Static<typeof ConditionSchema>;
export type CheckFields = Static<typeof VerifyNode>['check'];

/** All keys of all nodes: what is missing or wrong in a file is absent here too. */
export type NodeFields = Partial<
  Static<typeof SayNode> &
    Static<typeof PlayNode> &
    Static<typeof MenuNode> &
    Static<typeof CollectNode> &
    Static<typeof ListenNode> &
    Static<typeof LookupNode> &
    Static<typeof VerifyNode> &
    Static<typeof ReasonNode> &
    Static<typeof HoursNode> &
    Static<typeof WhenNode> &
    Static<typeof SwitchNode> &
    Static<typeof SetNode> &
    Static<typeof LanguageNode> &
    Static<typeof SubFlowNode> &
    Static<typeof ReturnNode> &
    Static<typeof QueueNode> &
    Static<typeof CallbackNode> &
    Static<typeof VoicemailNode> &
    Static<typeof TransferNode> &
    Static<typeof HangupNode>
>;
