// Who is calling, from the headers of an INVITE (RFC 3323, RFC 3325, and Remote-Party-ID of older gateways), with the
// reasons for withholding that Japanese networks put into the display name (TTC JJ-90.30). Every instance of a header
// counts. A caller who asked for privacy has no number here, even where the carrier told us one. Pure.

import { createHash } from 'node:crypto';
import { type NumberForm, parseTrunkNumber } from '../privacy/number-forms.ts';
import type { PhoneNumber } from '../privacy/phone-number.ts';
import { type Address, parseAddress } from '../protocol/sip/address.ts';
import { splitList } from '../protocol/sip/params.ts';
import { parseUri } from '../protocol/sip/uri.ts';
import type { InboundCall } from './border.ts';

export interface IdentityHeaders {
  /** All instances joined by commas; undefined when there is none. */
  get(name: string): string | undefined;
}

export interface CallerIdentity {
  caller: PhoneNumber | undefined;
  withheld: InboundCall['withheld'];
}

export function readCaller(
  headers: IdentityHeaders,
  rules: { trustAsserted: boolean; form: NumberForm },
): CallerIdentity {
  const from = addresses(headers.get('From'))[0];
  const remoteParty = addresses(headers.get('Remote-Party-ID'));
  if (wantsPrivacy(headers.get('Privacy'), remoteParty)) return { caller: undefined, withheld: reasonIn(from) };
  const asserted = rules.trustAsserted ? [...addresses(headers.get('P-Asserted-Identity')), ...remoteParty] : [];
  for (const address of [...asserted, from]) {
    const number = address && numberOf(address, rules.form);
    if (number) return { caller: number, withheld: 'no' };
  }
  return { caller: undefined, withheld: from && isAnonymous(from) ? reasonIn(from) : 'unknown' };
}

function addresses(header: string | undefined): Address[] {
  if (header === undefined) return [];
  return splitList(header).flatMap((one) => parseAddress(one) ?? []);
}

/** `id`, `user`, `header` or `session` in any Privacy header; `none` is a wish to be seen. */
function wantsPrivacy(privacy: string | undefined, remoteParty: Address[]): boolean {
  const wishes = (privacy ?? '').toLowerCase().split(/[;,\s]+/);
  if (['id', 'user', 'header', 'session'].some((wish) => wishes.includes(wish))) return true;
  return remoteParty.some(({ params }) =>
    params.some(({ name, value }) => name.toLowerCase() === 'privacy' && /^"?(full|name|uri)/i.test(value ?? '')),
  );
}

function numberOf(address: Address, form: NumberForm): PhoneNumber | undefined {
  const uri = parseUri(address.uri);
  if (!uri || uri.scheme === 'other') return undefined;
  const text = uri.scheme === 'tel' ? telText(address.uri) : uri.user;
  if (!text || (uri.scheme !== 'tel' && isAnonymous(address))) return undefined;
  const parsed = parseTrunkNumber(text, form);
  return parsed.kind === 'number' ? parsed.number : undefined;
}

const telText = (uri: string) => uri.replace(/^tel:/i, '');

function isAnonymous(address: Address): boolean {
  const uri = parseUri(address.uri);
  if (!uri || uri.scheme === 'other' || uri.scheme === 'tel') return false;
  if (uri.host.toLowerCase() === 'anonymous.invalid') return true;
  return /^(anonymous|unavailable|restricted|unknown|withheld|private)$/i.test(uri.user ?? '');
}

function reasonIn(from: Address | undefined): Exclude<InboundCall['withheld'], 'no'> {
  const uri = from && parseUri(from.uri);
  const said = `${from?.displayName ?? ''} ${uri && 'user' in uri ? (uri.user ?? '') : ''}`.toLowerCase();
  if (/coin|pay ?phone|公衆/.test(said)) return 'payphone';
  if (/unavailable|interaction with other service|out of area|表示圏外|サービス競合/.test(said)) return 'unavailable';
  if (/anonymous|restricted|withheld|private|非通知/.test(said)) return 'user-request';
  return from ? 'user-request' : 'unknown';
}

/**
 * The Call-ID as it may be logged. Some gateways build it from the caller's number; then it is replaced by a digest, which
 * the operator can compute from the carrier's trace.
 */
export function loggableCallId(headers: IdentityHeaders): string {
  const callId = headers.get('Call-ID') ?? '';
  const digits = callId.replace(/\D/g, '');
  const said = ['From', 'P-Asserted-Identity', 'P-Preferred-Identity', 'Remote-Party-ID', 'Diversion', 'History-Info'];
  const numbers = said.flatMap((name) => (headers.get(name) ?? '').replace(/[\s().-]/g, '').match(/\d{7,}/g) ?? []);
  if (!numbers.some((number) => digits.includes(number.slice(-9)))) return callId;
  return `sha256:${createHash('sha256').update(callId).digest('hex').slice(0, 16)}`;
}
