// Registrations of all nodes, in the live state's maps `softphones` and `admissions`: any node can ring a softphone that registered
// through another. What a node put goes with it, and is told as gone everywhere. Reading is from this node's copy. While the live
// state is away, this node's own are there and the others' are as last heard of.

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
  for (const { value } of map.entries()) told.set(value.personId, value);

  function tellPut(registration: Registration): void {
    const { personId, sessionId, expiresAt } = registration;
    const held = told.get(personId);
    if (sameRegistration(registration, held) && held?.expiresAt === expiresAt) return;
    if (held && held.sessionId !== sessionId) tellGone(held, 'replaced');
    told.set(personId, registration);
    if (registration.nodeId !== live.nodeId) forgetExpiry(personId);
    emitter.emit('put', { registration, before: held?.sessionId === sessionId ? held : undefined });
  }

  function tellGone(registration: Registration, because: GoneBecause): void {
    if (!sameRegistration(registration, told.get(registration.personId))) return;
    told.delete(registration.personId);
    forgetExpiry(registration.personId);
    emitter.emit('gone', { registration, because });
  }

  function forgetExpiry(personId: PersonId): void {
    expiries.get(personId)?.cancel();
    expiries.delete(personId);
  }

  map.on('put', ({ value }) => tellPut(value));
  map.on('removed', ({ value, because }) => {
    if (because === 'replaced') return;
    tellGone(value, because === 'owner-gone' ? 'server-lost' : because === 'expired' ? 'expired' : 'closed');
  });

  async function remove(registration: Registration, because: GoneBecause): Promise<void> {
    const { personId } = registration;
    if (!sameRegistration(registration, map.get(personId)?.value)) return;
    tellGone(registration, because);
    await map.remove(personId).catch(() => undefined);
  }

  return {
    on: emitter.on,
    once: emitter.once,
    find: (personId) => map.get(personId)?.value,
    all: () => map.entries().map(({ value }) => value),
    async put(registration) {
      const { personId, expiresAt } = registration;
      const leftMs = expiresAt - clock.now();
      const written = map.put(personId, registration, { expiresInMs: leftMs + expiryGraceMs });
      tellPut(registration);
      forgetExpiry(personId);
      expiries.set(
        personId,
        clock.after(leftMs, () => void remove(registration, 'expired')),
      );
      // While the live state is away the maker keeps it, and puts it again.
      await written.catch(() => undefined);
    },
    remove,
    findAdmission: (server, peer) => admissions.get(keyOf({ server, peer }))?.value,
    putAdmission: (admission) => admissions.put(keyOf(admission), admission).catch(() => undefined),
    async removeAdmission(admission) {
      const held = admissions.get(keyOf(admission))?.value;
      if (held?.sessionId !== admission.sessionId || held.personId !== admission.personId) return;
      await admissions.remove(keyOf(admission)).catch(() => undefined);
    },
  };
}
