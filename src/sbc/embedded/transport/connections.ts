// The connections that are open (TCP, TLS, WS, WSS), by id and by where they lead, so that responses and later requests
// reuse them (RFC 3261 §18.1.1, RFC 5923 in spirit). Enforces the limits: how many, how many from one address, first message
// in time, idle. The bytes of each are in stream.ts and websocket.ts.

import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logger.ts';
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
  /** We ended it; its close is on the way. */
  ending: boolean;
}

interface ConnectionsOptions {
  clock: Clock;
  log: Logger;
  handlers: TransportHandlers;
  limits: TransportLimits;
}

const sweepEveryMs = 5000;

export function createConnections({ clock, log, handlers, limits }: ConnectionsOptions): Connections {
  const byId = new Map<string, Connection>();
  const byKey = new Map<string, string>();
  const perAddress = new Map<string, number>();
  let serial = 0;
  let sweeper: Timer | undefined;

  function sweep(): void {
    const now = clock.now();
    for (const connection of byId.values()) {
      const { flow, wire, spoke, openedAtMs, lastAtMs, ending } = connection;
      const silent = !spoke && now - openedAtMs > limits.firstMessageWithinMs;
      const idle = now - lastAtMs > limits.idleAfterMs;
      if (ending || (!silent && !idle)) continue;
      connection.ending = true;
      handlers.count(silent ? 'connection-silent' : 'connection-idle');
      log.debug({ connectionId: flow.connectionId, because: silent ? 'no message' : 'idle' }, 'closing a connection');
      wire.end();
    }
  }

  function admits(address: string): boolean {
    const fits = byId.size < limits.maxConnections && (perAddress.get(address) ?? 0) < limits.maxConnectionsPerAddress;
    if (!fits) handlers.count('connection-refused');
    return fits;
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
      byId.set(connectionId, { flow, wire, key, openedAtMs: now, lastAtMs: now, spoke: outbound, ending: false });
      byKey.set(key, connectionId);
      perAddress.set(flow.address, (perAddress.get(flow.address) ?? 0) + 1);
      sweeper ??= clock.every(sweepEveryMs, sweep);
      return flow;
    },
    admits,
    remove,
    touch(connectionId, spoke) {
      const connection = byId.get(connectionId);
      if (!connection) return;
      connection.lastAtMs = clock.now();
      if (spoke) connection.spoke = true;
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
