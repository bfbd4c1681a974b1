// Who is calling, from the headers of an INVITE (RFC 3323, RFC 3325, and Remote-Party-ID of older gateways), with the
// reasons for withholding that Japanese networks put into the display name (TTC JJ-90.30). Every instance of a header
// counts. A caller who asked for privacy has no number here, even where the carrier told us one. Who diverted the call is in
// Diversion (RFC 5806) or History-Info (RFC 7044). Pure.

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

/** What this carrier says when it has no number for us, beside what all say. */
export interface WithheldText {
  text: string;
  reason: Exclude<InboundCall['withheld'], 'no'>;
}

export interface CallerIdentity {
  caller: PhoneNumber | undefined;
  withheld: InboundCall['withheld'];
}

export function readCaller(
  headers: IdentityHeaders,
  rules: { trustAsserted: boolean; form: NumberForm; withheldTexts?: readonly WithheldText[] },
): CallerIdentity {
  const from = addresses(headers.get('From'))[0];
  const remoteParty = addresses(headers.get('Remote-Party-ID'));
  const reason = () => reasonIn(from, rules.withheldTexts ?? []);
  if (wantsPrivacy(headers.get('Privacy'), remoteParty)) return { caller: undefined, withheld: reason() };
  const asserted = rules.trustAsserted ? [...addresses(headers.get('P-Asserted-Identity')), ...remoteParty] : [];
  for (const address of [...asserted, from]) {
    const number = address && numberOf(address, rules.form);
    if (number) return { caller: number, withheld: 'no' };
  }
  return { caller: undefined, withheld: from && isAnonymous(from) ? reason() : 'unknown' };
}

/** The numbers that sent this call on, if the network tells. */
export function readDiverting(headers: IdentityHeaders, form: NumberForm): PhoneNumber[] {
  // The last entry of History-Info is where the call goes, the ones before it are where it came from.
  const history = addresses(headers.get('History-Info')).slice(0, -1);
  return [...addresses(headers.get('Diversion')), ...history].flatMap((one) => numberOf(one, form) ?? []);
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

/** The letters of Number Display (NTT): P withheld, C coin telephone, O out of area, S services that clash. */
const letters: Readonly<Record<string, Exclude<InboundCall['withheld'], 'no'>>> = {
  p: 'user-request',
  c: 'payphone',
  o: 'unavailable',
  s: 'unavailable',
};

function reasonIn(from: Address | undefined, texts: readonly WithheldText[]): Exclude<InboundCall['withheld'], 'no'> {
  const uri = from && parseUri(from.uri);
  const said = `${from?.displayName ?? ''} ${uri && 'user' in uri ? (uri.user ?? '') : ''}`.toLowerCase();
  const own = texts.find(({ text }) => said.includes(text.toLowerCase()));
  if (own) return own.reason;
  const letter = letters[(from?.displayName || (uri && 'user' in uri ? uri.user : '') || '').toLowerCase()];
  if (letter) return letter;
  if (/coin|pay ?phone|公衆/.test(said)) return 'payphone';
  if (/unavailable|interaction with other service|out of area|out of service|表示圏外|通知不可|サービス競合/.test(said))
    return 'unavailable';
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
