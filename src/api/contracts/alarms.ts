// Body of what is unusual: what a supervisor should look at, picked from the event log.

import { type Static, Type } from 'typebox';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

export const alarmKinds = [
  'emergency-dialled',
  'harassment-reported',
  'toll-cap-near',
  'toll-cap-reached',
  'sign-in-throttled',
  'source-blocked',
  'recording-failed',
  'recording-server-failed',
  'trunk-down',
  'server-down',
] as const;
export type AlarmKind = (typeof alarmKinds)[number];

export const AlarmView = Type.Object({
  id: Type.String(),
  at: Type.Integer(),
  kind: Type.Unsafe<AlarmKind>({ type: 'string', enum: [...alarmKinds] }),
  subject: Nullable(Type.String({ description: 'The trunk, server, address, login or cap that it is about.' })),
  personId: Nullable(Type.String()),
  callId: Nullable(Type.String()),
  because: Nullable(Type.String({ description: 'More, in English, for the log.' })),
});
export type AlarmView = Static<typeof AlarmView>;
