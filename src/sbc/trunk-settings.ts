// What an operator says about a trunk. config.ts builds its schema, config/example.yaml and the manual from these.

import { type Static, Type } from 'typebox';

const oneOf = <const T extends readonly string[]>(values: T, options: { description: string; default: T[number] }) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options });

const TrunkTargetSchema = Type.Object({
  host: Type.String({
    description: 'Name or address of the carrier. A name is resolved by NAPTR, SRV and A (RFC 3263).',
  }),
  port: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 65535, description: 'Port; by SRV or 5060/5061 unless given.' }),
  ),
  transport: oneOf(['udp', 'tcp', 'tls'], { description: 'Transport towards this target.', default: 'udp' }),
  priority: Type.Integer({ minimum: 0, maximum: 65535, default: 10, description: 'Lower is tried first.' }),
  weight: Type.Integer({
    minimum: 0,
    maximum: 65535,
    default: 10,
    description: 'Share among targets of one priority.',
  }),
});

const TrunkRegistrationSchema = Type.Object({
  registrar: Type.String({ description: 'Host, or host:port, that we register with.' }),
  transport: oneOf(['udp', 'tcp', 'tls'], { description: 'Transport of the REGISTER.', default: 'udp' }),
  domain: Type.Optional(Type.String({ description: 'Domain of the address-of-record, when it is not the registrar.' })),
  user: Type.String({ description: 'User part of the address-of-record.' }),
  authUser: Type.Optional(Type.String({ description: 'User name for digest, when it differs from user.' })),
  password: Type.String({ description: 'Password for digest. `env:NAME` takes it from the environment.' }),
  expiresSeconds: Type.Integer({
    minimum: 60,
    maximum: 86400,
    default: 600,
    description: 'Asked lifetime, in seconds.',
  }),
});

const TrunkIdentitySchema = Type.Object(
  {
    trustAsserted: Type.Boolean({
      default: true,
      description: 'Believe P-Asserted-Identity of this carrier (RFC 3325). Otherwise the caller is taken from From.',
    }),
    send: oneOf(['from', 'asserted', 'both'], {
      description:
        'Where the presented number goes: From, P-Asserted-Identity (From is then anonymous when withheld), or both.',
      default: 'both',
    }),
    userPhone: Type.Boolean({ default: true, description: 'Add user=phone to URIs that carry a number.' }),
    withhold: oneOf(['privacy', 'prefix'], {
      description:
        'How a number is withheld: Privacy: id with an anonymous From (RFC 3323), or the prefix 184 before the dialled number.',
      default: 'privacy',
    }),
    present: oneOf(['plain', 'prefix'], {
      description:
        'How a number is presented: as it is, or with the prefix 186 before the dialled number, for lines whose contract withholds it.',
      default: 'plain',
    }),
    withheldTexts: Type.Array(
      Type.Object({
        text: Type.String({ minLength: 1, description: 'Found in display name or user part of From, in any case.' }),
        reason: oneOf(['user-request', 'payphone', 'unavailable', 'unknown'], {
          description: 'user-request (非通知), payphone (公衆電話), unavailable (表示圏外, 通知不可能) or unknown.',
          default: 'unknown',
        }),
      }),
      {
        default: [],
        description:
          'Why there is no caller’s number, in this carrier’s words. The words of TTC JJ-90.30 and the letters P, C, O and S are understood anyhow.',
      },
    ),
  },
  {
    default: {},
    description: 'How this carrier is told, and tells us, who calls.',
  },
);

const NumberFormSchema = oneOf(['e164', 'e164-bare', 'national'], {
  description:
    'How this carrier writes numbers: +81312345678, 81312345678 or 0312345678. National-only numbers such as 0120… stay national in each.',
  default: 'e164',
});

export const TrunkSettingsSchema = Type.Object({
  name: Type.String({
    pattern: '^[a-z0-9][a-z0-9-]{0,31}$',
    description: 'Name of the trunk in logs, records and the API.',
  }),
  addresses: Type.Array(Type.String(), {
    default: [],
    description: 'Addresses or networks (CIDR) that requests of this carrier come from.',
  }),
  digest: Type.Optional(
    Type.Object(
      {
        user: Type.String({ description: 'User name the carrier or gateway proves itself with.' }),
        password: Type.String({ description: 'Its password. `env:NAME` takes it from the environment.' }),
        algorithms: Type.Optional(
          Type.Array(oneOf(['SHA-256', 'MD5'], { description: 'A digest algorithm.', default: 'SHA-256' }), {
            minItems: 1,
            description:
              'What is offered, in this order; SHA-256 and MD5 unless given. MD5 alone is for gateways that stumble over two.',
          }),
        ),
      },
      { description: 'Ask for credentials (SHA-256, MD5). With addresses too, both must fit.' },
    ),
  ),
  targets: Type.Array(TrunkTargetSchema, { default: [], description: 'Where outbound calls go; none: inbound only.' }),
  domain: Type.Optional(
    Type.String({ description: 'Domain in the URIs towards this carrier, when it is not the target host.' }),
  ),
  register: Type.Optional(TrunkRegistrationSchema),
  credentials: Type.Optional(
    Type.Object(
      {
        user: Type.String({ description: 'User name for digest when our INVITE is challenged.' }),
        password: Type.String({ description: 'Its password. `env:NAME` takes it from the environment.' }),
      },
      { description: 'Credentials for outbound calls; those of register unless given.' },
    ),
  ),
  numbers: Type.Array(Type.String(), {
    default: [],
    description: "The company's numbers that this trunk carries, canonical (+81… or 0120…). Empty: all of them.",
  }),
  calledNumberFrom: oneOf(['request-uri', 'to', 'p-called-party-id'], {
    description: 'Where the dialled number of an inbound call is. Carriers that we register with often put it into To.',
    default: 'request-uri',
  }),
  formIn: NumberFormSchema,
  formOut: NumberFormSchema,
  identity: TrunkIdentitySchema,
  media: oneOf(['rtp', 'srtp'], {
    description: 'Media towards this carrier: plain RTP, or SRTP with SDES.',
    default: 'rtp',
  }),
  priority: Type.Integer({
    minimum: 0,
    maximum: 65535,
    default: 10,
    description: 'Among trunks: lower is tried first.',
  }),
  weight: Type.Integer({ minimum: 0, maximum: 65535, default: 10, description: 'Share among trunks of one priority.' }),
  maxCalls: Type.Integer({ minimum: 0, default: 0, description: 'Calls at a time, both ways; 0 is no limit.' }),
  maxCallsPerSecond: Type.Number({
    minimum: 0,
    default: 0,
    description: 'New calls per second, both ways; 0 is no limit.',
  }),
  optionsIntervalSeconds: Type.Integer({
    minimum: 0,
    maximum: 3600,
    default: 30,
    description: 'How often each target is asked whether it lives, in seconds; 0: never.',
  }),
  firstResponseTimeoutSeconds: Type.Integer({
    minimum: 1,
    maximum: 32,
    default: 8,
    description: 'A target that sends nothing but 100 for this long is passed over, in seconds.',
  }),
  acceptTransfers: Type.Boolean({ default: false, description: 'Let this carrier transfer calls with REFER.' }),
  demo: Type.Boolean({ default: false, description: 'The simulated carrier of the demo.' }),
});

export type TrunkSettings = Static<typeof TrunkSettingsSchema>;
export type TrunkTarget = Static<typeof TrunkTargetSchema>;
export type TrunkIdentity = Static<typeof TrunkIdentitySchema>;
export type TrunkRegistration = Static<typeof TrunkRegistrationSchema>;

/** A trunk with the defaults of the schema where `given` says nothing. For tests, the demo and the configuration alike. */
export function trunkSettings(
  given: Partial<Omit<TrunkSettings, 'targets' | 'identity'>> & {
    name: string;
    targets?: (Partial<TrunkTarget> & { host: string })[];
    identity?: Partial<TrunkIdentity>;
  },
): TrunkSettings {
  return {
    addresses: [],
    numbers: [],
    calledNumberFrom: 'request-uri',
    formIn: 'e164',
    formOut: 'e164',
    media: 'rtp',
    priority: 10,
    weight: 10,
    maxCalls: 0,
    maxCallsPerSecond: 0,
    optionsIntervalSeconds: 30,
    firstResponseTimeoutSeconds: 8,
    acceptTransfers: false,
    demo: false,
    ...given,
    targets: (given.targets ?? []).map((target) => ({ transport: 'udp', priority: 10, weight: 10, ...target })),
    identity: {
      ...{
        trustAsserted: true,
        send: 'both',
        userPhone: true,
        withhold: 'privacy',
        present: 'plain',
        withheldTexts: [],
      },
      ...given.identity,
    },
  };
}
