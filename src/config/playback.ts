// The section playback: who may hear recordings, how, and what must be said before.

import { type Static, Type } from 'typebox';
import { HearRuleSchema } from '../recording/playback/may-hear.ts';
import { section } from '../shared/yaml/yaml-schema.ts';

export const Playback = section('Hearing recordings (docs/playback.md).', {
  hear: Type.Array(HearRuleSchema, {
    default: [{ roles: ['supervisor'] }],
    description: 'Who may hear what. What no rule allows, nobody hears.',
  }),
  purposes: Type.Array(
    section('A reason for listening that people can choose.', {
      name: Type.String({ pattern: '^[a-z0-9-]{1,32}$', description: 'What the audit log keeps.' }),
      label: section('The same in Japanese and English.', { ja: Type.String(), en: Type.String() }),
      note: Type.Boolean({ default: false, description: 'A few words must be added.' }),
    }),
    {
      default: [
        { name: 'complaint', label: { ja: '苦情・お申し出の確認', en: 'A complaint' }, note: false },
        { name: 'quality', label: { ja: '応対品質の評価', en: 'Quality of service' }, note: false },
        { name: 'training', label: { ja: '教育・研修', en: 'Training' }, note: false },
        { name: 'contract', label: { ja: '注文・契約内容の確認', en: 'What was ordered or agreed' }, note: false },
        { name: 'other', label: { ja: 'その他', en: 'Something else' }, note: true },
      ],
      minItems: 1,
      description: 'What is asked before every play.',
    },
  ),
  keyFiles: Type.Boolean({
    default: true,
    description: 'Recordings open in the page with a key file, too, besides a passkey.',
  }),
  identity: Type.Optional(
    Type.String({
      pattern: '^(env|file):.+$',
      description:
        'A private key (AGE-SECRET-KEY-…) as env:NAME or file:PATH: the server opens recordings and streams them. Unless given, it cannot.',
    }),
  ),
});

type Settings = { playback: Static<typeof Playback>; queues: readonly { name: string }[] };

/** What the schema cannot say. */
export function playbackProblems({ playback, queues }: Settings): string[] {
  const names = playback.purposes.map(({ name }) => name);
  const asked = playback.hear.flatMap((rule) => rule.queues ?? []);
  return [
    ...names
      .filter((name, at) => names.indexOf(name) !== at)
      .map((name) => `playback.purposes: “${name}” is there twice.`),
    ...asked
      .filter((asking) => !queues.some(({ name }) => name === asking))
      .map((queue) => `playback.hear names the queue “${queue}”, which is not there.`),
  ];
}
