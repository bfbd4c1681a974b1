// Telephone numbers in text that goes to logs: the one function that masks them, by policy.
// Finds what looks like a number (E.164, national, with spaces, dots, hyphens or brackets, full-width, percent-encoded, the
// user part of sip: and tel: URIs, and any of these inside base64) and leaves times, ids, addresses and ports alone.
// Pure. Knows no particular number; that aliases are used instead of numbers is the vault's work, this is the net below.

export type MaskPolicy =
  /** `[number]` */
  | 'hide'
  /** `[…78]`: for telling numbers apart while looking for a fault. */
  | 'last-two'
  /** Numbers stay. Only for installations without customers. */
  | 'show';

export interface NumberMaskOptions {
  policy: MaskPolicy;
  /** Canonical numbers that may be read, such as the company's own. */
  open?: readonly string[];
}

/** A plus as it is, encoded or full-width. */
const plus = '(?:\\+|%2[bB]|＋)';
const digit = '[0-9０-９]';
const gap = '(?:[ .()\\-\u2010-\u2015\u2212\u30fc\u00a0\u3000]|%20|%2[dD]){0,2}';
const notBefore = '(?<![0-9A-Za-z０-９_.:\\-+])';
const notAfter = '(?![0-9A-Za-z０-９_])';

/** A plus and a Japanese number, with or without the trunk zero that does not belong there; or 6 to 15 other digits. */
const international = `${plus}${gap}(?:[8８]${gap}[1１]${gap}(?:[0０]${gap})?${digit}(?:${gap}${digit}){8,9}|${digit}(?:${gap}${digit}){5,14})`;
/** A trunk zero and 9 or 10 more digits. */
const national = `\\(?[0０](?:${gap}${digit}){9,10}`;
/** Japan's country code without a plus, as some carriers write it. */
const bare = '81[1-9][0-9]{8,9}';
const numberInText = new RegExp(`(?:${international}|${notBefore}(?:${national}|${bare}))${notAfter}`, 'g');
/** After these schemes digits are a number, however few. */
const numberInUri = /(\b(?:sips?|tel):)((?:\+|%2[bB])?[0-9][0-9.()-]{2,24})(?=[@;>"\s]|$)/gi;
const base64Token = /[A-Za-z0-9+/_-]{12,}={0,2}/g;

export function createNumberMask({ policy, open = [] }: NumberMaskOptions): (text: string) => string {
  if (policy === 'show') return (text) => text;
  const openDigits = new Set(open.flatMap(writings));

  function masked(found: string): string {
    const digits = digitsOf(found);
    if (openDigits.has(digits)) return found;
    return policy === 'hide' ? '[number]' : `[…${digits.slice(-2)}]`;
  }

  function maskBase64(token: string): string {
    const decoded = Buffer.from(token, 'base64').toString('latin1');
    if (!/^[\t\n\r -~]+$/.test(decoded)) return token;
    const clean = maskPlain(decoded);
    return clean === decoded ? token : masked(decoded);
  }

  function maskPlain(text: string): string {
    return text
      .replace(numberInUri, (_, scheme: string, user: string) => scheme + masked(user))
      .replace(numberInText, (found) => masked(found));
  }

  return (text) => maskPlain(text).replace(base64Token, maskBase64);
}

function digitsOf(text: string): string {
  return text
    .replace(/%[0-9a-f]{2}/gi, '')
    .normalize('NFKC')
    .replace(/\D/g, '');
}

/** A canonical number, in digits, as it is written at home and abroad. */
function writings(canonical: string): string[] {
  const digits = digitsOf(canonical);
  return canonical.startsWith('+81') ? [digits, `0${digits.slice(2)}`] : [digits];
}
