// The door that every session comes through: at sign-in, at each softphone's connection, with each request, and again every few
// seconds while the session runs. Judges what the session has shown (standings.ts) by the company's rules (judge.ts).
//
//   admitted   it goes on
//   prove      the page has a device that it can prove, or has to ask for one; nothing else is answered until then
//   blocked    the session is over; why, whom to ask and a reference are kept for a day, and are all that is told
//
// A session that was let in once is not blocked while its person is on a call: what was found then counts when the call is over, and
// no further call is offered meanwhile (device-facts.ts). A device that is revoked is not waited for.

import { randomInt } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { createEmitter, type Unsubscribe } from '../../shared/emitter.ts';
import { asError } from '../../shared/errors.ts';
import type { DeviceId, PersonId, SessionId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { DeviceBlock, DeviceRow, SessionStanding } from '../../store/devices.ts';
import type { Person, Session } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { Audit, AuditActor } from '../audit/audit.ts';
import type { Identity, SignedIn } from '../identity.ts';
import type { Places } from '../places.ts';
import type { AccessProxies } from './access-proxy.ts';
import type { DevicePolicy, Violation } from './device-policy.ts';
import { canBeProven, judge } from './judge.ts';
import { circumstancesOf, isSame, type Seen, type SeenRequest, seenIn, seenNext } from './standings.ts';

export type Admission =
  | { kind: 'admitted' }
  /** `violations`: empty, when only a fresh proof is asked for. */
  | { kind: 'prove'; violations: Violation[] }
  /** `ended`: the session is over; otherwise it goes on without what was asked for. */
  | { kind: 'blocked'; block: DeviceBlock; ended: boolean };

export interface Door {
  /**
   * `desk`: what only works at a desk; `softphone`: a connection of it, for which a device's proof must be fresh. Rejects while the
   * database is away and nothing is known.
   */
  enter(signedIn: SignedIn, request: SeenRequest, to: 'anything' | 'desk' | 'softphone'): Promise<Admission>;
  /** Undefined: the session has nothing to do with a block. */
  blockOf(tokenHash: string): Promise<DeviceBlock | undefined>;
  /** Says why a session that cannot prove a device is not let in, with a reference; the same one when asked again. */
  explain(signedIn: SignedIn, request: SeenRequest): Promise<DeviceBlock>;
  /** The session's device has proven itself. */
  proven(sessionId: SessionId, deviceId: DeviceId): Promise<void>;
  /**
   * Told when a session that goes on may have less: no softphone, or nothing at all until its device has proven itself. Cut what hangs
   * on it.
   */
  onShut(listener: (shut: { sessionId: SessionId; what: 'softphone' | 'everything' }) => void): Unsubscribe;
  /** What was known of a device or of these rules is not believed any more. */
  forget(): void;
  /** Whose sessions came through this door and go on. */
  present(): readonly Person[];
  /** Looks again whether hours have passed or proofs have grown old. */
  sweep(): Promise<void>;
  start(): void;
  close(): void;
}

const believedMs = 5000;
const sweepEveryMs = 5000;
/** A softphone connects within this after its device has proven itself. */
const freshMs = 60_000;
const blocksKeptMs = 86_400_000;
const forgetEveryMs = 3_600_000;

interface Known {
  session: Session;
  person: Person;
  standing: SessionStanding | undefined;
  device: DeviceRow | undefined;
  readAt: number;
  /** What was told of it last: rules that are not fulfilled. */
  told: string;
}

export function createDoor(needs: {
  clock: Clock;
  log: Logger;
  store: Pick<Store, 'devices' | 'sessions'>;
  identity: Pick<Identity, 'changeSession' | 'endSession' | 'onSessionEnded'>;
  audit?: Audit | undefined;
  places: Pick<Places, 'at'>;
  policy: () => DevicePolicy;
  accessProxies: () => AccessProxies;
  isOpen: (calendar: string, atMs: number) => boolean;
  isBusy: (personId: PersonId) => boolean;
  /** What routing is told of this person has changed. */
  onFacts: (personId: PersonId) => void;
}): Door {
  const { clock, log, store, identity, places, isOpen, isBusy, onFacts } = needs;
  const known = new Map<SessionId, Known>();
  const explained = new Map<SessionId, DeviceBlock>();
  const timers: { cancel(): void }[] = [];
  const shut = createEmitter<{ shut: { sessionId: SessionId; what: 'softphone' | 'everything' } }>((error) =>
    log.error({ err: error }, 'a listener of sessions that are shut failed'),
  );
  let forgottenAt = 0;
  const offEnded = identity.onSessionEnded(({ session }) => {
    known.delete(session.id);
    explained.delete(session.id);
  });

  async function read({ session, person }: Pick<SignedIn, 'session' | 'person'>): Promise<Known> {
    const before = known.get(session.id);
    if (before && clock.now() - before.readAt < believedMs) return Object.assign(before, { session, person });
    const standing = await store.devices.standing(session.id);
    const device = standing?.deviceId ? await store.devices.byId(standing.deviceId) : undefined;
    const fresh = { session, person, standing, device, readAt: clock.now(), told: before?.told ?? '' };
    known.set(session.id, fresh);
    return fresh;
  }

  /** A certificate that is a device's is its proof, as long as it is shown. */
  async function byCertificate(one: Known, seen: Seen): Promise<void> {
    const names = [seen.certificate?.fingerprint, seen.certificate?.subject].filter((name) => typeof name === 'string');
    const now = clock.now();
    const isProven = one.standing?.provenAt && now - one.standing.provenAt < freshMs / 2;
    if (names.length === 0 || (isProven && one.device?.certificate && names.includes(one.device.certificate))) return;
    const device = await store.devices.byCertificate(names);
    if (device && (device.personId === null || device.personId === one.person.id)) {
      await proven(one.session.id, device.id);
      one.device = device;
    }
  }

  async function see(one: Known, request: SeenRequest): Promise<void> {
    const before = (one.standing?.seen ?? {}) as Partial<Seen>;
    const access = await needs.accessProxies().seenIn(request.headers);
    const seen = seenNext(before, seenIn(request, access));
    await byCertificate(one, seen);
    if (!isSame(before, seen)) await keepSeen(one, seen);
  }

  async function keepSeen(one: Known, seen: Seen): Promise<void> {
    const { id } = one.session;
    one.standing = { sessionId: id, deviceId: null, provenAt: null, ...one.standing, seen: { ...seen } };
    await store.devices.setStanding(id, { seen: { ...seen } });
  }

  function judged(one: Known): Violation[] {
    const policy = needs.policy();
    const nowMs = clock.now();
    const circumstances = circumstancesOf(one.session, one.person, one.standing, one.device, { policy, places, nowMs });
    return judge(policy, circumstances, { nowMs, isOpen });
  }

  function tell(one: Known, violations: readonly Violation[]): void {
    const { provenAt = null, deviceId = null, seen = {} } = one.standing ?? {};
    const isProven = provenAt !== null && provenAt + needs.policy().proofMs > clock.now();
    const device = isProven ? [deviceId, one.device?.state] : null;
    const now = JSON.stringify([violations.map(({ rule }) => rule), device, (seen as Partial<Seen>).admitted]);
    if (now === one.told) return;
    one.told = now;
    onFacts(one.person.id);
  }

  async function enter(
    signedIn: SignedIn,
    request: SeenRequest,
    to: 'anything' | 'desk' | 'softphone',
  ): Promise<Admission> {
    const one = await read(signedIn);
    await see(one, request);
    const violations = judged(one);
    const seen = one.standing?.seen as unknown as Seen;
    const stays = seen.admitted === true && isBusy(one.person.id);
    const against = (kinds: readonly string[]) => violations.filter(({ otherwise }) => kinds.includes(otherwise.kind));
    const blocking = against(['sign-in']);
    if (blocking.length > 0 && !stays) {
      if (canBeProven(blocking)) return { kind: 'prove', violations: blocking };
      return { kind: 'blocked', block: await block(one, blocking, request), ended: true };
    }
    if (!seen.admitted) await keepSeen(one, { ...seen, admitted: true });
    tell(one, violations);
    const ofDesk = to === 'anything' || stays ? [] : against(['desk']);
    if (ofDesk.length > 0)
      return { kind: 'blocked', block: await explainedBlock(one, ofDesk, request, { ends: false }), ended: false };
    const { deviceId = null, provenAt = null } = one.standing ?? {};
    const isKey = deviceId !== null && one.device?.publicKey != null;
    if (to === 'softphone' && isKey && clock.now() - (provenAt ?? 0) > freshMs)
      return { kind: 'prove', violations: [] };
    return { kind: 'admitted' };
  }

  /** The session is over; what is told of it stays. */
  async function block(one: Known, violations: readonly Violation[], request?: SeenRequest): Promise<DeviceBlock> {
    const made = await explainedBlock(one, violations, request, { ends: true });
    await identity.endSession(one.session.id, 'revoked');
    return made;
  }

  async function explainedBlock(
    one: Known,
    violations: readonly Violation[],
    request: SeenRequest | undefined,
    { ends }: { ends: boolean },
  ): Promise<DeviceBlock> {
    const because = violations.map(({ rule, code, words }) => ({ rule, code, ...words }));
    const before = explained.get(one.session.id);
    if (before && JSON.stringify(before.because) === JSON.stringify(because)) return before;
    const made: DeviceBlock = {
      reference: newReference(),
      tokenHash: one.session.tokenHash,
      personId: one.person.id,
      sessionId: one.session.id,
      deviceId: one.standing?.deviceId ?? null,
      kind: 'blocked',
      because,
      at: clock.now(),
    };
    await store.devices.keepBlock(made);
    explained.set(one.session.id, made);
    await needs.audit?.write({
      act: 'device-refused',
      by: actorOf(one, request),
      target: { kind: 'session', id: one.session.id },
      outcome: 'refused',
      details: {
        reference: made.reference,
        rules: because.map(({ rule }) => rule).join(', '),
        because: because.map(({ en }) => en).join('; '),
        ends,
      },
    });
    return made;
  }

  function actorOf({ person, session, standing }: Known, request: SeenRequest | undefined): AuditActor {
    const deviceId = standing?.deviceId;
    const agent = request?.headers['user-agent'];
    return {
      personId: person.id,
      origin: {
        address: request?.address ?? session.address,
        sessionId: session.id,
        ...(deviceId ? { deviceId } : {}),
        ...(typeof agent === 'string' ? { userAgent: agent.slice(0, 300) } : {}),
      },
    };
  }

  async function proven(sessionId: SessionId, deviceId: DeviceId): Promise<void> {
    const now = clock.now();
    const before = await store.devices.standing(sessionId);
    await store.devices.setStanding(sessionId, { deviceId, provenAt: now });
    const one = known.get(sessionId);
    const personId = one?.person.id;
    await store.devices.change(deviceId, { seenAt: now, ...(personId ? { seenBy: personId } : {}) }, [
      'enrolled',
      'managed',
    ]);
    if (one) {
      one.standing = { sessionId, seen: {}, ...before, ...one.standing, deviceId, provenAt: now };
      one.device = await store.devices.byId(deviceId);
    }
    if (one?.session.deviceId !== deviceId) await identity.changeSession(sessionId, { deviceId });
    if (one) tell(one, judged(one));
  }

  async function lookAgain(one: Known): Promise<void> {
    const { seen } = one.standing ?? {};
    if (!(seen as Partial<Seen> | undefined)?.admitted) return;
    const fresh = await read(one);
    const violations = judged(fresh);
    tell(fresh, violations);
    if (isBusy(fresh.person.id)) return;
    const { id: sessionId } = fresh.session;
    const blocking = violations.filter(({ otherwise }) => otherwise.kind === 'sign-in');
    if (blocking.length > 0 && !canBeProven(blocking)) return void (await block(fresh, blocking));
    // A computer that slept proves its device when it wakes.
    if (blocking.length > 0) return shut.emit('shut', { sessionId, what: 'everything' });
    if (violations.some(({ otherwise }) => otherwise.kind === 'desk'))
      shut.emit('shut', { sessionId, what: 'softphone' });
  }

  let sweeping: Promise<void> | undefined;

  /** One at a time: a slow database is not asked the same again meanwhile. */
  function sweep(): Promise<void> {
    sweeping ??= lookAtAll().finally(() => {
      sweeping = undefined;
    });
    return sweeping;
  }

  async function lookAtAll(): Promise<void> {
    for (const one of [...known.values()]) {
      try {
        await lookAgain(one);
      } catch (thrown) {
        log.warn({ err: asError(thrown), sessionId: one.session.id }, 'a session could not be judged again');
      }
    }
    const now = clock.now();
    if (now - forgottenAt < forgetEveryMs) return;
    forgottenAt = now;
    await store.devices.forgetOld({ blocksAt: now - blocksKeptMs, now });
  }

  return {
    enter,
    proven,
    sweep,
    async blockOf(tokenHash) {
      const found = await store.devices.blockOf(tokenHash);
      return found && found.at + blocksKeptMs > clock.now() ? found : undefined;
    },
    async explain(signedIn, request) {
      const one = await read(signedIn);
      await see(one, request);
      return explainedBlock(one, judged(one), request, { ends: false });
    },
    present: () => [...new Map([...known.values()].map(({ person }) => [person.id, person])).values()],
    onShut: (listener) => shut.on('shut', listener),
    forget() {
      for (const one of known.values()) one.readAt = 0;
    },
    start() {
      timers.push(
        clock.every(sweepEveryMs, () => {
          sweep().catch((err: unknown) => log.warn({ err: asError(err) }, 'sessions could not be judged again'));
        }),
      );
    },
    close() {
      for (const timer of timers) timer.cancel();
      offEnded();
      shut.clear();
    },
  };
}

/** Nothing in it that sounds alike on the telephone. */
const letters = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';

function newReference(): string {
  const part = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
  return `${part()}-${part()}`;
}
