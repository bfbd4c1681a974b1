// Where Redis is: one URL, or several separated by commas: servers of a replicated set or of a cluster, of which the master that
// has our slot is found by asking (connect.ts). redis:// or rediss:// (TLS), with user and password, and /number of the database.

import { AppError } from '../../shared/errors.ts';

export interface RedisAddress {
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
  database: number;
  tls: boolean;
}

export function parseRedisUrls(urls: string): [RedisAddress, ...RedisAddress[]] {
  const [first, ...others] = urls
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '')
    .map(parseRedisUrl);
  if (!first) throw invalid('is empty');
  return [first, ...others];
}

function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    throw invalid('is not a redis:// or rediss:// URL');
  const database = url.pathname.replace(/^\//, '');
  if (!/^\d*$/.test(database)) throw invalid('names a database that is not a number');
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    database: Number(database || 0),
    tls: url.protocol === 'rediss:',
  };
}

// The URL holds a password, so it is not repeated.
const invalid = (what: string) =>
  new AppError(
    'config-invalid',
    `ENGAWA_REDIS_URL ${what}. Write redis://user:password@host:6379/0, several of them separated by commas.`,
  );
