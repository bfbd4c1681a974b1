// Contacts that can only be reached over the connection they registered on: browsers (RFC 7118 §5, hosts ending in
// .invalid) and anybody behind TCP or TLS whose listener we cannot reach. Learned when a REGISTER or SUBSCRIBE is answered
// with 2xx, forgotten when the connection closes or the binding runs out.

import { parseAddressList } from '../../../protocol/sip/address.ts';
import { header, headerLines, type SipRequest, type SipResponse } from '../../../protocol/sip/message.ts';
import { paramValue } from '../../../protocol/sip/params.ts';
import { parseSipUri } from '../../../protocol/sip/uri.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Flow } from '../layers.ts';

export interface ContactConnections {
  /** Remembers (or forgets, at expiry 0) the contacts of a request that was answered with 2xx. */
  learn(request: SipRequest, response: SipResponse, flow: Flow): void;
  /** The connection of a contact, by the user and host of its URI. */
  find(uri: string): Flow | undefined;
  connectionClosed(connectionId: string): void;
  readonly size: number;
}

const defaultExpirySeconds = 3600;

export function createContactConnections({ clock }: { clock: Clock }): ContactConnections {
  const known = new Map<string, { flow: Flow; until: number }>();
  const byConnection = new Map<string, Set<string>>();

  function keyOf(uri: string): string | undefined {
    const parsed = parseSipUri(uri);
    return parsed && `${parsed.user ?? ''}@${parsed.host.toLowerCase()}:${parsed.port ?? ''}`;
  }

  function forget(key: string): void {
    const entry = known.get(key);
    known.delete(key);
    if (entry?.flow.connectionId) byConnection.get(entry.flow.connectionId)?.delete(key);
  }

  function remember(key: string, flow: Flow, seconds: number): void {
    forget(key);
    known.set(key, { flow, until: clock.now() + seconds * 1000 });
    const keys = byConnection.get(flow.connectionId!) ?? new Set();
    keys.add(key);
    byConnection.set(flow.connectionId!, keys);
  }

  return {
    learn(request, response, flow) {
      if (!flow.connectionId) return;
      const granted = Number(header(response, 'expires') ?? header(request, 'expires') ?? defaultExpirySeconds);
      const answered = headerLines(response, 'contact').flatMap((line) => parseAddressList(line) ?? []);
      for (const contact of headerLines(request, 'contact').flatMap((line) => parseAddressList(line) ?? [])) {
        const key = keyOf(contact.uri);
        if (!key) continue;
        const echo = answered.find((candidate) => keyOf(candidate.uri) === key);
        const own = paramValue(echo?.params ?? contact.params, 'expires');
        const seconds = own ? Number(own) : granted;
        if (seconds > 0) remember(key, flow, seconds);
        else forget(key);
      }
    },
    find(uri) {
      if (known.size === 0) return undefined;
      const key = keyOf(uri);
      const entry = key === undefined ? undefined : known.get(key);
      if (!entry) return undefined;
      if (entry.until >= clock.now()) return entry.flow;
      forget(key!);
      return undefined;
    },
    connectionClosed(connectionId) {
      for (const key of byConnection.get(connectionId) ?? []) known.delete(key);
      byConnection.delete(connectionId);
    },
    get size() {
      return known.size;
    },
  };
}
