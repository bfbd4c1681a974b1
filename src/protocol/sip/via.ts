// Via (RFC 3261 §20.42), and what a server writes into the top one: `received` and `rport` (RFC 3261 §18.2.1, RFC 3581 §4).
// Only the first element of a value is parsed; nobody but its sender cares for the others.

import { endOfQuoted, formatParams, type Param, paramValue, parseParams } from './params.ts';
import { digits, formatHostPort, parseHostPort } from './uri.ts';

export interface Via {
  /** Upper case: UDP, TCP, TLS, WS, WSS, or what the peer wrote. */
  transport: string;
  host: string;
  port?: number;
  params: Param[];
  branch?: string;
  /** Where the sent-by begins in the value that was parsed. */
  start: number;
  /** Where the first element ends in the value that was parsed: its length, or the index of the comma. */
  end: number;
}

const loose = /^\s*SIP\s*\/\s*\d+\.\d+\s*\/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+/i;

/** The first element of a Via value; undefined when it does not follow the grammar. */
export function parseVia(value: string): Via | undefined {
  let from: number;
  let transport: string;
  if (value.startsWith('SIP/2.0/')) {
    const space = value.indexOf(' ', 8);
    if (space < 0) return undefined;
    transport = value.slice(8, space);
    from = space + 1;
  } else {
    transport = '';
    from = 0;
  }
  if (transport === '' || !/^[A-Za-z0-9\-.!%*_+`'~]+$/.test(transport)) {
    const match = loose.exec(value);
    if (!match) return undefined;
    transport = match[1]!;
    from = match[0].length;
  }
  const end = endOfElement(value, from);
  if (end < 0) return undefined;
  return rest(value.slice(from, end), transport, from, end);
}

function rest(text: string, transport: string, start: number, end: number): Via | undefined {
  const semicolon = text.indexOf(';');
  let sentBy = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
  if (sentBy.includes(' ') || sentBy.includes('\t')) sentBy = sentBy.replace(/\s*:\s*/g, ':');
  const place = parseHostPort(sentBy);
  const params = semicolon < 0 ? [] : parseParams(text, semicolon);
  if (!place || !params) return undefined;
  const branch = paramValue(params, 'branch');
  return { transport: transport.toUpperCase(), host: place.host, port: place.port, params, branch, start, end };
}

/** For answering a request that is malformed: where its sender is, even if the parameters make no sense. */
export function parseViaLoosely(value: string): Via | undefined {
  const via = parseVia(value);
  if (via) return via;
  const cut = value.search(/[;,]/);
  return cut < 0 ? undefined : parseVia(value.slice(0, cut));
}

/** The port that `rport` carries; 0 when it is there without one, undefined when it is not there. */
export function rportOf(via: Via): number | undefined {
  const value = paramValue(via.params, 'rport');
  return value === undefined ? undefined : (digits(value, 0, 65535) ?? 0);
}

/**
 * The value with `received` and `rport` set in its first element, or the value itself when nothing is to be added:
 * `received` when the sent-by is not the source address or rport was asked for, `rport` when it was asked for.
 */
export function markSource(value: string, via: Via, address: string, port: number): string {
  const wantsRport = rportOf(via) !== undefined;
  if (!wantsRport && via.host === address) return value;
  const params = via.params.filter(({ name }) => name.toLowerCase() !== 'received');
  const marked = params.map((param) =>
    param.name.toLowerCase() === 'rport' ? { name: param.name, value: String(port) } : param,
  );
  marked.push({ name: 'received', value: address });
  return `SIP/2.0/${via.transport} ${formatHostPort(via.host, via.port)}${formatParams(marked)}` + value.slice(via.end);
}

function endOfElement(value: string, from: number): number {
  if (!value.includes(',', from)) return value.length;
  for (let at = from; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === 0x2c) return at;
    if (code === 0x22) {
      const end = endOfQuoted(value, at);
      if (end < 0) return -1;
      at = end - 1;
    }
  }
  return value.length;
}
