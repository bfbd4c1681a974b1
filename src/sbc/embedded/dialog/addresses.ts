// Our own addresses: which transport a request leaves from, what our Contact is on it, and whether a URI means us.
// Pure, from the list of listening transports. An external address (behind one-to-one NAT) replaces ours towards peers that
// are not on a private network. Does not resolve names.

import { isIP } from 'node:net';
import { paramValue } from '../../../protocol/sip/params.ts';
import { formatHostPort, parseSipUri, type SipUri } from '../../../protocol/sip/uri.ts';
import type { Flow, Target, TransportProtocol } from '../layers.ts';

export interface Addresses {
  /** The listening transport for a target; undefined when none has its protocol. */
  transportFor(target: Target): Flow | undefined;
  /** Host and port that a peer at `peerAddress` should use for this transport. */
  hostPort(transport: Flow, peerAddress: string): string;
  /** Our Contact, in angle brackets. */
  contact(transport: Flow, peerAddress: string): string;
  isOurs(uri: SipUri): boolean;
  /** Every listening transport as `udp/127.0.0.1:5060`, with the external address or without. */
  list(external: boolean): string[];
}

interface Needs {
  listening: readonly Flow[];
  externalAddress?: string;
}

export function createAddresses({ listening, externalAddress }: Needs): Addresses {
  const ownAddresses = new Set(listening.map((transport) => transport.localAddress.toLowerCase()));
  if (externalAddress) ownAddresses.add(externalAddress.toLowerCase());
  const ownPorts = new Set(listening.map((transport) => transport.localPort));

  function transportFor({ protocol, host }: Target): Flow | undefined {
    const wanted: TransportProtocol = protocol ?? (listening.some((each) => each.protocol === 'udp') ? 'udp' : 'tcp');
    const candidates = listening.filter((transport) => transport.protocol === wanted);
    const loopback = host === 'localhost' || host.startsWith('127.') || host === '::1';
    return (
      candidates.find((transport) => transport.localAddress === host) ??
      candidates.find(
        (transport) => isIP(transport.localAddress) === (isIP(host) || 4) && isLoopback(transport) === loopback,
      ) ??
      candidates[0]
    );
  }

  function hostPort(transport: Flow, peerAddress: string): string {
    const external = externalAddress && !isPrivateAddress(peerAddress);
    const known = listening.find(
      (each) =>
        each.protocol === transport.protocol &&
        (each.localAddress === transport.localAddress || isAny(each.localAddress)) &&
        each.localPort === transport.localPort,
    );
    const listener = known ?? listening.find((each) => each.protocol === transport.protocol) ?? transport;
    const address = isAny(listener.localAddress) ? transport.localAddress : listener.localAddress;
    return formatHostPort(external ? externalAddress : address, listener.localPort);
  }

  return {
    transportFor,
    hostPort,
    contact(transport, peerAddress) {
      const suffix = transport.protocol === 'udp' ? '' : `;transport=${transport.protocol}`;
      return `<sip:${hostPort(transport, peerAddress)}${suffix}>`;
    },
    isOurs(uri) {
      const port = uri.port ?? (uri.scheme === 'sips' ? 5061 : 5060);
      return ownAddresses.has(uri.host.toLowerCase()) && ownPorts.has(port);
    },
    list: (external) =>
      listening.map(
        ({ protocol, localAddress, localPort }) =>
          `${protocol}/${formatHostPort(external && externalAddress ? externalAddress : localAddress, localPort)}`,
      ),
  };
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function isLoopback(transport: Flow): boolean {
  return transport.localAddress.startsWith('127.') || transport.localAddress === '::1';
}

/** RFC 1918, RFC 6598, loopback, link-local, and their IPv6 kin. Names count as public. */
export function isPrivateAddress(host: string): boolean {
  const version = isIP(host);
  if (version === 4) {
    const [a, b] = host.split('.').map(Number) as [number, number];
    if (a === 10 || a === 127) return true;
    if (a === 172) return b >= 16 && b < 32;
    if (a === 192) return b === 168;
    if (a === 169) return b === 254;
    return a === 100 && b >= 64 && b < 128;
  }
  if (version === 6) return /^(::1$|f[cd]|fe80:|::ffff:(10|127)\.)/i.test(host);
  return false;
}

/** Where a URI points, before DNS (RFC 3263 §4); undefined when it is not sip or sips. */
export function targetOfUri(text: string): Target | undefined {
  const uri = parseSipUri(text);
  if (!uri) return undefined;
  const transport = paramValue(uri.params, 'transport')?.toLowerCase();
  const known = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;
  let protocol = known.find((each) => each === transport);
  if (uri.scheme === 'sips') protocol = protocol === 'ws' || protocol === 'wss' ? 'wss' : 'tls';
  const host = paramValue(uri.params, 'maddr') || uri.host;
  const target: Target = { host };
  if (uri.port !== undefined) target.port = uri.port;
  if (protocol) target.protocol = protocol;
  if (protocol === 'tls' || protocol === 'wss') target.serverName = uri.host;
  return target;
}
