// The section playback: who may hear recordings, how, and what must be said before.

import { type Static, Type } from 'typebox';
import { HearRuleSchema } from '../recording/playback/may-hear.ts';
import { section } from '../shared/yaml/yaml-schema.ts';
import { Purpose, purposeProblems } from './purposes.ts';

export const Playback = section('Hearing recordings (docs/playback.md).', {
  hear: Type.Array(HearRuleSchema, {
    default: [{ roles: ['supervisor'] }],
    description: 'Who may hear what. What no rule allows, nobody hears.',
  }),
  purposes: Type.Array(Purpose, {
    default: [
      { name: 'complaint', label: { ja: '苦情・お申し出の確認', en: 'A complaint' }, note: false },
      { name: 'quality', label: { ja: '応対品質の評価', en: 'Quality of service' }, note: false },
      { name: 'training', label: { ja: '教育・研修', en: 'Training' }, note: false },
      { name: 'contract', label: { ja: '注文・契約内容の確認', en: 'What was ordered or agreed' }, note: false },
      { name: 'other', label: { ja: 'その他', en: 'Something else' }, note: true },
    ],
    minItems: 1,
    description: 'What is asked before every play.',
  }),
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
  const asked = playback.hear.flatMap((rule) => rule.queues ?? []);
  return [
    ...purposeProblems('playback.purposes', playback.purposes),
    ...asked
      .filter((asking) => !queues.some(({ name }) => name === asking))
      .map((queue) => `playback.hear names the queue “${queue}”, which is not there.`),
  ];
}
