// Passwords: argon2id (RFC 9106) with OWASP's parameters of 2023: 19 MiB, two passes, one lane, about 30 ms of one core.
// A login that nobody has is checked against a password that nobody has, so that the time says nothing.
// At most two are computed at once; the others wait their turn.

import { randomBytes } from 'node:crypto';
import { type Algorithm, hash, verify } from '@node-rs/argon2';

// `Algorithm.Argon2id`, as a value: the package declares an ambient const enum.
const argon2id = 2 satisfies Algorithm.Argon2id;
const parameters = { algorithm: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const mostAtOnce = 2;

export interface Passwords {
  hash(password: string): Promise<string>;
  /** False as slowly for an unknown login (`undefined`) as for a wrong password. */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>;
}

export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFKC'), parameters);
}

export function createPasswords(): Passwords {
  const inTurn = limitConcurrency(mostAtOnce);
  const nobodys = inTurn(() => hash(randomBytes(24).toString('base64'), parameters));

  return {
    hash: (password) => inTurn(() => hashPassword(password)),
    async verify(passwordHash, password) {
      const against = passwordHash ?? (await nobodys);
      const right = await inTurn(() => verify(against, password.normalize('NFKC')));
      return right && passwordHash !== undefined;
    },
  };
}

export type PasswordProblem = 'too-short' | 'too-long' | 'contains-login';

/** Length is what counts (NIST SP 800-63B §3.1.1.2); no rules about kinds of characters. */
export function passwordProblem(password: string, login: string): PasswordProblem | undefined {
  if ([...password].length < 12) return 'too-short';
  if (password.length > 1024) return 'too-long';
  if (password.toLowerCase().includes(login.toLowerCase())) return 'contains-login';
  return undefined;
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
