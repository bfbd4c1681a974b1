// Asking those who call us for credentials, and checking them. SHA-256 is offered before MD5 (RFC 8760 §2.3); an unknown
// user costs the same work as a wrong password. Nonces are protocol/sip/auth/nonces.ts.

import { randomBytes } from 'node:crypto';
import {
  type DigestAlgorithm,
  formatChallenge,
  parseCredentials,
  verifyCredentials,
} from '../../protocol/sip/auth/digest.ts';
import { createNonces } from '../../protocol/sip/auth/nonces.ts';
import { parseSipUri } from '../../protocol/sip/uri.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Random } from '../../shared/random.ts';
import { joinedDigests } from './joined.ts';

export type Verdict<Who> = { kind: 'ok'; who: Who } | { kind: 'challenge'; stale: boolean } | { kind: 'wrong' };

export interface DigestVerifier<Who> {
  /** `find` gives the password of a user and who that is. */
  check(
    authorization: string | undefined,
    request: { method: string; uri: string; body: string | undefined },
    find: (username: string) => { password: string; who: Who } | undefined,
  ): Verdict<Who>;
  /** The value of WWW-Authenticate, one challenge per algorithm, each on a line of its own. */
  challenge(stale: boolean, algorithms?: readonly DigestAlgorithm[]): string;
}

const offered: readonly DigestAlgorithm[] = ['SHA-256', 'MD5'];
const lifetimeMs = 120_000;

export function createDigestVerifier<Who>(needs: { clock: Clock; random: Random; realm: string }): DigestVerifier<Who> {
  const { clock, random, realm } = needs;
  const nonces = createNonces({ clock, random, secret: randomBytes(32), lifetimeMs });
  const nobodysPassword = randomBytes(16).toString('hex');
  return {
    check(authorization, { method, uri, body }, find) {
      const given = joinedDigests(authorization)
        .flatMap((one) => parseCredentials(one) ?? [])
        .find((one) => one.realm === realm);
      if (!given) return { kind: 'challenge', stale: false };
      const known = find(given.username);
      const secret = { password: known?.password ?? nobodysPassword };
      const right = verifyCredentials(given, secret, method, Buffer.from(body ?? ''));
      if (!right || !known || !sameResource(given.uri, uri)) return { kind: 'wrong' };
      const state = nonces.use(given.nonce, given.nc);
      return state === 'ok' ? { kind: 'ok', who: known.who } : { kind: 'challenge', stale: state === 'stale' };
    },
    challenge(stale, algorithms = offered) {
      const nonce = nonces.issue();
      // RFC 3261 §7.3.1 forbids joining challenges by commas, and drachtio-srf knows one value per header name.
      return algorithms
        .map((algorithm) => formatChallenge({ realm, nonce, algorithm, qop: ['auth'], stale }))
        .join('\r\nWWW-Authenticate: ');
    },
  };
}

/** The same URI, or one of the same host: gateways leave the user part out, and proxies on the way rewrite it. */
function sameResource(given: string, requested: string): boolean {
  if (given === requested) return true;
  const [one, other] = [parseSipUri(given), parseSipUri(requested)];
  return one !== undefined && other !== undefined && one.host === other.host && one.port === other.port;
}
