// Bodies of what becomes of recordings: GET and POST under /api/v1/recordings and beside it.

import { type Static, Type } from 'typebox';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const Purpose = Type.String({ minLength: 3, maxLength: 500, description: 'Why; kept in the audit log.' });

export const RecordingHoldView = Type.Object({
  id: Type.String(),
  matter: Type.String({ description: 'The case that it is kept for.' }),
  purpose: Type.String(),
  placedAt: Type.Integer(),
  placedBy: Nullable(Type.String()),
  placedByName: Nullable(Type.String({ description: 'Null: a program, or somebody who is not known any more.' })),
  releasedAt: Nullable(Type.Integer()),
  releasedBy: Nullable(Type.String()),
  releasedByName: Nullable(Type.String()),
  releasePurpose: Nullable(Type.String()),
});

const Names = Type.Optional(Type.Array(Type.String()));

const KeptFor = Type.Object(
  {
    days: Type.Integer(),
    rule: Nullable(
      Type.Integer({ description: 'Place in recording.retention.rules; null: recording.retention.days.' }),
    ),
    ...{ queues: Names, reasons: Names, classes: Names, mailboxes: Names },
  },
  { description: 'The rule that it is kept by, with what the rule names.' },
);

const brief = {
  id: Type.String(),
  queue: Nullable(Type.String()),
  reason: Nullable(Type.String()),
  piiClass: Nullable(Type.String()),
  mailbox: Nullable(Type.String()),
  storedAt: Nullable(Type.Integer({ description: 'Since when it is in the archive.' })),
  keepUntil: Nullable(Type.Integer({ description: 'When the clock deletes it, unless it is held; null: never.' })),
  keptFor: Nullable(KeptFor),
  held: Type.Boolean(),
  shreddedAt: Nullable(Type.Integer({ description: 'Nobody can open it since then.' })),
};

/** For lists. */
export const RecordingLifeBrief = Type.Object(brief);

export const RecordingLifeView = Type.Object({
  ...brief,
  holds: Type.Array(RecordingHoldView),
  files: Type.Array(
    Type.Object({
      name: Type.String(),
      headerSha256: Type.String(),
      payloadSha256: Type.String(),
      payloadBytes: Type.Integer(),
      recipients: Type.Array(Type.String()),
    }),
  ),
});

export const PlaceHold = Type.Object({
  matter: Type.String({ minLength: 1, maxLength: 200, description: 'The case that it is kept for.' }),
  purpose: Purpose,
});
export const WithPurpose = Type.Object({ purpose: Purpose });
export const ExportRecordings = Type.Object({
  recordingIds: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 1000 }),
  purpose: Purpose,
});

export const RetentionView = Type.Object({
  due: Type.Array(
    Type.Object({
      id: Type.String(),
      endedAt: Type.Integer(),
      days: Type.Integer(),
      rule: Nullable(
        Type.Integer({ description: 'Place in recording.retention.rules; null: recording.retention.days.' }),
      ),
    }),
  ),
  held: Type.Array(Type.String(), { description: 'Due, and kept for somebody.' }),
});

export const DeletionReceipt = Type.Object({
  recordingId: Type.String(),
  deletedAt: Type.Integer(),
  by: Type.Object({ kind: Type.String(), id: Type.Optional(Type.String()), name: Type.Optional(Type.String()) }),
  purpose: Nullable(Type.String()),
  facts: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]), {
    description: 'Hashes and sizes of what is gone, the rule, and whether the storage let go.',
  }),
  entry: Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    additionalProperties: true,
    description: 'The entry of the audit log, whole: its hash can be computed from it (docs/audit.md).',
  }),
});

const base64 = (what: string) =>
  Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$', maxLength: 400_000, description: what });

export const HeadersView = Type.Object({
  items: Type.Array(
    Type.Object({ name: Type.String(), header: base64('The age header.'), headerSha256: Type.String() }),
  ),
});

export const ReplaceHeader = Type.Object({
  name: Type.String({ maxLength: 200 }),
  from: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'headerSha256 of the header that it replaces.' }),
  header: base64('The new age header.'),
  headerKey: base64(
    'HKDF-SHA-256 of the file key with info "header": proves that both are of one file. It opens nothing.',
  ),
  recipients: Type.Array(Type.String({ pattern: '^age1', maxLength: 2500 }), { minItems: 1, maxItems: 50 }),
  purpose: Purpose,
});

export type RecordingHoldView = Static<typeof RecordingHoldView>;
export type RecordingLifeBrief = Static<typeof RecordingLifeBrief>;
export type RecordingLifeView = Static<typeof RecordingLifeView>;
export type DeletionReceipt = Static<typeof DeletionReceipt>;
export type RetentionView = Static<typeof RetentionView>;
