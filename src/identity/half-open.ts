// Between the right password and the second factor: no session, only a token that is good for proving or enrolling one, for ten
// minutes. It opens nothing else, since no route but those knows it.

import type { Clock } from '../shared/clock.ts';
import type { Person } from '../store/records.ts';
import type { SignInStore } from '../store/sign-in.ts';
import type { Store } from '../store/store.ts';
import { hashOfSecret, newSessionToken } from './tokens.ts';

export const halfOpenLastsMs = 10 * 60_000;

export interface HalfOpenSignIn {
  person: Person;
  expiresAt: number;
  /** Sealed: it began at the single sign-on provider. */
  signedOn: string | null;
}

export interface HalfOpenSignIns {
  /** `token` goes to the browser and is kept nowhere. */
  begin(person: Person, signedOn?: string): Promise<{ token: string; expiresAt: number }>;
  /** Whose it is; undefined: its time is over, or it was never given. */
  of(token: string): Promise<HalfOpenSignIn | undefined>;
  /** Ends it: a session follows. False: another request was quicker. */
  finish(token: string): Promise<boolean>;
  /** All of a person's end: the password is another now. */
  endOf(person: Pick<Person, 'id'>): Promise<void>;
}

export function createHalfOpenSignIns(needs: {
  clock: Clock;
  rows: SignInStore['halfOpen'];
  people: Pick<Store['people'], 'byId'>;
}): HalfOpenSignIns {
  const { clock, rows, people } = needs;
  return {
    async begin(person, signedOn) {
      const token = newSessionToken();
      const expiresAt = clock.now() + halfOpenLastsMs;
      await rows.create({ tokenHash: hashOfSecret(token), personId: person.id, expiresAt, signedOn: signedOn ?? null });
      return { token, expiresAt };
    },
    async of(token) {
      const row = await rows.byTokenHash(hashOfSecret(token));
      if (!row || row.expiresAt <= clock.now()) return undefined;
      const person = await people.byId(row.personId);
      return person && !person.disabled ? { person, expiresAt: row.expiresAt, signedOn: row.signedOn } : undefined;
    },
    finish: (token) => rows.take(hashOfSecret(token)),
    endOf: ({ id }) => rows.removeOf(id),
  };
}
