// What cannot be in the sections of services that flows use.

import { lookupProblems } from '../call/services/lookups.ts';
import { verificationProblems } from '../call/verify/verification-settings.ts';
import { createGuardedRequests } from '../shared/http/guarded-request.ts';
import { isNetwork } from '../shared/http/reachable-addresses.ts';
import type { Config } from './schema.ts';

/** What cannot be, of all that flows use by name; sentences for who wrote the configuration. */
export function serviceProblems(
  config: Pick<Config, 'lookups' | 'outgoing' | 'mailboxes' | 'queues' | 'verification'>,
): string[] {
  const { outgoing, lookups, mailboxes, queues } = config;
  const { hosts, privateNetworks } = outgoing;
  const { mayAsk } = createGuardedRequests({ hosts, privateNetworks });
  const names = mailboxes.map(({ name }) => name);
  return [
    ...lookupProblems(lookups, mayAsk),
    ...verificationProblems(config.verification, { lookups, mayAsk }),
    ...privateNetworks
      .filter((network) => !isNetwork(network))
      .map((network) => `outgoing.privateNetworks: “${network}” is no network. Write 10.1.0.0/16, or one address.`),
    ...names.filter((name, at) => names.indexOf(name) !== at).map((name) => `mailboxes: “${name}” is there twice.`),
    ...mailboxes
      .filter(({ queue }) => !queues.some(({ name }) => name === queue))
      .map(({ name, queue }) => `mailboxes: “${name}” names the queue “${queue}”, which is not there.`),
  ];
}
