// Rows that are not events: people, sessions, keys, recordings, and call records (made from events).
// One interface per table group; makers under store/postgres/.

import type { EndCause, MediaQuality, PiiClass, Place, Side } from '../shared/events.ts';
import type { ApiKeyId, CallId, DeviceId, PersonId, RecordingId, SessionId } from '../shared/ids.ts';
import type { CallbackEnd } from './waiting-work.ts';

export const roles = ['agent', 'supervisor', 'administrator', 'auditor', 'integrator'] as const;
export type Role = (typeof roles)[number];

/** What a person or a key is limited to. What is absent is not limited (identity/scopes.ts). */
export interface Scope {
  /** Names of sites at which people are employed. */
  sites?: readonly string[];
  queues?: readonly string[];
}

export interface Person {
  id: PersonId;
  login: string;
  displayName: string;
  role: Role;
  /** Where the person is registered to work. Where the person is today is proven otherwise (identity/places.ts). */
  place: Place;
  clearance: PiiClass;
  /** Names of queues served. */
  queues: string[];
  language: 'ja' | 'en';
  disabled: boolean;
  passwordHash: string;
  createdAt: number;
  facts?: WorkFacts;
  /** The site that the person belongs to; absent: to none. */
  site?: string;
  scope?: Scope;
}

/** What is registered of a person for the rules of who may take which call. What is absent is not known. */
export interface WorkFacts {
  employment?: 'regular' | 'temporary' | 'outsourced';
  employedSince?: number;
  /** When each training was passed. */
  trainings?: Readonly<Record<string, number>>;
  pledge?: { version: string; signedAt: number };
  device?: 'managed' | 'enrolled' | 'unknown' | 'revoked';
  connectionCheck?: { passed: boolean; at: number };
  /** Level by skill, and tier by queue (routing/agent.ts). */
  skills?: Readonly<Record<string, number>>;
  tiers?: Readonly<Record<string, number>>;
}

export interface People {
  create(person: Omit<Person, 'id' | 'createdAt'>): Promise<Person>;
  update(id: PersonId, change: Partial<Omit<Person, 'id' | 'login' | 'createdAt'>>): Promise<Person | undefined>;
  byId(id: PersonId): Promise<Person | undefined>;
  byLogin(login: string): Promise<Person | undefined>;
  /** `search`: in login or name. */
  list(page?: Page & { search?: string; role?: Role }): Promise<Person[]>;
}

export interface Session {
  id: SessionId;
  personId: PersonId;
  /** SHA-256 of the token that the browser holds; the token itself is stored nowhere. */
  tokenHash: string;
  createdAt: number;
  seenAt: number;
  expiresAt: number;
  address: string;
  userAgent: string;
  /** By what the person proved more than a password when it began; absent: by nothing. */
  secondFactor?: SecondFactor;
  /** When the person last proved to be there, with a passkey, a code or the password again. */
  steppedUpAt?: number;
  /** The enrolled device that has proven itself in this session. */
  deviceId?: DeviceId;
}

export type SecondFactor = 'passkey' | 'totp' | 'recovery-code' | 'single-sign-on';

/** What a session learns after it began. */
export type SessionChange = Partial<Pick<Session, 'secondFactor' | 'steppedUpAt' | 'deviceId'>>;

export interface Sessions {
  create(session: Session): Promise<void>;
  byTokenHash(tokenHash: string): Promise<Session | undefined>;
  touch(id: SessionId, seenAt: number): Promise<void>;
  /** It is used from another address now. */
  move(id: SessionId, address: string): Promise<void>;
  change(id: SessionId, change: SessionChange): Promise<void>;
  remove(id: SessionId): Promise<void>;
  byId(id: SessionId): Promise<Session | undefined>;
  ofPerson(personId: PersonId): Promise<Session[]>;
  /** Those in which this device has proven itself. */
  ofDevice(deviceId: DeviceId): Promise<Session[]>;
  /** Which of these are still there. */
  existing(ids: readonly SessionId[]): Promise<SessionId[]>;
  /** Those past their absolute limit, or last seen at or before `seenBefore`. */
  ended(query: { expiredAt: number; seenBefore: number }): Promise<Session[]>;
}

export interface ApiKey {
  id: ApiKeyId;
  name: string;
  keyHash: string;
  role: Role;
  createdAt: number;
  revokedAt: number | null;
  scope?: Scope;
  /** It is good for nothing from then on; absent: until it is revoked. */
  expiresAt?: number;
  /** To the minute. */
  lastUsedAt?: number;
}

export interface ApiKeys {
  create(key: ApiKey): Promise<void>;
  byHash(keyHash: string): Promise<ApiKey | undefined>;
  list(): Promise<ApiKey[]>;
  revoke(id: ApiKeyId, at: number): Promise<boolean>;
  used(id: ApiKeyId, at: number): Promise<void>;
}

/** One agent's part of a call. A transfer starts another segment. */
export interface CallSegment {
  personId: PersonId;
  place: Place;
  answeredAt: number;
  endedAt: number | null;
  talkMs: number;
  holdMs: number;
  ringMs: number;
}

/** The call record (CDR): computed from the events of one call by `store/call-record.ts`, and nothing else. */
export interface CallRecord {
  id: CallId;
  direction: 'inbound' | 'outbound';
  alias: string | null;
  companyNumber: string;
  trunk: string | null;
  startedAt: number;
  /** When our side answered (the flow), or the customer did (outbound). */
  answeredAt: number | null;
  agentAnsweredAt: number | null;
  endedAt: number | null;
  flow: string | null;
  reason: string | null;
  piiClass: PiiClass | null;
  queue: string | null;
  waitMs: number;
  talkMs: number;
  holdMs: number;
  segments: CallSegment[];
  recordingIds: RecordingId[];
  cause: EndCause | null;
  side: Side | null;
  quality: { customer: MediaQuality | null; agent: MediaQuality | null };
  /** Factors by which the customer's identity was verified; absent when there are none. */
  verified?: string[];
  /** The call in which this call back was promised; absent for every other call. */
  callbackOf?: CallId;
  /** What became of the call back that this caller was promised; absent when there was none. */
  callback?: 'waiting' | CallbackEnd;
  /** Absent when no media server of this call died: how often a party was anchored on another, and its longest silence. */
  reanchored?: { times: number; longestSilentMs: number };
}

export interface CallRecords {
  byId(id: CallId): Promise<CallRecord | undefined>;
  /** Newest first; `before` is the id after which to go on. */
  list(query: {
    before?: CallId;
    limit?: number;
    personId?: PersonId;
    queue?: string;
    alias?: string;
  }): Promise<CallRecord[]>;
}

export interface RecordingRow {
  id: RecordingId;
  callId: CallId;
  startedAt: number;
  endedAt: number | null;
  durationMs: number | null;
  bytes: number | null;
  /** `open`: being written. `complete`: one age file. `interrupted`: the process died; opened from its parts. */
  state: 'open' | 'complete' | 'interrupted';
  /** Path below the recordings folder. */
  path: string;
  /** SHA-256 of the sealed file, hex. */
  sha256: string | null;
  recipients: string[];
}

export interface Recordings {
  create(row: RecordingRow): Promise<void>;
  update(id: RecordingId, change: Partial<RecordingRow>): Promise<void>;
  byId(id: RecordingId): Promise<RecordingRow | undefined>;
  list(query: { before?: RecordingId; limit?: number; callId?: CallId }): Promise<RecordingRow[]>;
}

export interface Page {
  limit?: number;
  after?: string;
}
