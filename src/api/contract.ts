// The REST contract: every body that crosses the API, as TypeBox schemas. They validate, they make the OpenAPI document,
// and web-softphone imports their types. Times are epoch milliseconds; lists page by `cursor`.

import { type Static, type TSchema, Type } from 'typebox';
import { EnvironmentStanding } from './contracts/environment.ts';
import { ScopeSchema } from './contracts/people.ts';
import { ChangeFacts, WorkFactsSchema } from './contracts/policy.ts';
import { talkFields } from './contracts/talk.ts';
import { DeviceSchema } from './contracts/telephone.ts';
import { VerificationShownSchema } from './contracts/verify.ts';
import type { ProblemCode } from './problem-codes.ts';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const LocalizedText = Type.Object({ ja: Type.String(), en: Type.String() });
const PiiClassSchema = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
  description: 'One of the company’s classes of personal information: GET /api/v1/policy lists them.',
});
const PlaceSchema = literals('centre', 'home', 'unknown');
const RoleSchema = literals('agent', 'supervisor', 'administrator', 'auditor', 'integrator');
const AgentStateSchema = literals(
  'offline',
  'not-ready',
  'available',
  'reserved',
  'alerting',
  'on-call',
  'after-call-work',
);

/** RFC 9457. `type` is a stable URI below /problems/. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.Unsafe<ProblemCode>({
    type: 'string',
    description: 'What exactly went wrong; stable. The last part of `type` when nothing more exact is known.',
  }),
  detail: Type.Optional(Type.String()),
  instance: Type.Optional(Type.String()),
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  permission: Type.Optional(Type.String({ description: 'With `forbidden`: what the role of whoever asks lacks.' })),
});

export const SignIn = Type.Object({
  login: Type.String({ minLength: 1, maxLength: 128 }),
  password: Type.String({ minLength: 1, maxLength: 1024 }),
});

export const PersonView = Type.Object({
  id: Type.String(),
  login: Type.String(),
  displayName: Type.String(),
  role: RoleSchema,
  place: PlaceSchema,
  clearance: PiiClassSchema,
  queues: Type.Array(Type.String()),
  language: literals('ja', 'en'),
  disabled: Type.Boolean(),
  facts: Type.Optional(WorkFactsSchema),
  hearsRecordings: Type.Optional(
    Type.Boolean({ description: 'A rule of `playback` is for this role. Of oneself only.' }),
  ),
  site: Type.Optional(Nullable(Type.String())),
  scope: Type.Optional(Nullable(ScopeSchema)),
});

/** GET /api/v1/session, and the answer to signing in. The cookie `engawa_session` (over TLS `__Host-engawa_session`) is HttpOnly, SameSite=Strict. */
export const SessionView = Type.Object({
  person: PersonView,
  csrfToken: Type.String({ description: 'Sent back as X-CSRF-Token with every request that changes something.' }),
  expiresAt: Type.Integer(),
  demo: Type.Boolean(),
  company: Type.String({ description: 'The name to show; may be empty.' }),
});

const QualityView = Type.Object({
  packetsReceived: Type.Integer(),
  packetsSent: Type.Integer(),
  packetsLost: Type.Integer(),
  jitterMs: Type.Number(),
  roundTripMs: Nullable(Type.Number()),
  mosEstimate: Nullable(Type.Number()),
  codec: Nullable(Type.String()),
});

/** The call an agent is in, as the agent may see it: an alias, never a number. */
export const DeskCall = Type.Object({
  id: Type.String(),
  direction: literals('inbound', 'outbound'),
  state: literals('alerting', 'dialling', 'connected', 'held', 'detached'),
  alias: Nullable(Type.String()),
  companyNumber: Type.String(),
  companyNumberLabel: Nullable(LocalizedText),
  queue: Nullable(Type.String()),
  queueLabel: Nullable(LocalizedText),
  reason: Nullable(Type.Object({ id: Type.String(), label: LocalizedText, piiClass: PiiClassSchema })),
  information: Type.Object(
    { label: LocalizedText, level: literals('none', 'some', 'most') },
    { description: 'The class of personal information in the company’s words; without a reason, the strictest.' },
  ),
  muted: Type.Boolean(),
  recording: Type.Boolean(),
  recordingPaused: Type.Optional(
    Type.Array(literals('secret-digits', 'hold', 'consultation', 'waiting', 'policy', 'by-hand'), {
      description: 'What is said now is not in the recording, and why; empty for the moment in which it goes on.',
    }),
  ),
  startedAt: Type.Integer(),
  answeredAt: Nullable(Type.Integer()),
  heldSince: Nullable(Type.Integer()),
  waitMs: Type.Integer({ description: 'How long the customer waited in the queue.' }),
  quality: Nullable(QualityView),
  verification: Nullable(VerificationShownSchema),
  withheld: Type.Optional(literals('user-request', 'payphone', 'unavailable', 'unknown')),
  device: Nullable(DeviceSchema),
  movingTo: Nullable(DeviceSchema),
  ...talkFields,
});

/** All that the agent desk shows. Sent whole on every change, as `event: desk` of the feed, and by GET /api/v1/desk. */
export const DeskView = Type.Object({
  revision: Type.Integer({ description: 'Grows with each change; an older one is to be thrown away.' }),
  state: AgentStateSchema,
  stateSince: Type.Integer(),
  because: Nullable(Type.String()),
  nextState: Nullable(literals('not-ready', 'offline')),
  afterCallWorkEndsAt: Nullable(Type.Integer()),
  /** When who did not answer is available again by itself; absent: when the agent says so. */
  returnsAt: Type.Optional(Type.Integer()),
  environment: Type.Optional(EnvironmentStanding),
  /** A hand is raised; who answered is at GET /desk/help. */
  help: Type.Optional(Type.Object({ about: Type.String(), askedAt: Type.Integer(), answer: Nullable(Type.String()) })),
  softphone: Type.Object({ registered: Type.Boolean() }),
  device: Type.Unsafe<'browser' | 'telephone'>({
    ...DeviceSchema,
    description: 'Where calls are taken today. At `telephone` none need be registered.',
  }),
  call: Nullable(DeskCall),
  queues: Type.Array(
    Type.Object({ name: Type.String(), label: LocalizedText, waiting: Type.Integer(), longestWaitMs: Type.Integer() }),
  ),
  transferTargets: Type.Array(Type.Object({ queue: Type.String(), label: LocalizedText })),
  dialling: Type.Object({
    /** Whether this person may dial a number by hand, besides calling an alias back. */
    numbersAllowed: Type.Boolean(),
    presentedNumbers: Type.Array(Type.Object({ number: Type.String(), label: LocalizedText })),
  }),
  serverTime: Type.Integer(),
});

/** PUT /api/v1/desk/state */
export const DeskStateChange = Type.Object({
  state: literals('available', 'not-ready', 'offline'),
  because: Type.Optional(Type.String({ maxLength: 40 })),
});

/** What a desk's RTCPeerConnection is given. TURN credentials last minutes; the page asks again before they end. */
const iceFields = {
  iceServers: Type.Array(
    Type.Object({
      urls: Type.Array(Type.String()),
      username: Type.Optional(Type.String()),
      credential: Type.Optional(Type.String()),
    }),
  ),
  iceTransportPolicy: literals('all', 'relay'),
  /** Null: nothing in it ends. */
  iceServersExpireAt: Nullable(Type.Integer()),
  serverTime: Type.Integer(),
};

/** GET /api/v1/turn-credentials */
export const IceSettings = Type.Object(iceFields);

/** GET /api/v1/desk/softphone: what the page needs to register. The session cookie admits the WebSocket. */
export const SoftphoneSettings = Type.Object({
  webSocketPath: Type.Literal('/sip'),
  aor: Type.String({ description: 'sip:PERSON-ID@DOMAIN' }),
  domain: Type.String(),
  registerExpiresSeconds: Type.Integer(),
  ...iceFields,
});

/** POST /api/v1/calls: the PBX rings the agent's desk (which answers by itself), then the customer. */
export const PlaceCall = Type.Object({
  to: Type.Union([Type.Object({ alias: Type.String() }), Type.Object({ number: Type.String({ maxLength: 32 }) })]),
  presentedNumber: Type.Optional(Type.String()),
  /** What it is about: the rules of who may take what hold for it. Unless told: why this customer called last. */
  reason: Type.Optional(Type.String({ maxLength: 64 })),
  /** For integrators and supervisors; an agent always calls for itself. */
  personId: Type.Optional(Type.String()),
});
export const PlacedCall = Type.Object({ callId: Type.String() });

/** POST /api/v1/calls/{id}/commands/... : hold, resume, mute, unmute, hangup, attach, reject take no body. */
export const SendDigits = Type.Object({ digits: Type.String({ pattern: '^[0-9*#A-D]{1,32}$' }) });
export const SetReason = Type.Object({ reason: Type.String() });

export const CallView = Type.Object({
  id: Type.String(),
  direction: literals('inbound', 'outbound'),
  alias: Nullable(Type.String()),
  companyNumber: Type.String(),
  trunk: Nullable(Type.String()),
  startedAt: Type.Integer(),
  answeredAt: Nullable(Type.Integer()),
  agentAnsweredAt: Nullable(Type.Integer()),
  endedAt: Nullable(Type.Integer()),
  flow: Nullable(Type.String()),
  reason: Nullable(Type.String()),
  piiClass: Nullable(PiiClassSchema),
  queue: Nullable(Type.String()),
  waitMs: Type.Integer(),
  talkMs: Type.Integer(),
  holdMs: Type.Integer(),
  segments: Type.Array(
    Type.Object({
      personId: Type.String(),
      place: PlaceSchema,
      answeredAt: Type.Integer(),
      endedAt: Nullable(Type.Integer()),
      talkMs: Type.Integer(),
      holdMs: Type.Integer(),
      ringMs: Type.Integer(),
    }),
  ),
  recordingIds: Type.Array(Type.String()),
  cause: Nullable(Type.String()),
  side: Nullable(Type.String()),
  quality: Type.Object({ customer: Nullable(QualityView), agent: Nullable(QualityView) }),
  verified: Type.Optional(Type.Array(Type.String(), { description: 'Factors by which the customer was verified.' })),
  callbackOf: Type.Optional(
    Type.String({ description: 'This calls somebody back who had kept a place in a queue, in that call.' }),
  ),
  callback: Type.Optional(
    Type.String({ description: 'The caller was promised a call back: waiting, or what became of it.' }),
  ),
  reanchored: Type.Optional(
    Type.Object(
      { times: Type.Integer(), longestSilentMs: Type.Integer() },
      { description: 'Media servers died under this call: moves of a party to another one, and its longest silence.' },
    ),
  ),
});

export const list = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), nextCursor: Nullable(Type.String()) });

/** One running program of several that work as one. `calls`, `desks`: those it has now. `here`: it answered this request. */
export const NodeViewSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  since: Type.Integer(),
  url: Type.Union([Type.String(), Type.Null()]),
  calls: Type.Integer(),
  desks: Type.Integer({ description: 'Agents whose page and telephone are at this node.' }),
  draining: Type.Boolean(),
  here: Type.Boolean(),
});
export type NodeView = Static<typeof NodeViewSchema>;

export const MediaServerViewSchema = Type.Object({
  name: Type.String(),
  kind: Type.String(),
  region: Nullable(Type.String()),
  weight: Type.Number(),
  state: Type.Union(
    [
      Type.Literal('starting'),
      Type.Literal('up'),
      Type.Literal('down'),
      Type.Literal('open'),
      Type.Literal('half-open'),
      Type.Literal('draining'),
      Type.Literal('drained'),
    ],
    { description: 'Only `up` is given new calls. `open`: its circuit breaker is. `drained`: nothing is left on it.' },
  ),
  because: Type.String(),
  draining: Type.Boolean(),
  endpoints: Type.Integer({ description: 'Parties whose media it carries, as far as it is known.' }),
});
export type MediaServerView = Static<typeof MediaServerViewSchema>;

export const QueueViewSchema = Type.Object({
  name: Type.String(),
  label: LocalizedText,
  waiting: Type.Integer(),
  callbacks: Type.Optional(Type.Integer({ description: 'How many of those who wait are called back.' })),
  longestWaitMs: Type.Integer(),
  agents: Type.Record(Type.String(), Type.Integer()),
  serviceLevelSeconds: Type.Integer(),
});

export const AgentViewSchema = Type.Object({
  person: PersonView,
  state: AgentStateSchema,
  stateSince: Type.Integer(),
  because: Nullable(Type.String()),
  softphoneRegistered: Type.Boolean(),
  device: DeviceSchema,
  callId: Nullable(Type.String()),
  afterCallWorkEndsAt: Nullable(Type.Integer()),
  /** When who did not answer is available again by itself; absent: when the agent says so. */
  returnsAt: Type.Optional(Type.Integer()),
  environment: Type.Optional(EnvironmentStanding),
});

export const RecordingView = Type.Object({
  id: Type.String(),
  callId: Type.String(),
  startedAt: Type.Integer(),
  endedAt: Nullable(Type.Integer()),
  durationMs: Nullable(Type.Integer()),
  bytes: Nullable(Type.Integer()),
  state: literals('open', 'complete', 'interrupted'),
  sha256: Nullable(Type.String()),
  recipients: Type.Array(Type.String()),
  marks: Type.Optional(
    Type.Array(Type.Object({ mark: Type.String(), atMs: Type.Integer() }), {
      description: 'Points in its time line, such as `pii-came-up`. Told of one recording, not in lists.',
    }),
  ),
});

export const FlowView = Type.Object({
  id: Type.String(),
  version: Type.String(),
  language: literals('ja', 'en'),
  numbers: Type.Array(Type.String()),
  nodes: Type.Array(Type.Object({ id: Type.String(), kind: Type.String() })),
});
export const CheckFlow = Type.Object({ yaml: Type.String({ maxLength: 262144 }) });
export const FlowProblems = Type.Object({
  ok: Type.Boolean(),
  problems: Type.Array(
    Type.Object({
      severity: literals('error', 'warning'),
      file: Type.String(),
      line: Type.Integer(),
      column: Type.Integer(),
      message: Type.String(),
    }),
  ),
});

export const NewPerson = Type.Object({
  login: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{1,63}$' }),
  displayName: Type.String({ minLength: 1, maxLength: 128 }),
  role: RoleSchema,
  place: PlaceSchema,
  clearance: PiiClassSchema,
  queues: Type.Array(Type.String()),
  language: literals('ja', 'en'),
  password: Type.Optional(
    Type.String({ minLength: 12, maxLength: 1024, description: 'For programs; without it the person is invited.' }),
  ),
  facts: Type.Optional(WorkFactsSchema),
  site: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  scope: Type.Optional(ScopeSchema),
});
export const ChangePerson = Type.Partial(
  Type.Object({
    displayName: Type.String({ minLength: 1, maxLength: 128 }),
    role: RoleSchema,
    place: PlaceSchema,
    clearance: PiiClassSchema,
    queues: Type.Array(Type.String()),
    language: literals('ja', 'en'),
    disabled: Type.Boolean(),
    password: Type.String({ minLength: 12, maxLength: 1024 }),
    facts: ChangeFacts,
    site: Nullable(Type.String({ minLength: 1, maxLength: 64 })),
    scope: Nullable(ScopeSchema),
  }),
);

/** POST /api/v1/test-calls (demo only): a simulated customer calls in through the SIP port, as a carrier would. */
export const PlaceTestCall = Type.Object({
  number: Type.Optional(Type.String({ description: "The company's number to call; the first one unless told." })),
  digits: Type.Optional(
    Type.String({
      pattern: '^[0-9*#]{0,16}$',
      description: 'Digits keyed at the menu; 2 (a product question) unless told, "" keys nothing.',
    }),
  ),
  talkSeconds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 600,
      description: 'The customer hangs up so long after the menu answered; 120 unless told.',
    }),
  ),
});
export const TestCallView = Type.Object({
  id: Type.String(),
  number: Type.String(),
  state: literals('calling', 'answered', 'ended', 'failed'),
});

/** Events of GET /api/v1/feed (Server-Sent Events): `desk` carries a DeskView; `event` carries an EngawaEvent and its id. */
export type SessionView = Static<typeof SessionView>;
export type PersonView = Static<typeof PersonView>;
export type DeskView = Static<typeof DeskView>;
export type DeskCall = Static<typeof DeskCall>;
export type DeskStateChange = Static<typeof DeskStateChange>;
export type SoftphoneSettings = Static<typeof SoftphoneSettings>;
export type IceSettings = Static<typeof IceSettings>;
export type PlaceCall = Static<typeof PlaceCall>;
export type CallView = Static<typeof CallView>;
export type QueueView = Static<typeof QueueViewSchema>;
export type AgentRow = Static<typeof AgentViewSchema>;
export type RecordingView = Static<typeof RecordingView>;
export type FlowView = Static<typeof FlowView>;
export type Problem = Static<typeof Problem>;
export type { ProblemCode };
export type QualityView = Static<typeof QualityView>;
export type PlaceTestCall = Static<typeof PlaceTestCall>;
export type TestCallView = Static<typeof TestCallView>;
export type NewPerson = Static<typeof NewPerson>;
export type ChangePerson = Static<typeof ChangePerson>;
