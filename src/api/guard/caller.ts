// Who asks, and whether they may. Every route under /api says what it needs; one that says nothing is refused.
//
//   a browser   cookie engawa_session (cookies.ts); what changes something also needs the header X-CSRF-Token, and an Origin that is ours
//   a program   Authorization: Bearer engawa_…

import type { FastifyRequest } from 'fastify';
import type { Identity, KeyHolder, SignedIn } from '../../identity/identity.ts';
import { hasDesk, hasSoftphone, isForUnlimited, type Permission, roleMay } from '../../identity/permissions.ts';
import { isLimited } from '../../identity/scopes.ts';
import { csrfTokenOf, isSame } from '../../identity/tokens.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Person, Role } from '../../store/records.ts';
import { HttpProblem } from '../errors.ts';
import type { ApiLimits, ListenSettings } from '../needs.ts';
import type { App } from '../server.ts';
import type { DeviceDoor } from './device-door.ts';

/** How long a step-up counts. */
export const stepUpLastsMs = 5 * 60_000;

export type Caller = SignedIn | KeyHolder;

/** `public`: anybody; `anyone signed in`: any role. */
export type Need = 'public' | 'signed-in' | Permission;

declare module 'fastify' {
  interface FastifyContextConfig {
    needs?: Need;
    /** Only soon after the person has proven to be there once more. Programs with a key are let through. */
    stepUp?: true;
    /** Answered before the device has proven itself, too. `fresh`: only right after it has. */
    device?: 'not-needed' | 'fresh';
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

export function roleOf(caller: Caller): Role {
  return caller.kind === 'session' ? caller.person.role : caller.key.role;
}

/** By role; and what concerns the whole company not by who is limited to sites or queues. */
export function may(caller: Caller, permission: Permission): boolean {
  if (!roleMay(roleOf(caller), permission)) return false;
  const { scope } = caller.kind === 'session' ? caller.person : caller.key;
  return !(isLimited(scope) && isForUnlimited(permission));
}

/** The permission that was lacking is a member of the problem, for programs. */
function notAllowed(caller: Caller, permission: Permission): HttpProblem {
  const role = roleOf(caller);
  const detail = roleMay(role, permission)
    ? 'This concerns the whole company, and is not for who is limited to sites or queues.'
    : `This needs the permission “${permission}”, which the role “${role}” does not have.`;
  return new HttpProblem(403, detail, { more: { permission } });
}

/** The id that limits and idempotency keys are kept under. */
export function credentialOf(caller: Caller): string {
  return caller.kind === 'session' ? caller.session.id : caller.key.id;
}

export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new HttpProblem(401);
  return request.caller;
}

/** The person who asks; a program is nobody. */
export function personOf(request: FastifyRequest): Person {
  const caller = callerOf(request);
  if (caller.kind !== 'session') throw new HttpProblem(403, 'This is for people, not for API keys.');
  return caller.person;
}

/** The person who asks, if there is a desk to work at. */
export function deskOwnerOf(request: FastifyRequest): Person {
  const person = personOf(request);
  if (!hasDesk(person)) throw new HttpProblem(403, 'This person serves no queue and has no desk.', { code: 'no-desk' });
  return person;
}

/** The person who asks, if there is a softphone to be rung. */
export function softphoneOwnerOf(request: FastifyRequest): Person {
  const person = personOf(request);
  if (!hasSoftphone(person)) throw new HttpProblem(403, 'This person has no desk.', { code: 'no-desk' });
  return person;
}

export function isOwnOrigin(origin: string | undefined, host: string | undefined, listen: ListenSettings): boolean {
  if (origin === undefined) return true;
  if (listen.publicUrl !== undefined && origin === new URL(listen.publicUrl).origin) return true;
  return origin === `${listen.tls ? 'https' : 'http'}://${host}`;
}

export function guardRoutes(
  app: App,
  needs: { clock: Clock; identity: Identity; listen: ListenSettings; limits: ApiLimits; deviceDoor?: DeviceDoor },
): void {
  const { identity, listen, limits, deviceDoor } = needs;
  app.decorateRequest('caller', null);
  const overAddressLimit = app.createRateLimit({
    max: limits.requestsPerMinutePerAddress,
    timeWindow: 60_000,
    keyGenerator: (request: FastifyRequest) => request.ip,
  });
  const overCredentialLimit = app.createRateLimit({
    max: limits.requestsPerMinutePerCredential,
    timeWindow: 60_000,
    keyGenerator: (request: FastifyRequest) => credentialOf(callerOf(request)),
  });

  app.addHook('onRequest', async (request, reply) => {
    if (request.is404 || !request.routeOptions.url?.startsWith('/api/')) return;
    // Answers are about whoever asks, at this moment.
    void reply.header('cache-control', 'no-store');
    const need = request.routeOptions.config.needs;
    if (need === undefined) throw new Error(`${request.routeOptions.url} does not say what it needs`);
    requireWithin(await overAddressLimit(request));
    const changes = !['GET', 'HEAD', 'OPTIONS'].includes(request.method);
    if (changes && !isOwnOrigin(request.headers.origin, request.headers.host, listen))
      throw new HttpProblem(403, 'This request comes from another site.');
    if (need === 'public') return;
    request.caller = await findCaller(request, identity, changes);
    if (!request.caller) await deviceDoor?.tellWhyEnded(request, reply, app.ownCookies.of(request, 'session'));
    if (!request.caller) throw new HttpProblem(401);
    if (deviceDoor && request.caller.kind === 'session') await passDoor(deviceDoor, request, request.caller, need);
    if (need !== 'signed-in' && !may(request.caller, need)) throw notAllowed(request.caller, need);
    requireWithin(await overCredentialLimit(request));
    if (request.routeOptions.config.stepUp) requireSteppedUp(request.caller, needs.clock.now());
  });
}

/** What somebody does at a desk: `desk`, and calls of one's own. */
const deskNeeds: readonly Need[] = ['desk', 'calls:place-own', 'calls:command-own', 'calls:monitor'];

async function passDoor(door: DeviceDoor, request: FastifyRequest, caller: SignedIn, need: Need): Promise<void> {
  const { device } = request.routeOptions.config;
  if (device === 'not-needed') return;
  const to = device === 'fresh' ? 'softphone' : deskNeeds.includes(need) ? 'desk' : 'anything';
  await door.enter(caller, request, request.server.ownCookies.of(request, 'session')!, to);
}

/** What a stolen glance at an open page must not reach: the person proves to be there again, and may then go on for a while. */
function requireSteppedUp(caller: Caller, now: number): void {
  if (caller.kind !== 'session') return;
  const at = caller.session.steppedUpAt;
  if (at === undefined || at + stepUpLastsMs <= now)
    throw new HttpProblem(403, 'This needs you to prove again that it is you.', { code: 'step-up-needed' });
}

function requireWithin(
  limit: { isAllowed: true } | { isAllowed: false; isExceeded: boolean; ttlInSeconds: number },
): void {
  if (!limit.isAllowed && limit.isExceeded)
    throw new HttpProblem(429, undefined, { headers: { 'retry-after': String(limit.ttlInSeconds) } });
}

/** Null: nobody we know. `changes`: the request changes something, so a cookie alone does not do. */
export async function findCaller(
  request: FastifyRequest,
  identity: Identity,
  changes: boolean,
): Promise<Caller | null> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const key = /^Bearer (engawa_[\w-]{1,100})$/i.exec(authorization)?.[1];
    return (key && (await identity.byApiKey(key))) || null;
  }
  const token = request.server.ownCookies.of(request, 'session');
  if (!token || token.length > 100) return null;
  const signedIn = await identity.bySessionToken(token, request.ip);
  if (!signedIn) return null;
  const given = request.headers['x-csrf-token'];
  if (changes && !(typeof given === 'string' && isSame(given, csrfTokenOf(token))))
    throw new HttpProblem(403, 'The X-CSRF-Token header is missing or belongs to another session.', {
      code: 'stale-page',
    });
  return signedIn;
}
