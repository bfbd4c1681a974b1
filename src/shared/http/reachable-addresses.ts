// Which addresses a request of ours may reach (a defence against server-side request forgery): those of the public internet, and
// of private networks only the ones that are listed. What is not known to be public is not reached. Pure.
// Special-purpose ranges: IANA's registries (RFC 6890).

import { BlockList, isIP } from 'node:net';

/** Not of the public internet, or an IPv4 address in disguise. */
const special: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'],
];
/** All unicast of the public IPv6 internet is in here. */
const publicIpv6 = '2000::/3';

/** `10.1.0.0/16`, or one address; undefined if it is neither. */
function parseNetwork(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [address = '', length] = text.split('/');
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  if (length === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > bits) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

export const isNetwork = (text: string): boolean => parseNetwork(text) !== undefined;

function listOf(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network) list.addSubnet(network.address, network.prefix, network.family);
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const isSpecial = listOf(special);
const isPublicIpv6 = listOf([publicIpv6]);

/** `listed`: in one of the private networks that were named; `public`: of the internet; `forbidden`: everything else. */
export type Reach = 'listed' | 'public' | 'forbidden';

export function createReach(privateNetworks: readonly string[]): (address: string) => Reach {
  const isListed = listOf(privateNetworks);
  return (address) => {
    const version = isIP(address);
    if (version === 0) return 'forbidden';
    if (isListed(address)) return 'listed';
    if (isSpecial(address)) return 'forbidden';
    return version === 4 || isPublicIpv6(address) ? 'public' : 'forbidden';
  };
}
