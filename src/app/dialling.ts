// Whether a number may be dialled: understood in the company's country, then the dialling rules. Emergency numbers are
// recognised and refused here whatever the rules say; only call/outbound/emergency.ts places such a call.

import { refusals } from '../call/outbound/refusals.ts';
import { createTollGuard, startTollGuard, type TollGuard, type TollGuardNeeds } from '../call/outbound/toll-guard.ts';
import type { CallSettings, DialDecision } from '../call/parts.ts';
import type { Config } from '../config.ts';
import type { NumberClass } from '../privacy/number-classes.ts';
import { parseUserInput } from '../privacy/number-forms.ts';
import type { PhoneNumber } from '../privacy/phone-number.ts';
import { type DialRules, defaultDialRules, mayDial } from '../sbc/dial-rules.ts';
import type { Closer } from '../shared/closer.ts';

type Rules = Pick<Config, 'company' | 'dialling'>;

/** The rules of the company, for what is typed here and for everything that the border calls. */
export function dialRulesOf({ company, dialling }: Rules): DialRules {
  const { international, premium, naviDial, satellite, m2m, emergencyTrunk } = dialling;
  const opened: [boolean, NumberClass][] = [
    [international, 'international'],
    [premium, 'premium'],
    [naviDial, 'navi-dial'],
    [satellite, 'satellite'],
    [m2m, 'm2m'],
  ];
  const { allowCountries, allowCountryCodes, allowNumbers, denyPrefixes } = dialling;
  return {
    allow: [...defaultDialRules.allow, ...opened.flatMap(([open, name]) => (open ? [name] : []))],
    ...{ allowCountries, allowCountryCodes, allowNumbers, denyPrefixes },
    homeCountry: company.country,
    ...(emergencyTrunk ? { emergencyTrunk } : {}),
  };
}

export function emergencyOf({ dialling }: Rules): Pick<CallSettings, 'emergency'> {
  const { emergencyTrunk: trunk, emergencyPresentedNumber: presentedNumber } = dialling;
  return trunk ? { emergency: { trunk, ...(presentedNumber ? { presentedNumber } : {}) } } : {};
}

/** Counts calls out of all nodes against the caps. */
export function openToll(
  { dialling, company, trunks }: Rules & Pick<Config, 'trunks'>,
  { closer, ...needs }: Omit<TollGuardNeeds, 'settings'> & { closer: Closer },
): TollGuard {
  const { caps, rates, longestMinutes } = dialling;
  const outward = trunks.filter(({ targets }) => targets.length > 0).map(({ name }) => name);
  const settings = { caps, rates, longestMinutes, homeCountry: company.country, trunks: outward };
  const guard = createTollGuard({ ...needs, settings });
  closer.add('caps on calls out', () => guard.close());
  startTollGuard(guard, needs.log);
  return guard;
}

/** A number that a person typed. */
export function checkDial(typed: string, config: Rules): DialDecision {
  const parsed = parseUserInput(typed, config.company.country);
  if (parsed.kind !== 'number') return { kind: 'refused', because: refusals['dial-unknown'] };
  const decision = checkNumber(parsed.number, config);
  return decision.kind === 'allowed' ? { ...decision, withhold: parsed.presentation === 'withhold' } : decision;
}

/** A number that is known already, such as the one behind an alias. */
export function checkNumber(number: PhoneNumber, config: Rules): DialDecision {
  const decision = mayDial(number, dialRulesOf(config));
  if (decision.numberClass === 'emergency')
    return { kind: 'refused', because: refusals['dial-emergency'], emergency: number };
  if (decision.kind === 'allowed') return { kind: 'allowed', number };
  return { kind: 'refused', because: refusals[`dial-${decision.because}`] };
}
