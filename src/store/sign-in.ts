// What is kept for proving who somebody is. No secret is here in the clear: public keys, keyed hashes, and sealed texts. What may
// happen once (a code, a link, a challenge) happens once on all nodes together. The maker is store/postgres/sign-in-tables.ts.

import type { PersonId, SessionId } from '../shared/ids.ts';

export interface Passkey {
  /** The credential id, base64url (WebAuthn Level 3 §4). */
  id: string;
  personId: PersonId;
  /** What its owner calls it. */
  name: string;
  /** COSE key. */
  publicKey: Uint8Array;
  /** Of the last use; 0 from authenticators that do not count. */
  signCount: number;
  transports: string[];
  /** It is a copy that wanders between devices. */
  backedUp: boolean;
  createdAt: number;
  lastUsedAt: number | null;
}

export interface TotpSecret {
  sealed: string;
  createdAt: number;
  /** Null until a code has shown that the app has it. */
  confirmedAt: number | null;
}

export interface Invitation {
  id: string;
  personId: PersonId;
  tokenHash: string;
  createdAt: number;
  expiresAt: number;
  endedAt: number | null;
  ended: 'accepted' | 'replaced' | 'revoked' | null;
}

/** Of who gave the right password, until the second factor is proven. */
export interface HalfOpen {
  tokenHash: string;
  personId: PersonId;
  expiresAt: number;
  /** Sealed: it began at the single sign-on provider. */
  signedOn: string | null;
}

export interface SignInStore {
  passkeys: {
    /** False: this credential is registered already. */
    add(passkey: Passkey): Promise<boolean>;
    byId(id: string): Promise<Passkey | undefined>;
    ofPerson(personId: PersonId): Promise<Passkey[]>;
    /** False: a newer count has been seen, so one of two authenticators is a copy. */
    used(id: string, use: { signCount: number; backedUp: boolean; at: number }): Promise<boolean>;
    rename(personId: PersonId, id: string, name: string): Promise<boolean>;
    remove(personId: PersonId, id: string): Promise<boolean>;
  };
  totp: {
    /** Takes the place of one that was not confirmed; false: there is a confirmed one. */
    begin(personId: PersonId, secret: Pick<TotpSecret, 'sealed' | 'createdAt'>): Promise<boolean>;
    of(personId: PersonId): Promise<TotpSecret | undefined>;
    /** Uses the code of this time step; false: that one or a later one was used already. */
    useStep(personId: PersonId, step: number): Promise<boolean>;
    confirm(personId: PersonId, at: number): Promise<void>;
    remove(personId: PersonId): Promise<boolean>;
  };
  recoveryCodes: {
    /** All earlier ones are worth nothing any more. */
    replace(personId: PersonId, hashes: readonly string[], at: number): Promise<void>;
    use(personId: PersonId, hash: string, at: number): Promise<boolean>;
    left(personId: PersonId): Promise<number>;
  };
  /** Everything by which this person proved more than a password. */
  removeFactors(personId: PersonId): Promise<void>;
  invitations: {
    /** An earlier one that still lives is replaced. */
    create(invitation: Invitation): Promise<void>;
    byTokenHash(tokenHash: string): Promise<Invitation | undefined>;
    /** The newest. */
    ofPerson(personId: PersonId): Promise<Invitation | undefined>;
    /** False: it was ended before, or its time is over. */
    end(id: string, ended: 'accepted' | 'revoked', at: number): Promise<boolean>;
  };
  halfOpen: {
    create(halfOpen: HalfOpen): Promise<void>;
    byTokenHash(tokenHash: string): Promise<HalfOpen | undefined>;
    /** False: another request was quicker. */
    take(tokenHash: string): Promise<boolean>;
    removeOf(personId: PersonId): Promise<void>;
  };
  /** False: it was used before. Remembered until then. */
  useOnce(what: string, expiresAt: number): Promise<boolean>;
  signedOn: {
    personOf(issuer: string, subject: string): Promise<PersonId | undefined>;
    /** False: this person is known there by another subject. */
    link(issuer: string, subject: string, personId: PersonId, at: number): Promise<boolean>;
    unlink(personId: PersonId): Promise<void>;
    /** When this person was linked, the last time. */
    linkedAt(personId: PersonId): Promise<number | undefined>;
    /** The session began there, as the provider's `sid`; `sealed`: what is needed to end it there. */
    began(sessionId: SessionId, providerSid: string | null, sealed: string): Promise<void>;
    bySid(providerSid: string): Promise<SessionId[]>;
    ofSession(sessionId: SessionId): Promise<string | undefined>;
  };
  /** Forgets what is over. */
  purge(now: number): Promise<void>;
}
