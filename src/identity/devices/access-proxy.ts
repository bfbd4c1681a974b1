// What an identity-aware access proxy signed of a request: a JWT (RFC 7519, RFC 7515) in a header, checked against the proxy's public
// keys (JWKS, RFC 7517), issuer, audience and time. A token that was checked is believed until it expires; keys that are fetched
// are asked for again when a token names one that is not known, and not more often than once in half a minute.

import { createHash } from 'node:crypto';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { SaidHeaders } from './browser-version.ts';
import type { AccessProxySettings, SeenAccess } from './device-policy.ts';

export interface AccessProxies {
  /** Undefined: the request has passed none of them, as far as can be shown. Rejects never. */
  seenIn(headers: SaidHeaders): Promise<SeenAccess | undefined>;
}

/** The JWKS of a proxy as text. */
export type FetchKeys = (keys: AccessProxySettings['keys']) => Promise<string>;

const longestToken = 8192;
const fetchAgainMs = 30_000;
const believeKeysMs = 3_600_000;
const mostTokens = 5000;
/** Clocks of two companies' machines. */
const clockToleranceSeconds = 30;

export function createAccessProxies(needs: {
  proxies: readonly AccessProxySettings[];
  fetchKeys: FetchKeys;
  clock: Clock;
  log: Logger;
}): AccessProxies {
  const { proxies, clock, log } = needs;
  const keys = new Map<string, { set: JSONWebKeySet; at: number; triedAt: number }>();
  const tokens = new Map<string, SeenAccess>();

  async function keysOf(proxy: AccessProxySettings, keyId: string | undefined): Promise<JSONWebKeySet> {
    const known = keys.get(proxy.name);
    const now = clock.now();
    const has = known && (keyId === undefined || known.set.keys.some(({ kid }) => kid === keyId));
    if (known && ((has && now - known.at < believeKeysMs) || now - known.triedAt < fetchAgainMs)) return known.set;
    try {
      const set = JSON.parse(await needs.fetchKeys(proxy.keys)) as JSONWebKeySet;
      if (!Array.isArray(set.keys)) throw new Error('it has no keys');
      keys.set(proxy.name, { set, at: now, triedAt: now });
      return set;
    } catch (thrown) {
      log.warn({ err: asError(thrown), proxy: proxy.name }, 'the keys of an access proxy cannot be had');
      if (!known) throw thrown;
      keys.set(proxy.name, { ...known, triedAt: now });
      return known.set;
    }
  }

  async function verify(proxy: AccessProxySettings, token: string): Promise<SeenAccess | undefined> {
    try {
      const { kid, typ = 'JWT' } = decodeProtectedHeader(token);
      // A token for another use, such as an access or a logout token, says so.
      if (typ.toUpperCase() !== 'JWT') throw new Error(`it is of the type ${typ}`);
      const { payload } = await jwtVerify(token, createLocalJWKSet(await keysOf(proxy, kid)), {
        issuer: proxy.issuer,
        audience: [...proxy.audiences],
        algorithms: [...proxy.algorithms],
        requiredClaims: ['exp'],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(clock.now()),
      });
      return {
        proxy: proxy.name,
        screenLock: proxy.screenLock !== null && claimOf(payload, proxy.screenLock) === true,
        login: proxy.person === null ? null : String(claimOf(payload, proxy.person) ?? '').toLowerCase(),
        expiresAt: payload.exp! * 1000,
      };
    } catch (thrown) {
      // Whoever comes past the proxy may send anything here.
      log.debug({ err: asError(thrown), proxy: proxy.name }, 'a token of an access proxy does not hold');
      return undefined;
    }
  }

  return {
    async seenIn(headers) {
      for (const proxy of proxies) {
        const token = headers[proxy.header];
        if (typeof token !== 'string' || token === '' || token.length > longestToken) continue;
        const key = `${proxy.name} ${createHash('sha256').update(token).digest('base64url')}`;
        const before = tokens.get(key);
        if (before && before.expiresAt > clock.now()) return before;
        const seen = await verify(proxy, token);
        if (!seen) continue;
        tokens.set(key, seen);
        if (tokens.size > mostTokens) tokens.delete(tokens.keys().next().value!);
        return seen;
      }
      return undefined;
    },
  };
}

function claimOf(payload: JWTPayload, path: string): unknown {
  let value: unknown = payload;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
