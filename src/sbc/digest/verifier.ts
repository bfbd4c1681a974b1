// Asking for credentials and checking them. Nonces carry their own time and a keyed hash, so nothing is stored for those
// who never come back; of those who do, the nonce count is remembered so that an answer cannot be used twice (RFC 7616 §3.3).
// SHA-256 is offered before MD5 (RFC 8760 §2.3); an unknown user costs the same work as a wrong password.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { digestAlgorithms, digestResponse, readCredentials } from './digest.ts';

export type Verdict<Who> = { kind: 'ok'; who: Who } | { kind: 'challenge'; stale: boolean } | { kind: 'wrong' };

export interface DigestVerifier<Who> {
  /** `find` gives the password of a user and who that is. */
  check(
    authorization: string | undefined,
    request: { method: string; uri: string },
    find: (username: string) => { password: string; who: Who } | undefined,
  ): Verdict<Who>;
  /** The value of WWW-Authenticate, one challenge per algorithm, each on a line of its own. */
  challenge(stale: boolean): string;
}

const nonceLifetimeMs = 120_000;
const maxRemembered = 10_000;

export function createDigestVerifier<Who>({ clock, realm }: { clock: Clock; realm: string }): DigestVerifier<Who> {
  const key = randomBytes(32);
  const counts = new Map<string, number>();

  function sign(stamp: string): string {
    return createHmac('sha256', key).update(stamp).digest('base64url').slice(0, 27);
  }

  function newNonce(): string {
    const stamp = `${clock.now().toString(36)}.${randomBytes(6).toString('base64url')}`;
    return `${stamp}.${sign(stamp)}`;
  }

  function nonceState(nonce: string): 'fresh' | 'stale' | 'forged' {
    const at = nonce.lastIndexOf('.');
    if (at < 0 || !same(nonce.slice(at + 1), sign(nonce.slice(0, at)))) return 'forged';
    const madeAt = Number.parseInt(nonce, 36);
    return clock.now() - madeAt <= nonceLifetimeMs ? 'fresh' : 'stale';
  }

  /** False when this nonce was used with this count, or a higher one. Without qop a nonce is good once. */
  function count(nonce: string, nc: string | undefined): boolean {
    const value = nc === undefined ? 1 : Number.parseInt(nc, 16);
    if (!(value > (counts.get(nonce) ?? 0))) return false;
    if (counts.size >= maxRemembered) counts.delete(counts.keys().next().value!);
    counts.set(nonce, value);
    return true;
  }

  return {
    check(authorization, { method, uri }, find) {
      const given = readCredentials(authorization);
      if (!given || given.realm !== realm) return { kind: 'challenge', stale: false };
      const state = nonceState(given.nonce);
      if (state === 'forged') return { kind: 'challenge', stale: false };
      const known = find(given.username);
      const password = known?.password ?? key.toString('hex');
      const right = same(given.response.toLowerCase(), digestResponse({ ...given, password, method }));
      if (!right || !known || given.uri !== uri) return { kind: 'wrong' };
      if (state === 'stale' || !count(given.nonce, given.nc)) return { kind: 'challenge', stale: true };
      return { kind: 'ok', who: known.who };
    },
    challenge(stale) {
      const nonce = newNonce();
      const one = (algorithm: string) =>
        `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`;
      // RFC 3261 §7.3.1 forbids joining challenges by commas, and drachtio-srf knows one value per header.
      return digestAlgorithms.map(one).join('\r\nWWW-Authenticate: ');
    },
  };
}

function same(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
