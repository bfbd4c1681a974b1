// Every setting, once: what it means, its unit and its default. config/example.yaml and the manual are generated from here.
// Reading is config.ts.

import { type Static, Type } from 'typebox';
import { CallbacksSchema } from '../call/callback/callback-settings.ts';
import { LookupServiceSchema, OutgoingSchema } from '../call/services/lookup-settings.ts';
import { SpeechRecognitionSchema } from '../call/services/speech-recognition.ts';
import { VerificationSchema } from '../call/verify/verification-settings.ts';
import { MailboxSchema } from '../call/voicemail/mailbox-settings.ts';
import { TrunkSettingsSchema } from '../sbc/trunk-settings.ts';
import { section } from '../shared/yaml/yaml-schema.ts';
import { AuditSchema } from './audit.ts';
import { BorderSettings } from './border.ts';
import { DevicesSection, HomeWorkSection } from './devices.ts';
import { Dialling, Telephones } from './dialling.ts';
import { Environment } from './environment.ts';
import { Playback } from './playback.ts';
import { Policy } from './policy.ts';
import { Queue } from './queues.ts';
import { recordingLife } from './recording-life.ts';
import { Reveal } from './reveal.ts';
import { SignIn } from './sign-in.ts';
import { Siprec } from './siprec.ts';
import { Steps, Transfers } from './transfers.ts';

const LocalizedText = section('The same in Japanese and English.', { ja: Type.String(), en: Type.String() });

const CompanyNumber = section('One of the company’s telephone numbers.', {
  number: Type.String({
    pattern: '^(\\+[1-9]\\d{3,14}|\\d{2,15})$',
    description: 'Canonical: +81… (E.164), or digits alone for national-only numbers such as 0120….',
  }),
  label: LocalizedText,
  flow: Type.String({ description: 'The flow that answers calls to this number.' }),
});

const Company = section('Whose call centre this is.', {
  name: Type.String({ default: 'Engawa', description: 'Shown on the pages.' }),
  domain: Type.String({ default: 'engawa.invalid', description: 'SIP domain of the softphones. Need not resolve.' }),
  country: Type.String({ default: 'JP', pattern: '^[A-Z]{2}$', description: 'Country of numbers typed without +.' }),
  numbers: Type.Array(CompanyNumber, { default: [], description: 'The first is presented on outbound calls.' }),
});

const Http = section('Pages, REST API and the softphones’ WebSocket.', {
  host: Type.String({ default: '127.0.0.1', description: 'Address to bind to. Beyond loopback, tls is required.' }),
  port: Type.Integer({ default: 8080, minimum: 0, maximum: 65535, description: '0 takes a free port.' }),
  publicUrl: Type.Optional(Type.String({ description: 'URL under which browsers reach this, when it is another.' })),
  trustedProxies: Type.Array(Type.String(), {
    default: [],
    description: 'Addresses and networks of reverse proxies, whose X-Forwarded-For says where a browser is.',
  }),
  subdomainsOverTls: Type.Boolean({
    default: true,
    description:
      'Over TLS, browsers are told for a year that names below this host are reached over TLS only as well (HSTS). false where others use some without.',
  }),
  tls: Type.Optional(
    section('Certificate of the pages.', {
      certFile: Type.String({ description: 'PEM, with its chain.' }),
      keyFile: Type.String({ description: 'PEM.' }),
    }),
  ),
});

const serverName = (shown: string) =>
  Type.Optional(
    Type.String({ description: `Its name in logs and ${shown}; host:port unless given.`, pattern: '^[\\w.:-]{1,64}$' }),
  );

const DrachtioServer = section('A drachtio-server, 0.9.0 or later.', {
  name: serverName('on every node'),
  host: Type.String({ description: 'Name or address of its control port (admin).' }),
  port: Type.Integer({ default: 9022, minimum: 1, maximum: 65535, description: 'Control port.' }),
  secret: Type.String({
    default: 'env:ENGAWA_DRACHTIO_SECRET',
    description: 'Secret of the control port: env:NAME takes it from the environment, file:PATH from a file.',
  }),
  tls: Type.Optional(
    section('TLS on the control port.', {
      caFile: Type.Optional(
        Type.String({ description: 'PEM of who signed its certificate, when that is none of the well-known.' }),
      ),
    }),
  ),
  webSocket: Type.Optional(
    section('Its ws transport, to which /sip is tunnelled; unless given, the one that it tells.', {
      host: Type.String(),
      port: Type.Integer({ minimum: 1, maximum: 65535 }),
    }),
  ),
  region: Type.Optional(Type.String({ description: 'Nodes of the same region prefer it.' })),
});

const Sip = Type.Union(
  [
    section('Our own SIP server, in this process.', {
      kind: Type.Literal('embedded'),
      listen: Type.Array(Type.String({ pattern: '^(udp|tcp|tls)/.+:\\d+$' }), {
        default: ['udp/127.0.0.1:5060', 'tcp/127.0.0.1:5060'],
        description: 'Where carriers send SIP, as protocol/address:port.',
      }),
      externalAddress: Type.Optional(Type.String({ description: 'Address to write into SIP when behind NAT.' })),
      tls: Type.Optional(
        section('Certificate for tls/ addresses.', { certFile: Type.String(), keyFile: Type.String() }),
      ),
      control: Type.Optional(
        section('Opens the control port to other nodes of this company, which reach softphones through it.', {
          listen: Type.String({ pattern: '^.+:\\d+$', description: 'address:port; a private network only.' }),
          secret: Type.String({
            default: 'env:ENGAWA_SIP_SECRET',
            description: 'What they must say: env:NAME or file:PATH. At least 16 characters beyond loopback.',
          }),
          tls: Type.Optional(
            section('Certificate of the control port; without it the port is plain TCP.', {
              certFile: Type.String(),
              keyFile: Type.String(),
            }),
          ),
        }),
      ),
    }),
    section('One drachtio-server or several (docs/drachtio-server.md).', {
      kind: Type.Literal('drachtio'),
      servers: Type.Array(DrachtioServer, {
        minItems: 1,
        description: 'The servers; calls go through all that are up.',
      }),
      listen: Type.Optional(
        Type.String({
          pattern: '^.+:\\d+$',
          description:
            'address:port where servers dial us with new requests (their request-handler), besides the connections that we dial.',
        }),
      ),
      listenTls: Type.Optional(
        section('Certificate for listen; without it servers dial in plain TCP.', {
          certFile: Type.String(),
          keyFile: Type.String(),
        }),
      ),
      region: Type.Optional(
        Type.String({ description: 'Region of this node: servers of the same region are preferred.' }),
      ),
    }),
  ],
  { description: 'The SIP server.', default: { kind: 'embedded' } },
);

const mediaTimeoutSeconds = Type.Integer({
  default: 20,
  minimum: 2,
  description: 'Silence after which a side counts as gone.',
});

const FreeswitchServer = section('One FreeSWITCH.', {
  name: serverName('on the pages'),
  host: Type.String({ description: 'Name or address of its event socket.' }),
  port: Type.Integer({ default: 8021, minimum: 1, maximum: 65535, description: 'Port of its event socket.' }),
  password: Type.String({
    default: 'env:ENGAWA_FREESWITCH_SECRET',
    description: 'Password of the event socket: env:NAME or file:PATH.',
  }),
  profile: Type.String({ default: 'drachtio_mrf', description: 'Its SIP profile.' }),
  region: Type.Optional(Type.String({ description: 'Calls of the same region prefer it.' })),
  weight: Type.Number({ default: 1, exclusiveMinimum: 0, description: 'Its share of the calls, against the others.' }),
  sounds: Type.Optional(
    section('A folder that both hosts see, when it is not on ours: sounds are put there for it to play.', {
      here: Type.String({ description: 'The folder as this program sees it.' }),
      there: Type.String({ description: 'The same folder as FreeSWITCH sees it.' }),
    }),
  ),
});

const Media = Type.Union(
  [
    section('Our own media engine.', {
      kind: Type.Literal('embedded', { default: 'embedded' }),
      address: Type.String({ default: '127.0.0.1', description: 'Address for RTP.' }),
      publicAddress: Type.Optional(Type.String({ description: 'Address to offer when behind NAT.' })),
      rtpPorts: section('UDP ports for carriers, two per call.', {
        from: Type.Integer({ default: 20000 }),
        to: Type.Integer({ default: 29999 }),
      }),
      webrtcPort: Type.Integer({ default: 0, description: 'The one UDP port for browsers; 0 takes a free one.' }),
      engines: Type.Integer({ default: 1, minimum: 1, maximum: 64, description: 'Media processes.' }),
      mediaTimeoutSeconds,
    }),
    section('FreeSWITCH, one or several, configured as in config/freeswitch (docs/freeswitch.md).', {
      kind: Type.Literal('freeswitch'),
      servers: Type.Array(FreeswitchServer, { minItems: 1, description: 'Calls go to all that are up.' }),
      listen: Type.String({
        default: '127.0.0.1:0',
        pattern: '^.+:\\d+$',
        description:
          'address:port where FreeSWITCH connects to this program, once for each party; each further server gets the next port. Port 0 takes a free one.',
      }),
      advertisedAddress: Type.Optional(
        Type.String({ description: 'What FreeSWITCH is told instead of that address.' }),
      ),
      mediaTimeoutSeconds,
    }),
  ],
  { description: 'Who carries the audio.', default: { kind: 'embedded' } },
);

const Turn = section(
  'TURN servers for desks whose networks do not let UDP through to the media ports. Each desk gets credentials of its own that last minutes, made with ENGAWA_TURN_SECRET (static-auth-secret of coturn).',
  {
    urls: Type.Array(Type.String({ pattern: '^(stun:|turns?:)[^\\s]+$' }), {
      default: [],
      description: 'As turn:HOST:3478?transport=udp and turns:HOST:443?transport=tcp; [] is none.',
    }),
    credentialMinutes: Type.Integer({
      default: 10,
      minimum: 1,
      maximum: 60,
      description: 'How long a credential may begin an allocation. One that runs goes on until the call is over.',
    }),
    control: Type.Array(Type.String({ pattern: '^.+:\\d+$' }), {
      default: [],
      description:
        'HOST:PORT of each server’s command line (TURN_CONTROL_IP, TURN_CONTROL_PORT): when a session ends, its allocations are cancelled there. A private network only.',
    }),
    relayOnly: Type.Boolean({
      default: false,
      description: 'Desks send audio by way of the TURN server only, never straight to the media ports.',
    }),
  },
);

const Speech = Type.Union(
  [
    section('espeak-ng, out of the box.', { kind: Type.Literal('espeak') }),
    section('A command that reads text from standard input and writes WAV.', {
      kind: Type.Literal('command'),
      command: Type.Array(Type.String(), { description: 'Program and arguments; {language} is replaced.' }),
    }),
    section('An HTTP service that answers POST with WAV.', { kind: Type.Literal('http'), url: Type.String() }),
  ],
  { description: 'Who speaks texts. A recorded prompt of the same name replaces it.', default: { kind: 'espeak' } },
);

const Database = Type.Union(
  [
    section('PostgreSQL started by us, in the data folder.', { kind: Type.Literal('embedded') }),
    section('A PostgreSQL of yours; the URL comes from ENGAWA_DATABASE_URL.', { kind: Type.Literal('postgres') }),
  ],
  { description: 'Durable storage.', default: { kind: 'embedded' } },
);

const LiveState = Type.Union(
  [
    section('In memory: for one node.', { kind: Type.Literal('memory') }),
    section(
      'Redis 6.2 or later, for several nodes; ENGAWA_REDIS_URL says where: redis://user:password@host:6379/0, rediss:// for TLS. Name several, separated by commas, for a replicated set or a cluster.',
      {
        kind: Type.Literal('redis'),
        keyPrefix: Type.String({
          default: 'engawa',
          pattern: '^[a-z0-9-]{1,40}$',
          description: 'Begins every key; installations that share a Redis need different ones.',
        }),
        lapseSeconds: Type.Integer({
          default: 4,
          minimum: 3,
          maximum: 60,
          description: 'Without a heartbeat (one a second), until a node counts as dead and its agents are freed.',
        }),
        tls: Type.Optional(
          section('For rediss://, when the certificate is not of a public authority.', {
            caFile: Type.String({ description: 'PEM of the authority.' }),
          }),
        ),
      },
    ),
  ],
  {
    description: 'Who is there, who is registered, who waits: what nodes agree on while calls run.',
    default: { kind: 'memory' },
  },
);

const Cluster = section('This node among several (liveState.kind: redis).', {
  name: Type.Optional(Type.String({ description: 'What people call it; the host’s name unless told.' })),
  address: Type.Optional(
    Type.String({
      description:
        'Where other nodes reach this one’s sip.control port; the address in sip.control.listen unless told.',
    }),
  ),
});

const Recording = section('Recordings: every call, sealed.', {
  folder: Type.Optional(
    Type.String({ description: 'Below the data folder unless absolute; recordings/ unless told.' }),
  ),
  recipients: Type.Array(Type.String({ pattern: '^age1' }), {
    default: [],
    description: 'Public keys that may open recordings. The server needs no other key.',
  }),
  ...recordingLife,
  bitrateKbps: Type.Integer({ default: 24, minimum: 8, maximum: 128, description: 'Opus, both channels together.' }),
  bufferMegabytes: Type.Integer({ default: 64, minimum: 1, description: 'Held in memory while the disk is full.' }),
  processes: Type.Integer({ default: 1, minimum: 1, description: 'Recorder processes; one carries about 80 calls.' }),
  syncTails: Type.Boolean({
    default: false,
    description: 'A power cut costs two seconds instead of 22; one disk sync per call and half second.',
  }),
  taps: Type.Optional(
    section('Where FreeSWITCH on other hosts brings the audio of calls; unless given, ours on loopback.', {
      listen: Type.String({
        pattern: '^.+:\\d+$',
        description: 'address:port of the first recorder process; each further one gets the next port.',
      }),
      host: Type.String({ description: 'What FreeSWITCH connects to: a name that is in the certificate.' }),
      certFile: Type.Optional(Type.String({ description: 'PEM, with its chain. Needed beyond loopback.' })),
      keyFile: Type.Optional(Type.String({ description: 'PEM.' })),
      selfSigned: Type.Boolean({ default: false, description: 'No authority that FreeSWITCH knows has signed it.' }),
    }),
  ),
});

const Calls = section('Times within a call.', {
  reattachSeconds: Type.Integer({
    default: 30,
    minimum: 5,
    description: 'Wait for a desk that went away in mid-call.',
  }),
  reanchorSeconds: Type.Integer({
    default: 10,
    minimum: 2,
    maximum: 60,
    description: 'Wait for another media server when the one of a call has died; then the call ends.',
  }),
  outboundRingSeconds: Type.Integer({ default: 60, minimum: 10 }),
  deskAnswerSeconds: Type.Integer({ default: 10, minimum: 2 }),
  outboundAfterCallWorkSeconds: Type.Integer({ default: 30, minimum: 0 }),
  reentryMinutes: Type.Integer({
    default: 10,
    minimum: 0,
    maximum: 240,
    description: 'Who was cut off and calls again within this takes the earlier place in the queue; 0: nobody does.',
  }),
  drainSeconds: Type.Integer({ default: 30, minimum: 0, description: 'How long live calls may go on after Ctrl-C.' }),
});

const Sessions = section('Being signed in.', {
  idleMinutes: Type.Integer({ default: 30, minimum: 1, description: 'Without a request; a live call keeps it alive.' }),
  absoluteHours: Type.Integer({ default: 12, minimum: 1 }),
});

const Flows = section('IVR flows and reasons.', {
  folder: Type.String({ default: 'config/flows' }),
  reasons: Type.String({ default: 'config/reasons.yaml' }),
  calendars: Type.Optional(
    Type.String({ description: 'Opening hours by name; calendars.yaml beside the reasons unless told.' }),
  ),
});

export const logLevels: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

export const ConfigSchema = section('Engawa', {
  demo: Type.Boolean({ default: false, description: 'Demo company, people and carrier. Loopback only.' }),
  dataFolder: Type.String({ default: 'data' }),
  company: Company,
  http: Http,
  sip: Sip,
  border: BorderSettings,
  media: Media,
  turn: Turn,
  speech: Speech,
  database: Database,
  liveState: LiveState,
  cluster: Cluster,
  recording: Recording,
  playback: Playback,
  reveal: Reveal,
  siprec: Siprec,
  audit: AuditSchema,
  trunks: Type.Array(TrunkSettingsSchema, { default: [], description: 'Carriers.' }),
  queues: Type.Array(Queue, { default: [] }),
  calls: Calls,
  telephones: Telephones,
  transfers: Transfers,
  steps: Steps,
  callbacks: CallbacksSchema,
  mailboxes: Type.Array(MailboxSchema, { default: [], description: 'Mailboxes that flows take messages for.' }),
  outgoing: OutgoingSchema,
  lookups: Type.Array(LookupServiceSchema, { default: [], description: 'Services of the company that flows ask.' }),
  speechRecognition: SpeechRecognitionSchema,
  verification: VerificationSchema,
  dialling: Dialling,
  sessions: Sessions,
  signIn: SignIn,
  flows: Flows,
  policy: Policy,
  devices: DevicesSection,
  homeWork: HomeWorkSection,
  environment: Environment,
  log: section('Logging.', {
    level: Type.Union(
      logLevels.map((level) => Type.Literal(level)),
      { default: 'info', description: 'fatal, error, warn, info, debug or trace.' },
    ),
    numbers: Type.Union([Type.Literal('hide'), Type.Literal('last-two'), Type.Literal('show')], {
      default: 'hide',
      description: 'Telephone numbers that get into a log line: hidden, all but the last two digits, or shown.',
    }),
  }),
});

/** Defaults filled in. */
export type Config = Static<typeof ConfigSchema>;
