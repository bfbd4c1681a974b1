// What may be dialled outward. Pure, default deny: emergency, premium, international, satellite and whatever is not certain are
// refused unless the rules name them. Emergency is never allowed by a class or a list: a site trunk must be named for it, as a
// call from a home would carry the company's address to the police or the fire brigade. Who stands where when dialling it is
// for call/outbound/emergency.ts.

import { classifyNumber, countryOfNumber, type NumberClass } from '../privacy/number-classes.ts';
import type { PhoneNumber } from '../privacy/phone-number.ts';

export interface DialRules {
  /** Classes that may be dialled. */
  allow: readonly NumberClass[];
  /** Countries (ISO 3166) that may be dialled although international is not allowed. */
  allowCountries?: readonly string[];
  /** Country codes that may be dialled although international is not allowed, such as `['1', '44']`. */
  allowCountryCodes?: readonly string[];
  /** Canonical numbers that may be dialled whatever their class. */
  allowNumbers?: readonly string[];
  /** Canonical numbers or beginnings of them that are refused whatever their class. */
  denyPrefixes?: readonly string[];
  /** The trunk of the site whose address the emergency services know. Without it 110, 118 and 119 are refused. */
  emergencyTrunk?: string;
  homeCountry?: string;
}

export const defaultDialRules: DialRules = { allow: ['fixed', 'mobile', 'ip-phone', 'toll-free'] };

const deniedClasses = [
  'emergency',
  'international',
  'premium',
  'navi-dial',
  'special-service',
  'satellite',
  'm2m',
] as const satisfies readonly NumberClass[];

export type DeniedBecause = (typeof deniedClasses)[number] | 'listed' | 'unknown';

export type DialDecision =
  | { kind: 'allowed'; numberClass: NumberClass; onlyTrunk?: string }
  | { kind: 'denied'; numberClass: NumberClass; because: DeniedBecause };

export function mayDial(number: PhoneNumber, rules: DialRules = defaultDialRules): DialDecision {
  const { homeCountry = 'JP' } = rules;
  const numberClass = classifyNumber(number, homeCountry);
  const allowed: DialDecision = { kind: 'allowed', numberClass };
  const denied = (because: DeniedBecause): DialDecision => ({ kind: 'denied', numberClass, because });
  const canonical = number.reveal();
  if (numberClass === 'emergency')
    return rules.emergencyTrunk ? { ...allowed, onlyTrunk: rules.emergencyTrunk } : denied('emergency');
  if (rules.denyPrefixes?.some((prefix) => canonical.startsWith(prefix))) return denied('listed');
  if (rules.allowNumbers?.includes(canonical)) return allowed;
  if (rules.allow.includes(numberClass) && numberClass !== 'unknown') return allowed;
  if (numberClass === 'international') {
    const byCode = rules.allowCountryCodes?.some((code) => canonical.startsWith('+' + code));
    const country = rules.allowCountries?.length ? countryOfNumber(number, homeCountry) : undefined;
    const byCountry = country !== undefined && rules.allowCountries?.includes(country);
    return byCode || byCountry ? allowed : denied('international');
  }
  return denied(deniedClasses.find((name) => name === numberClass) ?? 'unknown');
}
