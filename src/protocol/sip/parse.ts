// Bytes of one message → SipMessage (RFC 3261 §7, §25), with what RFC 4475 asks to tolerate. Never throws: what cannot be
// understood is a value that says why and, for a request, which status to answer and with which headers.
// Checks what every element needs: start line, Via, From, To, Call-ID, CSeq, Max-Forwards, Content-Length, Contact's form.
// Does not look into other URIs, options or bodies; that is for those who use them. Framing on streams is stream-framer.ts.

import { parseAddress, parseAddressList, tagOf } from './address.ts';
import { type CSeq, parseCSeq } from './cseq.ts';
import { commonNameAt, headerKey, type SipHeader, type SipMessage, type SipRequest } from './message.ts';
import { digits, parseUri } from './uri.ts';
import { parseVia, parseViaLoosely, type Via } from './via.ts';

/** What was found on the way and is needed for matching (RFC 3261 §17.1.3, §17.2.3). */
export interface ParsedMessage {
  kind: 'message';
  message: SipMessage;
  /** The message as text, body included; trailing bytes of a datagram are cut off. */
  text: string;
  via: Via;
  /** The header that holds the top Via, and where its value stands in `text` as received. */
  viaHeader: SipHeader;
  viaStart: number;
  viaEnd: number;
  cseq: CSeq;
  callId: string;
  from: string;
  to: string;
  fromTag: string | undefined;
  toTag: string | undefined;
}

export interface Malformed {
  kind: 'malformed';
  because: string;
  /** Status to answer; undefined when it was a response, an ACK, or there is not enough to answer with. */
  status?: number;
  /** The request with what an answer needs: Via, and one each of From, To, Call-ID and CSeq. Given with `status`. */
  partial?: SipRequest;
}

export type ParseResult = ParsedMessage | Malformed | { kind: 'keepalive' };

export interface ParseLimits {
  maxHeaders: number;
  maxBytes: number;
}

export const defaultParseLimits: ParseLimits = { maxHeaders: 256, maxBytes: 65535 };

interface Scan {
  headers: SipHeader[];
  first: Record<Single, SipHeader | undefined>;
  twice: string | undefined;
  broken: string | undefined;
  viaStart: number;
  viaEnd: number;
  /** Index in text after the empty line; -1 when there was none. */
  bodyStart: number;
}

type Single = 'via' | 'from' | 'to' | 'call-id' | 'cseq' | 'max-forwards' | 'content-length' | 'contact';

export function parseMessage(bytes: Buffer, limits: ParseLimits = defaultParseLimits): ParseResult {
  if (isKeepalive(bytes)) return { kind: 'keepalive' };
  if (bytes.length > limits.maxBytes) return { kind: 'malformed', because: 'the message is larger than the limit' };
  let text = bytes.toString('utf8');
  const start = skipLeadingLines(text);
  const lineEnd = text.indexOf('\n', start);
  if (lineEnd < 0) return { kind: 'malformed', because: 'there is no complete start line' };
  const line = parseStartLine(text.slice(start, text.charCodeAt(lineEnd - 1) === 0x0d ? lineEnd - 1 : lineEnd));
  const scan = scanHeaders(text, lineEnd + 1, limits.maxHeaders);
  const message: SipMessage =
    line.kind === 'response'
      ? { kind: 'response', status: line.status, reason: line.reason, headers: scan.headers, body: noBody }
      : { kind: 'request', method: line.method, uri: line.uri, headers: scan.headers, body: noBody };

  const because = line.because ?? scan.broken ?? (scan.bodyStart < 0 ? 'the headers do not end' : undefined);
  if (because !== undefined) return malformed(message, scan, because, line.status505 ? 505 : 400);

  // Byte offsets and text offsets differ as soon as something is not ASCII.
  const bodyOffset = text.length === bytes.length ? scan.bodyStart : endOfHead(bytes, start);
  const bodyBytes = bodyLength(scan.first['content-length'], bytes.length - bodyOffset);
  if (typeof bodyBytes === 'string') return malformed(message, scan, bodyBytes, 400);
  message.body = bodyBytes === 0 ? noBody : bytes.subarray(bodyOffset, bodyOffset + bodyBytes);
  if (bodyOffset + bodyBytes < bytes.length) {
    text = text.slice(0, scan.bodyStart) + (bodyBytes === 0 ? '' : message.body.toString('utf8'));
  }
  const result = check(message, scan, start === 0 ? text : text.slice(start), start);
  return typeof result === 'string' ? malformed(message, scan, result, 400) : result;
}

const noBody = Buffer.alloc(0);

/** CRLF keep-alives (RFC 5626 §4.4.1), and the few zero or blank bytes that telephones send to keep a NAT binding. */
function isKeepalive(bytes: Buffer): boolean {
  if (bytes.length > 8) return false;
  for (const byte of bytes) if (byte !== 0x0d && byte !== 0x0a && byte !== 0x00 && byte !== 0x20) return false;
  return true;
}

/** Empty lines before the start line are ignored (RFC 3261 §7.5). */
function skipLeadingLines(text: string): number {
  let at = 0;
  while (text.charCodeAt(at) === 0x0d || text.charCodeAt(at) === 0x0a) at++;
  return at;
}

type StartLine =
  | { kind: 'response'; status: number; reason: string; because?: string; status505?: undefined }
  | { kind: 'request'; method: string; uri: string; because?: string; status505?: boolean };

function parseStartLine(line: string): StartLine {
  if (line.startsWith('SIP/')) return parseStatusLine(line);
  const first = line.indexOf(' ');
  const last = line.lastIndexOf(' ');
  const method = first < 0 ? line : line.slice(0, first);
  if (first < 0 || last === first)
    return { kind: 'request', method, uri: '', because: 'the request line is not complete' };
  const uri = line.slice(first + 1, last);
  const version = line.slice(last + 1);
  const fail = (because: string): StartLine => ({ kind: 'request', method, uri: uri.trim(), because });
  if (!isToken(method)) return fail('the method is not a token');
  if (version !== 'SIP/2.0' && version.toUpperCase() !== 'SIP/2.0') {
    if (!/^[A-Za-z]+\/\d+\.\d+$/.test(version)) return fail('the request line does not end with the version');
    return { kind: 'request', method, uri, because: 'the version is not SIP/2.0', status505: true };
  }
  if (uri === '') return fail('there is no Request-URI');
  for (let at = 0; at < uri.length; at++) {
    const code = uri.charCodeAt(at);
    if (code <= 0x20 || code === 0x3c || code === 0x3e || code === 0x22) {
      return fail('the Request-URI holds white space, quotes or angle brackets');
    }
  }
  if (uri.indexOf(':') < 1) return fail('the Request-URI has no scheme');
  if (!parseUri(uri)) return fail('the Request-URI does not follow the grammar');
  return { kind: 'request', method, uri };
}

function parseStatusLine(line: string): StartLine {
  const status = digits(line.slice(8, 11), 0, 699);
  const fourth = line.charCodeAt(11);
  const fine =
    line.slice(0, 8).toUpperCase() === 'SIP/2.0 ' && (line.length === 11 || fourth === 0x20) && !line.includes('\r');
  if (!fine || status === undefined || status < 100) {
    return { kind: 'response', status: 0, reason: '', because: 'the status line is not one of SIP/2.0' };
  }
  return { kind: 'response', status, reason: line.slice(12) };
}

function scanHeaders(text: string, from: number, maxHeaders: number): Scan {
  const first = emptyFirst();
  const headers: SipHeader[] = [];
  const scan: Scan = { headers, first, twice: undefined, broken: undefined, viaStart: 0, viaEnd: 0, bodyStart: -1 };
  let at = from;
  for (;;) {
    let next = text.indexOf('\n', at);
    if (next < 0) return scan;
    let end = text.charCodeAt(next - 1) === 0x0d && next > at ? next - 1 : next;
    if (end === at) {
      scan.bodyStart = next + 1;
      return scan;
    }
    // A line that begins with white space continues the one before (RFC 3261 §7.3.1).
    let folded = false;
    for (let code = text.charCodeAt(next + 1); code === 0x20 || code === 0x09; code = text.charCodeAt(next + 1)) {
      const following = text.indexOf('\n', next + 1);
      if (following < 0) return scan;
      next = following;
      end = text.charCodeAt(next - 1) === 0x0d ? next - 1 : next;
      folded = true;
    }
    addHeader(scan, text, at, end, folded);
    if (headers.length > maxHeaders) scan.broken ??= 'there are too many headers';
    at = next + 1;
  }
}

function addHeader(scan: Scan, text: string, start: number, end: number, folded: boolean): void {
  let colon = text.indexOf(':', start);
  if (colon < 0 || colon >= end) colon = -1;
  let nameEnd = colon;
  while (nameEnd > start && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--;
  let name = commonNameAt(text, start, nameEnd);
  if (name === undefined) {
    name = colon < 0 ? '' : text.slice(start, nameEnd);
    if (!isToken(name)) {
      scan.broken ??= 'a header line has no valid name';
      return;
    }
  }
  let valueStart = colon + 1;
  while (valueStart < end && isBlank(text.charCodeAt(valueStart))) valueStart++;
  let valueEnd = end;
  while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
  let value = text.slice(valueStart, valueEnd);
  if (folded) value = value.replace(/[ \t]*\r?\n[ \t]+/g, ' ').trim();
  // Whoever takes a lone CR for a line end would see other headers than we do.
  if (value.includes('\r')) scan.broken ??= 'a header value holds a lone carriage return';
  const header: SipHeader = { name, value };
  scan.headers.push(header);
  const key = headerKey(name);
  if (!isSingle(key)) return;
  if (scan.first[key] === undefined) {
    scan.first[key] = header;
    if (key === 'via') {
      scan.viaStart = valueStart;
      scan.viaEnd = valueEnd;
    }
  } else if (key === 'contact') checkContact(scan, header);
  else if (key !== 'via') scan.twice ??= key;
}

function emptyFirst(): Scan['first'] {
  return {
    via: undefined,
    from: undefined,
    to: undefined,
    'call-id': undefined,
    cseq: undefined,
    'max-forwards': undefined,
    'content-length': undefined,
    contact: undefined,
  };
}

function isSingle(key: string): key is Single {
  switch (key) {
    case 'via':
    case 'from':
    case 'to':
    case 'call-id':
    case 'cseq':
    case 'max-forwards':
    case 'content-length':
    case 'contact':
      return true;
    default:
      return false;
  }
}

function checkContact(scan: Scan, header: SipHeader): void {
  if (header.value !== '*' && !parseAddressList(header.value)) scan.broken ??= 'a Contact is not an address';
}

/** Everything that matching and answering rely on. A string says what is wrong. */
function check(message: SipMessage, scan: Scan, text: string, shift: number): ParsedMessage | string {
  const { first } = scan;
  if (scan.twice !== undefined) return `there is more than one ${scan.twice} header`;
  const viaHeader = first.via;
  const from = first.from?.value;
  const to = first.to?.value;
  const callId = first['call-id']?.value;
  if (!viaHeader || from === undefined || to === undefined || !callId || !first.cseq) {
    return 'a mandatory header is missing';
  }
  const via = parseVia(viaHeader.value);
  if (!via) return 'the top Via does not follow the grammar';
  const cseq = parseCSeq(first.cseq.value);
  if (!cseq) return 'CSeq is not a number below 2^32 and a method';
  if (message.kind === 'request' && cseq.method !== message.method) return 'CSeq names another method';
  if (!parseAddress(from)) return 'From is not an address';
  if (!parseAddress(to)) return 'To is not an address';
  const hops = first['max-forwards'];
  if (hops && digits(hops.value, 0, 255) === undefined) return 'Max-Forwards is not a number from 0 to 255';
  if (first.contact) checkContact(scan, first.contact);
  if (scan.broken) return scan.broken;
  const viaStart = scan.viaStart - shift;
  const viaEnd = scan.viaEnd - shift;
  const fromTag = tagOf(from);
  const toTag = tagOf(to);
  return { kind: 'message', message, text, via, viaHeader, viaStart, viaEnd, cseq, callId, from, to, fromTag, toTag };
}

function malformed(message: SipMessage, scan: Scan, because: string, status: number): Malformed {
  if (message.kind === 'response' || message.method === 'ACK') return { kind: 'malformed', because };
  const { via, from, to, cseq } = scan.first;
  const callId = scan.first['call-id'];
  if (!via || !parseViaLoosely(via.value) || !from || !to || !callId || !cseq) return { kind: 'malformed', because };
  const vias = scan.headers.filter(({ name }) => headerKey(name) === 'via');
  return { kind: 'malformed', because, status, partial: { ...message, headers: [...vias, from, to, callId, cseq] } };
}

/** How many bytes belong to the body; without Content-Length a datagram's body is all that is left (RFC 3261 §18.3). */
function bodyLength(header: SipHeader | undefined, available: number): number | string {
  if (!header) return available;
  const length = digits(header.value, 0, Number.MAX_SAFE_INTEGER);
  if (length === undefined) return 'Content-Length is not a number';
  return length > available ? 'Content-Length is larger than the message' : length;
}

/** Index of the byte after the empty line, in a message whose text offsets are not its byte offsets. */
function endOfHead(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const next = bytes.indexOf(0x0a, at);
    if (next < 0) return bytes.length;
    if (next === at || (next === at + 1 && bytes[at] === 0x0d)) return next + 1;
    at = next + 1;
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

const tokenCharacter = new Uint8Array(128);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~") {
  tokenCharacter[character.charCodeAt(0)] = 1;
}

/** RFC 3261 §25.1, `token`. */
function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (tokenCharacter[text.charCodeAt(at)] !== 1) return false;
  return text.length > 0;
}
