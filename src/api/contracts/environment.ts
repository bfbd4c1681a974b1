// The bodies of the REST contract about the check before a shift. What a browser sends are claims, bounded here.

import { type Static, Type } from 'typebox';
import { checkItems, networkKinds } from '../../identity/environment/check.ts';

const literals = <const T extends readonly string[]>(...values: T) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const closed = { additionalProperties: false };
const time = Type.Integer({ description: 'Milliseconds since 1970.' });
const words = Type.Object({ ja: Type.String(), en: Type.String() });
const weight = literals('required', 'advisory', 'off');
const count = Type.Integer({ minimum: 0, maximum: 10_000_000 });
const ms = Type.Number({ minimum: 0, maximum: 3_600_000 });
const name = Type.String({ maxLength: 60 });
const permission = literals('granted', 'denied', 'prompt', 'unknown');

/** Where a person stands with the newest check. */
export const EnvironmentStanding = Type.Object({
  state: literals('passed', 'failed', 'stale', 'expired', 'never'),
  required: Type.Boolean({ description: 'Calls depend on it, where the person works now.' }),
  byTelephone: Type.Boolean({ description: 'It does not count, and calls go to the own telephone instead.' }),
  checkId: nullable(Type.String()),
  at: nullable(time),
  countsUntil: nullable(time),
});
export type EnvironmentStanding = Static<typeof EnvironmentStanding>;

const Sample = Type.Object(
  {
    atMs: Type.Number({ minimum: 0 }),
    packetsReceived: count,
    packetsLost: Type.Integer({ minimum: -1_000_000, maximum: 10_000_000 }),
    jitterMs: ms,
    roundTripMs: nullable(ms),
  },
  closed,
);

/** PUT /api/v1/desk/environment/checks/{id} */
export const EnvironmentClaims = Type.Object(
  {
    line: Type.Optional(
      Type.Object(
        {
          samples: Type.Array(Sample, { maxItems: 60 }),
          candidate: literals('host', 'srflx', 'prflx', 'relay', 'unknown'),
          protocol: literals('udp', 'tcp', 'tls', 'unknown'),
        },
        closed,
      ),
    ),
    lineProblem: Type.Optional(literals('microphone', 'not-called', 'not-connected', 'unreachable')),
    reach: Type.Array(
      Type.Object(
        {
          way: literals('direct-udp', 'relay-udp', 'relay-tcp', 'relay-tls'),
          reached: nullable(Type.Boolean()),
          afterMs: nullable(ms),
        },
        closed,
      ),
      { maxItems: 8 },
    ),
    network: Type.Optional(
      Type.Object(
        {
          type: Type.Optional(name),
          effectiveType: Type.Optional(name),
          roundTripMs: Type.Optional(ms),
          downlinkMbps: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000 })),
        },
        closed,
      ),
    ),
    microphone: Type.Optional(
      Type.Object(
        {
          permission,
          peakDb: nullable(Type.Number({ minimum: -200, maximum: 20 })),
          muted: Type.Boolean(),
        },
        closed,
      ),
    ),
    speaker: Type.Optional(Type.Object({ played: Type.Boolean(), heard: nullable(Type.Boolean()) }, closed)),
    camera: Type.Optional(Type.Object({ present: Type.Boolean(), permission }, closed)),
    browser: Type.Object(
      {
        name,
        version: nullable(Type.Integer({ minimum: 0, maximum: 100_000 })),
        system: name,
        systemVersion: name,
      },
      closed,
    ),
    screens: Type.Optional(
      Type.Object({ extended: Type.Boolean(), count: nullable(Type.Integer({ minimum: 1, maximum: 64 })) }, closed),
    ),
    battery: Type.Optional(
      Type.Object({ percent: Type.Integer({ minimum: 0, maximum: 100 }), charging: Type.Boolean() }, closed),
    ),
  },
  closed,
);
export type EnvironmentClaimsBody = Static<typeof EnvironmentClaims>;

const JudgedItem = Type.Object({
  item: literals(...checkItems),
  weight: literals('required', 'advisory'),
  outcome: literals('good', 'bad', 'unknown'),
  source: literals('measured', 'claimed'),
  value: Type.Unsafe<number | string | null>({ type: ['number', 'string', 'null'] }),
  limit: Type.Unsafe<number | string | null>({ type: ['number', 'string', 'null'] }),
  label: words,
  words,
});
export type JudgedItem = Static<typeof JudgedItem>;

const Direction = Type.Object({
  packets: Type.Integer(),
  lost: Type.Integer(),
  lossPercent: Type.Number(),
  jitterMs: Type.Number(),
  worstJitterMs: Type.Number(),
  rating: Type.Number({ description: 'R of the E-model, 0 to 93.2.' }),
  mos: Type.Number(),
});

/** A check that was made. */
export const EnvironmentCheckView = Type.Object({
  id: Type.String(),
  personId: Type.String(),
  at: time,
  place: Type.String(),
  passed: Type.Boolean(),
  state: literals('passed', 'failed', 'stale', 'expired'),
  countsUntil: time,
  staleAt: nullable(time),
  network: Type.Object({
    kind: literals(...networkKinds),
    sureness: literals('certain', 'likely', 'possible'),
    signs: Type.Array(Type.String()),
    words,
  }),
  items: Type.Array(JudgedItem),
  line: nullable(
    Type.Object({
      codec: Type.String(),
      seconds: Type.Number(),
      up: nullable(Direction),
      down: nullable(Direction),
      roundTrip: nullable(
        Type.Object({
          meanMs: Type.Number(),
          lowestMs: Type.Number(),
          highestMs: Type.Number(),
          source: literals('measured', 'claimed'),
        }),
      ),
      candidate: Type.String(),
      protocol: Type.String(),
    }),
  ),
});
export type EnvironmentCheckView = Static<typeof EnvironmentCheckView>;

/** GET /api/v1/desk/environment */
export const DeskEnvironment = Type.Object({
  check: weight,
  items: Type.Array(Type.Object({ item: literals(...checkItems), weight, label: words })),
  standing: EnvironmentStanding,
  latest: nullable(EnvironmentCheckView),
  seconds: Type.Integer({ description: 'How long the line is measured.' }),
  ways: Type.Array(
    Type.Object({
      way: literals('direct-udp', 'relay-udp', 'relay-tcp', 'relay-tls'),
      urls: Type.Array(Type.String()),
    }),
    {
      description: 'Ways to the media servers that the company offers, with the TURN URLs of each.',
    },
  ),
  helpDesk: Type.Object({
    mail: nullable(Type.String({ description: 'The page writes a mail to it.' })),
    post: Type.Boolean({ description: 'A report can be sent from here.' }),
  }),
});
export type DeskEnvironment = Static<typeof DeskEnvironment>;

/** POST /api/v1/desk/environment/checks */
export const BegunCheck = Type.Object({
  id: Type.String(),
  callId: Type.String({ description: 'The softphone is called with it, and answers by itself.' }),
  seconds: Type.Integer(),
});
export type BegunCheck = Static<typeof BegunCheck>;

/** POST /api/v1/environment-checks/{id}/send */
export const SentReport = Type.Object({ sent: Type.Boolean(), text: Type.String({ description: 'What was sent.' }) });
export type SentReport = Static<typeof SentReport>;
