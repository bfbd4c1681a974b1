// One-time codes that a customer keys into a telephone: eight digits, the last of which is a check digit (Damm's), so that a slip
// of the finger is told from a wrong code. What is kept of a code is a keyed hash: ten million codes are tried in a second
// without the key (docs/decisions/0067). Pure, but for the randomness that is handed in.

import { createHmac } from 'node:crypto';
import type { Random } from '../shared/random.ts';

export const codeDigits = 8;

/** A quasigroup without fixed points: every single wrong digit and every swap of two neighbours shows. */
const quasigroup = [
  '0317598642',
  '7092154863',
  '4206871359',
  '1750983426',
  '6123045978',
  '3674209581',
  '5869720134',
  '8945362017',
  '9438617205',
  '2581436790',
];

const interim = (digits: string): number =>
  [...digits].reduce((row, digit) => Number(quasigroup[row]![Number(digit)]), 0);

export function makeCode(random: Random): string {
  const digits = Array.from({ length: codeDigits - 1 }, () => random.integer(0, 10)).join('');
  return `${digits}${interim(digits)}`;
}

/** False: no code that was ever made looks like this, whoever it was for. */
export function isCode(digits: string): boolean {
  return digits.length === codeDigits && /^\d+$/.test(digits) && interim(digits) === 0;
}

/** As it is shown to the customer: `1234 5678`. */
export function shownCode(code: string): string {
  return `${code.slice(0, codeDigits / 2)} ${code.slice(codeDigits / 2)}`;
}

/** Keyed, hex. `key` has 32 bytes. Looked up by an index: the order of hashes says nothing about codes. */
export function hashCode(code: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(`code\0${code}`).digest('hex');
}

/** What is kept of the company's own name for a customer. */
export function hashCustomerKey(customerKey: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(`customer\0${customerKey}`).digest('hex');
}
