// What may be dialled outward. Pure, default deny: emergency, premium, international and whatever is not certain are
// refused unless the rules name them. Emergency is never allowed by a class alone: a site trunk must be named for it, as a
// call from a home would carry the company's address to the police or the fire brigade.

import { classifyNumber, type NumberClass } from '../privacy/number-classes.ts';
import type { PhoneNumber } from '../privacy/phone-number.ts';

export interface DialRules {
  /** Classes that may be dialled. */
  allow: readonly NumberClass[];
  /** Country codes that may be dialled although international is not allowed, such as `['1', '44']`. */
  allowCountryCodes?: readonly string[];
  /** Canonical numbers or beginnings of them that are refused whatever their class. */
  denyPrefixes?: readonly string[];
  /** The trunk of the site whose address the emergency services know. Without it 110, 118 and 119 are refused. */
  emergencyTrunk?: string;
  homeCountry?: string;
}

export const defaultDialRules: DialRules = { allow: ['fixed', 'mobile', 'ip-phone', 'toll-free'] };

export type DialDecision =
  | { kind: 'allowed'; numberClass: NumberClass; onlyTrunk?: string }
  | {
      kind: 'denied';
      numberClass: NumberClass;
      because: 'emergency' | 'international' | 'premium' | 'navi-dial' | 'special-service' | 'listed' | 'unknown';
    };

export function mayDial(number: PhoneNumber, rules: DialRules = defaultDialRules): DialDecision {
  const numberClass = classifyNumber(number, rules.homeCountry ?? 'JP');
  const denied = (because: Extract<DialDecision, { kind: 'denied' }>['because']): DialDecision => ({
    kind: 'denied',
    numberClass,
    because,
  });
  const canonical = number.reveal();
  if (numberClass === 'emergency')
    return rules.emergencyTrunk
      ? { kind: 'allowed', numberClass, onlyTrunk: rules.emergencyTrunk }
      : denied('emergency');
  if (rules.denyPrefixes?.some((prefix) => canonical.startsWith(prefix))) return denied('listed');
  if (rules.allow.includes(numberClass) && numberClass !== 'unknown') return { kind: 'allowed', numberClass };
  if (numberClass === 'international') {
    const listed = rules.allowCountryCodes?.some((code) => canonical.startsWith('+' + code));
    return listed ? { kind: 'allowed', numberClass } : denied('international');
  }
  const named = ['premium', 'navi-dial', 'special-service'] as const;
  return denied(named.find((name) => name === numberClass) ?? 'unknown');
}
