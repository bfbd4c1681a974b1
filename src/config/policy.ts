// The section policy: where the rules are, and which networks are the company's places.

import { type Static, Type } from 'typebox';
import { createAddressMatch } from '../shared/address-match.ts';
import { section } from '../shared/yaml/yaml-schema.ts';

export const Policy = section('Who may take which call, where and when (docs/policy.md).', {
  file: Type.Optional(
    Type.String({ description: 'The rules. Without a file whoever is cleared for the class of a call may take it.' }),
  ),
  sites: Type.Array(
    section('A place of the company.', {
      name: Type.String({ minLength: 1 }),
      networks: Type.Array(Type.String(), {
        minItems: 1,
        description: 'Addresses and networks (CIDR) from which its people’s browsers come, as this program sees them.',
      }),
    }),
    { default: [], description: 'Whoever works from one of their networks is in the centre, everybody else at home.' },
  ),
});

/** What the schema cannot say. */
export function placeProblems({
  http,
  policy,
}: {
  http: { publicUrl?: string; tls?: unknown; trustedProxies: readonly string[] };
  policy: Static<typeof Policy>;
}): string[] {
  const lists = [
    ['http.trustedProxies', http.trustedProxies] as const,
    ...policy.sites.map(({ name, networks }) => [`policy.sites: networks of “${name}”`, networks] as const),
  ];
  const problems = lists.flatMap(([where, entries]) =>
    createAddressMatch(entries).unreadable.map(
      (entry) => `${where}: “${entry}” is no address or network, such as 198.51.100.0/24.`,
    ),
  );
  // Otherwise everybody would be where the proxy is. With a certificate of our own, browsers come straight here.
  if (http.publicUrl && !http.tls && policy.sites.length > 0 && http.trustedProxies.length === 0)
    problems.push(
      'policy.sites are told apart by the address of the browser: behind http.publicUrl, name the proxy in http.trustedProxies.',
    );
  return problems;
}
