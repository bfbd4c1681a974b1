// PostgreSQL and Redis: do they answer, are they new enough, do their clocks agree with ours, may we do what we need.

import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { loadSecrets } from '../../secrets.ts';
import { asError } from '../../shared/errors.ts';
import { probeDatabase } from '../../store/probe.ts';
import { parseRedisUrls, type RedisAddress } from '../../store/redis/addresses.ts';
import { error, type Finding, isAtLeast, judgeClock, ok, type Patient, warning } from './finding.ts';

export const minimumPostgres = '14';
export const minimumRedis = '6.2';

export async function checkDatabase({ config }: Patient): Promise<Finding[]> {
  const { databaseUrl } = loadSecrets(config.dataFolder);
  if (config.database.kind === 'embedded' || !databaseUrl) return [ok('The database is the embedded one.')];
  return checkPostgres(databaseUrl);
}

export async function checkPostgres(url: string): Promise<Finding[]> {
  const { version, clockMs, askedAtMs, superuser } = await probeDatabase(url);
  return [
    isAtLeast(version, minimumPostgres)
      ? ok(`PostgreSQL answers: version ${version}.`)
      : error(`PostgreSQL ${version} is too old: install ${minimumPostgres} or later.`),
    judgeClock('PostgreSQL', clockMs, askedAtMs),
    ...(superuser
      ? [warning('ENGAWA_DATABASE_URL signs in as a superuser; the owner of the database is enough.')]
      : []),
  ];
}

export async function checkLiveState({ config }: Patient): Promise<Finding[]> {
  if (config.liveState.kind === 'memory') return [ok('Live state is in memory: this node is the only one.')];
  const { redisUrl = '' } = loadSecrets(config.dataFolder);
  const servers = parseRedisUrls(redisUrl);
  const ca = config.liveState.tls ? readFileSync(config.liveState.tls.caFile) : undefined;
  return (await Promise.all(servers.map((server) => checkRedis(server, ca)))).flat();
}

export async function checkRedis(server: RedisAddress, ca?: Buffer): Promise<Finding[]> {
  const { host, port, username, password, database, tls } = server;
  const where = `${host}:${port}`;
  const redis = new Redis({
    host,
    port,
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: { servername: host, ...(ca ? { ca } : {}) } } : {}),
    lazyConnect: true,
    connectTimeout: 3000,
    commandTimeout: 3000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let because = '';
  redis.on('error', (thrown: Error) => {
    because = thrown.message;
  });
  try {
    await redis.connect();
    const info = await redis.info();
    const version = /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown';
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1] ?? 'unknown';
    const before = Date.now();
    const [seconds = '0', micros = '0'] = (await redis.time()).map(String);
    const clockMs = Number(seconds) * 1000 + Number(micros) / 1000;
    return [
      isAtLeast(version, minimumRedis)
        ? ok(`Redis at ${where} answers: version ${version}.`)
        : error(`Redis ${version} at ${where} is too old: install ${minimumRedis} or later.`),
      judgeClock(`Redis at ${where}`, clockMs, (before + Date.now()) / 2),
      policy === 'noeviction'
        ? ok('Redis forgets nothing when its memory is full (maxmemory-policy noeviction).')
        : error(`Redis has maxmemory-policy ${policy} and may forget calls and agents: set it to noeviction.`),
    ];
  } catch (thrown) {
    return [
      error(
        `Redis at ${where} does not answer: ${because || asError(thrown).message}. Is it started, is the password right?`,
      ),
    ];
  } finally {
    redis.disconnect();
  }
}
