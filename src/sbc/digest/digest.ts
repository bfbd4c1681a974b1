// Digest access authentication (RFC 3261 §22, RFC 7616 with SHA-256 as RFC 8760 brings it to SIP): reading challenges and
// credentials, and the arithmetic. MD5 stays for old trunks; qop is `auth` or none. Pure. Keeps no nonces; verifier.ts does.

import { createHash } from 'node:crypto';

/** In order of preference (RFC 8760 §2.4: strongest first). */
export const digestAlgorithms = ['SHA-256', 'MD5'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

export interface Challenge {
  realm: string;
  nonce: string;
  algorithm: DigestAlgorithm;
  opaque?: string;
  qop: 'auth' | undefined;
  stale: boolean;
}

export interface DigestCredentials {
  username: string;
  realm: string;
  nonce: string;
  uri: string;
  response: string;
  algorithm: DigestAlgorithm;
  qop?: string;
  nc?: string;
  cnonce?: string;
}

/** Each challenge or credential of a header whose instances were joined by commas, as its parameters. */
export function splitDigest(header: string | undefined): Map<string, string>[] {
  if (header === undefined) return [];
  const found: Map<string, string>[] = [];
  const token =
    /(?:^|[,\s])(Digest|Basic|Bearer|AKAv1-MD5)\s+(?=[\w-]+\s*=)|([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",\s]*))/gi;
  for (const match of header.matchAll(token)) {
    if (match[1]) found.push(new Map([['scheme', match[1].toLowerCase()]]));
    else found.at(-1)?.set(match[2]!.toLowerCase(), match[3]?.replace(/\\(.)/g, '$1') ?? match[4] ?? '');
  }
  return found.filter((one) => one.get('scheme') === 'digest');
}

function algorithmOf(text: string | undefined): DigestAlgorithm | undefined {
  const wanted = (text ?? 'MD5').toUpperCase();
  return digestAlgorithms.find((algorithm) => algorithm === wanted);
}

/** The strongest challenge that we can answer. */
export function bestChallenge(header: string | undefined): Challenge | undefined {
  const usable = splitDigest(header).flatMap((one): Challenge[] => {
    const algorithm = algorithmOf(one.get('algorithm'));
    const realm = one.get('realm');
    const nonce = one.get('nonce');
    const offered = one
      .get('qop')
      ?.split(',')
      .map((qop) => qop.trim().toLowerCase());
    if (!algorithm || realm === undefined || !nonce || (offered && !offered.includes('auth'))) return [];
    const opaque = one.get('opaque');
    const stale = one.get('stale')?.toLowerCase() === 'true';
    return [{ realm, nonce, algorithm, qop: offered && 'auth', stale, ...(opaque === undefined ? {} : { opaque }) }];
  });
  return digestAlgorithms.flatMap((algorithm) => usable.filter((one) => one.algorithm === algorithm))[0];
}

/** Credentials as received; undefined when a part is missing or the algorithm is none of ours. */
export function readCredentials(header: string | undefined): DigestCredentials | undefined {
  const one = splitDigest(header)[0];
  const algorithm = algorithmOf(one?.get('algorithm'));
  if (!one || !algorithm) return undefined;
  const get = (name: string) => one.get(name);
  const [username, realm, nonce, uri, response] = ['username', 'realm', 'nonce', 'uri', 'response'].map(get);
  if (!username || realm === undefined || !nonce || !uri || !response) return undefined;
  return { username, realm, nonce, uri, response, algorithm, qop: get('qop'), nc: get('nc'), cnonce: get('cnonce') };
}

export interface DigestInput {
  algorithm: DigestAlgorithm;
  username: string;
  realm: string;
  password: string;
  method: string;
  uri: string;
  nonce: string;
  qop?: string;
  nc?: string;
  cnonce?: string;
}

/** RFC 7616 §3.4.1 */
export function digestResponse(input: DigestInput): string {
  const name = input.algorithm === 'SHA-256' ? 'sha256' : 'md5';
  const hash = (text: string) => createHash(name).update(text).digest('hex');
  const ha1 = hash(`${input.username}:${input.realm}:${input.password}`);
  const ha2 = hash(`${input.method}:${input.uri}`);
  if (!input.qop) return hash(`${ha1}:${input.nonce}:${ha2}`);
  return hash(`${ha1}:${input.nonce}:${input.nc}:${input.cnonce}:${input.qop}:${ha2}`);
}

const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** The value of Authorization or Proxy-Authorization. */
export function formatCredentials(input: DigestInput, opaque?: string): string {
  const parts = [
    `username=${quoted(input.username)}`,
    `realm=${quoted(input.realm)}`,
    `nonce=${quoted(input.nonce)}`,
    `uri=${quoted(input.uri)}`,
    `response="${digestResponse(input)}"`,
    `algorithm=${input.algorithm}`,
  ];
  if (opaque !== undefined) parts.push(`opaque=${quoted(opaque)}`);
  if (input.qop) parts.push(`qop=${input.qop}`, `nc=${input.nc}`, `cnonce=${quoted(input.cnonce ?? '')}`);
  return `Digest ${parts.join(', ')}`;
}
