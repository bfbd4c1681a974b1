// Addresses: From, To, Contact, Route, Record-Route, Refer-To … (RFC 3261 §20.10, name-addr / addr-spec).
// The URI stays text: most of the time nobody looks into it. Tolerates what RFC 4475 says a liberal element may:
// no space before <, spaces inside <>, characters in a display name that should have been quoted.

import {
  endOfQuoted,
  formatParams,
  type Param,
  paramValue,
  parseParams,
  quote,
  skipSpace,
  splitList,
  unquote,
} from './params.ts';

export interface Address {
  /** Without quotes and escapes. */
  displayName?: string;
  uri: string;
  params: Param[];
}

/** One address; undefined when it does not follow the grammar. */
export function parseAddress(text: string): Address | undefined {
  const start = skipSpace(text, 0);
  if (text.charCodeAt(start) === 0x22) {
    const end = endOfQuoted(text, start);
    if (end < 0) return undefined;
    const open = skipSpace(text, end);
    if (text.charCodeAt(open) !== 0x3c) return undefined;
    return bracketed(text, open, unquote(text.slice(start, end)));
  }
  const open = text.indexOf('<', start);
  const semicolon = text.indexOf(';', start);
  if (open >= 0 && (semicolon < 0 || open < semicolon)) {
    const name = text.slice(start, open).trim();
    if (name.includes('"')) return undefined;
    return bracketed(text, open, name === '' ? undefined : name);
  }
  return bare(text, start, semicolon);
}

/** Every address of a comma-separated header value; undefined when one of them does not follow the grammar. */
export function parseAddressList(value: string): Address[] | undefined {
  const addresses: Address[] = [];
  for (const part of splitList(value)) {
    const address = parseAddress(part);
    if (!address) return undefined;
    addresses.push(address);
  }
  return addresses;
}

export function formatAddress({ displayName, uri, params }: Address): string {
  const name = displayName === undefined || displayName === '' ? '' : `${quote(displayName)} `;
  return `${name}<${uri}>${formatParams(params)}`;
}

/** The tag of a From or To value. Looks no further than it must; undefined when there is none. */
export function tagOf(value: string): string | undefined {
  const close = value.lastIndexOf('>');
  const at = value.indexOf(';tag=', Math.max(close, 0));
  if (at >= 0) {
    const end = value.indexOf(';', at + 5);
    return value.slice(at + 5, end < 0 ? value.length : end).trim();
  }
  if (!/;\s*tag\s*=/i.test(value)) return undefined;
  const address = parseAddress(value);
  return address && paramValue(address.params, 'tag');
}

function bracketed(text: string, open: number, displayName: string | undefined): Address | undefined {
  const close = text.indexOf('>', open + 1);
  if (close < 0) return undefined;
  const uri = text.slice(open + 1, close).trim();
  if (!plausible(uri)) return undefined;
  const params = parseParams(text, close + 1);
  return params && { displayName, uri, params };
}

/** Without brackets, what follows a semicolon belongs to the header, and ? and , may not be there (RFC 3261 §20). */
function bare(text: string, start: number, semicolon: number): Address | undefined {
  const uri = text.slice(start, semicolon < 0 ? text.length : semicolon).trim();
  if (!plausible(uri) || uri.includes('?') || uri.includes(',') || uri.includes('"')) return undefined;
  const params = semicolon < 0 ? [] : parseParams(text, semicolon);
  return params && { uri, params };
}

/** A scheme, a colon and something, and no white space: what can be said without parsing the URI. */
function plausible(uri: string): boolean {
  const colon = uri.indexOf(':');
  if (colon < 1 || colon === uri.length - 1) return false;
  for (let at = 0; at < uri.length; at++) {
    const code = uri.charCodeAt(at);
    if (code <= 0x20 || code === 0x3c) return false;
    if (at < colon && !isSchemeCharacter(code)) return false;
  }
  return true;
}

function isSchemeCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2e
  );
}
