// How people come in, put together: second factors, the half-open state, invitations, single sign-on, and the identity that asks for them.

import type { SignInNeeds } from '../api/routes/sign-in/signing-in.ts';
import type { SingleSignOnConfig } from '../config/sign-in.ts';
import type { Config } from '../config.ts';
import type { Audit } from '../identity/audit/audit.ts';
import { createSecondFactors } from '../identity/factors/second-factors.ts';
import { createHalfOpenSignIns } from '../identity/half-open.ts';
import { createIdentity, type Identity, type IdentityNeeds } from '../identity/identity.ts';
import { createInvitations } from '../identity/invitations.ts';
import { createPasswords } from '../identity/password.ts';
import type { Places } from '../identity/places.ts';
import { createNewcomers } from '../identity/single-sign-on/newcomer.ts';
import { createOpenIdConnect } from '../identity/single-sign-on/openid-connect.ts';
import type { SingleSignOn } from '../identity/single-sign-on/single-sign-on.ts';
import { createTextSealer } from '../privacy/seal-text.ts';
import { type Secrets, secretOf } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { asError } from '../shared/errors.ts';
import { createGuardedRequests } from '../shared/http/guarded-request.ts';
import type { PersonId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { LiveState } from '../store/live-state.ts';
import type { Store } from '../store/store.ts';
import { outgoingRules } from './services.ts';

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
    audit: Audit;
    /** Of personal information, from the least. */
    classes: () => readonly string[];
    onAdded: (personId: PersonId) => void;
  },
): { identity: Identity; signIn: SignInNeeds } {
  const { clock, log, closer, store, secrets, places, isBusy, overNodes } = needs;
  const rows = store.signIn;
  const company = config.company.name;
  const { secondFactor, passwordCharacters, invitationHours, firstFactorHours } = config.signIn;
  const { roles, outsideCentre, demo } = secondFactor;
  const counted = overNodes ? { overNodes } : {};
  const factors = createSecondFactors({
    ...{ clock, log, rows, places, name: company, ...counted },
    keys: { sealing: secrets.vault.sealingKeys, mac: secrets.signInKey },
    // The demo's people are made once, and nobody can invite them again.
    settings: {
      roles,
      outsideCentre,
      never: config.demo && !demo,
      firstFactorHours: config.demo ? 0 : firstFactorHours,
    },
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
  const singleSignOn =
    config.signIn.singleSignOn && openSingleSignOn(config.signIn.singleSignOn, config, { ...needs, identity });
  return {
    identity,
    signIn: {
      ...{ factors, halfOpen, invitations, minimumPasswordCharacters: passwordCharacters },
      ...(singleSignOn ? { singleSignOn } : {}),
    },
  };
}

function openSingleSignOn(
  { issuer, clientId, clientSecret, hosts, create, ...settings }: SingleSignOnConfig,
  config: Config,
  needs: Parameters<typeof openSignIn>[1] & { identity: Identity },
): SingleSignOn {
  const { clock, log, store, secrets, identity } = needs;
  const rules = { ...outgoingRules(config.outgoing), hosts: [new URL(issuer).hostname, ...hosts] };
  const { send } = createGuardedRequests(rules);
  return createOpenIdConnect({
    ...{ clock, log, rows: store.signIn, people: store.people, sessions: store.sessions, send },
    sealer: createTextSealer(secrets.vault.sealingKeys, 'single sign-on'),
    settings: {
      ...settings,
      ...{ issuer, clientId, clientSecret: secretOf(clientSecret, 'signIn.singleSignOn.clientSecret') },
      publicUrl: config.http.publicUrl ?? '',
    },
    addNewcomer:
      create &&
      createNewcomers({
        ...{ settings: create, identity, log, classes: needs.classes },
        queues: config.queues.map(({ name }) => name),
        onAdded: async ({ id, role }) => {
          await needs.audit.write({
            ...{ act: 'person-added', by: {}, target: { kind: 'person', id }, outcome: 'done' },
            details: { role, by: 'single-sign-on' },
          });
          needs.onAdded(id);
        },
      }),
  });
}
