// The section environment: the check that people make before a shift (docs/environment-check.md).

import { type Static, Type } from 'typebox';
import { type CheckItem, type NetworkKind, networkKinds, type Weight } from '../identity/environment/check.ts';
import { createAddressMatch } from '../shared/address-match.ts';
import { createGuardedRequests } from '../shared/http/guarded-request.ts';
import { section } from '../shared/yaml/yaml-schema.ts';
import type { Config } from './schema.ts';

const weight = (standard: Weight, description: string) =>
  Type.Union([Type.Literal('required'), Type.Literal('advisory'), Type.Literal('off')], {
    default: standard,
    description,
  });

const Items = section('What is looked at. required: without it nobody passes; advisory: it is shown; off.', {
  network: weight('required', 'Kind of network; limits.refusedNetworks says which will not do.'),
  latency: weight('required', 'Round trip to the media server.'),
  jitter: weight('required', 'Of the worse direction.'),
  loss: weight('required', 'Of the worse direction.'),
  mos: weight('required', 'Call quality by the E-model (ITU-T G.107), of the worse direction.'),
  'direct-udp': weight('advisory', 'Audio gets to the media ports over UDP without a relay.'),
  'relay-udp': weight('advisory', 'A TURN server is reached over UDP.'),
  'relay-tcp': weight('advisory', 'A TURN server is reached over TCP.'),
  'relay-tls': weight('advisory', 'A TURN server is reached over TLS.'),
  microphone: weight('required', 'Allowed, not muted, loud enough.'),
  speaker: weight('advisory', 'The person says that the music is heard.'),
  camera: weight('off', 'There is one, and it may be used.'),
  browser: weight('required', 'Name and version.'),
  'second-display': weight('advisory', 'Whether there is more than one; not every browser tells.'),
  battery: weight('advisory', 'Charging, or enough left; not every browser tells.'),
} satisfies Record<CheckItem, unknown>);

const Limits = section('What is good enough.', {
  roundTripMs: Type.Integer({ default: 300, minimum: 1, description: 'There and back.' }),
  jitterMs: Type.Number({ default: 30, minimum: 0 }),
  lossPercent: Type.Number({ default: 2, minimum: 0, maximum: 100 }),
  mos: Type.Number({ default: 3.6, minimum: 1, maximum: 4.5, description: '3.6: some people are dissatisfied.' }),
  microphoneDb: Type.Number({
    default: -50,
    minimum: -100,
    maximum: 0,
    description: 'Loudest moment of speaking, below full scale.',
  }),
  batteryPercent: Type.Integer({ default: 30, minimum: 0, maximum: 100 }),
  browsers: Type.Record(Type.String({ pattern: '^[A-Za-z ]{2,30}$' }), Type.Integer({ minimum: 1 }), {
    default: { Chrome: 120, Edge: 120, Firefox: 121, Safari: 17 },
    description: 'The oldest version that will do, by name; a browser that is not named will not do.',
  }),
  refusedNetworks: Type.Array(Type.Unsafe<NetworkKind>(Type.Union(networkKinds.map((kind) => Type.Literal(kind)))), {
    default: ['public-wifi', 'restricted'],
    description: `Kinds that will not do, of ${networkKinds.join(', ')}.`,
  }),
});

const networks = (description: string) => Type.Array(Type.String(), { default: [], description });

export const Environment = section('The check before a shift (docs/environment-check.md).', {
  check: weight(
    'advisory',
    'required: who works at one of places gets no call without having passed. off: there is none.',
  ),
  places: Type.Array(Type.Union([Type.Literal('home'), Type.Literal('centre')]), {
    default: ['home'],
    description: 'Where it is required. An unknown place counts as one of them.',
  }),
  countsForHours: Type.Number({
    default: 14,
    exclusiveMinimum: 0,
    maximum: 720,
    description: 'How long a result counts.',
  }),
  staleWhenNetworkChanges: Type.Boolean({
    default: true,
    description: 'A result no longer counts once the session is used from another network.',
  }),
  whenFailed: Type.Union([Type.Literal('not-ready'), Type.Literal('own-telephone')], {
    default: 'not-ready',
    description: 'own-telephone: calls go to the own telephone of who has one; everybody else is not ready.',
  }),
  measuredSeconds: Type.Integer({
    default: 10,
    minimum: 3,
    maximum: 30,
    description: 'How long the line is measured. At least 9 with FreeSWITCH, which reports every four seconds.',
  }),
  items: Items,
  limits: Limits,
  networks: section(
    'Whose networks these are: addresses and networks (CIDR), IPv4 and IPv6. Sites are in policy.sites.',
    {
      vpn: networks('Where people come from who use the company’s VPN.'),
      mobile: networks('Of mobile carriers: telephones, tethering, mobile routers.'),
      publicWifi: networks('Of providers of public Wi-Fi.'),
    },
  ),
  helpDesk: section('Where a report can be sent.', {
    url: Type.Optional(
      Type.String({ description: 'Gets the report as JSON by POST. Its host must be in outgoing.hosts.' }),
    ),
    mail: Type.Optional(Type.String({ pattern: '^[^\\s@]+@[^\\s@]+$', description: 'The page writes a mail to it.' })),
  }),
  keepDays: Type.Integer({ default: 90, minimum: 1, maximum: 3650, description: 'How long results are kept.' }),
});

/** What the schema cannot say. */
export function environmentProblems({
  environment,
  media,
  turn,
  outgoing,
}: {
  environment: Static<typeof Environment>;
  media: Config['media'];
  turn: Config['turn'];
  outgoing: Config['outgoing'];
}): string[] {
  const lists = Object.entries(environment.networks).flatMap(([name, entries]) =>
    createAddressMatch(entries).unreadable.map(
      (entry) => `environment.networks.${name}: “${entry}” is no address or network, such as 198.51.100.0/24.`,
    ),
  );
  const offered = (item: CheckItem) => turn.urls.some((url) => relayOf(url) === item);
  const relays = (['relay-udp', 'relay-tcp', 'relay-tls'] as const)
    .filter((item) => environment.check !== 'off' && environment.items[item] === 'required' && !offered(item))
    .map((item) => `environment.items.${item} is required, but no server of that kind is in turn.urls.`);
  const { url } = environment.helpDesk;
  const asked = url === undefined || createGuardedRequests(outgoing).mayAsk(url);
  const helpDesk = asked ? [] : [`environment.helpDesk.url: its host is not in outgoing.hosts.`];
  const tooShort =
    media.kind === 'freeswitch' && environment.check !== 'off' && environment.measuredSeconds < 9
      ? ['environment.measuredSeconds: FreeSWITCH reports loss every four seconds, so measure for at least 9.']
      : [];
  return [...lists, ...relays, ...helpDesk, ...tooShort];
}

/** Which way a TURN URL (RFC 7065) is; undefined: it is a stun: URL. */
export function relayOf(url: string): 'relay-udp' | 'relay-tcp' | 'relay-tls' | undefined {
  if (url.startsWith('turns:')) return 'relay-tls';
  if (!url.startsWith('turn:')) return undefined;
  return /[?&]transport=tcp\b/i.test(url) ? 'relay-tcp' : 'relay-udp';
}
