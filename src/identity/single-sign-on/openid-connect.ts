// Single sign-on by OpenID Connect Core 1.0: authorization code with PKCE, state and nonce; the ID token's signature is checked with the
// provider's keys, though it comes by TLS. Requests go through the guard of outgoing requests. The protocol itself is openid-client's
// and jose's; here is what it means for people and sessions.
//
// The provider's subject is linked to a person at the first sign-on, by a claim that is that person's login; from then on only the
// subject counts, so that a claim that is given to somebody else opens nobody's account.

import { createRemoteJWKSet, type JWTPayload, customFetch as jwksFetch, jwtVerify } from 'jose';
import * as client from 'openid-client';
import type { TextSealer } from '../../privacy/seal-text.ts';
import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { SendGuarded } from '../../shared/http/guarded-request.ts';
import type { SessionId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Person } from '../../store/records.ts';
import type { SignInStore } from '../../store/sign-in.ts';
import type { Store } from '../../store/store.ts';
import { guardedFetch } from './guarded-fetch.ts';
import type { NewcomerOf } from './newcomer.ts';
import type { SignedOn, SingleSignOn } from './single-sign-on.ts';

export interface SingleSignOnSettings {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** `https://engawa.example`: where browsers come back to. */
  publicUrl: string;
  label: { ja: string; en: string };
  only: boolean;
  scopes: readonly string[];
  /** Its value is a login here. */
  claim: string;
  secondFactor: { acr: readonly string[]; amr: readonly string[] };
}

interface Kept {
  state: string;
  nonce: string;
  verifier: string;
  startedAt: number;
  stepUp?: SessionId;
}

/** Of a session that began at the provider. */
interface SignOn {
  issuer: string;
  subject: string;
  sid?: string;
  idToken: string;
}

const keptLastsMs = 10 * 60_000;
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
/** Clocks of two computers differ a little. */
const toleranceSeconds = 30;

export function createOpenIdConnect(needs: {
  clock: Clock;
  log: Logger;
  settings: SingleSignOnSettings;
  rows: SignInStore;
  people: Pick<Store['people'], 'byId' | 'byLogin'>;
  sessions: Pick<Store['sessions'], 'ofPerson'>;
  sealer: TextSealer;
  send: SendGuarded;
  /** Adds somebody whom only the provider knows; without it nobody is added. */
  addNewcomer?: NewcomerOf | undefined;
}): SingleSignOn {
  const { clock, log, settings, rows, people, sessions, sealer, send } = needs;
  const fetch = guardedFetch(send);
  const redirectUri = new URL('/api/v1/single-sign-on/callback', settings.publicUrl).href;
  let discovered: Promise<client.Configuration> | undefined;

  /** Once, and again when it failed. */
  function provider(): Promise<client.Configuration> {
    discovered ??= discover().catch((thrown) => {
      discovered = undefined;
      throw thrown;
    });
    return discovered;
  }

  async function discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = settings;
    // In plain HTTP the guard lets requests only into networks that the configuration lists.
    const plain = issuer.startsWith('http:') ? [client.allowInsecureRequests] : [];
    const found = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
      [client.customFetch]: fetch,
      execute: [...plain, client.enableNonRepudiationChecks],
    });
    found[client.customFetch] = fetch;
    return found;
  }

  function unseal<T>(sealed: string, about: string): T | undefined {
    const text = sealer.open(sealed, about);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  async function claimsOf(config: client.Configuration, tokens: Tokens): Promise<JWTPayload | undefined> {
    const claims = tokens.claims();
    if (!claims || claims[settings.claim] !== undefined || !config.serverMetadata().userinfo_endpoint)
      return claims as JWTPayload | undefined;
    const more = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    return { ...more, ...claims };
  }

  async function personOf(issuer: string, claims: JWTPayload): Promise<Person | undefined> {
    const subject = claims.sub ?? '';
    const linked = await rows.signedOn.personOf(issuer, subject);
    if (linked) return people.byId(linked);
    const login = loginOf(claims, settings.claim);
    if (login === undefined) return undefined;
    const person = (await people.byLogin(login)) ?? (await needs.addNewcomer?.(login, claims));
    return person && (await rows.signedOn.link(issuer, subject, person.id, clock.now())) ? person : undefined;
  }

  function isSecondFactor({ acr, amr }: JWTPayload): boolean {
    const { secondFactor } = settings;
    if (typeof acr === 'string' && secondFactor.acr.includes(acr)) return true;
    return Array.isArray(amr) && amr.some((one) => secondFactor.amr.includes(String(one)));
  }

  async function finish(url: URL, { state, nonce, verifier, startedAt, stepUp }: Kept): Promise<SignedOn> {
    const config = await provider();
    const tokens = await client.authorizationCodeGrant(config, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const claims = await claimsOf(config, tokens);
    if (!claims?.sub) return { kind: 'refused', because: 'failed' };
    const { issuer } = config.serverMetadata();
    const person = await personOf(issuer, claims);
    if (!person) return { kind: 'refused', because: 'unknown-person' };
    if (person.disabled) return { kind: 'refused', because: 'disabled' };
    if (stepUp) {
      // What the provider remembers from earlier proves nothing now.
      const provenAt = Number(claims['auth_time'] ?? 0) + toleranceSeconds;
      const fresh = provenAt * 1000 >= startedAt;
      return fresh ? { kind: 'stepped-up', sessionId: stepUp, person } : { kind: 'refused', because: 'failed' };
    }
    const sid = typeof claims['sid'] === 'string' ? { sid: claims['sid'] } : {};
    const signOn: SignOn = { issuer, subject: claims.sub, ...sid, idToken: tokens.id_token ?? '' };
    const signedOn = sealer.seal(JSON.stringify(signOn), 'sign-on');
    return { kind: 'person', person, signedOn, isSecondFactor: isSecondFactor(claims) };
  }

  return {
    offer: { label: settings.label, only: settings.only },
    async begin(stepUp) {
      const config = await provider();
      const kept: Kept = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
        startedAt: clock.now(),
        ...(stepUp ? { stepUp } : {}),
      };
      const { acr } = settings.secondFactor;
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: settings.scopes.join(' '),
        state: kept.state,
        nonce: kept.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(kept.verifier),
        code_challenge_method: 'S256',
        ...(acr.length > 0 ? { acr_values: acr.join(' ') } : {}),
        ...(stepUp ? { prompt: 'login', max_age: '0' } : {}),
      });
      return { url: url.href, kept: sealer.seal(JSON.stringify(kept), 'kept') };
    },
    async finish(url, sealed) {
      const kept = unseal<Kept>(sealed, 'kept');
      if (!kept || kept.startedAt + keptLastsMs <= clock.now()) return { kind: 'refused', because: 'failed' };
      if (!(await rows.useOnce(`sign-on ${kept.state}`, clock.now() + keptLastsMs)))
        return { kind: 'refused', because: 'failed' };
      // The person thought better of it, or the provider would not.
      if (url.searchParams.has('error') && url.searchParams.get('state') === kept.state)
        return { kind: 'refused', because: 'denied' };
      try {
        return await finish(url, kept);
      } catch (thrown) {
        log.warn({ because: reasonOf(thrown) }, 'a single sign-on came back, and is not right');
        return { kind: 'refused', because: 'failed' };
      }
    },
    async began(sessionId, signedOn) {
      const signOn = unseal<SignOn>(signedOn, 'sign-on');
      if (signOn) await rows.signedOn.began(sessionId, signOn.sid ? sidOf(signOn.issuer, signOn.sid) : null, signedOn);
    },
    async endUrl(sessionId) {
      const sealed = await rows.signedOn.ofSession(sessionId);
      const signOn = sealed === undefined ? undefined : unseal<SignOn>(sealed, 'sign-on');
      const config = signOn && (await provider().catch(() => undefined));
      if (!signOn || !config?.serverMetadata().end_session_endpoint) return undefined;
      return client.buildEndSessionUrl(config, {
        id_token_hint: signOn.idToken,
        post_logout_redirect_uri: new URL('/', settings.publicUrl).href,
      }).href;
    },
    async loggedOut(logoutToken) {
      const config = await provider();
      const { issuer } = config.serverMetadata();
      const claims = await verifiedLogout(config, logoutToken);
      const { sid, sub, jti = '' } = claims ?? {};
      if (!claims || !(await rows.useOnce(`logout ${jti}`, clock.now() + keptLastsMs))) return undefined;
      if (typeof sid === 'string') return rows.signedOn.bySid(sidOf(issuer, sid));
      const personId = sub === undefined ? undefined : await rows.signedOn.personOf(issuer, sub);
      const theirs = personId ? await sessions.ofPerson(personId) : [];
      const begun = await Promise.all(theirs.map(async ({ id }) => ((await rows.signedOn.ofSession(id)) ? [id] : [])));
      return begun.flat();
    },
  };

  /** OpenID Connect Back-Channel Logout 1.0 §2.6. */
  async function verifiedLogout(config: client.Configuration, token: string): Promise<JWTPayload | undefined> {
    const { issuer, jwks_uri } = config.serverMetadata();
    try {
      const keys = createRemoteJWKSet(new URL(jwks_uri ?? ''), { [jwksFetch]: fetch });
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        issuer,
        audience: settings.clientId,
        clockTolerance: toleranceSeconds,
        maxTokenAge: '3m',
        currentDate: new Date(clock.now()),
        requiredClaims: ['iat', 'jti', 'events'],
      });
      const { events } = payload;
      const isLogout = typeof events === 'object' && events !== null && logoutEvent in events;
      // §2.4 recommends a type, and older providers give none.
      const isOfType = [undefined, 'jwt', 'logout+jwt'].includes(protectedHeader.typ?.toLowerCase());
      return isLogout && isOfType && payload['nonce'] === undefined ? payload : undefined;
    } catch (thrown) {
      log.warn({ because: asError(thrown).message }, 'a logout token is not right');
      return undefined;
    }
  }
}

type Tokens = Awaited<ReturnType<typeof client.authorizationCodeGrant>>;

const sidOf = (issuer: string, sid: string): string => `${issuer} ${sid}`;

/** An address counts only when the provider says that it is really that person's. */
function loginOf(claims: JWTPayload, claim: string): string | undefined {
  const value = claims[claim];
  if (claim === 'email' && claims['email_verified'] !== true) return undefined;
  return typeof value === 'string' && value !== '' ? value.toLowerCase() : undefined;
}

/** What the library says, and what the provider said to it; neither has a token in it. */
function reasonOf(thrown: unknown): string {
  const error = asError(thrown);
  const code = (error as { code?: unknown; error?: unknown }).error ?? (error as { code?: unknown }).code;
  return code ? `${error.message} (${String(code)})` : error.message;
}
