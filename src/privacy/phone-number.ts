// A telephone number that does not print itself: in logs, JSON, template strings and errors it is masked.
// What users type and what trunks send becomes one of these in number-forms.ts.
// Only `reveal()` gives the digits, and only privacy/, sbc/ and the dialling part of call/ may call it (checked by the tests).

import { inspect } from 'node:util';

export class PhoneNumber {
  readonly #canonical: string;

  private constructor(canonical: string) {
    this.#canonical = canonical;
  }

  /** From the canonical form: `+81901234…` (E.164), or digits alone for national-only numbers such as `0120…` and `110`. */
  static fromCanonical(canonical: string): PhoneNumber | undefined {
    return /^(\+[1-9]\d{3,14}|\d{2,15})$/.test(canonical) ? new PhoneNumber(canonical) : undefined;
  }

  /** `e164` for numbers the world can dial, `national` for those that exist in one country only (0120…, 0570…, 110). */
  get kind(): 'e164' | 'national' {
    return this.#canonical.startsWith('+') ? 'e164' : 'national';
  }

  /** The digits. Calling this is what the privacy tests look for. */
  reveal(): string {
    return this.#canonical;
  }

  equals(other: PhoneNumber): boolean {
    return this.#canonical === other.#canonical;
  }

  toString(): string {
    return '[number]';
  }

  toJSON(): string {
    return '[number]';
  }

  [inspect.custom](): string {
    return '[number]';
  }
}
