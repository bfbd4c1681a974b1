// The number plan: what users type and what carriers send ↔ one canonical form (E.164, RFC 3966 §5.1.4). Numbers
// that exist only inside Japan (0120, 0800, 0570, 0990, 0180, 1XY) stay national digits: `+81120…` is not
// dialable. Japan goes by its numbering plan (MIC notification 6 of 2019, 電気通信番号計画), other countries by libphonenumber.
// Pure. What kind of number it is: number-classes.ts; who may dial what: sbc/dial-rules.ts.

import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { PhoneNumber } from './phone-number.ts';

/** How a carrier writes numbers in the user part of its URIs. `e164` is `+81…`, `e164-bare` the same without the plus. */
export type NumberForm = 'e164' | 'e164-bare' | 'national';

/** 184 before a number withholds the caller's, 186 presents it (Japan). */
export type Presentation = 'default' | 'withhold' | 'present';

export type ParsedNumber =
  | { kind: 'number'; number: PhoneNumber; presentation: Presentation }
  | { kind: 'invalid'; because: 'empty' | 'characters' | 'length' | 'not-a-number' };

/** National digits of numbers that nobody abroad can dial. */
const nationalOnlyJp = /^(0120\d{6}|0800\d{7}|0570\d{6}|0990\d{6}|0180\d{6}|1\d{2})$/;

/** 0AB-J with ten digits; 050 and (C not 0) 020, 060, 070, 080, 090 with eleven; 0200 with fourteen. */
const dialableJp = /^(0[1-9][1-9]\d{7}|050\d{8}|0[26789]0[1-9]\d{7}|0200\d{10})$/;

/** Ten digits that look like 0AB-J and are none: no more in use, or reached by other ways. */
const notInUseJp = /^0(170|190|910)\d{6}$/;

/** Full-width digits and signs (U+FF01 to U+FF5E) and the dashes of Japanese keyboards, as their plain twins. */
function narrow(text: string): string {
  return text
    .replace(/[！-～]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/[‐‑‒–—―−ー]/g, '-')
    .replace(/\u3000/g, ' ');
}

const invalid = (because: Extract<ParsedNumber, { kind: 'invalid' }>['because']): ParsedNumber => ({
  kind: 'invalid',
  because,
});

function found(canonical: string, presentation: Presentation): ParsedNumber {
  const number = PhoneNumber.fromCanonical(canonical);
  return number ? { kind: 'number', number, presentation } : invalid('length');
}

/** What a person typed, read as in `defaultCountry` unless it begins with `+`. */
export function parseUserInput(input: string, defaultCountry = 'JP'): ParsedNumber {
  if (input.length > 64) return invalid('length');
  const text = narrow(input).trim();
  if (text === '') return invalid('empty');
  if (!/^\+?[\d\s().\-/]+$/.test(text)) return invalid('characters');
  return parseDigits(text.replace(/[^\d+]/g, ''), defaultCountry);
}

function parseDigits(digits: string, country: string): ParsedNumber {
  if (country !== 'JP') return parseElsewhere(digits, country, 'default');
  const prefix = /^(184|186)(?=0|\d{5}|1\d\d$)/.exec(digits)?.[1];
  const presentation: Presentation = prefix === '184' ? 'withhold' : prefix === '186' ? 'present' : 'default';
  const rest = prefix ? digits.slice(3) : digits;
  // 010 is Japan's international prefix, with or without a carrier's own (0033-010, 001-010).
  const abroad = /^(?:00\d{1,4})?010(\d{6,14})$/.exec(rest);
  if (abroad) return parseInternational(abroad[1]!, presentation);
  if (rest.startsWith('+')) return parseInternational(rest.slice(1), presentation);
  if (nationalOnlyJp.test(rest)) return found(rest, presentation);
  if (dialableJp.test(rest) && !notInUseJp.test(rest)) return found('+81' + rest.slice(1), presentation);
  return invalid(rest.startsWith('0') ? 'length' : 'not-a-number');
}

/** Digits after the plus. */
function parseInternational(digits: string, presentation: Presentation): ParsedNumber {
  if (digits.startsWith('81')) {
    // Some send +81 with the trunk zero kept, and some +81120…: both are understood, neither is passed on.
    const national = '0' + digits.slice(2).replace(/^0/, '');
    if (nationalOnlyJp.test(national)) return found(national, presentation);
    return dialableJp.test(national) && !notInUseJp.test(national)
      ? found('+81' + national.slice(1), presentation)
      : invalid('length');
  }
  return parseElsewhere('+' + digits, 'JP', presentation);
}

function parseElsewhere(digits: string, country: string, presentation: Presentation): ParsedNumber {
  if (/^\+81/.test(digits) && country !== 'JP') return parseInternational(digits.slice(1), presentation);
  if (!isSupportedCountry(country)) return invalid('not-a-number');
  // Short numbers exist in their country only: 112, 911, services.
  if (/^\d{2,4}$/.test(digits)) return found(digits, presentation);
  const parsed = parsePhoneNumberFromString(digits, country as CountryCode);
  if (!parsed) return invalid('not-a-number');
  return parsed.isPossible() ? found(parsed.number, presentation) : invalid('length');
}

/**
 * The user part of a SIP URI or the body of a tel URI, as a carrier wrote it. `form` says what bare digits mean; a plus
 * always means E.164. Visual separators and URI parameters (`;phone-context=`, `;npdi`) are taken off.
 */
export function parseTrunkNumber(userPart: string, form: NumberForm, country = 'JP'): ParsedNumber {
  const [subscriber = '', ...parameters] = userPart.replace(/^tel:/i, '').split(';');
  const digits = decode(subscriber).replace(/[\s().-]/g, '');
  if (digits === '') return invalid('empty');
  if (!/^\+?\d{1,32}$/.test(digits)) return invalid('characters');
  if (digits.startsWith('+')) return parseDigits(digits, country);
  const context = parameters.find((parameter) => /^phone-context=\+\d+$/i.test(parameter))?.split('+')[1];
  if (context) return parseDigits(`+${context}${digits.replace(/^0/, '')}`, country);
  // A trunk of E.164 without the plus still writes national-only numbers and 1XY as they are dialled.
  if (form === 'e164-bare' && !digits.startsWith('0') && digits.length > 6) return parseDigits('+' + digits, country);
  return parseDigits(digits, country);
}

function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** How a carrier of this form wants the number written. National-only numbers are written nationally in every form. */
export function toTrunkNumber(number: PhoneNumber, form: NumberForm, country = 'JP'): string {
  const canonical = number.reveal();
  if (number.kind === 'national') return canonical;
  if (form === 'e164') return canonical;
  if (form === 'e164-bare') return canonical.slice(1);
  return toNational(canonical, country);
}

/** As dialled inside `country`; numbers abroad get that country's international prefix. */
function toNational(canonical: string, country: string): string {
  if (country === 'JP') return canonical.startsWith('+81') ? '0' + canonical.slice(3) : '010' + canonical.slice(1);
  const parsed = parsePhoneNumberFromString(canonical);
  if (parsed?.country === country) return parsed.formatNational().replace(/\D/g, '');
  return '00' + canonical.slice(1);
}
