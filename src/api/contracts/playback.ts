// Bodies of the routes for hearing recordings, and for the keys with which people hear them.

import { type Static, type TSchema, Type } from 'typebox';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Label = Type.Object({ ja: Type.String(), en: Type.String() });

export const PlaybackView = Type.Object({
  opens: literals('page', 'server'),
  keyFiles: Type.Boolean({ description: 'Whether a page may open recordings with a key file.' }),
  postQuantum: Type.Boolean({ description: 'New keys must be of the hybrid kind (age1pq1…).' }),
  mayHear: Type.Boolean({ description: 'Whether any rule lets this person hear anything.' }),
  purposes: Type.Array(Type.Object({ name: Type.String(), label: Label, note: Type.Boolean() })),
});
export type PlaybackView = Static<typeof PlaybackView>;

export const HeardRecording = Type.Object({
  id: Type.String(),
  callId: Type.String(),
  kind: literals('call', 'message'),
  direction: Nullable(literals('inbound', 'outbound')),
  startedAt: Type.Integer(),
  durationMs: Nullable(Type.Integer()),
  state: literals('complete', 'interrupted'),
  queue: Nullable(Type.String()),
  mailbox: Nullable(Type.String()),
  reason: Nullable(Type.String()),
  alias: Nullable(Type.String()),
  people: Type.Array(Type.Object({ id: Type.String(), displayName: Type.String() })),
  mayHear: Type.Boolean({ description: 'Others are told to who may see that there are recordings.' }),
  sealedToMe: Type.Boolean({ description: 'One of the own keys was named when it was made, or in a rotation since.' }),
});
export type HeardRecording = Static<typeof HeardRecording>;

export const AskToPlay = Type.Object({
  purpose: Type.String({ maxLength: 32, description: 'One of the purposes of GET /playback.' }),
  note: Type.Optional(Type.String({ maxLength: 300, description: 'More about it, for the audit log.' })),
});

export const PlayView = Type.Object({
  id: Type.String({ description: 'Of this play, as the audit log has it.' }),
  token: Type.String({ description: 'For `play=`: good for this recording, in this session, until expiresAt.' }),
  expiresAt: Type.Integer(),
  opens: literals('page', 'server'),
  durationMs: Nullable(Type.Integer()),
  parts: Type.Array(Type.Object({ name: Type.String(), bytes: Type.Integer() }), {
    description: 'What there is, sealed: one age file, or what a crash left. Empty when the server opens it.',
  }),
  marks: Type.Array(Type.Object({ mark: Type.String(), atMs: Type.Integer() })),
  watermark: Type.Object({ person: Type.String(), at: Type.Integer(), address: Type.String() }),
});
export type PlayView = Static<typeof PlayView>;

export const PlayedView = Type.Object({
  at: Type.Integer(),
  personId: Nullable(Type.String()),
  displayName: Nullable(Type.String()),
  act: Type.String(),
  outcome: literals('done', 'refused'),
  purpose: Nullable(Type.String()),
  note: Nullable(Type.String()),
  address: Nullable(Type.String()),
});
export type PlayedView = Static<typeof PlayedView>;

export const ListeningKeyView = Type.Object({
  id: Type.String(),
  personId: Type.String(),
  displayName: Type.String(),
  name: Type.String(),
  kind: literals('passkey', 'file'),
  recipient: Type.String(),
  createdAt: Type.Integer(),
  approvedAt: Nullable(Type.Integer()),
  endedAt: Nullable(Type.Integer()),
});
export type ListeningKeyView = Static<typeof ListeningKeyView>;

export const OwnListeningKey = Type.Object({
  ...ListeningKeyView.properties,
  sealedIdentity: Nullable(Type.String({ description: 'Base64: an age file that only the passkey opens.' })),
  credential: Nullable(Type.String({ description: 'Which passkey: AGE-PLUGIN-FIDO2PRF-1….' })),
});
export type OwnListeningKey = Static<typeof OwnListeningKey>;

export const NewListeningKey = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 80 }),
  kind: literals('passkey', 'file'),
  recipient: Type.String({ pattern: '^age1(pq1)?[02-9ac-hj-np-z]+$', maxLength: 4000 }),
  sealedIdentity: Type.Optional(Type.String({ maxLength: 8192, pattern: '^[A-Za-z0-9+/]+=*$' })),
  credential: Type.Optional(Type.String({ maxLength: 2048, pattern: '^AGE-PLUGIN-FIDO2PRF-1[02-9AC-HJ-NP-Z]+$' })),
});
export type NewListeningKey = Static<typeof NewListeningKey>;
