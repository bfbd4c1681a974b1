// Two connections to the one Redis server that has our keys: `commands`, and `reads`, which waits in XREAD.
// Finds that server among the addresses: the master, and in a cluster the master of our slot. They come and go together: when
// either fails, both are dropped and the link begins again (store/live/link.ts), perhaps at another server.
//
// ioredis is told to do none of this by itself, because each of its ways to help hides a loss from us:
//   retryStrategy null       it would reconnect quietly, perhaps to a server that has lost everything
//   enableOfflineQueue false it would hold commands without a bound while there is no connection
//   autoResendUnfulfilledCommands false, maxRetriesPerRequest 0   it would send again what may have been carried out
//   autoResubscribe false    nothing here subscribes; streams are read from a known place instead
//   commandTimeout unset     it would end XREAD BLOCK as well, and leave the connection open with a reply to come (batches.ts)
//   enableReadyCheck false   it would wait for LOADING up to its own time; INFO is asked here, once
//   'error' listeners        without one, it writes every error to the console
// A cluster client is not used: all keys are in one slot, and the server that has it is asked for below.

import { Redis, type RedisOptions } from 'ioredis';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { RedisAddress } from './addresses.ts';
import { isHopeless, sentenceFor } from './refusals.ts';

/** XTRIM and XADD with MINID came with it. */
export const minimumRedisVersion = '6.2';

export interface Connections {
  commands: Redis;
  reads: Redis;
  /** Such as 127.0.0.1:6379. */
  where: string;
  version: string;
}

export interface ConnectOptions {
  addresses: readonly [RedisAddress, ...RedisAddress[]];
  /** Certificate authority in PEM, when it is not one that Node.js knows. */
  ca: string | undefined;
  /** A key of ours; in a cluster its slot says which server. */
  key: string;
  name: string;
  timeoutMs: number;
  log: Logger;
}

/** Resolves with connections to the first address that leads to our master; rejects with why none does. */
export async function connectRedis(options: ConnectOptions): Promise<Connections> {
  const refusals: string[] = [];
  let hopeless = 0;
  for (const address of options.addresses) {
    try {
      return await connectAt(address, options);
    } catch (thrown) {
      const error = asError(thrown);
      if (error instanceof AppError ? error.code === 'config-invalid' : isHopeless(error.message)) hopeless += 1;
      refusals.push(`${address.host}:${address.port}: ${sentenceFor(error)}`);
    }
  }
  const code = hopeless === options.addresses.length ? 'config-invalid' : 'live-state-unavailable';
  throw new AppError(code, `Redis: ${refusals.join('; ')}.`);
}

async function connectAt(address: RedisAddress, options: ConnectOptions, redirects = 0): Promise<Connections> {
  const commands = openClient(address, options);
  try {
    await connectClient(commands, options);
    const info = parseInfo(await within(options.timeoutMs, commands.info()));
    checkServer(info, options.log);
    if (info['cluster_enabled'] === '1') {
      const master = await masterOfSlot(commands, address, options);
      if (master.host !== address.host || master.port !== address.port) {
        if (redirects >= 3) throw new Error('the servers of the cluster send us around in a circle');
        commands.disconnect();
        return await connectAt({ ...address, ...master }, options, redirects + 1);
      }
    }
    if (info['role'] !== 'master') throw new Error('it is a replica');
    const reads = openClient(address, options);
    try {
      await connectClient(reads, options);
    } catch (error) {
      reads.disconnect();
      throw error;
    }
    const where = `${address.host}:${address.port}`;
    return { commands, reads, where, version: info['redis_version'] ?? 'unknown' };
  } catch (error) {
    commands.disconnect();
    throw error;
  }
}

function openClient(address: RedisAddress, { ca, name, timeoutMs, log }: ConnectOptions): Redis {
  const { host, port, username, password, database } = address;
  const settings: RedisOptions = {
    host,
    port,
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(address.tls ? { tls: { ...(ca === undefined ? {} : { ca }) } } : {}),
    connectionName: name,
    // The replies of RESP3 have other shapes, and need Redis 6.
    protocol: 2,
    lazyConnect: true,
    connectTimeout: timeoutMs,
    retryStrategy: () => null,
    reconnectOnError: null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
  };
  const client = new Redis(settings);
  client.on('error', (error: Error) => log.debug({ err: error }, 'Redis connection'));
  return client;
}

/** connect() rejects with 'Connection is closed.'; why is what was emitted before it. */
async function connectClient(client: Redis, { timeoutMs }: ConnectOptions): Promise<void> {
  let cause: Error | undefined;
  const remember = (error: Error) => {
    cause ??= error;
  };
  client.on('error', remember);
  try {
    await within(timeoutMs, client.connect());
  } catch (error) {
    throw cause ?? error;
  }
  client.off('error', remember);
  // A refused password is emitted as well, and the connection stays.
  if (cause) throw cause;
}

/** A server that was stopped accepts connections and answers nothing. */
export async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function parseInfo(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\r\n')
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

function checkServer(info: Record<string, string>, log: Logger): void {
  const version = info['redis_version'] ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = minimumRedisVersion.split('.').map(Number);
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    throw new AppError(
      'config-invalid',
      `This is Redis ${version}; Engawa needs ${minimumRedisVersion} or later (7 is recommended)`,
    );
  }
  if (info['loading'] === '1') throw new Error('LOADING');
  if (info['maxmemory'] !== '0' && info['maxmemory_policy'] !== 'noeviction') {
    log.warn(
      { policy: info['maxmemory_policy'] },
      'Redis may forget live state when its memory is full: set maxmemory-policy noeviction',
    );
  }
}

/** The server that has our slot, by what this one knows (CLUSTER SLOTS). */
async function masterOfSlot(client: Redis, { host }: RedisAddress, { key, timeoutMs }: ConnectOptions) {
  const slot = await within(timeoutMs, client.cluster('KEYSLOT', key));
  const ranges = (await within(timeoutMs, client.cluster('SLOTS'))) as unknown[][];
  const range = ranges.find(([from, to]) => (from as number) <= slot && slot <= (to as number));
  if (!range) throw new Error('CLUSTERDOWN no server has our slot');
  const [masterHost, port] = range[2] as [string | null, number];
  return { host: masterHost || host, port };
}
