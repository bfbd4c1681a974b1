// The API with everything about coming in: second factors, half-open sign-ins, invitations; and an audit log that is only remembered.

import type { SignInNeeds } from '../../../src/api/routes/sign-in/signing-in.ts';
import type { AuditEntry } from '../../../src/identity/audit/audit.ts';
import { createSecondFactors, type SecondFactorSettings } from '../../../src/identity/factors/second-factors.ts';
import { createHalfOpenSignIns } from '../../../src/identity/half-open.ts';
import { createIdentity } from '../../../src/identity/identity.ts';
import { createInvitations } from '../../../src/identity/invitations.ts';
import { createPlaces } from '../../../src/identity/places.ts';
import type { Clock } from '../../../src/shared/clock.ts';
import { silentLogger as log } from '../../../src/shared/logger.ts';
import type { LiveState } from '../../../src/store/live-state.ts';
import type { Store } from '../../../src/store/store.ts';

export const officeNetwork = '203.0.113.0/24';

/** What `app/sign-in.ts` puts together, on a store of a test. */
export function signInParts(needs: {
  clock: Clock;
  store: Store;
  settings?: Partial<SecondFactorSettings>;
  overNodes?: Pick<LiveState, 'takeToken'>;
}) {
  const { clock, store, settings, overNodes } = needs;
  const rows = store.signIn;
  const sites = [{ name: 'office', networks: [officeNetwork] }];
  const places = createPlaces({ clock, sites, sessions: store.sessions });
  const factors = createSecondFactors({
    ...{ clock, log, rows, places, name: 'Engawa', ...(settings ? { settings } : {}), overNodes },
    keys: { sealing: [Buffer.alloc(32, 1)], mac: Buffer.alloc(32, 2) },
  });
  const halfOpen = createHalfOpenSignIns({ clock, rows: rows.halfOpen, people: store.people });
  const identity = createIdentity({
    ...{ clock, log, store, places, factors, halfOpen, ...(overNodes ? { overNodes } : {}) },
  });
  const invitations = createInvitations({ clock, rows, people: store.people, identity, factors, overNodes });
  const signIn: SignInNeeds = { factors, halfOpen, invitations, minimumPasswordCharacters: 15 };
  return { identity, signIn };
}

export function rememberedAudit() {
  const entries: AuditEntry[] = [];
  return {
    entries,
    acts: () => entries.map(({ act }) => act),
    async write(entry: AuditEntry) {
      entries.push(entry);
    },
  };
}
