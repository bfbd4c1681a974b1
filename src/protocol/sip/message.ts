// A SIP message in memory (RFC 3261 §7). Headers keep the order, the name as received and the raw value; what is looked at
// often is parsed once, on demand, by the functions in this folder. Parsing is parse.ts, writing is serialize.ts.

import { commonNames, compactForms } from './header-names.ts';

/** Raw header: `name` is as received or as it will be sent, `value` is trimmed and unfolded. */
export interface SipHeader {
  name: string;
  value: string;
}

interface SipMessageBase {
  headers: SipHeader[];
  /** The body as bytes; length 0 when there is none. */
  body: Buffer;
}

export interface SipRequest extends SipMessageBase {
  kind: 'request';
  method: string;
  /** Request-URI, as received. */
  uri: string;
}

export interface SipResponse extends SipMessageBase {
  kind: 'response';
  status: number;
  reason: string;
}

export type SipMessage = SipRequest | SipResponse;

/** Names seen before, as written, with their key: a look-up costs a tenth of lower-casing. Bounded, since peers choose names. */
const seen = new Map<string, string>();
const seenLimit = 1024;
for (const name of commonNames) for (const form of [name, name.toLowerCase()]) seen.set(form, name.toLowerCase());

const usual = new Map<number, string[]>();
for (const name of commonNames) usual.set(name.length, [...(usual.get(name.length) ?? []), name]);

/**
 * The common header name that stands in `text` from `start` to `end`, spelled alike. A copy cut out of the text would be hashed
 * anew by every `headerKey`; this one never is.
 */
export function commonNameAt(text: string, start: number, end: number): string | undefined {
  const first = text.charCodeAt(start);
  for (const name of usual.get(end - start) ?? none) {
    if (name.charCodeAt(0) === first && text.startsWith(name, start)) return name;
  }
  return undefined;
}

const none: readonly string[] = [];

/** The lower-case long form of a header name (RFC 3261 §7.3.3 and the IANA registry). */
export function headerKey(name: string): string {
  const known = seen.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const key = lower.length === 1 ? (compactForms[lower] ?? lower) : lower;
  if (seen.size < seenLimit && name.length <= 40) seen.set(name, key);
  return key;
}

/** The first value of a header, by long name in lower case. */
export function header(message: SipMessage, key: string): string | undefined {
  const { headers } = message;
  for (let at = 0; at < headers.length; at++) {
    if (headerKey(headers[at]!.name) === key) return headers[at]!.value;
  }
  return undefined;
}

/** All values of a header, one per header line (not split at commas). */
export function headerLines(message: SipMessage, key: string): string[] {
  return message.headers.filter((candidate) => headerKey(candidate.name) === key).map((found) => found.value);
}
