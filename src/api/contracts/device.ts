// The bodies of the routes about devices and about working from home. Times are epoch milliseconds.

import { type Static, Type } from 'typebox';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
const Words = Type.Object({ ja: Type.String(), en: Type.String() });
const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const base64url = (length: number) => Type.String({ pattern: `^[\\w-]{${length}}$` });

export const DeviceView = Type.Object({
  id: Type.String(),
  state: literals('requested', 'enrolled', 'managed', 'declined', 'revoked'),
  name: Type.String(),
  person: Nullable(Type.Object({ id: Type.String(), displayName: Type.String() })),
  shared: Type.Boolean({ description: 'Everybody may work at it.' }),
  provesBy: literals('key', 'certificate'),
  certificate: Nullable(Type.String()),
  system: Type.String({ description: 'Browser and system, as they said.' }),
  requestedAt: Type.Integer(),
  requestedBy: Nullable(Type.String({ description: 'Name of who asked.' })),
  enrolledAt: Nullable(Type.Integer()),
  enrolledBy: Nullable(Type.String({ description: 'Name of who let it in.' })),
  endedAt: Nullable(Type.Integer()),
  endedBy: Nullable(Type.String()),
  why: Nullable(Type.String()),
  seenAt: Nullable(Type.Integer()),
  seenBy: Nullable(Type.String()),
  sessions: Type.Integer({ description: 'In which it has proven itself now.' }),
});

export const DeviceChallenge = Type.Object({
  challenge: Type.String(),
  sessionId: Type.String(),
  expiresAt: Type.Integer(),
});

const signature = base64url(86);
const challenge = Text(64);

export const ProveDevice = Type.Object({ deviceId: Text(64), challenge, signature });

export const EnrolDevice = Type.Object({
  publicKey: Type.Object({ kty: Type.Literal('EC'), crv: Type.Literal('P-256'), x: base64url(43), y: base64url(43) }),
  name: Text(80),
  challenge,
  signature,
  code: Type.Optional(Text(32)),
});

export const OwnDevice = Type.Object({
  device: Nullable(Type.Object({ id: Type.String(), state: DeviceView.properties.state, name: Type.String() })),
  proven: Type.Boolean(),
  proveEveryMs: Type.Integer({ description: 'How often the page is to prove its device.' }),
});

export const Blocked = Type.Object({ reference: Type.String(), because: Type.Array(Words), contact: Words });

const standing = literals('enrolled', 'managed');
const why = Type.Optional(Type.String({ maxLength: 300 }));

export const ApproveDevice = Type.Object({ state: standing, shared: Type.Optional(Type.Boolean()) });
export const EndDevice = Type.Object({ why });
export const ChangeDevice = Type.Object({
  name: Type.Optional(Text(80)),
  state: Type.Optional(standing),
  shared: Type.Optional(Type.Boolean()),
});
export const AddDevice = Type.Object({
  name: Text(80),
  certificate: Text(500),
  state: standing,
  personId: Type.Optional(Text(64)),
});
export const MakeDeviceCode = Type.Object({
  state: standing,
  personId: Type.Optional(Text(64)),
  shared: Type.Optional(Type.Boolean()),
  validMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_080 })),
});
export const DeviceCode = Type.Object({
  code: Type.String({ description: 'In this answer and nowhere else.' }),
  expiresAt: Type.Integer(),
});
export const RevokedView = Type.Object({
  device: DeviceView,
  ended: Type.Integer({ description: 'Sessions that were ended on all nodes.' }),
});
export const DevicePolicyView = Type.Object({
  contact: Words,
  proofMinutes: Type.Number(),
  accessProxies: Type.Array(Type.String()),
  certificates: literals('none', 'listener', 'proxy', 'both'),
  rules: Type.Array(
    Type.Object({ name: Type.String(), says: Nullable(Words), otherwise: literals('sign-in', 'desk', 'calls') }),
  ),
});
export const DeviceQuery = Type.Object({
  state: Type.Optional(DeviceView.properties.state),
  personId: Type.Optional(Text(64)),
});

const Pledge = Type.Object({ signedAt: Type.Integer(), expiresAt: Type.Integer(), number: Type.String() });
const Missing = Type.Object({
  code: literals('employment', 'years-of-service', 'training', 'pledge'),
  words: Words,
});

export const HomeWorkStandingView = Type.Object({
  eligible: Type.Boolean(),
  missing: Type.Array(Missing),
  pledge: Nullable(Pledge),
  ends: Nullable(Type.Object({ at: Type.Integer(), what: literals('pledge', 'training') })),
  from: Type.String({ description: 'From this day on who is not eligible is offered no calls at home: 2026-10-01.' }),
  inForce: Type.Boolean(),
  remind: Type.Boolean({ description: 'Time to sign again.' }),
});

export const OwnHomeWork = Type.Object({
  standing: Nullable(HomeWorkStandingView),
  pledge: Nullable(
    Type.Object({
      number: Type.String(),
      validDays: Type.Integer(),
      texts: Type.Array(Type.Object({ language: literals('ja', 'en'), hash: Type.String(), text: Type.String() })),
    }),
  ),
  signed: Type.Array(
    Type.Object({
      number: Type.String(),
      hash: Type.String(),
      language: literals('ja', 'en'),
      signedAt: Type.Integer(),
    }),
  ),
});

export const SignPledge = Type.Object({ hash: Type.String({ pattern: '^[0-9a-f]{64}$' }) });

export const HomeWorkPersonView = Type.Object({
  person: Type.Object({ id: Type.String(), login: Type.String(), displayName: Type.String() }),
  standing: HomeWorkStandingView,
});

export const PledgeTextView = Type.Object({
  hash: Type.String(),
  number: Type.String(),
  language: literals('ja', 'en'),
  text: Type.String(),
});

export type DeviceView = Static<typeof DeviceView>;
export type OwnDevice = Static<typeof OwnDevice>;
export type DeviceChallenge = Static<typeof DeviceChallenge>;
export type Blocked = Static<typeof Blocked>;
export type DeviceCode = Static<typeof DeviceCode>;
export type RevokedView = Static<typeof RevokedView>;
export type OwnHomeWork = Static<typeof OwnHomeWork>;
export type HomeWorkPersonView = Static<typeof HomeWorkPersonView>;
export type HomeWorkStandingView = Static<typeof HomeWorkStandingView>;
