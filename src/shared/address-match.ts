// Does a source address belong to one of a list of addresses and networks? IPv4 and IPv6, CIDR (RFC 4632, RFC 4291). Pure.

import { BlockList, isIP } from 'node:net';

export interface AddressMatch {
  matches(address: string): boolean;
  /** Entries that are no address or network; configuration refuses them. */
  readonly unreadable: readonly string[];
}

export function createAddressMatch(entries: readonly string[]): AddressMatch {
  const list = new BlockList();
  const unreadable = entries.filter((entry) => !add(list, entry.trim()));
  return {
    unreadable,
    matches(address) {
      const plain = address.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/i, '');
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

function add(list: BlockList, entry: string): boolean {
  const [address = '', prefix, more] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) {
    list.addAddress(address, family);
    return true;
  }
  const bits = Number(prefix);
  if (!/^\d{1,3}$/.test(prefix) || bits > (version === 6 ? 128 : 32)) return false;
  list.addSubnet(address, bits, family);
  return true;
}
