// Registrations of all nodes, in the live state's maps `softphones` and `admissions`: any node can ring a softphone that registered
// through another. What a node put goes with it, and is told as gone everywhere. Reading is from this node's copy. While the live
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
  /** What this node put and nobody took away or replaced. */
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

  map.on('put', ({ value }) => tellPut(value));
  map.on('removed', ({ value, because }) => {
    // Of its own only this node says that it is gone.
    if (because === 'replaced' || own.has(value.personId)) return;
    tellGone(value, because === 'owner-gone' ? 'server-lost' : because === 'expired' ? 'expired' : 'closed');
  });

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
      const { personId, expiresAt } = registration;
      const written = write(registration);
      forgetOwn(personId);
      own.set(personId, registration);
      expiries.set(
        personId,
        clock.after(expiresAt - clock.now(), () => void remove(registration, 'expired')),
      );
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
