// Bodies of raised hands: who asks a supervisor for help, about what, and what is answered. Kinds and phrases, never free text.

import { type Static, Type } from 'typebox';
import type { HelpAbout, HelpAnswer, HelpEnd } from '../../shared/events.ts';
import { Nullable } from '../contract.ts';

export const helpAbouts = ['question', 'harassment', 'technical', 'unwell'] as const satisfies HelpAbout[];
export const helpAnswers = [
  ...(['listening', 'one-moment', 'hand-it-to-me', 'may-end', 'after-this', 'take-a-break'] as const),
] satisfies HelpAnswer[];

const About = Type.Unsafe<HelpAbout>({
  type: 'string',
  enum: [...helpAbouts],
  description: '`harassment`: a customer abuses.',
});
const Answer = Type.Unsafe<HelpAnswer>({
  type: 'string',
  enum: [...helpAnswers],
  description: 'A phrase; each page says it in the language of whoever reads it. `may-end`: the call may be ended.',
});

export const AskForHelp = Type.Object({ about: About });
export const AnswerHelp = Type.Object({ answer: Answer });

const Named = Type.Object({ id: Type.String(), displayName: Type.String() });

export const HelpView = Type.Object({
  id: Type.String(),
  person: Named,
  callId: Nullable(Type.String({ description: 'The call that the person had when asking.' })),
  about: About,
  askedAt: Type.Integer(),
  answeredAt: Nullable(Type.Integer({ description: 'When somebody first answered.' })),
  answeredBy: Nullable(Named),
  answer: Nullable(Answer),
  endedAt: Nullable(Type.Integer()),
  endedBecause: Nullable(
    Type.Unsafe<HelpEnd>({ type: 'string', enum: ['taken-back', 'helped', 'asked-anew', 'off-duty'] }),
  ),
});
export type HelpView = Static<typeof HelpView>;
export type AskForHelp = Static<typeof AskForHelp>;
export type AnswerHelp = Static<typeof AnswerHelp>;
