// Where to send a request: protocol, addresses and ports of a target, best first (RFC 3263 §4). An IP literal needs no
// question and is answered at once. Names with a port, and `localhost`, ask the system's resolver, so /etc/hosts counts.
// Does not try the addresses; the client transaction goes down the list.

import { promises as systemDns } from 'node:dns';
import { isIP } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import type { Random } from '../../shared/random.ts';
import type { Target, TransportProtocol } from './layers.ts';
import type { Destination } from './transport/transport.ts';

/** The questions we ask, in the form of node:dns. */
export interface Dns {
  resolveNaptr(
    name: string,
  ): Promise<{ flags: string; service: string; replacement: string; order: number; preference: number }[]>;
  resolveSrv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
  lookup(name: string, options: { all: true }): Promise<{ address: string; family: number }[]>;
}

export interface ResolverOptions {
  clock: Clock;
  random: Random;
  /** Protocols that we can send over; NAPTR answers for others are passed over. */
  protocols: readonly TransportProtocol[];
  dns?: Dns;
  /** How long an answer is used again. The system's resolver hides the record's own time. */
  keepMs?: number;
}

export interface Resolver {
  /** Empty when nothing was found. */
  resolve(target: Target): Destination[] | Promise<Destination[]>;
}

interface Kept {
  untilMs: number;
  found: Promise<Srv[]> | Srv[];
}

/** One candidate before its addresses are known. */
interface Srv {
  protocol: TransportProtocol;
  name: string;
  port: number;
  priority: number;
  weight: number;
}

const services: Record<string, TransportProtocol> = {
  'sip+d2u': 'udp',
  'sip+d2t': 'tcp',
  'sips+d2t': 'tls',
  'sip+d2w': 'ws',
  'sips+d2w': 'wss',
};
const srvPrefix: Partial<Record<TransportProtocol, string>> = {
  udp: '_sip._udp.',
  tcp: '_sip._tcp.',
  tls: '_sips._tcp.',
};
const keptLimit = 1000;

export function createResolver({
  clock,
  random,
  protocols,
  dns = systemDns,
  keepMs = 30_000,
}: ResolverOptions): Resolver {
  const kept = new Map<string, Kept>();

  function resolve(target: Target): Destination[] | Promise<Destination[]> {
    const host = target.host.startsWith('[') ? target.host.slice(1, -1) : target.host;
    const serverName = target.serverName ?? host;
    if (isIP(host)) {
      const protocol = target.protocol ?? 'udp';
      return [{ protocol, address: host, port: target.port ?? defaultPort(protocol), serverName: target.serverName }];
    }
    return candidates(host, target).then((found) => addressesOf(found, serverName));
  }

  async function candidates(host: string, { protocol, port }: Target): Promise<Srv[]> {
    const fixed = (over: TransportProtocol): Srv[] => [
      { protocol: over, name: host, port: port ?? defaultPort(over), priority: 0, weight: 0 },
    ];
    // RFC 3263 §4.1: with a port there is no question; a name without a dot has no records of its own.
    if (port !== undefined || !host.includes('.')) return fixed(protocol ?? 'udp');
    const key = `${protocol ?? ''}|${host.toLowerCase()}`;
    const known = kept.get(key);
    let found = known && known.untilMs > clock.now() ? known.found : undefined;
    if (!found) {
      found = ask(host, protocol);
      if (kept.size >= keptLimit) kept.clear();
      kept.set(key, { untilMs: clock.now() + keepMs, found });
    }
    const list = await found;
    return list.length > 0 ? order(list, random) : fixed(protocol ?? 'udp');
  }

  async function ask(host: string, protocol: TransportProtocol | undefined): Promise<Srv[]> {
    if (protocol !== undefined) return srv(protocol, `${srvPrefix[protocol] ?? ''}${host}`);
    const pointers = (await orNone(dns.resolveNaptr(host)))
      .filter(({ flags, service }) => flags.toLowerCase() === 's' && services[service.toLowerCase()] !== undefined)
      .sort((a, b) => a.order - b.order || a.preference - b.preference);
    for (const { service, replacement } of pointers) {
      const over = services[service.toLowerCase()]!;
      if (!protocols.includes(over)) continue;
      const found = await srv(over, replacement);
      if (found.length > 0) return found;
    }
    for (const over of ['udp', 'tcp'] as const) {
      if (!protocols.includes(over)) continue;
      const found = await srv(over, `${srvPrefix[over]}${host}`);
      if (found.length > 0) return found;
    }
    return [];
  }

  async function srv(protocol: TransportProtocol, name: string): Promise<Srv[]> {
    const records = await orNone(dns.resolveSrv(name));
    // A single record that names the root says: no such service here (RFC 2782).
    return records
      .filter((record) => record.name !== '' && record.name !== '.')
      .map((record) => ({ ...record, protocol }));
  }

  async function addressesOf(list: readonly Srv[], serverName: string): Promise<Destination[]> {
    const found = await Promise.all(
      list.slice(0, 10).map(async ({ protocol, name, port }) => {
        const addresses = await orNone(dns.lookup(name, { all: true }));
        return addresses.map(({ address }) => ({ protocol, address, port, serverName }));
      }),
    );
    return found.flat();
  }

  return { resolve };
}

function defaultPort(protocol: TransportProtocol): number {
  if (protocol === 'tls') return 5061;
  if (protocol === 'ws') return 80;
  return protocol === 'wss' ? 443 : 5060;
}

/** Lowest priority first; within one, at random by weight (RFC 2782). */
function order(list: readonly Srv[], random: Random): Srv[] {
  const left = [...list].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: Srv[] = [];
  while (left.length > 0) {
    const group = left.filter(({ priority }) => priority === left[0]!.priority);
    const total = group.reduce((sum, { weight }) => sum + weight, 0);
    let mark = random.next() * total;
    const chosen =
      group.find(({ weight }) => {
        mark -= weight;
        return mark < 0;
      }) ?? group[0]!;
    ordered.push(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  return ordered;
}

/** "No such name" and "no answer" are the same to us: there is nobody to send to this way. */
async function orNone<T>(question: Promise<T[]>): Promise<T[]> {
  try {
    return await question;
  } catch {
    return [];
  }
}
