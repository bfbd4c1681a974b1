// Devices that people come in from, as kept: who let them in, which key is theirs, which session they have proven themselves in; and
// why somebody was blocked. Only public keys are here.

import type { DeviceId, PersonId, SessionId } from '../shared/ids.ts';

/** `requested`: its page asks to be let in. `managed`: the company looks after it. `enrolled`: somebody with the right to let it in. */
export type DeviceState = 'requested' | 'enrolled' | 'managed' | 'declined' | 'revoked';

export interface DeviceRow {
  id: DeviceId;
  state: DeviceState;
  name: string;
  /** Whose it is; null: everybody may work at it. */
  personId: PersonId | null;
  /** JWK of its key; null for a device that is known by its certificate alone. */
  publicKey: { kty: 'EC'; crv: 'P-256'; x: string; y: string } | null;
  /** Thumbprint of the key. */
  keyHash: string | null;
  /** SHA-256 fingerprint (64 hexadecimal digits) or subject of its client certificate. */
  certificate: string | null;
  /** Browser and system as they said when it asked: `chrome 131, windows 11`. */
  system: string;
  requestedAt: number;
  requestedBy: PersonId | null;
  /** When and by whom it was let in. By a code: by who made the code. */
  enrolledAt: number | null;
  enrolledBy: PersonId | null;
  endedAt: number | null;
  endedBy: PersonId | null;
  /** Why it was declined or revoked. */
  why: string | null;
  seenAt: number | null;
  seenBy: PersonId | null;
}

/** A code that lets one device in, once. */
export interface DeviceCodeRow {
  codeHash: string;
  /** For whom; null: whoever is signed in. */
  personId: PersonId | null;
  state: 'enrolled' | 'managed';
  /** Everybody may work at the device. */
  shared: boolean;
  madeBy: PersonId;
  madeAt: number;
  expiresAt: number;
}

/** What a session has shown of where it is used, for every node. */
export interface SessionStanding {
  sessionId: SessionId;
  deviceId: DeviceId | null;
  provenAt: number | null;
  /** Circumstances as they were when they last changed (identity/devices/standings.ts). */
  seen: Readonly<Record<string, unknown>>;
}

/** Why somebody was shut out; found again by the token that the browser still sends, or by the reference that it shows. */
export interface DeviceBlock {
  /** Short, for telling it on the telephone. */
  reference: string;
  tokenHash: string;
  personId: PersonId;
  sessionId: SessionId;
  deviceId: DeviceId | null;
  kind: 'blocked' | 'revoked';
  because: readonly { rule: string; code: string; ja: string; en: string }[];
  at: number;
}

export interface Devices {
  create(row: DeviceRow): Promise<void>;
  byId(id: DeviceId): Promise<DeviceRow | undefined>;
  byKeyHash(keyHash: string): Promise<DeviceRow | undefined>;
  /** That is let in and has this certificate, by fingerprint or subject. */
  byCertificate(names: readonly string[]): Promise<DeviceRow | undefined>;
  /** Newest first. */
  list(query?: {
    before?: DeviceId | undefined;
    limit?: number;
    state?: DeviceState;
    personId?: PersonId;
  }): Promise<DeviceRow[]>;
  /** Changes it if it is in one of these states; undefined: it is not, or is not there. */
  change(
    id: DeviceId,
    change: Partial<Omit<DeviceRow, 'id'>>,
    from: readonly DeviceState[],
  ): Promise<DeviceRow | undefined>;
  keepCode(row: DeviceCodeRow): Promise<void>;
  /** Takes it away; undefined when there is none for this person any more. */
  useCode(codeHash: string, personId: PersonId, now: number): Promise<DeviceCodeRow | undefined>;
  keepChallenge(row: { challenge: string; sessionId: SessionId; expiresAt: number }): Promise<void>;
  /** True once for each challenge, in time and in its own session. */
  useChallenge(challenge: string, sessionId: SessionId, now: number): Promise<boolean>;
  standing(sessionId: SessionId): Promise<SessionStanding | undefined>;
  standingsOf(personId: PersonId): Promise<SessionStanding[]>;
  /** Keeps what is named of it. */
  setStanding(sessionId: SessionId, change: Partial<Omit<SessionStanding, 'sessionId'>>): Promise<void>;
  keepBlock(block: DeviceBlock): Promise<void>;
  blockOf(tokenHash: string): Promise<DeviceBlock | undefined>;
  /** The newest of this session. */
  blockOfSession(sessionId: SessionId): Promise<DeviceBlock | undefined>;
  blockByReference(reference: string): Promise<DeviceBlock | undefined>;
  /** Blocks of before this, used codes and challenges that nobody answered. */
  forgetOld(before: { blocksAt: number; now: number }): Promise<void>;
}
