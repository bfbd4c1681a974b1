// Numbers as people read them: grouped as the country writes them, or masked, so that an owner knows the own number again
// and nobody else learns it. Pure.

import parsePhoneNumber from 'libphonenumber-js/max';
import type { PhoneNumber } from './phone-number.ts';

/** National-only numbers of Japan, grouped as the carriers write them. */
const groupsJp: readonly [RegExp, string][] = [
  [/^(0120|0570|0990|0180)(\d{3})(\d{3})$/, '$1-$2-$3'],
  [/^(0800)(\d{3})(\d{4})$/, '$1-$2-$3'],
];

/** Such as 03-1234-5678 seen from Japan, and +81 3-1234-5678 seen from elsewhere. For the company's own numbers, and for a customer's where one may be shown. */
export function displayNumber(number: PhoneNumber, country = 'JP'): string {
  const canonical = number.reveal();
  if (number.kind === 'national') {
    const [pattern, groups] = groupsJp.find(([one]) => one.test(canonical)) ?? [];
    return pattern && groups ? canonical.replace(pattern, groups) : canonical;
  }
  const parsed = parsePhoneNumber(canonical);
  if (!parsed) return canonical;
  return parsed.country === country ? parsed.formatNational() : parsed.formatInternational();
}

/** All but the last two digits hidden, and no grouping that would tell where it is: `••••••••78`. */
export function maskedNumber(number: PhoneNumber): string {
  const digits = number.reveal().replace(/\D/g, '');
  return '•'.repeat(8) + digits.slice(-2);
}
