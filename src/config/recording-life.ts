// What becomes of recordings: who can open them, where they are kept, for how long, and when a recording pauses by itself.
// Taken into the section `recording`.

import { type Static, Type } from 'typebox';
import { checkRecipientRules } from '../recording/recipients.ts';
import { asError } from '../shared/errors.ts';
import { section } from '../shared/yaml/yaml-schema.ts';

const names = (what: string) => Type.Optional(Type.Array(Type.String(), { description: what, minItems: 1 }));

const which = {
  queues: names('Of calls in one of these queues.'),
  reasons: names('Of calls for one of these reasons.'),
  classes: names('Of calls of one of these classes of personal information.'),
  mailboxes: names('Messages in one of these mailboxes.'),
};

const publicKey = Type.String({ pattern: '^age1' });

const Storage = Type.Union(
  [
    section('Where they are made: recording.folder.', { kind: Type.Literal('folder') }),
    section('A bucket that speaks S3. Until it has a recording, that waits, sealed, in recording.folder.', {
      kind: Type.Literal('s3'),
      endpoint: Type.String({ pattern: '^https?://[^/?#]+/?$', description: 'As https://s3.example.net.' }),
      bucket: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$' }),
      region: Type.String({ default: 'us-east-1', description: 'What requests are signed for.' }),
      addressing: Type.Union([Type.Literal('path'), Type.Literal('host')], {
        default: 'path',
        description: 'Whether the bucket is in the path of requests or begins their host name.',
      }),
      prefix: Type.String({ default: '', pattern: '^([A-Za-z0-9._-]+/)*$', description: 'Begins every key.' }),
      accessKey: Type.String({ default: 'env:ENGAWA_S3_ACCESS_KEY', pattern: '^(env|file):.+$' }),
      secretKey: Type.String({ default: 'env:ENGAWA_S3_SECRET_KEY', pattern: '^(env|file):.+$' }),
      partMegabytes: Type.Integer({
        default: 8,
        minimum: 5,
        maximum: 512,
        description: 'What is longer is stored in parts of this size, each as soon as it is there.',
      }),
    }),
  ],
  { description: 'Where finished recordings are kept, all but their headers.', default: { kind: 'folder' } },
);

const days = (description: string) => Type.Integer({ minimum: 0, maximum: 36_500, description });

const Retention = section('How long recordings are kept. Nothing is deleted unless a number of days is given.', {
  days: Type.Optional(days('For what no rule is for; unless given, that is kept.')),
  rules: Type.Array(section('For what fits all that is given.', { ...which, days: days('After its end.') }), {
    default: [],
  }),
  ofSeveral: Type.Union([Type.Literal('longest'), Type.Literal('shortest')], {
    default: 'longest',
    description: 'Which rule counts when several are for a recording.',
  }),
  everyMinutes: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: 1440,
    description: 'How often the clock is looked at.',
  }),
});

const Pause = section(
  'When a recording pauses by itself. What was said meanwhile becomes silence of the same length.',
  {
    during: Type.Array(
      Type.Union([
        Type.Literal('secret-digits'),
        Type.Literal('hold'),
        Type.Literal('consultation'),
        Type.Literal('waiting'),
      ]),
      {
        default: [],
        description:
          'secret-digits: a customer keys in secret. hold: a customer is on hold. consultation: an agent asks somebody. waiting: nobody is with the customer, as after a transfer to a queue.',
      },
    ),
    for: Type.Array(
      section('While a call is about this.', {
        queues: which.queues,
        reasons: which.reasons,
        classes: which.classes,
      }),
      { default: [] },
    ),
    byHand: Type.Boolean({ default: true, description: 'Agents may pause and resume the recording of their call.' }),
  },
);

export const recordingLife = {
  escrow: Type.Array(publicKey, {
    default: [],
    description:
      'Public keys that open every recording, whatever recipientsFor says: kept in a safe, for when all others are lost.',
  }),
  recipientsFor: Type.Array(
    section('Who opens these, instead of recording.recipients. The first that fits counts.', {
      ...which,
      recipients: Type.Array(publicKey, { minItems: 1 }),
    }),
    { default: [] },
  ),
  storage: Storage,
  retention: Retention,
  pause: Pause,
};

type Settings = {
  recording: {
    recipients: readonly string[];
    escrow: readonly string[];
    recipientsFor: Static<typeof recordingLife.recipientsFor>;
    retention: Static<typeof Retention>;
    pause: Static<typeof Pause>;
  };
  queues: readonly { name: string }[];
  mailboxes: readonly { name: string }[];
};

/** What the schema cannot say. */
export function recordingLifeProblems({ recording, queues, mailboxes }: Settings): string[] {
  const problems: string[] = [];
  const { recipients, escrow, recipientsFor, retention, pause } = recording;
  try {
    checkRecipientRules({ recipients, escrow, rules: recipientsFor });
  } catch (thrown) {
    problems.push(asError(thrown).message);
  }
  const asked = [
    ...recipientsFor.map((rule, at) => ({ rule, where: `recording.recipientsFor[${at}]` })),
    ...retention.rules.map((rule, at) => ({ rule, where: `recording.retention.rules[${at}]` })),
    ...pause.for.map((rule, at) => ({ rule, where: `recording.pause.for[${at}]` })),
  ];
  for (const { rule, where } of asked) {
    for (const queue of rule.queues ?? [])
      if (!queues.some(({ name }) => name === queue))
        problems.push(`${where} names the queue “${queue}”, which is not there.`);
    for (const mailbox of 'mailboxes' in rule ? ((rule.mailboxes as string[] | undefined) ?? []) : [])
      if (!mailboxes.some(({ name }) => name === mailbox))
        problems.push(`${where} names the mailbox “${mailbox}”, which is not there.`);
  }
  return problems;
}
