// What may be said to whom. Headers of one leg are never copied to another; each request is made here from nothing, and
// passes the list of its audience before it goes out. A softphone never reads an identity of the customer
// (P-Asserted-Identity, Remote-Party-ID, Diversion, History-Info, Referred-By …), a carrier never one of the agent.

import { toTrunkNumber } from '../privacy/number-forms.ts';
import { PhoneNumber } from '../privacy/phone-number.ts';
import { quote } from '../protocol/sip/params.ts';
import { formatHostPort } from '../protocol/sip/uri.ts';
import type { SoftphoneCall, TrunkCall } from './border.ts';
import { allowedMethods } from './legs/sip-dialog.ts';
import type { TrunkSettings, TrunkTarget } from './trunk-settings.ts';

export type Audience = 'carrier' | 'softphone' | 'recording-server';

/** The only headers that we write into a request of our own, by audience. The SIP server adds Via, Contact, Max-Forwards … */
export const allowedHeaders: Readonly<Record<Audience, ReadonlySet<string>>> = {
  carrier: new Set([
    'from',
    'to',
    'p-asserted-identity',
    'privacy',
    'allow',
    'supported',
    'session-expires',
    'min-se',
    'user-agent',
    'reason',
  ]),
  'recording-server': new Set(['from', 'to', 'contact', 'require', 'allow', 'supported', 'user-agent', 'reason']),
  softphone: new Set(['from', 'to', 'allow', 'supported', 'call-info', 'x-engawa-call', 'x-engawa-purpose', 'reason']),
};

/** Throws on a header that this audience must not get: a fault of ours, which ends the call before a byte is sent. */
export function checkedFor(audience: Audience, headers: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    if (!allowedHeaders[audience].has(name.toLowerCase())) throw new Error(`header ${name} is not for a ${audience}`);
    if (/[\r\n]/.test(value)) throw new Error(`header ${name} holds a line break`);
  }
  return headers;
}

export interface TrunkInvite {
  uri: string;
  proxy?: string;
  headers: Record<string, string>;
}

export function inviteForTrunk(
  call: Pick<TrunkCall, 'to' | 'presentedNumber' | 'withhold'>,
  trunk: TrunkSettings,
  target: TrunkTarget,
  { domain, sessionExpiresSeconds }: { domain: string; sessionExpiresSeconds: number },
): TrunkInvite {
  const { identity, formOut } = trunk;
  const userPhone = identity.userPhone ? ';user=phone' : '';
  const hop = `${formatHostPort(target.host, target.port)}`;
  const transport = target.transport === 'udp' ? '' : `;transport=${target.transport}`;
  const written = toTrunkNumber(call.to, formOut);
  // Before three digits, or after a plus, a prefix would be another number.
  const takesPrefix = written.startsWith('0');
  const byPrefix = call.withhold === true && identity.withhold === 'prefix' && takesPrefix;
  const presents = call.withhold !== true && identity.present === 'prefix' && takesPrefix;
  const callee = (byPrefix ? '184' : presents ? '186' : '') + written;
  const home = trunk.domain ?? hop;
  const presented = PhoneNumber.fromCanonical(call.presentedNumber);
  if (!presented) throw new Error('the number to present is not in canonical form');
  const caller = `<sip:${toTrunkNumber(presented, formOut)}@${trunk.domain ?? domain}${userPhone}>`;
  const anonymous = call.withhold === true && !byPrefix;
  const headers: Record<string, string> = {
    From: anonymous ? '"Anonymous" <sip:anonymous@anonymous.invalid>' : caller,
    To: `<sip:${callee}@${home}${userPhone}>`,
    Allow: allowedMethods,
    Supported: 'timer, 100rel',
    'User-Agent': 'Engawa',
  };
  if (identity.send !== 'from') headers['P-Asserted-Identity'] = caller;
  if (anonymous) headers['Privacy'] = 'id';
  if (sessionExpiresSeconds > 0) {
    headers['Session-Expires'] = String(sessionExpiresSeconds);
    headers['Min-SE'] = '90';
  }
  return {
    uri: `sip:${callee}@${home}${userPhone ? ';user=phone' : ''}${transport}`,
    ...(trunk.domain === undefined ? {} : { proxy: `sip:${hop}${transport}` }),
    headers: checkedFor('carrier', headers),
  };
}

/** Towards a company's own recording server (RFC 7866 §6.1): who we are is the recording client, and nobody else is named in SIP. */
export function inviteForRecordingServer(uri: string, domain: string): Record<string, string> {
  const transport = /;transport=\w+/i.exec(uri)?.[0] ?? '';
  return checkedFor('recording-server', {
    From: `<sip:recorder@${domain}>`,
    To: `<${uri}>`,
    // The SIP server puts its own address in place of `localhost`.
    Contact: `<sip:recorder@localhost${transport}>;+sip.src`,
    Require: 'siprec',
    Allow: allowedMethods,
    Supported: 'timer',
    'User-Agent': 'Engawa',
  });
}

export function inviteForSoftphone(call: SoftphoneCall, { domain }: { domain: string }): Record<string, string> {
  const headers: Record<string, string> = {
    From: `${quote(call.displayName)} <sip:engawa@${domain}>`,
    To: `<sip:${call.personId}@${domain}>`,
    Allow: allowedMethods,
    Supported: '100rel',
    'X-Engawa-Call': call.callId,
  };
  if (call.autoAnswer) {
    headers['Call-Info'] = `<sip:${domain}>;answer-after=0`;
    headers['X-Engawa-Purpose'] = call.autoAnswer;
  }
  return checkedFor('softphone', headers);
}
