// The section audit: how the head of the log of who did what is signed, and where it goes.

import { type Static, Type } from 'typebox';
import { createGuardedRequests } from '../shared/http/guarded-request.ts';
import { section } from '../shared/yaml/yaml-schema.ts';

export const AuditSchema = section('Who did what (docs/audit.md).', {
  signEveryMinutes: Type.Number({
    default: 5,
    minimum: 0.01,
    maximum: 1440,
    description: 'How often the newest entry is signed.',
  }),
  headsFile: Type.Optional(
    Type.String({
      description:
        'Where signed heads are appended, best on a disk that only takes additions; audit/heads.ndjson in the data folder unless told.',
    }),
  ),
  webhook: Type.Optional(
    section('Where each signed head is sent as well; its host must be in outgoing.hosts.', {
      url: Type.String({ pattern: '^https?://', description: 'Takes a POST of JSON.' }),
      headers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }), Type.String(), {
        default: {},
        description: 'Headers to send; env:NAME and file:PATH take the value from the environment or a file.',
      }),
    }),
  ),
});

type Settings = {
  audit: Static<typeof AuditSchema>;
  outgoing: { hosts: readonly string[]; privateNetworks: readonly string[] };
};

/** What the schema cannot say. */
export function auditProblems({ audit, outgoing: { hosts, privateNetworks } }: Settings): string[] {
  const { mayAsk } = createGuardedRequests({ hosts, privateNetworks });
  if (!audit.webhook || mayAsk(audit.webhook.url)) return [];
  return ['audit.webhook.url: its host is not in outgoing.hosts.'];
}
