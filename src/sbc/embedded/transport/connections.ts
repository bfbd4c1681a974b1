// The connections that are open (TCP, TLS, WS, WSS), by id and by where they lead, so that responses and later requests
// reuse them (RFC 3261 §18.1.1, RFC 5923 in spirit). Enforces the limits: how many, how many from one address and from strangers,
// first message in time, a message whole in time, idle. The bytes of each are in stream.ts and websocket.ts.

import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { SipGuard } from '../../guard/sip-guard.ts';
import type { Flow } from '../layers.ts';
import type { Connections, TransportHandlers, TransportLimits, Wire } from './parts.ts';

interface Connection {
  flow: Flow;
  wire: Wire;
  /** Where it leads when we opened it, by name as well as address: TLS to another name is another connection. */
  key: string;
  openedAtMs: number;
  lastAtMs: number;
  /** A message came, so this is no half-open connection. */
  spoke: boolean;
  stranger: boolean;
  /** Since when a message has begun and not ended. */
  unfinishedSinceMs: number | undefined;
  /** We ended it; its close is on the way. */
  ending: boolean;
}

interface ConnectionsOptions {
  clock: Clock;
  log: Logger;
  handlers: TransportHandlers;
  limits: TransportLimits;
  guard: SipGuard | undefined;
}

const sweepEveryMs = 5000;
const strangersSweepEveryMs = 1000;

export function createConnections({ clock, log, handlers, limits, guard }: ConnectionsOptions): Connections {
  const byId = new Map<string, Connection>();
  const byKey = new Map<string, string>();
  const perAddress = new Map<string, number>();
  /** Of strangers, and of sockets that are in their handshake. */
  const strangersFrom = new Map<string, number>();
  let strangers = 0;
  let serial = 0;
  let sweeper: Timer | undefined;

  function sweep(): void {
    const now = clock.now();
    for (const connection of byId.values()) {
      const because = connection.ending ? undefined : overdue(connection, now);
      if (because === undefined) continue;
      const { flow, wire } = connection;
      connection.ending = true;
      handlers.count(`connection-${because}`);
      if (because !== 'idle') guard?.strike(flow.address, 'idle-connection');
      log.debug({ connectionId: flow.connectionId, because }, 'closing a connection');
      wire.end();
    }
  }

  function overdue(connection: Connection, now: number): 'silent' | 'slow' | 'idle' | undefined {
    const { spoke, stranger, openedAtMs, lastAtMs, unfinishedSinceMs } = connection;
    const firstWithinMs = stranger ? limits.strangersFirstMessageWithinMs : limits.firstMessageWithinMs;
    if (!spoke && now - openedAtMs > firstWithinMs) return 'silent';
    if (unfinishedSinceMs !== undefined && now - unfinishedSinceMs > limits.messageWithinMs) return 'slow';
    return now - lastAtMs > limits.idleAfterMs ? 'idle' : undefined;
  }

  function admits(address: string): boolean {
    const fits = byId.size < limits.maxConnections && (perAddress.get(address) ?? 0) < limits.maxConnectionsPerAddress;
    if (!fits) handlers.count('connection-refused');
    return fits;
  }

  /** A place for a socket of this address: what strangers may have is theirs alone, so that carriers always find room. */
  function begin(address: string): (() => void) | undefined {
    const standing = guard?.standing(address) ?? 'friend';
    if (standing === 'blocked') {
      handlers.count('connection-blocked');
      return undefined;
    }
    if (!admits(address)) return undefined;
    if (standing !== 'stranger' || !guard) return () => {};
    const own = strangersFrom.get(address) ?? 0;
    const { strangerConnections, strangersConnections } = guard.settings;
    if (own >= strangerConnections || strangers >= strangersConnections) {
      handlers.count('connection-refused');
      if (own >= strangerConnections) guard.strike(address, 'flood');
      return undefined;
    }
    strangers++;
    strangersFrom.set(address, own + 1);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      strangers--;
      const left = (strangersFrom.get(address) ?? 1) - 1;
      if (left > 0) strangersFrom.set(address, left);
      else strangersFrom.delete(address);
    };
  }

  function remove(connectionId: string): void {
    const connection = byId.get(connectionId);
    if (!connection) return;
    byId.delete(connectionId);
    if (byKey.get(connection.key) === connectionId) byKey.delete(connection.key);
    const left = (perAddress.get(connection.flow.address) ?? 1) - 1;
    if (left > 0) perAddress.set(connection.flow.address, left);
    else perAddress.delete(connection.flow.address);
    if (byId.size === 0) {
      sweeper?.cancel();
      sweeper = undefined;
    }
    handlers.closed(connectionId);
  }

  return {
    add(flow, wire, { outbound = false, serverName } = {}) {
      if (!outbound && !admits(flow.address)) return undefined;
      const connectionId = `${flow.protocol}-${++serial}`;
      flow.connectionId = connectionId;
      const key = keyOf(flow, serverName);
      const now = clock.now();
      const stranger = !outbound && !flow.protocol.startsWith('ws') && guard?.standing(flow.address) === 'stranger';
      const times = { openedAtMs: now, lastAtMs: now, unfinishedSinceMs: undefined };
      byId.set(connectionId, { flow, wire, key, ...times, spoke: outbound, stranger, ending: false });
      byKey.set(key, connectionId);
      perAddress.set(flow.address, (perAddress.get(flow.address) ?? 0) + 1);
      sweeper ??= clock.every(guard ? strangersSweepEveryMs : sweepEveryMs, sweep);
      return flow;
    },
    admits,
    begin,
    remove,
    touch(connectionId, spoke) {
      const connection = byId.get(connectionId);
      if (!connection) return;
      connection.lastAtMs = clock.now();
      if (spoke) connection.spoke = true;
    },
    pending(connectionId, unfinished) {
      const connection = byId.get(connectionId);
      if (connection)
        connection.unfinishedSinceMs = unfinished ? (connection.unfinishedSinceMs ?? clock.now()) : undefined;
    },
    send(connectionId, bytes) {
      const connection = byId.get(connectionId);
      if (!connection || connection.ending) return false;
      if (connection.wire.queuedBytes() > limits.maxQueuedBytes) {
        handlers.count('connection-stuck');
        connection.ending = true;
        connection.wire.end();
        return false;
      }
      return connection.wire.write(bytes);
    },
    end(connectionId) {
      const connection = byId.get(connectionId);
      if (!connection || connection.ending) return;
      connection.ending = true;
      connection.wire.end();
    },
    flowOf(connectionId) {
      const connection = byId.get(connectionId);
      return connection?.ending ? undefined : connection?.flow;
    },
    towards(destination) {
      const id = byKey.get(keyOf(destination, destination.serverName));
      const connection = id === undefined ? undefined : byId.get(id);
      return connection?.ending ? undefined : connection?.flow;
    },
    closeAll() {
      sweeper?.cancel();
      sweeper = undefined;
      for (const { wire } of [...byId.values()]) wire.end();
    },
    get size() {
      return byId.size;
    },
  };
}

/** A TLS connection carries only messages for the name that its certificate was checked against. */
function keyOf({ protocol, address, port }: Pick<Flow, 'protocol' | 'address' | 'port'>, name = ''): string {
  return protocol === 'tls' ? `tls|${address}|${port}|${name}` : `${protocol}|${address}|${port}`;
}
