// Everything that happens to a call, an agent, a recording or a session is one of these events (ARCHITECTURE.md).
// Call records, reports, the wallboard and the audit are readings of them. An event carries aliases and ids, never a
// customer's number, never what was said or keyed.

import type {
  ApiKeyId,
  CallId,
  CodeId,
  EnvironmentCheckId,
  EventId,
  HelpRequestId,
  LegId,
  ListeningKeyId,
  NodeId,
  PersonId,
  RecordingId,
  SessionId,
} from './ids.ts';

/**
 * How much personal information a conversation touches: the id of one of the company's classes (config/reasons.yaml). What is
 * no known class, or none at all, counts as the strictest.
 */
export type PiiClass = string;

/** Where a person works at the moment. What is not proven is `unknown`, and treated as `home`. */
export type Place = 'centre' | 'home' | 'unknown';

/** Agent states. */
export type AgentState =
  | 'offline'
  | 'not-ready'
  | 'available'
  | 'reserved'
  | 'alerting'
  | 'on-call'
  | 'after-call-work';

/**
 * Who caused a call or a leg to end. `customer` whichever way the call went; `supervisor` and `integrator` end the calls of
 * others, by page and by API key. `us` is the figure to be ashamed of.
 */
export type Side = 'customer' | 'agent' | 'supervisor' | 'integrator' | 'carrier' | 'us' | 'unknown';

/** Why a leg or a call ended, without SIP. `sbc/sip-cause.ts` translates to and from SIP. */
export type EndCause =
  | 'normal'
  | 'cancelled'
  | 'busy'
  | 'no-answer'
  | 'rejected'
  | 'not-found'
  | 'forbidden'
  | 'unreachable'
  | 'incompatible-media'
  | 'media-timeout'
  /** The media server died, and no other took its calls in time. */
  | 'media-lost'
  | 'overload'
  | 'session-expired'
  /** A call out lasted as long as its kind of number may. */
  | 'time-limit'
  | 'transferred'
  | 'shutting-down'
  | 'fault';

/** Why a caller's number is not there: 非通知, 公衆電話, 表示圏外 or 通知不可能, or nobody says. */
export type WithheldReason = 'user-request' | 'payphone' | 'unavailable' | 'unknown';

/** Where an agent takes calls: the softphone in the browser, or the own telephone, called out through a trunk. */
export type Device = 'browser' | 'telephone';

/** Whom an agent asks: a colleague, a queue, or a place outside by its name or an alias. */
export type Consulted =
  | { kind: 'person'; personId: PersonId }
  | { kind: 'queue'; queue: string }
  | { kind: 'outside'; name: string };

/** How a supervisor is with an agent: heard by nobody, by the agent, by all. */
export type MonitorMode = 'listen' | 'whisper' | 'barge';

/** What a raised hand is about. `harassment`: a customer who abuses (カスタマーハラスメント). */
export type HelpAbout = 'question' | 'harassment' | 'technical' | 'unwell';

/** What a supervisor answers to a raised hand; each reads it in the own language. */
export type HelpAnswer = 'listening' | 'one-moment' | 'hand-it-to-me' | 'may-end' | 'after-this' | 'take-a-break';

export type HelpEnd = 'taken-back' | 'helped' | 'asked-anew' | 'off-duty';

/** What one leg's media was like, from RTCP and from our own receiver. `mosEstimate` is ITU-T G.107's, 1 to 4.5. */
export interface MediaQuality {
  packetsReceived: number;
  packetsSent: number;
  packetsLost: number;
  jitterMs: number;
  roundTripMs: number | null;
  mosEstimate: number | null;
  codec: string | null;
  /** Where loss is known by reports alone: what had come and was lost by the last one; null before the first. */
  lossCounted?: { packetsReceived: number; packetsLost: number } | null;
}

/** What a source of SIP did to be shut out. */
export type BlockReason =
  | 'scanner'
  | 'unknown-source'
  | 'malformed-sip'
  | 'digest-guessing'
  | 'flood'
  | 'idle-connection';

/** `drained`: it is draining and nothing is left on it. `open`: its circuit breaker is. */
export type MediaServerState = 'starting' | 'up' | 'down' | 'open' | 'half-open' | 'draining' | 'drained';

interface EventFields {
  'call-started': {
    callId: CallId;
    direction: 'inbound' | 'outbound';
    /** The customer, under the name we may say aloud; null when the number is withheld. */
    alias: string | null;
    /** The company's number: dialled by the customer, or presented to the customer. E.164 or national-only. */
    companyNumber: string;
    trunk: string | null;
    personId?: PersonId;
    /** The call in which this call back was promised. */
    callbackOf?: CallId;
    /** Why there is no number, as far as the carrier tells. */
    withheld?: WithheldReason;
    demo?: boolean;
  };
  'flow-entered': { callId: CallId; flow: string; version: string };
  'flow-node': { callId: CallId; flow: string; node: string };
  'call-answered': { callId: CallId };
  'reason-set': { callId: CallId; reason: string; piiClass: PiiClass; by: 'flow' | 'agent' };
  /** A company service was asked; neither question nor answer is here. */
  'lookup-made': {
    callId: CallId;
    service: string;
    outcome: 'found' | 'not-found' | 'failed';
    /** Of `failed`: a word such as `timeout`. */
    because?: string;
    tookMs: number;
  };
  /** The caller was asked to speak. What was said is not here. */
  'caller-listened-to': { callId: CallId; outcome: 'heard' | 'keyed' | 'silence' | 'failed'; tookMs: number };
  'queue-entered': { callId: CallId; queue: string };
  'queue-left': {
    callId: CallId;
    queue: string;
    outcome: 'answered' | 'abandoned' | 'overflowed' | 'transferred';
    waitMs: number;
  };
  /** A waiting caller was told the place in the line and the time to wait; null: not told. */
  'wait-announced': { callId: CallId; queue: string; position: number | null; expectedWaitMs: number | null };
  /** A caller who was cut off has called again, and waits as if since then. */
  'place-restored': { callId: CallId; queue: string; since: number };
  /** The caller has hung up or will, and keeps the place in the queue. `callId` names the call back from here on. */
  'callback-kept': {
    callId: CallId;
    alias: string;
    companyNumber: string;
    queue: string;
    priority: number;
    skills: Readonly<Record<string, number>>;
    reason: string | null;
    piiClass: PiiClass | null;
    waitingSince: number;
    expiresAt: number;
  };
  /** `attemptCallId` is the call of this attempt; `retryAt`: when the next one may be, null: there is none. */
  'callback-tried': {
    callId: CallId;
    attemptCallId: CallId;
    attempt: number;
    outcome: 'reached' | EndCause;
    retryAt: number | null;
  };
  /** `personId`: who reached the customer, or cancelled it. */
  'callback-ended': {
    callId: CallId;
    because: 'reached' | 'expired' | 'given-up' | 'cancelled' | 'called-again';
    personId: PersonId | null;
  };
  'voicemail-left': {
    callId: CallId;
    recordingId: RecordingId;
    mailbox: string;
    alias: string | null;
    reason: string | null;
    piiClass: PiiClass | null;
    durationMs: number;
  };
  'voicemail-done': { callId: CallId; recordingId: RecordingId; mailbox: string; personId: PersonId };
  /** `rule`: the rule of the policy that allowed it; absent in what is older than rules. */
  'agent-reserved': { callId: CallId; personId: PersonId; queue: string | null; rule?: string };
  /** `because` in English, `ja` in Japanese; `code` names the fact, `rule` the rule (null: there were none to go by). */
  'offer-refused': {
    callId: CallId;
    personId: PersonId;
    queue: string;
    because: string;
    ja?: string;
    code?: string;
    rule?: string | null;
  };
  'agent-alerted': { callId: CallId; personId: PersonId; legId: LegId };
  'agent-not-answered': { callId: CallId; personId: PersonId; because: 'timeout' | 'rejected' | 'unreachable' };
  'agent-answered': { callId: CallId; personId: PersonId; legId: LegId; place: Place; ringMs: number };
  'agent-left': { callId: CallId; personId: PersonId; legId: LegId; talkMs: number; holdMs: number };
  'agent-detached': { callId: CallId; personId: PersonId };
  'agent-attached': { callId: CallId; personId: PersonId; legId: LegId; awayMs: number };
  /** The agent goes on at another device; the customer has not noticed. */
  'call-moved': { callId: CallId; personId: PersonId; from: Device; to: Device; legId: LegId; ringMs: number };
  'call-not-moved': { callId: CallId; personId: PersonId; to: Device; because: EndCause };
  'customer-answered': { callId: CallId; legId: LegId; ringMs: number; trunk: string | null };
  /** A call out begins, whoever makes it; not one to an own telephone. `personId`: null, a flow made it. */
  'outside-dialled': { callId: CallId; legId: LegId; personId: PersonId | null; numberClass: string };
  'outside-answered': { callId: CallId; legId: LegId; trunk: string | null };
  /** `estimatedCost`: by dialling.rates. */
  'outside-ended': { callId: CallId; legId: LegId; talkMs: number; estimatedCost: number };
  /** A cap on calls out comes near, or refuses. `subject`: a person's id, a trunk's name, or `company`. */
  'toll-cap': {
    level: 'alarm' | 'reached';
    cap: string;
    per: 'person' | 'trunk' | 'company';
    subject: string;
    unit: 'calls' | 'minutes' | 'cost';
    used: number;
    limit: number;
    personId: PersonId | null;
  };
  /** Somebody dialled 110, 118 or 119 (which of them is not told). */
  'emergency-dialled': {
    personId: PersonId;
    place: Place;
    outcome: 'placed' | 'refused';
    trunk: string | null;
  };
  'call-held': { callId: CallId; by: Side };
  'call-resumed': { callId: CallId; by: Side; heldMs: number };
  /** `personId`: who transferred it; absent when the flow did. */
  'call-transferred': {
    callId: CallId;
    personId?: PersonId;
    to: { kind: 'queue' | 'person' | 'number'; name: string };
  };
  'consultation-started': { callId: CallId; personId: PersonId; with: Consulted };
  'consultation-answered': { callId: CallId; with: Consulted };
  'consultation-ended': { callId: CallId; with: Consulted; because: string; lastedMs: number };
  /** Customer, agent and whoever was asked are in one conversation. */
  'conference-started': { callId: CallId; with: Consulted };
  'call-parked': { callId: CallId; personId: PersonId; slot: string };
  /** `by`: who took it; null when its time was over. */
  'call-unparked': { callId: CallId; slot: string; by: PersonId | null; parkedMs: number };
  /** `personId`: the supervisor. */
  'monitor-started': { callId: CallId; personId: PersonId; agentId: PersonId | null; mode: MonitorMode };
  'monitor-changed': { callId: CallId; personId: PersonId; mode: MonitorMode };
  'monitor-ended': { callId: CallId; personId: PersonId; because: string; lastedMs: number };
  /** A hand is raised. `callId`: the call that the person had then. */
  'help-asked': { helpId: HelpRequestId; personId: PersonId; callId?: CallId; about: HelpAbout };
  /** `personId`: who had asked. */
  'help-answered': { helpId: HelpRequestId; personId: PersonId; by: PersonId; answer: HelpAnswer };
  'help-ended': { helpId: HelpRequestId; personId: PersonId; by: PersonId | null; because: HelpEnd };
  /** To somebody without personal information. `facts`: choices from the company's list. */
  'handed-over': {
    callId: CallId;
    personId: PersonId;
    reason: string;
    queue: string;
    verified: readonly string[];
    facts: Readonly<Record<string, string>>;
  };
  'pii-came-up': { callId: CallId; personId: PersonId; place: Place; queue: string };
  /** `atMs`: in the time line of the recording. */
  'recording-marked': { callId: CallId; recordingId: RecordingId; mark: string; atMs: number };
  /** Its node has gone, and this one goes on with the conversation. */
  'call-adopted': { callId: CallId; from: NodeId; to: NodeId };
  /** A party's media server died; it goes on at another. `silentMs`: how long it was without audio. */
  'media-reanchored': {
    callId: CallId;
    legId: LegId;
    party: 'customer' | 'agent';
    from: string | null;
    to: string | null;
    silentMs: number;
  };
  /** The customer is asked for digits that nobody hears; `personId`: the agent who asks, absent for a flow. */
  'verification-asked': { callId: CallId; factor: string; personId?: PersonId };
  /** `because`: verified, wrong, timeout, aborted, locked, or why it could not be checked. No digit, and not how many. */
  'verification-result': {
    callId: CallId;
    factor: string;
    verified: boolean;
    because: string;
    personId?: PersonId;
    /** Of a one-time code: the company knows for whom it had it made. */
    codeId?: CodeId;
  };
  'recording-started': { callId: CallId; recordingId: RecordingId };
  'recording-failed': { callId: CallId; recordingId: RecordingId | null; because: string };
  /** After `recording-failed`: everything that was held back is written. */
  'recording-recovered': { callId: CallId; recordingId: RecordingId };
  /** The company's own recording server (SIPREC) does not record this call; it is asked again. Our recording goes on. */
  'recording-server-failed': { callId: CallId; because: string };
  'recording-stopped': { callId: CallId; recordingId: RecordingId; durationMs: number; bytes: number };
  'leg-quality': { callId: CallId; legId: LegId; party: 'customer' | 'agent'; quality: MediaQuality };
  'call-ended': {
    callId: CallId;
    cause: EndCause;
    side: Side;
    durationMs: number;
    /** A crash cut the call off then; the event was written at the next start. */
    cutOffAt?: number;
  };

  /** Closed by hand, or open again, whatever the calendar says. `calendar` null: all of them. */
  'closure-changed': {
    calendar: string | null;
    closed: boolean;
    because: string;
    /** Open again by itself then; null: not before somebody says so. */
    until: number | null;
    personId: PersonId | null;
  };
  'agent-state': { personId: PersonId; from: AgentState; to: AgentState; because: string | null };
  /** An administrator entered or removed an own telephone, or said whether the person may work with it. */
  'telephone-changed': { personId: PersonId; known: boolean; allowed: boolean; by: PersonId | null };
  'device-chosen': { personId: PersonId; device: Device };
  /** A person made the check before a shift. `network`: its kind. */
  'environment-checked': { personId: PersonId; checkId: EnvironmentCheckId; passed: boolean; network: string };
  /** Whether this person's newest check counts has changed: made, too old, or made on another network. */
  'environment-standing': { personId: PersonId; state: string; required: boolean };
  'softphone-registered': { personId: PersonId; sessionId: SessionId };
  'softphone-unregistered': {
    personId: PersonId;
    because: 'expired' | 'closed' | 'signed-out' | 'replaced' | 'server-lost';
  };

  'signed-in': { personId: PersonId; sessionId: SessionId; place: Place };
  'sign-in-failed': { login: string; because: 'unknown' | 'password' | 'throttled' | 'disabled' };
  'signed-out': { personId: PersonId; sessionId: SessionId; because: 'asked' | 'idle' | 'expired' | 'revoked' };
  /** With which somebody hears recordings: registered, approved (sealed to from then on), ended. */
  'listening-key-changed': {
    keyId: ListeningKeyId;
    personId: PersonId;
    change: 'added' | 'approved' | 'ended';
    by: PersonId;
  };
  'recording-opened': { recordingId: RecordingId; personId: PersonId };
  /** The mode of operation is another. By hand until `untilMs` (null: until somebody switches), or as the schedule says. */
  'operation-changed': {
    operation: 'normal' | 'partly-home' | 'all-home';
    from: 'normal' | 'partly-home' | 'all-home';
    by: 'person' | 'program' | 'schedule';
    personId: PersonId | null;
    keyId: ApiKeyId | null;
    why: string | null;
    untilMs: number | null;
  };
  /** Other rules for who may take what. Without a person or a key: they came with a start. */
  'policy-changed': { version: string; personId: PersonId | null; keyId: ApiKeyId | null };
  'flow-published': { flow: string; version: string; personId: PersonId | null };
  /** A source of SIP is not looked at any more until then. At most some a minute are told; GET /blocks has all. */
  'source-blocked': { source: string; because: BlockReason; untilMs: number };
  'source-let-in': { source: string; personId: PersonId | null; keyId: ApiKeyId | null };
  'trunk-state': { trunk: string; up: boolean; because: string };
  'sip-server-state': { server: string; up: boolean; because: string };
  'media-engine-state': { engine: string; up: boolean; because: string };
  /** A member of the media pool may be given calls (`up`), or why not. */
  'media-server-state': { server: string; state: MediaServerState; because: string };
}

export type EventType = keyof EventFields;

/** One thing that happened. `id` sorts by time and is the resume token of the live feed. */
export type EngawaEvent<T extends EventType = EventType> = {
  [K in T]: { id: EventId; at: number; type: K } & EventFields[K];
}[T];

/** An event before it has an id and a time. */
export type NewEvent<T extends EventType = EventType> = { [K in T]: { type: K } & EventFields[K] }[T];
