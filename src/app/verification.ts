// Verification put together: one-time codes, sealed digits on their way to the company, and what calls and routes need of both.

import type { VerificationNeeds } from '../api/needs.ts';
import type { Lookups } from '../call/services/lookups.ts';
import { createOneTimeCodes } from '../call/verify/one-time-codes.ts';
import { createSealedDelivery } from '../call/verify/sealed-delivery.ts';
import { createVerification, type Verification } from '../call/verify/verification.ts';
import { factorsOf, keepsDigits } from '../call/verify/verification-settings.ts';
import type { Config } from '../config.ts';
import { parseUserInput } from '../privacy/number-forms.ts';
import type { Vault } from '../privacy/vault.ts';
import { headerSecrets, type Secrets } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { createGuardedRequests } from '../shared/http/guarded-request.ts';
import type { Logger } from '../shared/logger.ts';
import { systemRandom } from '../shared/random.ts';
import type { Store } from '../store/store.ts';
import { outgoingRules } from './services.ts';

export function openVerification(
  config: Config,
  needs: {
    clock: Clock;
    log: Logger;
    closer: Closer;
    store: Store;
    vault: Vault;
    secrets: Pick<Secrets, 'codeKey' | 'olderCodeKeys'>;
    lookups: Lookups;
  },
): { verification: Verification; forApi: VerificationNeeds } {
  const { clock, log, closer, store, vault, secrets, lookups } = needs;
  const { destinations, codes: settings, triesPerCall } = config.verification;
  const factors = factorsOf(config.verification);
  const codes = createOneTimeCodes({
    ...{ clock, random: systemRandom, vault, settings, key: secrets.codeKey, olderKeys: secrets.olderCodeKeys },
    rows: store.verificationCodes,
  });
  const sealed = createSealedDelivery({
    ...{ clock, log, posts: store.sealedPosts },
    destinations: destinations.map((destination) => ({
      ...destination,
      headers: headerSecrets(destination.headers, `the destination ${destination.name}`),
    })),
    send: createGuardedRequests(outgoingRules(config.outgoing)).send,
  });
  closer.add('sealed digits', async () => sealed.close());
  const verification = createVerification({
    ...{ log, factors, triesPerCall, codes, sealed, vault, lookups },
    keepsDigits: (name) => config.lookups.some((lookup) => lookup.name === name && keepsDigits(lookup)),
  });
  const numberOf = (typed: string) => {
    const parsed = parseUserInput(typed, config.company.country);
    return parsed.kind === 'number' ? parsed.number : undefined;
  };
  return { verification, forApi: { codes, factors, numberOf } };
}
