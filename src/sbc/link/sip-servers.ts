// The SIP servers we work with: which are there, which one to use next, and what is told when one comes or goes.
// Servers come and go at run time, too. A new request prefers a server of our region that owes us nothing, then any that is up.

import { isIP } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Random } from '../../shared/random.ts';
import type { WhoDials } from './accepted-links.ts';
import type { ControlLink, SipAddress } from './control-link.ts';
import {
  createDialledLink,
  type DialledLink,
  type LinkTiming,
  type SipServerAddress,
  serverName,
} from './dialled-link.ts';
import type { IncomingRequest, OutgoingResponse } from './srf-types.ts';

export interface SipServerState {
  server: string;
  up: boolean;
  because: string;
  version: string | undefined;
  /** False: only used to reach what is registered there. */
  takesRequests: boolean;
  region: string | undefined;
  /** Where it takes SIP, as it tells; empty until connected. */
  addresses: readonly SipAddress[];
}

export interface SipServers {
  /** Resolves when one of those that take requests is up; the others are tried for ever. */
  start(withinMs: number): Promise<void>;
  /** Replaces one of the same name. Its connection is made in the background. */
  add(address: SipServerAddress): void;
  /** False when there is none of that name. What is on it is lost to us. */
  remove(name: string): boolean;
  /** No more new requests of these; resolves when none comes any more. */
  release(which: (server: string) => boolean): Promise<void>;
  /** The next one for a new request; `not` is tried last. Undefined when none is up. */
  pick(not?: ControlLink): ControlLink | undefined;
  byName(name: string): ControlLink | undefined;
  /** The server that dials us from there. */
  whoDials: WhoDials;
  /** Where softphones are tunnelled to next. */
  webSocketTarget(): { host: string; port: number; server: string } | undefined;
  states(): SipServerState[];
  close(): void;
}

export interface SipServersOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  addresses: readonly SipServerAddress[];
  region: string | undefined;
  timing?: Partial<LinkTiming>;
  onRequest: (request: IncomingRequest, response: OutgoingResponse, link: ControlLink) => void;
  onState: (link: DialledLink) => void;
}

export function createSipServers(options: SipServersOptions): SipServers {
  const { clock, random, log, timing } = options;
  const links = new Map<string, DialledLink>();
  const turns = { requests: 0, softphones: 0 };
  let started = false;

  function make(address: SipServerAddress): DialledLink {
    const link = createDialledLink({
      ...{ clock, random, log, address, onRequest: options.onRequest },
      ...(timing ? { timing } : {}),
      onState: (_up, changed) => options.onState(changed),
    });
    links.set(link.server, link);
    return link;
  }
  for (const address of options.addresses) make(address);

  const taking = (): DialledLink[] => [...links.values()].filter(({ address }) => address.takesRequests !== false);

  function preferred<T extends DialledLink>(candidates: T[], not?: ControlLink): T[] {
    const ranks = [
      candidates.filter((link) => link !== not && link.healthy && link.address.region === options.region),
      candidates.filter((link) => link !== not && link.healthy),
      candidates.filter((link) => link !== not),
      candidates,
    ];
    return ranks.find((rank) => rank.length > 0) ?? [];
  }

  function inTurn<T>(of: keyof typeof turns, candidates: T[]): T | undefined {
    return candidates[turns[of]++ % Math.max(1, candidates.length)];
  }

  function webSocketOf(link: DialledLink): { host: string; port: number } | undefined {
    if (link.address.webSocket) return link.address.webSocket;
    const found = link.sipAddresses.find(({ protocol }) => protocol === 'ws');
    return found && { host: found.host, port: found.port };
  }

  return {
    async start(withinMs) {
      started = true;
      const starts = [...links.values()].map((link) => link.start(withinMs));
      const results = await Promise.allSettled(starts);
      const failures = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
      // One server is enough to take calls; health and log say that the others are missing.
      if (taking().every((link) => !link.up)) throw failures[0] ?? noSipServer();
      for (const err of failures) log.error({ err }, 'a SIP server is not reachable');
    },
    add(address) {
      const name = serverName(address);
      links.get(name)?.close('it is replaced');
      const link = make(address);
      if (started) void link.start(60_000).catch((err: unknown) => log.error({ err }, 'a SIP server is not reachable'));
    },
    remove(name) {
      const link = links.get(name);
      if (!link) return false;
      link.close('it was removed');
      links.delete(name);
      return true;
    },
    async release(which) {
      await Promise.all(taking().flatMap((link) => (which(link.server) ? [link.release()] : [])));
    },
    pick: (not) =>
      inTurn(
        'requests',
        preferred(
          taking().filter((link) => link.up),
          not,
        ),
      ),
    byName: (name) => links.get(name),
    whoDials({ address, hostports }) {
      const all = [...links.values()];
      const told = hostports ? all.find((link) => link.hostports === hostports) : undefined;
      // Known by a name, it is recognised by the addresses that it told when we dialled it.
      const from = all.find(({ address: { host }, sipAddresses }) =>
        isIP(host) ? host === address : sipAddresses.some((one) => one.host === address),
      );
      const link = told ?? from;
      return link && { server: link.server, secret: link.address.secret };
    },
    webSocketTarget() {
      const able = taking().flatMap((link) => (link.up && webSocketOf(link) ? [link] : []));
      const link = inTurn('softphones', preferred(able));
      const target = link && webSocketOf(link);
      return link && target && { ...target, server: link.server };
    },
    states: () =>
      [...links.values()].map((link) => ({
        server: link.server,
        up: link.up,
        because: link.because,
        version: link.version,
        takesRequests: link.address.takesRequests !== false,
        region: link.address.region,
        addresses: link.sipAddresses,
      })),
    close() {
      for (const link of links.values()) link.close();
    },
  };
}

function noSipServer(): AppError {
  return new AppError('config-invalid', 'No SIP server is configured: name at least one control port.');
}
