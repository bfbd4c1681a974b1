// The end of a telephone number, to be read to whoever owns it: enough to know one's own number by, too little to learn it from.

import type { PhoneNumber } from './phone-number.ts';

/** The last four digits, one by one: `5 6 7 8`. */
export function spokenEnd(number: PhoneNumber): string {
  return [...number.reveal().replace(/\D/g, '').slice(-4)].join(' ');
}
