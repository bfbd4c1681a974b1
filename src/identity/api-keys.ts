// API keys: 256 random bits with a recognisable beginning. We keep their SHA-256, which is enough for that much randomness. A key is
// for a program: it has a role, perhaps a limit to sites and queues, perhaps an end; nobody signs in with it.

import type { Clock } from '../shared/clock.ts';
import { AppError, asError } from '../shared/errors.ts';
import { type ApiKeyId, newId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { ApiKey, Role, Scope } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Lookups } from './lookups.ts';
import { hashOfSecret, newSessionToken } from './tokens.ts';

const prefix = 'engawa_';
const usedWrittenEveryMs = 60_000;

/** Recognisable for scanners that look for leaked keys. */
export function newApiKey(): string {
  return prefix + newSessionToken();
}

export function hashApiKey(key: string): string {
  return hashOfSecret(key);
}

export interface NewKey {
  name: string;
  role: Role;
  scope?: Scope;
  expiresAt?: number;
}

export interface ApiKeyring {
  /** The key, if it is good now; notes that it was used. */
  find(secret: string): Promise<ApiKey | undefined>;
  create(key: NewKey): Promise<{ key: ApiKey; secret: string }>;
  revoke(id: ApiKeyId): Promise<boolean>;
}

export function createApiKeyring(needs: { clock: Clock; log: Logger; store: Store; lookups: Lookups }): ApiKeyring {
  const { clock, log, store, lookups } = needs;
  const writtenUsedAt = new Map<ApiKeyId, number>();

  function used(id: ApiKeyId): void {
    const now = clock.now();
    if (now - (writtenUsedAt.get(id) ?? 0) < usedWrittenEveryMs) return;
    writtenUsedAt.set(id, now);
    store.apiKeys.used(id, now).catch((thrown) => {
      log.debug({ err: asError(thrown), keyId: id }, 'that a key was used could not be written');
    });
  }

  return {
    async find(secret) {
      const key = await lookups.apiKey(hashApiKey(secret));
      if (!key || key.revokedAt !== null || (key.expiresAt ?? Number.POSITIVE_INFINITY) <= clock.now())
        return undefined;
      used(key.id);
      return key;
    },
    async create({ name, role, scope, expiresAt }) {
      if (role === 'agent')
        throw new AppError('invalid-argument', 'An API key cannot be an agent: an agent is a person.');
      const now = clock.now();
      if (expiresAt !== undefined && expiresAt <= now)
        throw new AppError('invalid-argument', 'The end of this key is over.');
      const secret = newApiKey();
      const key: ApiKey = {
        id: newId('apiKey', now),
        name,
        role,
        keyHash: hashApiKey(secret),
        createdAt: now,
        revokedAt: null,
        ...(scope ? { scope } : {}),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      };
      await store.apiKeys.create(key);
      return { key, secret };
    },
    revoke(id) {
      lookups.forgetApiKey(id);
      writtenUsedAt.delete(id);
      return store.apiKeys.revoke(id, clock.now());
    },
  };
}
