// Which of this machine's addresses a peer sees when a socket is bound to all of them.

import { networkInterfaces } from 'node:os';

/** The bound address, or for a wildcard one: loopback towards loopback, else the first address of the same family. */
export function localAddressFor(bound: string, remote: string): string {
  if (bound !== '0.0.0.0' && bound !== '::') return bound;
  const family = remote.includes(':') ? 'IPv6' : 'IPv4';
  const known = cache.get(family) ?? find(family);
  if (isLoopback(remote) || known === undefined) return family === 'IPv6' ? '::1' : '127.0.0.1';
  return known;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}

const cache = new Map<string, string>();

function find(family: string): string | undefined {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const one of addresses ?? []) {
      if (one.internal || one.family !== family || one.address.startsWith('fe80')) continue;
      cache.set(family, one.address);
      return one.address;
    }
  }
  return undefined;
}
