// The bodies of the audit log's routes.

import { type Static, Type } from 'typebox';
import { auditActs } from '../../identity/audit/audit.ts';

const literals = <const T extends string>(...values: readonly T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
const Id = Type.String({ maxLength: 64, pattern: '^[\\w:./ -]*$' });
const Time = Type.Integer({ minimum: 0, description: 'Epoch milliseconds.' });

const targetKinds = [
  ...['person', 'session', 'device', 'api-key', 'recording', 'voicemail', 'call', 'alias', 'policy', 'flow', 'queue'],
  ...[
    'call-list',
    'key',
    'settings',
    'calendar',
    'code',
    'callback',
    'telephone',
    'node',
    'media-server',
    'audit',
    'route',
  ],
];

/** What can be asked for; all that is given must hold. */
export const auditFilter = {
  personId: Type.Optional(Type.String({ maxLength: 64, description: 'Who did it.' })),
  keyId: Type.Optional(Type.String({ maxLength: 64, description: 'The key that a program did it with.' })),
  concerning: Type.Optional(Type.String({ maxLength: 64, description: 'A person whose data it was about.' })),
  targetKind: Type.Optional(Type.String({ maxLength: 32, description: targetKinds.join(', ') })),
  targetId: Type.Optional(Id),
  act: Type.Optional(literals(...auditActs)),
  outcome: Type.Optional(literals('done', 'refused')),
  from: Type.Optional(Time),
  to: Type.Optional(Type.Integer({ minimum: 0, description: 'Exclusive.' })),
};

export const AuditSearch = Type.Object(
  {
    ...auditFilter,
    sort: Type.Optional(literals('newest', 'oldest')),
    cursor: Type.Optional(Type.String({ pattern: '^\\d{1,15}$' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  },
  { additionalProperties: false },
);

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

const By = Type.Object({
  kind: literals('person', 'key', 'command', 'engawa', 'unknown'),
  id: Type.Optional(Type.String()),
  /** A person's or a key's name; the command. */
  name: Type.Optional(Type.String()),
});

export const AuditEntryView = Type.Object({
  seq: Type.Integer({ description: 'Its number in the chain.' }),
  id: Type.String(),
  at: Time,
  act: Type.String(),
  outcome: literals('done', 'refused'),
  by: By,
  target: Nullable(Type.Object({ kind: Type.String(), id: Type.String(), name: Type.Optional(Type.String()) })),
  about: Type.Array(Type.Object({ id: Type.String(), name: Type.Optional(Type.String()) })),
  /** Null: deleted, because the person has left. */
  details: Nullable(
    Type.Object({
      address: Type.Optional(Type.String()),
      place: Type.Optional(Type.String()),
      sessionId: Type.Optional(Type.String()),
      deviceId: Type.Optional(Type.String()),
      userAgent: Type.Optional(Type.String()),
      purpose: Type.Optional(Type.String()),
      more: Type.Optional(
        Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
      ),
    }),
  ),
  hash: Type.String(),
});
export type AuditEntryView = Static<typeof AuditEntryView>;

/** What a person is told of who looked at their data: who, what and why, and nothing of where from. */
export const OwnAuditView = Type.Object({
  id: Type.String(),
  at: Time,
  act: Type.String(),
  outcome: literals('done', 'refused'),
  by: By,
  target: Nullable(Type.Object({ kind: Type.String(), id: Type.String() })),
  purpose: Nullable(Type.String()),
  place: Nullable(Type.String()),
});
export type OwnAuditView = Static<typeof OwnAuditView>;

const Problem = Type.Object({
  kind: Type.String(),
  seq: Type.Integer(),
  upTo: Type.Optional(Type.Integer()),
  id: Type.Optional(Type.String()),
  sentence: Type.String(),
});

export const AuditState = Type.Object({
  /** The newest entry; null while there is none. */
  head: Nullable(Type.Object({ seq: Type.Integer(), hash: Type.String() })),
  publicKey: Type.String(),
  lastSigned: Nullable(Type.Object({ seq: Type.Integer(), hash: Type.String(), at: Time, key: Type.String() })),
  /** What was found the last time it was looked through; null: it holds. */
  broken: Nullable(Problem),
});
export type AuditState = Static<typeof AuditState>;

export const AuditVerification = Type.Object({
  entries: Type.Integer(),
  first: Type.Integer(),
  last: Type.Integer(),
  headsAgreed: Type.Integer(),
  forgotten: Type.Integer(),
  problems: Type.Array(Problem),
  more: Type.Boolean(),
});
export type AuditVerification = Static<typeof AuditVerification>;

export const AuditExport = Type.Object(
  {
    ...auditFilter,
    format: literals('ndjson', 'csv'),
    purpose: Type.Optional(Type.String({ maxLength: 500, description: 'Kept with the entry that this leaves.' })),
  },
  { additionalProperties: false },
);

export const OwnAuditQuery = Type.Object(
  {
    what: Type.Optional(literals('looked-at', 'did')),
    cursor: Type.Optional(Type.String({ pattern: '^\\d{1,15}$' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  },
  { additionalProperties: false },
);
