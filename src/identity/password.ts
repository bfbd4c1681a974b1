// Passwords: argon2id (RFC 9106) with OWASP's parameters: 19 MiB, two passes, one lane, about 30 ms of one core. Never cut off, and in
// Unicode's composed form (NFC, NIST SP 800-63B-4 §3.1.1.2), so that が is the same whichever keyboard wrote it.
// A login that nobody has is checked against a password that nobody has, so that the time says nothing.
// At most two are computed at once; the others wait their turn.

import { randomBytes } from 'node:crypto';
import { type Algorithm, hash, verify } from '@node-rs/argon2';
import { createKnownPasswords, type KnownPasswords } from './known-passwords.ts';

// `Algorithm.Argon2id`, as a value: the package declares an ambient const enum.
const argon2id = 2 satisfies Algorithm.Argon2id;
const parameters = { algorithm: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const mostAtOnce = 2;

/** In the place of a hash: nobody signs in with a password here. */
export const noPassword = 'none';

/** NIST SP 800-63B-4 §3.1.1.2: for a password that may be the only factor. */
export const minimumCharactersDefault = 15;

export interface Passwords {
  hash(password: string): Promise<string>;
  /** False as slowly for an unknown login (`undefined`) as for a wrong password. */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>;
  /** Why this cannot be somebody's password. */
  problemOf(password: string, of: { login: string; displayName: string }): Promise<PasswordProblem | undefined>;
}

export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFC'), parameters);
}

export function createPasswords(
  needs: { known?: KnownPasswords; minimumCharacters?: number; company?: string } = {},
): Passwords {
  const { known = createKnownPasswords(), minimumCharacters = minimumCharactersDefault, company = '' } = needs;
  const inTurn = limitConcurrency(mostAtOnce);
  const nobodys = inTurn(() => hash(randomBytes(24).toString('base64'), parameters));

  return {
    hash: (password) => inTurn(() => hashPassword(password)),
    async verify(passwordHash, password) {
      const isOne = passwordHash !== undefined && passwordHash !== noPassword;
      const against = isOne ? passwordHash : await nobodys;
      const right = await inTurn(() => verify(against, password.normalize('NFC')));
      return right && isOne;
    },
    async problemOf(password, { login, displayName }) {
      const names = [login, displayName, company, 'engawa'];
      const problem = passwordProblem(password, names, minimumCharacters);
      return problem ?? ((await known.isKnown(password)) ? 'known' : undefined);
    },
  };
}

export type PasswordProblem = 'too-short' | 'too-long' | 'contains-name' | 'known';

/**
 * Length is what counts (NIST SP 800-63B-4 §3.1.1.2); no rules about kinds of characters. `names`: what whoever knows the person
 * would try first; those of fewer than four characters say too little.
 */
export function passwordProblem(
  password: string,
  names: readonly string[],
  minimumCharacters: number,
): Exclude<PasswordProblem, 'known'> | undefined {
  const composed = password.normalize('NFC');
  if ([...composed].length < minimumCharacters) return 'too-short';
  if (password.length > 1024) return 'too-long';
  const bare = (text: string) => text.normalize('NFKC').toLowerCase();
  const rest = names
    .map(bare)
    .filter((name) => name.length >= 4)
    .reduce((left, name) => left.replaceAll(name, ''), bare(password));
  // A name in it does no harm as long as enough is left that has nothing to do with it.
  return [...rest].length < Math.min(minimumCharacters, 12) ? 'contains-name' : undefined;
}

function limitConcurrency(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];

  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
