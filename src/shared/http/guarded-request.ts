// One HTTP request to a service of the company or of somebody whom it uses, with the guards that such requests need: only to
// hosts that are listed; the address is looked at when it is connected to, so that a name cannot lead elsewhere between a check
// and its use; no redirect is followed; time and size of the answer are bounded. In plain HTTP only into a listed private network.
// Says nothing to the log: what is asked may be about a person.

import { lookup as systemLookup } from 'node:dns';
import { type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { createReach, type Reach } from './reachable-addresses.ts';

export interface OutgoingRules {
  /** Host names that may be asked: `crm.example.co.jp`, or `*.example.co.jp` for the names below it. Any port. */
  hosts: readonly string[];
  /** Private networks that may be reached, as CIDR or addresses; none unless told. */
  privateNetworks: readonly string[];
  /** PEM of an authority that public lists do not have. */
  ca?: string;
}

export interface GuardedRequest {
  url: string;
  method: 'GET' | 'POST' | 'PUT';
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  /** For everything: finding the address, connecting, and the whole answer. */
  timeoutMs: number;
  /** A longer answer is not taken. */
  maxResponseBytes: number;
}

export type RequestFailure =
  /** The URL is none of http or https, or its host is not listed. */
  | 'forbidden-host'
  /** The name leads to an address that may not be reached. */
  | 'forbidden-address'
  | 'unreachable'
  | 'timeout'
  | 'redirected'
  | 'too-large'
  /** It ended in the middle, or comes in an encoding that was not asked for. */
  | 'unreadable';

export type GuardedAnswer =
  | { kind: 'answered'; status: number; body: Buffer; contentType?: string }
  | { kind: 'failed'; because: RequestFailure };

export type SendGuarded = (request: GuardedRequest) => Promise<GuardedAnswer>;

class ForbiddenAddress extends Error {}

export function createGuardedRequests(
  rules: OutgoingRules,
  needs: { lookup?: LookupFunction } = {},
): { send: SendGuarded; mayAsk: (url: string) => boolean } {
  const reach = createReach(rules.privateNetworks);
  const lookup = needs.lookup ?? (systemLookup as LookupFunction);

  function send(request: GuardedRequest): Promise<GuardedAnswer> {
    const url = allowedUrl(rules, request.url, ['http:', 'https:']);
    if (!url) return Promise.resolve({ kind: 'failed', because: 'forbidden-host' });
    return ask(url, request, { ...guardedConnection(url, reach, lookup), ...(rules.ca ? { ca: rules.ca } : {}) });
  }
  return { send, mayAsk: (url) => allowedUrl(rules, url, ['http:', 'https:']) !== undefined };
}

/** The URL when it is well-formed and its host is listed. A name and a password in it are not taken. */
export function allowedUrl(rules: OutgoingRules, text: string, protocols: readonly string[]): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const host = bareHost(url);
  if (!protocols.includes(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  return rules.hosts.some((listed) => hostFits(host, listed.toLowerCase())) ? url : undefined;
}

function hostFits(host: string, listed: string): boolean {
  if (listed.startsWith('*.')) return host.endsWith(listed.slice(1)) && host.length > listed.length - 1;
  return host === listed;
}

/** Without the brackets of an IPv6 address and the final dot of a name. */
const bareHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');

/** Options for `http.request`, `https.request` or a WebSocket: the connection is made to an address that was looked at, or not at all. */
export function guardedConnection(
  url: URL,
  reach: (address: string) => Reach,
  lookup: LookupFunction = systemLookup as LookupFunction,
): { lookup: LookupFunction; forbidden: boolean } {
  const inTheClear = url.protocol === 'http:' || url.protocol === 'ws:';
  const mayConnect = (address: string) => {
    const found = reach(address);
    return found === 'listed' || (found === 'public' && !inTheClear);
  };
  const host = bareHost(url);
  return {
    // An address instead of a name is connected to without a lookup.
    forbidden: isIP(host) !== 0 && !mayConnect(host),
    lookup(hostname, options, callback) {
      lookup(hostname, { ...options, all: true }, (error, found) => {
        const addresses = Array.isArray(found) ? found : [];
        const first = addresses[0];
        if (error || !first) return callback(error ?? new Error('no address'), []);
        // One forbidden address among good ones is no accident.
        if (!addresses.every(({ address }) => mayConnect(address)))
          return callback(new ForbiddenAddress('an address that may not be reached'), []);
        if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    },
  };
}

function ask(
  url: URL,
  { method, headers = {}, body, timeoutMs, maxResponseBytes }: GuardedRequest,
  { forbidden, ...connection }: RequestOptions & { forbidden: boolean; ca?: string },
): Promise<GuardedAnswer> {
  if (forbidden) return Promise.resolve({ kind: 'failed', because: 'forbidden-address' });
  return new Promise((resolve) => {
    const settle = (answer: GuardedAnswer) => {
      clearTimeout(late);
      resolve(answer);
      sent.destroy();
    };
    const fail = (because: RequestFailure) => settle({ kind: 'failed', because });
    const late = setTimeout(() => fail('timeout'), timeoutMs);
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = (url.protocol === 'https:' ? requestTls : requestPlain)(url, {
      method,
      headers: { 'accept-encoding': 'identity', accept: 'application/json', ...headers, ...length },
      ...connection,
      // A connection of its own: what was looked at is what is used.
      agent: false,
    });
    sent.on('error', (error) => fail(error instanceof ForbiddenAddress ? 'forbidden-address' : 'unreachable'));
    sent.on('response', (response) => {
      const status = response.statusCode ?? 0;
      if (status >= 300 && status < 400) return fail('redirected');
      if ((response.headers['content-encoding'] ?? 'identity') !== 'identity') return fail('unreadable');
      readAll(response, maxResponseBytes).then(
        (read) => {
          if (!Buffer.isBuffer(read)) return fail(read);
          const contentType = response.headers['content-type'];
          settle({ kind: 'answered', status, body: read, ...(contentType ? { contentType } : {}) });
        },
        () => fail('unreadable'),
      );
    });
    sent.end(body);
  });
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<Buffer | 'too-large' | 'unreadable'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return 'too-large';
    chunks.push(chunk);
  }
  return response.complete ? Buffer.concat(chunks) : 'unreadable';
}
