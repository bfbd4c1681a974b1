// Bodies about people's sessions and limits, and about API keys.

import { type Static, Type } from 'typebox';
import { roles } from '../../store/records.ts';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);
const names = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 200 });

/** What somebody is limited to; a list that is absent is no limit. */
export const ScopeSchema = Type.Object(
  {
    sites: Type.Optional(names),
    queues: Type.Optional(names),
  },
  { description: 'Limits to sites and queues. What is outside answers 404. A list that is absent is no limit.' },
);

/** A session as its person, and who looks after people, may see it: never the token. */
export const OpenSessionView = Type.Object({
  id: Type.String(),
  personId: Type.String(),
  createdAt: Type.Integer(),
  seenAt: Type.Integer(),
  expiresAt: Type.Integer(),
  address: Type.String(),
  userAgent: Type.String(),
  place: literals('centre', 'home', 'unknown'),
  secondFactor: nullable(literals('passkey', 'totp', 'recovery-code', 'single-sign-on')),
  deviceId: nullable(Type.String()),
  current: Type.Boolean({ description: 'The session of whoever asks.' }),
  desk: Type.Boolean({ description: 'The desk is open in it: its softphone is registered.' }),
});
export const EndedSessions = Type.Object({ ended: Type.Integer() });

export const NewApiKey = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64 }),
  role: literals(...roles),
  scope: Type.Optional(ScopeSchema),
  expiresAt: Type.Optional(Type.Integer({ minimum: 0, description: 'Good for nothing from then on.' })),
});
export const ApiKeyView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: literals(...roles),
  createdAt: Type.Integer(),
  revokedAt: nullable(Type.Integer()),
  scope: nullable(ScopeSchema),
  expiresAt: nullable(Type.Integer()),
  lastUsedAt: nullable(Type.Integer({ description: 'To the minute.' })),
  key: Type.Optional(Type.String({ description: 'Only in the answer that creates it.' })),
});

/** Where the desk of a person is open. */
export const DeskTenure = Type.Object({
  desk: literals('free', 'here', 'elsewhere'),
  /** Of `elsewhere`. */
  since: nullable(Type.Integer()),
  userAgent: nullable(Type.String()),
  place: nullable(literals('centre', 'home', 'unknown')),
  inCall: Type.Boolean(),
});

export const AskForTicket = Type.Object({
  takeOver: Type.Optional(
    Type.Boolean({ description: 'The desk is open elsewhere and comes here, with its call if there is one.' }),
  ),
});
export const SoftphoneTicket = Type.Object({
  ticket: Type.String({ description: 'Good once, for one WebSocket at `/sip?ticket=…` in this session.' }),
  expiresAt: Type.Integer(),
});

export type OpenSessionView = Static<typeof OpenSessionView>;
export type DeskTenure = Static<typeof DeskTenure>;
export type ApiKeyView = Static<typeof ApiKeyView>;
export type NewApiKey = Static<typeof NewApiKey>;
export type ScopeView = Static<typeof ScopeSchema>;
export type SoftphoneTicket = Static<typeof SoftphoneTicket>;
