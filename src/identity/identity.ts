// Who is asking: people who sign in with a password and hold a session, programs that hold an API key.
// Sessions live on the server (PostgreSQL) with an idle and an absolute limit; neither ends a session while its person is
// on a call. What was looked up is believed for a while, and longer while the database is away, so that a desk can go on
// working; ending a session here takes effect at once.

import type { Clock } from '../shared/clock.ts';
import { createEmitter, type Unsubscribe } from '../shared/emitter.ts';
import { AppError, asError } from '../shared/errors.ts';
import { type ApiKeyId, newId, type PersonId, type SessionId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { LiveState } from '../store/live-state.ts';
import type { ApiKey, Person, Role, SecondFactor, Session, SessionChange } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { hashApiKey, newApiKey } from './api-keys.ts';
import { createAttempts, type Proof } from './attempts.ts';
import { createLookups } from './lookups.ts';
import { createPasswords, passwordProblem } from './password.ts';
import type { Places } from './places.ts';
import { createSignIn, type From, type SignedInOutcome, type SignInOutcome, type SignInRequest } from './sign-in.ts';
import { hashOfSecret } from './tokens.ts';

export interface IdentityNeeds {
  clock: Clock;
  log: Logger;
  store: Store;
  settings?: Partial<IdentitySettings>;
  /** True while this person is on a call: the session is not ended under it. */
  isBusy?: (personId: PersonId) => boolean;
  /** Where failed sign-ins are counted with those of other nodes; without it, each node counts its own. */
  overNodes?: Pick<LiveState, 'takeToken'>;
  /** Which places addresses prove; without it, where somebody signs in is not known. */
  places?: Pick<Places, 'at'>;
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
  endSession(sessionId: SessionId, because: SessionEnd): Promise<void>;
  /** Told when a session is over, for whatever reason: cut what hangs on it. */
  onSessionEnded(listener: (ended: { session: Session; because: SessionEnd }) => void): Unsubscribe;
  /** Told when a session began, moved to another place, or ended, in this program: the person may be somewhere else now. */
  onWhereabouts(listener: (personId: PersonId) => void): Unsubscribe;
  createPerson(
    person: Omit<Person, 'id' | 'createdAt' | 'passwordHash' | 'disabled'> & { password: string },
  ): Promise<Person>;
  /** Undefined: no such person. A new password, another role or `disabled` ends the person's sessions. */
  changePerson(
    id: PersonId,
    change: Partial<Omit<Person, 'id' | 'login' | 'createdAt' | 'passwordHash'>> & { password?: string },
  ): Promise<Person | undefined>;
  /** `secret` is shown now and never again. */
  createApiKey(key: { name: string; role: Role }): Promise<{ key: ApiKey; secret: string }>;
  revokeApiKey(id: ApiKeyId): Promise<boolean>;
  /** What this program did to sessions, people and keys, for others on the same database: see `tookPlaceElsewhere`. */
  onChanged(listener: (change: IdentityChange) => void): Unsubscribe;
  /** Another program did this: what was looked up is forgotten, and what hangs on a session that ended is cut. */
  tookPlaceElsewhere(change: IdentityChange): void;
  /** Begins to look for sessions whose time is up. */
  start(): void;
  close(): void;
}

const sweepEveryMs = 30_000;
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
  const whereabouts = createEmitter<{ changed: PersonId }>((error) =>
    log.error({ err: error }, 'a listener of whereabouts failed'),
  );
  const passwords = createPasswords();
  const signIn = createSignIn({
    clock,
    store,
    passwords,
    absoluteMs: settings.absoluteHours * 3_600_000,
    ...(needs.overNodes ? { overNodes: needs.overNodes } : {}),
    ...(needs.places ? { places: needs.places } : {}),
  });
  const again = createAttempts({ clock, what: 'password-again', overNodes: needs.overNodes });
  const lookups = createLookups({ clock, log, store });
  const writtenSeenAt = new Map<SessionId, number>();
  const notRemoved = new Set<SessionId>();
  let sweeping: { cancel(): void } | undefined;

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

  async function endSessionsOf(personId: PersonId): Promise<void> {
    for (const session of await store.sessions.ofPerson(personId)) await end(session, 'revoked');
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
      return { kind: 'session', ...found };
    },
    async byApiKey(secret) {
      const key = await lookups.apiKey(hashApiKey(secret));
      return key && key.revokedAt === null ? { kind: 'key', key } : undefined;
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
      const session = lookups.knownSession(sessionId);
      if (session) await end(session, because);
    },
    onSessionEnded: (listener) => ended.on('ended', listener),
    onWhereabouts: (listener) => whereabouts.on('changed', listener),
    async createPerson({ password, ...person }) {
      requireGoodPassword(password, person.login);
      return store.people.create({ ...person, disabled: false, passwordHash: await passwords.hash(password) });
    },
    async changePerson(id, { password, ...change }) {
      const before = await store.people.byId(id);
      if (!before) return undefined;
      if (password !== undefined) requireGoodPassword(password, before.login);
      const passwordHash = password === undefined ? undefined : await passwords.hash(password);
      const after = await store.people.update(id, { ...change, passwordHash });
      lookups.forgetPerson(id);
      changes.emit('change', { kind: 'person-changed', personId: id });
      if (after && (passwordHash !== undefined || after.disabled || after.role !== before.role))
        await endSessionsOf(id);
      return after;
    },
    async createApiKey({ name, role }) {
      if (role === 'agent')
        throw new AppError('invalid-argument', 'An API key cannot be an agent: an agent is a person.');
      const secret = newApiKey();
      const now = clock.now();
      const key: ApiKey = {
        id: newId('apiKey', now),
        name,
        role,
        keyHash: hashApiKey(secret),
        createdAt: now,
        revokedAt: null,
      };
      await store.apiKeys.create(key);
      return { key, secret };
    },
    async revokeApiKey(id) {
      lookups.forgetApiKey(id);
      const revoked = await store.apiKeys.revoke(id, clock.now());
      changes.emit('change', { kind: 'key-revoked', id });
      return revoked;
    },
    onChanged: (listener) => changes.on('change', listener),
    tookPlaceElsewhere(change) {
      if (change.kind === 'person-changed') return lookups.forgetPerson(change.personId);
      if (change.kind === 'key-revoked') return lookups.forgetApiKey(change.id);
      if (change.kind === 'session-moved') {
        const known = lookups.knownSession(change.session.id);
        if (known) known.address = change.session.address;
        return;
      }
      if (change.kind === 'session-changed') {
        const known = lookups.knownSession(change.id);
        if (known) Object.assign(known, change.change);
        return;
      }
      lookups.forgetSession(change.session.id);
      writtenSeenAt.delete(change.session.id);
      ended.emit('ended', { session: change.session, because: change.because });
    },
    start() {
      sweeping ??= clock.every(sweepEveryMs, () => {
        sweep().catch((thrown) => log.warn({ err: asError(thrown) }, 'sessions could not be looked through'));
      });
    },
    close() {
      sweeping?.cancel();
      ended.clear();
      changes.clear();
      whereabouts.clear();
    },
  };
}

function requireGoodPassword(password: string, login: string): void {
  const problem = passwordProblem(password, login);
  if (problem === 'too-short') throw new AppError('invalid-argument', 'The password needs at least 12 characters.');
  if (problem === 'too-long') throw new AppError('invalid-argument', 'The password has more than 1024 characters.');
  if (problem === 'contains-login') throw new AppError('invalid-argument', 'The password must not contain the login.');
}
