// Answering a digest challenge to a request of ours (RFC 3261 §22.2, §22.3), the strongest that is offered (RFC 8760).

import { randomBytes } from 'node:crypto';
import { answerChallenge as answer, formatCredentials, strongestChallenge } from '../../protocol/sip/auth/digest.ts';
import type { SrfMessage } from '../link/srf-types.ts';
import { joinedDigests } from './joined.ts';

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
  request: { credentials: Credentials; method: string; uri: string; body?: string; again: boolean },
): Record<string, string> | undefined {
  const proxy = response.status === 407;
  const challenges = joinedDigests(response.get(proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate'));
  const challenge = strongestChallenge(challenges);
  if (!challenge || (request.again && !challenge.stale)) return undefined;
  const credentials = answer({
    challenge,
    method: request.method,
    uri: request.uri,
    username: request.credentials.user,
    secret: { password: request.credentials.password },
    cnonce: randomBytes(12).toString('hex'),
    count: 1,
    body: Buffer.from(request.body ?? ''),
  });
  return { [proxy ? 'Proxy-Authorization' : 'Authorization']: formatCredentials(credentials) };
}
