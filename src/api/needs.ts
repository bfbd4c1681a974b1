// What the API is built from: the other rooms, as the interfaces that it uses of them.

import type { CallCentre } from '../call/desk.ts';
import type { HelpDesk } from '../call/supervise/help-desk.ts';
import type { OwnTelephones } from '../call/telephone/own-telephones.ts';
import type { OneTimeCodes } from '../call/verify/one-time-codes.ts';
import type { MailboxSettings } from '../call/voicemail/mailbox-settings.ts';
import type { Audit, AuditActor } from '../identity/audit/audit.ts';
import type { HeadSigner } from '../identity/audit/sign-heads.ts';
import type { Identity } from '../identity/identity.ts';
import type { SoftphoneTickets } from '../identity/softphone-tickets.ts';
import type { EngineLoad } from '../media/media-server.ts';
import type { PhoneNumber } from '../privacy/phone-number.ts';
import type { RecordingArchive } from '../recording/archive/archive.ts';
import type { RecordingLife } from '../recording/life/recording-life.ts';
import type { QueueSettings } from '../routing/acd/acd.ts';
import type { Flow, FlowProblem, Reason } from '../routing/flow/flow.ts';
import type { Calendar, Opening } from '../routing/hours.ts';
import type { Clock } from '../shared/clock.ts';
import type { Unsubscribe } from '../shared/emitter.ts';
import type { Place } from '../shared/events.ts';
import type { NodeId, PersonId, SessionId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { Closure } from '../store/flow-versions.ts';
import type { Person, Role } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { MediaServerView, NodeView, PlaceTestCall, TestCallView } from './contract.ts';
import type { FlowOutcome, FlowVersionInfo } from './contracts/flow.ts';
import type { StepChoices } from './contracts/talk.ts';
import type { DeviceNeeds } from './guard/device-door.ts';
import type { OverNodes } from './guard/limits-over-nodes.ts';
import type { CallListNeeds } from './routes/calls/call-list-routes.ts';
import type { RevealNeeds } from './routes/calls/reveal-routes.ts';
import type { BlocksNeeds } from './routes/centre/block-routes.ts';
import type { PolicyNeeds } from './routes/centre/policy-routes.ts';
import type { EnvironmentApi } from './routes/people/environment-routes.ts';
import type { PlaybackNeeds } from './routes/recordings/playback-needs.ts';
import type { SignInNeeds } from './routes/sign-in/signing-in.ts';
import type { TurnSettings } from './turn-credentials.ts';

export interface ApiNeeds {
  clock: Clock;
  log: Logger;
  store: Store;
  identity: Identity;
  /** Second factors, invitations, single sign-on; without them a password is all. */
  signIn?: SignInNeeds;
  /** Devices and working from home; without it nobody asks for either. */
  devices?: DeviceNeeds;
  /** Where it is kept who did what; without it nothing is kept. */
  audit?: Audit;
  /** Where finished recordings are, and what becomes of them. */
  recordings?: { archive: RecordingArchive; life: RecordingLife<AuditActor> };
  /** How its head is signed, and what was found when it was looked through. */
  auditHeads?: HeadSigner;
  callCentre: CallCentre;
  listen: ListenSettings;
  /** Folder of the built web page; without it there is only the API. */
  webRoot?: string;
  demo: boolean;
  company: {
    /** The name that pages show. */
    name?: string;
    domain: string;
    numbers: readonly { number: string; label: { ja: string; en: string } }[];
    queues: readonly QueueSettings[];
    /** Names of the sites that people belong to. */
    sites?: readonly string[];
    /** Where agents may take customers outside; the number stays in the call's rooms. */
    outsidePlaces?: readonly { name: string; label: { ja: string; en: string } }[];
    /** What may be told when a call is handed over. */
    steps?: StepChoices;
    /** Roles that may dial a number by hand; an alias may be called back by everybody with a desk. */
    mayDialNumbers: readonly Role[];
  };
  /** Which place an address proves; without it none does. */
  placeAt?: (address: string, person: Person) => Place;
  softphone: SoftphoneNeeds;
  flows: FlowCatalogue;
  /** Where versions of flows are kept. */
  flowControl?: FlowControl;
  /** One-time codes, and what customers can be asked for. */
  verification?: VerificationNeeds;
  /** Own telephones of people; without it everybody is at the browser. */
  telephones?: Pick<OwnTelephones, 'view' | 'set' | 'choose'>;
  /** The check before a shift; without it there is none. */
  environment?: EnvironmentApi;
  callLists?: CallListNeeds;
  /** Raised hands; without it nobody can ask for help. */
  helpDesk?: HelpDesk;
  trunks: () => TrunkView[];
  /** Sources of SIP that are shut out. */
  blocks?: BlocksNeeds;
  /** Rules for who may take what; without them their routes are not there. */
  policy?: PolicyNeeds;
  mediaServers?: MediaServers;
  /** Where this is one of several nodes. */
  nodes?: NodesNeeds;
  /** The parts that must be well for calls to be taken, besides the database. Each answers within a second. */
  health: () => Promise<PartHealth[]>;
  recordingsFolder: string;
  /** Hearing recordings; without it their routes are not there. */
  playback?: PlaybackNeeds;
  /** Showing customers' numbers in the centre; without it none is shown. */
  reveal?: RevealNeeds;
  /** Mailboxes that flows take messages for. */
  mailboxes?: readonly MailboxSettings[];
  /** Only in the demo. */
  testCalls?: TestCalls;
  /** More figures for /metrics: the whole name (`engawa_…`) and a value each. */
  gauges?: () => Record<string, number>;
  /** A person was created or changed: routing must know. */
  onPersonChanged?: (personId: PersonId) => unknown;
  limits?: Partial<ApiLimits>;
  /** Where requests are counted with those of other nodes; without it, each node counts its own. */
  overNodes?: OverNodes;
}

export interface ListenSettings {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** PEM. Required as soon as `host` is not a loopback address. */
  tls?: { cert: string | Buffer; key: string | Buffer };
  /** PEM of who signs client certificates: browsers are asked for one. */
  clientCa?: string | Buffer;
  /** Whether browsers are told that names below ours are reached over TLS only, too. They are unless told. */
  subdomainsOverTls?: boolean;
  /** `https://engawa.example`: how browsers reach us when it is not by this address (a reverse proxy). */
  publicUrl?: string;
  /** Addresses and networks of reverse proxies, whose X-Forwarded-For is believed. */
  trustedProxies?: readonly string[];
}

export interface SoftphoneNeeds {
  /** Where the SIP server takes WebSockets: Border.webSocketTarget. */
  tunnelTarget: () => { host: string; port: number; server?: string };
  /** Border.admitSoftphone. */
  admit: (
    peer: string,
    who: { personId: PersonId; sessionId: SessionId },
    options: { server?: string; onServerLost: () => void; isLive: () => boolean },
  ) => () => void;
  registerExpiresSeconds: number;
  /** Without it, tickets of this process alone. */
  tickets?: SoftphoneTickets;
  /** Told when the desk of a person was opened over another session; this one has it no more. */
  onReplaced?: (listener: (whose: { personId: PersonId; sessionId: SessionId }) => void) => Unsubscribe;
  /** The session over which this person's softphone is registered, on whichever node: there the desk is open. */
  sessionOf?: (personId: PersonId) => SessionId | undefined;
  turn?: TurnSettings;
}

export interface VerificationNeeds {
  codes: Pick<OneTimeCodes, 'make' | 'byId' | 'revoke'>;
  factors: readonly { name: string; label: { ja: string; en: string } }[];
  /** Undefined when it is none. */
  numberOf(typed: string): PhoneNumber | undefined;
}

export interface PartHealth {
  name: string;
  ok: boolean;
  because?: string;
  /** Calls are taken all the same: told as degraded. */
  stopsNothing?: boolean;
}

export interface TrunkView {
  name: string;
  up: boolean;
  because: string;
  registered: boolean | null;
  activeCalls: number;
}

export interface NodesNeeds {
  list(): NodeView[];
  /** False: there is no such node. Rejects with AppError 'node-unreachable'. */
  drain(id: NodeId): Promise<boolean>;
  /** No new pages here: this node is about to be stopped. */
  isDraining(): boolean;
  /** Told when this node lets go of the page and the softphone of a person, so that they come back at another one. */
  onPageMoves(listener: (personId: PersonId) => void): Unsubscribe;
}

export interface MediaServers {
  list(): MediaServerView[];
  /** False: there is no such server. */
  drain(name: string): boolean;
  resume(name: string): boolean;
  /** The processes of ours that carry media. */
  engines(): EngineLoad[];
}

export interface FlowCatalogue {
  /** Of reasons.yaml, as it is now. */
  reasons?(): readonly Reason[];
  list(): { flow: Flow; numbers: readonly string[] }[];
  check(yaml: string): FlowProblem[] | Promise<FlowProblem[]>;
}

export interface CalendarClosing {
  /** Null: all of them. */
  calendar: string | null;
  until: number | null;
  by: PersonId | null;
  because: string;
}

/** Versions of flows, and calendars that are closed by hand. */
export interface FlowControl {
  /** What was said of the files when they were last read. */
  state(): { problems: FlowProblem[]; checkedAt: number };
  /** Newest first. */
  history(flow: string): Promise<FlowVersionInfo[]>;
  source(flow: string, version: string): Promise<{ yaml: string } | undefined>;
  /** Puts a text in force on all nodes, or the file as it is now. */
  publish(flow: string, by: PersonId | null, yaml?: string): Promise<FlowOutcome>;
  /** To the version that was in force before, or this one. */
  rollBack(flow: string, by: PersonId | null, version?: string): Promise<FlowOutcome>;
  /** The file is in force again, and followed as it changes. */
  followFile(flow: string, by: PersonId | null): Promise<FlowOutcome>;
  /** False: there is no such calendar. */
  closeCalendar(closing: CalendarClosing): Promise<boolean>;
  /** False: it was not closed. */
  openCalendar(calendar: string | null, by: PersonId | null): Promise<boolean>;
  calendars(): { calendar: Calendar; now: Opening; closure: Closure | null }[];
}

export interface TestCalls {
  place(request: PlaceTestCall): Promise<TestCallView>;
  byId(id: string): TestCallView | undefined;
}

export interface ApiLimits {
  bodyBytes: number;
  requestsPerMinutePerAddress: number;
  requestsPerMinutePerCredential: number;
  signInsPerMinutePerAddress: number;
  /** Connections of one address at once; a browser keeps up to eight. */
  connectionsPerAddress: number;
  /** Connections of all. */
  connections: number;
  feedsPerCredential: number;
  /** A feed whose reader leaves more than this unread is cut. */
  feedBacklogBytes: number;
  feedHeartbeatMs: number;
  softphonesPerSession: number;
  /** SIP messages a softphone may send per second, over ten seconds. */
  softphoneMessagesPerSecond: number;
  softphoneMessageBytes: number;
  /** How long the SIP server may take to answer an upgrade, and a browser to send its request. */
  upgradeTimeoutMs: number;
}

export const limitDefaults: ApiLimits = {
  bodyBytes: 512 * 1024,
  requestsPerMinutePerAddress: 6000,
  requestsPerMinutePerCredential: 600,
  signInsPerMinutePerAddress: 300,
  connectionsPerAddress: 4000,
  connections: 20_000,
  feedsPerCredential: 8,
  feedBacklogBytes: 1024 * 1024,
  feedHeartbeatMs: 15_000,
  softphonesPerSession: 4,
  softphoneMessagesPerSecond: 20,
  softphoneMessageBytes: 64 * 1024,
  upgradeTimeoutMs: 5000,
};
