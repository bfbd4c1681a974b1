// Secrets: from the environment, from the file that NAME_FILE names (Docker, Kubernetes and systemd hand secrets out as
// files), or from files in the data folder that only this user may read. Never logged, never in config.
// The vault key is the one that must be kept with the backups: without it aliases cannot be called back.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from './shared/errors.ts';
import { derivedKey, fixedKey, type KeyRing, openingKeys, parseKeyRing } from './shared/key-ring.ts';
import { makeFolder } from './shared/make-folder.ts';

export interface Secrets {
  databaseUrl: string | undefined;
  /** One URL, or several separated by commas; they may hold a password. */
  redisUrl: string | undefined;
  /** Shared with coturn (static-auth-secret): TURN credentials of desks are made with it. */
  turnSecret: string | undefined;
  /** Both are derived from the one vault key (RFC 5869): aliases are made with one, numbers sealed with the other. */
  vault: { aliasKey: Buffer; sealingKeys: Buffer[] };
  /** Derived from it too: one-time codes are kept hashed with this one. */
  codeKey: Buffer;
  /** Codes that were made before the last rotation of keys are known by these. */
  olderCodeKeys: Buffer[];
  /** Derived from it too: tickets for the WebSocket of softphones are made with this one, the same on all nodes. */
  ticketKey: Buffer;
  /** Derived from it too: challenges of passkeys, and hashes of recovery codes. */
  signInKey: Buffer;
  /** Derived from it too: what lets a session have the bytes of a recording is signed with this one, on every node alike. */
  playKey: Buffer;
}

/** What NAME holds, or the file that NAME_FILE names holds; undefined when neither is set. */
export function secretFromEnvironment(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  const file = environment[`${name}_FILE`];
  if (environment[name] || !file) return environment[name];
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (cause) {
    throw new AppError('secret-missing', `${name}_FILE names ${file}, which cannot be read.`, { cause });
  }
}

export function loadSecrets(dataFolder: string, environment: NodeJS.ProcessEnv = process.env): Secrets {
  makeFolder(dataFolder);
  const secret = (name: string) => secretFromEnvironment(name, environment);
  const vaultKey = secret('ENGAWA_VAULT_KEY');
  const ring = vaultKey ? parseKeyRing(vaultKey, 'ENGAWA_VAULT_KEY') : ringFromFile(join(dataFolder, 'vault.key'));
  const all = openingKeys(ring);
  const key = all[0]!;
  const [codeKey, ...olderCodeKeys] = all.map((one) => derivedKey(one, 'verification codes'));
  return {
    databaseUrl: secret('ENGAWA_DATABASE_URL'),
    redisUrl: secret('ENGAWA_REDIS_URL'),
    turnSecret: secret('ENGAWA_TURN_SECRET'),
    vault: { aliasKey: fixedKey(ring, 'alias'), sealingKeys: all.map((one) => derivedKey(one, 'vault seal')) },
    codeKey: codeKey!,
    olderCodeKeys,
    ticketKey: derivedKey(key, 'softphone tickets'),
    signInKey: fixedKey(ring, 'sign-in'),
    playKey: derivedKey(key, 'plays of recordings'),
  };
}

/** What `env:NAME` or `file:PATH` in the configuration stands for. `what` names the setting in the sentence when it is not there. */
export function secretOf(reference: string, what: string, environment: NodeJS.ProcessEnv = process.env): string {
  const [, kind, where = ''] = /^(env|file):(.+)$/.exec(reference) ?? [];
  if (!kind)
    throw new AppError(
      'config-invalid',
      `${what} must be env:NAME or file:PATH: a secret does not belong into the file.`,
    );
  if (kind === 'env') {
    const secret = secretFromEnvironment(where, environment);
    if (!secret) throw new AppError('secret-missing', `${what} is taken from the environment: set ${where}.`);
    return secret;
  }
  try {
    const secret = readFileSync(where, 'utf8').trim();
    if (secret !== '') return secret;
  } catch (cause) {
    throw new AppError('secret-missing', `${what} is taken from ${where}, which cannot be read.`, { cause });
  }
  throw new AppError('secret-missing', `${what} is taken from ${where}, which is empty.`);
}

/** Headers as the configuration has them, with `env:NAME` and `file:PATH` filled in. */
export function headerSecrets(headers: Readonly<Record<string, string>>, of: string): Record<string, string> {
  const value = (name: string, text: string) =>
    /^(env|file):/.test(text) ? secretOf(text, `header ${name} of ${of}`) : text;
  return Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, value(name, text)]));
}

function ringFromFile(file: string): KeyRing {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  if ((statSync(file).mode & 0o077) !== 0)
    throw new AppError('secret-missing', `${file} can be read by others. Run: chmod 600 ${file}`);
  return parseKeyRing(readFileSync(file, 'utf8'), file);
}
