// Parameters after a semicolon, as in URIs, addresses and Via (RFC 3261 §25.1: generic-param, uri-parameter).
// Values stay as written, quotes included; names compare without case. No unescaping here.

export interface Param {
  name: string;
  /** Undefined for a flag such as `lr`. */
  value?: string;
}

/** The value of a parameter; '' for a flag, undefined when it is not there. `name` in lower case. */
export function paramValue(params: readonly Param[], name: string): string | undefined {
  for (const param of params) {
    if (param.name.length === name.length && param.name.toLowerCase() === name) return param.value ?? '';
  }
  return undefined;
}

/**
 * Parses `;a=b;c` from `from` to the end; undefined when something other than parameters is there. One semicolon too many
 * at the end is forgiven, since telephones write it; empty parameters in the middle are not (RFC 4475 §3.1.2.1).
 */
export function parseParams(text: string, from = 0): Param[] | undefined {
  const params: Param[] = [];
  let at = from;
  for (;;) {
    at = skipSpace(text, at);
    if (at >= text.length) return params;
    if (text.charCodeAt(at) !== 0x3b) return undefined;
    const end = endOfParam(text, at + 1);
    if (end < 0) return undefined;
    const param = oneParam(text.slice(at + 1, end));
    if (param) params.push(param);
    else if (end < text.length) return undefined;
    at = end;
  }
}

export function formatParams(params: readonly Param[]): string {
  let text = '';
  for (const { name, value } of params) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** The content of a quoted string without its quotes and escapes; anything else unchanged. */
export function unquote(text: string): string {
  if (text.length < 2 || text[0] !== '"' || text[text.length - 1] !== '"') return text;
  return text.slice(1, -1).replace(/\\(.)/gs, '$1');
}

/** As a quoted-string (RFC 3261 §25.1). Control characters, line breaks above all, have no place in one: they become a space. */
export function quote(text: string): string {
  return `"${text.replace(/\p{Cc}+/gu, ' ').replace(/["\\]/g, '\\$&')}"`;
}

/** Index of the next character that is not space, tab or a line break. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

/** Index after a quoted string that opens at `from`; -1 when it does not close. */
export function endOfQuoted(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at + 1;
  }
  return -1;
}

/**
 * Splits at commas that are outside quotes and angle brackets (RFC 3261 §7.3.1). Empty elements are kept, so that a
 * caller can refuse them.
 */
export function splitList(value: string): string[] {
  if (!value.includes(',')) return [value.trim()];
  const parts: string[] = [];
  let start = 0;
  let bracket = false;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === 0x22 && !bracket) {
      const end = endOfQuoted(value, at);
      if (end < 0) break;
      at = end - 1;
    } else if (code === 0x3c) bracket = true;
    else if (code === 0x3e) bracket = false;
    else if (code === 0x2c && !bracket) {
      parts.push(value.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(value.slice(start).trim());
  return parts;
}

function endOfParam(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x3b) return at;
    if (code === 0x22) {
      const end = endOfQuoted(text, at);
      if (end < 0) return -1;
      at = end - 1;
    }
  }
  return text.length;
}

function oneParam(text: string): Param | undefined {
  const equals = text.indexOf('=');
  if (equals < 0) {
    const name = text.trim();
    return name === '' ? undefined : { name };
  }
  const name = text.slice(0, equals).trim();
  return name === '' ? undefined : { name, value: text.slice(equals + 1).trim() };
}
