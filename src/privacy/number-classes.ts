// What kind of number this is, seen from the company's country: what dialling is allowed by, and what it is thought to cost.
// Japan by its numbering plan (MIC notification 6 of 2019, 電気通信番号計画), other countries by libphonenumber. What is not
// certain is `unknown`, and dialling denies it. Pure. Does not decide who may dial what (sbc/dial-rules.ts).

import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { PhoneNumber } from './phone-number.ts';

export const numberClasses = [
  'emergency',
  'special-service',
  'premium',
  'navi-dial',
  'toll-free',
  'mobile',
  'm2m',
  'ip-phone',
  'fixed',
  'international',
  'satellite',
  'unknown',
] as const;

export type NumberClass = (typeof numberClasses)[number];

/** Numbers of no country (ITU-T E.164.1): Inmarsat, global mobile satellite systems and international networks. */
const satellite = /^\+(870|881|882|883)/;
/** International shared cost and premium rate services. */
const premiumAbroad = /^\+(808|979)/;

export function classifyNumber(number: PhoneNumber, homeCountry = 'JP'): NumberClass {
  const canonical = number.reveal();
  if (number.kind === 'national') return homeCountry === 'JP' ? classifyNationalJp(canonical) : shortAbroad(canonical);
  if (homeCountry === 'JP' && canonical.startsWith('+81')) return classifyJp('0' + canonical.slice(3));
  if (satellite.test(canonical)) return 'satellite';
  if (premiumAbroad.test(canonical)) return 'premium';
  const parsed = parsePhoneNumberFromString(canonical);
  if (parsed?.getType() === 'PREMIUM_RATE') return 'premium';
  if (!parsed || parsed.country !== homeCountry) return 'international';
  return atHome[parsed.getType() ?? 'none'] ?? 'unknown';
}

/** ISO 3166 code of the country that has this number; undefined: none, or it cannot be told. */
export function countryOfNumber(number: PhoneNumber, homeCountry = 'JP'): string | undefined {
  if (number.kind === 'national') return homeCountry;
  return parsePhoneNumberFromString(number.reveal())?.country;
}

const atHome: Readonly<Record<string, NumberClass>> = {
  FIXED_LINE: 'fixed',
  FIXED_LINE_OR_MOBILE: 'fixed',
  MOBILE: 'mobile',
  VOIP: 'ip-phone',
  TOLL_FREE: 'toll-free',
  SHARED_COST: 'navi-dial',
  UAN: 'navi-dial',
};

/** Emergency numbers elsewhere (3GPP TS 22.101 §10.1): never dialled by a class, whatever the country. */
const shortAbroad = (digits: string): NumberClass =>
  /^(000|08|110|112|118|119|911|999)$/.test(digits) ? 'emergency' : 'unknown';

function classifyNationalJp(digits: string): NumberClass {
  if (/^(110|118|119)$/.test(digits)) return 'emergency';
  if (/^1\d{2}$/.test(digits)) return 'special-service';
  if (/^(0990|0180)/.test(digits)) return 'premium';
  if (digits.startsWith('0570')) return 'navi-dial';
  if (/^(0120|0800)/.test(digits)) return 'toll-free';
  return 'unknown';
}

/** 060, 070, 080 and 090 with C from 1 to 9: mobile. 020: data lines, and pagers with 020-4. */
function classifyJp(national: string): NumberClass {
  if (/^0[6789]0[1-9]\d{7}$/.test(national)) return 'mobile';
  if (/^050\d{8}$/.test(national)) return 'ip-phone';
  if (/^020[1-35-9]\d{7}$/.test(national) || /^0200\d{10}$/.test(national)) return 'm2m';
  if (/^0[1-9][1-9]\d{7}$/.test(national) && !/^0(120|170|180|190|570|910|990)/.test(national)) return 'fixed';
  return 'unknown';
}
