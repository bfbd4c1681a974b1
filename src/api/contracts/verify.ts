// Bodies of verification: one-time codes for the company's systems, factors and what came of them for desks.

import { type Static, Type } from 'typebox';

const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description });

/** POST /api/v1/verification-codes */
export const NewVerificationCode = Type.Object({
  customer: Type.Object(
    {
      number: Type.Optional(text(32, 'The number that the customer calls from, as +81… or as dialled in the country.')),
      alias: Type.Optional(text(16, 'The same, by the alias that it has here.')),
      key: Type.Optional(
        text(
          128,
          'Your own name of the customer. Kept as a keyed hash; with it alone, the code may be keyed from any number.',
        ),
      ),
    },
    {
      additionalProperties: false,
      description: 'At least one. With a number and a key, the code is bound to the number.',
    },
  ),
  factor: Type.Optional(text(64, 'What it verifies; one-time-code unless told.')),
  lifetimeSeconds: Type.Optional(Type.Integer({ minimum: 30, maximum: 3600 })),
});

export const MadeVerificationCode = Type.Object({
  id: Type.String({
    description: 'Says nothing about the code. verification-result events name it: keep it with your customer.',
  }),
  code: Type.String({ description: 'Eight digits. In this answer and nowhere else.' }),
  shown: Type.String({ description: 'The same in two halves, for people.' }),
  expiresAt: Type.Integer(),
});

export const VerificationCodeView = Type.Object({
  id: Type.String(),
  factor: Type.String(),
  state: Type.Unsafe<'waiting' | 'used' | 'expired' | 'replaced' | 'revoked' | 'locked'>({
    type: 'string',
    enum: ['waiting', 'used', 'expired', 'replaced', 'revoked', 'locked'],
  }),
  createdAt: Type.Integer(),
  expiresAt: Type.Integer(),
  endedAt: Type.Union([Type.Integer(), Type.Null()]),
  callId: Type.Union([Type.String(), Type.Null()], { description: 'The call in which it was keyed.' }),
});

/** GET /api/v1/verification-factors */
export const VerificationFactor = Type.Object({
  name: Type.String(),
  label: Type.Object({ ja: Type.String(), en: Type.String() }),
});

/** POST /api/v1/calls/{id}/verification */
export const AskForVerification = Type.Object({
  factor: text(64, 'Of verification-factors.'),
  language: Type.Optional(Type.Unsafe<'ja' | 'en'>({ type: 'string', enum: ['ja', 'en'] })),
});

/** In DeskCall: what the customer is asked for, or was last. Never a digit, nor how many. */
export const VerificationShownSchema = Type.Object({
  factor: Type.String(),
  state: Type.Unsafe<'collecting' | 'checking' | 'verified' | 'not-verified' | 'not-checked' | 'cancelled'>({
    type: 'string',
    enum: ['collecting', 'checking', 'verified', 'not-verified', 'not-checked', 'cancelled'],
  }),
});

export type NewVerificationCode = Static<typeof NewVerificationCode>;
export type MadeVerificationCode = Static<typeof MadeVerificationCode>;
export type VerificationCodeView = Static<typeof VerificationCodeView>;
