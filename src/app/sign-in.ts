// How people come in, put together: second factors, the half-open state, invitations, single sign-on, and the identity that asks for them.

import type { SignInNeeds } from '../api/signing-in.ts';
import type { Config } from '../config.ts';
import { createSecondFactors } from '../identity/factors/second-factors.ts';
import { createHalfOpenSignIns } from '../identity/half-open.ts';
import { createIdentity, type Identity, type IdentityNeeds } from '../identity/identity.ts';
import { createInvitations } from '../identity/invitations.ts';
import { createPasswords } from '../identity/password.ts';
import type { Places } from '../identity/places.ts';
import type { SingleSignOn } from '../identity/single-sign-on/single-sign-on.ts';
import type { Secrets } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { asError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import type { LiveState } from '../store/live-state.ts';
import type { Store } from '../store/store.ts';

const purgeEveryMs = 10 * 60_000;

export function openSignIn(
  config: Config,
  needs: {
    clock: Clock;
    log: Logger;
    closer: Closer;
    store: Store;
    secrets: Pick<Secrets, 'vault' | 'signInKey'>;
    places: Places;
    isBusy: NonNullable<IdentityNeeds['isBusy']>;
    overNodes?: LiveState | undefined;
  },
): { identity: Identity; signIn: SignInNeeds } {
  const { clock, log, closer, store, secrets, places, isBusy, overNodes } = needs;
  const rows = store.signIn;
  const company = config.company.name;
  const { secondFactor, passwordCharacters, invitationHours } = config.signIn;
  const { roles, outsideCentre, demo } = secondFactor;
  const counted = overNodes ? { overNodes } : {};
  const factors = createSecondFactors({
    ...{ clock, log, rows, places, name: company, ...counted },
    keys: { sealing: secrets.vault.sealingKeys, mac: secrets.signInKey },
    settings: { roles, outsideCentre, never: config.demo && !demo },
  });
  const halfOpen = createHalfOpenSignIns({ clock, rows: rows.halfOpen, people: store.people });
  const identity = createIdentity({
    ...{ clock, log, store, settings: config.sessions, isBusy, places, factors, halfOpen, ...counted },
    passwords: createPasswords({ minimumCharacters: passwordCharacters, company }),
  });
  const invitations = createInvitations({
    ...{ clock, rows, people: store.people, identity, factors, hours: invitationHours, ...counted },
  });
  const purging = clock.every(purgeEveryMs, () => {
    rows.purge(clock.now()).catch((err: unknown) => log.debug({ err: asError(err) }, 'what is over is kept for now'));
  });
  closer.add('sign-in', () => purging.cancel());
  const singleSignOn: SingleSignOn | undefined = undefined;
  return {
    identity,
    signIn: {
      ...{ factors, halfOpen, invitations, minimumPasswordCharacters: passwordCharacters },
      ...(singleSignOn ? { singleSignOn } : {}),
    },
  };
}
