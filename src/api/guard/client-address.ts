// Where a request comes from. Behind a reverse proxy it is what the proxy says (X-Forwarded-For), and only what proxies that are
// named in the configuration say: read from the right, up to the first address that is none of them.

import type { IncomingMessage } from 'node:http';
import { createAddressMatch } from '../../shared/address-match.ts';

export interface ClientAddress {
  trusts(address: string): boolean;
  of(request: Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } }): string;
}

export function createClientAddress(trustedProxies: readonly string[] = []): ClientAddress {
  const proxies = createAddressMatch(trustedProxies);
  return {
    trusts: proxies.matches,
    of({ headers, socket }) {
      const said = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
      const hops = [...said.map((one) => one.trim()).filter(Boolean), socket.remoteAddress ?? ''];
      while (hops.length > 1 && proxies.matches(hops.at(-1)!)) hops.pop();
      return hops.at(-1)!;
    },
  };
}
