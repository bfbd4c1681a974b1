// Registrations of all nodes, in the live state's maps `softphones` and `admissions`: any node can ring a softphone that registered
// through another. One belongs to the node that has its WebSocket: another one that was given the REGISTER puts it down, and that
// one makes it its own. It goes with its node, and is told as gone everywhere. Reading is from this node's copy. While the live
// state is away, this node's own are there, and those of others for as long as the others certainly count on this node: later
// their telephones may be rung by them. A node that was taken for dead puts its own again.

import type { Clock, Timer } from '../../shared/clock.ts';
import { createEmitter } from '../../shared/emitter.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { LiveState } from '../../store/live-state.ts';
import {
  type Admission,
  type GoneBecause,
  type Registration,
  type RegistrationEvents,
  type Registrations,
  sameRegistration,
} from './registrations.ts';

/** The maker's own expiry is for what a dead node left; this node's timer comes first. */
const expiryGraceMs = 5_000;

const keyOf = ({ server, peer }: Pick<Admission, 'server' | 'peer'>): string => `${server} ${peer}`;

export function createSharedRegistrations({ live, clock }: { live: LiveState; clock: Clock }): Registrations {
  const map = live.map<Registration>('softphones');
  const admissions = live.map<Admission>('admissions');
  const emitter = createEmitter<RegistrationEvents>();
  /** What was told last, so that each change is told once, with what it replaced. */
  const told = new Map<PersonId, Registration>();
  const expiries = new Map<PersonId, Timer>();
  /** Over WebSockets of this node, and nobody took it away or replaced it. */
  const own = new Map<PersonId, Registration>();
  const ownAdmissions = new Map<string, Admission>();
  for (const { value } of map.entries()) told.set(value.personId, value);

  function tellPut(registration: Registration): void {
    const { personId, sessionId, expiresAt } = registration;
    const held = told.get(personId);
    if (sameRegistration(registration, held) && held?.expiresAt === expiresAt) return;
    if (held && held.sessionId !== sessionId) tellGone(held, 'replaced');
    told.set(personId, registration);
    if (registration.nodeId !== live.nodeId) forgetOwn(personId);
    emitter.emit('put', { registration, before: held?.sessionId === sessionId ? held : undefined });
  }

  function tellGone(registration: Registration, because: GoneBecause): void {
    if (!sameRegistration(registration, told.get(registration.personId))) return;
    told.delete(registration.personId);
    if (sameRegistration(registration, own.get(registration.personId))) forgetOwn(registration.personId);
    emitter.emit('gone', { registration, because });
  }

  function forgetOwn(personId: PersonId): void {
    own.delete(personId);
    expiries.get(personId)?.cancel();
    expiries.delete(personId);
  }

  map.on('put', ({ value }) => {
    if (isNewsOfOurs(value)) void makeOwn(value);
    else tellPut(value);
  });
  map.on('removed', ({ value, because }) => {
    // Of its own only this node says that it is gone.
    if (because === 'replaced' || own.has(value.personId)) return;
    // The node that took the REGISTER went before it was ours.
    if (because === 'owner-gone' && isNewsOfOurs(value)) return void makeOwn(value);
    tellGone(value, because === 'owner-gone' ? 'server-lost' : because === 'expired' ? 'expired' : 'closed');
  });

  /** A REGISTER over a WebSocket of this node that another node took. */
  function isNewsOfOurs(value: Registration): boolean {
    if (value.nodeId !== live.nodeId || ownAdmissions.get(keyOf(value))?.sessionId !== value.sessionId) return false;
    const held = own.get(value.personId);
    return !sameRegistration(value, held) || held!.expiresAt < value.expiresAt;
  }

  function makeOwn(registration: Registration): Promise<void> {
    const { personId, expiresAt } = registration;
    const written = write(registration);
    forgetOwn(personId);
    own.set(personId, registration);
    expiries.set(
      personId,
      clock.after(expiresAt - clock.now(), () => void remove(registration, 'expired')),
    );
    tellPut(registration);
    return written;
  }

  /** While the live state is away the maker keeps it, and puts it again. */
  function write(registration: Registration): Promise<void> {
    const expiresInMs = Math.max(1, registration.expiresAt - clock.now()) + expiryGraceMs;
    return map.put(registration.personId, registration, { expiresInMs }).catch(() => undefined);
  }

  live.on('declaredDead', () => {
    for (const registration of own.values()) void write(registration);
    for (const [key, admission] of ownAdmissions) admissions.put(key, admission).catch(() => undefined);
  });

  async function remove(registration: Registration, because: GoneBecause): Promise<void> {
    const { personId } = registration;
    if (!sameRegistration(registration, find(personId))) return;
    tellGone(registration, because);
    await map.remove(personId).catch(() => undefined);
  }

  let alone = false;
  let aloneTimer: Timer | undefined;
  const find = (personId: PersonId) => own.get(personId) ?? (alone ? undefined : map.get(personId)?.value);
  live.on('down', ({ sureForMs }) => {
    aloneTimer = clock.after(sureForMs, () => {
      alone = true;
    });
  });
  live.on('up', () => {
    aloneTimer?.cancel();
    alone = false;
  });

  return {
    on: emitter.on,
    once: emitter.once,
    find,
    all: () => map.entries().map(({ value }) => value),
    async put(registration) {
      if (registration.nodeId === live.nodeId) return makeOwn(registration);
      const written = write(registration);
      tellPut(registration);
      await written;
    },
    remove,
    findAdmission: (server, peer) => {
      const key = keyOf({ server, peer });
      return ownAdmissions.get(key) ?? admissions.get(key)?.value;
    },
    putAdmission(admission) {
      ownAdmissions.set(keyOf(admission), admission);
      return admissions.put(keyOf(admission), admission).catch(() => undefined);
    },
    async removeAdmission(admission) {
      const key = keyOf(admission);
      const held = ownAdmissions.get(key) ?? admissions.get(key)?.value;
      if (held?.sessionId !== admission.sessionId || held.personId !== admission.personId) return;
      ownAdmissions.delete(key);
      await admissions.remove(key).catch(() => undefined);
    },
  };
}
