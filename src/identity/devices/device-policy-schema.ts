// What may stand in config/devices.yaml, with the words for whoever writes it. Reading is load-device-policy.ts.

import { type TSchema, Type } from 'typebox';
import { section } from '../../shared/yaml/yaml-schema.ts';
import { roles } from '../../store/records.ts';
import { browserNames, systemNames } from './device-policy.ts';

const namePattern = '^[a-z0-9][a-z0-9-]{0,63}$';
const name = (what: string) => Type.String({ pattern: namePattern, 'x-says': what });
const words = (...each: readonly string[]) => Type.Union(each.map((one) => Type.Literal(one)));
/** One, or a list of several. */
const some = (schema: TSchema, description: string) => {
  const { anyOf } = schema as { anyOf?: TSchema[] };
  return Type.Union([...(anyOf ?? [schema]), Type.Array(schema)], { description });
};
const localized = (description: string) =>
  section(description, { ja: Type.String({ minLength: 1 }), en: Type.String({ minLength: 1 }) });
const header = (description: string) =>
  Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$', 'x-says': 'the name of a request header', description });
const login = Type.String({ minLength: 1, maxLength: 128 });

const AccessProxy = section('An identity-aware access proxy, which signs a JWT into each request.', {
  header: header('The request header that carries it, such as Cf-Access-Jwt-Assertion.'),
  issuer: Type.String({ minLength: 1, description: 'Its claim iss.' }),
  audience: some(Type.String({ minLength: 1 }), 'Its claim aud: one of these.'),
  keys: section('Its public keys (JWKS, RFC 7517): from a file, or fetched over HTTPS from a host of outgoing.hosts.', {
    file: Type.Optional(Type.String({ description: 'A JWKS on disk, read at the start and with the rules.' })),
    url: Type.Optional(
      Type.String({ pattern: '^https://', 'x-says': 'an https:// address', description: 'Where it publishes them.' }),
    ),
  }),
  algorithms: Type.Optional(
    Type.Array(words('ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'), { description: 'ES256 and RS256 unless told.' }),
  ),
  person: Type.Optional(
    Type.String({
      description: 'The claim that is the person’s login; without it the proxy vouches for the way alone.',
    }),
  ),
  'screen-lock': Type.Optional(
    Type.String({ description: 'The claim that is true when the screen locks by itself: device.screen_lock.' }),
  ),
});

const Certificates = section(
  'Client certificates (mutual TLS): asked for by our own listener, or by a reverse proxy.',
  {
    'ca-file': Type.Optional(
      Type.String({ description: 'PEM of the authority: http.tls then asks browsers for one.' }),
    ),
    headers: Type.Optional(
      section('What a reverse proxy of http.trustedProxies says of the certificate it has checked.', {
        verified: header('Is SUCCESS when it was checked: $ssl_client_verify of nginx.'),
        fingerprint: Type.Optional(header('SHA-256 of the certificate in hexadecimal digits.')),
        subject: Type.Optional(header('Its subject: $ssl_client_s_dn of nginx.')),
      }),
    ),
  },
);

const About = section('Which sessions the rule is about; all that is written must fit. Unless told, all.', {
  person: Type.Optional(some(login, 'Logins.')),
  role: Type.Optional(some(words(...roles), 'Roles.')),
  queue: Type.Optional(some(name('the name of a queue'), 'Who serves one of these.')),
  employment: Type.Optional(some(words('regular', 'temporary', 'outsourced'), 'How the person is employed.')),
  place: Type.Optional(some(words('centre', 'home'), 'Where the person is, by policy.sites.')),
  device: Type.Optional(some(words('managed', 'enrolled', 'unknown'), 'The device that has proven itself.')),
});

const version = Type.Union([Type.Number({ minimum: 0 }), Type.String({ pattern: '^\\d{1,5}(\\.\\d{1,5}){0,2}$' })], {
  description: 'A version at least; 0 is any.',
});

const Needs = section('What such a session needs; all that is written.', {
  device: Type.Optional(some(words('managed', 'enrolled'), 'The standing of the device, proven by its key.')),
  networks: Type.Optional(
    Type.Array(Type.String(), { minItems: 1, description: 'Addresses and networks (CIDR), such as those of the VPN.' }),
  ),
  'access-proxy': Type.Optional(some(name('the name of an access proxy'), 'One of these was passed.')),
  certificate: Type.Optional(words('shown')),
  browser: Type.Optional(
    section('Major versions at least, as the browser says; one that is not named is not allowed.', {
      ...Object.fromEntries(browserNames.map((one) => [one, Type.Optional(Type.Integer({ minimum: 0 }))])),
    }),
  ),
  system: Type.Optional(
    section('Systems, as the browser says; one that is not named is not allowed.', {
      ...Object.fromEntries(systemNames.map((one) => [one, Type.Optional(version)])),
    }),
  ),
  'screen-lock': Type.Optional(
    some(
      words('access-proxy', 'certificate'),
      'Something attests that the screen locks by itself, any of these: a claim of the access proxy; a certificate that the company gives to such devices only.',
    ),
  ),
  'while-open': Type.Optional(name('the name of a calendar of calendars.yaml')),
  'while-closed': Type.Optional(name('the name of a calendar of calendars.yaml')),
});

const RuleSchema = section('A rule.', {
  says: Type.Optional(localized('What whoever is blocked reads, in place of our own sentence.')),
  for: Type.Optional(About),
  needs: Needs,
  otherwise: Type.Union(
    [
      Type.Literal('block-sign-in'),
      Type.Literal('block-desk'),
      section('Only calls of this class of personal information and above are not offered; “all”: none are.', {
        'keep-away': name('a class of personal information, or all'),
      }),
    ],
    { description: 'What follows where it is not so.' },
  ),
});

export const DevicePolicySchema = section('From which devices people may come in', {
  contact: localized('Whom to ask, for whoever is blocked: a name and how they are reached.'),
  'proof-minutes': Type.Integer({
    default: 15,
    minimum: 2,
    maximum: 720,
    description: 'A page proves its device three times within this; a proof that is older counts for nothing.',
  }),
  'access-proxies': Type.Optional(
    Type.Record(Type.String({ pattern: namePattern }), AccessProxy, {
      'x-keys': 'a name in small letters, digits and "-"',
    }),
  ),
  'client-certificates': Type.Optional(Certificates),
  rules: Type.Record(Type.String({ pattern: namePattern }), RuleSchema, {
    default: {},
    description: 'The rules by name.',
    'x-keys': 'a name in small letters, digits and "-"',
  }),
});

type Some<T> = T | T[];

export interface ProxyFields {
  header: string;
  issuer: string;
  audience: Some<string>;
  keys: { file?: string; url?: string };
  algorithms?: string[];
  person?: string;
  'screen-lock'?: string;
}

export interface DeviceRuleFields {
  says?: { ja: string; en: string };
  for?: Partial<Record<'person' | 'role' | 'queue' | 'employment' | 'place' | 'device', Some<string>>>;
  needs: {
    device?: Some<'managed' | 'enrolled'>;
    networks?: string[];
    'access-proxy'?: Some<string>;
    certificate?: 'shown';
    browser?: Record<string, number>;
    system?: Record<string, string | number>;
    'screen-lock'?: Some<'access-proxy' | 'certificate'>;
    'while-open'?: string;
    'while-closed'?: string;
  };
  otherwise: 'block-sign-in' | 'block-desk' | { 'keep-away': string };
}

export interface DevicePolicyFields {
  contact: { ja: string; en: string };
  'proof-minutes': number;
  'access-proxies'?: Record<string, ProxyFields>;
  'client-certificates'?: {
    'ca-file'?: string;
    headers?: { verified: string; fingerprint?: string; subject?: string };
  };
  rules: Record<string, DeviceRuleFields>;
}
