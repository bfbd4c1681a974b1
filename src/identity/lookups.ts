// What was looked up about sessions, people and keys, believed for 15 seconds; while the database is away, for 15 minutes.
// Ending a session or changing a person in this program clears it, so the delay concerns only other programs on the same
// database. Bounded by the number of sessions in use.

import type { Clock } from '../shared/clock.ts';
import { AppError } from '../shared/errors.ts';
import type { ApiKeyId, PersonId, SessionId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { ApiKey, Person, Session } from '../store/records.ts';
import type { Store } from '../store/store.ts';

const believedMs = 15_000;
const believedWithoutDatabaseMs = 15 * 60_000;
const mostKept = 20_000;

interface Found<T> {
  value: T;
  checkedAt: number;
}

interface SessionAndPerson {
  session: Session;
  person: Person;
}

export interface Lookups {
  session(tokenHash: string): Promise<SessionAndPerson | undefined>;
  /** A session that has just begun. */
  remember(begun: SessionAndPerson): void;
  apiKey(keyHash: string): Promise<ApiKey | undefined>;
  /** The session object in use, whose `seenAt` is the newest. */
  knownSession(id: SessionId): Session | undefined;
  knownSessions(): Session[];
  /** It ended a moment ago: its row may be there still. */
  isOver(id: SessionId): boolean;
  forgetSession(id: SessionId): void;
  forgetPerson(id: PersonId): void;
  forgetApiKey(id: ApiKeyId): void;
}

export function createLookups({ clock, log, store }: { clock: Clock; log: Logger; store: Store }): Lookups {
  const sessions = new Map<string, Found<SessionAndPerson>>();
  const apiKeys = new Map<string, Found<ApiKey>>();
  /** Ended a moment ago: an answer of the database that was on its way must not bring one back. */
  const endedSessions = new Set<SessionId>();

  async function lookUp<T>(
    known: Map<string, Found<T>>,
    hash: string,
    ask: (before: T | undefined) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const before = known.get(hash);
    const ageMs = before ? clock.now() - before.checkedAt : Number.POSITIVE_INFINITY;
    if (before && ageMs < believedMs) return before.value;
    try {
      const value = await ask(before?.value);
      if (value === undefined) known.delete(hash);
      else keep(known, hash, { value, checkedAt: clock.now() });
      return value;
    } catch (thrown) {
      const away = thrown instanceof AppError && thrown.code === 'database-unavailable';
      if (!away || !before || ageMs > believedWithoutDatabaseMs) throw thrown;
      log.debug('the database is away, a session is believed without asking');
      return before.value;
    }
  }

  function forget<T>(known: Map<string, Found<T>>, isMeant: (value: T) => boolean): void {
    for (const [hash, { value }] of known) if (isMeant(value)) known.delete(hash);
  }

  return {
    session: (tokenHash) =>
      lookUp(sessions, tokenHash, async (before) => {
        const row = await store.sessions.byTokenHash(tokenHash);
        const person = row && (await store.people.byId(row.personId));
        if (!row || !person || endedSessions.has(row.id)) return undefined;
        const session = before?.session ?? row;
        session.seenAt = Math.max(session.seenAt, row.seenAt);
        session.address = row.address;
        return { session, person };
      }),
    remember: (begun) => keep(sessions, begun.session.tokenHash, { value: begun, checkedAt: clock.now() }),
    apiKey: (keyHash) => lookUp(apiKeys, keyHash, () => store.apiKeys.byHash(keyHash)),
    knownSession(id) {
      for (const { value } of sessions.values()) if (value.session.id === id) return value.session;
      return undefined;
    },
    isOver: (id) => endedSessions.has(id),
    knownSessions: () => [...sessions.values()].map(({ value }) => value.session),
    forgetSession(id) {
      endedSessions.add(id);
      if (endedSessions.size > mostKept) endedSessions.delete(endedSessions.values().next().value!);
      forget(sessions, ({ session }) => session.id === id);
    },
    forgetPerson(id) {
      // Only what is known about the person is stale; the session objects stay the ones in use.
      for (const found of sessions.values()) if (found.value.person.id === id) found.checkedAt = 0;
    },
    forgetApiKey: (id) => forget(apiKeys, (key) => key.id === id),
  };
}

function keep<T>(known: Map<string, Found<T>>, hash: string, found: Found<T>): void {
  known.delete(hash);
  known.set(hash, found);
  if (known.size > mostKept) known.delete(known.keys().next().value!);
}
