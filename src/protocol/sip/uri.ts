// URIs as SIP uses them: sip, sips (RFC 3261 §19.1) and tel (RFC 3966); every other scheme is kept as opaque text.
// Escapes stay as written; `unescapeUri` is for those who need the characters. Does not resolve anything.

import { formatParams, type Param, paramValue, parseParams } from './params.ts';

export interface SipUri {
  scheme: 'sip' | 'sips';
  /** Escaped as written; undefined when there is no user part. */
  user?: string;
  password?: string;
  /** A name, an IPv4 address, or an IPv6 address without its brackets. */
  host: string;
  port?: number;
  params: Param[];
  headers: Param[];
}

export interface TelUri {
  scheme: 'tel';
  /** The digits and separators as written, `+` included. */
  number: string;
  params: Param[];
}

export interface OtherUri {
  scheme: 'other';
  name: string;
  text: string;
}

export type Uri = SipUri | TelUri | OtherUri;

const schemeForm = /^([A-Za-z][A-Za-z0-9+.-]*):/;
const userForm = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/%#[\]{}|^`"\\\u0080-\uffff]*$/;

/** Undefined when it is not a URI, or a sip or sips URI that does not follow the grammar. */
export function parseUri(text: string): Uri | undefined {
  if (text.startsWith('sip:')) return parseSip('sip', text, 4);
  const scheme = schemeForm.exec(text)?.[1];
  if (scheme === undefined || hasSpace(text)) return undefined;
  const name = scheme.toLowerCase();
  if (name === 'sip' || name === 'sips') return parseSip(name, text, name.length + 1);
  if (name === 'tel') return parseTel(text);
  return { scheme: 'other', name, text };
}

/** As parseUri, for those who can only use sip and sips. */
export function parseSipUri(text: string): SipUri | undefined {
  const uri = parseUri(text);
  return uri && (uri.scheme === 'sip' || uri.scheme === 'sips') ? uri : undefined;
}

export function formatUri(uri: Uri): string {
  if (uri.scheme === 'other') return uri.text;
  if (uri.scheme === 'tel') return `tel:${uri.number}${formatParams(uri.params)}`;
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  const user = uri.user === undefined ? '' : `${uri.user}${password}@`;
  const headers = uri.headers.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join('&');
  return (
    `${uri.scheme}:${user}${formatHostPort(uri.host, uri.port)}${formatParams(uri.params)}` +
    (headers === '' ? '' : `?${headers}`)
  );
}

export function formatHostPort(host: string, port?: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

/** Replaces %HH by the character; a % that starts no escape stays. */
export function unescapeUri(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  const raw = Buffer.from(text, 'utf8');
  for (let at = 0; at < raw.length; at++) {
    const code = raw[at]!;
    const value = code === 0x25 ? Number.parseInt(raw.toString('latin1', at + 1, at + 3), 16) : Number.NaN;
    if (code === 0x25 && isHex(raw[at + 1]) && isHex(raw[at + 2])) {
      bytes.push(value);
      at += 2;
    } else bytes.push(code);
  }
  return Buffer.from(bytes).toString('utf8');
}

/** Escapes what may not stand in a user part. */
export function escapeUser(text: string): string {
  return text.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** Host and port of `host`, `host:port`, `[v6]` or `[v6]:port`; undefined when it is none of them. */
export function parseHostPort(text: string): { host: string; port?: number } | undefined {
  let host = text;
  let rest = '';
  if (text.charCodeAt(0) === 0x5b) {
    const close = text.indexOf(']');
    if (close < 0) return undefined;
    host = text.slice(1, close);
    rest = text.slice(close + 1);
    if (!/^[0-9A-Fa-f:.]+(%[A-Za-z0-9]+)?$/.test(host) || !host.includes(':')) return undefined;
  } else {
    const colon = text.indexOf(':');
    if (colon >= 0) {
      host = text.slice(0, colon);
      rest = text.slice(colon);
    }
    if (!isHostname(host)) return undefined;
  }
  if (rest === '') return { host };
  const port = digits(rest, 1, 65535);
  return rest.charCodeAt(0) === 0x3a && port !== undefined ? { host, port } : undefined;
}

/** RFC 3261 §19.1.4. Other schemes compare as text; tel compares digits without visual separators (RFC 3966 §4). */
export function sameUri(a: Uri, b: Uri): boolean {
  if (a.scheme === 'other' || b.scheme === 'other') return a.scheme === b.scheme && formatUri(a) === formatUri(b);
  if (a.scheme === 'tel' || b.scheme === 'tel') {
    if (a.scheme !== 'tel' || b.scheme !== 'tel') return false;
    return bareNumber(a.number) === bareNumber(b.number) && sameParams(a.params, b.params, () => true);
  }
  if (a.scheme !== b.scheme || a.port !== b.port || a.host.toLowerCase() !== b.host.toLowerCase()) return false;
  if (!sameEscaped(a.user, b.user) || !sameEscaped(a.password, b.password)) return false;
  return sameParams(a.params, b.params, mustMatch) && sameParams(a.headers, b.headers, () => true);
}

function mustMatch(name: string): boolean {
  return name === 'user' || name === 'ttl' || name === 'method' || name === 'maddr' || name === 'transport';
}

/** Parameters in both must be equal; those in one only matter when `decisive`. */
function sameParams(a: Param[], b: Param[], decisive: (name: string) => boolean): boolean {
  const oneWay = (from: Param[], to: Param[]) =>
    from.every(({ name, value }) => {
      const key = name.toLowerCase();
      const other = paramValue(to, key);
      if (other === undefined) return !decisive(key);
      return unescapeUri(value ?? '').toLowerCase() === unescapeUri(other).toLowerCase();
    });
  return oneWay(a, b) && oneWay(b, a);
}

function sameEscaped(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || unescapeUri(a) === unescapeUri(b);
}

function bareNumber(number: string): string {
  return number.replace(/[-.()\s]/g, '').toLowerCase();
}

function parseSip(scheme: 'sip' | 'sips', text: string, from: number): SipUri | undefined {
  // A user part may hold ; ? and / unescaped, so it is cut off first.
  const at = text.lastIndexOf('@');
  let user: string | undefined;
  let password: string | undefined;
  let rest = from;
  if (at >= from) {
    user = text.slice(from, at);
    const colon = user.indexOf(':');
    if (colon >= 0) {
      password = user.slice(colon + 1);
      user = user.slice(0, colon);
    }
    if (user === '' || !userForm.test(user)) return undefined;
    if (password !== undefined && !userForm.test(password)) return undefined;
    rest = at + 1;
  }
  const question = text.indexOf('?', rest);
  const end = question < 0 ? text.length : question;
  const semicolon = text.indexOf(';', rest);
  const hostEnd = semicolon < 0 || semicolon > end ? end : semicolon;
  const place = parseHostPort(text.slice(rest, hostEnd));
  if (!place) return undefined;
  const params = hostEnd === end ? [] : parseParams(text.slice(hostEnd, end));
  if (!params || hasSpace(text)) return undefined;
  const headers = question < 0 ? [] : parseHeaders(text.slice(question + 1));
  return { scheme, user, password, host: place.host, port: place.port, params, headers };
}

function parseTel(text: string): TelUri | undefined {
  const semicolon = text.indexOf(';');
  const number = text.slice(4, semicolon < 0 ? text.length : semicolon);
  const params = semicolon < 0 ? [] : parseParams(text.slice(semicolon));
  if (!params || !/^\+?[0-9A-Fa-f*#().-]+$/.test(number)) return undefined;
  return { scheme: 'tel', number, params };
}

function parseHeaders(text: string): Param[] {
  return text.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    return equals < 0 ? { name: pair } : { name: pair.slice(0, equals), value: pair.slice(equals + 1) };
  });
}

function isHostname(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const fine =
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x30 && code <= 0x39) ||
      (code >= 0x41 && code <= 0x5a) ||
      code === 0x2e ||
      code === 0x2d ||
      code === 0x5f;
    if (!fine) return false;
  }
  return true;
}

function hasSpace(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code === 0x3c || code === 0x3e) return true;
  }
  return false;
}

function isHex(code: number | undefined): boolean {
  if (code === undefined) return false;
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

/** An unsigned number of decimal digits from `from` to the end, at most `max`; undefined otherwise. */
export function digits(text: string, from: number, max: number): number | undefined {
  if (from >= text.length || text.length - from > 16) return undefined;
  let value = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at) - 0x30;
    if (code < 0 || code > 9) return undefined;
    value = value * 10 + code;
  }
  return value <= max ? value : undefined;
}
