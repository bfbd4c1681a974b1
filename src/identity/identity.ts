// Who is asking: people who sign in with a password and hold a session, programs that hold an API key.
// Sessions live on the server (PostgreSQL) with an idle and an absolute limit; neither ends a session while its person is
// on a call. What was looked up is believed for a while, and longer while the database is away, so that a desk can go on
// working; ending a session here takes effect at once.

import type { Clock } from '../shared/clock.ts';
import { createEmitter, type Unsubscribe } from '../shared/emitter.ts';
import { AppError, asError } from '../shared/errors.ts';
import type { ApiKeyId, PersonId, SessionId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { LiveState } from '../store/live-state.ts';
import type { ApiKey, Person, SecondFactor, Session, SessionChange } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { createApiKeyring, type NewKey } from './api-keys.ts';
import { createAttempts, type Proof } from './attempts.ts';
import type { SecondFactors } from './factors/second-factors.ts';
import type { HalfOpenSignIns } from './half-open.ts';
import { createLookups } from './lookups.ts';
import {
  createPasswords,
  minimumCharactersDefault,
  noPassword,
  type PasswordProblem,
  type Passwords,
} from './password.ts';
import type { Places } from './places.ts';
import { createSignIn, type From, type SignedInOutcome, type SignInOutcome, type SignInRequest } from './sign-in.ts';
import { hashOfSecret } from './tokens.ts';

export interface IdentityNeeds {
  clock: Clock;
  log: Logger;
  store: Store;
  settings?: Partial<IdentitySettings>;
  /**
   * True while this person has to do with a call: offered, live on whichever device, asked about it, with an agent as a supervisor,
   * in after-call work. The session is not ended under it.
   */
  isBusy?: (personId: PersonId) => boolean;
  /** Where failed sign-ins are counted with those of other nodes; without it, each node counts its own. */
  overNodes?: Pick<LiveState, 'takeToken'>;
  /** Which places addresses prove; without it, where somebody signs in is not known. */
  places?: Pick<Places, 'at'>;
  /** Who needs a second factor, and what is between password and session then; without them a password is enough for everybody. */
  factors?: Pick<SecondFactors, 'nextStep' | 'suffices'>;
  halfOpen?: HalfOpenSignIns;
  passwords?: Passwords;
}

export interface IdentitySettings {
  /** A session without any request for so long ends. */
  idleMinutes: number;
  /** A session ends so long after sign-in. */
  absoluteHours: number;
}

const identityDefaults: IdentitySettings = { idleMinutes: 30, absoluteHours: 12 };

/** A person with a session. */
export interface SignedIn {
  kind: 'session';
  session: Session;
  person: Person;
}

/** A program with a key. */
export interface KeyHolder {
  kind: 'key';
  key: ApiKey;
}

export type SessionEnd = 'asked' | 'idle' | 'expired' | 'revoked';

export type IdentityChange =
  | { kind: 'session-ended'; session: Session; because: SessionEnd }
  | { kind: 'person-changed'; personId: PersonId }
  /** It is used from another place now: somebody went home with the computer. */
  | { kind: 'session-moved'; session: Session }
  /** It knows a second factor or a device now. */
  | { kind: 'session-changed'; id: SessionId; change: SessionChange }
  | { kind: 'key-revoked'; id: ApiKeyId };

export interface Identity {
  signIn(request: SignInRequest): Promise<SignInOutcome>;
  /** A session for who has proven to be this person otherwise than by a password alone. */
  openSession(person: Person, from: From & { secondFactor?: SecondFactor }): Promise<SignedInOutcome>;
  /** Whether this is the password of somebody who is signed in. Wrong ones are counted and slowed down. */
  provePassword(personId: PersonId, password: string, address: string): Promise<Proof<true>>;
  /**
   * Who holds this session token; undefined when nobody does any more. Counts as a sign of life, and `address` as where the
   * session is used from now.
   */
  bySessionToken(token: string, address?: string): Promise<SignedIn | undefined>;
  byApiKey(key: string): Promise<KeyHolder | undefined>;
  /** Keeps a session from becoming idle without a request: the desk is open and at work. */
  touch(sessionId: SessionId): void;
  /** What a session learns after it began; at once on this node, soon on the others. */
  changeSession(sessionId: SessionId, change: SessionChange): Promise<void>;
  /** False: there is no such session. Every node cuts what hangs on it before this resolves or milliseconds later. */
  endSession(sessionId: SessionId, because: SessionEnd): Promise<boolean>;
  /** Newest first, without those whose time is up. */
  sessionsOf(personId: PersonId): Promise<Session[]>;
  /** How many there were. `except` goes on. */
  endSessionsOf(personId: PersonId, because: SessionEnd, except?: SessionId): Promise<number>;
  /** By what this node knows now, without asking: whether the session goes on. */
  isLive(sessionId: SessionId): boolean;
  /** Told when a session is over, for whatever reason: cut what hangs on it. */
  onSessionEnded(listener: (ended: { session: Session; because: SessionEnd }) => void): Unsubscribe;
  /** Told when a session began, moved to another place, or ended, in this program: the person may be somewhere else now. */
  onWhereabouts(listener: (personId: PersonId) => void): Unsubscribe;
  /** Without a password nobody signs in with one: the person is invited, or comes by single sign-on. */
  createPerson(
    person: Omit<Person, 'id' | 'createdAt' | 'passwordHash' | 'disabled'> & { password?: string },
  ): Promise<Person>;
  /** Rejects with AppError 'invalid-argument' that says why it is not; `details.problem` is the PasswordProblem. */
  requireGoodPassword(of: Pick<Person, 'login' | 'displayName'>, password: string): Promise<void>;
  /** By the person: all sessions but `keep` end. Rejects with AppError 'invalid-argument' when it is too easy. */
  setPassword(id: PersonId, password: string, keep?: SessionId): Promise<void>;
  /** Nobody signs in with a password as this person any more; all sessions end. */
  removePassword(id: PersonId): Promise<void>;
  /** Undefined: no such person. A new password, another role or `disabled` ends the person's sessions. */
  changePerson(
    id: PersonId,
    change: Partial<Omit<Person, 'id' | 'login' | 'createdAt' | 'passwordHash'>> & { password?: string },
  ): Promise<Person | undefined>;
  /** `secret` is shown now and never again. */
  createApiKey(key: NewKey): Promise<{ key: ApiKey; secret: string }>;
  revokeApiKey(id: ApiKeyId): Promise<boolean>;
  /** What this program did to sessions, people and keys, for others on the same database: see `tookPlaceElsewhere`. */
  onChanged(listener: (change: IdentityChange) => void): Unsubscribe;
  /** The same, wherever it was done. */
  onChangedAnywhere(listener: (change: IdentityChange) => void): Unsubscribe;
  /** Another program did this: what was looked up is forgotten, and what hangs on a session that ended is cut. */
  tookPlaceElsewhere(change: IdentityChange): void;
  /** Begins to look for sessions whose time is up. */
  start(): void;
  close(): void;
}

const sweepEveryMs = 30_000;
/** Another node tells at once that it ended a session. Should its word be lost, the row is missing, which is noticed after this. */
const lookForMissingEveryMs = 10_000;
const seenWrittenEveryMs = 60_000;
/** Even a call does not keep a session longer than this past its limit. */
const busyGraceMs = 4 * 3_600_000;

export function createIdentity(needs: IdentityNeeds): Identity {
  const { clock, log, store, isBusy = () => false } = needs;
  const settings = { ...identityDefaults, ...needs.settings };
  const idleMs = settings.idleMinutes * 60_000;
  const ended = createEmitter<{ ended: { session: Session; because: SessionEnd } }>((error) =>
    log.error({ err: error }, 'a listener of ended sessions failed'),
  );
  const changes = createEmitter<{ change: IdentityChange }>((error) =>
    log.error({ err: error }, 'a listener of changes failed'),
  );
  const anywhere = createEmitter<{ change: IdentityChange }>((error) =>
    log.error({ err: error }, 'a listener of changes failed'),
  );
  changes.on('change', (change) => anywhere.emit('change', change));
  const whereabouts = createEmitter<{ changed: PersonId }>((error) =>
    log.error({ err: error }, 'a listener of whereabouts failed'),
  );
  const passwords = needs.passwords ?? createPasswords();
  const signIn = createSignIn({
    clock,
    store,
    passwords,
    absoluteMs: settings.absoluteHours * 3_600_000,
    ...(needs.overNodes ? { overNodes: needs.overNodes } : {}),
    ...(needs.places ? { places: needs.places } : {}),
    ...(needs.factors ? { factors: needs.factors } : {}),
    ...(needs.halfOpen ? { halfOpen: needs.halfOpen } : {}),
  });
  const again = createAttempts({ clock, what: 'password-again', overNodes: needs.overNodes });
  const lookups = createLookups({ clock, log, store });
  const keyring = createApiKeyring({ clock, log, store, lookups });
  const writtenSeenAt = new Map<SessionId, number>();
  const notRemoved = new Set<SessionId>();
  const timers: { cancel(): void }[] = [];

  function reasonToEnd({ session, person }: { session: Session; person: { id: PersonId } }): SessionEnd | undefined {
    const now = clock.now();
    const reason =
      session.expiresAt <= now ? ('expired' as const) : session.seenAt + idleMs <= now ? ('idle' as const) : undefined;
    const tolerated = isBusy(person.id) && session.expiresAt + busyGraceMs > now;
    return tolerated ? undefined : reason;
  }

  function seen(session: Session): void {
    session.seenAt = clock.now();
    if (session.seenAt - (writtenSeenAt.get(session.id) ?? session.createdAt) < seenWrittenEveryMs) return;
    writtenSeenAt.set(session.id, session.seenAt);
    store.sessions.touch(session.id, session.seenAt).catch((thrown) => {
      log.debug({ err: asError(thrown), sessionId: session.id }, 'that a session was used could not be written');
    });
  }

  async function used(session: Session, address: string): Promise<void> {
    const before = session.address;
    if (before === address) return;
    session.address = address;
    if (!needs.places || needs.places.at(before) === needs.places.at(address)) return;
    changes.emit('change', { kind: 'session-moved', session });
    try {
      await store.sessions.move(session.id, address);
    } catch (thrown) {
      // The next request tries again.
      session.address = before;
      log.warn({ err: asError(thrown), sessionId: session.id }, 'that a session moved could not be written yet');
    }
    whereabouts.emit('changed', session.personId);
  }

  /** Who takes a signed-in computer home needs there what everybody needs there; a call under way is not cut. */
  function suffices({ session, person }: { session: Session; person: Person }): boolean {
    if (!needs.factors || isBusy(person.id)) return true;
    return needs.factors.suffices(person, session.address, session.secondFactor);
  }

  async function replacePassword(id: PersonId, passwordHash: string, keep?: SessionId): Promise<void> {
    await store.people.update(id, { passwordHash });
    lookups.forgetPerson(id);
    changes.emit('change', { kind: 'person-changed', personId: id });
    await needs.halfOpen?.endOf({ id });
    await endSessionsOf(id, 'revoked', keep);
  }

  async function end(session: Session, because: SessionEnd): Promise<void> {
    lookups.forgetSession(session.id);
    writtenSeenAt.delete(session.id);
    ended.emit('ended', { session, because });
    changes.emit('change', { kind: 'session-ended', session, because });
    await removeRow(session.id);
    whereabouts.emit('changed', session.personId);
    await store.events.append({ type: 'signed-out', personId: session.personId, sessionId: session.id, because });
  }

  /** With the database away the row stays for now; in this program the session is over all the same. */
  async function removeRow(id: SessionId): Promise<void> {
    try {
      await store.sessions.remove(id);
      notRemoved.delete(id);
    } catch (thrown) {
      notRemoved.add(id);
      log.warn({ err: asError(thrown), sessionId: id }, 'an ended session could not be removed yet');
    }
  }

  async function sweep(): Promise<void> {
    for (const id of notRemoved) await removeRow(id);
    const now = clock.now();
    for (const row of await store.sessions.ended({ expiredAt: now, seenBefore: now - idleMs })) {
      const session = lookups.knownSession(row.id) ?? row;
      const because = reasonToEnd({ session, person: { id: session.personId } });
      if (because) await end(session, because);
    }
  }

  /** A node that could not tell us has ended these. */
  async function lookForMissing(): Promise<void> {
    const known = lookups.knownSessions();
    if (known.length === 0) return;
    const there = new Set(await store.sessions.existing(known.map(({ id }) => id)));
    for (const session of known) if (!there.has(session.id)) endedElsewhere(session, 'revoked');
  }

  function endedElsewhere(session: Session, because: SessionEnd): void {
    lookups.forgetSession(session.id);
    writtenSeenAt.delete(session.id);
    ended.emit('ended', { session, because });
  }

  /** All are cut before the first row is gone. */
  async function endSessionsOf(personId: PersonId, because: SessionEnd, except?: SessionId): Promise<number> {
    const there = (await store.sessions.ofPerson(personId)).filter(({ id }) => id !== except);
    await Promise.all(there.map((session) => end(lookups.knownSession(session.id) ?? session, because)));
    return there.length;
  }

  function begun(outcome: SignedInOutcome): SignedInOutcome {
    lookups.remember({ session: outcome.session, person: outcome.person });
    whereabouts.emit('changed', outcome.person.id);
    return outcome;
  }

  return {
    async signIn(request) {
      const outcome = await signIn.withPassword(request);
      return outcome.kind === 'signed-in' ? begun(outcome) : outcome;
    },
    openSession: async (person, from) => begun(await signIn.open(person, from)),
    provePassword: (personId, password, address) =>
      again.attempt({ account: personId, address }, async () => {
        const person = await store.people.byId(personId);
        return (await passwords.verify(person?.passwordHash, password)) || undefined;
      }),
    async bySessionToken(token, address) {
      const found = await lookups.session(hashOfSecret(token));
      if (!found || found.person.disabled) return undefined;
      const because = reasonToEnd(found);
      if (because) {
        await end(found.session, because);
        return undefined;
      }
      seen(found.session);
      if (address !== undefined) await used(found.session, address);
      if (!suffices(found)) {
        await end(found.session, 'revoked');
        return undefined;
      }
      return { kind: 'session', ...found };
    },
    async byApiKey(secret) {
      const key = await keyring.find(secret);
      return key && { kind: 'key', key };
    },
    touch(sessionId) {
      const session = lookups.knownSession(sessionId);
      if (session) seen(session);
    },
    async changeSession(id, change) {
      await store.sessions.change(id, change);
      const known = lookups.knownSession(id);
      if (known) Object.assign(known, change);
      changes.emit('change', { kind: 'session-changed', id, change });
      if (known && change.deviceId !== undefined) whereabouts.emit('changed', known.personId);
    },
    async endSession(sessionId, because) {
      const session = lookups.knownSession(sessionId) ?? (await store.sessions.byId(sessionId));
      if (session) await end(session, because);
      return session !== undefined;
    },
    async sessionsOf(personId) {
      const there = (await store.sessions.ofPerson(personId)).filter(({ id }) => !lookups.isOver(id));
      const rows = there.map((row) => lookups.knownSession(row.id) ?? row);
      return rows.filter((session) => !reasonToEnd({ session, person: { id: personId } })).reverse();
    },
    endSessionsOf,
    isLive: (sessionId) => lookups.knownSession(sessionId) !== undefined,
    onSessionEnded: (listener) => ended.on('ended', listener),
    onWhereabouts: (listener) => whereabouts.on('changed', listener),
    async createPerson({ password, ...person }) {
      if (password !== undefined) await requireGoodPassword(passwords, password, person);
      const passwordHash = password === undefined ? noPassword : await passwords.hash(password);
      return store.people.create({ ...person, disabled: false, passwordHash });
    },
    requireGoodPassword: (of, password) => requireGoodPassword(passwords, password, of),
    async setPassword(id, password, keep) {
      const person = await store.people.byId(id);
      if (!person) throw new AppError('not-found', 'There is no such person.');
      await requireGoodPassword(passwords, password, person);
      await replacePassword(id, await passwords.hash(password), keep);
    },
    removePassword: (id) => replacePassword(id, noPassword),
    async changePerson(id, { password, ...change }) {
      const before = await store.people.byId(id);
      if (!before) return undefined;
      if (password !== undefined) await requireGoodPassword(passwords, password, before);
      const passwordHash = password === undefined ? undefined : await passwords.hash(password);
      const after = await store.people.update(id, { ...change, passwordHash });
      if (passwordHash !== undefined) await needs.halfOpen?.endOf({ id });
      lookups.forgetPerson(id);
      changes.emit('change', { kind: 'person-changed', personId: id });
      if (after && (passwordHash !== undefined || after.disabled || after.role !== before.role))
        await endSessionsOf(id, 'revoked');
      return after;
    },
    createApiKey: keyring.create,
    async revokeApiKey(id) {
      const revoked = await keyring.revoke(id);
      changes.emit('change', { kind: 'key-revoked', id });
      return revoked;
    },
    onChanged: (listener) => changes.on('change', listener),
    onChangedAnywhere: (listener) => anywhere.on('change', listener),
    tookPlaceElsewhere(change) {
      if (change.kind === 'person-changed') lookups.forgetPerson(change.personId);
      else if (change.kind === 'key-revoked') lookups.forgetApiKey(change.id);
      else if (change.kind === 'session-ended') endedElsewhere(change.session, change.because);
      else {
        const known = lookups.knownSession(change.kind === 'session-moved' ? change.session.id : change.id);
        if (known)
          Object.assign(known, change.kind === 'session-moved' ? { address: change.session.address } : change.change);
      }
      anywhere.emit('change', change);
    },
    start() {
      if (timers.length > 0) return;
      const failed = (thrown: unknown) => log.warn({ err: asError(thrown) }, 'sessions could not be looked through');
      timers.push(
        clock.every(sweepEveryMs, () => void sweep().catch(failed)),
        clock.every(lookForMissingEveryMs, () => void lookForMissing().catch(failed)),
      );
    },
    close() {
      for (const timer of timers.splice(0)) timer.cancel();
      ended.clear();
      changes.clear();
      anywhere.clear();
      whereabouts.clear();
    },
  };
}

const passwordSentences: Record<PasswordProblem, string> = {
  'too-short': `The password is too short: ${minimumCharactersDefault} characters or more, unless set otherwise; a few words do well.`,
  'too-long': 'The password has more than 1024 characters.',
  'contains-name': 'The password must not be little more than a name.',
  known: 'This password is on lists of stolen passwords, or is one of them with something added. Choose another.',
};

async function requireGoodPassword(
  passwords: Passwords,
  password: string,
  of: { login: string; displayName: string },
): Promise<void> {
  const problem = await passwords.problemOf(password, of);
  if (problem) throw new AppError('invalid-argument', passwordSentences[problem], { details: { problem } });
}
