// What Redis and the network say when something is wrong, as sentences for the operator.

const sentences: readonly (readonly [RegExp, string])[] = [
  [/^READONLY/, 'this Redis became a replica; its master is looked for'],
  [/^(MOVED|ASK|TRYAGAIN|CROSSSLOT)/, 'the slot moved to another server of the cluster; it is looked for'],
  [/^CLUSTERDOWN/, 'the Redis cluster has no master for our slot'],
  [/^LOADING/, 'Redis is still loading its data'],
  [/^OOM/, 'Redis is out of memory; raise maxmemory'],
  [/^MISCONF/, 'Redis cannot write its snapshot to disk and refuses writes; see its log'],
  [/^NOREPLICAS/, 'Redis has fewer replicas than min-replicas-to-write asks for'],
  [/^(WRONGPASS|NOAUTH)|invalid (username-)?password/i, 'Redis does not accept the password in ENGAWA_REDIS_URL'],
  [/^NOPERM/, 'the Redis user may not run what is needed; give it +@all on the keys of our prefix'],
  [/ECONNREFUSED/, 'nothing listens there'],
  [/ENOTFOUND|EAI_AGAIN/, 'its name is not known'],
  [/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/, 'it cannot be reached'],
  [/ECONNRESET|Connection is closed|EPIPE/, 'the connection broke'],
  [/certificate|self.signed|altname/i, 'its certificate is not trusted; set liveState.tls.caFile'],
];

/** Server errors that another try does not cure, at start. */
export const isHopeless = (message: string) => /^(WRONGPASS|NOAUTH|NOPERM)|invalid (username-)?password/i.test(message);

export function sentenceFor(error: Error): string {
  const known = sentences.find(([pattern]) => pattern.test(error.message))?.[1];
  return known ?? error.message;
}
