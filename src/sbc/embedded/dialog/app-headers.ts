// Headers that an application gave, made fit for the wire (drachtio control protocol): what the stack owns is dropped,
// names that are no tokens are dropped, lower-case names get their usual spelling, and `localhost` in an address becomes the
// address we send from. Pure.

import { formatAddress, parseAddress } from '../../../protocol/sip/address.ts';
import { headerKey, type SipHeader } from '../../../protocol/sip/message.ts';

/** The stack's own; an application cannot set them. */
const stackOwned = new Set([
  'via',
  'route',
  'record-route',
  'rseq',
  'content-length',
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
]);

const isAddress = new Set([
  'contact',
  'p-asserted-identity',
  'p-preferred-identity',
  'refer-to',
  'referred-by',
  'remote-party-id',
]);

const token = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

const spellings: Record<string, string> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  rack: 'RAck',
  rseq: 'RSeq',
  'mime-version': 'MIME-Version',
  'www-authenticate': 'WWW-Authenticate',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
  'min-se': 'Min-SE',
};

const spelled = new Map<string, string>();

/** `content-type` → `Content-Type`; names with capitals and extension names (`x-…`) stay as they are. */
export function spellHeaderName(name: string): string {
  const known = spelled.get(name);
  if (known !== undefined) return known;
  const own = /[A-Z]/.test(name) || name.startsWith('x-');
  const result = own ? name : (spellings[name] ?? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()));
  if (spelled.size < 512 && name.length <= 40) spelled.set(name, result);
  return result;
}

const localhost = /(sips?:(?:[^@>;\s]*@)?)localhost(?::\d+)?(?=[>;\s?,]|$)/gi;

/** Replaces the host `localhost` of the URIs in an address header by `hostPort`. */
export function replaceLocalhost(value: string, hostPort: string): string {
  return value.includes('localhost') ? value.replace(localhost, `$1${hostPort}`) : value;
}

/** A bare URI gets its brackets: some far ends look for them. */
function addressValue(value: string, hostPort: string): string {
  const replaced = replaceLocalhost(value, hostPort);
  if (replaced.includes('<') || replaced.includes(',')) return replaced;
  const address = parseAddress(replaced);
  return address ? formatAddress(address) : replaced;
}

/** The headers that may go on the wire. `Max-Forwards` passes only when `requests` is set. */
export function wireHeaders(
  headers: readonly SipHeader[],
  hostPort: string,
  { keep }: { keep?: ReadonlySet<string> } = {},
): SipHeader[] {
  const result: SipHeader[] = [];
  for (const { name, value } of headers) {
    const key = headerKey(name);
    if (stackOwned.has(key) && !keep?.has(key)) continue;
    if (!token.test(name)) continue;
    result.push({ name: spellHeaderName(name), value: isAddress.has(key) ? addressValue(value, hostPort) : value });
  }
  return result;
}

export function findHeader(headers: readonly SipHeader[], key: string): string | undefined {
  for (const each of headers) if (headerKey(each.name) === key) return each.value;
  return undefined;
}
