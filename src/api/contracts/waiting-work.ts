// Bodies of what waits for customers who did not: call backs and messages. A customer is an alias; no number is here.

import { Type } from 'typebox';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

export const CallbackView = Type.Object({
  callId: Type.String({ description: 'The call in which it was promised; its name here.' }),
  alias: Type.String(),
  companyNumber: Type.String({ description: 'What the customer is shown.' }),
  queue: Type.String(),
  reason: Nullable(Type.String()),
  piiClass: Nullable(Type.String()),
  waitingSince: Type.Integer({ description: 'Its place in the queue is that of this time.' }),
  requestedAt: Type.Integer(),
  expiresAt: Type.Integer(),
  attempts: Type.Integer(),
  nextAt: Type.Integer({ description: 'Not before this.' }),
  endedAt: Nullable(Type.Integer()),
  endedBecause: Nullable(Type.String({ description: 'reached, expired, given-up, cancelled or called-again.' })),
  personId: Nullable(Type.String()),
});

export const VoicemailView = Type.Object({
  recordingId: Type.String({ description: 'Its sound: GET /api/v1/recordings/{id}/file.' }),
  callId: Type.String(),
  mailbox: Type.String(),
  alias: Nullable(Type.String()),
  reason: Nullable(Type.String()),
  piiClass: Nullable(Type.String()),
  leftAt: Type.Integer(),
  durationMs: Type.Integer(),
  doneAt: Nullable(Type.Integer()),
  doneBy: Nullable(Type.String()),
});
