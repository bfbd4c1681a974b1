// API keys: 256 random bits with a recognisable beginning. We keep their SHA-256, which is enough for that much randomness.

import { hashOfSecret, newSessionToken } from './tokens.ts';

const prefix = 'engawa_';

/** Recognisable for scanners that look for leaked keys. */
export function newApiKey(): string {
  return prefix + newSessionToken();
}

export function hashApiKey(key: string): string {
  return hashOfSecret(key);
}
