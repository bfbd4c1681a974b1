// Answering a digest challenge to a request of ours (RFC 3261 §22.2, §22.3).

import { randomBytes } from 'node:crypto';
import type { SrfMessage } from '../link/srf-types.ts';
import { bestChallenge, formatCredentials } from './digest.ts';

export interface Credentials {
  user: string;
  password: string;
}

/**
 * The header that answers a 401 or 407; undefined when no challenge can be answered, or when these credentials were
 * refused before (`again`) and the server does not merely say that its nonce was stale.
 */
export function answerChallenge(
  response: SrfMessage & { status: number },
  { credentials, method, uri, again }: { credentials: Credentials; method: string; uri: string; again: boolean },
): Record<string, string> | undefined {
  const proxy = response.status === 407;
  const challenge = bestChallenge(response.get(proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate'));
  if (!challenge || (again && !challenge.stale)) return undefined;
  const { algorithm, realm, nonce, qop, opaque } = challenge;
  const once = qop ? { qop, nc: '00000001', cnonce: randomBytes(12).toString('hex') } : {};
  const { user: username, password } = credentials;
  const value = formatCredentials({ algorithm, username, realm, password, method, uri, nonce, ...once }, opaque);
  return { [proxy ? 'Proxy-Authorization' : 'Authorization']: value };
}
