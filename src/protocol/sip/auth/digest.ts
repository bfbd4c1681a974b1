// Digest authentication for SIP (RFC 3261 §22, RFC 7616, RFC 8760): challenges, credentials and their check, for both sides.
// Pure but for node:crypto. Keeps no passwords and knows no users; the caller brings H(A1) or the password.

import { createHash, timingSafeEqual } from 'node:crypto';
import { type Param, paramValue, quote, splitList, unquote } from '../params.ts';

export const digestAlgorithms = ['SHA-256', 'SHA-512-256', 'MD5'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

export interface Challenge {
  realm: string;
  nonce: string;
  algorithm: DigestAlgorithm;
  /** What the challenger offers; empty when it named none (RFC 2069 peers). */
  qop: string[];
  opaque?: string;
  stale?: boolean;
}

export interface Credentials {
  username: string;
  realm: string;
  nonce: string;
  uri: string;
  response: string;
  algorithm: DigestAlgorithm;
  qop?: string;
  cnonce?: string;
  /** The nonce count as sent: eight hexadecimal digits. */
  nc?: string;
  opaque?: string;
}

/** The secret part: either the password, or H(username:realm:password) in the credentials' algorithm. */
export type DigestSecret = { password: string } | { ha1: string };

/** The value of WWW-Authenticate or Proxy-Authenticate. RFC 8760 §2.4: one header per algorithm, the best first. */
export function formatChallenge({ realm, nonce, algorithm, qop, opaque, stale }: Challenge): string {
  let text = `Digest realm=${quote(realm)}, nonce=${quote(nonce)}, algorithm=${algorithm}`;
  if (qop.length > 0) text += `, qop=${quote(qop.join(','))}`;
  if (opaque !== undefined) text += `, opaque=${quote(opaque)}`;
  return stale ? `${text}, stale=true` : text;
}

/** Undefined when it is not Digest, lacks realm or nonce, or wants an algorithm that we do not have. */
export function parseChallenge(value: string): Challenge | undefined {
  const fields = parseFields(value);
  const realm = field(fields, 'realm');
  const nonce = field(fields, 'nonce');
  const algorithm = algorithmOf(field(fields, 'algorithm'));
  if (realm === undefined || nonce === undefined || !algorithm) return undefined;
  const qop = (field(fields, 'qop') ?? '')
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '');
  const stale = field(fields, 'stale')?.toLowerCase() === 'true';
  return { realm, nonce, algorithm, qop, opaque: field(fields, 'opaque'), stale };
}

/** Of several challenges for one realm, the strongest that we can answer. */
export function strongestChallenge(values: readonly string[]): Challenge | undefined {
  const usable = values.map(parseChallenge).filter((one) => one !== undefined);
  return digestAlgorithms.map((name) => usable.find(({ algorithm }) => algorithm === name)).find((one) => one);
}

export interface AnswerTo {
  challenge: Challenge;
  method: string;
  /** The Request-URI. */
  uri: string;
  username: string;
  secret: DigestSecret;
  cnonce: string;
  /** How often this nonce was used, this time included. */
  count: number;
  body?: Buffer;
}

/** Credentials for a challenge, with qop=auth when it is offered, auth-int when nothing else is. */
export function answerChallenge({
  challenge,
  method,
  uri,
  username,
  secret,
  cnonce,
  count,
  body,
}: AnswerTo): Credentials {
  const { realm, nonce, algorithm, opaque } = challenge;
  const qop = ['auth', 'auth-int'].find((one) => challenge.qop.includes(one));
  const given: Credentials = { username, realm, nonce, uri, algorithm, opaque, response: '' };
  if (qop !== undefined) Object.assign(given, { qop, cnonce, nc: count.toString(16).padStart(8, '0') });
  given.response = expectedResponse(given, secret, method, body);
  return given;
}

export function formatCredentials(credentials: Credentials): string {
  const { username, realm, nonce, uri, response, algorithm, qop, cnonce, nc, opaque } = credentials;
  let text = `Digest username=${quote(username)}, realm=${quote(realm)}, nonce=${quote(nonce)}, uri=${quote(uri)}`;
  text += `, response="${response}", algorithm=${algorithm}`;
  if (qop !== undefined) text += `, qop=${qop}, nc=${nc}, cnonce=${quote(cnonce ?? '')}`;
  return opaque === undefined ? text : `${text}, opaque=${quote(opaque)}`;
}

/** The value of Authorization or Proxy-Authorization; undefined when it is not usable Digest. */
export function parseCredentials(value: string): Credentials | undefined {
  const fields = parseFields(value);
  const [username, realm, nonce, uri, response] = ['username', 'realm', 'nonce', 'uri', 'response'].map((name) =>
    field(fields, name),
  );
  const algorithm = algorithmOf(field(fields, 'algorithm'));
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined) return undefined;
  if (response === undefined || !algorithm) return undefined;
  const qop = field(fields, 'qop')?.toLowerCase();
  const cnonce = field(fields, 'cnonce');
  const nc = field(fields, 'nc');
  const opaque = field(fields, 'opaque');
  if (qop !== undefined && (cnonce === undefined || nc === undefined || !/^[0-9a-f]{8}$/i.test(nc))) return undefined;
  return { username, realm, nonce, uri, response: response.toLowerCase(), algorithm, qop, cnonce, nc, opaque };
}

/** Whether the response is what the secret gives. The nonce is nonces.ts's, the uri the caller's to check. */
export function verifyCredentials(
  credentials: Credentials,
  secret: DigestSecret,
  method: string,
  body?: Buffer,
): boolean {
  if (credentials.qop !== undefined && credentials.qop !== 'auth' && credentials.qop !== 'auth-int') return false;
  const expected = Buffer.from(expectedResponse(credentials, secret, method, body));
  const given = Buffer.from(credentials.response);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** H(username:realm:password), which may be stored instead of the password. */
export function hashA1(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return hash(algorithm, `${username}:${realm}:${password}`);
}

function expectedResponse(given: Credentials, secret: DigestSecret, method: string, body: Buffer | undefined): string {
  const { algorithm, username, realm, nonce, uri, qop, cnonce, nc } = given;
  const ha1 = 'ha1' in secret ? secret.ha1 : hashA1(algorithm, username, realm, secret.password);
  const a2 = `${method}:${uri}`;
  if (qop === undefined) return hash(algorithm, `${ha1}:${nonce}:${hash(algorithm, a2)}`);
  const ha2 = hash(algorithm, qop === 'auth-int' ? `${a2}:${hash(algorithm, body ?? '')}` : a2);
  return hash(algorithm, `${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
}

const hashNames: Record<DigestAlgorithm, string> = { 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256', MD5: 'md5' };

function hash(algorithm: DigestAlgorithm, text: string | Buffer): string {
  return createHash(hashNames[algorithm]).update(text).digest('hex');
}

/** Without a name it is MD5 (RFC 7616 §3.3). */
function algorithmOf(name: string | undefined): DigestAlgorithm | undefined {
  if (name === undefined) return 'MD5';
  return digestAlgorithms.find((one) => one === name.toUpperCase());
}

function parseFields(value: string): Param[] {
  const scheme = /^\s*Digest\s+/i.exec(value);
  if (!scheme) return [];
  return splitList(value.slice(scheme[0].length)).flatMap((part) => {
    const equals = part.indexOf('=');
    return equals < 1 ? [] : [{ name: part.slice(0, equals).trim(), value: part.slice(equals + 1).trim() }];
  });
}

function field(fields: readonly Param[], name: string): string | undefined {
  const value = paramValue(fields, name);
  return value === undefined ? undefined : unquote(value);
}
